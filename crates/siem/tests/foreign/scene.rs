//! A log with decisions in it, and certificates for a receiver.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use domain::event::{Action, Actor, Entry, Event as Decision, Outcome};
use domain::ids::EntryId;
use domain::keys::SecretKey;
use domain::{Digest, ReasonCode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use testkit::loopback::own_address;
use tlog::{Log, VerifierKey, leaf_hash};
use tlog_files::FileStore;
use zeroize::Zeroizing;

/// With every character that structured data must write behind a backslash.
pub(crate) const ORIGIN: &str = "log.example/q\"]\\x";

pub(crate) const ACTIONS: [Action; 11] = [
    Action::DatasetSealed,
    Action::ProjectApproved,
    Action::LaunchAuthorised,
    Action::EnclaveAttested,
    Action::KeyReleased,
    Action::JobFinished,
    Action::OutputChecked,
    Action::OutputReviewed,
    Action::OutputExported,
    Action::ExportRevoked,
    Action::RecordErased,
];

/// Every third decision is a refusal, with all members that an entry can have.
pub(crate) fn entry(number: u64) -> Entry {
    let action = ACTIONS[usize::try_from(number).unwrap() % ACTIONS.len()];
    let mut event = Decision::accepted(action, Digest::of(&number.to_be_bytes()));
    let mut person = None;
    if number.is_multiple_of(3) {
        let reason = ReasonCode::try_from("evidence.debug-enabled".to_owned()).unwrap();
        person = Some(format!("hmac-sha256:{}", "0a".repeat(32)).parse().unwrap());
        event = Decision {
            project: Some("diabetes".parse().unwrap()),
            policy: Some(Digest::of(b"policy")),
            rules: vec!["forbid".to_owned()],
            evidence: vec![Digest::of(b"evidence")],
            previous: vec![EntryId::from_random([6; 16])],
            platform: Some(domain::claims::Trust::Hardware),
            reviews_required: Some(2),
            outcome: Outcome::Refused { reason },
            ..event
        };
    }
    let time = "2026-11-20T12:00:00Z".parse().unwrap();
    Entry {
        id: EntryId::from_random([7; 16]),
        sequence: number,
        time,
        actor: Actor::Airlock,
        person,
        event,
    }
}

pub(crate) fn leaf(number: u64) -> Vec<u8> {
    entry(number).to_leaf().unwrap()
}

/// The fields that a receiver should have found in the event of that entry, by rsyslog's template.
pub(crate) fn received(number: u64) -> String {
    let entry = entry(number);
    let (severity, decision, reason) = match &entry.event.outcome {
        Outcome::Accepted => ("info", "accepted", ""),
        Outcome::Refused { reason } => ("warning", "refused", reason.as_str()),
    };
    let project = entry.event.project.as_ref().map_or("", |project| project.as_str());
    let hash = leaf_hash(&leaf(number));
    format!("{number}|{hash}|{:?}|{decision}|{reason}|{project}|{severity}", entry.event.action)
}

pub(crate) fn key() -> VerifierKey {
    VerifierKey::new(ORIGIN, secret().public()).unwrap()
}

fn secret() -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([7; 32]))
}

pub(crate) fn open(folder: &Path) -> Log<FileStore> {
    let store = FileStore::open(&folder.join("log"), &folder.join("state/head")).unwrap();
    Log::open(store, ORIGIN, secret()).unwrap()
}

pub(crate) fn append(log: &mut Log<FileStore>, count: u64) {
    let size = log.size();
    log.append(&(size..size + count).map(leaf).collect::<Vec<_>>()).unwrap();
}

/// `ca.pem`, and `NAME.pem` and `NAME.key` of the receiver and of a client, in `folder`.
pub(crate) fn certificates(folder: &Path) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    // Otherwise it has the name of what it signs, which then looks self-signed.
    params.distinguished_name.push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    fs::write(folder.join("ca.pem"), issuer.pem()).unwrap();
    let server = own_address().unwrap().ip().to_string();
    for (name, host) in [("server", server.as_str()), ("client", "forwarder.example.org")] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
        fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

/// A program that `make setup` installs.
pub(crate) fn program(path: PathBuf) -> PathBuf {
    assert!(path.exists(), "`{}` is not there: run `make setup`", path.display());
    path
}

/// Looks until `there` finds something.
pub(crate) fn wait_for<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(240), "waited in vain for {what}");
        sleep(Duration::from_millis(5)); // between two looks
    }
}
