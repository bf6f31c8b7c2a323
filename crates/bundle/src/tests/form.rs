//! Mutants of the form: what a bundle of our own may not look like.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use serde_json::{Value, json};

use super::lab::{ARTIFACT, lab, later, statement, verdict};
use super::mutants::{
    BODY, ENTRY, Mutant, NOTE, PROOF, STAMP, STAMPS, add, at, change, flip, library_accepts,
    remove, replace, set, text,
};
/// Judges every mutant of `bundle`; the names of those that the library alone accepts.
fn judge(bundle: &Value, mutants: &[Mutant]) -> Vec<&'static str> {
    let root = lab().root.to_string();
    assert_eq!(verdict(&bundle.to_string(), ARTIFACT, &root, later()), "verified");
    let (mut wrong, mut lax) = (Vec::new(), Vec::new());
    for (name, reason, mutate) in mutants {
        let mut mutant = bundle.clone();
        mutate(&mut mutant);
        let found = verdict(&mutant.to_string(), ARTIFACT, &root, later());
        if found != *reason {
            wrong.push(format!("{name}: {found}, not {reason}"));
        }
        if library_accepts(&mutant.to_string(), ARTIFACT, &root) && found != "verified" {
            lax.push(*name);
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    lax
}

#[test]
fn each_change_to_a_bundle_of_a_file_has_its_reason() {
    let bundle = lab().publish(&lab().key.sign_file(Digest::of(ARTIFACT)).unwrap());
    let lax = judge(&bundle, FILE);
    assert_eq!(
        lax,
        lax_file(),
        "what the library alone accepts has changed: docs/formats/bundle.md"
    );
    println!(
        "{} mutants of a bundle of a file, {} that the library accepts",
        FILE.len(),
        lax.len()
    );
}

#[test]
fn each_change_to_a_bundle_of_a_statement_has_its_reason() {
    let bundle = lab().publish(&lab().key.sign_statement(&statement()).unwrap());
    assert_eq!(judge(&bundle, STATEMENT), ["unknown name in the envelope", "no time stamp"]);
    println!("{} mutants of a bundle of a statement", STATEMENT.len());
}

/// Changes that JSON values cannot show: what is written twice, or behind the end.
#[test]
fn each_change_to_the_text_has_its_reason() {
    let root = lab().root.to_string();
    let bundle = lab().publish(&lab().key.sign_file(Digest::of(ARTIFACT)).unwrap()).to_string();
    let twice = |from: &str, to: &str| {
        assert!(bundle.contains(from), "{from}");
        bundle.replacen(from, to, 1)
    };
    let texts = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        format!("{bundle}x"),
        format!("{bundle}{bundle}"),
        bundle.strip_suffix('}').unwrap().to_owned(),
        twice("{\"mediaType\"", "{\"mediaType\":\"x\",\"mediaType\""),
        twice("\"messageSignature\":", "\"messageSignature\":{},\"messageSignature\":"),
        twice("\"signature\":", "\"signature\":\"AAAA\",\"signature\":"),
        twice("\"treeSize\":", "\"treeSize\":\"1\",\"treeSize\":"),
        twice("\"tlogEntries\":", "\"tlogEntries\":[],\"tlogEntries\":"),
        twice("\"hint\":", "\"hint\":\"\",\"hint\":"),
    ];
    for text in &texts {
        assert_eq!(verdict(text, ARTIFACT, &root, later()), "bundle.malformed", "{text}");
    }
    println!("{} mutants of the text", texts.len());
}

