//! Memory that a table will take, compared with what can be had before it is taken: to be ended in
//! the middle by the system tells nobody what to do.

use std::fs;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

use super::Unusable;
use crate::TableFile;

/// What is done with each cell that is read.
#[derive(Clone, Copy)]
pub(super) enum Work {
    /// It is read and measured.
    Measure,
    /// It is also written, as another.
    Anonymise,
}

impl Work {
    /// Codes while they are read, those that are kept, and those of the result. Texts are not
    /// counted: most tables have few that differ.
    const fn bytes_per_cell(self) -> u64 {
        match self {
            Self::Measure => 8,
            Self::Anonymise => 12,
        }
    }
}

/// Refuses to read `columns` columns of `file` where they take more than there is.
pub(super) fn suffices_for_table(
    path: &Path,
    file: &TableFile,
    columns: usize,
    work: Work,
) -> Result<(), Unusable> {
    let rows = file.about_rows().map_err(|error| Unusable::by(&error))?;
    let cells = rows.saturating_mul(u64::try_from(columns).unwrap_or(u64::MAX));
    let needed = cells.saturating_mul(work.bytes_per_cell());
    suffices(&path.display().to_string(), needed, available())
}

fn suffices(name: &str, needed: u64, available: Option<u64>) -> Result<(), Unusable> {
    let Some(available) = available.filter(|&available| available < needed) else { return Ok(()) };
    Err(Unusable {
        reason: "input.memory",
        detail: format!(
            "`{name}` takes about {} MB more of memory, and {} MB can be had; take fewer rows or \
             columns, or raise the limit",
            needed.div_ceil(MB),
            available / MB,
        ),
    })
}

/// The least of what the system, this group of processes and this process may still take.
fn available() -> Option<u64> {
    [system(), group(), process()].into_iter().flatten().min()
}

fn system() -> Option<u64> {
    kilobytes("/proc/meminfo", "MemAvailable:")
}

/// cgroup v2, of a container that sees its own group as the root. Files that were read some time ago
/// count as taken there, and make way for whoever needs the memory.
fn group() -> Option<u64> {
    let number = |file: &str| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
    let most = number("/sys/fs/cgroup/memory.max")?;
    let cached = fs::read_to_string("/sys/fs/cgroup/memory.stat").ok();
    let cached = cached.and_then(|text| listed(&text, "inactive_file ")).unwrap_or_default();
    let taken = number("/sys/fs/cgroup/memory.current")?.saturating_sub(cached);
    Some(most.saturating_sub(taken))
}

/// The number behind `name` at the beginning of a line.
fn listed(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok()
}

/// What `ulimit -v` allows, without what threads reserve of it.
fn process() -> Option<u64> {
    let most = getrlimit(Resource::As).current?;
    let taken = kilobytes("/proc/self/status", "VmSize:")?;
    Some(most.saturating_sub(taken.saturating_add(FOR_THREADS)))
}

fn kilobytes(file: &str, line: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let value = text.lines().find_map(|text| text.strip_prefix(line))?;
    value.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1_024)
}

const MB: u64 = 1_000_000;
/// Two heaps of their own.
const FOR_THREADS: u64 = 2 * (64 << 20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_certainly_too_much_is_refused() {
        assert!(suffices("a.csv", 5, Some(5)).is_ok());
        assert!(suffices("a.csv", u64::MAX, None).is_ok());
        let refused = suffices("a.csv", 2_000_001, Some(1_999_999)).err().unwrap();
        assert_eq!(refused.reason, "input.memory");
        assert!(refused.detail.contains("`a.csv` takes about 3 MB more of memory, and 1 MB can"));
        assert!(system().is_some_and(|bytes| bytes > MB));
    }

    #[test]
    fn a_number_is_found_by_its_whole_name() {
        let text = "anon 4096\nfile 9\ninactive_file 8192\ninactive_file_x 1\n";
        assert_eq!(listed(text, "inactive_file "), Some(8_192));
        assert_eq!(listed(text, "active_file "), None);
    }
}
