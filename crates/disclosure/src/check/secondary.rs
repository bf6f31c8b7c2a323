//! Hidden counts, and what the rest of a table gives away of them.

use std::collections::{BTreeMap, BTreeSet};

use super::Judged;
use super::judgement::Judgement;
use super::table::is_enough;
use crate::cell;
use crate::finding::{Located, Problem};
use crate::reader::Form;
use crate::report::Proposal;
use crate::rules::{CountTable, Zeros};
use crate::secondary::{
    Budget, Margins, Protection, Remedy, Seen, System, SystemError, TableRow, coarser, propose,
    protect,
};
use crate::table::Column;

/// The rows, from 0, that the gate hides: those with a count that may not be shown, and as many more
/// as keep these from being worked out. None if the rules do not let it hide.
pub(super) fn hidden(file: &Judged<'_>, counts: &CountTable) -> BTreeSet<usize> {
    let mut hidden = BTreeSet::new();
    if !counts.hidden {
        return hidden;
    }
    for (_, column) in columns(file, counts) {
        let small = |row: &usize| !is_enough(file, counts, count(column, *row));
        hidden.extend((0..file.table.rows()).filter(small));
    }
    // Hiding for one column may help or trouble another; each round hides more or is the last.
    for _ in 0..=counts.counts.len() {
        let before = hidden.len();
        for (_, column) in columns(file, counts) {
            if let Ok(margins) = margins(file, counts, column, &hidden) {
                hidden.extend(more(file, margins.system()));
            }
        }
        if hidden.len() == before {
            break;
        }
    }
    hidden
}

/// Names each small count that the margins give away. Tables without margins have no equations.
pub(super) fn judge(file: &Judged<'_>, counts: &CountTable, found: &mut Judgement) {
    if file.form == Form::Released || (counts.total.is_none() && counts.parents.is_empty()) {
        return;
    }
    let name = file.output.name();
    for (column_name, column) in columns(file, counts) {
        let Ok(margins) = margins(file, counts, column, &file.hidden) else {
            found.note(Located::column(name, column_name, Problem::Margins));
            continue;
        };
        let judged = protect(margins.system(), file.rules.threshold(), zeros(file), BUDGET);
        for (place, protection) in judged {
            let problem = match protection {
                Protection::Safe => continue,
                Protection::Exposed { least, most } => Problem::Secondary { least, most },
                Protection::Unproved => Problem::SecondaryUnproved,
            };
            // What is shown and small is named by its row already.
            let shown = place < file.table.rows() && !file.is_hidden(place);
            if !shown {
                let row = u64::try_from(place).unwrap_or(u64::MAX).saturating_add(1);
                let absent = place >= file.table.rows();
                let located = Located::cell(name, row, column_name, problem);
                found.note(if absent { Located { row: None, ..located } } else { located });
            }
        }
    }
}

/// What would make a table pass whose counts are too small or given away.
pub(super) fn proposal(file: &Judged<'_>, counts: &CountTable) -> Option<Proposal> {
    let (_, column) = columns(file, counts).next()?;
    if file.table.rows() > MAX_ROWS_PROPOSED {
        return None;
    }
    let margins = margins(file, counts, column, &file.hidden).ok()?;
    let threshold = file.rules.threshold();
    let rows = rows(file, counts, column, &file.hidden);
    let categories = file.output.categories();
    let merged = coarser(&rows, &parents(file, counts), threshold, zeros(file));
    let mut proposal = Proposal {
        file: file.output.name().to_owned(),
        hide: Vec::new(),
        round: Vec::new(),
        merge: merged.iter().filter_map(|at| categories.get(*at)).cloned().collect(),
    };
    for remedy in propose(margins.system(), threshold, zeros(file), BUDGET) {
        match remedy {
            Remedy::Hide(cells) => {
                let row = |cell: &usize| u64::try_from(*cell).ok()?.checked_add(1);
                let cells = cells.iter().filter(|cell| **cell < file.table.rows());
                proposal.hide = cells.filter_map(row).collect();
            }
            Remedy::Round(rounding) => proposal.round.push(rounding),
        }
    }
    Some(proposal)
}

