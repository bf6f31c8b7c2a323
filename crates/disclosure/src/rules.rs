//! The rules of a project: thresholds, limits, and each file that may leave, by name.

mod error;
mod file;
mod limits;
mod output;
mod records;

use domain::Digest;

use crate::name;
pub use error::RulesError;
pub(crate) use file::{ContributionsSection as Contributions, Zeros};
pub use file::{FigureStyle, ModelType};
use file::{FileType, OutputSection, RecordsWanted, RulesFile};
pub use limits::Limits;
pub(crate) use output::Statistic;
pub use output::{CountTable, Estimates, Figure, Output, Shape, SurvivalTable};
pub(crate) use records::Derivation;
pub use records::RecordsRule;

/// The output rules of a project, read strictly: what is held here is complete, in range and
/// names nothing twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    digest: Digest,
    thresholds: Thresholds,
    releases: ReleaseRules,
    limits: Limits,
    file_types: Vec<FileType>,
    outputs: Vec<Output>,
}

/// The numbers that decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// The fewest people that a cell of a table may count.
    pub threshold: u64,
    /// Whether a cell that counts nobody is refused.
    pub(crate) zeros: Zeros,
    /// The n of (n,k) dominance.
    pub dominance_n: u64,
    /// The k of (n,k) dominance, in percent.
    pub dominance_k: u64,
    /// The p of the p % rule.
    pub p_percent: u64,
    /// The fewest degrees of freedom left.
    pub degrees_of_freedom: u64,
    /// The k of microdata.
    pub k: u64,
    /// The l of distinct l-diversity of each sensitive column of microdata; 1 asks for nothing.
    pub l: u64,
    /// The t of t-closeness by equal distance, in percent; 100 asks for nothing.
    pub t_percent: u64,
}

/// What is remembered of releases, and how much of it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseRules {
    /// Whether tables and microdata must say whom their rows are about.
    pub records_required: bool,
    /// How many outputs may be released to the project.
    pub budget: u64,
    /// How many bits of free choice the project's outputs may hold together.
    pub max_bits: u64,
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
            thresholds: Thresholds::parse(&file)?,
            releases: ReleaseRules::parse(&file)?,
            outputs: parse_outputs(file.output, &limits, &file.limits.file_types)?,
            limits,
            file_types: file.limits.file_types,
        };
        rules.outputs.iter().try_for_each(|output| rules.fits(output))?;
        Ok(rules)
    }

    /// The digest of the exact TOML bytes: what an approval and a launch manifest name.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The numbers that decide.
    #[must_use]
    pub const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// The fewest people that a cell of a table may count.
    #[must_use]
    pub const fn threshold(&self) -> u64 {
        self.thresholds.threshold
    }

    /// The fewest rows of microdata that may share their quasi-identifiers.
    #[must_use]
    pub const fn k(&self) -> u64 {
        self.thresholds.k
    }

    /// What is remembered of releases.
    #[must_use]
    pub const fn releases(&self) -> &ReleaseRules {
        &self.releases
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

    /// Whether an output says whom its rows are about.
    #[must_use]
    pub fn ask_for_records(&self) -> bool {
        self.outputs.iter().any(|output| output.records().is_some())
    }

    pub(crate) fn output(&self, name: &str) -> Option<&Output> {
        self.outputs.iter().find(|output| output.name == name)
    }

    pub(crate) fn allows_type_of(&self, name: &str) -> bool {
        self.file_types.iter().any(|kind| name.ends_with(kind.extension()))
    }

    /// What one output says of another, and of the rules as a whole.
    fn fits(&self, output: &Output) -> Result<(), RulesError> {
        match output.shape() {
            Shape::Figure(figure) => {
                let source = self.output(&figure.source);
                let shown = |source: &&Output| {
                    let x = source.categories().contains(&figure.x)
                        || source.numbers().contains(&figure.x);
                    let y =
                        source.counts().contains(&figure.y) || source.numbers().contains(&figure.y);
                    x && y && source.name.ends_with(FileType::Csv.extension())
                };
                let found = source.filter(shown);
                found.map(|_| ()).ok_or_else(|| RulesError::Figure(output.name.clone()))
            }
            Shape::Table(_) | Shape::Microdata { .. } if self.releases.records_required => {
                let told = output.records();
                told.map(|_| ()).ok_or_else(|| RulesError::NoRecords(output.name.clone()))
            }
            Shape::Table(_)
            | Shape::Microdata { .. }
            | Shape::Survival(_)
            | Shape::Estimates(_)
            | Shape::Text => Ok(()),
        }
    }
}

impl Thresholds {
    fn parse(file: &RulesFile) -> Result<Self, RulesError> {
        let RulesFile { tables, microdata, estimates, .. } = file;
        let minimum = |key, value| in_range(key, value, 2, MAX_MINIMUM);
        Ok(Self {
            threshold: minimum("tables.threshold", tables.threshold)?,
            zeros: tables.zeros,
            dominance_n: in_range("tables.dominance.n", tables.dominance.n, 1, 100)?,
            dominance_k: in_range("tables.dominance.k_percent", tables.dominance.k_percent, 1, 99)?,
            p_percent: in_range("tables.p_percent", tables.p_percent, 1, 100)?,
            degrees_of_freedom: in_range(
                "estimates.degrees_of_freedom",
                estimates.degrees_of_freedom,
                1,
                MAX_MINIMUM,
            )?,
            k: minimum("microdata.k", microdata.k)?,
            l: in_range("microdata.l", microdata.l, 1, MAX_MINIMUM)?,
            t_percent: in_range("microdata.t_percent", microdata.t_percent, 1, 100)?,
        })
    }
}

impl ReleaseRules {
    fn parse(file: &RulesFile) -> Result<Self, RulesError> {
        let releases = &file.releases;
        Ok(Self {
            records_required: releases.records == RecordsWanted::Required,
            budget: in_range("releases.budget", releases.budget, 1, MAX_MINIMUM)?,
            max_bits: in_range("releases.max_bits", releases.max_bits, 1, file::MAX_BITS)?,
        })
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
        let kind = file_type(output.shape());
        let typed = types.contains(&kind) && output.name.ends_with(kind.extension());
        if !typed || name::parse(output.name.as_bytes(), limits.max_depth).is_err() {
            return Err(RulesError::OutputName(output.name));
        }
        if outputs.iter().any(|other| other.name == output.name) {
            return Err(RulesError::OutputTwice(output.name));
        }
        if kind == FileType::Csv {
            let columns = output.columns().count().saturating_add(output.evidence().len());
            let columns = u64::try_from(columns).unwrap_or(u64::MAX);
            in_range("columns", columns, 1, limits.max_columns)?;
        }
        outputs.push(output);
    }
    Ok(outputs)
}

const fn file_type(shape: &Shape) -> FileType {
    match shape {
        Shape::Table(_) | Shape::Microdata { .. } | Shape::Survival(_) | Shape::Estimates(_) => {
            FileType::Csv
        }
        Shape::Figure(_) => FileType::Svg,
        Shape::Text => FileType::Txt,
    }
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

const VERSION: u64 = 1;
const MAX_RULES_BYTES: usize = 1 << 16;
/// The largest threshold or k: far above any in use, and exact in every arithmetic here.
const MAX_MINIMUM: u64 = 1_000_000;
