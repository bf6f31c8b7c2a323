//! Mutants with right signatures and proofs: what is signed, logged or stamped is itself wrong.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use domain::keys::SecretKey;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::lab::{ARTIFACT, ORIGIN, body, lab, later, other_key, secret, statement, verdict};
use super::mutants::{BODY, ENTRY, Mutant, NOTE, library_accepts, remove, set, text};

/// A bundle of a file whose log entry has another body, which the log truly holds.
fn logged(mutate: fn(&mut Value)) -> Value {
    let draft = lab().key.sign_file(Digest::of(ARTIFACT)).unwrap();
    let mut bundle = lab().publish(&draft);
    let mut changed = body(draft.leaf());
    mutate(&mut changed);
    set(&mut bundle, ENTRY, lab().entry(&changed));
    bundle
}

#[test]
fn each_wrong_body_that_the_log_holds_has_its_reason() {
    let root = lab().root.to_string();
    let (mut wrong, mut lax) = (Vec::new(), Vec::new());
    for (name, reason, mutate) in BODIES {
        let bundle = logged(*mutate).to_string();
        let found = verdict(&bundle, ARTIFACT, &root, later());
        if found != *reason {
            wrong.push(format!("{name}: {found}, not {reason}"));
        }
        if found != "verified" && library_accepts(&bundle, ARTIFACT, &root) {
            lax.push(*name);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(lax, LAX_BODIES, "what the library alone accepts: docs/formats/bundle.md");
    println!("{} wrong bodies", BODIES.len());
}

const DATA: &str = "/spec/hashedRekordV002/data";
const SIGNATURE: &str = "/spec/hashedRekordV002/signature";

const BODIES: &[Mutant] = &[
    ("of another file", "bundle.log-entry-mismatch", |b| {
        set(b, &format!("{DATA}/digest"), STANDARD.encode(Digest::of(b"other").as_bytes()));
    }),
    ("a shorter digest", "bundle.log-entry-mismatch", |b| {
        set(b, &format!("{DATA}/digest"), "AAAA")
    }),
    ("a digest by another algorithm", "bundle.algorithm", |b| {
        set(b, &format!("{DATA}/algorithm"), "SHA2_512");
    }),
    ("another signature", "bundle.log-entry-mismatch", |b| {
        let other = lab().key.sign_file(Digest::of(ARTIFACT)).unwrap();
        set(b, &format!("{SIGNATURE}/content"), STANDARD.encode(other.signature()));
    }),
    ("another key", "bundle.log-entry-mismatch", |b| {
        let other = other_key().sign_file(Digest::of(ARTIFACT)).unwrap();
        let key = STANDARD.encode(other.leaf().key.as_spki());
        set(b, &format!("{SIGNATURE}/verifier/publicKey/rawBytes"), key);
    }),
    ("no key", "bundle.log-entry-mismatch", |b| {
        remove(b, &format!("{SIGNATURE}/verifier/publicKey"));
    }),
    ("a key and a certificate", "bundle.log-entry-mismatch", |b| {
        let verifier = b.pointer_mut(&format!("{SIGNATURE}/verifier")).unwrap();
        verifier["x509Certificate"] = json!({ "rawBytes": "MAA=" });
    }),
    ("a key of another kind", "bundle.log-entry-malformed", |b| {
        set(b, &format!("{SIGNATURE}/verifier/keyDetails"), "PKIX_ED25519");
    }),
    ("no signature", "bundle.log-entry-malformed", |b| remove(b, SIGNATURE)),
    ("no spec", "bundle.log-entry-malformed", |b| remove(b, "/spec")),
    ("one thing more", "verified", |b| b["more"] = json!(1)),
];

const LAX_BODIES: &[&str] = &["a key and a certificate"];

/// The entry says one kind, its body another, and the log holds that body.
#[test]
fn the_kind_beside_a_body_is_the_body_s() {
    let root = lab().root.to_string();
    for (field, value) in [("kind", "dsse"), ("apiVersion", "0.0.1")] {
        let draft = lab().key.sign_file(Digest::of(ARTIFACT)).unwrap();
        let mut changed = body(draft.leaf());
        changed[field] = json!(value);
        let mut bundle = lab().publish(&draft);
        let mut entry = lab().entry(&changed);
        entry["kindVersion"] = json!({ "kind": "hashedrekord", "version": "0.0.2" });
        set(&mut bundle, ENTRY, entry);
        let bundle = bundle.to_string();
        assert_eq!(verdict(&bundle, ARTIFACT, &root, later()), "bundle.log-entry-kind", "{field}");
        assert!(library_accepts(&bundle, ARTIFACT, &root), "the library compares them now");
    }
}

#[test]
fn a_name_twice_in_a_logged_body_is_refused() {
    let draft = lab().key.sign_file(Digest::of(ARTIFACT)).unwrap();
    let mut bundle = lab().publish(&draft);
    let leaf = String::from_utf8(draft.leaf().to_leaf().unwrap()).unwrap();
    for twice in [r#"{"apiVersion":"0.0.2","#, r#""spec":"#, r#""digest":"#] {
        let again = leaf.replacen(twice, &format!("{twice}0,{}", twice.trim_start_matches('{')), 1);
        set(&mut bundle, BODY, STANDARD.encode(again));
        let found = verdict(&bundle.to_string(), ARTIFACT, &lab().root.to_string(), later());
        assert_eq!(found, "bundle.log-entry-malformed", "{twice}");
    }
}

/// Statements that were signed, logged and stamped as they are.
#[test]
fn each_wrong_statement_has_its_reason() {
    let root = lab().root.to_string();
    let hex = Digest::of(ARTIFACT).hex();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut json: Value = serde_json::from_slice(&statement()).unwrap();
        change(&mut json);
        json.to_string()
    };
    let statements = [
        ("bundle.statement", String::new()),
        ("bundle.statement", "[]".to_owned()),
        ("bundle.statement", changed(&|s| s["_type"] = json!("https://in-toto.io/Statement/v2"))),
        ("bundle.statement", changed(&|s| remove(s, "/_type"))),
        ("bundle.statement", changed(&|s| s["subject"] = json!([]))),
        ("bundle.statement", changed(&|s| remove(s, "/subject"))),
        ("bundle.statement", changed(&|s| s["subject"][0]["digest"] = json!({}))),
        ("bundle.statement", changed(&|s| s["subject"][0]["digest"]["sha256"] = json!("00"))),
        ("bundle.statement", format!("{}x", String::from_utf8(statement()).unwrap())),
        ("bundle.artifact", changed(&|s| s["subject"][0]["digest"] = json!({ "sha1": "00" }))),
        (
            "bundle.artifact",
            changed(&|s| {
                s["subject"][0]["digest"]["sha256"] = json!(Digest::of(b"other").hex());
            }),
        ),
        ("verified", changed(&|s| s["_type"] = json!("https://in-toto.io/Statement/v0.1"))),
        (
            "verified",
            changed(&|s| {
                let other = json!({ "name": "b", "digest": { "sha256": Digest::of(b"b").hex() } });
                s["subject"].as_array_mut().unwrap().insert(0, other);
            }),
        ),
    ];
    assert!(statements[11].1.contains(&hex));
    for (reason, statement) in &statements {
        let bundle = lab().publish(&lab().key.sign_statement(statement.as_bytes()).unwrap());
        let found = verdict(&bundle.to_string(), ARTIFACT, &root, later());
        assert_eq!(found, *reason, "{statement}");
    }
    println!("{} statements", statements.len());
}

/// A checkpoint of the right tree, signed by `secret` in the name `signer` with any key hint.
fn signed(text: &str, signer: &str, secret: &SecretKey, hint: [u8; 4]) -> String {
    let line = [hint.as_slice(), &secret.sign(text.as_bytes())].concat();
    format!("{text}\n\u{2014} {signer} {}\n", STANDARD.encode(line))
}

#[test]
fn a_checkpoint_is_signed_by_its_log_in_its_name() {
    let root = lab().root.to_string();
    let bundle = lab().publish(&lab().key.sign_file(Digest::of(ARTIFACT)).unwrap());
    let note = text(&bundle, NOTE);
    let head = format!("{}\n", note.split_once("\n\n").unwrap().0);
    let id = STANDARD.decode(text(&lab().root, "/tlogs/0/logId/keyId")).unwrap();
    let hint = [id[0], id[1], id[2], id[3]];
    let other = SecretKey::from_seed(&Zeroizing::new([8; 32]));
    let renamed = head.replace(ORIGIN, "log.sample/audit");
    for (reason, note) in [
        ("verified", signed(&head, ORIGIN, &secret(), hint)),
        // Another key, under the log's hint.
        ("bundle.checkpoint-signature", signed(&head, ORIGIN, &other, hint)),
        // The log's key, under another hint, or another name.
        ("bundle.checkpoint-signature", signed(&head, ORIGIN, &secret(), [0; 4])),
        ("bundle.checkpoint-signature", signed(&head, "log.sample/audit", &secret(), hint)),
        // The log's key for another origin: then in that one's name, or in its own.
        ("bundle.checkpoint-signature", signed(&renamed, ORIGIN, &secret(), hint)),
        // Rekor v1 alone numbers its trees.
        ("bundle.checkpoint-signature", {
            let numbered = head.replace(ORIGIN, &format!("{ORIGIN} - 7"));
            signed(&numbered, ORIGIN, &secret(), hint)
        }),
    ] {
        let mut mutant = bundle.clone();
        mutant.pointer_mut(NOTE).unwrap().clone_from(&Value::from(note.clone()));
        assert_eq!(verdict(&mutant.to_string(), ARTIFACT, &root, later()), reason, "{note}");
    }
}
