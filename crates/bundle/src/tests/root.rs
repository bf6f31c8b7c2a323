//! The same bundle under other trusted roots, at another time, by another signer.

use domain::{Digest, Reason};
use serde_json::{Value, json};

use super::lab::{ARTIFACT, lab, later, other_key, verdict};
use super::mutants::{Mutant, add, at, change, flip, library_accepts, remove, set};
use crate::{Artifact, Signer, verify_published};

const LOG: &str = "/tlogs/0/publicKey";
const TSA: &str = "/timestampAuthorities/0";

#[test]
fn each_change_to_the_trusted_root_has_its_reason() {
    let bundle = lab().publish(&lab().key.sign_file(Digest::of(ARTIFACT)).unwrap()).to_string();
    let (mut wrong, mut lax) = (Vec::new(), Vec::new());
    for (name, reason, mutate) in ROOTS {
        let mut root = lab().root.clone();
        mutate(&mut root);
        let root = root.to_string();
        let found = verdict(&bundle, ARTIFACT, &root, later());
        if found != *reason {
            wrong.push(format!("{name}: {found}, not {reason}"));
        }
        if found != "verified" && library_accepts(&bundle, ARTIFACT, &root) {
            lax.push(*name);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(lax, LAX_ROOTS, "what the library alone accepts: docs/formats/bundle.md");
    for text in ["", "{}", "[]", "null"] {
        assert_eq!(verdict(&bundle, ARTIFACT, text, later()), "bundle.trusted-root", "{text}");
    }
    println!("{} trusted roots", ROOTS.len() + 4);
}

pub(super) const ROOTS: &[Mutant] = &[
    ("another media type", "bundle.trusted-root", |r| set(r, "/mediaType", "application/json")),
    ("the later media type", "verified", |r| {
        set(r, "/mediaType", "application/vnd.dev.sigstore.trustedroot.v0.2+json");
    }),
    ("no log", "bundle.log-unknown", |r| remove(r, "/tlogs/0")),
    ("no list of logs", "bundle.log-unknown", |r| remove(r, "/tlogs")),
    ("another log's name", "bundle.log-unknown", |r| flip(r, "/tlogs/0/logId/keyId", 0)),
    ("another log's key", "bundle.checkpoint-signature", |r| {
        change(r, &format!("{LOG}/rawBytes"), |key| {
            let other = zeroize::Zeroizing::new([8; 32]);
            let other = domain::keys::SecretKey::from_seed(&other).public();
            key.truncate(12);
            key.extend_from_slice(other.as_bytes());
        });
    }),
    ("a key that is none", "bundle.trusted-root", |r| {
        change(r, &format!("{LOG}/rawBytes"), |key| key.truncate(12));
    }),
    ("one log twice", "bundle.trusted-root", |r| {
        let log = at(r, "/tlogs/0").clone();
        at(r, "/tlogs").as_array_mut().unwrap().push(log);
    }),
    ("the log's time over before", "bundle.log-validity", |r| {
        add(r, &format!("{LOG}/validFor/end"), "2026-01-02T00:00:00Z");
    }),
    ("the log's time still to come", "bundle.log-validity", |r| {
        set(r, &format!("{LOG}/validFor/start"), "2099-01-01T00:00:00Z");
    }),
    ("the log's time ends later", "verified", |r| {
        add(r, &format!("{LOG}/validFor/end"), "2099-01-01T00:00:00Z");
    }),
    ("the log at any time", "verified", |r| remove(r, &format!("{LOG}/validFor"))),
    ("the log's time without beginning", "bundle.trusted-root", |r| {
        remove(r, &format!("{LOG}/validFor/start"));
    }),
    ("the log's time backwards", "bundle.trusted-root", |r| {
        add(r, &format!("{LOG}/validFor/end"), "2025-01-01T00:00:00Z");
    }),
    ("the log's time in no known form", "bundle.trusted-root", |r| {
        set(r, &format!("{LOG}/validFor/start"), "yesterday");
    }),
    ("no authority", "bundle.timestamp-untrusted", |r| remove(r, TSA)),
    ("no list of authorities", "bundle.timestamp-untrusted", |r| {
        remove(r, "/timestampAuthorities")
    }),
    ("another authority", "bundle.timestamp-untrusted", |r| {
        let chain: Vec<_> = lab().stranger.chain().iter().map(raw_bytes).collect();
        set(r, &format!("{TSA}/certChain/certificates"), chain);
    }),
    ("another authority besides", "verified", |r| {
        let mut other = at(r, TSA).clone();
        other["certChain"]["certificates"] = lab().stranger.chain().iter().map(raw_bytes).collect();
        at(r, "/timestampAuthorities").as_array_mut().unwrap().insert(0, other);
    }),
    ("the authority under another's root", "bundle.timestamp-untrusted", |r| {
        let root = raw_bytes(&lab().stranger.chain()[1]);
        set(r, &format!("{TSA}/certChain/certificates/1"), root);
    }),
    ("the authority's root alone", "bundle.timestamp-untrusted", |r| {
        remove(r, &format!("{TSA}/certChain/certificates/0"));
    }),
    ("an authority without certificates", "bundle.trusted-root", |r| {
        set(r, &format!("{TSA}/certChain/certificates"), json!([]));
    }),
    ("an authority's certificate that is none", "bundle.trusted-root", |r| {
        set(r, &format!("{TSA}/certChain/certificates/0/rawBytes"), "MAA=");
    }),
    ("the authority's time over before", "bundle.timestamp-validity", |r| {
        add(r, &format!("{TSA}/validFor/end"), "2026-01-02T00:00:00Z");
    }),
    ("the authority's time over, another's not", "bundle.timestamp-validity", |r| {
        let mut other = at(r, TSA).clone();
        other["certChain"]["certificates"] = lab().stranger.chain().iter().map(raw_bytes).collect();
        at(r, "/timestampAuthorities").as_array_mut().unwrap().push(other);
        add(r, &format!("{TSA}/validFor/end"), "2026-01-02T00:00:00Z");
    }),
    ("the authority's time still to come", "bundle.timestamp-untrusted", |r| {
        set(r, &format!("{TSA}/validFor/start"), "2099-01-01T00:00:00Z");
    }),
    ("the authority's time backwards", "bundle.trusted-root", |r| {
        add(r, &format!("{TSA}/validFor/end"), "2025-01-01T00:00:00Z");
    }),
];

const LAX_ROOTS: &[&str] =
    &["another media type", "another log's name", "the log's time over before"];

fn raw_bytes(der: &Vec<u8>) -> Value {
    use base64::Engine as _;
    json!({ "rawBytes": base64::engine::general_purpose::STANDARD.encode(der) })
}

#[test]
fn a_signature_from_the_future_is_refused() {
    let bundle = lab().publish(&lab().key.sign_file(Digest::of(ARTIFACT)).unwrap()).to_string();
    let root = lab().root.to_string();
    let before = "2026-01-03T00:00:00Z".parse().unwrap();
    assert_eq!(verdict(&bundle, ARTIFACT, &root, before), "bundle.time-future");
}

#[test]
fn only_the_expected_signer_counts() {
    let bundle = lab().publish(&lab().key.sign_file(Digest::of(ARTIFACT)).unwrap()).to_string();
    let root = lab().root.to_string();
    let refused = |signer: &Signer<'_>| {
        verify_published(&bundle, Artifact::Bytes(ARTIFACT), signer, &root, later())
            .unwrap_err()
            .reason()
    };
    let other = other_key().public_pem();
    assert_eq!(refused(&Signer::Key(&other)), "bundle.signature");
    assert_eq!(refused(&Signer::Key("")), "bundle.key");
    assert_eq!(refused(&Signer::Key(&other.replace("PUBLIC", "PRIVATE"))), "bundle.key");
    let somebody = Signer::Identity { identity: "a@b.example", issuer: "https://b.example" };
    assert_eq!(refused(&somebody), "bundle.no-certificate");
}
