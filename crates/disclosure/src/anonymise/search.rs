//! The search for the cheapest node that satisfies every model.
//!
//! Nodes are candidates until something excludes them: their own evaluation; a node above them that
//! suppresses too many rows by models for which no node below can do better; or a bound on their cost
//! that the best node found is not above. The candidate in the middle of the order by bound is
//! evaluated next: if it fails, what is below it goes, if it holds, what is dearer goes. No candidate
//! left means that the best is the best of all.

use std::ops::ControlFlow;
use std::rc::Rc;

use crate::anonymise::lattice::Lattice;
use crate::anonymise::levels::Levels;
use crate::anonymise::partition::Partition;
use crate::anonymise::problem::{Judged, Problem};
use crate::anonymise::utility::{Lost, Utility};
use crate::hierarchy::Level;
use crate::table::TableError;

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Nodes evaluated.
    pub evaluated: u64,
    /// Nodes that may still be the best.
    pub candidates: u64,
    /// The cost of the best so far.
    pub best: Option<f64>,
}

/// A node that satisfies every model.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) partition: Rc<Partition>,
    pub(crate) kept: Vec<bool>,
    pub(crate) score: f64,
}

/// What a search ends with.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) best: Option<Found>,
    /// The nodes that were the best when they were found, in that order.
    pub(crate) path: Vec<(Levels, f64)>,
    pub(crate) evaluated: u64,
    /// A cost that no node is below; the best's own where nothing is left.
    pub(crate) bound: f64,
    /// Whether no node is cheaper; without a best, whether none satisfies.
    pub(crate) optimal: bool,
}

/// Why a search stopped early.
#[derive(Debug)]
pub(crate) enum Stopped {
    ByWatcher,
    Table(TableError),
}

impl From<TableError> for Stopped {
    fn from(error: TableError) -> Self {
        Self::Table(error)
    }
}

pub(crate) type Watch<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// A node not excluded yet.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// A cost that it is not below.
    bound: f64,
    /// The same without what it loses by suppression.
    floor: f64,
    height: u32,
    levels: Levels,
}

impl Candidate {
    fn new(levels: Levels, utility: &Utility) -> Self {
        let floor = utility.bound(levels);
        Self { bound: floor, floor, height: levels.height(), levels }
    }

    /// Raises the bound by what is known of a node above or below.
    fn raise(&mut self, utility: &Utility, known: &Evaluated) {
        if self.floor < known.bound_above && known.levels.is_below(self.levels) {
            self.bound += known.bound_above - self.floor;
            self.floor = known.bound_above;
        }
        if known.lost.rows > 0 && self.levels.is_below(known.levels) {
            self.bound = self.bound.max(utility.bound_below(self.levels, self.floor, &known.lost));
        }
    }

    fn order(&self, other: &Self) -> std::cmp::Ordering {
        let ties = (self.height, self.levels).cmp(&(other.height, other.levels));
        self.bound.total_cmp(&other.bound).then(ties)
    }
}

/// What there is to say of one node.
struct Evaluated {
    levels: Levels,
    /// Whether every node below it fails, too.
    excludes_below: bool,
    /// What every node below it loses, too.
    lost: Lost,
    /// A cost that no node above it is below.
    bound_above: f64,
    /// Its cost, if it satisfies every model and may be the best.
    score: Option<f64>,
}

pub(crate) struct Search<'a> {
    problem: &'a Problem,
    hierarchies: &'a [Vec<Level>],
    /// Partitions from which others are rolled up, the base first.
    kept: Vec<Rc<Partition>>,
    /// Words of memory that all of them but the base take.
    words_kept: usize,
    best: Option<Found>,
    path: Vec<(Levels, f64)>,
    evaluated: u64,
}

