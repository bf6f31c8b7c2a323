//! The label of each row of the dataset in each category of an output.

use std::collections::BTreeMap;

use super::DataTable;
use crate::decimal::Decimal;
use crate::rules::Derivation;

/// One category over the rows of a table.
pub(super) struct Labels {
    pub(super) names: Vec<String>,
    /// For each row an index into the names.
    pub(super) codes: Vec<u32>,
}

/// The labels by `derivation`; none if the table lacks a column for them.
pub(super) fn labels(table: &DataTable, derivation: &Derivation) -> Option<Labels> {
    match derivation {
        Derivation::Same(from) => {
            let column = table.columns.get(from)?;
            Some(Labels { names: column.dictionary().to_vec(), codes: column.codes().to_vec() })
        }
        Derivation::Below { from, below } => {
            let column = table.columns.get(from)?;
            let label = |text: &String| below_label(text, below).to_owned();
            Some(renamed(column.codes(), column.dictionary().iter().map(label)))
        }
        Derivation::Cases(cases) => {
            let rows = table.people.len();
            let mut names = Names::default();
            let mut codes = Vec::with_capacity(rows);
            for row in 0..rows {
                let holds = |(name, text): (&String, &String)| {
                    let column = table.columns.get(name)?;
                    Some(column.cell(row)? == text)
                };
                let mut label = None;
                for case in cases {
                    let mut all = true;
                    for condition in &case.when {
                        all &= holds(condition)?;
                    }
                    if all {
                        label = Some(case.is.as_str());
                        break;
                    }
                }
                codes.push(names.code(label?));
            }
            Some(Labels { names: names.list, codes })
        }
    }
}

/// The label of the first bound above the number; no label for what is no number or above all.
fn below_label<'a>(text: &str, below: &'a [(i64, String)]) -> &'a str {
    let number = Decimal::read(text);
    let is_below = |number: Decimal, bound: i64| {
        Decimal::parse(&bound.to_string()).is_some_and(|bound| number.order(bound).is_lt())
    };
    let found = number.and_then(|number| below.iter().find(|(bound, _)| is_below(number, *bound)));
    found.map_or("", |(_, label)| label)
}

/// Codes into new names, of which several may be one.
fn renamed(codes: &[u32], renaming: impl Iterator<Item = String>) -> Labels {
    let mut names = Names::default();
    let new: Vec<u32> = renaming.map(|name| names.code(&name)).collect();
    let code = |code: &u32| usize::try_from(*code).ok().and_then(|at| new.get(at)).copied();
    Labels { codes: codes.iter().filter_map(code).collect(), names: names.list }
}

#[derive(Default)]
struct Names {
    list: Vec<String>,
    codes: BTreeMap<String, u32>,
}

impl Names {
    fn code(&mut self, name: &str) -> u32 {
        if let Some(code) = self.codes.get(name) {
            return *code;
        }
        let code = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(name.to_owned());
        self.codes.insert(name.to_owned(), code);
        code
    }
}
