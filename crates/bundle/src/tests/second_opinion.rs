//! What programs that nobody here wrote say of our bundles and of their mutants: npm's
//! `@sigstore/verify` of whole bundles, PyPI's `sigstore` of their form, log entries and time stamps.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use serde_json::{Value, json};

use super::form::{FILE, STATEMENT};
use super::lab::{ARTIFACT, lab, later, statement, verdict};
use super::root::ROOTS;
use crate::write::key_hint;

/// One bundle for both.
struct Case {
    name: String,
    bundle: Value,
    root: Value,
    /// What is said of it here.
    ours: &'static str,
}

fn cases() -> Vec<Case> {
    let (key, root) = (&lab().key, &lab().root);
    let file = lab().publish(&key.sign_file(Digest::of(ARTIFACT)).unwrap());
    let envelope = lab().publish(&key.sign_statement(&statement()).unwrap());
    let mut cases = Vec::new();
    let mut case = |name: String, bundle: Value, root: Value| {
        let ours = verdict(&bundle.to_string(), ARTIFACT, &root.to_string(), later());
        cases.push(Case { name, bundle, root, ours });
    };
    case("file".to_owned(), file.clone(), root.clone());
    case("statement".to_owned(), envelope.clone(), root.clone());
    for (whole, mutants, kind) in [(&file, FILE, "file"), (&envelope, STATEMENT, "statement")] {
        for (name, _, mutate) in mutants {
            let mut mutant = whole.clone();
            mutate(&mut mutant);
            case(format!("{kind}, {name}"), mutant, root.clone());
        }
    }
    for (name, _, mutate) in ROOTS {
        let mut mutant = root.clone();
        mutate(&mut mutant);
        case(format!("root, {name}"), file.clone(), mutant);
    }
    cases
}

/// Another program's answer.
struct Answer {
    program: String,
    verdicts: Vec<(String, String, String)>,
}

/// What it comes to beside ours.
struct Compared<'a> {
    tolerated: Vec<&'a str>,
    rejected: usize,
    alike: usize,
}

impl Answer {
    /// Counts its refusals, and those for our reason; prints the figures.
    fn compare(&self, cases: &[Case], same: fn(&str, &str, &str) -> bool) -> Compared<'_> {
        let accepted = |name: &str| (name.to_owned(), "accepted".to_owned(), String::new());
        assert_eq!(self.verdicts[..2], [accepted("file"), accepted("statement")]);
        let (mut alike, mut agreed, mut tolerated) = (0, 0, Vec::new());
        for (case, (name, code, message)) in cases.iter().zip(&self.verdicts) {
            match (case.ours, code.as_str()) {
                ("verified", "accepted") => agreed += 1,
                (_, "accepted") => tolerated.push(name.as_str()),
                (ours, code) => alike += usize::from(same(ours, code, message)),
            }
        }
        let rejected = cases.len() - agreed - tolerated.len();
        println!(
            "{}: {agreed} accepted as here, {rejected} rejected, {alike} of them for the reason given \
             here; {} accepted that are refused here",
            self.program,
            tolerated.len(),
        );
        Compared { tolerated, rejected, alike }
    }
}

#[test]
fn sigstore_for_javascript_accepts_our_bundles_and_refuses_mutants() {
    let cases = cases();
    let mut node = Command::new("node");
    let modules = cache().join("cloister-sigstore/node_modules");
    node.arg(Path::new(FOLDER).join("verify.cjs")).env("CLOISTER_NODE_MODULES", modules);
    let answer = ask("@sigstore/verify (npm)", node, &cases);
    let compared = answer.compare(&cases, javascript);
    assert_eq!(compared.tolerated, TOLERATED);
    assert!(compared.alike >= 90, "{} of {}", compared.alike, compared.rejected);
}

#[test]
fn sigstore_for_python_accepts_our_log_entries_and_stamps_and_refuses_mutants() {
    let cases = cases();
    let mut python = Command::new(cache().join("cloister-sigstore/python/bin/python"));
    python.arg(Path::new(FOLDER).join("verify.py"));
    let answer = ask("sigstore (PyPI)", python, &cases);
    let compared = answer.compare(&cases, python_says);
    assert!(compared.alike >= 60, "{} of {}", compared.alike, compared.rejected);
    // Of what it looks at, it accepts these alone that are refused here.
    let looked_at = ["inclusion", "checkpoint", "time", "log-unknown"];
    let ours = |name: &str| cases.iter().find(|case| case.name == name).unwrap().ours;
    let lax: Vec<_> = compared
        .tolerated
        .iter()
        .filter(|name| looked_at.iter().any(|word| ours(name).contains(word)))
        .collect();
    assert_eq!(
        lax,
        [
            &"file, another log's entry",
            &"file, checkpoint's signer renamed",
            &"root, another log's name"
        ]
    );
}

