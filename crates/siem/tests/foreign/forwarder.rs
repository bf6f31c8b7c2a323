//! The forwarder: in this process, or as one of its own that can be killed.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use channel::{Authorities, ClientCertificate};
use domain::Reason as _;
use siem::{Backoff, Event, Forwarder, Progress, Published, Receiver, Settings, SyslogReceiver};
use tlog::TilePath;
use tlog_files::{Cursor, FolderReader};

use crate::scene::key;

const FOLDER: &str = "SIEM_FORWARDER_FOLDER";
const ADDRESS: &str = "SIEM_FORWARDER_ADDRESS";

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Credentials {
    None,
    Client,
}

/// Forwards all that is published to the rsyslog at `address`.
pub(crate) fn forward_once(
    folder: &Path,
    address: SocketAddr,
    credentials: Credentials,
) -> Result<u64, &'static str> {
    run(folder, address, credentials, None, |_| ())
}

fn run(
    folder: &Path,
    address: SocketAddr,
    credentials: Credentials,
    poll: Option<Duration>,
    observer: impl FnMut(&Progress) + 'static,
) -> Result<u64, &'static str> {
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let (chain, secret) = (read("client.pem"), read("client.key"));
    let client = ClientCertificate { chain: &chain, key: &secret };
    let client = (credentials == Credentials::Client).then_some(client);
    let authorities = Authorities::new(&read("ca.pem"), client).unwrap();
    let host = address.ip().to_string();
    let receiver = SyslogReceiver::new(&host, address.port(), authorities, "node.example.org");
    let mut receiver = Receiver::Syslog(receiver);
    let reader = FolderReader::new(&folder.join("log"));
    let published =
        Published { note: || reader.checkpoint(), read: |path: &TilePath| reader.read(path) };
    let settings = Settings {
        clock: Arc::new(|| "2026-11-20T12:00:05Z".parse().unwrap()),
        backoff: Backoff::new(Box::new(|| 0)),
        poll,
        observer: Box::new(observer),
    };
    let cursor = Cursor::open(&folder.join("cursor")).unwrap();
    let deliver = async |events: &[Event]| receiver.deliver(events).await;
    let forwarder = Forwarder::new(key(), published, cursor, deliver, settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(forwarder.run()).map_err(|error| error.reason())
}

/// Run by other tests as a process of its own: forwards until it is killed, and says what happens.
#[test]
fn child_that_forwards() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let address = std::env::var(ADDRESS).unwrap().parse().unwrap();
    let poll = Some(Duration::from_millis(20));
    let say = |progress: &Progress| {
        let line = match progress {
            Progress::Delivered { position, .. } => format!("delivered {position}"),
            Progress::Waiting { reason, .. } => format!("waiting {reason}"),
            Progress::Alarm { reason, .. } => format!("alarm {reason}"),
            Progress::Remark(remark) => format!("remark {remark}"),
        };
        let mut output = std::io::stdout();
        writeln!(output, "\n{line}").unwrap();
        output.flush().unwrap();
    };
    let ended = run(Path::new(&folder), address, Credentials::None, poll, say);
    panic!("ended by itself: {ended:?}");
}

/// A forwarder as a process of its own, killed when dropped.
pub(crate) struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(folder: &Path, address: SocketAddr) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "forwarder::child_that_forwards", "--nocapture"])
            .env(FOLDER, folder)
            .env(ADDRESS, address.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Reads what it says up to a line that begins with `words`; what comes behind these.
    pub(crate) fn says(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "it ended before `{words}`");
            if let Some(rest) = line.strip_prefix(words) {
                return rest.trim().to_owned();
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL: nothing is written at the last moment.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
