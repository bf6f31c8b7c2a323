//! What anonymisation costs, and how little it can cost at or above a node.

use crate::anonymise::levels::Levels;
use crate::anonymise::partition::Partition;
use crate::hierarchy::Level;
use crate::table::Column;

/// How the usefulness that a table loses is counted; less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// For each cell the share of the column's values that it may be any of: (leaves − 1) / (all − 1),
    /// and 1 if suppressed; the mean over rows and columns (Iyengar, KDD 2002).
    Loss,
    /// The same, columns joined by the geometric mean of 1 + loss, less 1.
    GeometricLoss,
    /// −log₂ of the chance of guessing each original value from its generalisation, summed over all
    /// cells; for suppressed rows also of the generalisation from nothing (Gionis, Tassa, ESA 2008).
    NonUniformEntropy,
    /// The square of each class's size, and the number of rows for each row that is suppressed
    /// (Bayardo, Agrawal, ICDE 2005).
    Discernibility,
    /// Rows by classes; suppressed rows are one class (LeFevre, `DeWitt`, Ramakrishnan, ICDE 2006).
    AverageClassSize,
    /// The mean share of the levels climbed, and 1 for suppressed rows (Sweeney 2002).
    Precision,
    /// The sum of the levels, whatever is suppressed (Samarati 2001).
    Height,
}

/// A metric over one table.
#[derive(Clone, Debug)]
pub(crate) struct Utility {
    metric: Metric,
    rows: u64,
    columns: Vec<ColumnUtility>,
}

#[derive(Clone, Debug)]
struct ColumnUtility {
    levels: Vec<LevelUtility>,
    /// What a suppressed cell costs: the number of values less 1.
    most: u64,
}

#[derive(Clone, Debug)]
struct LevelUtility {
    /// What a cell with each code costs: the values that it may be any of, less 1.
    cost: Vec<u64>,
    /// That of all rows.
    total: u64,
    /// Σ −log₂ of the chance of each row's value given its code.
    entropy: f64,
}

impl Utility {
    pub(crate) fn new(metric: Metric, rows: u64, columns: &[(&Column, &[Level])]) -> Self {
        let columns = columns.iter().map(|(column, levels)| ColumnUtility::new(column, levels));
        Self { metric, rows, columns: columns.collect() }
    }

    /// A cost that no node at or above `levels` is below.
    pub(crate) fn bound(&self, levels: Levels) -> f64 {
        match self.metric {
            Metric::Loss | Metric::GeometricLoss => {
                self.loss(self.at(levels).map(|(column, level)| (level.total, column.most)))
            }
            Metric::NonUniformEntropy => self.at(levels).map(|(_, level)| level.entropy).sum(),
            Metric::Precision => self.precision(levels, 0),
            Metric::Height => f64::from(levels.height()),
            // There are no more classes than combinations of codes; equal ones are the least.
            Metric::Discernibility => float(self.rows) * float(self.rows) / self.classes(levels),
            Metric::AverageClassSize => float(self.rows) / self.classes(levels),
        }
    }

    /// The same from the classes of a node: at and above it there are no more, and suppressing one
    /// costs no less than keeping it.
    pub(crate) fn bound_above(&self, partition: &Partition) -> f64 {
        match self.metric {
            Metric::Discernibility => partition.sizes.iter().map(|&size| square(size)).sum(),
            Metric::AverageClassSize => float(self.rows) / count(partition.sizes.len()).max(1.0),
            _ => 0.0,
        }
    }

    /// The cost of `partition` if the classes that are not `kept` are suppressed.
    pub(crate) fn score(&self, partition: &Partition, kept: &[bool]) -> f64 {
        let classes = || partition.sizes.iter().zip(kept);
        let suppressed: u64 = classes().filter(|(_, kept)| !**kept).map(|(size, _)| size).sum();
        let levels = partition.levels;
        match self.metric {
            Metric::Loss | Metric::GeometricLoss if suppressed == 0 => self.bound(levels),
            Metric::Loss | Metric::GeometricLoss => {
                let columns = self.at(levels).zip(&partition.codes);
                self.loss(columns.map(|((column, level), codes)| {
                    (level.kept_cost(codes, classes()) + suppressed * column.most, column.most)
                }))
            }
            Metric::NonUniformEntropy => {
                let columns = self.at(levels).zip(&partition.codes);
                let of_suppressed = columns.map(|((_, level), codes)| {
                    level.suppressed_entropy(codes, classes(), suppressed)
                });
                self.bound(levels) + of_suppressed.sum::<f64>()
            }
            Metric::Discernibility => {
                let kept: f64 =
                    classes().filter(|(_, kept)| **kept).map(|(&size, _)| square(size)).sum();
                kept + float(suppressed) * float(self.rows)
            }
            Metric::AverageClassSize => {
                let kept = kept.iter().filter(|kept| **kept).count();
                let classes = count(kept) + if suppressed > 0 { 1.0 } else { 0.0 };
                float(self.rows) / classes.max(1.0)
            }
            Metric::Precision => self.precision(levels, suppressed),
            Metric::Height => self.bound(levels),
        }
    }

