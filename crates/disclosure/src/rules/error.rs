//! Why a text is no set of rules.

use domain::Reason;

use super::{MAX_RULES_BYTES, VERSION};

/// Why a text is not a set of [`Rules`].
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A column name is not a letter followed by letters, digits and underscores, at most 64.
    #[error("`{0}` is not a column name: a letter, then letters, digits and `_`, at most 64")]
    ColumnName(String),
    /// A file names a column twice.
    #[error("column `{0}` is declared twice in one output")]
    ColumnTwice(String),
    /// A derivation that leaves somebody out: bounds that do not ascend, or cases without a last
    /// one that has no condition.
    #[error(
        "output `{0}` has a derivation whose bounds do not ascend or whose last case has a condition"
    )]
    Derivation(String),
    /// An analysis that the StatBarns ontology does not name.
    #[error(
        "`{0}` is no analysis of the StatBarns ontology, such as `Mean` or `MultipleRegression`"
    )]
    Analysis(String),
    /// A figure of a file that is no table, of a column that it does not show, or a histogram with
    /// more than one category.
    #[error("figure or histogram `{0}` does not fit its source")]
    Figure(String),
    /// A statistic that lacks what its analysis must be checked by.
    #[error("statistic `{column}` is a {analysis}: it needs `{needs}`")]
    NoEvidence {
        /// The column.
        column: String,
        /// The analysis.
        analysis: &'static str,
        /// The absent key.
        needs: &'static str,
    },
    /// Microdata without a column.
    #[error("output `{0}` declares no column")]
    NoColumns(String),
    /// A table without a column that counts people cannot be checked.
    #[error("table `{0}` declares no column that counts people")]
    NoCounts(String),
    /// The rules want to know whom each output is about, and this one does not say it.
    #[error("output `{0}` does not say whom its rows are about: it needs `[output.records]`")]
    NoRecords(String),
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
            Self::Derivation(_) => "rules.derivation",
            Self::Analysis(_) => "rules.analysis",
            Self::Figure(_) => "rules.figure",
            Self::NoEvidence { .. } => "rules.no-evidence",
            Self::NoColumns(_) => "rules.no-columns",
            Self::NoCounts(_) => "rules.no-counts",
            Self::NoRecords(_) => "rules.no-records",
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
