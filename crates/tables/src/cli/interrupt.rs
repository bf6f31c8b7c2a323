//! Ctrl-C while something long is done.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::{Failure, INTERRUPTED, Unusable};

/// Whether someone wants the program to end. Files that are not finished are removed first.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on the first Ctrl-C is noted here; the second ends the program at once.
    pub(super) fn noted() -> Result<Self, Unusable> {
        let wanted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(
                signal,
                i32::from(INTERRUPTED),
                Arc::clone(&wanted),
            )
            .and_then(|_| flag::register(signal, Arc::clone(&wanted)))
            .map_err(|error| Unusable {
                reason: "system.signal",
                detail: format!("cannot listen for Ctrl-C: {error}"),
            })?;
        }
        Ok(Self(wanted))
    }

    pub(super) fn flow(&self) -> ControlFlow<()> {
        if self.0.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Fails if it is wanted.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.flow().is_break() { Err(Self::failure()) } else { Ok(()) }
    }

    pub(super) fn failure() -> Failure {
        Failure::Interrupted(Unusable {
            reason: "anonymise.interrupted",
            detail: "stopped before the end; nothing was written".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_is_noted() {
        let interrupt = Interrupt::noted().ok().unwrap();
        assert!(interrupt.check().is_ok());
        signal_hook::low_level::raise(SIGINT).unwrap();
        assert!(interrupt.flow().is_break());
        let failure = interrupt.check().err().unwrap();
        assert!(
            matches!(failure, Failure::Interrupted(why) if why.reason == "anonymise.interrupted")
        );
    }
}
