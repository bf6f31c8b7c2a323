//! The records behind each row of an output.

use std::collections::{BTreeMap, BTreeSet};

use super::derive::{Labels, labels};
use super::{DataTable, Dataset};
use crate::cell;
use crate::check::Judged;
use crate::check::quasi_identifiers;
use crate::classes::Grouping;
use crate::decimal::Decimal;
use crate::finding::{Located, Problem};
use crate::releases::{Footprint, RecordSet};
use crate::rules::{CountTable, RecordsRule, Shape};

/// The people of the dataset by their labels in the categories of an output.
type Groups = BTreeMap<Vec<String>, BTreeSet<u32>>;

/// The records behind each row of `file` that shows a count or a person, in the canonical order of
/// the rows; or what is wrong with it.
pub(crate) fn footprint(
    file: &Judged<'_>,
    rule: &RecordsRule,
    dataset: &Dataset,
) -> Result<Footprint, Vec<Located>> {
    let whole = |problem| vec![Located::file(file.output.name(), problem)];
    let groups = groups(dataset, rule).ok_or_else(|| whole(Problem::NoRecords))?;
    let footprint = match file.output.shape() {
        Shape::Table(counts) => Footprint::Table { cells: cells(file, counts, &groups) },
        _ => {
            let places = class_places(file).ok_or_else(|| whole(Problem::NoRecords))?;
            let classes = classes(file, &places, &groups);
            // Somebody in two classes has two rows: a count of rows is none of people.
            let all: RecordSet = classes.iter().flat_map(RecordSet::records).collect();
            if all.len() != classes.iter().map(RecordSet::len).sum::<u64>() {
                return Err(whole(Problem::NoRecords));
            }
            Footprint::Microdata { classes }
        }
    };
    let wrong = agrees(file, &footprint);
    if wrong.is_empty() { Ok(footprint) } else { Err(wrong) }
}

/// What in `file` does not agree with the records that are said to be behind it: a count is the
/// number of its records, and a class of microdata has no more rows than records.
pub(crate) fn agrees(file: &Judged<'_>, footprint: &Footprint) -> Vec<Located> {
    let name = file.output.name();
    match (file.output.shape(), footprint) {
        (Shape::Table(counts), Footprint::Table { cells }) => {
            let Some(column) = counts.counts.first() else { return Vec::new() };
            let shown: Vec<(usize, u64)> = shown_counts(file, counts).collect();
            if shown.len() != cells.len() {
                return vec![Located::file(name, Problem::NoRecords)];
            }
            let wrong = shown.iter().zip(cells).filter(|((_, count), set)| *count != set.len());
            let located = |((row, _), _): (&(usize, u64), &RecordSet)| {
                let number = u64::try_from(*row).unwrap_or(u64::MAX).saturating_add(1);
                Located::cell(name, number, column, Problem::CountMismatch)
            };
            wrong.map(located).collect()
        }
        (Shape::Microdata { .. }, Footprint::Microdata { classes }) => {
            let rows = class_places(file).map(|places| class_rows(file, &places));
            let fits = rows.is_some_and(|rows| {
                rows.len() == classes.len()
                    && rows.values().zip(classes).all(|(rows, set)| *rows <= set.len())
            });
            if fits { Vec::new() } else { vec![Located::file(name, Problem::CountMismatch)] }
        }
        _ => vec![Located::file(name, Problem::NoRecords)],
    }
}

/// Everybody by their labels; none if no table of the dataset has the columns for them.
fn groups(dataset: &Dataset, rule: &RecordsRule) -> Option<Groups> {
    let mut groups = Groups::new();
    let mut found = false;
    for table in &dataset.tables {
        let columns: Option<Vec<Labels>> =
            rule.categories.iter().map(|derivation| labels(table, derivation)).collect();
        let Some(columns) = columns else { continue };
        let counted = rows_counted(table, rule)?;
        found = true;
        add(&mut groups, table, &columns, &counted)?;
    }
    found.then_some(groups)
}

/// Whether each row counts: all, or of each person the one with the least number in a column.
fn rows_counted(table: &DataTable, rule: &RecordsRule) -> Option<Vec<bool>> {
    let Some(first) = &rule.first else { return Some(vec![true; table.people.len()]) };
    let column = table.columns.get(first)?;
    let numbers: Vec<Option<Decimal>> =
        column.dictionary().iter().map(|text| Decimal::read(text)).collect();
    let mut least: BTreeMap<u32, (Decimal, usize)> = BTreeMap::new();
    for ((person, code), row) in table.people.iter().zip(column.codes()).zip(0..) {
        let number = (*numbers.get(usize::try_from(*code).ok()?)?)?;
        let held = least.entry(*person).or_insert((number, row));
        if number.order(held.0).is_lt() {
            *held = (number, row);
        }
    }
    let mut counted = vec![false; table.people.len()];
    for (_, row) in least.into_values() {
        *counted.get_mut(row)? = true;
    }
    Some(counted)
}

