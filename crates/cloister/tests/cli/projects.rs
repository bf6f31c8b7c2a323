//! `project`: proposals and approvals.

use std::collections::BTreeSet;

use domain::canonical;
use domain::dataset::{Custodians, DatasetManifest};
use domain::dsse::Envelope;
use domain::keys::{PublicKey, SecretKey};
use domain::project::{Approval, Proposal};
use domain::{Digest, Timestamp};
use serde_json::Value;

use crate::run::Bench;

/// A bench with `project.toml`, the keys that it names, and a dataset manifest of `custodian`.
fn bench() -> (Bench, DatasetManifest) {
    let bench = Bench::new();
    let custodian: PublicKey = bench.key("custodian").parse().unwrap();
    for person in ["alice", "bob", "carol"] {
        bench.key(person);
    }
    let manifest = manifest(custodian);
    let digest = Digest::of(
        manifest.sign(&secret(&bench)).unwrap().unverified_payload().unwrap().as_slice(),
    );
    bench.write("rules.toml", "the rules");
    bench.write("cosign.pub", "a public key");
    let measurement = "ab".repeat(48);
    bench.write(
        "project.toml",
        format!(
            r#"
project = "visits"
title = "Visits"
purpose = "To test"
dataset = "{digest}"
measurements = ["{measurement}"]
output_rules = "rules.toml"
reviews_required = 2
expires = "2030-01-01T00:00:00Z"
[[workloads]]
name = "visits"
kind = "wasm"
digest = "{digest}"
signer = "cosign.pub"
[researchers]
alice = "alice.pem"
[reviewers]
bob = "bob.pem"
carol = "carol.pem"
"#
        ),
    );
    (bench, manifest)
}

fn secret(bench: &Bench) -> SecretKey {
    SecretKey::from_pem(std::str::from_utf8(&bench.read("custodian.key")).unwrap()).unwrap()
}

fn manifest(custodian: PublicKey) -> DatasetManifest {
    let digest = Digest::of(b"any");
    let custodians = Custodians::new(BTreeSet::from([custodian]), 1).unwrap();
    serde_json::from_value(serde_json::json!({
        "id": "people", "title": "People", "description": "Made up.",
        "classification": "internal", "rows": 1, "columns": [], "files": [],
        "cipher": "aes-xts-plain64", "header_digest": digest,
        "verity": {
            "root_hash": digest, "salt": "00".repeat(32), "data_blocks": 1, "block_size": 4096,
            "hash_algorithm": "sha256",
        },
        "custodians": custodians, "created": "2026-11-20T00:00:00Z",
    }))
    .unwrap()
}

#[test]
fn what_a_custodian_signs_counts_as_an_approval() {
    let (bench, manifest) = bench();
    let proposed = bench.run("project propose --file project.toml");
    assert_eq!(proposed.verdict(), (0, "proposed", None), "{proposed:?}");
    assert_eq!(proposed.members(), ["digest", "project", "proposal", "reason", "verdict"]);
    let bytes = bench.read("proposal.json");
    let proposal = Proposal::parse(&bytes).unwrap();
    assert_eq!(canonical::to_vec(&proposal).unwrap(), bytes);
    assert_eq!(proposed.text("digest"), proposal.digest().unwrap().to_string());
    assert_eq!(proposal.output_rules, Digest::of(b"the rules"));
    assert_eq!(bench.run("project show proposal.json").json["proposal"], proposed.json["proposal"]);

    let signed = bench.run("project approve proposal.json --key custodian.key");
    assert_eq!(signed.verdict(), (0, "signed", None), "{signed:?}");
    assert!(signed.errors.contains("purpose   To test"), "{}", signed.errors);
    let approval: Envelope = serde_json::from_slice(&bench.read("approval.json")).unwrap();
    let key = secret(&bench);
    let dataset = DatasetManifest::verify(&manifest.sign(&key).unwrap(), &key.public()).unwrap();
    let approved = Approval::new(proposal, &dataset, &[approval], Timestamp::EPOCH).unwrap();
    assert_eq!(approved.approvers(), &BTreeSet::from([key.public()]));
}

#[test]
fn a_proposal_that_could_never_be_used_is_refused() {
    let (bench, _) = bench();
    let toml = String::from_utf8(bench.read("project.toml")).unwrap();
    let cases = [
        ("reviews_required = 2", "reviews_required = 1", (1, "refused", Some("approval.unusable"))),
        ("carol.pem", "bob.pem", (1, "refused", Some("approval.unusable"))),
        ("cosign.pub", "absent.pub", (2, "unusable", Some("input.unreadable"))),
        ("title", "titel", (2, "unusable", Some("input.malformed"))),
    ];
    for (from, to, verdict) in cases {
        bench.write("project.toml", toml.replace(from, to));
        let ran = bench.run("project propose --file project.toml");
        assert_eq!(ran.verdict(), verdict, "{to}");
    }
    assert!(!bench.path("proposal.json").exists());
}

#[test]
fn other_rules_than_the_named_ones_are_not_submitted() {
    let (bench, _) = bench();
    bench.run("project propose --file project.toml");
    bench.write("rules.toml", "other rules");
    let ran = bench.run("project submit proposal.json --rules rules.toml");
    assert_eq!(ran.verdict(), (1, "refused", Some("project.other-rules")));
    let mut loose: Value = serde_json::from_slice(&bench.read("proposal.json")).unwrap();
    loose["title"] = "Visits".into();
    bench.write("proposal.json", serde_json::to_vec_pretty(&loose).unwrap());
    let ran = bench.run("project show proposal.json");
    assert_eq!(ran.verdict(), (2, "unusable", Some("input.malformed")));
}
