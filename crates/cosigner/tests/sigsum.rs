//! Debian's `sigsum-witness`, unmodified, as a witness of our log (`make setup` installs it; Go's
//! `httpmuxgo121` because it registers its endpoint in the manner of that version).
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on ends by panicking"
)]

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use cosigner::{Cosigner, Observer};
use domain::keys::SecretKey;
use domain::{Digest, Reason as _, Timestamp};
use testkit::loopback::own_address;
use tlog::witness::AddCheckpoint;
use tlog::{Log, Policy, Witnesses as _};
use tlog_files::{FileStore, WitnessFolder};
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

const PATIENT: Duration = Duration::from_secs(240);

fn secret() -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([1; 32]))
}

/// The origin that a sigsum log of this key has.
fn origin() -> String {
    format!("sigsum.org/v1/tree/{}", secret().public().id().hex())
}

fn open_log(folder: &Path) -> Log<FileStore> {
    let store = FileStore::open(&folder.join("log"), &folder.join("cell")).unwrap();
    Log::open(store, &origin(), secret()).unwrap()
}

/// What the tool `sigsum-key` prints.
fn sigsum_key(arguments: &[&str], folder: &Path) -> String {
    let run = Command::new("sigsum-key").args(arguments).current_dir(folder).output();
    let output = run.unwrap_or_else(|error| panic!("sigsum-key: {error}; run `make setup`"));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The process, killed when it is dropped.
struct Sigsum {
    child: Child,
    url: String,
    /// As policies have it.
    key: String,
}

impl Sigsum {
    fn start(folder: &Path) -> Self {
        if !folder.join("witness").exists() {
            sigsum_key(&["generate", "-o", "witness"], folder);
            std::fs::write(folder.join("log.hex"), hex(secret().public().as_bytes())).unwrap();
            sigsum_key(&["from-hex", "-k", "log.hex", "-o", "log.pub"], folder);
        }
        let hash = sigsum_key(&["to-hash", "-k", "witness.pub"], folder);
        let name = format!("sigsum.org/v1/witness/{hash}");
        let vkey = ["to-vkey", "-k", "witness.pub", "-n", &name, "-t", "cosignature/v1"];
        let key = sigsum_key(&vkey, folder);
        let address = own_address().unwrap().to_string();
        let mut child = Command::new("sigsum-witness")
            .args(["-k", "witness", "--log-key", "log.pub", "--state-file", "state", &address])
            .env("GODEBUG", "httpmuxgo121=0")
            .current_dir(folder)
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("sigsum-witness: {error}; run `make setup`"));
        while TcpStream::connect(&address).is_err() {
            assert_eq!(child.try_wait().unwrap(), None, "sigsum-witness ended");
            std::thread::yield_now();
        }
        Self { child, url: format!("http://{address}"), key }
    }

    fn policy(&self) -> Policy {
        let log = tlog::VerifierKey::new(&origin(), secret().public()).unwrap();
        let text = format!("log {log}\nwitness s {} {}\nquorum s\n", self.key, self.url);
        text.parse().unwrap()
    }
}

impl Drop for Sigsum {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn cosigner(policy: Policy) -> Cosigner {
    let client = channel::web_client().unwrap();
    let observer: Observer = Arc::new(|asked| {
        if let Err(silence) = asked.outcome {
            println!("{}: {silence} ({})", asked.witness, silence.reason());
        }
    });
    Cosigner::start(policy, &client, PATIENT, &observer).unwrap()
}

#[test]
fn it_cosigns_our_growing_log() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut log = open_log(folder);
    let mut grow = |entries: usize, cosigner: &Cosigner| {
        let committed = log.commit(&vec![b"entry".to_vec(); entries]).unwrap();
        let size = committed.checkpoint.checkpoint().size;
        let lines = cosigner.ask(&committed.checkpoint, &|old| log.consistency(old, size));
        let answer = log.cosign(&lines, cosigner.policy()).unwrap();
        answer.quorum.unwrap().cosigned().len()
    };
    let mut sigsum = Sigsum::start(folder);
    for sizes in [[1, 2, 300], [1, 256, 7]] {
        let cosigner = cosigner(sigsum.policy());
        for entries in sizes {
            assert_eq!(grow(entries, &cosigner), 1);
        }
        // Killed and started again it remembers; the new client is told by 409.
        drop(sigsum);
        sigsum = Sigsum::start(folder);
    }
}

/// One alteration of a good request, and the status with which each witness refuses it.
struct Mutant {
    name: String,
    body: String,
    sigsum: u16,
    ours: u16,
}

