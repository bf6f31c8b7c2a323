//! Reads CSV strictly into a [`Table`] of the declared columns.

use crate::cell::{self, CellError};
use crate::finding::{Findings, Located, Problem, TableFault};
use crate::rules::{Limits, Output, Shape};
use crate::table::{Column, Table};

/// Which columns a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// All: what leaves, and the evidence that the checks need.
    Full,
    /// What leaves.
    Released,
}

/// Reads `bytes` as the declared `output`: every cell typed and in its one spelling, the columns
/// in the order of the declaration (evidence last), the rows in the order of the file.
pub(crate) fn read(
    bytes: &[u8],
    output: &Output,
    form: Form,
    limits: &Limits,
) -> Result<Table, Findings> {
    let whole = |problem| Findings::from(Located::file(output.name(), problem));
    let text = match std::str::from_utf8(bytes) {
        Ok("") => return Err(whole(Problem::Empty)),
        Ok(text) if text.contains('\0') => return Err(whole(Problem::Malformed(TableFault::Nul))),
        Ok(text) => text,
        Err(_) => return Err(whole(Problem::Malformed(TableFault::NotUtf8))),
    };
    let mut csv = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
    let header = csv.headers().map_err(|_| whole(Problem::Malformed(TableFault::Unreadable)))?;
    let mut cells = Cells::new(output, form, limits, header).map_err(whole)?;
    for (record, row) in csv.into_records().zip(1_u64..) {
        match record {
            Ok(_) if row > limits.max_rows => {
                let (found, limit) = (row, limits.max_rows);
                return Err(whole(Problem::TooLarge { what: "rows", found, limit }));
            }
            Ok(record) => cells.push(row, &record),
            Err(error) => cells.ragged(row, &error),
        }
    }
    cells.finish()
}

/// The cells read so far, column by column, and what is wrong with them.
struct Cells<'a> {
    output: &'a Output,
    limits: &'a Limits,
    columns: Vec<ReadColumn<'a>>,
    faults: Findings,
}

struct ReadColumn<'a> {
    name: &'a str,
    kind: Kind,
    /// Where the file has it.
    position: usize,
    cells: Vec<String>,
}

#[derive(Clone, Copy)]
enum Kind {
    Category,
    Count,
    /// A count that may be an empty cell.
    HiddenCount,
    Number,
    /// A number that is checked and not written: no digit is rounded away before.
    Evidence,
}

impl<'a> Cells<'a> {
    fn new(
        output: &'a Output,
        form: Form,
        limits: &'a Limits,
        header: &csv::StringRecord,
    ) -> Result<Self, Problem> {
        let hides = matches!(output.shape(), Shape::Table(table) if table.hidden);
        // The gate hides, not the workload: it has to know what it hides.
        let hidden = hides && form == Form::Released;
        let count = if hidden { Kind::HiddenCount } else { Kind::Count };
        let evidence = match form {
            Form::Full => output.evidence(),
            Form::Released => Vec::new(),
        };
        let kinds = std::iter::repeat_n(Kind::Category, output.categories().len())
            .chain(std::iter::repeat_n(count, output.counts().len()))
            .chain(std::iter::repeat_n(Kind::Number, output.numbers().len()))
            .chain(std::iter::repeat(Kind::Evidence));
        let mut columns = Vec::with_capacity(header.len());
        for (name, kind) in output.columns().chain(evidence).zip(kinds) {
            let mut positions = (0..).zip(header).filter(|(_, found)| *found == name);
            let fault = |fault| Problem::Malformed(fault);
            let (position, _) = positions.next().ok_or(fault(TableFault::Columns))?;
            if positions.next().is_some() {
                return Err(fault(TableFault::DuplicateHeader));
            }
            columns.push(ReadColumn { name, kind, position, cells: Vec::new() });
        }
        if header.len() != columns.len() {
            return Err(Problem::Malformed(TableFault::Columns));
        }
        Ok(Self { output, limits, columns, faults: Findings::default() })
    }

    fn push(&mut self, row: u64, record: &csv::StringRecord) {
        for column in &mut self.columns {
            let raw = record.get(column.position).unwrap_or_default();
            match read_cell(raw, column.kind, self.limits) {
                Ok(cell) => column.cells.push(cell),
                Err(error) => {
                    let problem = Problem::Malformed(TableFault::Cell(error));
                    self.faults.push(Located::cell(self.output.name(), row, column.name, problem));
                }
            }
        }
    }

    fn ragged(&mut self, row: u64, error: &csv::Error) {
        let fault = match error.kind() {
            csv::ErrorKind::UnequalLengths { .. } => TableFault::Ragged,
            _ => TableFault::Unreadable,
        };
        self.faults.push(Located::row(self.output.name(), row, Problem::Malformed(fault)));
    }

    fn finish(self) -> Result<Table, Findings> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let encode = |column: &ReadColumn<'_>| Column::encode(column.name, &column.cells);
        let columns: Result<_, _> = self.columns.iter().map(encode).collect();
        let unreadable = Problem::Malformed(TableFault::Unreadable);
        let table = columns
            .and_then(Table::new)
            .map_err(|_| Located::file(self.output.name(), unreadable))?;
        if table.rows() == 0 {
            return Err(Located::file(self.output.name(), Problem::Empty).into());
        }
        Ok(table)
    }
}

fn read_cell(raw: &str, kind: Kind, limits: &Limits) -> Result<String, CellError> {
    match kind {
        Kind::Category => cell::text(raw, limits.max_cell_chars).map(|()| raw.to_owned()),
        Kind::HiddenCount if raw.is_empty() => Ok(String::new()),
        Kind::Count | Kind::HiddenCount => cell::count(raw).map(|count| count.to_string()),
        Kind::Number => cell::number(raw, limits.significant_digits),
        Kind::Evidence => cell::number(raw, EVIDENCE_DIGITS),
    }
}

/// More than an `f64` holds.
const EVIDENCE_DIGITS: u32 = 18;
