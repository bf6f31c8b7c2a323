//! Prints how many decisions a second are acknowledged by the ledger, how long one takes, with and
//! without witnesses, and what the log costs as it grows. Every fsync is done.
//!
//! `cargo run --release -p cosigner --example acknowledged [LARGEST [FOLDER]]`: growth is shown up to
//! LARGEST entries (10,000,000 if absent, which takes some 4 GB), in FOLDER (default: the temporary
//! folder).

mod growth;
mod load;
mod three;

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use domain::Timestamp;
use domain::event::{Action, Actor, Event};
use domain::keys::SecretKey;
use ledger::{Draft, Folders, Ledger};
use zeroize::Zeroizing;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ORIGIN: &str = "log.example/bench";

fn main() -> Outcome<()> {
    let mut arguments = std::env::args_os().skip(1);
    let largest = arguments.next().and_then(|text| text.to_str()?.parse().ok());
    let largest: u64 = largest.unwrap_or(10_000_000);
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    conditions(&folder)?;

    println!("\nwithout witnesses");
    let place = tempfile::tempdir_in(&folder)?;
    let ledger = open(place.path())?;
    load::run(&ledger)?;
    drop(ledger);

    println!("\nwith a quorum of 2 of 3 witnesses, over HTTP on this machine");
    let place = tempfile::tempdir_in(&folder)?;
    let ledger = open(place.path())?;
    let three = three::Three::start(place.path(), ledger.key())?;
    let ledger = ledger.with_quorum(Box::new(three.cosigner(2)?))?;
    load::run(&ledger)?;
    drop(ledger);
    three.proof_with_all(place.path())?;

    println!();
    growth::run(&folder, largest)
}

fn open(folder: &Path) -> Outcome<Ledger> {
    let at = |part: &str| folder.join(part);
    let folders = Folders { data: at("data"), state: at("state"), record_keys: at("keys") };
    Ok(Ledger::open(&folders, ORIGIN, secret(1))?)
}

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

/// A decision with two digests of evidence, as a key release has.
fn draft() -> Outcome<Draft> {
    let digest = domain::Digest::of(b"bench");
    let mut event = Event::accepted(Action::KeyReleased, digest);
    event.evidence = vec![digest; 2];
    event.project = Some("visits-by-plan".parse()?);
    let time = Timestamp::from_unix_seconds(1_800_000_000)?;
    Ok(Draft { actor: Actor::Broker, time, person: None, event })
}

/// The value that `percent` of these do not exceed.
fn at(percent: usize, sorted: &[Duration]) -> Duration {
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default()
}

fn conditions(folder: &Path) -> Outcome<()> {
    let cores = std::thread::available_parallelism()?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let path = tempfile::tempdir_in(folder)?;
    let mut times = Vec::new();
    for number in 0..100 {
        let mut file = File::create(path.path().join(number.to_string()))?;
        file.write_all(&[0; 4096])?;
        let start = Instant::now();
        file.sync_all()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    println!("{cores} cores, load average {}", load.trim());
    println!("fsync of 4 KiB: p50 {:.2?}, p99 {:.2?}", at(50, &times), at(99, &times));
    Ok(())
}
