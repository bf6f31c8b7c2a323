//! `log show` and `log erase`: the folder of a stopped node, as an operator has it.

use cloister::node::{Keys, NodeFolder};
use domain::Digest;
use domain::event::{Action, Actor, Event};
use ledger::{Draft, Ledger};

use crate::run::{Bench, Ran};

const ORIGIN: &str = "example.org/log";

/// A node's folder `node` with two people's votes in its log, and their names.
fn bench() -> (Bench, [String; 2]) {
    let bench = Bench::new();
    let ledger = ledger(&bench);
    let names = ["alice", "bob"].map(|who| {
        let vote = ledger.keep_personal(format!("{who} accepts").as_bytes()).unwrap();
        let event = Event {
            project: Some("visits".parse().unwrap()),
            evidence: vec![vote],
            ..Event::accepted(Action::OutputReviewed, Digest::of(b"package"))
        };
        let time = "2026-11-26T12:00:00Z".parse().unwrap();
        let person = Some(who.parse().unwrap());
        let draft = Draft { actor: Actor::Airlock, time, person, event };
        ledger.record(draft, ()).unwrap().place().entry.to_string()
    });
    bench.write("log.vkey", ledger.key().to_string());
    (bench, names)
}

fn ledger(bench: &Bench) -> Ledger {
    let folder = NodeFolder::open(&bench.path("node")).unwrap();
    let keys = Keys::open(&folder).unwrap();
    Ledger::open(&folder.ledger_folders(), ORIGIN, keys.log).unwrap()
}

fn show(bench: &Bench, index: u64) -> Ran {
    bench.run(&format!(
        "log show --origin {ORIGIN} --key log.vkey --dir node/ledger/log --index {index} \
         --records node/ledger/sealed --record-keys node/record-keys"
    ))
}

fn erase(bench: &Bench, entry: &str) -> Ran {
    bench.run(&format!("log erase --folder node --origin {ORIGIN} --entry {entry} --by olga"))
}

#[test]
fn an_entry_is_shown_with_who_is_behind_it_to_whoever_has_the_keys() {
    let (bench, names) = bench();
    let bare = format!("log show --origin {ORIGIN} --key log.vkey --dir node/ledger/log --index 0");
    let ran = bench.run(&bare);
    assert_eq!(ran.verdict(), (0, "shown", None), "{ran:?}");
    assert_eq!(ran.members(), ["entry", "index", "leaf", "reason", "verdict"]);
    assert_eq!(ran.json["entry"]["id"], names[0].as_str());
    assert!(!ran.json.to_string().contains("alice"));
    let ran = show(&bench, 0);
    let record = &ran.json["record"];
    assert_eq!(record["person"]["who"]["person"], "alice", "{ran:?}");
    assert_eq!(record["objects"][0]["state"], "readable");
    assert_eq!(record["erased_at"], serde_json::Value::Null);
    let beyond = bench.run(&bare.replace("--index 0", "--index 2"));
    assert_eq!((beyond.code, beyond.text("reason")), (1, "log.no-such-entry".to_owned()));
}

