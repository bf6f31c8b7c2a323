//! Evidence that is changed is never accepted, and never panics.

use std::collections::BTreeMap;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Reason as _;
use evidence::intel::{Collateral, Expected, Profile, Quote, Root, Tee, inspect, verify};
use testkit::intel::{Certification, Evidence, Fake};

use super::support::{captured, created, expected, now, policy, reason_at};
use crate::mutations::Random;

/// Every byte of what is measured or bound, in a quote of version 4.
fn measured() -> impl Iterator<Item = (usize, &'static str)> {
    let fields: [(Range<usize>, &str); 8] = [
        (120..128, "attributes"),
        (128..136, "evidence.xfam"),
        (136..184, "evidence.measurement"),
        (184..232, "evidence.mr-config-id"),
        (232..280, "evidence.mr-owner"),
        (280..328, "evidence.mr-owner-config"),
        (328..520, "evidence.runtime-measurement"),
        (520..584, "evidence.report-data"),
    ];
    fields.into_iter().flat_map(|(range, reason)| range.map(move |at| (48 + at, reason)))
}

/// Changed after signing, each byte breaks the signature; changed before, it is another guest.
fn refuse_every_byte(fake: &Fake) {
    let expected = expected(fake);
    let right = fake.sign().unwrap();
    assert_eq!(reason_at(&right, &expected, now()), "verified");
    for (position, reason) in measured() {
        let mut broken = right.clone();
        broken.quote[position] ^= 0x10;
        assert_eq!(reason_at(&broken, &expected, now()), "evidence.signature", "{position}");
        let mut other = fake.clone();
        other.signed[position] ^= 0x10;
        let answer = reason_at(&other.sign().unwrap(), &expected, now());
        match reason {
            "attributes" => assert!(answer.starts_with("evidence.td-"), "{position}: {answer}"),
            reason => assert_eq!(answer, reason, "{position}"),
        }
    }
}

#[test]
fn every_measured_byte_counts() {
    refuse_every_byte(&Fake::tdx(4, created()));
}

#[test]
fn every_measured_byte_of_captured_evidence_counts() {
    if let Some(fake) = captured() {
        refuse_every_byte(&fake);
    }
}

/// Evidence as the parts that are read: the quote without the certificates, documents, signatures,
/// lists and certificates as DER.
struct Parts {
    evidence: Evidence,
    parts: Vec<Vec<u8>>,
}

impl Parts {
    fn of(evidence: Evidence) -> Self {
        let collateral = &evidence.collateral;
        let mut parts = vec![
            evidence.quote[..evidence.quote.len() - UNREAD].to_vec(),
            collateral.tcb_info.clone().into_bytes(),
            collateral.qe_identity.clone().into_bytes(),
        ];
        let encoded = [
            &collateral.tcb_info_signature,
            &collateral.qe_identity_signature,
            &collateral.root_ca_crl,
            &collateral.pck_crl,
        ];
        parts.extend(encoded.map(|text| hex::decode(text).unwrap()));
        parts.push(ders(&collateral.tcb_info_issuer_chain).swap_remove(0));
        parts.push(ders(&collateral.qe_identity_issuer_chain).swap_remove(0));
        let mut chain = ders(collateral.pck_certificate_chain.as_ref().unwrap());
        chain.truncate(2);
        parts.extend(chain);
        Self { evidence, parts }
    }

    /// `None` where the change leaves a document that is no text.
    fn evidence(&self, parts: &[Vec<u8>]) -> Option<Evidence> {
        let [
            quote,
            info,
            identity,
            info_by,
            identity_by,
            root,
            pck,
            signer,
            other,
            leaf,
            authority,
        ] = parts
        else {
            panic!("eleven parts");
        };
        let mut evidence = self.evidence.clone();
        let unread = evidence.quote.split_off(evidence.quote.len() - UNREAD);
        evidence.quote = [quote.as_slice(), &unread].concat();
        let collateral = &mut evidence.collateral;
        collateral.tcb_info = String::from_utf8(info.clone()).ok()?;
        collateral.qe_identity = String::from_utf8(identity.clone()).ok()?;
        collateral.tcb_info_signature = hex::encode(info_by);
        collateral.qe_identity_signature = hex::encode(identity_by);
        collateral.root_ca_crl = hex::encode(root);
        collateral.pck_crl = hex::encode(pck);
        collateral.tcb_info_issuer_chain = pem(&[signer]);
        collateral.qe_identity_issuer_chain = pem(&[other]);
        collateral.pck_certificate_chain = Some(pem(&[leaf, authority]));
        collateral.pck_crl_issuer_chain = pem(&[authority]);
        Some(evidence)
    }
}

/// The identity under which Intel's service would find the certificates, and its length and kind:
/// with certificates given, it is not read.
const UNREAD: usize = 404 + 4 + 2;

