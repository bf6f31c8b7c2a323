//! Each link for itself: exports that the airlock's own key signed, wrong in one thing. What the
//! receipt's digests would catch is fixed up, so that the link behind them has to.

use std::collections::BTreeSet;

use domain::canonical;
use domain::dsse::Envelope;
use domain::review::{Review, Vote};
use domain::{Digest, Reason as _};

use super::world::*;
use crate::export::{LogProofs, Members, Receipt, Trust, pack, unpack, verify};

const RECEIPT: &str = "receipt.dsse.json";

fn receipt_of(members: &Members) -> Receipt {
    let envelope: Envelope = serde_json::from_slice(&members[RECEIPT]).unwrap();
    Receipt::verify(&envelope, &trust().airlock).unwrap().0
}

/// `members` under a new receipt of the airlock, in which `edit` may have changed anything.
fn resigned(members: &Members, edit: impl FnOnce(&mut Receipt)) -> Members {
    let mut altered = members.clone();
    let mut receipt = receipt_of(members);
    let named = members.iter().filter(|(path, _)| *path != RECEIPT && !path.starts_with("log/"));
    receipt.members = named.map(|(path, bytes)| (path.clone(), Digest::of(bytes))).collect();
    edit(&mut receipt);
    let envelope = receipt.sign(&signing_key()).unwrap();
    altered.insert(RECEIPT.to_owned(), canonical::to_vec(&envelope).unwrap());
    altered
}

fn reason_by(members: &Members, trust: &Trust) -> &'static str {
    verify(&pack(members).unwrap(), trust, &roots()).unwrap_err().reason()
}

fn reason(members: &Members) -> &'static str {
    reason_by(members, &trust())
}

/// The reason if the member at `path` is `bytes`, with its digest fixed up.
fn with_member(members: &Members, path: &str, bytes: Vec<u8>) -> &'static str {
    let mut altered = members.clone();
    altered.insert(path.to_owned(), bytes);
    reason(&resigned(&altered, |_| ()))
}

#[tokio::test]
async fn each_member_is_held_by_its_own_link() {
    let members = unpack(&World::new().exported().await).unwrap();
    let flip = |path: &str, byte: usize| {
        let mut bytes = members[path].clone();
        bytes[byte] ^= 1;
        with_member(&members, path, bytes)
    };
    // Where to flip: inside a signed or hashed value, so that the member still parses.
    let table = [
        ("files/by_site.csv", 13, "export.mismatch"),
        ("checks/rules.toml", 3, "export.mismatch"),
        ("enclave/launch.toml", 100, "export.launch-manifest"),
        ("enclave/evidence.json", 100, "evidence.malformed"),
        ("project/proposal.json", 0, "export.approval"),
        ("project/approvals.json", 20, "export.approval"),
        ("project/dataset.dsse.json", 30, "export.unknown-custodian"),
        ("reviews.json", 30, "export.reviews"),
        ("workload/bundle.json", 0, "export.workload"),
    ];
    for (path, byte, expected) in table {
        assert_eq!(flip(path, byte), expected, "{path}");
    }
    // A record of the checks that says something else of them.
    let record = String::from_utf8(members["checks/record.json"].clone()).unwrap();
    for (from, to) in [
        ("\"threshold\":5", "\"threshold\":9"),
        ("by_site.csv", "by_city.csv"),
        ("cloister-check-record/1", "cloister-check-record/2"),
    ] {
        let altered = record.replacen(from, to, 1);
        assert_ne!(altered, record, "{from}");
        let expected = if from.contains("record/1") { "export.format" } else { "export.mismatch" };
        let found = with_member(&members, "checks/record.json", altered.into_bytes());
        assert_eq!(found, expected, "{from}");
    }
    assert_eq!(with_member(&members, "enclave/crl.der", b"list".to_vec()), "evidence.crl");
    let beside = ["checks/record.json", "enclave/crl.der", RECEIPT];
    let covered = table.iter().map(|(path, ..)| *path).chain(beside);
    let covered: BTreeSet<&str> = covered.collect();
    let all = members.keys().map(String::as_str).filter(|path| !path.starts_with("log/"));
    assert_eq!(covered, all.collect(), "a member that no row is about");
}

#[tokio::test]
async fn a_true_receipt_is_needed_in_its_one_form() {
    let members = unpack(&World::new().exported().await).unwrap();
    // The airlock signed it, the log does not know it.
    let later = resigned(&members, |receipt| receipt.released = receipt.released.plus_seconds(1));
    assert_eq!(reason(&later), "export.log-event");
    let forged = Trust { airlock: key(STRANGER).public(), ..trust() };
    assert_eq!(reason_by(&members, &forged), "export.receipt");
    // A second signature or another key hint changes nothing of what was signed.
    let text = String::from_utf8(members[RECEIPT].clone()).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let signature = json["signatures"][0].clone();
    json["signatures"].as_array_mut().unwrap().push(signature);
    let hint = signing_key().public().id().hex();
    let other_hint = text.replace(&hint, &Digest::of(b"hint").hex());
    for form in [canonical::to_vec(&json).unwrap(), other_hint.into_bytes()] {
        let mut altered = members.clone();
        altered.insert(RECEIPT.to_owned(), form);
        assert_eq!(reason(&altered), "export.receipt");
    }
}

