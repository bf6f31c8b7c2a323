//! Which cells of which rows are suppressed.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::measures::Ratio;
use crate::transform::{Done, TransformError, Watch};

/// Rows with equal values.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// The code of each column.
    pub(super) key: Vec<u32>,
    /// Its rows, at least one.
    pub(super) rows: Vec<usize>,
}

impl Class {
    pub(super) fn size(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }
}

/// A set of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Set(u32);

impl Set {
    pub(super) const EMPTY: Self = Self(0);

    /// All sets of columns with these weights but the empty one, by their costs.
    pub(super) fn all(weights: &[u64]) -> Vec<(u64, Self)> {
        let cost = |set: Self| {
            weights.iter().zip(0..).filter(|(_, at)| set.has(*at)).map(|(weight, _)| weight).sum()
        };
        let sets = (1..1_u32 << weights.len()).map(Self);
        let mut sets: Vec<(u64, Self)> = sets.map(|set| (cost(set), set)).collect();
        sets.sort_unstable();
        sets
    }

    pub(super) const fn has(self, column: u32) -> bool {
        self.0 & (1 << column) != 0
    }

    pub(super) const fn columns(self) -> u32 {
        self.0.count_ones()
    }

    const fn includes(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// The key without the columns of the set.
    fn rest(self, key: &[u32]) -> impl Iterator<Item = u32> + '_ {
        key.iter().zip(0..).filter(move |(_, at)| !self.has(*at)).map(|(code, _)| *code)
    }
}

/// One attempt: to suppress the columns of `set` in groups that are large enough.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// What that costs at most for each row at risk.
    price: Ratio,
    set: Set,
    /// So many rows at risk a group needs for others to be joined to it.
    least: u64,
}

impl Step {
    /// All of them, by price: for each set first without rows that join, then with as many as there
    /// are rows at risk, three times as many, and so on.
    fn all(sets: &[(u64, Set)], k: u64) -> Vec<Self> {
        let halves = |least: u64| (least > 1).then(|| least.div_ceil(2));
        let least = || std::iter::successors(Some(k), move |&least| halves(least));
        // A group of k rows of which `least` are at risk costs k times the set.
        let price =
            |cost: u64, least: u64| Ratio::new(u128::from(cost) * u128::from(k), least.into());
        let steps = sets.iter().flat_map(|&(cost, set)| {
            least().filter_map(move |least| Some(Self { price: price(cost, least)?, set, least }))
        });
        let mut steps: Vec<Self> = steps.collect();
        steps.sort_by_key(|step| (step.price, std::cmp::Reverse(step.least), step.set));
        steps
    }
}

/// What a class shows: which columns are suppressed, and the codes of the others.
type Shown = (Set, Vec<u32>);

/// Classes on the way to k rows each.
pub(super) struct Plan {
    k: u64,
    /// Classes with too few rows, by ascending keys.
    at_risk: Vec<Class>,
    /// Rows of classes with enough, each in one piece: equal rows with equal cells suppressed.
    settled: BTreeMap<Shown, Vec<Class>>,
}

impl Plan {
    pub(super) fn new(classes: Vec<Class>, k: u64) -> Self {
        let (settled, at_risk): (Vec<Class>, Vec<Class>) =
            classes.into_iter().partition(|class| class.size() >= k);
        let settled =
            settled.into_iter().map(|class| ((Set::EMPTY, class.key.clone()), vec![class]));
        Self { k, at_risk, settled: settled.collect() }
    }

    /// For each row the columns in which it is suppressed. `sets` are by their costs, the last is of
    /// all columns; there are at least k rows.
    pub(super) fn run(
        mut self,
        sets: &[(u64, Set)],
        watch: Watch<'_>,
    ) -> Result<Vec<(usize, Set)>, TransformError> {
        let steps = Step::all(sets, self.k);
        let number = |steps: usize| u64::try_from(steps).unwrap_or(u64::MAX);
        let mut done = 0;
        for equal in steps.chunk_by(|a, b| (a.price, a.least) == (b.price, b.least)) {
            // Of sets with one cost that goes first which hides the most rows.
            let hides = |step: &Step| (std::cmp::Reverse(self.hidden_by(step.set)), step.set);
            let mut order: Vec<_> = equal.iter().map(|step| (hides(step), *step)).collect();
            order.sort_by_key(|(hides, _)| *hides);
            for (_, step) in order {
                if self.at_risk.is_empty() {
                    break;
                }
                self.settle(step);
                done += 1;
                let progress = Done { done, of: number(steps.len()) };
                if let ControlFlow::Break(()) = watch(progress) {
                    return Err(TransformError::Interrupted);
                }
            }
        }
        self.join_cheapest(sets);
        let rows = self.settled.into_iter().flat_map(|((set, _), classes)| {
            classes
                .into_iter()
                .flat_map(move |class| class.rows.into_iter().map(move |row| (row, set)))
        });
        Ok(rows.collect())
    }