pub(super) const FILE: &[Mutant] = &[
    // Version and form.
    ("no media type", "bundle.version", |b| remove(b, "/mediaType")),
    ("media type unknown", "bundle.version", |b| {
        set(b, "/mediaType", "application/vnd.dev.sigstore.bundle+json;version=99.9");
    }),
    ("media type of a later version", "bundle.version", |b| {
        set(b, "/mediaType", "application/vnd.dev.sigstore.bundle.v0.4+json");
    }),
    ("media type in capitals", "bundle.version", |b| {
        set(b, "/mediaType", "application/vnd.dev.sigstore.bundle.V0.3+json");
    }),
    ("older spelling of version 0.3", "verified", |b| {
        set(b, "/mediaType", "application/vnd.dev.sigstore.bundle+json;version=0.3");
    }),
    ("version 0.2", "verified", |b| {
        set(b, "/mediaType", "application/vnd.dev.sigstore.bundle+json;version=0.2");
    }),
    ("version 0.1 without promise", "bundle.no-log-promise", |b| {
        set(b, "/mediaType", "application/vnd.dev.sigstore.bundle+json;version=0.1");
    }),
    ("unknown name", "bundle.malformed", |b| add(b, "/extra", 1)),
    ("unknown name in an entry", "bundle.malformed", |b| add(b, &format!("{ENTRY}/extra"), 1)),
    ("a number where text is due", "bundle.malformed", |b| set(b, "/mediaType", 3)),
    ("signature and envelope", "bundle.malformed", |b| {
        let envelope = json!({ "payloadType": "", "payload": "", "signatures": [] });
        add(b, "/dsseEnvelope", envelope);
    }),
    // Signer and signature.
    ("no material", "bundle.no-certificate", |b| remove(b, "/verificationMaterial")),
    ("neither key nor certificate", "bundle.no-certificate", |b| {
        remove(b, "/verificationMaterial/publicKey");
    }),
    ("key and certificate", "bundle.malformed", |b| {
        add(b, "/verificationMaterial/certificate", json!({ "rawBytes": "MAA=" }));
    }),
    ("a certificate instead", "bundle.kind", |b| {
        remove(b, "/verificationMaterial/publicKey");
        add(b, "/verificationMaterial/certificate", json!({ "rawBytes": "MAA=" }));
    }),
    ("a certificate chain", "bundle.version", |b| {
        remove(b, "/verificationMaterial/publicKey");
        add(b, "/verificationMaterial/x509CertificateChain", json!({ "certificates": [] }));
    }),
    ("another hint", "verified", |b| set(b, "/verificationMaterial/publicKey/hint", "other")),
    ("no content", "bundle.no-signature", |b| remove(b, "/messageSignature")),
    ("no signature", "bundle.no-signature", |b| remove(b, "/messageSignature/signature")),
    ("empty signature", "bundle.no-signature", |b| set(b, "/messageSignature/signature", "")),
    ("signature with a sign that is not base64", "bundle.encoding", |b| {
        set(b, "/messageSignature/signature", "!!!!");
    }),
    ("digest in two alphabets", "bundle.encoding", |b| {
        set(b, "/messageSignature/messageDigest/digest", "+_8=");
    }),
    ("digest with stray bits", "bundle.encoding", |b| {
        set(b, "/messageSignature/messageDigest/digest", "AAB=");
    }),
    ("signature in the alphabet for addresses", "verified", |b| {
        let signature = text(b, "/messageSignature/signature");
        set(
            b,
            "/messageSignature/signature",
            format!("{}\n", signature.replace('+', "-").replace('/', "_")),
        );
    }),
    ("digest without padding", "verified", |b| {
        replace(b, "/messageSignature/messageDigest/digest", "=", "");
    }),
    ("digest with a space", "bundle.encoding", |b| {
        replace(b, "/messageSignature/messageDigest/digest", "=", " =");
    }),
    ("digest broken into lines", "verified", |b| {
        replace(b, "/messageSignature/messageDigest/digest", "=", "\r\n=\n");
    }),
    ("no digest", "verified", |b| remove(b, "/messageSignature/messageDigest")),
    ("digest by another algorithm", "bundle.algorithm", |b| {
        set(b, "/messageSignature/messageDigest/algorithm", "SHA2_512");
    }),
    ("digest altered", "bundle.artifact", |b| flip(b, "/messageSignature/messageDigest/digest", 0)),
    ("digest cut", "bundle.artifact", |b| {
        change(b, "/messageSignature/messageDigest/digest", |d| d.truncate(16));
    }),
    ("signature altered", "bundle.signature", |b| flip(b, "/messageSignature/signature", 0)),
    ("signature over another file", "bundle.signature", |b| {
        let other = lab().publish(&lab().key.sign_file(Digest::of(b"other")).unwrap());
        set(b, "/messageSignature/signature", text(&other, "/messageSignature/signature"));
    }),
    ("another signature over the same file", "bundle.log-entry-mismatch", |b| {
        let other = lab().publish(&lab().key.sign_file(Digest::of(ARTIFACT)).unwrap());
        set(b, "/messageSignature/signature", text(&other, "/messageSignature/signature"));
        set(b, STAMP, text(&other, STAMP));
    }),
    // The log entry.
    ("no entry", "bundle.no-log-entry", |b| remove(b, ENTRY)),
    ("no list of entries", "bundle.no-log-entry", |b| {
        remove(b, "/verificationMaterial/tlogEntries");
    }),
    ("null for entries", "bundle.no-log-entry", |b| {
        set(b, "/verificationMaterial/tlogEntries", Value::Null);
    }),
    ("an entry twice", "bundle.repeated", |b| {
        let entry = at(b, ENTRY).clone();
        at(b, "/verificationMaterial/tlogEntries").as_array_mut().unwrap().push(entry);
    }),
    ("too many entries", "bundle.malformed", |b| {
        let entry = at(b, ENTRY).clone();
        set(b, "/verificationMaterial/tlogEntries", vec![entry; 33]);
    }),
    ("a second entry that is another's", "bundle.log-entry-mismatch", |b| {
        let other = lab().publish(&lab().key.sign_file(Digest::of(b"other")).unwrap());
        let entry = other.pointer(ENTRY).unwrap().clone();
        at(b, "/verificationMaterial/tlogEntries").as_array_mut().unwrap().push(entry);
    }),
    ("another's entry", "bundle.log-entry-mismatch", |b| {
        let other = lab().publish(&lab().key.sign_file(Digest::of(b"other")).unwrap());
        set(b, ENTRY, other.pointer(ENTRY).unwrap().clone());
    }),
    ("kind of Rekor v1", "bundle.log-entry-kind", |b| {
        set(b, &format!("{ENTRY}/kindVersion/version"), "0.0.1");
    }),
    ("kind for envelopes", "bundle.log-entry-kind", |b| {
        set(b, &format!("{ENTRY}/kindVersion"), json!({ "kind": "dsse", "version": "0.0.1" }));
    }),
    ("kind unknown", "bundle.log-entry-kind", |b| {
        set(b, &format!("{ENTRY}/kindVersion/version"), "0.0.3");
    }),
    ("body that is no JSON", "bundle.log-entry-malformed", |b| set(b, BODY, "AAAA")),
    ("body cut", "bundle.log-entry-malformed", |b| change(b, BODY, |body| body.truncate(90))),
    ("body empty", "bundle.log-entry-malformed", |b| set(b, BODY, "")),
    ("body with a space behind", "bundle.log-inclusion", |b| {
        change(b, BODY, |body| body.push(b' '));
    }),
    ("body that is not base64", "bundle.encoding", |b| set(b, BODY, "e")),
    // Index and proof.
    ("negative index", "bundle.log-index", |b| set(b, &format!("{ENTRY}/logIndex"), "-1")),
    ("index with zeros before", "bundle.malformed", |b| {
        let index = text(b, &format!("{ENTRY}/logIndex"));
        set(b, &format!("{ENTRY}/logIndex"), format!("00{index}"));
    }),
    ("index that is no integer", "bundle.malformed", |b| {
        set(b, &format!("{ENTRY}/logIndex"), 1.5);
    }),
    ("index beyond 64 bits", "bundle.malformed", |b| {
        set(b, &format!("{ENTRY}/logIndex"), "99999999999999999999");
    }),
    ("index as a number", "verified", |b| {
        let index: u64 = text(b, &format!("{ENTRY}/logIndex")).parse().unwrap();
        set(b, &format!("{ENTRY}/logIndex"), index);
    }),
    ("entry's index altered", "bundle.log-index", |b| {
        set(b, &format!("{ENTRY}/logIndex"), "1");
    }),
    ("no index", "bundle.log-index", |b| remove(b, &format!("{ENTRY}/logIndex"))),
    ("proof's index altered", "bundle.log-index", |b| set(b, &format!("{PROOF}/logIndex"), "1")),
    ("both indices altered", "bundle.log-inclusion", |b| {
        set(b, &format!("{ENTRY}/logIndex"), "1");
        set(b, &format!("{PROOF}/logIndex"), "1");
    }),
    ("index beyond the tree", "bundle.log-index", |b| {
        let size = text(b, &format!("{PROOF}/treeSize"));
        set(b, &format!("{ENTRY}/logIndex"), size.clone());
        set(b, &format!("{PROOF}/logIndex"), size);
    }),
    ("no proof", "bundle.no-inclusion-proof", |b| remove(b, PROOF)),
    ("null for a proof", "bundle.no-inclusion-proof", |b| set(b, PROOF, Value::Null)),
    ("hash of the proof altered", "bundle.log-inclusion", |b| {
        flip(b, &format!("{PROOF}/hashes/0"), 0);
    }),
    ("hash of the proof cut", "bundle.log-inclusion", |b| {
        change(b, &format!("{PROOF}/hashes/0"), |hash| hash.truncate(31));
    }),
    ("hash of the proof missing", "bundle.log-inclusion", |b| {
        remove(b, &format!("{PROOF}/hashes/0"));
    }),
    ("hash of the proof twice", "bundle.log-inclusion", |b| {
        let hashes = at(b, &format!("{PROOF}/hashes")).as_array_mut().unwrap();
        hashes.push(hashes[0].clone());
    }),
    ("hashes of the proof in another order", "bundle.log-inclusion", |b| {
        at(b, &format!("{PROOF}/hashes")).as_array_mut().unwrap().reverse();
    }),
    ("no hashes", "bundle.log-inclusion", |b| remove(b, &format!("{PROOF}/hashes"))),
    ("root altered", "bundle.log-inclusion", |b| flip(b, &format!("{PROOF}/rootHash"), 0)),
    ("root cut", "bundle.log-inclusion", |b| {
        change(b, &format!("{PROOF}/rootHash"), |root| root.truncate(20));
    }),
    ("size of the tree doubled", "bundle.log-inclusion", |b| {
        let size: u64 = text(b, &format!("{PROOF}/treeSize")).parse().unwrap();
        set(b, &format!("{PROOF}/treeSize"), (size * 2).to_string());
    }),
    ("size of the tree 0", "bundle.log-index", |b| set(b, &format!("{PROOF}/treeSize"), "0")),
    ("another log's entry", "bundle.log-unknown", |b| flip(b, &format!("{ENTRY}/logId/keyId"), 0)),
    // The checkpoint.
    ("no checkpoint", "bundle.no-checkpoint", |b| remove(b, &format!("{PROOF}/checkpoint"))),
    ("empty checkpoint", "bundle.no-checkpoint", |b| set(b, NOTE, "")),
    ("checkpoint without origin", "bundle.checkpoint-malformed", |b| {
        replace(b, NOTE, "log.example/audit\n", "");
    }),
    ("checkpoint without size", "bundle.checkpoint-malformed", |b| {
        let size = text(b, &format!("{PROOF}/treeSize"));
        replace(b, NOTE, &format!("{size}\n"), "");
    }),
    ("checkpoint without root", "bundle.checkpoint-malformed", |b| {
        let root = text(b, &format!("{PROOF}/rootHash"));
        replace(b, NOTE, &format!("{root}\n"), "");
    }),
    ("checkpoint without signature", "bundle.checkpoint-malformed", |b| {
        let note = text(b, NOTE);
        set(b, NOTE, note.split_once('\u{2014}').unwrap().0);
    }),
    ("checkpoint's dash in ASCII", "bundle.checkpoint-malformed", |b| {
        replace(b, NOTE, "\u{2014}", "-");
    }),
    ("checkpoint in lines of Windows", "bundle.checkpoint-malformed", |b| {
        let note = text(b, NOTE).replace('\n', "\r\n");
        set(b, NOTE, note);
    }),
    ("something behind the checkpoint", "bundle.checkpoint-malformed", |b| {
        let note = text(b, NOTE);
        set(b, NOTE, format!("{note}\nmore\n"));
    }),
    ("checkpoint without its last newline", "bundle.checkpoint-malformed", |b| {
        let note = text(b, NOTE);
        set(b, NOTE, note.trim_end());
    }),
    ("checkpoint's size with a zero before", "bundle.checkpoint-malformed", |b| {
        replace(b, NOTE, "audit\n", "audit\n0");
    }),
    ("checkpoint's size altered", "bundle.checkpoint-root", |b| {
        let size: u64 = text(b, &format!("{PROOF}/treeSize")).parse().unwrap();
        replace(b, NOTE, &format!("\n{size}\n"), &format!("\n{}\n", size + 1));
    }),
    ("checkpoint's root altered", "bundle.checkpoint-root", |b| {
        let root = text(b, &format!("{PROOF}/rootHash"));
        let other = text(&lab().publish(&lab().key.sign_file(Digest::of(b"x")).unwrap()), ROOT);
        replace(b, NOTE, &root, &other);
    }),
    ("checkpoint's origin altered", "bundle.checkpoint-signature", |b| {
        replace(b, NOTE, "log.example", "log.sample");
    }),
    ("checkpoint with a line more", "bundle.checkpoint-signature", |b| {
        replace(b, NOTE, "\n\n", "\nTimestamp: 1\n\n");
    }),
    ("checkpoint's signer renamed", "bundle.checkpoint-signature", |b| {
        replace(b, NOTE, "\u{2014} log.example", "\u{2014} log.sample");
    }),
    ("checkpoint's signature altered", "bundle.checkpoint-signature", |b| {
        let note = text(b, NOTE);
        let (head, last) = note.rsplit_once(' ').unwrap();
        let mut line = STANDARD.decode(last.trim_end()).unwrap();
        line[10] ^= 1;
        set(b, NOTE, format!("{head} {}\n", STANDARD.encode(line)));
    }),
    ("newer checkpoint of the same log", "bundle.checkpoint-root", |b| {
        let newer = lab().publish(&lab().key.sign_file(Digest::of(b"newer")).unwrap());
        set(b, NOTE, text(&newer, NOTE));
    }),
    ("a witness's line more", "verified", |b| {
        let note = text(b, NOTE);
        set(b, NOTE, format!("{note}\u{2014} witness.example AAECAwQFBgc=\n"));
    }),
    ("a witness's line first", "verified", |b| {
        replace(b, NOTE, "\n\n", "\n\n\u{2014} witness.example AAECAwQFBgc=\n");
    }),
    // Time.
    ("no time stamp", "bundle.no-time", |b| set(b, STAMPS, json!([]))),
    ("no list of time stamps", "bundle.no-time", |b| remove(b, STAMPS)),
    ("null for time stamps", "bundle.no-time", |b| {
        set(b, "/verificationMaterial/timestampVerificationData", Value::Null);
    }),
    ("a time by the entry alone", "bundle.no-time", |b| {
        set(b, STAMPS, json!([]));
        add(b, &format!("{ENTRY}/integratedTime"), "1790000000");
    }),
    ("a time by the entry besides", "verified", |b| {
        add(b, &format!("{ENTRY}/integratedTime"), "1790000000");
    }),
    ("a promise that is none", "bundle.log-promise", |b| {
        let promise = json!({ "signedEntryTimestamp": "AAAA" });
        add(b, &format!("{ENTRY}/inclusionPromise"), promise);
    }),
    ("a time stamp twice", "bundle.repeated", |b| {
        let stamp = at(b, STAMPS)[0].clone();
        at(b, STAMPS).as_array_mut().unwrap().push(stamp);
    }),
    ("too many time stamps", "bundle.malformed", |b| {
        let stamp = at(b, STAMPS)[0].clone();
        set(b, STAMPS, vec![stamp; 33]);
    }),
    ("a second time stamp", "verified", |b| {
        let stamp = lab().authority.stamp(&super::mutants::bytes(b, "/messageSignature/signature"));
        add_stamp(b, &stamp);
    }),
    ("a stranger's time stamp besides", "bundle.timestamp-untrusted", |b| {
        let stamp = lab().stranger.stamp(&super::mutants::bytes(b, "/messageSignature/signature"));
        add_stamp(b, &stamp);
    }),
    ("a stranger's time stamp", "bundle.timestamp-untrusted", |b| {
        let stamp = lab().stranger.stamp(&super::mutants::bytes(b, "/messageSignature/signature"));
        change(b, STAMP, |old| *old = stamp);
    }),
    ("a time stamp on the file", "bundle.timestamp-mismatch", |b| {
        let stamp = lab().authority.stamp(ARTIFACT);
        change(b, STAMP, |old| *old = stamp);
    }),
    ("a time stamp that is none", "bundle.timestamp-malformed", |b| set(b, STAMP, "AAAA")),
    ("a time stamp cut", "bundle.timestamp-malformed", |b| {
        change(b, STAMP, |stamp| stamp.truncate(200));
    }),
    ("a byte behind a time stamp", "bundle.timestamp-malformed", |b| {
        change(b, STAMP, |stamp| stamp.push(0));
    }),
    ("a time stamp that is not base64", "bundle.encoding", |b| set(b, STAMP, "AAA!")),
    ("a time stamp's signature altered", "bundle.timestamp-untrusted", |b| flip(b, STAMP, 0)),
    ("a time stamp's time altered", "bundle.timestamp-untrusted", |b| {
        change(b, STAMP, |stamp| {
            let year = stamp.windows(4).position(|four| four == b"\x18\x0f20").unwrap();
            stamp[year + 4] ^= 1;
        });
    }),
    ("a refusal to stamp", "bundle.timestamp-malformed", |b| {
        // TimeStampResp { status PKIStatusInfo { status rejection } }.
        change(b, STAMP, |stamp| *stamp = vec![0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02]);
    }),
];

