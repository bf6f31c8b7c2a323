//! Everything that can be wrong with an output, each with its code.

use std::collections::BTreeMap;

use domain::Reason;

use crate::cell::CellError;
use crate::name::NameError;
use crate::vocabulary::{DisclosureRisk, OutputCheck};

/// One thing wrong with an output, or with one file of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("content is an archive or compressed stream ({0})")]
    Archive(&'static str),
    #[error("cell counts {count}, below the threshold of {threshold}")]
    CellBelowThreshold { count: u64, threshold: u64 },
    #[error("count is not the number of people that the dataset has for its row")]
    CountMismatch,
    #[error("largest {n} contributions are more than {k_percent} % of the whole")]
    Dominance { n: u64, k_percent: u64 },
    #[error("people behind the rows cannot be found in the dataset by the rules")]
    NoRecords,
    #[error("nothing to release")]
    Empty,
    #[error("{0} is not an allowed file type")]
    FileType(&'static str),
    #[error("file has {0} hard links")]
    HardLink(u64),
    #[error("cell shows a maximum or minimum, which is one person's value")]
    Endpoint,
    #[error("evidence is absent, negative or contradicts itself")]
    Evidence,
    #[error("figure is drawn by the gate from its source, and by nobody else")]
    FigureWritten,
    #[error("count is hidden and a statistic of the same people is shown")]
    HiddenCellShown,
    #[error("column is an identifier")]
    IdentifierColumn,
    #[error("model of this type holds people it was trained on")]
    InstanceBased,
    #[error("a class has {found} values of a sensitive column, below l = {l}")]
    LDiversity { found: u64, l: u64 },
    #[error("{found} degrees of freedom are left, below {least}")]
    LowDegreesOfFreedom { found: u64, least: u64 },
    #[error("smallest class has {found} rows, below k = {k}; {rows} rows are in such classes")]
    KAnonymity { found: u64, k: u64, rows: u64 },
    #[error("{}", .0.detail())]
    Malformed(TableFault),
    #[error(
        "what is neither of the two largest contributions is below {p_percent} % of the largest"
    )]
    PPercent { p_percent: u64 },
    #[error("{}", .0.detail())]
    Path(NameError),
    #[error("two entries have this path")]
    PathTwice,
    #[error("{0} in place of a regular file")]
    SpecialFile(&'static str),
    #[error("small count can be worked out from the others: it is {least} to {most}")]
    Secondary { least: u64, most: u64 },
    #[error("margins do not add up, or leave open what an absent row counts")]
    Margins,
    #[error("small count could not be shown to be safe beside the others")]
    SecondaryUnproved,
    #[error("{people} people leave between two moments, below the threshold of {threshold}")]
    StepBelowThreshold { people: u64, threshold: u64 },
    #[error("symbolic link")]
    Symlink,
    #[error("a class differs from the whole by more than t = {t_percent} %")]
    TCloseness { t_percent: u64 },
    #[error("{what}: {found}, limit {limit}")]
    TooLarge { what: &'static str, found: u64, limit: u64 },
    #[error("{found} entries, limit {limit}")]
    TooManyFiles { found: u64, limit: u64 },
    #[error("no output of this name is declared in the rules")]
    Undeclared,
}

impl Problem {
    /// Whether it says that the workload attacks the gate itself: then nothing of it leaves.
    pub(crate) const fn is_structural(self) -> bool {
        match self {
            Self::Archive(_)
            | Self::HardLink(_)
            | Self::Path(_)
            | Self::PathTwice
            | Self::SpecialFile(_)
            | Self::Symlink
            | Self::TooLarge { .. }
            | Self::TooManyFiles { .. } => true,
            Self::CellBelowThreshold { .. }
            | Self::CountMismatch
            | Self::Dominance { .. }
            | Self::Empty
            | Self::Endpoint
            | Self::Evidence
            | Self::FigureWritten
            | Self::FileType(_)
            | Self::HiddenCellShown
            | Self::IdentifierColumn
            | Self::InstanceBased
            | Self::KAnonymity { .. }
            | Self::LDiversity { .. }
            | Self::LowDegreesOfFreedom { .. }
            | Self::Malformed(_)
            | Self::NoRecords
            | Self::Margins
            | Self::PPercent { .. }
            | Self::Secondary { .. }
            | Self::SecondaryUnproved
            | Self::StepBelowThreshold { .. }
            | Self::TCloseness { .. }
            | Self::Undeclared => false,
        }
    }
}

impl Problem {
    /// The ontology's check that finds it, and the risk that the check looks for.
    pub(crate) const fn check(self) -> Option<(OutputCheck, DisclosureRisk)> {
        use DisclosureRisk as R;
        use OutputCheck as C;
        Some(match self {
            Self::CellBelowThreshold { count: 0, .. } => {
                (C::PresenceOfZeroCheck, R::ClassDisclosure)
            }
            Self::CellBelowThreshold { .. }
            | Self::HiddenCellShown
            | Self::Secondary { .. }
            | Self::SecondaryUnproved => (C::MinimumThresholdCheck, R::LowCount),
            Self::StepBelowThreshold { .. } => (C::StatbarnDataCheck, R::ImplicitTables),
            Self::Dominance { .. } => (C::NKCheck, R::Dominance),
            Self::PPercent { .. } => (C::PPercentCheck, R::Dominance),
            Self::LowDegreesOfFreedom { .. } => (C::MinimumDoFCheck, R::LowDOF),
            _ => return None,
        })
    }
}

impl Reason for Problem {
    fn reason(&self) -> &'static str {
        match self {
            Self::Archive(_) => "output.archive",
            Self::CellBelowThreshold { .. } => "output.cell-below-threshold",
            Self::CountMismatch => "output.count-mismatch",
            Self::Dominance { .. } => "output.dominance",
            Self::Empty => "output.empty",
            Self::Endpoint => "output.endpoint",
            Self::Evidence => "output.evidence",
            Self::FigureWritten => "output.figure-written",
            Self::FileType(_) => "output.file-type",
            Self::HardLink(_) => "output.hard-link",
            Self::HiddenCellShown => "output.hidden-cell-shown",
            Self::IdentifierColumn => "output.identifier-column",
            Self::InstanceBased => "output.instance-based-model",
            Self::KAnonymity { .. } => "output.k-anonymity",
            Self::LDiversity { .. } => "output.l-diversity",
            Self::LowDegreesOfFreedom { .. } => "output.degrees-of-freedom",
            Self::Malformed(_) => "output.malformed-table",
            Self::NoRecords => "output.no-records",
            Self::PPercent { .. } => "output.p-percent",
            Self::Path(_) | Self::PathTwice => "output.path",
            Self::SpecialFile(_) => "output.special-file",
            Self::Margins => "output.margins",
            Self::Secondary { .. } => "output.secondary-disclosure",
            Self::SecondaryUnproved => "output.secondary-unproved",
            Self::StepBelowThreshold { .. } => "output.step-below-threshold",
            Self::Symlink => "output.symlink",
            Self::TCloseness { .. } => "output.t-closeness",
            Self::TooLarge { .. } => "output.too-large",
            Self::TooManyFiles { .. } => "output.too-many-files",
            Self::Undeclared => "output.undeclared",
        }
    }
}

