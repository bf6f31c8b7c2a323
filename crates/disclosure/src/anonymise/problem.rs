//! A table with its plan, ready to be searched.

use crate::anonymise::levels::Levels;
use crate::anonymise::model::{DeltaValues, Demand, ValueDemand};
use crate::anonymise::partition::Partition;
use crate::anonymise::room::Room;
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

/// Which classes of a node satisfy the models.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) kept: Vec<bool>,
    /// Of each class the rows that are suppressed at this node and at every node below it.
    pub(crate) lost: Vec<u64>,
}

impl Judged {
    /// Rows of classes that are not kept.
    pub(crate) fn suppressed(&self, partition: &Partition) -> u64 {
        let classes = partition.sizes.iter().zip(&self.kept);
        classes.filter(|(_, kept)| !**kept).map(|(size, _)| size).sum()
    }
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

    /// Whether sensitive values are looked at.
    pub(crate) fn needs_counts(&self) -> bool {
        self.demands.iter().any(|demand| matches!(demand, Demand::Values { .. }))
    }

    /// Whether no more is lost than may be suppressed: otherwise this node fails and all below it.
    pub(crate) fn may_hold(&self, judged: &Judged) -> bool {
        judged.lost.iter().sum::<u64>() <= self.suppressed_at_most
    }

    /// Judges the classes by their sizes alone, which need no counts.
    pub(crate) fn judge_sizes(&self, partition: &Partition) -> Judged {
        let k = self.least_size();
        let kept: Vec<bool> = partition.sizes.iter().map(|&size| size >= k).collect();
        let classes = partition.sizes.iter().zip(&kept);
        let lost = classes.map(|(&size, &kept)| if kept { 0 } else { size }).collect();
        Judged { kept, lost }
    }

    /// Judges those that are kept so far by their values.
    pub(crate) fn judge_values(&self, partition: &Partition, judged: &mut Judged) {
        // With nothing to suppress every class of a node that holds is one that satisfies.
        let every_class_holds = self.suppressed_at_most == 0;
        for demand in &self.demands {
            let Demand::Values { attribute, demand, room } = demand else { continue };
            let Some(counts) = partition.counts.get(*attribute) else {
                return judged.kept.fill(false);
            };
            let is_inherited = every_class_holds && demand.survives_union();
            let least = if is_inherited { u64::MAX } else { self.least_size() };
            demand.judge(counts, room, least, judged);
        }
    }

    fn least_size(&self) -> u64 {
        let size = |demand: &Demand| match demand {
            Demand::Size(k) => *k,
            Demand::Values { .. } => 1,
        };
        self.demands.iter().map(size).max().unwrap_or(1)
    }
}

impl ValueDemand {
    /// Whether a union of two classes that both satisfy it does: shares and distances of the union
    /// are means of theirs. Not so where values that a class lacks are left out: a share of the other
    /// that is just large enough is too small in the union.
    const fn survives_union(&self) -> bool {
        !matches!(self, Self::Delta(_, DeltaValues::Observed))
    }

    /// Classes that are not kept already are not looked at. Of one that fails either nothing is kept
    /// below or at least `least` rows.
    fn judge(&self, counts: &Counts, room: &Room, least: u64, judged: &mut Judged) {
        let classes = judged.kept.iter_mut().zip(&mut judged.lost).zip(counts.classes());
        for ((kept, lost), class) in classes.filter(|((kept, _), _)| **kept) {
            *kept = self.holds(counts, class);
            if !*kept {
                let most = Some(room.most(class)).filter(|&most| most >= least);
                *lost = class.size - most.unwrap_or_default();
            }
        }
    }
}
