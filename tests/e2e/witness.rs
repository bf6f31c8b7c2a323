//! Witnesses as processes of their own: what they cosign is believed under a policy, killing one does
//! not make it forget, and a node releases nothing before a quorum of them has cosigned.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloister::node::{Keys, NodeFolder};
use domain::event::Action;
use domain::ids::JobId;
use domain::keys::SecretKey;
use lab::LabError;
use lab::workspace::{Signed, Workspace};
use serde_json::{Value, json};
use testkit::loopback::own_address;
use tlog::witness::AddCheckpoint;
use tlog::{Log, VerifierKey};
use tlog_files::FileStore;
use zeroize::Zeroizing;

use crate::harness::{Scene, program, refusal};
use crate::kbs::{Enclave, request_of};

const ORIGIN: &str = "log.example/e2e";

/// A witness process, killed when dropped.
struct Witness {
    child: Child,
    url: String,
    key: String,
}

impl Witness {
    fn start(folder: &Path) -> Self {
        Self::start_at(&own_address().unwrap().to_string(), folder)
    }

    fn start_at(address: &str, folder: &Path) -> Self {
        let mut child = Command::new(program("cloister"))
            .args(["log", "witness", "--name", "w.example/e2e", "--key", "witness.key"])
            .args(["--policy", "logs.txt", "--folder", "memory", "--listen", address])
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

/// Three witnesses of the log `key`, each in a folder of its own, and a policy of two of them.
fn three_witnesses(folder: &Path, key: &VerifierKey) -> Vec<Witness> {
    let mut policy = format!("log {key}\n");
    let start = |number: usize| {
        let folder = folder.join(format!("witness-{number}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("logs.txt"), format!("log {key}\nquorum none\n")).unwrap();
        // One of them has a key of the other kind.
        let generate = if number == 2 { "generate-ml-dsa" } else { "generate" };
        assert_eq!(cloister(&folder, &["key", generate, "--out", "witness.key"]).0, Some(0));
        Witness::start(&folder)
    };
    let witnesses: Vec<_> = (0..3).map(start).collect();
    for (number, witness) in witnesses.iter().enumerate() {
        policy += &format!("witness w{number} {} {}\n", witness.key, witness.url);
    }
    policy += "group g 2 w0 w1 w2\nquorum g\n";
    std::fs::write(folder.join("witnesses.policy"), policy).unwrap();
    witnesses
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_leaves_before_a_quorum_has_cosigned() {
    let scene = Scene::new();
    let (_, component) = scene.workloads();
    let folder = scene.folder.path().to_owned();
    let keys = Keys::open(&NodeFolder::open(&scene.sealed.node_folder()).unwrap()).unwrap();
    let key = VerifierKey::new("lab.cloister.example/log", keys.log.public()).unwrap();
    let mut witnesses = three_witnesses(&folder, &key);
    let policy = folder.join("witnesses.policy");
    let stage = scene
        .with(format!("--witnesses={}", policy.display()))
        .with("--witness-timeout=120")
        .start();
    let log = stage.workspace.log_folder();
    let verified = || {
        let (policy, log) = (policy.to_str().unwrap(), log.to_str().unwrap());
        let (code, answer) =
            cloister(&folder, &["log", "verify", "--policy", policy, "--dir", log]);
        let cosigned = answer["cosigned"].as_object().map_or(0, serde_json::Map::len);
        (code, answer["reason"].as_str().unwrap_or_default().to_owned(), cosigned >= 2)
    };
    let believed = (Some(0), String::new(), true);

    stage.workspace.approved(&[&component]).await.unwrap();
    let attested = async |job: u8| {
        let initdata = launch(&stage.workspace, &component, job).await.unwrap();
        let enclave = Enclave::launched(&stage.workspace, initdata);
        let session = enclave.auth().await;
        let token = enclave.attest(&session, |_| ()).await.token().to_owned();
        (enclave, token)
    };
    let (enclave, token) = attested(1).await;
    assert_eq!(enclave.key(&token).await.status, 200);
    assert_eq!(stage.accepted(Action::KeyReleased), 1);
    assert_eq!(verified(), believed);

    let (enclave, token) = attested(2).await;
    let address = witnesses[2].url.strip_prefix("http://").unwrap().to_owned();
    witnesses.truncate(1);
    let refused = enclave.key(&token).await;
    assert_eq!((refused.status, refused.reason()), (503, "log.quorum"), "{refused:?}");
    assert!(refused.body.get("ciphertext").is_none());
    // Readers are shown what was cosigned, and believe it.
    assert_eq!(stage.accepted(Action::KeyReleased), 1);
    assert_eq!(verified(), believed);
    assert_eq!(enclave.key(&token).await.reason(), "log.quorum");
    let other = launch(&stage.workspace, &component, 3).await;
    assert_eq!(refusal(other), "log.quorum");
    // Who is there has a few seconds to answer, and on a busy machine may need a second chance.
    let seen = std::iter::repeat_with(|| answering(&folder)).find(|answer| answer[0]).unwrap();
    assert_eq!(seen, [true, false, false]);

    let _again = Witness::start_at(&address, &folder.join("witness-2"));
    let (enclave, token) = attested(4).await;
    assert_eq!(enclave.key(&token).await.status, 200);
    assert_eq!(verified(), believed);
    // The release that was refused turned up in the log, before the one that was not.
    assert_eq!(stage.accepted(Action::KeyReleased), 3);

    // The witnesses are away when the node starts: it serves, and releases nothing.
    drop(witnesses);
    let stage = stage.crash_and_restart();
    assert_eq!(refusal(launch(&stage.workspace, &component, 5).await), "log.quorum");
}

/// The init data of a launch that the broker authorised.
async fn launch(workspace: &Workspace, signed: &Signed, job: u8) -> Result<Vec<u8>, LabError> {
    let job = JobId::from_random([job; 16]);
    let body = json!({ "request": request_of(workspace, signed.workload.digest, job) });
    let answer: Value = workspace.broker.post("/v0/launches", None, &body, "the launch").await?;
    Ok(STANDARD.decode(answer["initdata"].as_str().unwrap()).unwrap())
}

/// Which witnesses of the policy answer, by `cloister doctor`.
fn answering(folder: &Path) -> Vec<bool> {
    let (_, answer) = cloister(folder, &["doctor", "--witnesses", "witnesses.policy"]);
    let findings = answer["findings"].as_array().unwrap();
    let witnesses = findings.iter().filter(|finding| finding["name"] == "witness");
    witnesses.map(|finding| finding["ok"].as_bool().unwrap()).collect()
}
