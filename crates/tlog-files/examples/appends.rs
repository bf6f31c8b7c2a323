//! Prints how many appends a second reach the disk, one by one and 64 at a time, with every fsync.
//!
//! `cargo run --release -p tlog-files --example appends [FOLDER]` (default: the temporary folder).

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use domain::keys::SecretKey;
use tlog::{Log, verify_inclusion};
use tlog_files::{FileStore, verify_folder};
use zeroize::Zeroizing;

const ENTRY_LEN: usize = 500;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    for batch in [1, 64, 1024] {
        run(&folder, batch)?;
    }
    Ok(())
}

fn run(folder: &std::path::Path, batch: usize) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir_in(folder)?;
    let (log_folder, cell) = (folder.path().join("log"), folder.path().join("state/head"));
    let secret = SecretKey::from_seed(&Zeroizing::new([1; 32]));
    let mut log = Log::open(FileStore::open(&log_folder, &cell)?, "log.example/bench", secret)?;
    let mut latencies = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(3) {
        let entries = vec![vec![0; ENTRY_LEN]; batch];
        let before = Instant::now();
        log.append(&entries)?;
        latencies.push(before.elapsed());
    }
    let seconds = start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let at = |percent: usize| {
        latencies.get(latencies.len() * percent / 100).copied().unwrap_or_default()
    };
    let (p50, p99) = (at(50), at(99));
    println!(
        "batch {batch}: {:.0} entries/s, p50 {p50:?}, p99 {p99:?}",
        log.size() as f64 / seconds
    );

    let start = Instant::now();
    let proof = log.prove(log.size() / 2)?;
    let proving = start.elapsed();
    let start = Instant::now();
    verify_inclusion(&[0; ENTRY_LEN], &proof, log.key())?;
    let (verifying, bytes) = (start.elapsed(), proof.to_string().len());
    let start = Instant::now();
    verify_folder(&log_folder, log.key(), |_, _| ())?;
    let audit = start.elapsed();
    println!(
        "  {} entries: proof {bytes} bytes, made in {proving:?}, verified in {verifying:?}; audit {audit:?}",
        log.size()
    );
    Ok(())
}