    fn at(&self, levels: Levels) -> impl Iterator<Item = (&ColumnUtility, &LevelUtility)> {
        let columns = self.columns.iter().zip(levels.bytes());
        columns.filter_map(|(column, level)| Some((column, column.levels.get(usize::from(level))?)))
    }

    fn loss(&self, columns: impl Iterator<Item = (u64, u64)>) -> f64 {
        let shares = columns.map(|(cost, most)| {
            if most == 0 { 0.0 } else { float(cost) / (float(self.rows) * float(most)) }
        });
        let columns = count(self.columns.len()).max(1.0);
        match self.metric {
            Metric::GeometricLoss => (shares.map(f64::ln_1p).sum::<f64>() / columns).exp_m1(),
            _ => shares.sum::<f64>() / columns,
        }
    }

    fn precision(&self, levels: Levels, suppressed: u64) -> f64 {
        let columns = self.columns.iter().zip(levels.bytes());
        let climbed = columns.map(|(column, level)| {
            let steps = count(column.levels.len()) - 1.0;
            if steps == 0.0 { 0.0 } else { f64::from(level) / steps }
        });
        let mean = climbed.sum::<f64>() / count(self.columns.len()).max(1.0);
        let share = float(suppressed) / float(self.rows).max(1.0);
        mean.mul_add(1.0 - share, share)
    }

    fn classes(&self, levels: Levels) -> f64 {
        let combinations: f64 = self.at(levels).map(|(_, level)| count(level.cost.len())).product();
        combinations.min(float(self.rows)).max(1.0)
    }
}

impl ColumnUtility {
    fn new(column: &Column, levels: &[Level]) -> Self {
        let mut rows = vec![0_u64; column.dictionary().len()];
        for &code in column.codes() {
            if let Some(rows) = usize::try_from(code).ok().and_then(|at| rows.get_mut(at)) {
                *rows += 1;
            }
        }
        let most = levels.first().map_or(0, |level| level.domain.saturating_sub(1));
        Self { levels: levels.iter().map(|level| LevelUtility::new(level, &rows)).collect(), most }
    }
}

impl LevelUtility {
    /// `rows` of each original value.
    fn new(level: &Level, rows: &[u64]) -> Self {
        let cost: Vec<u64> = level.leaves.iter().map(|leaves| leaves.saturating_sub(1)).collect();
        let mut of_code = vec![0_u64; cost.len()];
        let mut total = 0;
        for (&code, &rows) in level.codes.iter().zip(rows) {
            let at = usize::try_from(code).unwrap_or(usize::MAX);
            if let (Some(sum), Some(cost)) = (of_code.get_mut(at), cost.get(at)) {
                *sum += rows;
                total += rows * cost;
            }
        }
        let bits =
            level.codes.iter().zip(rows).filter(|(_, rows)| **rows > 0).map(|(&code, &rows)| {
                let all = usize::try_from(code).ok().and_then(|at| of_code.get(at));
                float(rows) * (float(all.copied().unwrap_or(rows)) / float(rows)).log2()
            });
        Self { entropy: bits.sum(), cost, total }
    }

    fn kept_cost<'a>(
        &self,
        codes: &[u32],
        classes: impl Iterator<Item = (&'a u64, &'a bool)>,
    ) -> u64 {
        let cost = |code: u32| usize::try_from(code).ok().and_then(|at| self.cost.get(at)).copied();
        let kept = codes.iter().zip(classes).filter(|(_, (_, kept))| **kept);
        kept.map(|(&code, (&size, _))| size * cost(code).unwrap_or_default()).sum()
    }

    /// Σ −log₂ of the share of each suppressed row's code among the suppressed.
    fn suppressed_entropy<'a>(
        &self,
        codes: &[u32],
        classes: impl Iterator<Item = (&'a u64, &'a bool)>,
        suppressed: u64,
    ) -> f64 {
        let mut of_code = vec![0_u64; self.cost.len()];
        for (&code, (&size, _)) in codes.iter().zip(classes).filter(|(_, (_, kept))| !**kept) {
            if let Some(sum) = usize::try_from(code).ok().and_then(|at| of_code.get_mut(at)) {
                *sum += size;
            }
        }
        let met = of_code.into_iter().filter(|&rows| rows > 0);
        met.map(|rows| float(rows) * (float(suppressed) / float(rows)).log2()).sum()
    }
}

fn square(size: u64) -> f64 {
    float(size) * float(size)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows and of cells are below 2^53")]
const fn float(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "numbers of classes are below 2^32")]
const fn count(number: usize) -> f64 {
    number as f64
}
