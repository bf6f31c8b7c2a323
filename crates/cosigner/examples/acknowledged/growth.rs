//! What a log costs as it grows.

use std::path::Path;
use std::time::{Duration, Instant};

use domain::event::Entry;
use domain::ids::EntryId;
use tlog::Log;
use tlog_files::FileStore;

use crate::{ORIGIN, Outcome, at, draft, open, secret};

/// Entries per append: growth is what is looked at here, not speed.
const BATCH: u64 = 32 << 10;

pub(crate) fn run(folder: &Path, largest: u64) -> Outcome<()> {
    println!("growth: real entries, {BATCH} per append");
    println!(
        "  entries     appended in  log bytes/entry  beyond payload  files  open log  open ledger  indexed  found in  proof  made in  consistency"
    );
    let place = tempfile::tempdir_in(folder)?;
    let (data, cell) = (place.path().join("data/log"), place.path().join("state/log-head"));
    let mut payload = 0;
    let mut size = 0;
    let mut goal = 10_000;
    while goal <= largest {
        let start = Instant::now();
        let mut log = Log::open(FileStore::open(&data, &cell)?, ORIGIN, secret(1))?;
        while size < goal {
            let end = goal.min(size + BATCH);
            let leaves = (size..end).map(leaf).collect::<Outcome<Vec<_>>>()?;
            payload += leaves.iter().map(Vec::len).sum::<usize>();
            log.append(&leaves)?;
            size = end;
        }
        let appended = start.elapsed();
        drop(log);
        let (bytes, files) = used(&data)?;
        let start = Instant::now();
        let log = Log::open(FileStore::open(&data, &cell)?, ORIGIN, secret(1))?;
        let opened = start.elapsed();
        let (length, made) = proofs(&log, size)?;
        let start = Instant::now();
        log.consistency(size / 3, size)?;
        let consistency = start.elapsed();
        drop(log);
        let start = Instant::now();
        let ledger = open(place.path())?;
        let read = start.elapsed();
        let entries = ledger.entries()?;
        drop(ledger);
        let start = Instant::now();
        entries.named(&name(0)).ok_or("the first entry is not found")?;
        let indexed = start.elapsed();
        let start = Instant::now();
        entries.named(&name(size / 2)).ok_or("an entry is not found")?;
        let found = start.elapsed();
        drop(entries);
        let each = |bytes: usize| bytes as f64 / size as f64;
        println!(
            "  {size:<10}  {appended:>11.1?}  {:>15.1}  {:>14.2}  {files:>5}  {opened:>8.1?}  {read:>11.1?}  {indexed:>7.1?}  {found:>8.1?}  {length:>5}  {made:>7.0?}  {consistency:>11.0?}",
            each(bytes),
            each(bytes - payload),
        );
        goal *= 10;
    }
    on_paper(payload as f64 / size as f64);
    Ok(())
}

fn leaf(number: u64) -> Outcome<Vec<u8>> {
    let draft = draft()?;
    let entry = Entry {
        id: name(number),
        sequence: number,
        time: draft.time,
        actor: draft.actor,
        person: None,
        event: draft.event,
    };
    Ok(entry.to_leaf()?)
}

fn name(number: u64) -> EntryId {
    EntryId::from_random(u128::from(number).to_be_bytes())
}

/// Bytes and number of the files in `folder`.
fn used(folder: &Path) -> Outcome<(usize, u64)> {
    let (mut bytes, mut files) = (0, 0);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let found = match entry.metadata()? {
            folder if folder.is_dir() => used(&entry.path())?,
            file => (usize::try_from(file.len())?, 1),
        };
        bytes += found.0;
        files += found.1;
    }
    Ok((bytes, files))
}

/// The longest of some proofs, and the time that half of them took to make.
fn proofs(log: &Log<FileStore>, size: u64) -> Outcome<(usize, Duration)> {
    let mut times = Vec::new();
    let mut longest = 0;
    for number in 0..50 {
        let start = Instant::now();
        let proof = log.prove(size / 50 * number)?;
        times.push(start.elapsed());
        longest = longest.max(proof.to_string().len());
    }
    times.sort_unstable();
    Ok((longest, at(50, &times)))
}

/// A billion entries: 32 bytes of hash each, and a 256th of that for each level above; two bytes of
/// length; a proof of 30 hashes of 45 characters.
fn on_paper(payload: f64) {
    let beyond = 2.0 + (0..4).map(|level| 32.0 / 256_f64.powi(level)).sum::<f64>();
    let total = (payload + beyond) * 1e9 / 1e12;
    println!(
        "  10^9 on paper: {beyond:.2} bytes/entry beyond payload, {total:.2} TB, 7.8 million files, proof of 30 hashes (1.4 kB and the checkpoint), open: 4 tiles and a bundle"
    );
}
