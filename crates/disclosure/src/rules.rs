//! The rules of a project: thresholds, limits, and each file that may leave, by name.

use std::collections::BTreeSet;

use domain::{Digest, Reason};

use crate::name;
use crate::rules_file::{FileType, LimitsSection, OutputSection, RulesFile};

/// The output rules of a project, read strictly: what is held here is complete, in range and
/// names nothing twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    digest: Digest,
    threshold: u64,
    k: u64,
    limits: Limits,
    file_types: Vec<FileType>,
    outputs: Vec<Output>,
}

impl Rules {
    /// Reads rules from TOML. The format is in `docs/formats/output-rules.md`.
    ///
    /// # Errors
    /// A [`RulesError`] for an unknown or absent key, a value out of range, or a name that is
    /// malformed or used twice.
    pub fn parse(toml: &[u8]) -> Result<Self, RulesError> {
        if toml.len() > MAX_RULES_BYTES {
            return Err(RulesError::TooLong);
        }
        let text = std::str::from_utf8(toml).map_err(|_| RulesError::NotUtf8)?;
        let file: RulesFile = toml::from_str(text).map_err(|e| RulesError::Toml(Box::new(e)))?;
        if file.version != VERSION {
            return Err(RulesError::Version(file.version));
        }
        let limits = Limits::parse(&file.limits)?;
        let rules = Self {
            digest: Digest::of(toml),
            threshold: in_range("tables.threshold", file.tables.threshold, 2, MAX_MINIMUM)?,
            k: in_range("microdata.k", file.microdata.k, 2, MAX_MINIMUM)?,
            outputs: parse_outputs(file.output, &limits, &file.limits.file_types)?,
            limits,
            file_types: file.limits.file_types,
        };
        Ok(rules)
    }

    /// The digest of the exact TOML bytes: what an approval and a launch manifest name.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The fewest people that a cell of a table may count.
    #[must_use]
    pub const fn threshold(&self) -> u64 {
        self.threshold
    }

    /// The fewest rows of microdata that may share their quasi-identifiers.
    #[must_use]
    pub const fn k(&self) -> u64 {
        self.k
    }

    /// Sizes and lengths; a walker needs them so as not to read what would be refused anyway.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The files that may leave, in the order of the rules.
    #[must_use]
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    pub(crate) fn output(&self, name: &str) -> Option<&Output> {
        self.outputs.iter().find(|output| output.name == name)
    }

    pub(crate) fn allows_type_of(&self, name: &str) -> bool {
        self.file_types.iter().any(|kind| name.ends_with(kind.extension()))
    }
}

/// Sizes and lengths above which an output is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries of any kind below the output folder.
    pub max_files: u64,
    /// Bytes of one file, as written by the workload and as rewritten by the gate.
    pub max_file_bytes: u64,
    /// Bytes of all files together.
    pub max_total_bytes: u64,
    /// Parts of a path.
    pub max_depth: u64,
    /// Rows of one file, the header not counted.
    pub max_rows: u64,
    /// Columns of one file.
    pub max_columns: u64,
    /// Characters of one text cell.
    pub max_cell_chars: u64,
    /// Significant digits of a number; the rest is rounded away.
    pub significant_digits: u32,
}

impl Limits {
    /// Checks each limit against a ceiling that keeps the gate's own memory and arithmetic safe.
    fn parse(file: &LimitsSection) -> Result<Self, RulesError> {
        if file.file_types.is_empty() {
            return Err(RulesError::NoFileType);
        }
        in_range("limits.significant_digits", file.significant_digits.into(), 1, 15)?;
        Ok(Self {
            max_files: in_range("limits.max_files", file.max_files, 1, 1_000)?,
            max_file_bytes: in_range("limits.max_file_bytes", file.max_file_bytes, 1, 1 << 26)?,
            max_total_bytes: in_range("limits.max_total_bytes", file.max_total_bytes, 1, 1 << 28)?,
            max_depth: in_range("limits.max_depth", file.max_depth, 1, 8)?,
            max_rows: in_range("limits.max_rows", file.max_rows, 1, 1_000_000)?,
            max_columns: in_range("limits.max_columns", file.max_columns, 1, 256)?,
            max_cell_chars: in_range("limits.max_cell_chars", file.max_cell_chars, 1, 256)?,
            significant_digits: file.significant_digits,
        })
    }
}

/// One file that may leave, with the columns that it must have, no more and no fewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    name: String,
    categories: Vec<String>,
    numbers: Vec<String>,
    shape: Shape,
}

/// What the rows of an [`Output`] stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A row is a group of people; its categories are its key.
    Table {
        /// Columns that count people; never empty.
        counts: Vec<String>,
    },
    /// A row is a person.
    Microdata {
        /// Columns that count as quasi-identifiers whatever the dataset manifest says.
        quasi_identifiers: Vec<String>,
    },
}

impl Output {
    /// The exact name of the file, relative to the output folder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Columns of text cells.
    #[must_use]
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// Columns of decimal numbers.
    #[must_use]
    pub fn numbers(&self) -> &[String] {
        &self.numbers
    }

    /// What a row stands for.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Columns that count people; none for microdata.
    #[must_use]
    pub fn counts(&self) -> &[String] {
        match &self.shape {
            Shape::Table { counts } => counts,
            Shape::Microdata { .. } => &[],
        }
    }

