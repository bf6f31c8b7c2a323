//! What became of each quasi-identifier.

use std::collections::BTreeSet;

use disclosure::{Column, Hierarchy};

use super::words::{count, percent, shortened};
use crate::outcome::Outcome;

/// A quasi-identifier on its level.
pub(super) struct Recoding {
    pub(super) name: String,
    pub(super) level: usize,
    pub(super) highest: usize,
    /// How many values there were, and are.
    pub(super) values: (String, String),
    /// The share of what the column could say that is lost.
    pub(super) loss: f64,
    /// The most frequent value on each level, and whether that is the level taken.
    pub(super) example: Vec<(String, bool)>,
}

impl Recoding {
    pub(super) fn lost(&self) -> String {
        percent(self.loss)
    }
}

pub(super) fn all(outcome: &Outcome<'_>) -> Vec<Recoding> {
    let columns = outcome.plan.quasi_identifiers.iter().zip(&outcome.found.levels);
    let columns = columns.zip(&outcome.losses).filter_map(|(((name, hierarchy), &level), loss)| {
        let column = outcome.table.column(name)?;
        Some(Recoding {
            name: name.clone(),
            level,
            highest: hierarchy.levels().saturating_sub(1),
            values: (count(column.dictionary().len()), count(texts(column, hierarchy, level))),
            loss: loss.to_f64(),
            example: example(column, hierarchy, level),
        })
    });
    columns.collect()
}

/// How many texts the column's values have on `level`.
fn texts(column: &Column, hierarchy: &Hierarchy, level: usize) -> usize {
    let is_used = |row: &&[String]| {
        row.first().is_some_and(|value| column.dictionary().binary_search(value).is_ok())
    };
    let texts = hierarchy.rows().filter(is_used).filter_map(|row| row.get(level));
    texts.collect::<BTreeSet<_>>().len()
}

fn example(column: &Column, hierarchy: &Hierarchy, level: usize) -> Vec<(String, bool)> {
    let Some(value) = most_frequent(column) else { return Vec::new() };
    let row = hierarchy.rows().find(|row| row.first() == Some(value));
    let texts = row.unwrap_or_default().iter().zip(0..);
    texts.map(|(text, place)| (shortened(text, CHARACTERS), place == level)).collect()
}

/// The value of most rows that is not missing, the first by text of equally frequent ones.
fn most_frequent(column: &Column) -> Option<&String> {
    let mut rows = vec![0_u64; column.dictionary().len()];
    for &code in column.codes() {
        if let Some(rows) = usize::try_from(code).ok().and_then(|at| rows.get_mut(at)) {
            *rows += 1;
        }
    }
    let values = column.dictionary().iter().zip(rows).filter(|(value, _)| !value.is_empty());
    // The last of equal maxima is taken, so that the first comes last.
    values.rev().max_by_key(|(_, rows)| *rows).map(|(value, _)| value)
}

const CHARACTERS: usize = 40;
