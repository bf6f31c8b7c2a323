//! Events to map and logs to forward.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use domain::claims::Trust;
use domain::event::{Action, Actor, Entry, Event as Decision};
use domain::ids::EntryId;
use domain::keys::SecretKey;
use domain::{Digest, ReasonCode, Timestamp};
use tlog::{Log, StoreError, TilePath};
use tlog_files::{FileStore, FolderReader};
use zeroize::Zeroizing;

use crate::{Alarm, Backoff, Clock, Event, Happened, Progress, Published, Settings};

pub(crate) const ORIGIN: &str = "log.example/siem";

/// A refusal that has something in every member.
pub(crate) fn refused() -> Entry {
    let reason = ReasonCode::try_from("evidence.debug-enabled".to_owned()).unwrap();
    let event = Decision {
        project: Some("diabetes".parse().unwrap()),
        policy: Some(Digest::of(b"policy")),
        rules: vec!["forbid \"all\"".to_owned()],
        evidence: vec![Digest::of(b"evidence")],
        previous: vec![EntryId::from_random([6; 16])],
        platform: Some(Trust::Emulated),
        ..Decision::refused(Action::KeyReleased, Digest::of(b"manifest"), reason)
    };
    let person = format!("hmac-sha256:{}", "0a".repeat(32)).parse().unwrap();
    Entry { person: Some(person), ..entry(event, 3) }
}

pub(crate) fn accepted(action: Action, sequence: u64) -> Entry {
    entry(Decision::accepted(action, Digest::of(b"object")), sequence)
}

fn entry(event: Decision, sequence: u64) -> Entry {
    Entry {
        id: EntryId::from_random([7; 16]),
        sequence,
        time: "2026-11-20T12:00:00Z".parse().unwrap(),
        actor: Actor::Broker,
        person: None,
        event,
    }
}

pub(crate) fn seen() -> Timestamp {
    "2026-11-20T12:00:05Z".parse().unwrap()
}

pub(crate) fn clock() -> Clock {
    Arc::new(seen)
}

pub(crate) fn event_of(entry: &Entry, index: u64) -> Event {
    Event::of_leaf(ORIGIN, index, &entry.to_leaf().unwrap(), seen())
}

/// A decision, a refusal, something opaque, an alarm.
pub(crate) fn events() -> Vec<Event> {
    let happened = Happened::Alarm(Alarm {
        reason: "log.rolled-back",
        detail: "the log was rolled back: it holds 3 entries of 5".to_owned(),
        delivered: 5,
    });
    vec![
        event_of(&accepted(Action::DatasetSealed, 0), 0),
        event_of(&refused(), 1),
        Event::of_leaf(ORIGIN, 2, b"\xff\"]", seen()),
        Event { log: ORIGIN.to_owned(), seen: seen(), happened },
    ]
}

pub(crate) fn open(folder: &Path) -> Log<FileStore> {
    let store = FileStore::open(&folder.join("log"), &folder.join("state/head")).unwrap();
    Log::open(store, ORIGIN, secret()).unwrap()
}

pub(crate) fn secret() -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([7; 32]))
}

/// Decisions to append: from `first` on, as many as `count`.
pub(crate) fn leaves(first: u64, count: u64) -> Vec<Vec<u8>> {
    let leaf = |sequence| accepted(Action::OutputChecked, sequence).to_leaf().unwrap();
    (first..first + count).map(leaf).collect()
}

/// The log's folder, as forwarders read it.
#[expect(clippy::type_complexity, reason = "closures have no name")]
pub(crate) fn published(
    folder: &Path,
) -> Published<
    impl Fn() -> Result<String, StoreError> + use<>,
    impl Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError> + use<>,
> {
    let note = FolderReader::new(&folder.join("log"));
    let read = note.clone();
    Published { note: move || note.checkpoint(), read: move |path: &TilePath| read.read(path) }
}

/// Settings without randomness, and what the operator is told.
pub(crate) fn settings(poll: Option<Duration>) -> (Settings, Rc<RefCell<Vec<Progress>>>) {
    let told = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&told);
    let settings = Settings {
        clock: clock(),
        backoff: Backoff::new(Box::new(|| u16::MAX)),
        poll,
        observer: Box::new(move |progress| kept.borrow_mut().push(progress.clone())),
    };
    (settings, told)
}