#[test]
fn an_erased_record_reports_erased_and_all_else_verifies() {
    let (bench, names) = bench();
    let prove = |index| {
        let files = format!("--out {index}.tlog-proof --entry {index}.json");
        let log = format!("--origin {ORIGIN} --key log.vkey --dir node/ledger/log");
        bench.run(&format!("log prove {log} --index {index} {files}"))
    };
    for index in 0..2 {
        assert_eq!(prove(index).code, 0);
    }
    let running = ledger(&bench);
    let ran = erase(&bench, &names[0]);
    assert_eq!((ran.code, ran.text("reason")), (2, "log.second-writer".to_owned()), "{ran:?}");
    drop(running);

    let ran = erase(&bench, &names[0]);
    assert_eq!(ran.verdict(), (0, "erased", None), "{ran:?}");
    assert_eq!((&ran.json["index"], &ran.json["log_index"]), (&0.into(), &2.into()));
    let ran = show(&bench, 0);
    let record = &ran.json["record"];
    assert_eq!(ran.verdict(), (0, "shown", None), "{ran:?}");
    assert_eq!(record["person"], serde_json::json!({ "state": "erased" }));
    assert_eq!(record["objects"][0]["state"], "erased");
    assert_eq!(record["erased_at"], 2);
    assert_eq!(show(&bench, 1).json["record"]["person"]["who"]["person"], "bob");
    assert_eq!(show(&bench, 2).json["record"]["person"]["who"]["person"], "olga");

    // The proofs from before and those from now, of the erased entry and of the others.
    for index in 0..2 {
        let proof = format!("--proof {index}.tlog-proof --entry {index}.json");
        let verify = format!("log verify-proof --origin {ORIGIN} --key log.vkey {proof}");
        assert_eq!(bench.run(&verify).verdict(), (0, "included", None));
        assert_eq!(prove(index).code, 0);
        assert_eq!(bench.run(&verify).verdict(), (0, "included", None));
    }
    let whole = format!("log verify --origin {ORIGIN} --key log.vkey --dir node/ledger/log");
    assert_eq!(bench.run(&whole).verdict(), (0, "verified", None));
    let again = erase(&bench, &names[0]);
    assert_eq!((again.code, again.text("reason")), (1, "erase.already".to_owned()));
    let absent = erase(&bench, "entry-00000000000000000000000000000000");
    assert_eq!((absent.code, absent.text("reason")), (1, "erase.no-such-entry".to_owned()));
    let ran = bench.run(&format!("log erase --folder no --origin {ORIGIN} --entry e --by olga"));
    assert_eq!((ran.code, ran.text("reason")), (2, "node.file".to_owned()));
}

#[test]
fn a_lost_key_is_missing_and_an_altered_record_is_altered() {
    let (bench, _) = bench();
    let shown = show(&bench, 0).json;
    let person = shown["entry"]["person"].as_str().unwrap();
    let name = person.strip_prefix("hmac-sha256:").unwrap();
    let key = format!("node/record-keys/{name}");
    let good = bench.read(&key);
    bench.write(&key, [0; 32]);
    let ran = show(&bench, 0);
    assert_eq!((ran.code, ran.text("reason")), (1, "record.altered".to_owned()), "{ran:?}");
    std::fs::remove_file(bench.path(&key)).unwrap();
    let ran = show(&bench, 0);
    assert_eq!((ran.code, ran.text("reason")), (1, "record.missing".to_owned()), "{ran:?}");
    bench.write(&key, good);
    assert_eq!(show(&bench, 0).code, 0);
}

#[test]
fn a_published_signature_is_shown_as_what_it_is() {
    let (bench, _) = bench();
    let ledger = ledger(&bench);
    let key = bench.p256_key("bundles");
    let signed = key.sign_statement(b"{}").unwrap();
    let event = Event::accepted(Action::OutputExported, Digest::of(b"receipt"));
    let time = "2026-11-26T12:00:00Z".parse().unwrap();
    let draft = Draft { actor: Actor::Airlock, time, person: None, event };
    let place = ledger.record_published(draft, signed.leaf().clone(), ()).unwrap().place().index;
    let ran = show(&bench, place + 1);
    assert_eq!(ran.verdict(), (0, "shown", None), "{ran:?}");
    assert_eq!(ran.members(), ["index", "leaf", "published", "reason", "verdict"]);
    let expected = serde_json::json!({
        "digest": signed.leaf().digest,
        "key": Digest::of(signed.leaf().key.as_spki()),
        "hint": bundle::write::key_hint(&signed.leaf().key),
    });
    assert_eq!(ran.json["published"], expected);
    // It hides nothing of what stands beside it.
    assert_eq!(show(&bench, 0).json["record"]["person"]["who"]["person"], "alice");
    assert!(show(&bench, place).json["entry"].is_object());
}
