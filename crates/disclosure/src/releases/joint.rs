//! Views that were shown together: comparing another with all of them, and remembering it.

use domain::Digest;

use super::ReleaseLimits;
use super::atoms::{Atoms, Split};
use super::exposure::Exposure;
use super::held::Held;
use super::overlap::Overlap;
use super::sample::Probe;
use super::shown::Shown;

/// Views over one set of atoms.
#[derive(Clone, Debug)]
pub(crate) struct Joint {
    atoms: Atoms,
    held: Vec<Held>,
}

/// How a new view changes those that are held.
struct Change {
    split: Split,
    new: Held,
    /// Views that are joined with the new one, by place.
    joined: Vec<(usize, Held)>,
}

impl Joint {
    pub(crate) fn new(population: u32) -> Self {
        Self { atoms: Atoms::new(population), held: Vec::new() }
    }

    /// What `shown` exposes together with what is held.
    pub(crate) fn compare(&self, shown: &Shown, limits: &ReleaseLimits) -> Vec<Exposure> {
        if self.held.is_empty() {
            return Vec::new();
        }
        let split = self.atoms.split(&shown.view);
        let new = Held::new(shown, &split, None);
        let probe = Probe::new(&shown.view, &new.sample, &self.atoms);
        let exposures = in_two_threads(&self.held, |held| {
            if new.is_safe_beside(&probe, held, limits) {
                return Vec::new();
            }
            new.compare(&split.parts, held, limits)
        });
        if !exposures.is_empty() {
            return exposures;
        }
        self.change(&probe, new, split)
            .map_or_else(Vec::new, |change| self.compare_joined(&change, limits))
    }

    /// What the views joined with the new one expose together with the others: groups of which
    /// neither release shows anything by itself.
    fn compare_joined(&self, change: &Change, limits: &ReleaseLimits) -> Vec<Exposure> {
        let mut exposures = Vec::new();
        let mut rest = change.joined.as_slice();
        while let Some(((_, joined), others)) = rest.split_first() {
            let parts = joined.parts(&change.split, true);
            let unchanged: Vec<&Held> = (0..)
                .zip(&self.held)
                .filter(|(at, _)| change.joined.iter().all(|(changed, _)| changed != at))
                .map(|(_, held)| held)
                .collect();
            exposures
                .extend(in_two_threads(&unchanged, |held| joined.compare(&parts, held, limits)));
            let parts = joined.parts(&change.split, false);
            exposures
                .extend(in_two_threads(others, |(_, other)| joined.compare(&parts, other, limits)));
            rest = others;
        }
        exposures
    }

    /// Remembers `shown`.
    pub(crate) fn add(&mut self, shown: &Shown, package: Option<Digest>) {
        let split = self.atoms.split(&shown.view);
        let new = Held::new(shown, &split, package);
        let probe = Probe::new(&shown.view, &new.sample, &self.atoms);
        let change = self.change(&probe, new, split);
        let Some(Change { split, new, joined }) = change else { return };
        for held in &mut self.held {
            held.blocks.grow(&split.born);
        }
        if joined.is_empty() {
            self.held.push(new);
        }
        for (at, joined) in joined {
            if let Some(held) = self.held.get_mut(at) {
                *held = joined;
            }
        }
        self.atoms = split.atoms;
    }

    /// None if a view that is held is finer than the new one, which then tells nothing new.
    ///
    /// A table is joined with each table whose overlap with it has no cycle, since whoever has both
    /// has the joint partition. Classes of microdata are not sums that could be taken from one
    /// another: they stay by themselves.
    fn change(&self, probe: &Probe<'_>, new: Held, split: Split) -> Option<Change> {
        let mut joined = Vec::new();
        for (held, at) in self.held.iter().zip(0..) {
            if held.microdata != new.microdata {
                continue;
            }
            let most = Overlap::forest_edges(new.sizes.len(), held.sizes.len());
            if probe.has_edges(held, most) {
                continue;
            }
            let Some(overlap) = new.overlap(&split.parts, held, most) else { continue };
            if overlap.right_is_finer() {
                return None;
            }
            if !held.microdata && overlap.is_forest() {
                joined.push((at, new.joined(&overlap, &split, held)));
            }
        }
        Some(Change { split, new, joined })
    }
}

/// What `compare` finds, in the order of `held`.
fn in_two_threads<T: Sync>(
    held: &[T],
    compare: impl Fn(&T) -> Vec<Exposure> + Sync,
) -> Vec<Exposure> {
    let some = |held: &[T]| -> Vec<Exposure> { held.iter().flat_map(&compare).collect() };
    let (first, second) = held.split_at(held.len() / 2);
    if first.len() < WORTH_A_THREAD {
        return some(held);
    }
    std::thread::scope(|scope| {
        let other = scope.spawn(|| some(second));
        let mut exposures = some(first);
        match other.join() {
            Ok(more) => exposures.extend(more),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        exposures
    })
}

/// So many views are compared sooner by two threads than by one.
const WORTH_A_THREAD: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::releases::exposure::{Cells, ExposureRule};

    #[test]
    fn two_threads_find_the_same_in_the_same_order() {
        let found = |records: &u64| {
            let (file, cells) = (String::new(), Cells::default());
            vec![Exposure {
                rule: ExposureRule::Cell,
                file,
                cells,
                earlier: Vec::new(),
                records: *records,
            }]
        };
        for held in [0, 1, WORTH_A_THREAD as u64 * 2 - 1, WORTH_A_THREAD as u64 * 2 + 1] {
            let held: Vec<u64> = (0..held).collect();
            let exposures = in_two_threads(&held, found);
            assert!(exposures.iter().map(Exposure::records).eq(held));
        }
    }
}
