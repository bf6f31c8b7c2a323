//! Prints what key release costs a broker: the memory of this process, which holds a broker with its
//! log and key store, the enclaves that ask it and their security processor, and nothing else; and
//! launches per second. `cargo run --release -p broker --example releases [LAUNCHES]` (default 200).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "shares the tests' world; to stop is to fail"
)]

#[path = "../tests/broker/guest.rs"]
mod guest;
#[path = "../tests/broker/world.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod world;

use std::fs;
use std::time::Instant;

use domain::launch::JobRequest;
use wire::broker::LaunchAuthorised;

use guest::Guest;
use world::{AUTHOR, SECRET, World};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let launches: u32 = std::env::args().nth(1).map_or(200, |text| text.parse().unwrap());
    let world = World::approved().await;
    let idle = peak_mib();
    let began = Instant::now();
    for number in 0..launches {
        release(&world, number).await;
    }
    let each = began.elapsed() / launches;
    println!("peak memory before the first launch   {idle:>7.1} MiB");
    println!("peak memory after {launches} launches        {:>7.1} MiB", peak_mib());
    println!("a launch, from request to key         {each:>9.2?}, each step in the log first");
}

/// One launch: authorised, attested, its key released and opened.
async fn release(world: &World, number: u32) {
    let job = JobRequest { job: format!("job-{number}").parse().unwrap(), ..world.job() };
    let launch: LaunchAuthorised = world.authorise(&job, AUTHOR).await.read();
    let guest = Guest::launched(&String::from_utf8(launch.initdata).unwrap());
    let token = guest.attested(world).await;
    assert_eq!(guest.open(&guest::fetch(world, &token).await), SECRET);
}

/// `VmHWM` of this process.
fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