fn mutants(good: &AddCheckpoint, fork: &AddCheckpoint) -> Vec<Mutant> {
    let text = good.to_string();
    let mut all = Vec::new();
    let mut add = |name: &str, body: String, sigsum: u16, ours: u16| {
        assert_ne!(body, text, "{name}");
        all.push(Mutant { name: name.to_owned(), body, sigsum, ours });
    };
    for place in 0..good.proof.len() {
        let mut altered = good.clone();
        altered.proof[place] = Digest::of(b"another");
        add(&format!("hash {place} replaced"), altered.to_string(), 422, 422);
        let mut shorter = good.clone();
        shorter.proof.remove(place);
        add(&format!("hash {place} left out"), shorter.to_string(), 422, 422);
    }
    let with_proof = |proof: Vec<Digest>| AddCheckpoint { proof, ..good.clone() }.to_string();
    let first = good.proof[0];
    add("no proof", with_proof(vec![]), 400, 422);
    add("one hash too many", with_proof([good.proof.clone(), vec![first]].concat()), 422, 422);
    add("hashes reversed", with_proof(good.proof.iter().rev().copied().collect()), 422, 422);
    add("64 hashes", with_proof(vec![first; 64]), 400, 400);
    add("a fork", fork.to_string(), 422, 422);
    let old = |old: &str| text.replacen("old 5\n", old, 1);
    add("old size too small", old("old 4\n"), 409, 409);
    add("old size too great", old("old 6\n"), 409, 409);
    add("old size above the new", old("old 10\n"), 400, 400);
    add("old size 0 with a proof", old("old 0\n"), 400, 400);
    add("old size with a zero", old("old 05\n"), 400, 400);
    add("old size with a sign", old("old +5\n"), 400, 400);
    add("old size negative", old("old -5\n"), 400, 400);
    add("old size beyond 64 bits", old("old 18446744073709551616\n"), 400, 400);
    add("old size in hexadecimal", old("old 0x5\n"), 400, 400);
    add("old size missing", old(""), 400, 400);
    add("another word", old("Old 5\n"), 400, 400);
    add("two spaces", old("old  5\n"), 400, 400);
    add("carriage return", old("old 5\r\n"), 400, 400);
    let hash = text.lines().nth(1).unwrap();
    add("hash cut", text.replacen(hash, "AAAA", 1), 400, 400);
    add("hash without padding", text.replacen(hash, hash.trim_end_matches('='), 1), 400, 400);
    add("no empty line", text.replacen("\n\n", "\n", 1), 400, 400);
    add("no checkpoint", text.split_once("\n\n").unwrap().0.to_owned() + "\n\n", 400, 404);
    add("empty", String::new(), 400, 400);
    let note = |from: &str, to: &str| {
        AddCheckpoint { note: good.note.replacen(from, to, 1), ..good.clone() }.to_string()
    };
    add("another origin", note("sigsum.org/v1/tree/", "sigsum.org/v1/tree/0"), 400, 404);
    add("another size", note("\n9\n", "\n8\n"), 403, 403);
    add("size with a zero", note("\n9\n", "\n09\n"), 400, 403);
    add("another root", note("\n9\n", "\n9\nA"), 400, 403);
    add("another name of the key", note("\n— sigsum", "\n— sigsam"), 400, 403);
    add("no signature", good.to_string().split_once("\n— ").unwrap().0.to_owned() + "\n", 400, 400);
    add("another dash", note("\n— ", "\n- "), 400, 400);
    for (name, flipped) in ["key id", "signature"].into_iter().zip([2, 40]) {
        let (start, line) = good.note.rsplit_once(' ').unwrap();
        let mut bytes = line.as_bytes().to_vec();
        bytes[flipped] = if bytes[flipped] == b'A' { b'B' } else { b'A' };
        let line = String::from_utf8(bytes).unwrap();
        let altered = AddCheckpoint { note: format!("{start} {line}"), ..good.clone() };
        add(&format!("{name} altered"), altered.to_string(), 403, 403);
    }
    all
}

#[test]
fn it_and_our_witness_refuse_every_altered_request() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sigsum = Sigsum::start(folder);
    let runtime = Runtime::new().unwrap();
    let ours = our_witness(&runtime, &folder.join("ours"));

    let entries = |range: std::ops::Range<u8>| range.map(|n| vec![n]).collect::<Vec<_>>();
    let mut log = open_log(folder);
    log.append(&entries(0..5)).unwrap();
    let request = |log: &Log<FileStore>, old_size: u64| {
        let proof = log.consistency(old_size, log.size()).unwrap();
        AddCheckpoint { old_size, proof, note: log.checkpoint().note().to_owned() }
    };
    let client = channel::web_client().unwrap();
    let asked = |url: &str, body: &str| {
        let send = client.post(format!("{url}/add-checkpoint")).body(body.to_owned()).send();
        let answer = runtime.block_on(send).unwrap();
        (answer.status().as_u16(), runtime.block_on(answer.text()).unwrap())
    };
    let first = request(&log, 0).to_string();
    assert_eq!((asked(&sigsum.url, &first).0, asked(&ours, &first).0), (200, 200));
    log.append(&entries(5..9)).unwrap();
    let good = request(&log, 5);
    let mut forked = open_log(&folder.join("fork"));
    forked.append(&entries(100..109)).unwrap();
    let mutants = mutants(&good, &request(&forked, 5));
    assert!(mutants.len() >= 30, "{}", mutants.len());
    let (mut wrong, mut counts) = (Vec::new(), BTreeMap::new());
    for mutant in &mutants {
        let (status, reason) = asked(&sigsum.url, &mutant.body);
        let found = (status, asked(&ours, &mutant.body).0);
        if found != (mutant.sigsum, mutant.ours) {
            wrong.push(format!("{}: {found:?}", mutant.name));
        }
        *counts.entry((status, reason.trim().to_owned())).or_insert(0) += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!("sigsum-witness refused {} altered requests for: {counts:#?}", mutants.len());
    // Nothing of that changed what they remember.
    let good = good.to_string();
    assert_eq!((asked(&sigsum.url, &good).0, asked(&ours, &good).0), (200, 200));
}

/// Our witness of the same log.
fn our_witness(runtime: &Runtime, memory: &Path) -> String {
    let key = tlog::VerifierKey::new(&origin(), secret().public()).unwrap();
    let memory = WitnessFolder::open(memory).unwrap();
    let clock: witness::Clock = Arc::new(|| Timestamp::from_unix_seconds(1_800_000_000).unwrap());
    let own = SecretKey::from_seed(&Zeroizing::new([2; 32]));
    let witness = witness::Witness::new("w.example", own, [key], memory, clock, Arc::new(|_| ()));
    let router = witness::router(Arc::new(witness.unwrap()));
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}
