//! The figures that docs quote: measured in the same run as what they are compared with.

use std::fs;
use std::time::Duration;

use serde::Serialize;

use super::console::seconds;

/// What one run of the demo measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figures {
    /// A boot of the same kernel with an empty init, from QEMU's start to its end.
    pub(super) bare_boot_seconds: f64,
    /// From QEMU's start to the released key, for each job.
    pub(super) to_key_seconds: Vec<f64>,
    /// The larger of these divided by the bare boot.
    pub(super) ratio: f64,
    /// Peak memory of all services together, MiB.
    pub(super) services_mib: u64,
    /// Peak memory of the agent, MiB.
    pub(super) agent_mib: u64,
}

impl Figures {
    pub(super) fn of(bare_boot: Duration, to_key: &[Duration], agent_kib: u64) -> Self {
        let slowest = to_key.iter().max().copied().unwrap_or_default();
        Self {
            bare_boot_seconds: seconds(bare_boot),
            to_key_seconds: to_key.iter().map(|took| seconds(*took)).collect(),
            ratio: (slowest.as_secs_f64() / bare_boot.as_secs_f64() * 100.0).round() / 100.0,
            services_mib: peak_memory_kib() / 1024,
            agent_mib: agent_kib / 1024,
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        vec![
            format!("  bare boot, same kernel and accelerator   {:.2} s", self.bare_boot_seconds),
            format!(
                "  guest start to key released              {:?} s, ratio {:.2}",
                self.to_key_seconds, self.ratio
            ),
            format!("  peak memory: all services                {} MiB", self.services_mib),
            format!("  peak memory: agent in the guest          {} MiB", self.agent_mib),
        ]
    }
}

/// `VmHWM` of this process, which holds broker, airlock, control and launcher.
fn peak_memory_kib() -> u64 {
    fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
            line.split_whitespace().nth(1)?.parse().ok()
        })
        .unwrap_or(0)
}
