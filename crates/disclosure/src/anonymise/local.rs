//! Local recoding: rows that the one node for all would suppress are generalised further.
//!
//! This is the iterative recoding of ARX (Prasser, Eicher, Spengler, Bild, Kuhn, Flexible data
//! anonymization using ARX, Software: Practice and Experience 50(7), 2020): what one round suppresses
//! is a table of its own for the next.

use crate::anonymise::search::Watch;
use crate::anonymise::{AnonymiseError, Anonymised, Plan, anonymise};
use crate::measures::Ratio;
use crate::table::{Column, Table, TableError};

/// A table after local recoding.
#[derive(Clone, Debug, PartialEq)]
pub struct LocallyRecoded {
    /// The table of the global recoding with more rows in it.
    pub table: Table,
    /// Rows that are suppressed still.
    pub suppressed: Vec<bool>,
    /// The rounds, in their order.
    pub rounds: Vec<Round>,
}

/// What one round did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Rows that it was about.
    pub rows: u64,
    /// Those that it kept.
    pub kept: u64,
    /// The level of each quasi-identifier, in the plan's order.
    pub levels: Vec<usize>,
}

/// Anonymises the rows that `found`, the plan's answer for `table`, suppresses, round by round: in
/// each the cheapest node that keeps at least the share `keep` of the rows that are left. It ends
/// when no node does, or no row is left.
///
/// In every round the models hold among its rows. Classes of rounds that look alike become one, so
/// that k-anonymity and distinct l-diversity hold in the whole; models that compare with the whole
/// table must be measured in it.
///
/// # Errors
/// An [`AnonymiseError`]; [`AnonymiseError::Keep`] if `keep` is no share above 0.
pub fn recode_locally(
    table: &Table,
    plan: &Plan,
    found: &Anonymised,
    keep: Ratio,
    watch: Watch<'_>,
) -> Result<LocallyRecoded, AnonymiseError> {
    let plan = Plan { suppression_limit: rest(keep)?, ..plan.clone() };
    let mut result = found.table.clone();
    let mut suppressed = found.suppressed.clone();
    let mut rounds = Vec::new();
    while suppressed.contains(&true) {
        let part = table.filtered(&suppressed)?;
        let round = match anonymise(&part, &plan, watch) {
            Ok(round) => round,
            Err(AnonymiseError::Budget { .. } | AnonymiseError::Impossible { .. }) => break,
            Err(error) => return Err(error),
        };
        let rows = number(part.rows());
        let kept = number(round.suppressed.iter().filter(|suppressed| !**suppressed).count());
        result = overlaid(&result, &suppressed, &round)?;
        let mut of_part = round.suppressed.iter();
        for suppressed in suppressed.iter_mut().filter(|suppressed| **suppressed) {
            *suppressed = of_part.next().copied().unwrap_or(true);
        }
        rounds.push(Round { rows, kept, levels: round.levels });
    }
    Ok(LocallyRecoded { table: result, suppressed, rounds })
}

/// 1 − keep.
fn rest(keep: Ratio) -> Result<Ratio, AnonymiseError> {
    let (share, of) = keep.parts();
    let rest = of.checked_sub(share).filter(|_| share > 0);
    rest.and_then(|rest| Ratio::new(rest, of)).ok_or(AnonymiseError::Keep(keep.to_f64()))
}

/// `table` with the rows that `round` kept in place of the suppressed ones, of which it is about.
fn overlaid(table: &Table, suppressed: &[bool], round: &Anonymised) -> Result<Table, TableError> {
    let columns = table.columns().iter().map(|column| {
        let no_column = || TableError::NoColumn(column.name().to_owned());
        let part = round.table.column(column.name()).ok_or_else(no_column)?;
        let mut place = 0..part.codes().len();
        let cells = suppressed.iter().enumerate().map(|(row, suppressed)| {
            let in_part = if *suppressed { place.next() } else { None };
            in_part.map_or_else(|| column.cell(row), |row| part.cell(row)).unwrap_or_default()
        });
        let cells: Vec<String> = cells.map(str::to_owned).collect();
        Column::encode(column.name(), &cells)
    });
    Table::new(columns.collect::<Result<_, _>>()?)
}

fn number(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
