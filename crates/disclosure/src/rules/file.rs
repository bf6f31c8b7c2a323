//! The TOML form of the rules, before anything in it is believed.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::secondary::Rounding;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RulesFile {
    pub(crate) version: u64,
    pub(crate) tables: TablesSection,
    pub(crate) microdata: MicrodataSection,
    #[serde(default)]
    pub(crate) estimates: EstimatesSection,
    #[serde(default)]
    pub(crate) releases: ReleasesSection,
    pub(crate) limits: LimitsSection,
    #[serde(default)]
    pub(crate) output: Vec<OutputSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TablesSection {
    pub(crate) threshold: u64,
    #[serde(default)]
    pub(crate) zeros: Zeros,
    #[serde(default)]
    pub(crate) dominance: DominanceSection,
    #[serde(default = "ten_percent")]
    pub(crate) p_percent: u64,
}

/// Whether a cell that counts nobody may be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Zeros {
    /// It says something about everybody in its row or column.
    #[default]
    Refuse,
    /// It does not.
    Allow,
}

/// The largest `n` contributions may make up `k_percent` of the whole, no more.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DominanceSection {
    pub(crate) n: u64,
    pub(crate) k_percent: u64,
}

impl Default for DominanceSection {
    fn default() -> Self {
        Self { n: 2, k_percent: 90 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MicrodataSection {
    pub(crate) k: u64,
    #[serde(default = "one")]
    pub(crate) l: u64,
    #[serde(default = "hundred")]
    pub(crate) t_percent: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EstimatesSection {
    pub(crate) degrees_of_freedom: u64,
}

impl Default for EstimatesSection {
    fn default() -> Self {
        Self { degrees_of_freedom: 10 }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReleasesSection {
    /// Whether each table and microdata file must say whom its rows are about.
    pub(crate) records: RecordsWanted,
    pub(crate) budget: u64,
    pub(crate) max_bits: u64,
}

impl Default for ReleasesSection {
    fn default() -> Self {
        Self { records: RecordsWanted::Optional, budget: 1_000, max_bits: MAX_BITS }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RecordsWanted {
    Optional,
    Required,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsSection {
    pub(crate) file_types: Vec<FileType>,
    pub(crate) max_files: u64,
    pub(crate) max_file_bytes: u64,
    pub(crate) max_total_bytes: u64,
    pub(crate) max_depth: u64,
    pub(crate) max_rows: u64,
    pub(crate) max_columns: u64,
    pub(crate) max_cell_chars: u64,
    pub(crate) significant_digits: u32,
}

/// A file type that the gate can read and write again. There is no other way to name one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FileType {
    Csv,
    /// Drawn by the gate alone.
    Svg,
    /// Plain text, for reviewers to read.
    Txt,
}

impl FileType {
    /// The ending of its file names.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Csv => ".csv",
            Self::Svg => ".svg",
            Self::Txt => ".txt",
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum OutputSection {
    Table(CountsSection),
    Histogram(CountsSection),
    Microdata(PeopleSection),
    Survival(SurvivalSection),
    Estimates(EstimateSection),
    Model(ModelSection),
    Figure(FigureSection),
    Text { name: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountsSection {
    pub(crate) name: String,
    pub(crate) categories: Vec<String>,
    pub(crate) counts: Vec<String>,
    #[serde(default)]
    pub(crate) numbers: Vec<String>,
    pub(crate) total: Option<String>,
    #[serde(default)]
    pub(crate) parents: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) hidden: bool,
    pub(crate) rounding: Option<Rounding>,
    #[serde(default)]
    pub(crate) statistics: BTreeMap<String, StatisticSection>,
    pub(crate) records: Option<RecordsSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatisticSection {
    pub(crate) analysis: String,
    pub(crate) count: Option<String>,
    pub(crate) evidence: Option<ContributionsSection>,
    pub(crate) degrees_of_freedom: Option<String>,
}

/// Columns with what a cell's largest contributions are: read and checked, never released.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContributionsSection {
    pub(crate) sum: String,
    pub(crate) largest: String,
    pub(crate) largest_two: String,
    pub(crate) largest_n: String,
    pub(crate) negative: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeopleSection {
    pub(crate) name: String,
    pub(crate) categories: Vec<String>,
    #[serde(default)]
    pub(crate) numbers: Vec<String>,
    #[serde(default)]
    pub(crate) quasi_identifiers: Vec<String>,
    pub(crate) records: Option<RecordsSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SurvivalSection {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) categories: Vec<String>,
    pub(crate) time: String,
    pub(crate) at_risk: String,
    pub(crate) events: String,
    #[serde(default)]
    pub(crate) numbers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EstimateSection {
    pub(crate) name: String,
    pub(crate) analysis: String,
    pub(crate) categories: Vec<String>,
    pub(crate) numbers: Vec<String>,
    pub(crate) degrees_of_freedom: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelSection {
    pub(crate) name: String,
    pub(crate) model: ModelType,
    pub(crate) categories: Vec<String>,
    pub(crate) numbers: Vec<String>,
    pub(crate) degrees_of_freedom: String,
    #[serde(default)]
    pub(crate) allow_instance_based: bool,
}

/// What a model is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelType {
    /// Coefficients.
    LinearRegression,
    /// Coefficients.
    LogisticRegression,
    /// Coefficients.
    CoxRegression,
    /// Means and variances of classes.
    NaiveBayes,
    /// Thresholds, of which a leaf can hold one person.
    DecisionTree,
    /// Trees.
    RandomForest,
    /// Weights, which can memorise.
    NeuralNetwork,
    /// The people themselves.
    NearestNeighbours,
    /// Some of the people themselves.
    SupportVectorMachine,
    /// The people themselves.
    GaussianProcess,
    /// The people themselves.
    KernelDensity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FigureSection {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) style: FigureStyle,
}

/// How a figure draws its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FigureStyle {
    /// A bar for each row.
    Bars,
    /// A step at each row.
    Steps,
}

/// Whom the rows of an output are about: how the gate finds them in the dataset itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordsSection {
    pub(crate) first: Option<String>,
    #[serde(default)]
    pub(crate) categories: BTreeMap<String, DerivationSection>,
}

/// Where a category comes from, if it is no column of the dataset.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, untagged)]
pub(crate) enum DerivationSection {
    Below { from: String, below: Vec<(i64, String)> },
    Cases { cases: Vec<CaseSection> },
    Same { from: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseSection {
    #[serde(default)]
    pub(crate) when: BTreeMap<String, String>,
    pub(crate) is: String,
}

const fn one() -> u64 {
    1
}

const fn ten_percent() -> u64 {
    10
}

const fn hundred() -> u64 {
    100
}

/// 16 MiB of free choice: no bound in practice, exact as a JSON number.
pub(crate) const MAX_BITS: u64 = 1 << 27;
