#![expect(clippy::string_slice, reason = "a test that cannot go on fails")]

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};

use super::*;
use crate::event::Content;
use crate::receiver::{FileReceiver, Lines, Receiver};
use crate::testing::{ORIGIN, leaves, open, published, secret, settings};

const POLL: Duration = Duration::from_secs(2);

fn key() -> VerifierKey {
    VerifierKey::new(ORIGIN, secret().public()).unwrap()
}

fn cursor(folder: &Path) -> Cursor {
    Cursor::open(&folder.join("cursor")).unwrap()
}

type Received = Rc<RefCell<Vec<Event>>>;

/// Forwards once to `received`; `fail` says whether a delivery is not acknowledged though it arrived.
async fn once(
    folder: &Path,
    received: &Received,
    mut fail: impl FnMut() -> bool,
) -> Result<u64, &'static str> {
    let deliver = async |events: &[Event]| {
        received.borrow_mut().extend_from_slice(events);
        if fail() { Err(broken()) } else { Ok(None) }
    };
    let (settings, _) = settings(None);
    Forwarder::new(key(), published(folder), cursor(folder), deliver, settings)
        .map_err(|error| error.reason())?
        .run()
        .await
        .map_err(|error| error.reason())
}

fn broken() -> Undelivered {
    Undelivered::NotAcknowledged { place: "there".to_owned(), detail: "broken".to_owned() }
}

fn indices(received: &Received) -> Vec<u64> {
    let index = |event: &Event| match event.happened {
        Happened::Logged { index, .. } => Some(index),
        Happened::Alarm(_) => None,
    };
    received.borrow().iter().filter_map(index).collect()
}

fn alarms(received: &Received) -> Vec<(&'static str, u64)> {
    let alarm = |event: &Event| match &event.happened {
        Happened::Alarm(alarm) => Some((alarm.reason, alarm.delivered)),
        Happened::Logged { .. } => None,
    };
    received.borrow().iter().filter_map(alarm).collect()
}

#[tokio::test]
async fn every_entry_is_delivered_once_while_nothing_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let (mut log, received) = (open(folder.path()), Received::default());
    for count in [0, 3, 0, 600, 1] {
        log.append(&leaves(log.size(), count)).unwrap();
        assert_eq!(once(folder.path(), &received, || false).await, Ok(log.size()));
    }
    assert_eq!(indices(&received), (0..604).collect::<Vec<_>>());
    for event in received.borrow().iter() {
        let Happened::Logged { index, leaf_hash, content } = &event.happened else { panic!() };
        assert_eq!(*leaf_hash, tlog::leaf_hash(&leaves(*index, 1)[0]));
        let Content::Entry(entry) = content else { panic!() };
        assert_eq!(entry.sequence, *index);
    }
}

