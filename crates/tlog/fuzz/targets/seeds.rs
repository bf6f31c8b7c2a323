//! Writes the first inputs of every target below the folder that `CLOISTER_FUZZ_SEEDS` names. It is a
//! target itself, to be built like the others; there is nothing to fuzz in it.
#![no_main]

use domain::claims::Trust;
use domain::dsse::Envelope;
use domain::event::{Action, Actor, Entry, Event};
use domain::ids::EntryId;
use domain::{Digest, ReasonCode};
use tlog::LeafProof;
use tlog::witness::AddCheckpoint;
use tlog_fuzz::input::{Seeds, write_seeds};
use tlog_fuzz::{
    checkpoint, consistency, cosigned, inclusion, joined, key, leaves, secret, signed, witness,
};

libfuzzer_sys::fuzz_target!(init: write_seeds(all()), |_data: &[u8]| {});

fn all() -> Seeds {
    let text = |text: String| text.into_bytes();
    vec![
        ("note", notes()),
        ("checkpoint", [0, 1, 255].map(|size| text(checkpoint(size).to_string())).to_vec()),
        ("keys", vec![text(key().to_string()), text(witness().0.to_string())]),
        ("leaf_proof", leaf_proofs()),
        ("policy", policies()),
        ("tile_path", vec![vec![0; 17], vec![1; 18], vec![0xff; 18]]),
        ("bundle", vec![b"\x01\0\x03abc\0\0".to_vec(), [vec![1], vec![7; 64]].concat()]),
        ("add_checkpoint", requests()),
        ("merkle", vec![vec![7; 60], vec![200; 90]]),
        ("envelope", envelopes()),
        ("entry", entries()),
    ]
}

fn notes() -> Vec<Vec<u8>> {
    let note = cosigned(5);
    let line = note.lines().last().expect("a cosignature").to_owned() + "\n";
    let text = checkpoint(5).to_string();
    let stranger = "— other.example/x AAAAAAAA\n";
    vec![
        joined(&[signed(&text).as_bytes(), b"", b""]),
        joined(&[text.as_bytes(), b"", b"signed"]),
        joined(&[b"any text\nof lines\n", stranger.as_bytes(), b"signed"]),
        joined(&[b"other\n", line.as_bytes(), b"signed"]),
    ]
}

fn leaf_proofs() -> Vec<Vec<u8>> {
    let proof = |index: u8, size: u8| {
        let hashes = inclusion(index.into(), &leaves(size));
        let proof = LeafProof { index: index.into(), hashes, checkpoint: cosigned(size) };
        joined(&[&[index], proof.to_string().as_bytes()])
    };
    vec![proof(0, 1), proof(2, 5), proof(254, 255)]
}

fn policies() -> Vec<Vec<u8>> {
    let log = format!("log {} https://log.example/\n", key());
    let witness = format!("witness a {} https://w.example/\n", witness().0);
    let own = format!("# all\n{log}{witness}group g all a\nquorum g\n");
    let head = "group g any w\nquorum g\n";
    [own.as_str(), head, "quorum w\n", "quorum none\n"]
        .map(|text| text.as_bytes().to_vec())
        .to_vec()
}

fn requests() -> Vec<Vec<u8>> {
    let request = |old: u8, new: u8| {
        let proof = consistency(old.into(), &leaves(new));
        AddCheckpoint { old_size: old.into(), proof, note: signed(&checkpoint(new).to_string()) }
    };
    let of = |old: u8, new: u8| {
        let text = request(old, new).to_string();
        let (head, _) = text.split_once("\n\n").expect("a note");
        [joined(&[&[old, new], text.as_bytes()]), joined(&[&[old, new, 1], head.as_bytes()])]
    };
    [(0, 5), (5, 9), (9, 9), (255, 255)].into_iter().flat_map(|(old, new)| of(old, new)).collect()
}

fn envelopes() -> Vec<Vec<u8>> {
    let kind = "application/vnd.example+json";
    let envelope = Envelope::sign(kind, b"a payload", &secret());
    let json = serde_json::to_vec(&envelope).expect("JSON");
    vec![joined(&[kind.as_bytes(), b"{}", &json])]
}

fn entries() -> Vec<Vec<u8>> {
    let reason = ReasonCode::try_from("policy.no-approval".to_owned()).expect("a code");
    let object = Digest::of(b"an object");
    let accepted = Event {
        evidence: vec![object],
        previous: vec![EntryId::from_random([3; 16])],
        rules: vec!["rule".to_owned()],
        policy: Some(object),
        project: Some("visits-by-plan".parse().expect("a name")),
        platform: Some(Trust::Emulated),
        reviews_required: Some(2),
        ..Event::accepted(Action::KeyReleased, object)
    };
    let person = format!("hmac-sha256:{}", object.hex()).parse().expect("a pseudonym");
    let entry = |event: Event| Entry {
        id: EntryId::from_random([7; 16]),
        sequence: 3,
        time: "2026-11-20T12:00:00Z".parse().expect("a time"),
        actor: Actor::Broker,
        person: Some(person),
        event,
    };
    [accepted, Event::refused(Action::KeyReleased, object, reason)]
        .map(|event| entry(event).to_leaf().expect("JSON"))
        .to_vec()
}
