//! How fast a monitor reads, and how much it keeps: `cargo run --release -p monitor --example million`.
//!
//! The log is one of launches that come to their exports, ten entries each, so that only what is kept
//! of everything grows. One thread, the leaves ready in memory; parsing them is included.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "shares the tests' world; to stop is to fail"
)]

#[path = "../tests/rules/world.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod world;

use std::time::Instant;

use domain::Digest;
use monitor::{Monitor, Saved};
use world::{Leaf, World};

/// Entries per figure.
const STEPS: u64 = 250_000;
/// Figures.
const ROWS: u64 = 4;
/// Launches between two looks at the log that is being made.
const BATCH: usize = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut world = World::new();
    world.seal(None);
    world.propose(2);
    let mut monitor = Monitor::default();
    let before = resident();
    println!("{:>9} {:>11} {:>18}", "entries", "entries/s", "memory, B/entry");
    for row in 1..=ROWS {
        let mut seconds = 0.0;
        while monitor.size() < row * STEPS {
            let leaves = batch(&mut world);
            let began = Instant::now();
            for leaf in &leaves {
                let found = monitor.take(leaf);
                assert!(found.is_empty(), "{found:?}");
            }
            seconds += began.elapsed().as_secs_f64();
        }
        let memory = resident().saturating_sub(before) as f64 / monitor.size() as f64;
        println!("{:>9} {:>11.0} {memory:>18.1}", monitor.size(), STEPS as f64 / seconds);
    }
    let size = monitor.size() as f64;
    let began = Instant::now();
    let bytes = Saved::new(String::new(), Digest::of(b""), monitor).to_bytes()?;
    let saved = began.elapsed().as_secs_f64();
    let loaded = Saved::from_bytes(&bytes)?;
    let both = began.elapsed().as_secs_f64();
    assert_eq!(loaded.to_bytes()?, bytes);
    println!(
        "its state: {:.1} B/entry, saved in {saved:.2} s, loaded in {:.2} s",
        bytes.len() as f64 / size,
        both - saved
    );
    Ok(())
}

/// The leaves of some launches, each of which comes to its export.
fn batch(world: &mut World) -> Vec<Vec<u8>> {
    for _ in 0..BATCH {
        world.wait(1);
        world.authorise(0, 0);
        let launch = world.launches.len() - 1;
        world.attest(launch);
        world.release(launch);
        world.deliver(launch, true, true);
        let output = world.outputs.len() - 1;
        world.review(output, 1, true);
        world.review(output, 2, true);
        world.export(output);
        world.sign();
    }
    world.outputs.clear();
    world.launches.clear();
    std::mem::take(&mut world.leaves).iter().map(Leaf::bytes).collect()
}

/// Bytes of this process in memory (proc(5), `statm`).
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4096
}
