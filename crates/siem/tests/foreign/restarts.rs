//! Receiver and forwarder are killed in the middle: everything arrives, some of it twice.

use std::time::Duration;

use testkit::loopback::own_address;

use crate::forwarder::Process;
use crate::rsyslog::{Rsyslog, counted, lines};
use crate::scene::{append, certificates, open, wait_for};

#[test]
fn rsyslog_ends_in_the_middle_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificates(folder);
    let (address, mut log) = (own_address().unwrap(), open(folder));
    append(&mut log, 500);
    let mut forwarder = Process::start(folder, address);
    // Nobody listens yet, which is said.
    assert_eq!(forwarder.says("waiting "), "siem.unreachable");
    let mut rsyslog = Rsyslog::start(folder, address, "anon");
    let mut reasons = Vec::new();
    for round in 1..=6_u64 {
        let seen = rsyslog.received().len();
        // The log's writer goes on, whoever is there.
        append(&mut log, 1000);
        wait_for("more events", || (lines(folder).len() > seen + 300).then_some(()));
        if round % 2 == 0 {
            rsyslog.kill()
        } else {
            rsyslog.terminate()
        }
        append(&mut log, 1000);
        reasons.push(forwarder.says("waiting "));
        rsyslog = Rsyslog::start(folder, address, "anon");
    }
    let size = log.size();
    wait_for("the last event", || {
        (counted(&rsyslog.received()).len() as u64 == size).then_some(())
    });
    while forwarder.says("delivered ") != size.to_string() {}
    let counts = counted(&rsyslog.received());
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), (0..size).collect::<Vec<_>>());
    let twice: usize = counts.values().map(|count| count - 1).sum();
    println!("6 ends of rsyslog ({reasons:?}): {size} entries, none lost, {twice} sent again");
}

#[test]
fn the_forwarder_is_killed_and_nothing_is_lost() {
    const KILLS: u64 = 20;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificates(folder);
    let (address, mut log) = (own_address().unwrap(), open(folder));
    let rsyslog = Rsyslog::start(folder, address, "anon");
    for kill in 0..KILLS {
        append(&mut log, 300);
        let seen = lines(folder).len();
        let forwarder = Process::start(folder, address);
        wait_for("more events", || (lines(folder).len() > seen).then_some(()));
        // Not to wait for anything: to die at another point of delivery and cursor each time.
        std::thread::sleep(Duration::from_micros(kill * 1733));
        drop(forwarder);
    }
    // The last one that was killed may have delivered all there was, and written it down.
    append(&mut log, 300);
    let mut forwarder = Process::start(folder, address);
    while forwarder.says("delivered ") != log.size().to_string() {}
    let counts = counted(&rsyslog.received());
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), (0..log.size()).collect::<Vec<_>>());
    let twice: usize = counts.values().map(|count| count - 1).sum();
    println!(
        "{KILLS} kills of the forwarder: {} entries, none lost, {twice} sent again",
        log.size()
    );
}
