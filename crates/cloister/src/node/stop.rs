//! When a node is to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C or for SIGTERM, with which service managers stop a program: guests are ended and
/// their folders removed then, and nothing is left in the middle.
pub async fn asked_to_stop() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Without a handler the signal ends the process by itself.
        let _pressed = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _pressed = tokio::signal::ctrl_c() => {}
        _asked = terminate.recv() => {}
    }
}
