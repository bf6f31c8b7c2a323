//! Three real witnesses in this process, each with its own folder and socket.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cosigner::{Cosigner, Observer};
use domain::Timestamp;
use tlog::{LeafProof, Log, Policy, VerifierKey, Witnesses as _};
use tlog_files::{FileStore, WitnessFolder};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::{Outcome, at, secret};

pub(crate) struct Three {
    lines: String,
    _runtime: Runtime,
}

impl Three {
    pub(crate) fn start(folder: &Path, key: &VerifierKey) -> Outcome<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let mut lines = format!("log {key}\n");
        for number in 0..3_u8 {
            let memory = WitnessFolder::open(&folder.join(format!("witness-{number}")))?;
            let name = format!("w.example/{number}");
            let clock: witness::Clock = Arc::new(|| {
                Timestamp::from_unix_seconds(1_800_000_000).unwrap_or(Timestamp::EPOCH)
            });
            let quiet: witness::Observer = Arc::new(|_| ());
            let logs = [key.clone()];
            let witness =
                witness::Witness::new(&name, secret(10 + number), logs, memory, clock, quiet)?;
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
            let url = format!("http://{}", listener.local_addr()?);
            lines += &format!("witness w{number} {} {url}\n", witness.key());
            let router = witness::router(Arc::new(witness));
            runtime.spawn(async move { axum::serve(listener, router).await });
        }
        Ok(Self { lines, _runtime: runtime })
    }

    /// Asks all three, and needs so many.
    pub(crate) fn cosigner(&self, needed: usize) -> Outcome<Cosigner> {
        let policy: Policy =
            format!("{}group g {needed} w0 w1 w2\nquorum g\n", self.lines).parse()?;
        let observer: Observer = Arc::new(|asked| {
            if let Err(silence) = asked.outcome {
                println!("  {}: {silence}", asked.witness);
            }
        });
        let client = channel::web_client()?;
        Ok(Cosigner::start(policy, &client, Duration::from_secs(5), &observer)?)
    }

    /// A proof from the ledger in `folder` with the cosignatures of all three.
    pub(crate) fn proof_with_all(&self, folder: &Path) -> Outcome<()> {
        let store = FileStore::open(&folder.join("data/log"), &folder.join("state/log-head"))?;
        let mut log = Log::open(store, crate::ORIGIN, secret(1))?;
        let cosigner = self.cosigner(3)?;
        let head = log.checkpoint().clone();
        let size = head.checkpoint().size;
        let lines = cosigner.ask(&head, &|older| log.consistency(older, size));
        log.cosign(&lines, cosigner.policy())?.quorum?;
        let (leaf, proof) = (log.entry(size / 2)?, log.prove(size / 2)?.to_string());
        let mut times = Vec::new();
        for _ in 0..200 {
            let start = Instant::now();
            let read: LeafProof = proof.parse()?;
            let witnessed = cosigner.policy().verify(&read.checkpoint)?;
            tlog::verify_inclusion(&leaf, &read, witnessed.log())?;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        println!(
            "  proof of one of {size} entries with three cosignatures: {} bytes, verified in {:.0?} (p99 {:.0?})",
            proof.len(),
            at(50, &times),
            at(99, &times)
        );
        Ok(())
    }
}
