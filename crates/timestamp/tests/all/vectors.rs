//! Recorded responses of `openssl ts` (MANIFEST.md of the shared test data).

use std::path::Path;

use domain::{Digest, Reason as _, Timestamp};
use timestamp::{Authorities, StampError, Stamped, Token};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/tlog/rfc3161");

struct Vectors;

impl Vectors {
    fn open() -> Option<Self> {
        if Path::new(VECTORS).exists() {
            return Some(Self);
        }
        println!("skipped: `{VECTORS}` is not beside this project");
        None
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(Path::new(VECTORS).join(name)).unwrap()
    }

    /// The verdict on a response over an artifact, with one certificate file beside it.
    fn verdict(
        &self,
        response: &str,
        artifact: &str,
        beside: &[u8],
    ) -> Result<Stamped, StampError> {
        let authorities = Authorities::from_pem(&self.read("ca.pem"), beside)?;
        let digest = Digest::of(&self.read(artifact));
        Token::from_response(&self.read(response))?.verify(&digest, &authorities, latest())
    }
}

fn latest() -> Timestamp {
    "2026-11-20T19:14:00Z".parse().unwrap()
}

#[test]
fn what_openssl_stamped_is_accepted() {
    let Some(vectors) = Vectors::open() else { return };
    let stamped = vectors.verdict("f.tsr", "artifact.bin", &[]).unwrap();
    assert_eq!(stamped.time().to_string(), "2026-11-20T19:05:40Z");
    assert_eq!(stamped.authority(), "CN=TRE test TSA");
    assert_eq!(stamped.policy(), "1.3.6.1.4.1.99999.1");
    println!("{stamped:?}");
    let refused = vectors.verdict("f.tsr", "artifact-modified.bin", &[]).unwrap_err();
    assert_eq!(refused.reason(), "timestamp.imprint");
}

#[test]
fn a_token_without_certificates_needs_one_beside_it() {
    let Some(vectors) = Vectors::open() else { return };
    let refused = vectors.verdict("nocert.tsr", "artifact.bin", &[]).unwrap_err();
    assert_eq!(refused.reason(), "timestamp.certificate-missing");
    let beside = vectors.read("tsa.pem");
    vectors.verdict("nocert.tsr", "artifact.bin", &beside).unwrap();
    // To stand beside a token is not to be trusted.
    let roots = Authorities::from_pem(&beside, &[]).unwrap();
    let token = Token::from_response(&vectors.read("f.tsr")).unwrap();
    let digest = Digest::of(&vectors.read("artifact.bin"));
    let refused = token.verify(&digest, &roots, latest()).unwrap_err();
    assert_eq!(refused.reason(), "timestamp.unknown-authority");
}

/// The order of certificates is not signed and nothing depends on it, so it is not held against a token.
#[test]
fn certificates_may_come_in_any_order() {
    let Some(vectors) = Vectors::open() else { return };
    vectors.verdict("ca-embedded-nonDER-set.tsr", "artifact.bin", &[]).unwrap();
}

#[test]
fn any_changed_bit_is_refused_or_says_the_same() {
    let Some(vectors) = Vectors::open() else { return };
    let authorities = Authorities::from_pem(&vectors.read("ca.pem"), &[]).unwrap();
    let digest = Digest::of(&vectors.read("artifact.bin"));
    let right = vectors.verdict("f.tsr", "artifact.bin", &[]).unwrap();
    let response = vectors.read("f.tsr");
    let mut seen = std::collections::BTreeMap::new();
    for (at, bit) in (0..response.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut altered = response.clone();
        altered[at] ^= 1 << bit;
        let verdict = Token::from_response(&altered)
            .and_then(|token| token.verify(&digest, &authorities, latest()));
        let outcome = match &verdict {
            Ok(stamped) => {
                assert_eq!(*stamped, right, "bit {bit} of byte {at}");
                "accepted"
            }
            Err(error) => error.reason(),
        };
        *seen.entry(outcome).or_insert(0) += 1;
    }
    println!("{seen:?}");
    // granted becomes granted with modifications, which is not signed.
    assert_eq!(seen["accepted"], 1, "{seen:?}");
}
