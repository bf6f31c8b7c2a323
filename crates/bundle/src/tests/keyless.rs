//! Mutants of other people's bundles, which are signed with certificates, and of their roots.

use domain::Reason as _;
use serde_json::{Value, json};

use super::mutants::{ENTRY, PROOF, STAMPS, add, at, bytes, change, flip, remove, set};
use super::vectors::Case;
use crate::Artifact;

/// A change to a case: its bundle and its trusted root.
type Change = fn(&mut Value, &mut Value);

/// Judges the mutants of one case.
fn judge(name: &str, mutants: &[(&str, &str, Change)]) {
    let Some(case) = Case::read("bundle-verify", name) else {
        println!("skipped: the sigstore vectors are not beside this project");
        return;
    };
    assert_eq!(case.verdict(), "verified");
    let mut wrong = Vec::new();
    for (change, reason, mutate) in mutants {
        let mut bundle = serde_json::from_str(&case.bundle).unwrap();
        let mut root = serde_json::from_str(&case.root).unwrap();
        mutate(&mut bundle, &mut root);
        let mutant = Case { bundle: bundle.to_string(), root: root.to_string(), ..case.clone() };
        let found = mutant.verdict();
        if found != *reason {
            wrong.push(format!("{change}: {found}, not {reason}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "{name}");
    println!("{} mutants of {name}", mutants.len());
}

/// Something of another case.
fn from(name: &str, pointer: &str) -> Value {
    let case = Case::read("bundle-verify", name).unwrap();
    let json: Value = serde_json::from_str(&case.bundle).unwrap();
    json.pointer(pointer).unwrap().clone()
}

const LEAF: &str = "/verificationMaterial/certificate/rawBytes";

#[test]
fn rekor_2_with_a_certificate() {
    judge(
        "rekor2-happy-path",
        &[
            ("no certificate", "bundle.no-certificate", |b, _| {
                remove(b, "/verificationMaterial/certificate");
            }),
            ("a key instead", "bundle.no-certificate", |b, _| {
                remove(b, "/verificationMaterial/certificate");
                add(b, "/verificationMaterial/publicKey", json!({ "hint": "" }));
            }),
            ("an empty certificate", "bundle.certificate-malformed", |b, _| set(b, LEAF, "")),
            ("a certificate without bytes", "bundle.certificate-malformed", |b, _| {
                remove(b, LEAF);
            }),
            ("certificate cut", "bundle.certificate-malformed", |b, _| {
                change(b, LEAF, |der| der.truncate(300));
            }),
            ("something behind the certificate", "bundle.certificate-malformed", |b, _| {
                change(b, LEAF, |der| der.push(0));
            }),
            ("another's certificate", "bundle.signature", |b, _| {
                let other = from("rekor2-dsse-happy-path", LEAF);
                set(b, LEAF, other);
            }),
            // Its signature by the authority: what it certifies stays the same.
            ("certificate's signature altered", "bundle.log-entry-mismatch", |b, _| {
                flip(b, LEAF, 0);
            }),
            ("a chain in version 0.3", "bundle.version", |b, _| {
                let leaf = at(b, "/verificationMaterial/certificate").clone();
                remove(b, "/verificationMaterial/certificate");
                let chain = json!({ "certificates": [leaf] });
                add(b, "/verificationMaterial/x509CertificateChain", chain);
            }),
            ("signature altered", "bundle.signature", |b, _| {
                flip(b, "/messageSignature/signature", 0);
            }),
            ("no time stamp", "bundle.no-time", |b, _| set(b, STAMPS, json!([]))),
            ("another's time stamp", "bundle.timestamp-mismatch", |b, _| {
                set(b, STAMPS, from("rekor2-dsse-happy-path", STAMPS));
            }),
            ("no proof", "bundle.no-inclusion-proof", |b, _| remove(b, PROOF)),
            ("another's proof", "bundle.log-index", |b, _| {
                set(b, PROOF, from("rekor2-dsse-happy-path", PROOF));
            }),
            ("another's entry", "bundle.log-entry-mismatch", |b, _| {
                set(b, ENTRY, from("rekor2-dsse-happy-path", ENTRY));
            }),
            ("no certificate authority", "bundle.authority-validity", |_, r| {
                set(r, "/certificateAuthorities", json!([]));
            }),
            ("certificate authority over before", "bundle.authority-validity", |_, r| {
                for each in at(r, "/certificateAuthorities").as_array_mut().unwrap() {
                    each["validFor"]["end"] = json!("2023-01-01T00:00:00Z");
                }
            }),
            ("another certificate authority", "bundle.certificate", |_, r| {
                let stamps = at(r, "/timestampAuthorities/0/certChain").clone();
                for each in at(r, "/certificateAuthorities").as_array_mut().unwrap() {
                    each["certChain"] = stamps.clone();
                }
            }),
            ("no certificate log", "bundle.certificate-sct", |_, r| set(r, "/ctlogs", json!([]))),
            ("certificate log over before", "bundle.certificate-sct", |_, r| {
                for each in at(r, "/ctlogs").as_array_mut().unwrap() {
                    each["publicKey"]["validFor"]["end"] = json!("2023-01-01T00:00:00Z");
                }
            }),
            ("no log", "bundle.log-unknown", |_, r| set(r, "/tlogs", json!([]))),
            ("log over before", "bundle.log-validity", |_, r| {
                for each in at(r, "/tlogs").as_array_mut().unwrap() {
                    each["publicKey"]["validFor"]["end"] = json!("2025-06-12T12:02:19Z");
                }
            }),
            ("log over at that second", "verified", |_, r| {
                for each in at(r, "/tlogs").as_array_mut().unwrap() {
                    each["publicKey"]["validFor"]["end"] = json!("2025-06-12T12:02:20Z");
                }
            }),
            ("time stamp authority over a second before", "bundle.timestamp-validity", |_, r| {
                let end = json!("2025-06-12T12:02:19Z");
                at(r, "/timestampAuthorities/0/validFor")["end"] = end;
            }),
            ("no time stamp authority", "bundle.timestamp-untrusted", |_, r| {
                set(r, "/timestampAuthorities", json!([]));
            }),
        ],
    );
}

#[test]
fn a_statement_in_rekor_2_with_a_certificate() {
    judge(
        "rekor2-dsse-happy-path",
        &[
            ("payload altered", "bundle.signature", |b, _| flip(b, "/dsseEnvelope/payload", 2)),
            ("two signatures", "bundle.signature-count", |b, _| {
                let signature = at(b, "/dsseEnvelope/signatures/0").clone();
                at(b, "/dsseEnvelope/signatures").as_array_mut().unwrap().push(signature);
            }),
            ("kind of Rekor v1", "bundle.log-entry-kind", |b, _| {
                let kind = json!({ "kind": "dsse", "version": "0.0.1" });
                set(b, &format!("{ENTRY}/kindVersion"), kind);
            }),
            ("another's signature", "bundle.signature", |b, _| {
                let other = from("rekor2-happy-path", "/messageSignature/signature");
                set(b, "/dsseEnvelope/signatures/0/sig", other);
            }),
        ],
    );
}

#[test]
fn version_0_1_with_promise() {
    judge(
        "happy-path-v0.1",
        &[
            ("no promise", "bundle.no-log-promise", |b, _| {
                remove(b, &format!("{ENTRY}/inclusionPromise"));
            }),
            ("promise altered", "bundle.log-promise", |b, _| {
                flip(b, &format!("{ENTRY}/inclusionPromise/signedEntryTimestamp"), 0);
            }),
            ("time altered", "bundle.log-promise", |b, _| {
                set(b, &format!("{ENTRY}/integratedTime"), "1689177397");
            }),
            ("no time", "bundle.log-promise", |b, _| {
                remove(b, &format!("{ENTRY}/integratedTime"));
            }),
            ("time far from the certificate's", "bundle.log-promise", |b, _| {
                set(b, &format!("{ENTRY}/integratedTime"), "1289177396");
            }),
            ("index altered", "bundle.log-promise", |b, _| {
                set(b, &format!("{ENTRY}/logIndex"), "27246493");
            }),
            // Version 0.1 asks for the promise alone.
            ("no proof", "verified", |b, _| remove(b, PROOF)),
            ("proof altered", "bundle.log-inclusion", |b, _| {
                flip(b, &format!("{PROOF}/hashes/0"), 0);
            }),
            ("proof without checkpoint", "bundle.no-checkpoint", |b, _| {
                remove(b, &format!("{PROOF}/checkpoint"));
            }),
            ("chain without certificates", "bundle.no-certificate", |b, _| {
                let chain = "/verificationMaterial/x509CertificateChain";
                set(b, chain, json!({}));
            }),
            ("another's certificate first", "bundle.signature", |b, _| {
                let other =
                    from("happy-path-v0.3-new-mediaType", "/verificationMaterial/certificate");
                let chain = "/verificationMaterial/x509CertificateChain/certificates";
                at(b, chain).as_array_mut().unwrap().insert(0, other);
            }),
            ("another's certificate behind", "verified", |b, _| {
                let other =
                    from("happy-path-v0.3-new-mediaType", "/verificationMaterial/certificate");
                let chain = "/verificationMaterial/x509CertificateChain/certificates";
                at(b, chain).as_array_mut().unwrap().push(other);
            }),
            ("version 0.3 with a chain", "bundle.version", |b, _| {
                set(b, "/mediaType", "application/vnd.dev.sigstore.bundle.v0.3+json");
            }),
            ("body's digest altered", "bundle.log-entry-mismatch", |b, _| {
                body(b, "a0cfc712", "a1cfc712");
            }),
            ("body's algorithm altered", "bundle.algorithm", |b, _| {
                body(b, "\"sha256\"", "\"sha512\"");
            }),
            ("body's kind altered", "bundle.log-entry-kind", |b, _| {
                body(b, "\"kind\":\"hashedrekord\"", "\"kind\":\"rekord\"");
            }),
            ("body's signature altered", "bundle.log-entry-mismatch", |b, _| {
                body(b, "\"content\":\"MEQCIFOp", "\"content\":\"MEQCIFOq");
            }),
            ("log over a second before", "bundle.log-validity", |_, r| {
                window(r, "end", "2023-07-12T15:56:35Z");
            }),
            ("log begins a second later", "bundle.log-validity", |_, r| {
                window(r, "start", "2023-07-12T15:56:37Z");
            }),
            ("log begins at that second", "verified", |_, r| {
                window(r, "start", "2023-07-12T15:56:36Z");
            }),
        ],
    );
}

#[test]
fn version_0_3_with_promise() {
    judge(
        "happy-path-v0.3-new-mediaType",
        &[
            // Without the promise nobody vouches for the time.
            ("no promise", "bundle.no-time", |b, _| {
                remove(b, &format!("{ENTRY}/inclusionPromise"));
            }),
            ("promise altered", "bundle.log-promise", |b, _| {
                flip(b, &format!("{ENTRY}/inclusionPromise/signedEntryTimestamp"), 0);
            }),
            ("no proof", "bundle.no-inclusion-proof", |b, _| remove(b, PROOF)),
            ("no entry", "bundle.no-log-entry", |b, _| {
                set(b, "/verificationMaterial/tlogEntries", json!([]));
            }),
            ("negative index in the proof", "bundle.log-index", |b, _| {
                set(b, &format!("{PROOF}/logIndex"), "-5");
            }),
            ("another's signature", "bundle.signature", |b, _| {
                let other = from("happy-path-v0.2", "/messageSignature");
                set(b, "/messageSignature", other);
            }),
        ],
    );
}

#[test]
fn a_statement_in_rekor_1() {
    let Some(case) = Case::read("bundle-verify", "dsse-mismatch-sig_fail") else {
        println!("skipped: the sigstore vectors are not beside this project");
        return;
    };
    // The envelope's signature put right: that is the bundle before it was spoilt.
    let mut bundle: Value = serde_json::from_str(&case.bundle).unwrap();
    let body: Value =
        serde_json::from_slice(&bytes(&bundle, &format!("{ENTRY}/canonicalizedBody"))).unwrap();
    let logged = body.pointer("/spec/signatures/0/signature").unwrap().clone();
    set(&mut bundle, "/dsseEnvelope/signatures/0/sig", logged);
    let whole = Case { bundle: bundle.to_string(), ..case };
    assert_eq!(whole.verdict(), "verified");
    for (from, to, reason) in [
        (
            "\"payloadHash\":{\"algorithm\":\"sha256\"",
            "\"payloadHash\":{\"algorithm\":\"sha512\"",
            "bundle.algorithm",
        ),
        ("d6b209ba", "d6b209bb", "bundle.log-entry-mismatch"),
        ("\"signature\":\"MEUCIE1R", "\"signature\":\"MEUCIE1S", "bundle.log-entry-mismatch"),
        (
            "\"verifier\":\"LS0tLS1CRUdJTiBDRVJ",
            "\"verifier\":\"LS0tLS1CRUdJTiBDRVK",
            "bundle.log-entry-mismatch",
        ),
        (
            "\"envelopeHash\":{\"algorithm\":\"sha256\"",
            "\"envelopeHash\":{\"algorithm\":\"sha1\"",
            "bundle.log-entry-malformed",
        ),
        // The log holds the hash of the envelope as it was sent, which a bundle does not have.
        ("90b5e3cc", "90b5e3cd", "bundle.log-inclusion"),
    ] {
        let mut bundle = bundle.clone();
        self::body(&mut bundle, from, to);
        let mutant = Case { bundle: bundle.to_string(), ..whole.clone() };
        assert_eq!(mutant.verdict(), reason, "{from} to {to}");
    }
}

#[test]
fn only_the_expected_identity_and_issuer_count() {
    let Some(case) = Case::read("bundle-verify", "rekor2-happy-path") else {
        println!("skipped: the sigstore vectors are not beside this project");
        return;
    };
    let ours = case.identity.clone();
    for identity in
        ["", "somebody", &ours.to_uppercase(), &format!("{ours} "), ours.trim_end_matches('n')]
    {
        let other = Case { identity: identity.to_owned(), ..case.clone() };
        assert_eq!(other.verdict(), "bundle.identity", "{identity}");
    }
    for issuer in ["", "https://token.actions.githubusercontent.com/", "token.actions"] {
        let other = Case { issuer: issuer.to_owned(), ..case.clone() };
        assert_eq!(other.verdict(), "bundle.issuer", "{issuer}");
    }
    let keyed = Case { key: Some(super::lab::lab().key.public_pem()), ..case.clone() };
    assert_eq!(keyed.verdict(), "bundle.kind");
    let early = Case { now: "2025-06-12T12:02:19Z".parse().unwrap(), ..case.clone() };
    assert_eq!(early.verdict(), "bundle.time-future");
    let at_once = Case { now: "2025-06-12T12:02:20Z".parse().unwrap(), ..case.clone() };
    assert!(at_once.judge(Artifact::Bytes(&case.artifact)).is_ok());
    let error = early.judge(Artifact::Bytes(&case.artifact)).unwrap_err();
    assert_eq!(
        (error.reason(), error.to_string().as_str()),
        ("bundle.time-future", "2025-06-12T12:02:20Z is still to come")
    );
}

/// Replaces a part of the log entry's body.
fn body(bundle: &mut Value, from: &str, to: &str) {
    change(bundle, &format!("{ENTRY}/canonicalizedBody"), |body| {
        let text = String::from_utf8(body.clone()).unwrap();
        assert!(text.contains(from), "no {from} in {text}");
        *body = text.replacen(from, to, 1).into_bytes();
    });
}

/// Sets one end of the time of every log, where that is not before its beginning.
fn window(root: &mut Value, end: &str, time: &str) {
    for log in at(root, "/tlogs").as_array_mut().unwrap() {
        let window = log["publicKey"]["validFor"].as_object_mut().unwrap();
        if end == "end" && window["start"].as_str().unwrap() > time {
            continue;
        }
        window.remove("end");
        window.insert(end.to_owned(), json!(time));
    }
}
