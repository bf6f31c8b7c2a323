//! Why an output may not follow what was released before.

use std::fmt;

use domain::{Digest, Reason};

/// What a release would show of too few records. [`fmt::Display`] is for the researcher and holds
/// no count; [`Self::records`] is for reviewers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    pub(crate) rule: ExposureRule,
    pub(crate) file: String,
    pub(crate) cells: Cells,
    pub(crate) earlier: Vec<Earlier>,
    pub(crate) records: u64,
}

impl Exposure {
    /// The rule that refuses it.
    #[must_use]
    pub const fn rule(&self) -> ExposureRule {
        self.rule
    }

    /// The file of the new output.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Its cells or classes.
    #[must_use]
    pub const fn cells(&self) -> &Cells {
        &self.cells
    }

    /// What they are compared with: cells of earlier releases, or of files of the same output.
    #[must_use]
    pub fn earlier(&self) -> &[Earlier] {
        &self.earlier
    }

    /// How many records are isolated: for reviewers alone.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }
}

/// Cells of one file, by number, counted from 0.
///
/// Where cells are nested, a cell stands for its records that are in none of the cells within it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// The numbers, ascending.
    pub numbers: Vec<u32>,
    /// Whether the records of the dataset that no cell has are meant too.
    pub rest: bool,
}

impl Cells {
    pub(crate) fn of(labels: impl Iterator<Item = Option<u32>>) -> Self {
        let mut cells = Self::default();
        for label in labels {
            match label {
                Some(number) => cells.numbers.push(number),
                None => cells.rest = true,
            }
        }
        cells.numbers.sort_unstable();
        cells.numbers.dedup();
        cells
    }
}

impl fmt::Display for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, at) in self.numbers.iter().take(MAX_NAMED).zip(0..) {
            let before = if at == 0 { "cell " } else { ", " };
            write!(f, "{before}{number}")?;
        }
        if self.numbers.len() > MAX_NAMED {
            f.write_str(" and others")?;
        }
        match (self.rest, self.numbers.is_empty()) {
            (true, true) => f.write_str("the records in no cell"),
            (true, false) => f.write_str(" and the records in no cell"),
            (false, _) => Ok(()),
        }
    }
}

/// Cells that were released before, or stand in the same output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The package in which they were released; none for the output that is judged.
    pub package: Option<Digest>,
    /// The file.
    pub file: String,
    /// The cells or classes.
    pub cells: Cells,
}

impl fmt::Display for Earlier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of `{}` ", self.cells, self.file)?;
        match self.package {
            Some(package) => write!(f, "in the release {package}"),
            None => f.write_str("in the same output"),
        }
    }
}

/// The rules of the ledger (`docs/formats/release-ledger.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExposureRule {
    /// A cell has fewer records than the threshold.
    Cell,
    /// A class of microdata has fewer than k records.
    Class,
    /// Too few records are in none of the cells: the complement of what is shown.
    Complement,
    /// A cell and another differ by too few records.
    Difference,
    /// Too few records share their classes in two releases of microdata.
    JointClasses,
    /// Cells together differ from other cells together by too few records.
    Union,
}

impl Reason for ExposureRule {
    fn reason(&self) -> &'static str {
        match self {
            Self::Cell => "output.cell-below-threshold",
            Self::Class => "output.k-anonymity",
            Self::Complement => "output.complement-isolates",
            Self::Difference => "output.difference-isolates",
            Self::JointClasses => "output.joint-classes",
            Self::Union => "output.union-isolates",
        }
    }
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.rule {
            ExposureRule::Cell => "counts too few records",
            ExposureRule::Class => "has too few records that look alike",
            ExposureRule::Complement => "leaves out too few records",
            ExposureRule::Difference => "differs by too few records",
            ExposureRule::JointClasses => "has too few records in common",
            ExposureRule::Union => "together differ by too few records",
        };
        write!(f, "{} of `{}` {what}", self.cells, self.file)?;
        let before = match self.rule {
            ExposureRule::JointClasses => "with",
            _ => "from",
        };
        for (earlier, at) in self.earlier.iter().zip(0..) {
            write!(f, " {} {earlier}", if at == 0 { before } else { "and" })?;
        }
        Ok(())
    }
}

const MAX_NAMED: usize = 8;