impl<'a> Search<'a> {
    pub(crate) fn new(
        problem: &'a Problem,
        hierarchies: &'a [Vec<Level>],
        base: Partition,
    ) -> Self {
        let kept = vec![Rc::new(base)];
        Self {
            problem,
            hierarchies,
            kept,
            words_kept: 0,
            best: None,
            path: Vec::new(),
            evaluated: 0,
        }
    }

    /// Looks among `nodes` until none is left or `budget` nodes were evaluated; at `first` in any case.
    pub(crate) fn run(
        mut self,
        nodes: impl Iterator<Item = Levels>,
        first: Option<Levels>,
        budget: u64,
        watch: Watch<'_>,
    ) -> Result<Finished, Stopped> {
        let mut candidates: Vec<Candidate> =
            nodes.map(|levels| Candidate::new(levels, &self.problem.utility)).collect();
        candidates.sort_unstable_by(Candidate::order);
        let mut first = first.map(|levels| Candidate::new(levels, &self.problem.utility));
        while first.is_some() || self.evaluated < budget {
            let middle = || candidates.get(candidates.len() / 2).copied();
            let Some(next) = first.take().or_else(middle) else { break };
            let evaluated = self.evaluate(next)?;
            let best = self.best.as_ref().map(Found::as_candidate);
            candidates.retain_mut(|candidate| {
                let excluded = if evaluated.excludes_below {
                    candidate.levels.is_below(next.levels)
                } else {
                    candidate.levels == next.levels
                };
                if excluded {
                    return false;
                }
                candidate.raise(&self.problem.utility, &evaluated);
                best.is_none_or(|best| candidate.order(&best).is_lt())
            });
            let progress = Progress {
                evaluated: self.evaluated,
                candidates: u64::try_from(candidates.len()).unwrap_or(u64::MAX),
                best: self.best.as_ref().map(|best| best.score),
            };
            if watch(progress).is_break() {
                return Err(Stopped::ByWatcher);
            }
        }
        let least = candidates.iter().map(|candidate| candidate.bound).min_by(f64::total_cmp);
        let score = self.best.as_ref().map(|best| best.score);
        Ok(Finished {
            path: self.path,
            evaluated: self.evaluated,
            optimal: candidates.is_empty(),
            bound: least.or(score).unwrap_or_default().min(score.unwrap_or(f64::INFINITY)),
            best: self.best,
        })
    }

    /// Goes down from the most general node as long as some node one level below holds, always to the
    /// cheapest: for lattices that are too large to number.
    pub(crate) fn descend(
        mut self,
        lattice: &Lattice,
        budget: u64,
        watch: Watch<'_>,
    ) -> Result<Finished, Stopped> {
        let mut here = lattice.top();
        let top = self.evaluate(Candidate::new(here, &self.problem.utility))?;
        while self.evaluated < budget && !top.excludes_below {
            let mut next = None;
            for levels in lattice.below(here) {
                let candidate = Candidate::new(levels, &self.problem.utility);
                let Some(score) = self.evaluate(candidate)?.score else { continue };
                if next.is_none_or(|(best, _)| score < best) {
                    next = Some((score, levels));
                }
            }
            let best = self.best.as_ref().map(|best| best.score);
            if watch(Progress { evaluated: self.evaluated, candidates: 0, best }).is_break() {
                return Err(Stopped::ByWatcher);
            }
            let Some((_, levels)) = next else { break };
            here = levels;
        }
        Ok(Finished {
            path: self.path,
            evaluated: self.evaluated,
            optimal: top.excludes_below,
            bound: self.problem.utility.bound(Levels::new(&[])),
            best: self.best,
        })
    }