const ROOT: &str = "/verificationMaterial/tlogEntries/0/inclusionProof/rootHash";

fn add_stamp(bundle: &mut Value, stamp: &[u8]) {
    let stamp = STANDARD.encode(stamp);
    let stamps = at(bundle, STAMPS).as_array_mut().unwrap();
    stamps.push(json!({ "signedTimestamp": stamp }));
}

/// What the library alone accepts of these.
/// What the library alone accepts. Of two members that exclude each other it takes one where serde_json
/// keeps the order of members (`preserve_order`, which others in a build may ask for), and neither where it
/// sorts them.
fn lax_file() -> Vec<&'static str> {
    let parsed: Value = serde_json::from_str(r#"{"b":1,"a":1}"#).unwrap();
    let keeps_order = parsed.to_string().starts_with(r#"{"b""#);
    let two: &[_] =
        if keeps_order { &["signature and envelope", "key and certificate"] } else { &[] };
    [&LAX_FILE[..2], two, &LAX_FILE[2..]].concat()
}

const LAX_FILE: &[&str] = &[
    "unknown name",
    "unknown name in an entry",
    "an entry twice",
    "too many entries",
    "index with zeros before",
    "proof's index altered",
    "root altered",
    "size of the tree doubled",
    "size of the tree 0",
    "another log's entry",
    "something behind the checkpoint",
    "checkpoint without its last newline",
    "checkpoint's signer renamed",
    "no time stamp",
    "no list of time stamps",
    "null for time stamps",
    "a time by the entry alone",
    "a time stamp twice",
    "too many time stamps",
];

pub(super) const STATEMENT: &[Mutant] = &[
    ("payload altered", "bundle.signature", |b| flip(b, "/dsseEnvelope/payload", 1)),
    ("payload with a newline behind", "bundle.signature", |b| {
        change(b, "/dsseEnvelope/payload", |payload| payload.push(b'\n'));
    }),
    ("payload empty", "bundle.signature", |b| set(b, "/dsseEnvelope/payload", "")),
    ("payload that is not base64", "bundle.encoding", |b| {
        set(b, "/dsseEnvelope/payload", "e");
    }),
    ("payload type altered", "bundle.signature", |b| {
        set(b, "/dsseEnvelope/payloadType", "application/vnd.in-toto+jsom");
    }),
    ("payload type of plain JSON", "bundle.signature", |b| {
        set(b, "/dsseEnvelope/payloadType", "application/json");
    }),
    ("signature altered", "bundle.signature", |b| flip(b, "/dsseEnvelope/signatures/0/sig", 0)),
    ("empty signature", "bundle.no-signature", |b| {
        set(b, "/dsseEnvelope/signatures/0/sig", "");
    }),
    ("no signature", "bundle.no-signature", |b| remove(b, "/dsseEnvelope/signatures/0")),
    ("two signatures", "bundle.signature-count", |b| {
        let signature = at(b, "/dsseEnvelope/signatures/0").clone();
        at(b, "/dsseEnvelope/signatures").as_array_mut().unwrap().push(signature);
    }),
    ("another key's name", "verified", |b| set(b, "/dsseEnvelope/signatures/0/keyid", "other")),
    ("no key's name", "verified", |b| remove(b, "/dsseEnvelope/signatures/0/keyid")),
    ("no payload", "bundle.malformed", |b| remove(b, "/dsseEnvelope/payload")),
    ("unknown name in the envelope", "bundle.malformed", |b| add(b, "/dsseEnvelope/extra", 1)),
    ("another signature over the same statement", "bundle.log-entry-mismatch", |b| {
        let other = lab().publish(&lab().key.sign_statement(&statement()).unwrap());
        set(b, "/dsseEnvelope", other["dsseEnvelope"].clone());
        set(b, STAMP, text(&other, STAMP));
    }),
    ("another statement's envelope", "bundle.log-entry-mismatch", |b| {
        let mut other: Value = serde_json::from_slice(&statement()).unwrap();
        other["predicate"] = json!({ "another": true });
        let other = lab().key.sign_statement(other.to_string().as_bytes()).unwrap();
        let other = lab().publish(&other);
        set(b, "/dsseEnvelope", other["dsseEnvelope"].clone());
        set(b, STAMP, text(&other, STAMP));
    }),
    ("entry of a plain signature", "bundle.log-entry-mismatch", |b| {
        let other = lab().publish(&lab().key.sign_file(Digest::of(ARTIFACT)).unwrap());
        set(b, ENTRY, other.pointer(ENTRY).unwrap().clone());
    }),
    ("kind for plain signatures", "bundle.log-entry-kind", |b| {
        set(b, &format!("{ENTRY}/kindVersion/version"), "0.0.1");
    }),
    ("no time stamp", "bundle.no-time", |b| set(b, STAMPS, json!([]))),
    ("no proof", "bundle.no-inclusion-proof", |b| remove(b, PROOF)),
];
