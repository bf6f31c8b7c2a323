//! A storm over the writer: at every file operation something goes wrong, in every way that files know,
//! on a simulated disk that keeps of what was not synced whatever it likes.
//!
//! Every schedule is a number of appends with faults at given operations, then a restart without any.
//! Then: no acknowledged entry is lost or moved, all checkpoints that ever were to be seen are of the
//! one tree, and the log goes on. Schedules are listed or drawn from a seed, which a failure prints.

mod disk;
mod log;
mod machine;
mod random;
mod schedules;
mod witness;

use std::collections::BTreeMap;

use machine::{Fault, Kind};

/// How many faults there were, of what kind, at what operations.
#[derive(Debug, Default)]
struct Tally(BTreeMap<(Fault, Kind), u64>);

impl Tally {
    fn add(&mut self, counts: &BTreeMap<(Fault, Kind), u64>) {
        for (key, count) in counts {
            *self.0.entry(*key).or_default() += count;
        }
    }

    fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// A line for each fault, with the operations that it befell.
    fn print(&self, title: &str) {
        println!("{title}: faults injected: {}", self.total());
        for fault in Fault::ALL {
            let of = self.0.iter().filter(|((found, _), _)| *found == fault);
            let kinds: Vec<_> = of.map(|((_, kind), count)| format!("{kind:?} {count}")).collect();
            let sum: u64 =
                self.0.iter().filter(|((f, _), _)| *f == fault).map(|(_, count)| count).sum();
            println!("  {:<18} {sum:>7}  ({})", format!("{fault:?}"), kinds.join(", "));
        }
    }
}
