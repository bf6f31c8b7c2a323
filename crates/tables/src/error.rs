//! Why a file is no table.

use domain::Reason;

use crate::encode::Unencodable;

/// Why [`crate::read_csv`] refuses a text. Rows are counted from 1, the header not among them;
/// lines are those of the file.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// An empty line between rows, or as the only cell of a row: it may be a missing value or nothing.
    #[error(
        "row {row} (line {line}) is empty; remove the line, or write `\"\"` for a missing value"
    )]
    BlankRow {
        /// The row.
        row: u64,
        /// Its line.
        line: u64,
    },
    /// A carriage return that ends no line.
    #[error("row {row} (line {line}) has a carriage return that ends no line; quote the cell")]
    CarriageReturn {
        /// The row.
        row: u64,
        /// Its line.
        line: u64,
    },
    /// The header names a column twice.
    #[error("the header names column `{0}` twice; rename one of them")]
    ColumnTwice(String),
    /// No header.
    #[error("the file is empty; its first line must name the columns")]
    Empty,
    /// The header is not UTF-8, or not one row as all others are.
    #[error(
        "the header cannot be read: {0}; it is UTF-8, names with quotation marks are quoted as a whole, \
         and the marks inside are doubled"
    )]
    Header(&'static str),
    /// Cells are not UTF-8.
    #[error("row {row} is not UTF-8; convert the file, for instance with `iconv -t utf-8`")]
    NotUtf8 {
        /// The row.
        row: u64,
    },
    /// A quotation mark within a cell that is not quoted, or text after a closing one.
    #[error(
        "row {row} (line {line}) has a stray quotation mark; quote the whole cell and double \
         the marks inside"
    )]
    Quotes {
        /// The row.
        row: u64,
        /// Its line.
        line: u64,
    },
    /// A row with too many or too few cells.
    #[error(
        "row {row} (line {line}) has {found} cells, the header has {expected}; is the separator \
         right?"
    )]
    Ragged {
        /// The row.
        row: u64,
        /// Its line.
        line: u64,
        /// Its cells.
        found: usize,
        /// The header's cells.
        expected: usize,
    },
    /// The encoded columns make no table.
    #[error("the cells cannot be encoded")]
    Table(#[from] disclosure::TableError),
    /// A quoted cell that never ends.
    #[error("row {row} (line {line}) opens a quotation mark that nothing closes")]
    Unclosed {
        /// The row.
        row: u64,
        /// Its line.
        line: u64,
    },
    /// The file could not be read on.
    #[error("the file cannot be read")]
    Unreadable(#[source] std::io::Error),
    /// A column that the file does not have.
    #[error("there is no column `{name}`; the file has {}", list(available))]
    UnknownColumn {
        /// What was asked for.
        name: String,
        /// The columns of the file.
        available: Vec<String>,
    },
}

impl From<Unencodable> for CsvError {
    fn from(error: Unencodable) -> Self {
        match error {
            Unencodable::NotUtf8(row) => Self::NotUtf8 { row },
            Unencodable::Table(error) => Self::Table(error),
        }
    }
}

pub(crate) fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Reason for CsvError {
    fn reason(&self) -> &'static str {
        match self {
            Self::BlankRow { .. } => "csv.blank-row",
            Self::CarriageReturn { .. } => "csv.carriage-return",
            Self::ColumnTwice(_) => "csv.column-twice",
            Self::Empty => "csv.empty",
            Self::Header(_) => "csv.header",
            Self::NotUtf8 { .. } => "csv.not-utf8",
            Self::Quotes { .. } => "csv.quotes",
            Self::Ragged { .. } => "csv.ragged",
            Self::Table(error) => error.reason(),
            Self::Unclosed { .. } => "csv.unclosed-quote",
            Self::UnknownColumn { .. } => "csv.unknown-column",
            Self::Unreadable(_) => "csv.unreadable",
        }
    }
}