/// Rows that must be hidden too.
fn more(file: &Judged<'_>, system: &System) -> Vec<usize> {
    let remedies = propose(system, file.rules.threshold(), zeros(file), BUDGET);
    let hide = |remedy| match remedy {
        Remedy::Hide(cells) => Some(cells),
        Remedy::Round(_) => None,
    };
    let cells = remedies.into_iter().find_map(hide).unwrap_or_default();
    cells.into_iter().filter(|cell| *cell < file.table.rows()).collect()
}

fn columns<'a>(
    file: &'a Judged<'_>,
    counts: &'a CountTable,
) -> impl Iterator<Item = (&'a str, &'a Column)> {
    counts.counts.iter().filter_map(|name| Some((name.as_str(), file.table.column(name)?)))
}

fn margins(
    file: &Judged<'_>,
    counts: &CountTable,
    column: &Column,
    hidden: &BTreeSet<usize>,
) -> Result<Margins, SystemError> {
    Margins::new(&rows(file, counts, column, hidden), &parents(file, counts))
}

/// The rows as a reader sees them.
fn rows(
    file: &Judged<'_>,
    counts: &CountTable,
    column: &Column,
    hidden: &BTreeSet<usize>,
) -> Vec<TableRow> {
    let places: Vec<_> = places(file, counts);
    let row = |row: usize| {
        let categories = file.output.categories().iter().zip(&places);
        let place = |(name, places): (&String, &BTreeMap<String, usize>)| {
            places.get(file.table.column(name)?.cell(row)?).copied()
        };
        let count = count(column, row);
        let seen = match counts.rounding {
            _ if hidden.contains(&row) => Seen::Hidden,
            Some(rounding) => rounding.seen(count),
            None => Seen::Exact,
        };
        TableRow { categories: categories.map(place).collect(), count, seen }
    };
    (0..file.table.rows()).map(row).collect()
}

/// For each category the number of each of its values; the margin has none.
fn places(file: &Judged<'_>, counts: &CountTable) -> Vec<BTreeMap<String, usize>> {
    let of = |name: &String| {
        let column = file.table.column(name);
        let mut values: BTreeSet<&str> =
            column.into_iter().flat_map(Column::dictionary).map(String::as_str).collect();
        if let Some(parents) = counts.parents.get(name) {
            values.extend(parents.iter().flat_map(|(child, parent)| [child.as_str(), parent]));
        }
        let values = values.into_iter().filter(|value| counts.total.as_deref() != Some(value));
        values.map(str::to_owned).zip(0..).collect()
    };
    file.output.categories().iter().map(of).collect()
}

/// For each category the values that are parts of another value.
fn parents(file: &Judged<'_>, counts: &CountTable) -> Vec<BTreeMap<usize, usize>> {
    let of = |(name, places): (&String, BTreeMap<String, usize>)| {
        let parents = counts.parents.get(name).into_iter().flatten();
        parents
            .filter_map(|(child, parent)| Some((*places.get(child)?, *places.get(parent)?)))
            .collect()
    };
    file.output.categories().iter().zip(places(file, counts)).map(of).collect()
}

fn count(column: &Column, row: usize) -> u64 {
    cell::count(column.cell(row).unwrap_or_default()).unwrap_or(0)
}

fn zeros(file: &Judged<'_>) -> bool {
    file.rules.thresholds().zeros == Zeros::Refuse
}

/// A second or two for the tables that people look at; beyond it a count is unproved, and refused.
const BUDGET: Budget = Budget { steps: 100_000_000 };
/// Larger tables are refused without a proposal.
const MAX_ROWS_PROPOSED: usize = 5_000;
