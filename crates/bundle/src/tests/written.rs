//! What is written here is read again, by this reader and the library.

use domain::{Digest, Reason};
use serde_json::Value;

use super::lab::{ARTIFACT, ORIGIN, lab, later, log_key, secret, statement, verdict};
use super::vectors::Case;
use crate::write::{Draft, SigningKey, TrustedRoot, WriteError};

#[test]
fn a_bundle_of_a_file_or_of_a_statement_is_accepted() {
    let lab = lab();
    for draft in [
        lab.key.sign_file(Digest::of(ARTIFACT)).unwrap(),
        lab.key.sign_statement(&statement()).unwrap(),
    ] {
        let bundle = lab.publish(&draft).to_string();
        let root = lab.root.to_string();
        assert_eq!(verdict(&bundle, ARTIFACT, &root, later()), "verified");
        assert_eq!(verdict(&bundle, b"another", &root, later()), "bundle.artifact");
    }
}

#[test]
fn a_draft_is_made_again_from_its_leaf_and_only_from_that() {
    let lab = lab();
    let draft = lab.key.sign_statement(&statement()).unwrap();
    let again = Draft::of_statement(&statement(), draft.leaf().clone()).unwrap();
    assert_eq!(again, draft);
    let other = Draft::of_statement(b"{}", draft.leaf().clone()).unwrap_err();
    assert_eq!(other.reason(), "bundle.leaf");
    // A proof of another entry makes no bundle.
    let proof = lab.record(b"something else");
    assert_eq!(draft.bundle(&log_key(), &proof, &[]), Err(WriteError::Leaf));
}

#[test]
fn only_p256_keys_sign() {
    let ed25519 = secret().to_pem().unwrap();
    let lines = ed25519.lines().filter(|line| !line.starts_with("-----"));
    let der = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        lines.collect::<String>(),
    );
    assert_eq!(SigningKey::from_pkcs8(&der.unwrap()).unwrap_err(), WriteError::Key);
    assert_eq!(SigningKey::from_pkcs8(b"no key").unwrap_err(), WriteError::Key);
}

/// The same log, described by the same keys, as those who made the vectors describe it.
#[test]
fn the_trusted_root_is_that_of_the_vectors() {
    let Some(case) = Case::read("own-infra", "own-message") else {
        println!("skipped: the sigstore vectors are not beside this project");
        return;
    };
    let theirs: Value = serde_json::from_str(&case.root).unwrap();
    let seed = domain::keys::SecretKey::from_seed(&zeroize::Zeroizing::new([7; 32]));
    let log = tlog::VerifierKey::new("tre.example/audit", seed.public()).unwrap();
    let ours =
        TrustedRoot { log: &log, authorities: &[], since: "2026-01-01T00:00:00Z".parse().unwrap() };
    let ours: Value = serde_json::from_str(&ours.to_json()).unwrap();
    assert_eq!(ours["tlogs"], theirs["tlogs"]);
    assert_eq!(ours["mediaType"], theirs["mediaType"]);
    assert_ne!(lab().root["tlogs"], theirs["tlogs"], "{ORIGIN}");
}

#[test]
fn a_stamp_is_judged_before_it_is_published() {
    let draft = lab().key.sign_file(Digest::of(ARTIFACT)).unwrap();
    let judge = |stamp: &[u8], signature: &[u8], root: &str| {
        crate::verify_stamp(stamp, signature, root).map_err(|error| error.reason())
    };
    let (stamp, root) = (lab().authority.stamp(draft.signature()), lab().root.to_string());
    assert_eq!(judge(&stamp, draft.signature(), &root), Ok(()));
    assert_eq!(judge(&stamp, b"other", &root), Err("bundle.timestamp-mismatch"));
    assert_eq!(judge(b"none", draft.signature(), &root), Err("bundle.timestamp-malformed"));
    assert_eq!(judge(&stamp, draft.signature(), "{}"), Err("bundle.trusted-root"));
    let stranger = lab().stranger.stamp(draft.signature());
    assert_eq!(judge(&stranger, draft.signature(), &root), Err("bundle.timestamp-untrusted"));
}
