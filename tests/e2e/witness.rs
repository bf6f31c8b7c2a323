//! A witness as a process of its own: what it cosigns is believed under a policy, and killing it does
//! not make it forget.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use domain::keys::SecretKey;
use serde_json::Value;
use tlog::Log;
use tlog::witness::AddCheckpoint;
use tlog_files::FileStore;
use zeroize::Zeroizing;

use crate::harness::program;

const ORIGIN: &str = "log.example/e2e";

/// A witness process, killed when dropped.
struct Witness {
    child: Child,
    url: String,
    key: String,
}

impl Witness {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(program("cloister"))
            .args(["log", "witness", "--name", "w.example/e2e", "--key", "witness.key"])
            .args(["--policy", "logs.txt", "--folder", "memory", "--listen", "127.0.0.1:0"])
            .current_dir(folder)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        errors.read_line(&mut line).unwrap();
        // What it says of each request must not block it.
        std::thread::spawn(move || std::io::copy(&mut errors, &mut std::io::sink()));
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["witness", url, key] = words.as_slice() else { panic!("{line}") };
        Self { child, url: (*url).to_owned(), key: (*key).to_owned() }
    }

    /// Status and body of the answer, over a connection of its own.
    fn asked(&self, request: &AddCheckpoint) -> (u16, String) {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let body = request.to_string();
        let head =
            format!("host: {address}\r\ncontent-length: {}\r\nconnection: close", body.len());
        write!(stream, "POST /add-checkpoint HTTP/1.1\r\n{head}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap();
        (status.parse().unwrap(), body.to_owned())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // SIGKILL: nothing is written at the last moment.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn cloister(folder: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(program("cloister"));
    let output = command.arg("--json").args(arguments).current_dir(folder).output().unwrap();
    let json = serde_json::from_slice(&output.stdout);
    (output.status.code(), json.unwrap_or_else(|_| panic!("{output:?}")))
}

fn request(log: &Log<FileStore>, old_size: u64) -> AddCheckpoint {
    let proof = match old_size {
        0 => Vec::new(),
        old => log.consistency(old, log.size()).unwrap(),
    };
    AddCheckpoint { old_size, proof, note: log.checkpoint().note().to_owned() }
}

#[test]
fn a_cosigned_log_is_believed_and_a_killed_witness_remembers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let secret = SecretKey::from_seed(&Zeroizing::new([5; 32]));
    let store = FileStore::open(&folder.join("log"), &folder.join("cell")).unwrap();
    let mut log = Log::open(store, ORIGIN, secret).unwrap();
    log.append(&[b"1".to_vec(), b"2".to_vec()]).unwrap();
    std::fs::write(folder.join("logs.txt"), format!("log {}\nquorum none\n", log.key())).unwrap();
    assert_eq!(cloister(folder, &["key", "generate", "--out", "witness.key"]).0, Some(0));

    let witness = Witness::start(folder);
    let policy = format!("log {}\nwitness w {}\nquorum w\n", log.key(), witness.key);
    std::fs::write(folder.join("policy.txt"), policy).unwrap();
    let verify = || cloister(folder, &["log", "verify", "--policy", "policy.txt", "--dir", "log"]);
    let (code, answer) = verify();
    assert_eq!((code, &answer["reason"]), (Some(1), &"log.quorum".into()), "{answer}");

    let first = request(&log, 0);
    let (status, line) = witness.asked(&first);
    assert_eq!(status, 200, "{line}");
    std::fs::write(folder.join("log/checkpoint"), first.note.clone() + &line).unwrap();
    let (code, answer) = verify();
    assert_eq!((code, &answer["size"]), (Some(0), &2.into()), "{answer}");
    assert!(answer["cosigned"]["w"].is_string(), "{answer}");
    let proof = ["log", "prove", "--policy", "policy.txt", "--dir", "log", "--index", "1"];
    let files = ["--out", "1.tlog-proof", "--entry", "1.entry"];
    assert_eq!(cloister(folder, &[proof.as_slice(), &files].concat()).0, Some(0));
    let check = ["log", "verify-proof", "--policy", "policy.txt", "--proof", "1.tlog-proof"];
    let (code, answer) = cloister(folder, &[check.as_slice(), &["--entry", "1.entry"]].concat());
    assert_eq!((code, &answer["index"]), (Some(0), &1.into()), "{answer}");
    assert!(answer["cosigned"]["w"].is_string(), "{answer}");

    drop(witness);
    let witness = Witness::start(folder);
    assert_eq!(witness.asked(&first), (409, "2\n".to_owned()));
    log.append(&[b"3".to_vec()]).unwrap();
    assert_eq!(witness.asked(&request(&log, 2)).0, 200);
    // A second head, signed by the log's own key.
    let store = FileStore::open(&folder.join("other"), &folder.join("other-cell")).unwrap();
    let secret = SecretKey::from_seed(&Zeroizing::new([5; 32]));
    let mut other = Log::open(store, ORIGIN, secret).unwrap();
    other.append(&[b"a".to_vec(), b"b".to_vec(), b"c".to_vec(), b"d".to_vec()]).unwrap();
    assert_eq!(witness.asked(&request(&other, 3)).0, 422);
}
