//! The guest's network, tried from inside: the relay's two ports and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::ids::LaunchId;
use lab::serve;
use launcher::{
    Inputs, LaunchRequest, LaunchedFacts, Launcher, Machine, Platform, RelayTargets, serve_reports,
};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::harness::program;

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_reaches_the_relay_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (broker, airlock, forbidden) = (listen().await, listen().await, listen().await);
    let relay = RelayTargets {
        broker: broker.local_addr().unwrap(),
        airlock: airlock.local_addr().unwrap(),
    };
    let forbidden_port = forbidden.local_addr().unwrap().port();
    let mut launcher = serve::launcher(program("cloister-lab"), None).await.unwrap();
    launcher.runs = folder.path().join("runs");
    with_probe(&mut launcher, folder.path());
    launcher.image.cmdline.push_str(&format!(" cloister.probe={forbidden_port}"));

    let console = run(&launcher, folder.path(), relay).await;
    let attempts = attempts(&console);
    assert_eq!(attempts.len(), TRIED, "{console}");
    let target = |address: &str| address.parse::<SocketAddr>().unwrap();
    let host = SocketAddr::new(target("10.0.2.2:0").ip(), forbidden_port);
    assert!(attempts.iter().any(|attempt| attempt.target == host), "{console}");
    let reached: BTreeSet<_> =
        attempts.iter().filter(|a| a.reached).map(|a| (a.kind.as_str(), a.target)).collect();
    let expected = [("tcp", target("10.0.2.100:7000")), ("tcp", target("10.0.2.100:7001"))];
    assert_eq!(reached, BTreeSet::from(expected), "{console}");

    // The guest's connections went where its relays lead to.
    for listener in [broker, airlock] {
        timeout(Duration::from_secs(120), listener.accept()).await.unwrap().unwrap();
    }
    let forbidden = forbidden.into_std().unwrap();
    assert_eq!(forbidden.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// Puts the probe in the place of the agent: a second archive, whose `init` replaces the first's.
fn with_probe(launcher: &mut Launcher, folder: &Path) {
    let mut initrd = fs::read(&launcher.image.initrd).unwrap();
    let probe = fs::read(program("cloister-probe")).unwrap();
    initrd.resize(initrd.len().next_multiple_of(4), 0);
    member(&mut initrd, "init", &probe);
    member(&mut initrd, "TRAILER!!!", &[]);
    launcher.image.initrd = folder.join("initrd");
    fs::write(&launcher.image.initrd, initrd).unwrap();
}

/// A program in a cpio archive of the "newc" form (Linux
/// `Documentation/driver-api/early-userspace/buffer-format.rst`).
fn member(archive: &mut Vec<u8>, name: &str, content: &[u8]) {
    let (inode, mode, links) = (1, 0o100_755, 1);
    let fields = [inode, mode, 0, 0, links, 0, content.len(), 0, 0, 0, 0, name.len() + 1, 0];
    archive.extend_from_slice(b"070701");
    for field in fields {
        archive.extend_from_slice(format!("{field:08X}").as_bytes());
    }
    for part in [&[name.as_bytes(), b"\0"].concat(), content] {
        archive.extend_from_slice(part);
        archive.resize(archive.len().next_multiple_of(4), 0);
    }
}

/// Runs the guest to its end; its console.
async fn run(launcher: &Launcher, folder: &Path, relay: RelayTargets) -> String {
    let dataset = folder.join("dataset");
    fs::create_dir(&dataset).unwrap();
    for name in ["manifest.dsse.json", "header.img", "data.img", "hash.img", "workload"] {
        fs::write(dataset.join(name), [1; 4096]).unwrap();
    }
    let inputs = Inputs { rules: Vec::new(), bundle: None, workload: dataset.join("workload") };
    let request = LaunchRequest {
        launch: LaunchId::from_random([1; 16]),
        initdata: b"manifest".to_vec(),
        dataset,
        inputs,
        relay,
    };
    let prepared = launcher.prepare(&request, Machine::Plain).unwrap();
    let running = launcher.start(prepared, Arc::new(Silent), Duration::from_secs(180)).await;
    running.unwrap().wait().await.unwrap().console_tail
}

/// The probe asks for no report.
#[derive(Debug)]
struct Silent;

impl Platform for Silent {
    fn machine(&self) -> Machine {
        Machine::Plain
    }

    fn attach(&self, _: &LaunchedFacts, port: UnixStream) -> io::Result<()> {
        serve_reports(port, |_| Err("nobody was to ask"))
    }
}

/// What the probe prints of each attempt.
#[derive(Deserialize)]
struct Attempt {
    kind: String,
    target: SocketAddr,
    reached: bool,
}

fn attempts(console: &str) -> Vec<Attempt> {
    let lines: Vec<_> =
        console.lines().filter_map(|line| line.trim().strip_prefix("probe: ")).collect();
    let (last, attempts) = lines.split_last().unwrap_or_else(|| panic!("no probe: {console}"));
    assert_eq!(*last, "done", "{console}");
    attempts.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Four name servers, 21 ports of four addresses, and the host's forbidden one.
const TRIED: usize = 26;