fn add(groups: &mut Groups, table: &DataTable, columns: &[Labels], counted: &[bool]) -> Option<()> {
    let coded: Vec<(&[u32], usize)> =
        columns.iter().map(|column| (column.codes.as_slice(), column.names.len())).collect();
    let grouping = Grouping::of(table.people.len(), &coded).ok()?;
    let mut people: Vec<Vec<u32>> = vec![Vec::new(); grouping.sizes.len()];
    let mut example: Vec<Option<usize>> = vec![None; grouping.sizes.len()];
    for (row, group) in grouping.of_row.iter().enumerate() {
        let group = usize::try_from(*group).ok()?;
        if *counted.get(row)? {
            people.get_mut(group)?.push(*table.people.get(row)?);
            example.get_mut(group)?.get_or_insert(row);
        }
    }
    for (people, row) in people.into_iter().zip(example) {
        let Some(row) = row else { continue };
        let label = |column: &Labels| {
            let code = usize::try_from(*column.codes.get(row)?).ok()?;
            column.names.get(code).cloned()
        };
        let key = columns.iter().map(label).collect::<Option<Vec<_>>>()?;
        groups.entry(key).or_default().extend(people);
    }
    Some(())
}

/// The records of each row that shows a count.
fn cells(file: &Judged<'_>, counts: &CountTable, groups: &Groups) -> Vec<RecordSet> {
    let categories = file.output.categories();
    let columns: Vec<_> = categories.iter().filter_map(|name| file.table.column(name)).collect();
    let cell = |(row, _)| {
        let labels: Vec<&str> = columns.iter().filter_map(|column| column.cell(row)).collect();
        let holds = |key: &Vec<String>| {
            let mut parts = key.iter().zip(&labels).zip(categories);
            parts.all(|((has, label), category)| covers(counts, category, label, has))
        };
        let behind = groups.iter().filter(|(key, _)| holds(key));
        behind.flat_map(|(_, people)| people.iter().copied()).collect()
    };
    shown_counts(file, counts).map(cell).collect()
}

/// Whether a label of a table stands for a label of the data: itself, the margin, or one that is
/// above it.
fn covers(counts: &CountTable, category: &str, label: &str, has: &str) -> bool {
    if counts.total.as_deref() == Some(label) {
        return true;
    }
    let parents = counts.parents.get(category);
    let mut at = has;
    // No chain of parents is longer than there are parents: what goes round in circles ends here.
    for _ in 0..=parents.map_or(0, BTreeMap::len) {
        if at == label {
            return true;
        }
        match parents.and_then(|parents| parents.get(at)) {
            Some(parent) => at = parent,
            None => return false,
        }
    }
    false
}

/// The rows, in canonical order, whose first count is shown, with that count.
fn shown_counts<'a>(
    file: &'a Judged<'_>,
    counts: &CountTable,
) -> impl Iterator<Item = (usize, u64)> + use<'a> {
    let column = counts.counts.first().and_then(|name| file.table.column(name));
    let shown = move |row: usize| {
        let count = cell::count(column?.cell(row)?).ok()?;
        (!file.is_hidden(row)).then_some((row, count))
    };
    file.table.sorted_rows().into_iter().filter_map(shown)
}

/// Where the quasi-identifiers are among the categories; none if one is a number, which is derived
/// from nothing.
fn class_places(file: &Judged<'_>) -> Option<Vec<usize>> {
    let categories = file.output.categories();
    let place = |name: String| categories.iter().position(|category| *category == name);
    quasi_identifiers(file.output, file.roles).into_iter().map(place).collect()
}

/// The number of rows of each class, by its labels.
fn class_rows(file: &Judged<'_>, places: &[usize]) -> BTreeMap<Vec<String>, u64> {
    let categories = file.output.categories();
    let names = places.iter().filter_map(|place| categories.get(*place));
    let columns: Vec<_> = names.filter_map(|name| file.table.column(name)).collect();
    let mut rows = BTreeMap::new();
    for row in 0..file.table.rows() {
        let labels = columns.iter().filter_map(|column| column.cell(row)).map(str::to_owned);
        *rows.entry(labels.collect()).or_default() += 1;
    }
    rows
}

/// The records of each class, in the order of its labels.
fn classes(file: &Judged<'_>, places: &[usize], groups: &Groups) -> Vec<RecordSet> {
    let class = |labels: &Vec<String>| {
        let holds = |key: &Vec<String>| {
            places.iter().zip(labels).all(|(place, label)| key.get(*place) == Some(label))
        };
        let behind = groups.iter().filter(|(key, _)| holds(key));
        behind.flat_map(|(_, people)| people.iter().copied()).collect()
    };
    class_rows(file, places).keys().map(class).collect()
}
