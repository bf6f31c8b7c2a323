//! Many threads at once, and a steady trickle.

use std::thread;
use std::time::{Duration, Instant};

use ledger::Ledger;

use crate::{Outcome, at, draft};

/// As many as tokio has blocking threads at most.
const THREADS: u32 = 512;
const SECONDS: u64 = 5;
/// What its documentation says of its POSIX storage; the peer cannot be run here.
const TESSERA_PER_SECOND: f64 = 10_000.0;
const PER_SECOND: u32 = 200;
/// Enough that one is free whenever a decision comes.
const STEADY_THREADS: u32 = 64;

pub(crate) fn run(ledger: &Ledger) -> Outcome<()> {
    ledger.record(draft()?, ())?;
    batched(ledger)?;
    steady(ledger)
}

/// Each thread writes one decision after the other.
fn batched(ledger: &Ledger) -> Outcome<()> {
    let draft = draft()?;
    let end = Instant::now() + Duration::from_secs(SECONDS);
    let start = Instant::now();
    let write = || {
        let mut times = Vec::new();
        while Instant::now() < end {
            let before = Instant::now();
            ledger.record(draft.clone(), ())?;
            times.push(before.elapsed());
        }
        Ok::<_, ledger::LedgerError>(times)
    };
    let times = on_threads(THREADS, |_| write())?;
    let per_second = times.len() as f64 / start.elapsed().as_secs_f64();
    let (p50, p99) = (at(50, &times), at(99, &times));
    let ratio = per_second / TESSERA_PER_SECOND;
    println!(
        "  {THREADS} threads: {per_second:.0} acknowledged/s ({ratio:.1} of Tessera's published 10,000 on NVMe with 7 cores), p50 {p50:.1?}, p99 {p99:.1?}"
    );
    Ok(())
}

/// A decision every 5 ms, whether or not the one before is done; its time counts from when it was due.
fn steady(ledger: &Ledger) -> Outcome<()> {
    let draft = draft()?;
    let start = Instant::now();
    let write = |thread: u32| {
        let mut times = Vec::new();
        let last = PER_SECOND * u32::try_from(SECONDS * 2).unwrap_or(u32::MAX);
        for number in (thread..last).step_by(usize::try_from(STEADY_THREADS).unwrap_or(1)) {
            let due = start + Duration::from_secs(1) / PER_SECOND * number;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            ledger.record(draft.clone(), ())?;
            times.push(due.elapsed());
        }
        Ok(times)
    };
    let times = on_threads(STEADY_THREADS, write)?;
    let (p50, p99) = (at(50, &times), at(99, &times));
    println!("  {PER_SECOND}/s: p50 {p50:.1?}, p99 {p99:.1?} ({} decisions)", times.len());
    Ok(())
}

/// The sorted times of all threads.
fn on_threads(
    count: u32,
    work: impl Fn(u32) -> Result<Vec<Duration>, ledger::LedgerError> + Sync,
) -> Outcome<Vec<Duration>> {
    let mut times = Vec::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|n| {
                scope.spawn({
                    let work = &work;
                    move || work(n)
                })
            })
            .collect();
        for thread in threads {
            times.extend(thread.join().map_err(|_| "a thread broke down")??);
        }
        Ok::<_, Box<dyn std::error::Error>>(())
    })?;
    times.sort_unstable();
    Ok(times)
}