#[test]
fn no_mutation_is_accepted() {
    let mut fake = Fake::tdx(4, created());
    fake.certification = Certification::EncryptedPpid;
    let expected = expected(&fake);
    let right = Parts::of(fake.sign().unwrap());
    let whole = right.evidence(&right.parts).unwrap();
    assert_eq!(reason_at(&whole, &expected, now()), "verified");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut reasons = BTreeMap::new();
    let mut tried = 0;
    while tried < MUTATIONS {
        let mut parts = right.parts.clone();
        for _ in 0..=random.below(3) {
            let part = random.below(parts.len());
            random.mutate(&mut parts[part]);
        }
        if parts == right.parts {
            continue;
        }
        let Some(changed) = right.evidence(&parts) else { continue };
        tried += 1;
        let reason = reason_at(&changed, &expected, now());
        let changed = parts.iter().zip(&right.parts).map(|(changed, right)| changed != right);
        assert_ne!(reason, "verified", "parts {:?}", changed.collect::<Vec<_>>());
        *reasons.entry(reason).or_insert(0) += 1;
    }
    println!("{tried} mutations: {reasons:?}");
    for reason in [
        "evidence.malformed",
        "evidence.chain",
        "evidence.signature",
        "evidence.qe-signature",
        "evidence.collateral-malformed",
        "evidence.collateral-signature",
        "evidence.crl",
    ] {
        assert!(reasons.contains_key(reason), "{reasons:?}");
    }
}

/// Whole files, PEM and padding included: what is accepted says the same.
#[test]
fn mutated_quotes_never_say_something_else() {
    let fake = Fake::tdx(5, created());
    let (expected, right) = (expected(&fake), fake.sign().unwrap());
    let root = Root::emulated(&right.root).unwrap();
    let json = right.collateral.to_json();
    let collateral = Collateral::read([json.as_slice()]).unwrap();
    let decide = |quote: &[u8], expected: &Expected| {
        let quote = Quote::parse(quote).map_err(|error| error.reason())?;
        let verified = verify(&quote, &collateral, expected, &root, now());
        verified.map(|verified| verified.get().clone()).map_err(|error| error.reason())
    };
    let claims = decide(&right.quote, &expected).unwrap();
    let mut random = Random(0x0123_4567_89ab_cdef);
    for _ in 0..MUTATIONS {
        let mut quote = right.quote.clone();
        random.mutate(&mut quote);
        if let Ok(said) = decide(&quote, &expected) {
            assert_eq!(said, claims);
        }
    }
}

/// The same of an enclave, whose quotes are only looked at.
#[test]
fn mutated_enclave_quotes_never_say_something_else() {
    let right = Fake::sgx(created()).sign().unwrap();
    let root = Root::emulated(&right.root).unwrap();
    let collateral = Collateral::read([right.collateral.to_json().as_slice()]).unwrap();
    let look = |quote: &[u8]| {
        let quote = Quote::parse(quote)?;
        inspect(&quote, Tee::Sgx, &collateral, &policy(), Profile::Archive, &root, now())
    };
    let claims = look(&right.quote).unwrap();
    let (mut random, mut same) = (Random(0x0fed_cba9_8765_4321), 0);
    for _ in 0..MUTATIONS {
        let mut quote = right.quote.clone();
        random.mutate(&mut quote);
        // Other bytes behind the quote are a warning; nothing is read from them.
        if let Ok(said) = look(&quote) {
            assert_eq!((said.body(), said.platform()), (claims.body(), claims.platform()));
            same += 1;
        }
    }
    println!("{MUTATIONS} mutations, {same} of what nothing is read from");
}

/// Collateral files that are changed at random are read or refused.
#[test]
fn mutated_collateral_never_panics() {
    let right = Fake::tdx(4, created()).sign().unwrap();
    let files = [right.collateral.to_files(), vec![right.collateral.to_json()]].concat();
    let mut random = Random(0xfeed_face_cafe_beef);
    for _ in 0..MUTATIONS {
        let mut file = files[random.below(files.len())].clone();
        random.mutate(&mut file);
        let _read_or_refused = Collateral::read([file.as_slice()]).is_ok();
    }
}

fn ders(pem: &str) -> Vec<Vec<u8>> {
    pem.split("-----END CERTIFICATE-----")
        .filter_map(|block| block.split_once("-----BEGIN CERTIFICATE-----"))
        .map(|(_, body)| STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap())
        .collect()
}

fn pem(certificates: &[&Vec<u8>]) -> String {
    let mut text = String::new();
    for der in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in STANDARD.encode(der).as_bytes().chunks(64) {
            text.push_str(std::str::from_utf8(line).unwrap());
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

const MUTATIONS: u32 = 10_000;