/// Why bytes are not the declared table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableFault {
    Cell(CellError),
    Columns,
    DuplicateHeader,
    DuplicateKey,
    Invisible,
    NotUtf8,
    Nul,
    Ragged,
    Survival,
    Unreadable,
}

impl TableFault {
    const fn detail(self) -> &'static str {
        match self {
            Self::Cell(cell) => cell.detail(),
            Self::Columns => "header does not hold exactly the declared columns",
            Self::DuplicateHeader => "header names a column twice",
            Self::DuplicateKey => "an earlier row has the same categories",
            Self::Invisible => "text holds a character that a reader does not see",
            Self::NotUtf8 => "content is not UTF-8",
            Self::Nul => "content holds a NUL byte",
            Self::Ragged => "row has more or fewer cells than the header",
            Self::Survival => {
                "time is missing or there twice, or people at risk increase with time"
            }
            Self::Unreadable => "content cannot be read as CSV",
        }
    }
}

/// A [`Problem`] and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    /// As it may be printed; empty for the output as a whole.
    pub(crate) file: String,
    /// Data row, the first below the header being 1.
    pub(crate) row: Option<u64>,
    pub(crate) column: Option<String>,
    pub(crate) problem: Problem,
}

impl Located {
    pub(crate) fn whole(problem: Problem) -> Self {
        Self::file("", problem)
    }

    pub(crate) fn file(file: &str, problem: Problem) -> Self {
        Self { file: file.to_owned(), row: None, column: None, problem }
    }

    pub(crate) fn row(file: &str, row: u64, problem: Problem) -> Self {
        Self { row: Some(row), ..Self::file(file, problem) }
    }

    pub(crate) fn column(file: &str, column: &str, problem: Problem) -> Self {
        Self { column: Some(column.to_owned()), ..Self::file(file, problem) }
    }

    pub(crate) fn cell(file: &str, row: u64, column: &str, problem: Problem) -> Self {
        Self { row: Some(row), ..Self::column(file, column, problem) }
    }

    /// Attacks on the gate first, then by place; the code last, so that the order is total.
    pub(crate) fn order(&self) -> (bool, &str, Option<u64>, Option<&str>, &'static str) {
        let structural = self.problem.is_structural();
        (!structural, &self.file, self.row, self.column.as_deref(), self.problem.reason())
    }
}

/// Findings in the order in which they were met, so many of each code and no more: a workload
/// must not fill the gate's memory with its mistakes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    kept: Vec<Located>,
    by_code: BTreeMap<&'static str, u64>,
    left_off: u64,
}

impl Findings {
    pub(crate) fn push(&mut self, found: Located) {
        let count = self.by_code.entry(found.problem.reason()).or_default();
        if *count < MAX_OF_EACH_CODE {
            *count += 1;
            self.kept.push(found);
        } else {
            self.left_off = self.left_off.saturating_add(1);
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether all of them are of counts that are too small to be shown.
    pub(crate) fn are_of_small_counts(&self) -> bool {
        let small = |found: &Located| {
            matches!(
                found.problem,
                Problem::CellBelowThreshold { .. }
                    | Problem::Secondary { .. }
                    | Problem::SecondaryUnproved
            )
        };
        self.kept.iter().all(small)
    }

    /// Those kept, and how many were not.
    pub(crate) fn into_parts(self) -> (Vec<Located>, u64) {
        (self.kept, self.left_off)
    }
}

impl From<Located> for Findings {
    fn from(found: Located) -> Self {
        let mut findings = Self::default();
        findings.push(found);
        findings
    }
}

const MAX_OF_EACH_CODE: u64 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_bounded_for_each_code() {
        let mut findings = Findings::from(Located::whole(Problem::Symlink));
        for row in 0..100 {
            findings.push(Located::row("a.csv", row, Problem::Malformed(TableFault::Ragged)));
        }
        let (kept, left_off) = findings.into_parts();
        assert_eq!((kept.len(), left_off), (21, 80));
    }
}