/// Whether its words are about our reason. Form is looked at first, then the entry, then stamps.
fn python_says(ours: &str, code: &str, message: &str) -> bool {
    let about = |words: &[&str]| words.iter().any(|word| message.contains(word));
    match ours {
        "bundle.log-inclusion" | "bundle.log-index" | "bundle.no-inclusion-proof" => {
            about(&["inclusion proof", "inclusionProof", "logIndex"])
        }
        "bundle.no-checkpoint"
        | "bundle.checkpoint-malformed"
        | "bundle.checkpoint-root"
        | "bundle.checkpoint-signature" => {
            about(&["heckpoint", "note", "Note", "root hash signature"])
        }
        "bundle.no-time" => about(&["no time stamp"]),
        "bundle.timestamp-mismatch"
        | "bundle.timestamp-untrusted"
        | "bundle.timestamp-validity"
        | "bundle.signature" => about(&["time stamp not verified"]),
        "bundle.timestamp-malformed" => about(&["ParseError", "Missing SignedData"]),
        "bundle.no-log-entry" => about(&["no log entry", "tlogEntries"]),
        "bundle.version" => about(&["mediaType"]),
        "bundle.malformed"
        | "bundle.no-certificate"
        | "bundle.no-signature"
        | "bundle.encoding" => code == "ValidationError",
        "bundle.trusted-root" => !about(&["time stamp"]),
        _ => false,
    }
}

/// Whether its code stands for our reason. It looks at time stamps first and at the body last, and
/// has one code for all that concerns the proof.
fn javascript(ours: &str, code: &str, message: &str) -> bool {
    match ours {
        "bundle.no-time"
        | "bundle.timestamp-mismatch"
        | "bundle.timestamp-untrusted"
        | "bundle.timestamp-validity" => code == "TIMESTAMP_ERROR",
        "bundle.log-inclusion"
        | "bundle.log-index"
        | "bundle.log-unknown"
        | "bundle.checkpoint-malformed"
        | "bundle.checkpoint-root"
        | "bundle.checkpoint-signature" => code == "TLOG_INCLUSION_PROOF_ERROR",
        "bundle.log-entry-mismatch" | "bundle.log-entry-kind" | "bundle.artifact" => {
            code == "TLOG_BODY_ERROR"
        }
        "bundle.log-promise" => code == "TLOG_INCLUSION_PROMISE_ERROR",
        "bundle.no-log-entry" => code == "TLOG_ERROR",
        "bundle.repeated" => message.starts_with("duplicate"),
        // What was stamped and logged is the signature, so its change shows there.
        "bundle.signature" => {
            matches!(code, "TIMESTAMP_ERROR" | "TLOG_BODY_ERROR" | "SIGNATURE_ERROR")
        }
        "bundle.version"
        | "bundle.malformed"
        | "bundle.no-certificate"
        | "bundle.no-checkpoint"
        | "bundle.no-inclusion-proof"
        | "bundle.no-log-promise"
        | "bundle.no-signature"
        | "bundle.signature-count" => message.starts_with("invalid") && code == "Error",
        "bundle.timestamp-malformed" => code == "Error",
        _ => false,
    }
}

/// What it accepts although it is refused here, all of it of no consequence for what it verifies or
/// about a trusted root that nobody should have.
const TOLERATED: &[&str] = &[
    "file, media type of a later version",
    "file, unknown name",
    "file, unknown name in an entry",
    "file, signature and envelope",
    "file, key and certificate",
    "file, digest with a space",
    "file, negative index",
    "file, index with zeros before",
    "file, index that is no integer",
    "file, index beyond 64 bits",
    "file, entry's index altered",
    "file, no index",
    "file, root altered",
    "file, root cut",
    "file, size of the tree doubled",
    "file, size of the tree 0",
    "file, something behind the checkpoint",
    "statement, unknown name in the envelope",
    "root, another media type",
    "root, one log twice",
    "root, the log's time over before",
    "root, the log's time still to come",
    "root, the log's time without beginning",
    "root, the log's time backwards",
    "root, the log's time in no known form",
];

fn ask(program: &str, mut command: Command, cases: &[Case]) -> Answer {
    let key = &lab().key;
    let hint = key_hint(&key.sign_file(Digest::of(b"")).unwrap().leaf().key);
    let cases: Vec<_> = cases
        .iter()
        .map(|case| {
            json!({
                "name": case.name,
                "bundle": case.bundle.to_string(),
                "root": case.root.to_string(),
                "artifact": STANDARD.encode(ARTIFACT),
            })
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("cases.json");
    let question = json!({ "key": key.public_pem(), "hint": hint, "cases": cases });
    fs::write(&input, question.to_string()).unwrap();
    let output = command.arg(&input).output();
    let output = output.unwrap_or_else(|error| panic!("no {program}: {error}; run `make setup`"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {told}\nIs it installed? Run `make setup`");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    Answer {
        program: format!("{program} {} on {}", text("version"), text("runtime")),
        verdicts: serde_json::from_value(answer["verdicts"].clone()).unwrap(),
    }
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/second-opinion/sigstore");

/// Beside the folder into which scripts/sigstore.sh puts both.
fn cache() -> PathBuf {
    let home = || PathBuf::from(env::var_os("HOME").unwrap()).join(".cache");
    env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from)
}
