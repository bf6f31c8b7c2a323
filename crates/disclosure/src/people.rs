//! The people of a dataset, and who of them is behind each row of an output.
//!
//! The gate finds them itself, in the sealed data, by what the project's rules say of the output:
//! what a workload says of its own counts is not asked.

mod derive;
mod footprint;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use domain::Reason;
use domain::dataset::Column as ManifestColumn;

use crate::roles::ColumnRole;
use crate::rules::Rules;
use crate::table::{Column, TableError};
pub(crate) use footprint::{agrees, footprint};

/// The tables of a dataset, as far as the rules ask for their columns.
///
/// A person is a value of the manifest's first identifier column, so that all outputs of all
/// projects number people alike; without such a column each row is a person.
#[derive(Debug)]
pub struct Dataset {
    population: u32,
    tables: Vec<DataTable>,
}

/// One file of the dataset.
#[derive(Debug)]
struct DataTable {
    /// The person of each row.
    people: Vec<u32>,
    columns: BTreeMap<String, Column>,
}

impl Dataset {
    /// Reads the CSV files of a dataset, given by name and in the order of their names, for the
    /// columns that `rules` ask for. Nothing is read if they ask for none.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub fn read<'a>(
        files: impl IntoIterator<Item = (&'a str, Box<dyn Read + 'a>)>,
        manifest: &[ManifestColumn],
        rules: &Rules,
    ) -> Result<Self, PeopleError> {
        let records = rules.outputs().iter().filter_map(|output| output.records());
        let mut wanted: BTreeSet<&str> = records.flat_map(|rule| rule.columns()).collect();
        if wanted.is_empty() {
            return Ok(Self { population: 0, tables: Vec::new() });
        }
        let identifier = manifest.iter().find(|column| column.role == ColumnRole::Identifier);
        let person = identifier.map(|column| column.name.as_str());
        wanted.extend(person);
        let mut numbers = Numbers::default();
        let mut tables = Vec::new();
        for (name, file) in files {
            let malformed = |_| PeopleError::Malformed(name.to_owned());
            let mut cells = read_columns(file, &wanted).map_err(malformed)?;
            let rows = cells.first_key_value().map_or(0, |(_, column)| column.codes.len());
            let people = match person {
                Some(person) => numbers.of(&cells.remove(person).unwrap_or_default())?,
                None => numbers.next(rows)?,
            };
            if people.len() == rows {
                let column = |(name, cells): (String, Interned)| {
                    let column = Column::from_codes(&name, cells.texts(), cells.codes)?;
                    Ok::<_, TableError>((name, column))
                };
                let columns = cells.into_iter().map(column).collect::<Result<_, _>>();
                let columns = columns.map_err(|_| PeopleError::TooMany)?;
                tables.push(DataTable { people, columns });
            }
        }
        Ok(Self { population: numbers.count, tables })
    }

    /// The number of people.
    #[must_use]
    pub const fn population(&self) -> u32 {
        self.population
    }
}

/// The texts of a column, each held once, in the order of their appearance.
#[derive(Default)]
struct Interned {
    ranks: BTreeMap<String, u32>,
    codes: Vec<u32>,
}

impl Interned {
    fn push(&mut self, text: &str) -> Option<()> {
        let code = match self.ranks.get(text) {
            Some(code) => *code,
            None => {
                let next = u32::try_from(self.ranks.len()).ok()?;
                self.ranks.insert(text.to_owned(), next);
                next
            }
        };
        self.codes.push(code);
        Some(())
    }

    fn texts(&self) -> Vec<String> {
        let mut texts: Vec<(&u32, &String)> =
            self.ranks.iter().map(|(text, code)| (code, text)).collect();
        texts.sort_unstable();
        texts.into_iter().map(|(_, text)| text.clone()).collect()
    }
}

/// The numbers of people, by first appearance in the dataset.
#[derive(Default)]
struct Numbers {
    by_name: BTreeMap<String, u32>,
    count: u32,
}

impl Numbers {
    fn of(&mut self, names: &Interned) -> Result<Vec<u32>, PeopleError> {
        let mut numbers = Vec::with_capacity(names.ranks.len());
        for name in names.texts() {
            let next = u32::try_from(self.by_name.len()).map_err(|_| PeopleError::TooMany)?;
            numbers.push(*self.by_name.entry(name).or_insert(next));
        }
        self.count = u32::try_from(self.by_name.len()).map_err(|_| PeopleError::TooMany)?;
        let number =
            |code: &u32| usize::try_from(*code).ok().and_then(|at| numbers.get(at)).copied();
        names.codes.iter().map(number).collect::<Option<_>>().ok_or(PeopleError::TooMany)
    }

    /// Each of `rows` rows is somebody new.
    fn next(&mut self, rows: usize) -> Result<Vec<u32>, PeopleError> {
        let rows = u32::try_from(rows).map_err(|_| PeopleError::TooMany)?;
        let first = self.count;
        self.count = first.checked_add(rows).ok_or(PeopleError::TooMany)?;
        Ok((first..self.count).collect())
    }
}

/// The columns that are `wanted` and there.
fn read_columns(
    file: Box<dyn Read + '_>,
    wanted: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Interned>, Malformed> {
    let mut csv = csv::ReaderBuilder::new().flexible(false).from_reader(file);
    let header = csv.headers().map_err(|_| Malformed)?.clone();
    let mut columns: Vec<(usize, String, Interned)> = Vec::new();
    for (name, at) in header.iter().zip(0..) {
        if wanted.contains(name) {
            if columns.iter().any(|(_, other, _)| other == name) {
                return Err(Malformed);
            }
            columns.push((at, name.to_owned(), Interned::default()));
        }
    }
    let mut record = csv::StringRecord::new();
    while csv.read_record(&mut record).map_err(|_| Malformed)? {
        for (at, _, cells) in &mut columns {
            cells.push(record.get(*at).ok_or(Malformed)?).ok_or(Malformed)?;
        }
    }
    Ok(columns.into_iter().map(|(_, name, cells)| (name, cells)).collect())
}

struct Malformed;

/// Why the people of a dataset cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// A file is not a CSV table in UTF-8 with one header and rows of one length.
    #[error(
        "file `{0}` of the dataset is no CSV table: the rules ask for records, so it has to be"
    )]
    Malformed(String),
    /// More people or values than 32 bits can number.
    #[error("the dataset has more people or values than 32 bits can number")]
    TooMany,
}

impl Reason for PeopleError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "dataset.not-a-table",
            Self::TooMany => "dataset.too-many",
        }
    }
}
