//! What the agent tells people while it works: JSON lines on a port, sentences on the console.
//!
//! Both go to the host, so neither carries data: a step's name, a reason code, its fixed sentence.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

use rustix::fs::OFlags;
use wire::guest::{PROGRESS_PORT, Progress, Step};

use crate::{AgentError, ports};

/// Writes progress. A port that is absent or full loses lines, never the job.
#[derive(Debug)]
pub struct Reporter {
    port: Option<File>,
}

impl Reporter {
    /// Opens the port once, for good: bytes that arrive while it is closed are lost.
    #[must_use]
    pub fn open() -> Self {
        let open = |path| {
            let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
            OpenOptions::new().write(true).custom_flags(nonblock).open(path).ok()
        };
        Self { port: ports::find(PROGRESS_PORT).and_then(open) }
    }

    /// A step begins.
    pub fn step(&mut self, step: Step) {
        say(&format!("{step:?} at {} ms", uptime_ms()));
        self.send(&Progress::Step { step, uptime_ms: uptime_ms() });
    }

    /// The job was stopped.
    pub fn refused(&mut self, error: &AgentError) {
        let reason = error.code();
        say(&format!("stopped, {reason}: {error}"));
        let mut cause = error.source();
        while let Some(error) = cause {
            say(&format!("  because: {error}"));
            cause = error.source();
        }
        self.send(&Progress::Refused { reason, detail: error.to_string(), uptime_ms: uptime_ms() });
    }

    /// The output was delivered.
    pub fn done(&mut self) {
        say(&format!("done at {} ms", uptime_ms()));
        // Rounded up to a power of two: how much the workload wrote shows in this figure.
        let peak_memory_kib =
            peak_memory_kib(&fs::read_to_string("/proc/self/status").unwrap_or_default())
                .checked_next_power_of_two()
                .unwrap_or(0);
        self.send(&Progress::Done { uptime_ms: uptime_ms(), peak_memory_kib });
    }

    fn send(&mut self, progress: &Progress) {
        let Some(port) = &mut self.port else { return };
        if let Ok(mut line) = serde_json::to_vec(progress) {
            line.push(b'\n');
            let _lost = port.write_all(&line);
        }
    }
}

/// A sentence on the console. A host that breaks its console breaks no job with it.
pub fn say(sentence: &str) {
    let _lost = writeln!(io::stdout(), "cloister: {sentence}");
}

/// Milliseconds since the kernel started, to the ten that `/proc/uptime` has.
fn uptime_ms() -> u64 {
    parse_uptime(&fs::read_to_string("/proc/uptime").unwrap_or_default())
}

fn parse_uptime(text: &str) -> u64 {
    let digits: String = text.split_whitespace().next().unwrap_or_default().replace('.', "");
    digits.parse::<u64>().unwrap_or_default().saturating_mul(10)
}

fn peak_memory_kib(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_come_from_the_kernel_in_its_own_units() {
        assert_eq!(parse_uptime("3.42 5.10\n"), 3420);
        assert_eq!(parse_uptime(""), 0);
        assert_eq!(peak_memory_kib("VmPeak:\t  9 kB\nVmHWM:\t  51234 kB\nVmRSS:\t 1 kB\n"), 51234);
    }
}
