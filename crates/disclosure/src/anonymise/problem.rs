//! A table with its plan, ready to be searched.

use crate::anonymise::levels::Levels;
use crate::anonymise::model::{DeltaValues, Demand, ValueDemand};
use crate::anonymise::partition::Partition;
use crate::anonymise::utility::Utility;
use crate::measures::Counts;

/// What every node is judged by.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) utility: Utility,
    pub(crate) demands: Vec<Demand>,
    /// The quasi-identifiers, that with the most values first.
    pub(crate) by_values: Vec<usize>,
    /// Rows that may be suppressed.
    pub(crate) suppressed_at_most: u64,
}

/// Which classes of a node satisfy every model.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) kept: Vec<bool>,
    /// The rows of the others.
    pub(crate) suppressed: u64,
    /// Rows that every node below suppresses, too, or more.
    pub(crate) suppressed_below: u64,
}

impl Problem {
    /// The node below `levels` that leaves the generalised column with the fewest values as it is.
    pub(crate) fn without_last(&self, levels: Levels) -> Levels {
        let mut bytes = levels.bytes();
        let mut fewest_first = self.by_values.iter().rev();
        let last = fewest_first.find(|&&at| bytes.get(at).is_some_and(|&level| level > 0));
        if let Some(level) = last.and_then(|&at| bytes.get_mut(at)) {
            *level = 0;
        }
        Levels::new(&bytes)
    }

    pub(crate) fn judge(&self, partition: &Partition) -> Judged {
        let mut kept = vec![true; partition.sizes.len()];
        // With nothing to suppress every class of a node that holds is one that satisfies.
        let every_class_holds = self.suppressed_at_most == 0;
        let (inherited, others): (Vec<&Demand>, Vec<&Demand>) =
            self.demands.iter().partition(|demand| {
                demand.survives_any_union() || (every_class_holds && demand.survives_union())
            });
        for demand in inherited {
            demand.apply(partition, &mut kept);
        }
        let suppressed_below = suppressed(partition, &kept);
        for demand in others {
            demand.apply(partition, &mut kept);
        }
        let suppressed = suppressed(partition, &kept);
        Judged { kept, suppressed, suppressed_below }
    }
}

fn suppressed(partition: &Partition, kept: &[bool]) -> u64 {
    partition.sizes.iter().zip(kept).filter(|(_, kept)| !**kept).map(|(size, _)| size).sum()
}

impl Demand {
    /// Whether a union of a class that satisfies it with any other class does, too: then nodes above
    /// suppress no more rows than nodes below.
    const fn survives_any_union(&self) -> bool {
        matches!(self, Self::Size(_) | Self::Values(_, ValueDemand::Distinct(_)))
    }

    /// Whether a union of two classes that both satisfy it does: shares and distances of the union
    /// are means of theirs. Not so where values that a class lacks are left out: a share of the other
    /// that is just large enough is too small in the union.
    const fn survives_union(&self) -> bool {
        !matches!(self, Self::Values(_, ValueDemand::Delta(_, DeltaValues::Observed)))
    }

    /// Clears `kept` for each class that does not satisfy it; classes that are cleared already are
    /// not looked at.
    fn apply(&self, partition: &Partition, kept: &mut [bool]) {
        match self {
            Self::Size(k) => {
                for (kept, size) in kept.iter_mut().zip(&partition.sizes) {
                    *kept &= size >= k;
                }
            }
            Self::Values(attribute, demand) => {
                let Some(counts) = partition.counts.get(*attribute) else {
                    return kept.fill(false);
                };
                demand.apply(counts, kept);
            }
        }
    }
}

impl ValueDemand {
    fn apply(&self, counts: &Counts, kept: &mut [bool]) {
        for (kept, class) in kept.iter_mut().zip(counts.classes()) {
            *kept = *kept && self.holds(counts, class);
        }
    }
}
