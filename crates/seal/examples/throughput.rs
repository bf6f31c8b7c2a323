//! Prints what one core seals per second, of data in memory, the ratio to OpenSSL in the same run,
//! and the memory that 20 GiB take: `cargo run --release -p seal --example throughput [MiB]`
//! (default 1024). Seconds are those of the processor, as in `openssl speed`, so that a busy
//! machine does not spoil the ratio.

use std::io;
use std::process::Command;

use domain::dataset::Salt;
use seal::VolumeKey;
use seal::dataset::Sealer;
use seal::verity::{BLOCK_BYTES, Block, Parameters, TreeBuilder};
use seal::xts::Xts;
use zeroize::Zeroizing;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let mebibytes: usize = std::env::args().nth(1).map_or(Ok(1024), |text| text.parse())?;
    println!("sealing 20 GiB took {} of memory at most", steady()?);
    let mut data = vec![0x5a; mebibytes << 20];
    let xts = measure(&mut data, encrypt)?;
    let verity = measure(&mut data, build_tree)?;
    let together = measure(&mut data, seal)?;
    println!("AES-256-XTS          {xts:>6.0} MB/s");
    println!("dm-verity, SHA-256   {verity:>6.0} MB/s");
    println!("both (Sealer)        {together:>6.0} MB/s");
    let (Some(aes), Some(sha)) = (openssl(&["-evp", "aes-256-xts"]), openssl(&["-evp", "sha256"]))
    else {
        println!("no ratio: openssl is not installed");
        return Ok(());
    };
    let floor = 1.0 / (1.0 / aes + 1.0 / sha);
    println!("openssl aes-256-xts  {aes:>6.0} MB/s, ratio {:.2}", xts / aes);
    println!("openssl sha256       {sha:>6.0} MB/s, ratio {:.2}", verity / sha);
    println!("openssl one by one   {floor:>6.0} MB/s, ratio {:.2}", together / floor);
    Ok(())
}

/// Seals 20 GiB through a buffer of 1 MiB; the most memory that the process has had by then.
fn steady() -> Result<String> {
    let mut chunk = vec![0; 1 << 20];
    let mut sealer = Sealer::new(&key()?, salt(), 20 << 30, discard)?;
    for _ in 0..20 << 10 {
        sealer.push(&mut chunk)?;
    }
    std::hint::black_box(sealer.finish()?);
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(peak.unwrap_or_default().trim().to_owned())
}

/// The best of three runs, in MB/s.
fn measure(data: &mut [u8], run: fn(&mut [u8]) -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let start = processor_seconds()?;
        run(data)?;
        best = best.min(processor_seconds()? - start);
    }
    #[expect(clippy::cast_precision_loss, reason = "a length in memory is far below 2^52")]
    let bytes = data.len() as f64;
    Ok(bytes / best / 1e6)
}

/// What this thread has used so far (Linux `Documentation/scheduler/sched-stats.rst`).
fn processor_seconds() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e9)
}

fn encrypt(data: &mut [u8]) -> Result<()> {
    Ok(Xts::new(&key()?).encrypt(data, 0)?)
}

fn build_tree(data: &mut [u8]) -> Result<()> {
    let blocks = u64::try_from(data.len() / BLOCK_BYTES)?.try_into()?;
    let mut builder = TreeBuilder::new(Parameters::new(blocks, salt())?, discard);
    builder.push(data)?;
    std::hint::black_box(builder.finish()?);
    Ok(())
}

fn seal(data: &mut [u8]) -> Result<()> {
    let mut sealer = Sealer::new(&key()?, salt(), u64::try_from(data.len())?, discard)?;
    for chunk in data.chunks_mut(1 << 20) {
        sealer.push(chunk)?;
    }
    std::hint::black_box(sealer.finish()?);
    Ok(())
}

fn discard(_offset: u64, block: &Block) -> io::Result<()> {
    std::hint::black_box(block);
    Ok(())
}

fn key() -> Result<VolumeKey> {
    let mut bytes = Zeroizing::new([1; 64]);
    bytes.iter_mut().take(32).for_each(|byte| *byte = 2);
    Ok(VolumeKey::from_bytes(bytes)?)
}

fn salt() -> Salt {
    Salt::from_bytes([3; 32])
}

/// What `openssl speed` reports for blocks of 4096 bytes on one core, in MB/s.
fn openssl(algorithm: &[&str]) -> Option<f64> {
    let arguments = ["speed", "-mr", "-seconds", "2", "-bytes", "4096"];
    let output = Command::new("openssl").args(arguments).args(algorithm).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    // Machine-readable: `+F:22:AES-256-XTS:7012345678.90`, bytes per second.
    let line = text.lines().find(|line| line.starts_with("+F:"))?;
    line.rsplit(':').next()?.parse().ok().map(|speed: f64| speed / 1e6)
}
