//! Dominance and degrees of freedom of one cell, by the evidence beside it.

use super::Judged;
use super::judgement::Judgement;
use crate::cell;
use crate::decimal::Decimal;
use crate::finding::{Located, Problem};
use crate::rules::{Contributions, Statistic};
use crate::vocabulary::{DisclosureRisk, OutputCheck};

/// Where the cell is.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// From 0.
    pub(super) row: usize,
    /// From 1, for people.
    pub(super) number: u64,
    pub(super) column: &'a str,
}

/// Judges a statistic that is shown.
pub(super) fn judge(
    file: &Judged<'_>,
    at: Place<'_>,
    statistic: &Statistic,
    found: &mut Judgement,
) {
    let located = |problem| Located::cell(file.output.name(), at.number, at.column, problem);
    if let Some(columns) = &statistic.contributions {
        match dominance(file, at.row, columns) {
            Ok(Dominance::Safe) => {}
            Ok(Dominance::Negative) => found.left_to_people(DisclosureRisk::Dominance),
            Err(problem) => found.note(located(problem)),
        }
        found.made(OutputCheck::NKCheck);
        found.made(OutputCheck::PPercentCheck);
    }
    if let Some(column) = &statistic.degrees_of_freedom {
        if let Err(problem) = degrees_of_freedom(file, at.row, column) {
            found.note(located(problem));
        }
        found.made(OutputCheck::MinimumDoFCheck);
    }
}

/// Whether enough degrees of freedom are left; how many.
pub(super) fn degrees_of_freedom(
    file: &Judged<'_>,
    row: usize,
    column: &str,
) -> Result<u64, Problem> {
    let text = file.table.column(column).and_then(|column| column.cell(row)).unwrap_or_default();
    let left = cell::count(text).map_err(|_| Problem::Evidence)?;
    let least = file.rules.thresholds().degrees_of_freedom;
    if left < least { Err(Problem::LowDegreesOfFreedom { found: left, least }) } else { Ok(left) }
}

enum Dominance {
    Safe,
    /// Shares of a sum mean nothing where contributions are negative.
    Negative,
}

/// (n,k) dominance and the p % rule (Hundepool and others, *Statistical Disclosure Control*, 2012,
/// §4.2): the largest n are at most k % of the sum; the sum without the largest two is at least p %
/// of the largest.
fn dominance(file: &Judged<'_>, row: usize, columns: &Contributions) -> Result<Dominance, Problem> {
    let text = |column: &str| {
        file.table.column(column).and_then(|column| column.cell(row)).unwrap_or_default()
    };
    let number = |column: &str| Decimal::parse(text(column)).ok_or(Problem::Evidence);
    let negative = cell::count(text(&columns.negative)).map_err(|_| Problem::Evidence)?;
    let (sum, largest) = (number(&columns.sum)?, number(&columns.largest)?);
    let (two, most) = (number(&columns.largest_two)?, number(&columns.largest_n)?);
    if negative > 0 {
        return Ok(Dominance::Negative);
    }
    let exceeds = |a: Decimal, f, b: Decimal, g| a.exceeds(f, b, g).ok_or(Problem::Evidence);
    let disordered = largest.is_negative()
        || exceeds(largest, 1, two, 1)?
        || exceeds(two, 1, sum, 1)?
        || exceeds(largest, 1, most, 1)?
        || exceeds(most, 1, sum, 1)?;
    if disordered {
        return Err(Problem::Evidence);
    }
    let limits = file.rules.thresholds();
    if exceeds(most, 100, sum, limits.dominance_k)? {
        let (n, k_percent) = (limits.dominance_n, limits.dominance_k);
        return Err(Problem::Dominance { n, k_percent });
    }
    let rest = sum.minus(two).ok_or(Problem::Evidence)?;
    if exceeds(largest, limits.p_percent, rest, 100)? {
        return Err(Problem::PPercent { p_percent: limits.p_percent });
    }
    Ok(Dominance::Safe)
}
