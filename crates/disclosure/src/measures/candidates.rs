//! The rows that a person may be taken for.
//!
//! Where a missing value is a value of its own these are the classes. Where it is a wildcard, an
//! attacker who knows all quasi-identifiers x of a person cannot exclude any row that agrees with x
//! wherever it has a value: the candidates of x. A row with missing values may belong to any x that
//! completes it, so the measures look at the candidates of every completion and report the worst.
//!
//! Completions with the same candidates need one look. The values that matter are those of other
//! rows with missing values (a *meet* of two rows that agree where both have a value), and one
//! value that no other row has, which stands for all the rest: it leaves the fewest candidates and
//! is written as the missing value itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::classes::Classes;
use crate::measures::counts::Counts;
use crate::measures::{MeasureError, Nulls};
use crate::table::{Table, TableError};

/// Classes, and the unions of them that are each a person's candidates.
#[derive(Clone, Debug)]
pub(crate) struct Candidates {
    classes: Classes,
    /// The classes among which the rows of each class may be, in the order of the classes, then
    /// those of further completions; none if every class stands alone.
    unions: Option<Vec<Vec<u32>>>,
}

/// The values of a class; none where one is missing.
type Pattern = Vec<Option<u32>>;

impl Candidates {
    pub(crate) fn over(
        table: &Table,
        columns: &[&str],
        nulls: Nulls,
    ) -> Result<Self, MeasureError> {
        let classes = Classes::over(table, columns)?;
        let unions = match nulls {
            Nulls::Value => None,
            Nulls::Wildcard => Unions::new(&patterns(table, columns, &classes)?).find(MAX_STEPS)?,
        };
        Ok(Self { classes, unions })
    }

    /// The partition by equal values, a missing one among them.
    pub(crate) fn classes(&self) -> &Classes {
        &self.classes
    }

    /// For each class the number of rows that its rows may be taken for.
    pub(crate) fn sizes(&self) -> Vec<u64> {
        let sizes = self.classes.sizes();
        let Some(unions) = &self.unions else { return sizes.to_vec() };
        let size = |class: &u32| sizes.get(usize::try_from(*class).ok()?);
        unions.iter().take(sizes.len()).map(|union| union.iter().filter_map(size).sum()).collect()
    }

    /// Counts by class become counts by candidates.
    pub(crate) fn seen(&self, counts: Counts) -> Counts {
        match &self.unions {
            Some(unions) => counts.united(unions),
            None => counts,
        }
    }
}

/// The pattern of each class, in the order of the classes.
fn patterns(
    table: &Table,
    columns: &[&str],
    classes: &Classes,
) -> Result<Vec<Pattern>, MeasureError> {
    let columns: Result<Vec<_>, _> = columns
        .iter()
        .map(|&name| table.column(name).ok_or_else(|| TableError::NoColumn(name.to_owned())))
        .collect();
    let columns = columns?;
    let mut patterns = Vec::with_capacity(classes.sizes().len());
    for (row, &class) in classes.of_row().iter().enumerate() {
        // Classes are numbered by first appearance.
        if usize::try_from(class).is_ok_and(|class| class == patterns.len()) {
            let cell = |column: &&crate::table::Column| {
                column.codes().get(row).copied().filter(|&code| Some(code) != column.null())
            };
            patterns.push(columns.iter().map(cell).collect());
        }
    }
    Ok(patterns)
}

/// The search for all unions.
struct Unions<'a> {
    patterns: &'a [Pattern],
    class_of: BTreeMap<&'a Pattern, u32>,
    /// Patterns with a missing value.
    partial: Vec<&'a Pattern>,
    /// Which cells are missing together.
    masks: BTreeSet<Vec<bool>>,
}

impl<'a> Unions<'a> {
    fn new(patterns: &'a [Pattern]) -> Self {
        let partial: Vec<&Pattern> =
            patterns.iter().filter(|pattern| pattern.contains(&None)).collect();
        let mask = |pattern: &Pattern| pattern.iter().map(Option::is_none).collect();
        let masks = patterns.iter().map(mask).collect();
        Self { patterns, class_of: patterns.iter().zip(0..).collect(), partial, masks }
    }

    /// None if no value is missing; refused if it takes more than `most` steps.
    fn find(&self, most: usize) -> Result<Option<Vec<Vec<u32>>>, MeasureError> {
        if self.partial.is_empty() {
            return Ok(None);
        }
        let completions = self.completions(most)?;
        if (self.patterns.len() + completions.len()).saturating_mul(self.masks.len()) > most {
            return Err(MeasureError::TooManyCandidates(most));
        }
        let all = self.patterns.iter().chain(&completions);
        Ok(Some(all.map(|pattern| self.candidates(pattern)).collect()))
    }