#[tokio::test]
async fn a_receipt_says_the_same_as_what_it_rests_on() {
    type Edit = fn(&mut Receipt);
    let members = unpack(&World::new().exported().await).unwrap();
    let other = || Digest::of(b"other");
    let edits: [(Edit, &str); 17] = [
        (|receipt| receipt.project = "other".parse().unwrap(), "export.mismatch"),
        (|receipt| receipt.job = "other".parse().unwrap(), "export.mismatch"),
        (|receipt| receipt.launch = "other".parse().unwrap(), "export.mismatch"),
        (|receipt| receipt.author = person("reviewer-1"), "export.mismatch"),
        (|receipt| receipt.manifest = Digest::of(b"other"), "export.mismatch"),
        (|receipt| receipt.dataset = Digest::of(b"other"), "export.mismatch"),
        (|receipt| receipt.proposal = Digest::of(b"other"), "export.mismatch"),
        (|receipt| receipt.workload = Digest::of(b"other"), "export.mismatch"),
        (|receipt| receipt.output_rules = Digest::of(b"other"), "export.mismatch"),
        (|receipt| receipt.release_policy = Digest::of(b"other"), "export.mismatch"),
        (|receipt| receipt.package = Digest::of(b"other"), "export.mismatch"),
        (|receipt| receipt.report = Digest::of(b"other"), "export.mismatch"),
        (|receipt| receipt.platform = domain::claims::Trust::Hardware, "export.mismatch"),
        (|receipt| receipt.reviewers.truncate(1), "export.mismatch"),
        (|receipt| receipt.released = at(20_000), "export.approval"),
        (|receipt| receipt.released = at(-2000), "evidence.not-yet-valid"),
        (
            |receipt| {
                receipt.measurement = domain::claims::Measurement::from_bytes([2; 48]);
            },
            "export.mismatch",
        ),
    ];
    for (number, (edit, expected)) in edits.into_iter().enumerate() {
        assert_eq!(reason(&resigned(&members, edit)), expected, "{number}");
    }
    let unnamed = resigned(&members, |receipt| {
        receipt.members.remove("reviews.json");
    });
    assert_eq!(reason(&unnamed), "export.member");
    let unknown = resigned(&members, |receipt| {
        receipt.members.insert("extra".to_owned(), other());
    });
    assert_eq!(reason(&unknown), "export.member");
}

#[tokio::test]
async fn only_the_trusted_custodian_and_log_count() {
    let members = unpack(&World::new().exported().await).unwrap();
    let custodians = BTreeSet::from([key(STRANGER).public()]);
    let trusts = [
        (Trust { custodians, ..trust() }, "export.unknown-custodian"),
        (Trust { custodians: BTreeSet::new(), ..trust() }, "export.unknown-custodian"),
        (Trust { log_key: key(STRANGER).public(), ..trust() }, "export.mismatch"),
        (Trust { log_origin: "other.example/log".to_owned(), ..trust() }, "export.mismatch"),
    ];
    for (trust, expected) in trusts {
        assert_eq!(reason_by(&members, &trust), expected);
    }
}

#[tokio::test]
async fn reviews_are_of_this_package_by_enough_reviewers() {
    let members = unpack(&World::new().exported().await).unwrap();
    let package = receipt_of(&members).package;
    let votes = |votes: &[Envelope]| {
        with_member(&members, "reviews.json", canonical::to_vec(&votes).unwrap())
    };
    let first = review("reviewer-1", 4, package, Vote::Accept);
    let rejecting = review("reviewer-2", 5, package, Vote::Reject);
    let elsewhere = review("reviewer-2", 5, Digest::of(b"other"), Vote::Accept);
    let author = review("author", 6, package, Vote::Accept);
    assert_eq!(votes(std::slice::from_ref(&first)), "export.reviews");
    assert_eq!(votes(&[first.clone(), first.clone()]), "export.reviews");
    assert_eq!(votes(&[first.clone(), rejecting]), "export.reviews");
    assert_eq!(votes(&[first.clone(), elsewhere]), "export.reviews");
    assert_eq!(votes(&[first.clone(), author]), "export.reviews");
    // They suffice, but they are not the votes that the log shows.
    let signed_later =
        Review { package, reviewer: person("reviewer-2"), vote: Vote::Accept, signed: at(1) };
    let second = signed_later.sign(&key(5)).unwrap();
    assert_eq!(votes(&[first, second]), "export.log-event");
}

/// Two exports of one deployment. What belongs to one is no part of the other.
#[tokio::test]
async fn parts_of_another_export_do_not_fit() {
    let world = World::new();
    let one = unpack(&world.exported().await).unwrap();
    let other = unpack(&world.exported().await).unwrap();
    let mut mixed = one.clone();
    mixed.insert(RECEIPT.to_owned(), other[RECEIPT].clone());
    assert_eq!(reason(&mixed), "export.member", "an older receipt on newer files");
    for path in ["log/008.json", "log/008.tlog-proof"] {
        let mut mixed = one.clone();
        mixed.insert(path.to_owned(), other[path].clone());
        assert_eq!(reason(&mixed), "export.log-proof", "{path}");
    }
    let mut mixed = one.clone();
    for path in ["log/008.json", "log/008.tlog-proof"] {
        mixed.insert(path.to_owned(), other[path].clone());
    }
    assert_eq!(reason(&mixed), "export.log-event", "the event of another export");
    let mut mixed = one.clone();
    mixed.insert("enclave/evidence.json".to_owned(), other["enclave/evidence.json"].clone());
    assert_eq!(reason(&resigned(&mixed, |_| ())), "evidence.host-data");
}

/// An entry that says the right thing, but was written by the broker.
#[tokio::test]
async fn the_events_of_the_airlock_are_the_airlocks() {
    let world = World::new();
    let mut members = unpack(&world.exported().await).unwrap();
    let exported = world.entries().pop().unwrap();
    world.log(domain::event::Actor::Broker, None, exported.event);
    let last = u64::try_from(world.entries().len()).unwrap() - 1;
    let (leaf, proof) = world.ledger.prove(last).unwrap();
    LogProofs::add(&mut members, 8, leaf, &proof);
    assert_eq!(reason(&members), "export.log-event");
}
