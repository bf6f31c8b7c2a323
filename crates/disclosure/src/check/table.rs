//! Tables of counts and the statistics beside them.

use std::collections::BTreeSet;

use super::judgement::Judgement;
use super::{Judged, contributions, secondary};
use crate::cell;
use crate::classes::Classes;
use crate::finding::{Located, Problem, TableFault};
use crate::reader::Form;
use crate::rules::{CountTable, Statistic, Zeros};
use crate::secondary::{Rounding, Seen};
use crate::table::Column;
use crate::vocabulary::{DisclosureRisk, OutputCheck, Statbarn};

/// Each row has its own categories, each count is large enough, each statistic is safe.
pub(super) fn judge(file: &Judged<'_>, counts: &CountTable, found: &mut Judgement) {
    keys(file, found);
    let mut shown = Vec::new();
    for column in counts.counts.iter().filter_map(|name| file.table.column(name)) {
        shown.extend(cells(file, counts, column, found));
    }
    found.smallest(shown.into_iter());
    secondary::judge(file, counts, found);
    found.made(OutputCheck::MinimumThresholdCheck);
    found.made(OutputCheck::RequiredZeroCheck);
    if file.rules.thresholds().zeros == Zeros::Refuse {
        found.made(OutputCheck::PresenceOfZeroCheck);
    }
    if counts.records.is_none() {
        found.left_to_people(DisclosureRisk::Differencing);
    }
    for name in file.output.numbers() {
        match counts.statistics.get(name) {
            Some(statistic) => statistics(file, name, statistic, found),
            None => found.left_to_people(DisclosureRisk::AuxiliaryInformation),
        }
    }
}

/// Names each row that repeats a key.
fn keys(file: &Judged<'_>, found: &mut Judgement) {
    let name = file.output.name();
    let keys: Vec<&str> = file.output.categories().iter().map(String::as_str).collect();
    let Ok(classes) = Classes::over(file.table, &keys) else {
        return found.note(Located::file(name, Problem::Malformed(TableFault::Unreadable)));
    };
    let mut seen = BTreeSet::new();
    for (class, row) in classes.of_row().iter().zip(1_u64..) {
        if !seen.insert(class) {
            let problem = Problem::Malformed(TableFault::DuplicateKey);
            found.note(Located::row(name, row, problem));
        }
    }
}

/// Names each count below the threshold; all that are shown.
fn cells(
    file: &Judged<'_>,
    counts: &CountTable,
    column: &Column,
    found: &mut Judgement,
) -> Vec<u64> {
    let threshold = file.rules.threshold();
    let mut shown = Vec::with_capacity(file.table.rows());
    for (row, number) in (0..file.table.rows()).zip(1_u64..) {
        let text = column.cell(row).unwrap_or_default();
        if file.is_hidden(row) || text.is_empty() {
            continue;
        }
        // An unreadable count cannot occur here; were it to, it would count nobody.
        let count = cell::count(text).unwrap_or(0);
        shown.push(count);
        if !is_enough(file, counts, count) {
            let problem = Problem::CellBelowThreshold { count, threshold };
            found.note(Located::cell(file.output.name(), number, column.name(), problem));
        }
    }
    shown
}

/// Whether a cell with this count may be shown.
pub(super) fn is_enough(file: &Judged<'_>, counts: &CountTable, count: u64) -> bool {
    let rounding = counts.rounding;
    let threshold = file.rules.threshold();
    if count == 0 {
        return file.rules.thresholds().zeros == Zeros::Allow;
    }
    // A midpoint hides its five neighbours; who reads a released file sees rounded counts.
    let by_neighbours = rounding == Some(Rounding::Midpoint6) || file.form == Form::Released;
    match rounding.filter(|_| by_neighbours).map(|rounding| rounding.seen(count)) {
        Some(Seen::Within { most, .. }) => most >= threshold,
        _ => count >= threshold,
    }
}

/// Judges the column of one statistic.
fn statistics(file: &Judged<'_>, name: &str, statistic: &Statistic, found: &mut Judgement) {
    let Some(column) = file.table.column(name) else { return };
    let located = |row, problem| Located::cell(file.output.name(), row, name, problem);
    let counts = file.table.column(&statistic.count);
    for (row, number) in (0..file.table.rows()).zip(1_u64..) {
        let is_shown =
            !file.is_hidden(row) && column.cell(row).is_some_and(|cell| !cell.is_empty());
        let hidden = counts.and_then(|column| column.cell(row)).is_none_or(str::is_empty);
        if !is_shown {
            continue;
        }
        if hidden {
            found.note(located(number, Problem::HiddenCellShown));
        }
        match statistic.analysis.statbarn() {
            Statbarn::Endpoints => found.note(located(number, Problem::Endpoint)),
            Statbarn::Mode | Statbarn::Clusters => {
                found.left_to_people(DisclosureRisk::ClassDisclosure);
            }
            _ => {}
        }
        // Evidence never leaves, so that there is none to read in a released file.
        if file.form == Form::Full {
            let at = contributions::Place { row, number, column: name };
            contributions::judge(file, at, statistic, found);
        }
    }
}