    /// The meets of any number of partial patterns, without the patterns themselves.
    fn completions(&self, most: usize) -> Result<BTreeSet<Pattern>, MeasureError> {
        let mut found = BTreeSet::new();
        let mut open: Vec<Pattern> = self.partial.iter().map(|&pattern| pattern.clone()).collect();
        let mut pairs = 0_usize;
        while let Some(pattern) = open.pop() {
            pairs = pairs.saturating_add(self.partial.len());
            if pairs > most {
                return Err(MeasureError::TooManyCandidates(most));
            }
            for meet in self.partial.iter().filter_map(|other| meet(&pattern, other)) {
                if !self.class_of.contains_key(&meet) && found.insert(meet.clone()) {
                    open.push(meet);
                }
            }
        }
        Ok(found)
    }

    /// The classes that agree with `pattern` wherever they have a value, and lack one wherever it
    /// does.
    fn candidates(&self, pattern: &Pattern) -> Vec<u32> {
        let fits = |mask: &&Vec<bool>| {
            pattern.iter().zip(*mask).all(|(cell, missing)| cell.is_some() || *missing)
        };
        let blanked = |mask: &Vec<bool>| -> Pattern {
            pattern.iter().zip(mask).map(|(cell, &missing)| cell.filter(|_| !missing)).collect()
        };
        let classes = self.masks.iter().filter(fits).map(blanked);
        classes.filter_map(|pattern| self.class_of.get(&pattern).copied()).collect()
    }
}

/// The pattern that has the values of both; none if they contradict each other.
fn meet(a: &Pattern, b: &Pattern) -> Option<Pattern> {
    let cell = |(a, b): (&Option<u32>, &Option<u32>)| match (a, b) {
        (Some(a), Some(b)) if a != b => None,
        (a, b) => Some(a.or(*b)),
    };
    a.iter().zip(b).map(cell).collect()
}

/// Pairs of rows compared, or classes looked up: about a second of each.
const MAX_STEPS: usize = 1 << 22;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;

    /// A table of rows of one-letter cells; `*` is missing.
    fn candidates(rows: &[&str], nulls: Nulls) -> Result<Candidates, MeasureError> {
        let names: Vec<String> = (0..rows[0].len()).map(|at| at.to_string()).collect();
        let cell = |row: &&str, at| row.chars().nth(at).filter(|&c| c != '*').map(String::from);
        let cells = |at: usize| -> Vec<String> {
            rows.iter().map(|row| cell(row, at).unwrap_or_default()).collect()
        };
        let column = |(at, name): (usize, &String)| Column::encode(name, &cells(at)).unwrap();
        let table = Table::new(names.iter().enumerate().map(column).collect()).unwrap();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Candidates::over(&table, &names, nulls)
    }

    #[test]
    fn without_missing_values_wildcards_change_nothing() {
        let found = candidates(&["ax", "ax", "bx"], Nulls::Wildcard).unwrap();
        assert_eq!((found.unions.as_ref(), found.sizes()), (None, vec![2, 1]));
    }

    #[test]
    fn a_row_with_a_wildcard_is_a_candidate_of_all_that_agree() {
        let rows = ["ax", "ax", "bx", "*x", "by"];
        assert_eq!(candidates(&rows, Nulls::Value).unwrap().sizes(), [2, 1, 1, 1]);
        // The row `*x` may be of someone whose value no one else has: it is then alone.
        assert_eq!(candidates(&rows, Nulls::Wildcard).unwrap().sizes(), [3, 2, 1, 1]);
    }

    #[test]
    fn completions_that_no_row_has_are_looked_at() {
        let found = candidates(&["a*", "*x", "b*"], Nulls::Wildcard).unwrap();
        // `ax` and `bx` are the people of two rows each.
        assert_eq!(found.sizes(), [1, 1, 1]);
        let unions = found.unions.unwrap();
        assert_eq!(unions, [vec![0], vec![1], vec![2], vec![0, 1], vec![2, 1]]);
    }

    #[test]
    fn too_many_completions_are_refused() {
        // Rows with one value each, which meet in all ways: 4^6 patterns.
        let one = |at: usize, value: u32| (0..6).map(|c| (c == at).then_some(value)).collect();
        let patterns: Vec<Pattern> =
            (0..6).flat_map(|at| (0..3).map(move |value| one(at, value))).collect();
        let unions = Unions::new(&patterns);
        assert_eq!(unions.find(9_999), Err(MeasureError::TooManyCandidates(9_999)));
        // All but the pattern without any value, which no row has.
        assert_eq!(unions.find(MAX_STEPS).unwrap().unwrap().len(), 4_usize.pow(6) - 1);
    }
}
