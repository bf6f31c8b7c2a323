//! How far long work is, for people who wait at a terminal.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

/// One line on the terminal, written over a few times a second.
pub(super) struct Line {
    shown: bool,
    last: Instant,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { shown: false, last: Instant::now() }
    }

    pub(super) fn show(&mut self, text: impl FnOnce() -> String) {
        if self.last.elapsed() >= Duration::from_millis(250) && std::io::stderr().is_terminal() {
            eprint!("\r{}  ", text());
            (self.shown, self.last) = (true, Instant::now());
        }
    }

    pub(super) fn end(&self) {
        if self.shown {
            eprintln!();
        }
    }
}