    /// All columns in the order of the canonical form: categories, counts, numbers.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.categories.iter().chain(self.counts()).chain(&self.numbers).map(String::as_str)
    }

    fn parse(file: OutputSection) -> Result<Self, RulesError> {
        let output = match file {
            OutputSection::Table { name, categories, counts, numbers } => {
                Self { name, categories, numbers, shape: Shape::Table { counts } }
            }
            OutputSection::Microdata { name, categories, numbers, quasi_identifiers } => {
                let shape = Shape::Microdata { quasi_identifiers };
                Self { name, categories, numbers, shape }
            }
        };
        output.validate()?;
        Ok(output)
    }

    fn validate(&self) -> Result<(), RulesError> {
        let mut seen = BTreeSet::new();
        for column in self.columns() {
            if !is_column_name(column) {
                return Err(RulesError::ColumnName(column.to_owned()));
            }
            if !seen.insert(column) {
                return Err(RulesError::ColumnTwice(column.to_owned()));
            }
        }
        match &self.shape {
            Shape::Table { counts } if counts.is_empty() => {
                Err(RulesError::NoCounts(self.name.clone()))
            }
            Shape::Microdata { .. } if seen.is_empty() => {
                Err(RulesError::NoColumns(self.name.clone()))
            }
            Shape::Microdata { quasi_identifiers } => {
                match quasi_identifiers.iter().find(|name| !seen.contains(name.as_str())) {
                    Some(absent) => Err(RulesError::NotAColumn(absent.clone())),
                    None => Ok(()),
                }
            }
            Shape::Table { .. } => Ok(()),
        }
    }
}

fn parse_outputs(
    sections: Vec<OutputSection>,
    limits: &Limits,
    types: &[FileType],
) -> Result<Vec<Output>, RulesError> {
    let mut outputs: Vec<Output> = Vec::with_capacity(sections.len());
    for section in sections {
        let output = Output::parse(section)?;
        let typed = types.iter().any(|kind| output.name.ends_with(kind.extension()));
        if !typed || name::parse(output.name.as_bytes(), limits.max_depth).is_err() {
            return Err(RulesError::OutputName(output.name));
        }
        if outputs.iter().any(|other| other.name == output.name) {
            return Err(RulesError::OutputTwice(output.name));
        }
        let columns = u64::try_from(output.columns().count()).unwrap_or(u64::MAX);
        in_range("columns", columns, 1, limits.max_columns)?;
        outputs.push(output);
    }
    Ok(outputs)
}

fn is_column_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

const fn in_range(key: &'static str, value: u64, least: u64, most: u64) -> Result<u64, RulesError> {
    if value < least || value > most {
        return Err(RulesError::OutOfRange { key, value, least, most });
    }
    Ok(value)
}

/// Why a text is not a set of [`Rules`].
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A column name is not a letter followed by letters, digits and underscores, at most 64.
    #[error("`{0}` is not a column name: a letter, then letters, digits and `_`, at most 64")]
    ColumnName(String),
    /// A file names a column twice.
    #[error("column `{0}` is declared twice in one output")]
    ColumnTwice(String),
    /// Microdata without a column.
    #[error("output `{0}` declares no column")]
    NoColumns(String),
    /// A table without a column that counts people cannot be checked.
    #[error("table `{0}` declares no column that counts people")]
    NoCounts(String),
    /// The list of allowed file types is empty.
    #[error("`limits.file_types` is empty")]
    NoFileType,
    /// A quasi-identifier that the file does not have.
    #[error("quasi-identifier `{0}` is not a column of its output")]
    NotAColumn(String),
    /// The rules are not UTF-8.
    #[error("output rules are not UTF-8")]
    NotUtf8,
    /// A value outside the range that keeps the check meaningful or its memory bounded.
    #[error("`{key}` is {value}; it must lie between {least} and {most}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// What it was set to.
        value: u64,
        /// The least allowed.
        least: u64,
        /// The most allowed.
        most: u64,
    },
    /// An output's name is not of the fixed alphabet, too deep, or of a type that is not allowed.
    #[error("`{0}` is not an output name with an allowed file type")]
    OutputName(String),
    /// Two outputs have one name.
    #[error("output `{0}` is declared twice")]
    OutputTwice(String),
    /// The TOML is malformed, or has an unknown or absent key.
    #[error("output rules are not the expected TOML")]
    Toml(#[source] Box<toml::de::Error>),
    /// The rules are longer than 64 KiB.
    #[error("output rules are longer than {MAX_RULES_BYTES} bytes")]
    TooLong,
    /// A version that this program does not know.
    #[error("output rules have version {0}; this program knows version {VERSION}")]
    Version(u64),
}

impl Reason for RulesError {
    fn reason(&self) -> &'static str {
        match self {
            Self::ColumnName(_) => "rules.column-name",
            Self::ColumnTwice(_) => "rules.column-twice",
            Self::NoColumns(_) => "rules.no-columns",
            Self::NoCounts(_) => "rules.no-counts",
            Self::NoFileType => "rules.no-file-type",
            Self::NotAColumn(_) => "rules.not-a-column",
            Self::NotUtf8 => "rules.not-utf8",
            Self::OutOfRange { .. } => "rules.out-of-range",
            Self::OutputName(_) => "rules.output-name",
            Self::OutputTwice(_) => "rules.output-twice",
            Self::Toml(_) => "rules.malformed",
            Self::TooLong => "rules.too-long",
            Self::Version(_) => "rules.version",
        }
    }
}

const VERSION: u64 = 1;
const MAX_RULES_BYTES: usize = 1 << 16;
/// The largest threshold or k: far above any in use, and exact in every arithmetic here.
const MAX_MINIMUM: u64 = 1_000_000;