#[tokio::test]
async fn what_was_not_acknowledged_is_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut log, received) = (open(folder.path()), Received::default());
    log.append(&leaves(0, 600)).unwrap();
    // The second of three deliveries breaks: the first one is not repeated.
    let mut deliveries = 0;
    let mut second = || {
        deliveries += 1;
        deliveries == 2
    };
    let broken = once(folder.path(), &received, &mut second).await;
    assert_eq!(broken, Err("siem.not-acknowledged"));
    assert_eq!(once(folder.path(), &received, second).await, Ok(600));
    assert_eq!(indices(&received), (0..512).chain(256..600).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_down_is_waited_for_and_appends_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, target) = (folder.path().to_owned(), folder.path().join("siem/events.jsonl"));
    let log = Rc::new(RefCell::new(open(&path)));
    log.borrow_mut().append(&leaves(0, 1)).unwrap();
    let mut receiver = Receiver::File(FileReceiver::new(&target, Lines::Json));
    let deliver = async |events: &[Event]| receiver.deliver(events).await;
    let (mut settings, told) = settings(Some(POLL));
    let (mut inner, appending, mut waits) = (settings.observer, Rc::clone(&log), 0);
    settings.observer = Box::new(move |progress| {
        inner(progress);
        if matches!(progress, Progress::Waiting { .. }) {
            // The log's writer goes on at every failure of the receiver.
            let size = appending.borrow().size();
            appending.borrow_mut().append(&leaves(size, 10)).unwrap();
            waits += 1;
            if waits == 4 {
                fs::create_dir(path.join("siem")).unwrap();
            }
        }
    });
    let started = Instant::now();
    let forwarder =
        Forwarder::new(key(), published(folder.path()), cursor(folder.path()), deliver, settings);
    let ended = timeout(Duration::from_secs(60), forwarder.unwrap().run()).await;
    // It goes on until it is stopped.
    let _: Elapsed = ended.unwrap_err();
    assert_eq!(started.elapsed().as_secs(), 60);
    let waits: Vec<_> = told
        .borrow()
        .iter()
        .filter_map(|progress| match progress {
            Progress::Waiting { reason, wait, detail } => {
                assert!(detail.contains("events.jsonl"), "{detail}");
                Some((*reason, wait.as_secs()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(waits, [1, 2, 4, 8].map(|wait| ("siem.file", wait)));
    assert_eq!(log.borrow().size(), 41);
    assert_eq!(fs::read_to_string(&target).unwrap().lines().count(), 41);
    assert!(told.borrow().contains(&Progress::Delivered { events: 40, position: 41 }));
}

#[tokio::test(start_paused = true)]
async fn stopping_in_the_middle_of_a_wait_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).append(&leaves(0, 5)).unwrap();
    let deliver = async |_: &[Event]| Err(broken());
    let (settings, told) = settings(Some(POLL));
    let forwarder =
        Forwarder::new(key(), published(folder.path()), cursor(folder.path()), deliver, settings);
    let stopped = timeout(Duration::from_secs(20), forwarder.unwrap().run()).await;
    let _: Elapsed = stopped.unwrap_err();
    assert_eq!(told.borrow().len(), 5);
    let received = Received::default();
    assert_eq!(once(folder.path(), &received, || false).await, Ok(5));
    assert_eq!(indices(&received), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_read_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let received = Received::default();
    let deliver = async |events: &[Event]| {
        received.borrow_mut().extend_from_slice(events);
        Ok(None)
    };
    let (mut settings, _) = settings(Some(POLL));
    let path = folder.path().to_owned();
    settings.observer = Box::new(move |progress| match progress {
        Progress::Waiting { reason, .. } => {
            assert_eq!(*reason, "log.unavailable");
            if !path.join("log").exists() {
                open(&path).append(&leaves(0, 2)).unwrap();
            }
        }
        other => assert_eq!(*other, Progress::Delivered { events: 2, position: 2 }),
    });
    let forwarder =
        Forwarder::new(key(), published(folder.path()), cursor(folder.path()), deliver, settings);
    let stopped = timeout(Duration::from_secs(9), forwarder.unwrap().run()).await;
    let _: Elapsed = stopped.unwrap_err();
    assert_eq!(indices(&received), [0, 1]);
    // Once means at once: nobody is waited for.
    let gone = tempfile::tempdir().unwrap();
    assert_eq!(once(gone.path(), &received, || false).await, Err("log.unavailable"));
}

#[tokio::test]
async fn what_a_receiver_rejects_is_not_skipped() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).append(&leaves(0, 2)).unwrap();
    let deliver = async |_: &[Event]| {
        let (place, what, said) = ("there".to_owned(), "2 events".to_owned(), String::new());
        Err(Undelivered::Rejected { place, what, said })
    };
    let (settings, told) = settings(Some(POLL));
    let forwarder =
        Forwarder::new(key(), published(folder.path()), cursor(folder.path()), deliver, settings);
    assert_eq!(forwarder.unwrap().run().await.unwrap_err().reason(), "siem.rejected");
    assert_eq!(*told.borrow(), []);
    let received = Received::default();
    assert_eq!(once(folder.path(), &received, || false).await, Ok(2));
    assert_eq!(indices(&received), [0, 1]);
}

/// A log of 300 entries, all delivered, of which `change` then makes something else.
async fn changed(change: impl FnOnce(&Path)) -> (tempfile::TempDir, Received) {
    let folder = tempfile::tempdir().unwrap();
    let received = Received::default();
    let older = {
        let mut log = open(folder.path());
        log.append(&leaves(0, 200)).unwrap();
        let older = log.checkpoint().note().to_owned();
        log.append(&leaves(200, 100)).unwrap();
        older
    };
    fs::write(folder.path().join("older"), older).unwrap();
    assert_eq!(once(folder.path(), &received, || false).await, Ok(300));
    received.borrow_mut().clear();
    change(folder.path());
    (folder, received)
}

/// Another log under the same key, in the place of the first one.
fn fork(folder: &Path, entries: u64) {
    for name in ["log", "state"] {
        fs::remove_dir_all(folder.join(name)).unwrap();
    }
    open(folder).append(&leaves(1, entries)).unwrap();
}

#[tokio::test]
async fn a_log_that_went_back_is_an_alarm_each_time() {
    let back = |folder: &Path| {
        fs::copy(folder.join("older"), folder.join("log/checkpoint")).unwrap();
    };
    let (folder, received) = changed(back).await;
    for times in 1..3 {
        let refused = once(folder.path(), &received, || false).await;
        assert_eq!(refused, Err("log.rolled-back"));
        assert_eq!(alarms(&received), vec![("log.rolled-back", 300); times]);
    }
    let kept = fs::read(folder.path().join("cursor.conflict")).unwrap();
    assert_eq!(kept, fs::read(folder.path().join("older")).unwrap());
    assert!(indices(&received).is_empty());
}

#[tokio::test]
async fn a_second_head_is_an_alarm() {
    for entries in [300, 301, 700] {
        let (folder, received) = changed(|folder| fork(folder, entries)).await;
        let refused = once(folder.path(), &received, || false).await;
        assert_eq!(refused, Err("log.consistency"));
        assert_eq!(alarms(&received), [("log.consistency", 300)]);
        let kept = fs::read(folder.path().join("cursor.conflict")).unwrap();
        assert_eq!(kept, fs::read(folder.path().join("log/checkpoint")).unwrap());
        assert!(indices(&received).is_empty());
    }
}

#[tokio::test]
async fn an_altered_leaf_is_an_alarm_and_never_an_event() {
    let alter = |folder: &Path| {
        open(folder).append(&leaves(300, 5)).unwrap();
        let bundle = folder.join("log/tile/entries/001.p/49");
        let mut bytes = fs::read(&bundle).unwrap();
        let (good, bad) = (br#""sequence":303"#, br#""sequence":307"#);
        let at = bytes.windows(good.len()).position(|window| window == good).unwrap();
        bytes[at..at + bad.len()].copy_from_slice(bad);
        fs::write(&bundle, bytes).unwrap();
    };
    let (folder, received) = changed(alter).await;
    assert_eq!(once(folder.path(), &received, || false).await, Err("log.root-mismatch"));
    assert_eq!(alarms(&received), [("log.root-mismatch", 300)]);
    assert!(indices(&received).is_empty());
}

#[tokio::test]
async fn a_checkpoint_of_another_key_is_an_alarm() {
    let (folder, received) = changed(|folder| {
        let path = folder.join("log/checkpoint");
        let note = fs::read_to_string(&path).unwrap();
        fs::write(&path, note.replace("\n300\n", "\n301\n")).unwrap();
    })
    .await;
    assert_eq!(once(folder.path(), &received, || false).await, Err("log.signature"));
    assert_eq!(alarms(&received), [("log.signature", 300)]);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_waits_for_the_receiver_too() {
    let (folder, received) = changed(|folder| fork(folder, 400)).await;
    let mut failures = 3;
    let deliver = async |events: &[Event]| {
        if failures > 0 {
            failures -= 1;
            return Err(broken());
        }
        received.borrow_mut().extend_from_slice(events);
        Ok(None)
    };
    let (settings, told) = settings(Some(POLL));
    let forwarder =
        Forwarder::new(key(), published(folder.path()), cursor(folder.path()), deliver, settings);
    let ended = forwarder.unwrap().run().await.unwrap_err();
    assert!(matches!(ended, ForwardError::Log(LogError::Consistency)), "{ended:?}");
    assert_eq!(alarms(&received), [("log.consistency", 300)]);
    let waits = |progress: &&Progress| matches!(progress, Progress::Waiting { .. });
    assert_eq!(told.borrow().iter().filter(waits).count(), 3);
    // Once: the refusal is returned, with what kept the receiver from knowing.
    let ended = once(folder.path(), &received, || true).await;
    assert_eq!(ended, Err("log.consistency"));
}

#[tokio::test]
async fn a_checkpoint_that_was_seen_is_remembered_before_anything_of_it_is_delivered() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).append(&leaves(0, 20)).unwrap();
    let received = Received::default();
    let broken = once(folder.path(), &received, || true).await;
    assert_eq!(broken, Err("siem.not-acknowledged"));
    fork(folder.path(), 10);
    assert_eq!(once(folder.path(), &received, || false).await, Err("log.rolled-back"));
    assert_eq!(alarms(&received), [("log.rolled-back", 0)]);
}

#[test]
fn one_forwarder_has_a_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let first = cursor(folder.path());
    let second = Cursor::open(&folder.path().join("cursor")).unwrap_err();
    assert_eq!(second.reason(), "log.second-writer");
    drop(first);
    cursor(folder.path());
}

#[tokio::test]
async fn a_cursor_of_another_log_or_none_at_all_is_refused() {
    let (folder, received) = changed(|_| ()).await;
    let path = folder.path().join("cursor");
    let good = fs::read_to_string(&path).unwrap();
    let other = good.replace(ORIGIN, "log.example/other");
    let smaller = good.replacen("\n300\n", "\n301\n", 1);
    for (text, reason) in [
        (other.as_str(), "log.origin"),
        (smaller.as_str(), "log.rolled-back"),
        ("", "log.malformed"),
        (&good[..40], "log.malformed"),
        (&good.replacen("\n300\n", "\n0300\n", 1), "log.malformed"),
    ] {
        fs::write(&path, text).unwrap();
        assert_eq!(once(folder.path(), &received, || false).await, Err(reason), "{text}");
    }
    assert_eq!(*received.borrow(), []);
}