    /// The places of rows at risk, by what they show without the columns of `set`.
    fn groups(&self, set: Set) -> Vec<Vec<usize>> {
        let rest = |at: &usize| self.at_risk.get(*at).map(|class| set.rest(&class.key));
        let compare = |a: &usize, b: &usize| match (rest(a), rest(b)) {
            (Some(a), Some(b)) => a.cmp(b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        let mut places: Vec<usize> = (0..self.at_risk.len()).collect();
        places.sort_by(compare);
        places.chunk_by(|a, b| compare(a, b).is_eq()).map(<[usize]>::to_vec).collect()
    }

    fn shown(&self, set: Set, group: &[usize]) -> Shown {
        let first = group.first().and_then(|&at| self.at_risk.get(at));
        (set, first.map(|class| set.rest(&class.key).collect()).unwrap_or_default())
    }

    /// Rows at risk in `group`, and rows that show the same already.
    fn found(&self, group: &[usize], shown: &Shown) -> (u64, u64) {
        let at_risk = group.iter().filter_map(|&at| self.at_risk.get(at)).map(Class::size).sum();
        (at_risk, self.settled.get(shown).map_or(0, |classes| size(classes)))
    }

    /// Rows at risk that are hidden if the columns of `set` are suppressed.
    fn hidden_by(&self, set: Set) -> u64 {
        let groups = self.groups(set).into_iter().filter_map(|group| {
            let (at_risk, same) = self.found(&group, &self.shown(set, &group));
            (at_risk + same >= self.k).then_some(at_risk)
        });
        groups.sum()
    }

    fn settle(&mut self, step: Step) {
        let mut hidden = vec![false; self.at_risk.len()];
        let spare = self.spare(step.set);
        for group in self.groups(step.set) {
            let shown = self.shown(step.set, &group);
            let (at_risk, same) = self.found(&group, &shown);
            let needed = self.k.saturating_sub(at_risk + same);
            let others = spare.get(&shown.1).map(Vec::as_slice).unwrap_or_default();
            let can_join = || others.iter().map(|(count, _)| count).sum::<u64>();
            if needed > 0 && (at_risk < step.least || can_join() < needed) {
                continue;
            }
            let mut pieces = self.take(others, needed);
            for &at in &group {
                pieces.extend(self.at_risk.get(at).cloned());
                hidden.get_mut(at).into_iter().for_each(|hidden| *hidden = true);
            }
            self.settled.entry(shown).or_default().extend(pieces);
        }
        let mut hidden = hidden.into_iter();
        self.at_risk.retain(|_| hidden.next() != Some(true));
    }

    /// How many rows classes with more than k can spare, by what they show without the columns of
    /// `set`; first those of which most is suppressed already.
    fn spare(&self, set: Set) -> BTreeMap<Vec<u32>, Vec<(u64, Shown)>> {
        let mut spare: BTreeMap<Vec<u32>, Vec<(u64, Shown)>> = BTreeMap::new();
        for (shown, classes) in &self.settled {
            let count = size(classes).saturating_sub(self.k);
            if let Some(class) = classes.first()
                && count > 0
                && shown.0 != set
                && set.includes(shown.0)
            {
                let rest = set.rest(&class.key).collect();
                spare.entry(rest).or_default().push((count, shown.clone()));
            }
        }
        for others in spare.values_mut() {
            others.sort_by_key(|(_, (set, _))| std::cmp::Reverse(set.columns()));
        }
        spare
    }

    /// Takes so many rows out of classes that can spare them.
    fn take(&mut self, others: &[(u64, Shown)], mut needed: u64) -> Vec<Class> {
        let mut taken = Vec::new();
        for (spare, shown) in others {
            let count = needed.min(*spare);
            needed -= count;
            if let Some(classes) = self.settled.get_mut(shown) {
                taken.extend(split_off(classes, count));
            }
        }
        taken
    }

    /// Where no class can spare a row: all columns of the rows at risk and of the whole class with
    /// which that costs least.
    fn join_cheapest(&mut self, sets: &[(u64, Set)]) {
        let Some(&(all, everything)) = sets.last() else { return };
        if self.at_risk.is_empty() {
            return;
        }
        let cost = |(set, _): &Shown, classes: &[Class]| {
            let paid = sets.iter().find(|(_, other)| other == set).map_or(0, |(cost, _)| *cost);
            all.saturating_sub(paid).saturating_mul(size(classes))
        };
        let cheapest = self.settled.iter().min_by_key(|(shown, classes)| cost(shown, classes));
        let cheapest = cheapest.map(|(shown, _)| shown.clone());
        let joined = cheapest.and_then(|shown| self.settled.remove(&shown)).unwrap_or_default();
        let together = self.at_risk.drain(..).chain(joined).collect();
        self.settled.insert((everything, Vec::new()), together);
    }
}

fn size(classes: &[Class]) -> u64 {
    classes.iter().map(Class::size).sum()
}

/// Takes `count` rows out of `classes`, of which there are more.
fn split_off(classes: &mut [Class], mut count: u64) -> Vec<Class> {
    let mut taken = Vec::new();
    for class in classes {
        let part = usize::try_from(count).unwrap_or(usize::MAX).min(class.rows.len());
        let rows: Vec<usize> = class.rows.drain(..part).collect();
        count -= u64::try_from(rows.len()).unwrap_or(count);
        if !rows.is_empty() {
            taken.push(Class { key: class.key.clone(), rows });
        }
    }
    taken
}