    fn evaluate(&mut self, node: Candidate) -> Result<Evaluated, TableError> {
        self.evaluated += 1;
        let (problem, utility) = (self.problem, &self.problem.utility);
        let mut rolled = self.roll_up(node.levels)?;
        let mut judged = problem.judge_sizes(&rolled.partition);
        // What nodes below lose, too, is of interest only if there may be one that holds.
        let lost_by = |partition: &Partition, judged: &Judged| match problem.may_hold(judged) {
            true => utility.lost(partition, &judged.lost),
            false => utility.nothing_lost(),
        };
        let mut lost = lost_by(&rolled.partition, &judged);
        let mut is_judged = !problem.needs_counts();
        if !is_judged && problem.may_hold(&judged) && self.may_be_best(node, &lost) {
            rolled.count();
            problem.judge_values(&rolled.partition, &mut judged);
            lost = lost_by(&rolled.partition, &judged);
            is_judged = true;
        }
        let partition = self.keep(rolled);
        let holds = is_judged && judged.suppressed(&partition) <= problem.suppressed_at_most;
        let evaluated = Evaluated {
            levels: node.levels,
            excludes_below: !problem.may_hold(&judged),
            bound_above: utility.bound_above(&partition),
            score: (holds && self.may_be_best(node, &lost))
                .then(|| utility.score(&partition, &judged.kept)),
            lost,
        };
        if let Some(score) = evaluated.score {
            let found = Found { partition, kept: judged.kept, score };
            let best = self.best.as_ref().map(Found::as_candidate);
            if best.is_none_or(|best| found.as_candidate().order(&best).is_lt()) {
                self.path.push((node.levels, score));
                self.best = Some(found);
            }
        }
        Ok(evaluated)
    }

    /// Whether the best found so far does not cost less, given what is lost here.
    fn may_be_best(&self, node: Candidate, lost: &Lost) -> bool {
        let bound = self.problem.utility.bound_below(node.levels, node.floor, lost);
        let best = self.best.as_ref().map(Found::as_candidate);
        best.is_none_or(|best| Candidate { bound, ..node }.order(&best).is_lt())
    }

    /// The classes of a node, from the fewest of which it is made: if those are still many, by way
    /// of a node in between that others are made from, too.
    fn roll_up(&mut self, levels: Levels) -> Result<Rolled, TableError> {
        let mut source = self.source(levels)?;
        let between = self.problem.without_last(levels);
        let is_between = between != source.levels && source.levels.is_below(between);
        if source.sizes.len() > FEW_CLASSES && is_between && between != levels {
            let mut rolled = self.roll_up(between)?;
            rolled.count();
            source = self.keep(rolled);
        }
        let (partition, into) = source.roll_up(levels, self.hierarchies)?;
        Ok(Rolled { partition, source, into })
    }

    fn source(&self, levels: Levels) -> Result<Rc<Partition>, TableError> {
        let below = self.kept.iter().filter(|partition| partition.levels.is_below(levels));
        let fewest = below.min_by_key(|partition| partition.sizes.len());
        // The base is below every node.
        fewest.cloned().ok_or(TableError::Ragged)
    }

    /// Keeps what others can be rolled up from.
    fn keep(&mut self, rolled: Rolled) -> Rc<Partition> {
        let Rolled { partition, source, .. } = rolled;
        let is_whole = partition.counts.len() == source.counts.len();
        let words = partition.words();
        let partition = Rc::new(partition);
        if is_whole && self.words_kept.saturating_add(words) <= MAX_WORDS_KEPT {
            self.words_kept += words;
            self.kept.push(Rc::clone(&partition));
        }
        partition
    }
}

/// A partition just made, and what it was made from.
struct Rolled {
    partition: Partition,
    source: Rc<Partition>,
    into: Vec<u32>,
}

impl Rolled {
    fn count(&mut self) {
        self.partition.count(&self.source, &self.into);
    }
}

impl Found {
    fn as_candidate(&self) -> Candidate {
        let levels = self.partition.levels;
        Candidate { bound: self.score, floor: self.score, height: levels.height(), levels }
    }
}

/// So few that a detour costs more.
const FEW_CLASSES: usize = 512;
/// 128 MB.
const MAX_WORDS_KEPT: usize = 1 << 24;
