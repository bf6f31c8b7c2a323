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

/// What suppressing some rows costs more than keeping them.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    pub(crate) rows: u64,
    /// By column: cells, each at the most that it can cost less what it costs on its level.
    columns: Vec<u64>,
    /// Σ −log₂ of the share of each row's code among them, over all columns.
    entropy: f64,
    /// Each at the number of all rows less the size of its class.
    squares: f64,
}

#[derive(Clone, Debug)]
struct ColumnUtility {
    levels: Vec<LevelUtility>,
    /// What a suppressed cell costs: the number of values less 1.
    most: u64,
}

#[derive(Clone, Debug)]
struct LevelUtility {
    /// For each code on level 0 the code here.
    codes: Vec<u32>,
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
            // There are no more classes than combinations of codes; equal ones are the least.
            Metric::Discernibility => float(self.rows) * float(self.rows) / self.classes(levels),
            Metric::AverageClassSize => float(self.rows) / self.classes(levels),
            _ => self.cost(levels, &self.nothing_lost()),
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

    /// A cost that the node at `levels` is not below if it suppresses at least what is `lost` at a
    /// node above it, where codes cost no less: `floor` is a cost without that.
    pub(crate) fn bound_below(&self, levels: Levels, floor: f64, lost: &Lost) -> f64 {
        match self.metric {
            Metric::Discernibility => floor + lost.squares,
            Metric::AverageClassSize => floor,
            _ => self.cost(levels, lost),
        }
    }

    /// The cost of `partition` if the classes that are not `kept` are suppressed.
    pub(crate) fn score(&self, partition: &Partition, kept: &[bool]) -> f64 {
        let classes = || partition.sizes.iter().zip(kept);
        let lost = || {
            let lost = classes().map(|(&size, &kept)| if kept { 0 } else { size });
            self.lost(partition, &lost.collect::<Vec<_>>())
        };
        match self.metric {
            Metric::Discernibility => {
                let squares = classes().filter(|(_, kept)| **kept).map(|(&size, _)| square(size));
                squares.sum::<f64>() + float(lost().rows) * float(self.rows)
            }
            Metric::AverageClassSize => {
                let kept = kept.iter().filter(|kept| **kept).count();
                let classes = count(kept) + if lost().rows > 0 { 1.0 } else { 0.0 };
                float(self.rows) / classes.max(1.0)
            }
            _ => self.cost(partition.levels, &lost()),
        }
    }

    /// What suppressing so many rows of each class costs more than keeping them.
    pub(crate) fn lost(&self, partition: &Partition, rows_of_class: &[u64]) -> Lost {
        let mut lost = self.nothing_lost();
        for (&rows, &size) in rows_of_class.iter().zip(&partition.sizes) {
            lost.rows += rows;
            lost.squares += float(rows) * (float(self.rows) - float(size));
        }
        if lost.rows == 0 {
            return lost;
        }
        let some = (0..).zip(rows_of_class).filter(|(_, rows)| **rows > 0);
        let some: Vec<(usize, u64)> = some.map(|(class, &rows)| (class, rows)).collect();
        let columns = self.at(partition.levels).zip(&mut lost.columns);
        for (((column, level), cost), codes) in columns.zip(partition.examples(&some)) {
            let rows_of_code = level.rows_of_code(codes, some.len());
            let each = rows_of_code.iter().zip(&level.cost);
            *cost = each.map(|(rows, cost)| rows * column.most.saturating_sub(*cost)).sum();
            if self.metric == Metric::NonUniformEntropy {
                lost.entropy += entropy(&rows_of_code, lost.rows);
            }
        }
        lost
    }

    pub(crate) fn nothing_lost(&self) -> Lost {
        Lost { rows: 0, columns: vec![0; self.columns.len()], entropy: 0.0, squares: 0.0 }
    }

    /// By the metrics that add up over cells.
    fn cost(&self, levels: Levels, lost: &Lost) -> f64 {
        match self.metric {
            Metric::NonUniformEntropy => {
                self.at(levels).map(|(_, level)| level.entropy).sum::<f64>() + lost.entropy
            }
            Metric::Precision => self.precision(levels, lost.rows),
            Metric::Height => f64::from(levels.height()),
            _ => self.loss(
                self.at(levels)
                    .zip(&lost.columns)
                    .map(|((column, level), lost)| (level.total + lost, column.most)),
            ),
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
        Self { entropy: bits.sum(), codes: level.codes.clone(), cost, total }
    }

    /// How many rows have each code here, given the code on level 0 and the rows of so many classes.
    fn rows_of_code(&self, classes: impl Iterator<Item = (usize, u64)>, count: usize) -> Vec<u64> {
        // What each original code is here is looked up for each of these or for each class.
        if self.codes.len() <= count {
            let original = sums(classes, self.codes.len());
            return sums(self.codes.iter().copied().map(place).zip(original), self.cost.len());
        }
        let code = |original| self.codes.get(original).copied().map_or(usize::MAX, place);
        sums(classes.map(|(original, rows)| (code(original), rows)), self.cost.len())
    }
}

/// The sum of the rows at each place below `places`.
fn sums(rows: impl Iterator<Item = (usize, u64)>, places: usize) -> Vec<u64> {
    let mut sums = vec![0; places];
    for (place, rows) in rows {
        sums.get_mut(place).into_iter().for_each(|sum| *sum += rows);
    }
    sums
}

fn place(code: u32) -> usize {
    usize::try_from(code).unwrap_or(usize::MAX)
}

/// Σ −log₂ of the share of each row's code, of `rows` rows with these codes.
fn entropy(of_code: &[u64], rows: u64) -> f64 {
    let met = of_code.iter().filter(|&&of_code| of_code > 0);
    met.map(|&of_code| float(of_code) * (float(rows) / float(of_code)).log2()).sum()
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
