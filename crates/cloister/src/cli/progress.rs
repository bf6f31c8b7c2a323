//! How far long work is, for a person who watches.

use std::io::{self, IsTerminal as _, Write as _};

/// Prints percentages on standard error, if that is a terminal.
pub(super) fn percentages(what: &'static str) -> impl FnMut(u64, u64) {
    let shown = io::stderr().is_terminal();
    let mut last = None;
    move |done, total| {
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100);
        if shown && last != Some(percent) {
            last = Some(percent);
            let end = if done >= total { "\n" } else { "" };
            // Nobody misses it if the terminal is gone.
            let _gone = write!(io::stderr(), "\r{what} {percent} %{end}");
        }
    }
}
