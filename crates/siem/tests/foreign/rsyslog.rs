//! rsyslog as a receiver, over TLS on the loopback address, and what it got.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use testkit::loopback::own_address;

use crate::forwarder::{Credentials, forward_once};
use crate::scene::{append, certificates, leaf, open, program, received, wait_for};

/// An rsyslog that appends one line for each message to `received` in its folder: what it found in the
/// structured data. Killed when dropped.
pub(crate) struct Rsyslog {
    child: Child,
    folder: PathBuf,
}

/// The configuration of docs/operating.md, with templates for these tests.
const CONFIGURATION: &str = r#"
global(workDirectory="FOLDER" defaultNetstreamDriver="ossl"
       defaultNetstreamDriverCAFile="FOLDER/ca.pem"
       defaultNetstreamDriverCertFile="FOLDER/server.pem" defaultNetstreamDriverKeyFile="FOLDER/server.key")
module(load="mmpstrucdata")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="AUTH")
input(type="imtcp" address="HOST" port="PORT" ruleset="cloister")
template(name="found" type="list") {
    property(name="$!rfc5424-sd!cloister@32473!index") constant(value="|")
    property(name="$!rfc5424-sd!cloister@32473!leaf_hash") constant(value="|")
    property(name="msgid") constant(value="|")
    property(name="$!rfc5424-sd!cloister@32473!decision") constant(value="|")
    property(name="$!rfc5424-sd!cloister@32473!reason") constant(value="|")
    property(name="$!rfc5424-sd!cloister@32473!project") constant(value="|")
    property(name="syslogseverity-text") constant(value="\n")
}
template(name="raw" type="list") { property(name="rawmsg") constant(value="\n") }
ruleset(name="cloister" queue.type="Direct") {
    action(type="mmpstrucdata")
    action(type="omfile" file="FOLDER/received" template="found")
    action(type="omfile" file="FOLDER/raw" template="raw")
}
action(type="omfile" file="FOLDER/internal")
"#;

impl Rsyslog {
    /// Starts one that listens at `address`; with `auth` other than `anon` a client must show a certificate.
    pub(crate) fn start(folder: &Path, address: SocketAddr, auth: &str) -> Self {
        let text = folder.display().to_string();
        let configuration = CONFIGURATION
            .replace("FOLDER", &text)
            .replace("HOST", &address.ip().to_string())
            .replace("PORT", &address.port().to_string())
            .replace("AUTH", auth);
        fs::write(folder.join("rsyslog.conf"), configuration).unwrap();
        let said = fs::File::create(folder.join("rsyslog.stderr")).unwrap();
        let child = Command::new(program(PathBuf::from("/usr/sbin/rsyslogd")))
            .arg("-n")
            .args(["-f".as_ref(), folder.join("rsyslog.conf").as_os_str()])
            .args(["-i".as_ref(), folder.join("rsyslog.pid").as_os_str()])
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .unwrap();
        wait_for("rsyslog to listen", || TcpStream::connect(address).ok());
        Self { child, folder: folder.to_owned() }
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, as an operator or an upgrade restarts it.
    pub(crate) fn terminate(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap();
    }

    pub(crate) fn received(&self) -> Vec<String> {
        lines(&self.folder)
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// The whole lines in `received`.
pub(crate) fn lines(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("received")).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(str::to_owned).collect()
}

/// How often each entry came; panics at a line that is not what it should be.
pub(crate) fn counted(lines: &[String]) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        let index = line.split('|').next().unwrap();
        let index = index.parse().unwrap_or_else(|_| panic!("{line}"));
        assert_eq!(*line, received(index));
        *counts.entry(index).or_default() += 1;
    }
    counts
}

#[test]
fn every_event_arrives_with_index_and_leaf_hash() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificates(folder);
    let address = own_address().unwrap();
    let rsyslog = Rsyslog::start(folder, address, "anon");
    let mut log = open(folder);
    append(&mut log, 300);
    assert_eq!(forward_once(folder, address, Credentials::None), Ok(300));
    let expected: Vec<_> = (0..300).map(received).collect();
    assert_eq!(rsyslog.received(), expected);
    // As it was sent: one line, all of it printable.
    let raw = fs::read_to_string(folder.join("raw")).unwrap();
    let refusal = raw.lines().nth(3).unwrap();
    assert!(
        refusal.starts_with("<108>1 2026-11-20T12:00:00Z node.example.org cloister - EnclaveAttested [cloister@32473 action="),
        "{refusal}"
    );
    assert!(refusal.contains(r#" log="log.example/q\"\]\\x" "#), "{refusal}");
    assert!(refusal.ends_with("] EnclaveAttested refused (evidence.debug-enabled)"), "{refusal}");
    // Nothing new, nothing sent; then one more.
    assert_eq!(forward_once(folder, address, Credentials::None), Ok(300));
    log.append(&[leaf(300)]).unwrap();
    assert_eq!(forward_once(folder, address, Credentials::None), Ok(301));
    assert_eq!(counted(&rsyslog.received()), (0..301).map(|index| (index, 1)).collect());
}

#[test]
fn rsyslog_may_ask_for_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificates(folder);
    let address = own_address().unwrap();
    let rsyslog = Rsyslog::start(folder, address, "x509/certvalid");
    append(&mut open(folder), 10);
    let refused = forward_once(folder, address, Credentials::None);
    assert!(matches!(refused, Err("siem.not-acknowledged" | "siem.certificate")), "{refused:?}");
    assert_eq!(rsyslog.received(), Vec::<String>::new());
    let accepted = forward_once(folder, address, Credentials::Client);
    assert_eq!(accepted, Ok(10), "{}", fs::read_to_string(folder.join("internal")).unwrap());
    assert_eq!(counted(&rsyslog.received()).len(), 10);
}
