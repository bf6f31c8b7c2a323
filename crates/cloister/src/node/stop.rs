//! When a node is to stop.

use std::future::pending;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for Ctrl-C or for SIGTERM, with which service managers stop a program: guests are ended and
/// their folders removed then, and nothing is left in the middle. From this call on a signal waits for
/// whoever awaits the future.
pub fn asked_to_stop() -> impl Future<Output = ()> + Send {
    let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
    let (interrupt, terminate) = (signal(interrupt), signal(terminate));
    async {
        tokio::select! {
            () = received(interrupt) => {}
            () = received(terminate) => {}
        }
    }
}

async fn received(signal: io::Result<Signal>) {
    match signal {
        Ok(mut signal) => _ = signal.recv().await,
        // Without a handler the signal ends the process by itself.
        Err(_) => pending().await,
    }
}
