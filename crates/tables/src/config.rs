//! The file that says how a table is anonymised.

mod hierarchies;
mod models;
mod transformations;

use std::collections::BTreeMap;
use std::path::Path;

use disclosure::{Column, Hierarchy, Kind, Method, Metric, Order, Plan, Ratio, Sensitive, Table};
use domain::Reason;
use serde::Deserialize;

use crate::Dialect;
use hierarchies::RawHierarchy;
pub use hierarchies::SourceError;
use models::RawModel;
#[cfg(feature = "polars")]
pub(crate) use transformations::Steps;
use transformations::{RawTransformation, Seed};

/// What `--config` holds, in the words of `docs/disclosure.md`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    input: Input,
    #[serde(default)]
    output: Output,
    columns: BTreeMap<String, RawColumn>,
    models: Vec<RawModel>,
    #[serde(default)]
    search: RawSearch,
    #[serde(default)]
    transformations: Vec<RawTransformation>,
    seed: Option<Seed>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Input {
    separator: char,
    trim: bool,
    null_texts: Vec<String>,
}

impl Default for Input {
    fn default() -> Self {
        Self { separator: ',', trim: false, null_texts: Vec::new() }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Output {
    /// The separator of the input, if absent.
    separator: Option<char>,
    flag: String,
}

impl Default for Output {
    fn default() -> Self {
        Self { separator: None, flag: "suppressed".to_owned() }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumn {
    role: Role,
    hierarchy: Option<RawHierarchy>,
    kind: Option<RawKind>,
    order: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Role {
    Identifier,
    QuasiIdentifier,
    Sensitive,
    Public,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawKind {
    Categorical,
    Ordered,
    Numeric,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawSearch {
    metric: RawMetric,
    suppression_limit: f64,
    method: RawMethod,
    /// How many nodes a heuristic evaluates.
    nodes: u64,
}

impl Default for RawSearch {
    fn default() -> Self {
        let (metric, method) = (RawMetric::Loss, RawMethod::Auto);
        Self { metric, suppression_limit: 0.0, method, nodes: HEURISTIC_NODES }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawMetric {
    Loss,
    GeometricLoss,
    NmEntropy,
    Discernibility,
    AverageClassSize,
    Precision,
    Height,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawMethod {
    Optimal,
    Heuristic,
    Auto,
}

impl Config {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(ConfigError::Toml)?;
        for (name, column) in &config.columns {
            let useless = match column.role {
                Role::QuasiIdentifier => column.kind.map(|_| "kind"),
                Role::Sensitive => None,
                Role::Identifier | Role::Public => {
                    column.kind.map(|_| "kind").or(column.hierarchy.as_ref().map(|_| "hierarchy"))
                }
            };
            let order = column.order.as_ref().filter(|_| column.kind != Some(RawKind::Ordered));
            if let Some(key) = useless.or(order.map(|_| "order")) {
                return Err(ConfigError::Useless { column: name.clone(), key });
            }
        }
        Ok(config)
    }

    /// How the input is written.
    ///
    /// # Errors
    /// [`ConfigError::Separator`].
    pub fn dialect(&self) -> Result<Dialect, ConfigError> {
        Ok(Dialect {
            separator: byte(self.input.separator)?,
            trim: self.input.trim,
            null_texts: self.input.null_texts.iter().cloned().collect(),
        })
    }

    /// The separator of the output.
    ///
    /// # Errors
    /// [`ConfigError::Separator`].
    pub fn output_separator(&self) -> Result<u8, ConfigError> {
        byte(self.output.separator.unwrap_or(self.input.separator))
    }

    /// The name of the column that says which rows are suppressed.
    #[must_use]
    pub fn flag(&self) -> &str {
        &self.output.flag
    }

    /// Of the columns named in `header` those that are read: all that have a role but that of an
    /// identifier. A column without a role does not leave.
    ///
    /// # Errors
    /// [`ConfigError::NoColumn`] for a role of a column that is not there, [`ConfigError::Flag`].
    pub fn columns<'a>(&self, header: &'a [String]) -> Result<Vec<&'a str>, ConfigError> {
        if let Some(missing) = self.columns.keys().find(|name| !header.contains(name)) {
            let available = header.to_vec();
            return Err(ConfigError::NoColumn { name: missing.clone(), available });
        }
        if header.iter().any(|name| name == self.flag()) {
            return Err(ConfigError::Flag(self.flag().to_owned()));
        }
        let leaves = |name: &&String| {
            self.columns.get(*name).is_some_and(|column| column.role != Role::Identifier)
        };
        Ok(header.iter().filter(leaves).map(String::as_str).collect())
    }

    /// The plan for `table`. Hierarchies are read from files beside the configuration, in `folder`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn plan(&self, table: &Table, folder: &Path) -> Result<Plan, ConfigError> {
        let with_role = |role: Role| {
            let columns = table.columns().iter();
            columns.filter_map(move |column| {
                let raw = self.columns.get(column.name())?;
                (raw.role == role).then_some((column, raw))
            })
        };
        let quasi_identifiers = with_role(Role::QuasiIdentifier)
            .map(|(column, _)| {
                let hierarchy = self.hierarchy(column, folder)?;
                let hierarchy = hierarchy.unwrap_or_else(|| Hierarchy::flat(column));
                Ok((column.name().to_owned(), hierarchy))
            })
            .collect::<Result<_, ConfigError>>()?;
        let sensitive: Vec<Sensitive> = with_role(Role::Sensitive)
            .map(|(column, raw)| Sensitive { name: column.name().to_owned(), kind: raw.kind() })
            .collect();
        let mut models = Vec::new();
        for model in &self.models {
            models.extend(model.models(&sensitive, &|name| {
                let (column, _) = with_role(Role::Sensitive)
                    .find(|(column, _)| column.name() == name)
                    .ok_or_else(|| ConfigError::Attribute(name.to_owned()))?;
                let hierarchy = self.hierarchy(column, folder)?;
                hierarchy.ok_or_else(|| ConfigError::NoHierarchy(name.to_owned()))
            })?);
        }
        Ok(Plan {
            quasi_identifiers,
            sensitive,
            models,
            metric: self.search.metric.into(),
            suppression_limit: ratio("suppression_limit", self.search.suppression_limit, 1.0)?,
            method: match self.search.method {
                RawMethod::Optimal => Method::Optimal,
                RawMethod::Heuristic => Method::Heuristic { nodes: self.search.nodes },
                // A lattice that can be numbered is searched to the end.
                RawMethod::Auto => Method::Auto { nodes: self.search.nodes },
            },
        })
    }

    /// The hierarchy of `column`, if it has one. Files are looked for in `folder`.
    ///
    /// # Errors
    /// [`ConfigError::Hierarchy`].
    pub fn hierarchy(
        &self,
        column: &Column,
        folder: &Path,
    ) -> Result<Option<Hierarchy>, ConfigError> {
        let raw = self.columns.get(column.name()).and_then(|raw| raw.hierarchy.as_ref());
        let Some(raw) = raw else { return Ok(None) };
        let (separator, trim) = (byte(self.input.separator)?, self.input.trim);
        raw.of(column, folder, separator, trim).map(Some).map_err(|error| {
            let (column, error) = (column.name().to_owned(), Box::new(error));
            ConfigError::Hierarchy { column, error }
        })
    }
}

impl RawColumn {
    fn kind(&self) -> Kind {
        match self.kind.unwrap_or(RawKind::Categorical) {
            RawKind::Categorical => Kind::Categorical,
            RawKind::Numeric => Kind::Numeric,
            RawKind::Ordered => {
                Kind::Ordered(self.order.clone().map_or(Order::ByText, Order::Listed))
            }
        }
    }
}

impl From<RawMetric> for Metric {
    fn from(metric: RawMetric) -> Self {
        match metric {
            RawMetric::Loss => Self::Loss,
            RawMetric::GeometricLoss => Self::GeometricLoss,
            RawMetric::NmEntropy => Self::NonUniformEntropy,
            RawMetric::Discernibility => Self::Discernibility,
            RawMetric::AverageClassSize => Self::AverageClassSize,
            RawMetric::Precision => Self::Precision,
            RawMetric::Height => Self::Height,
        }
    }
}

/// The decimal number that `value` was written as, from 0 to `most`.
fn ratio(key: &'static str, value: f64, most: f64) -> Result<Ratio, ConfigError> {
    let wrong = || ConfigError::Number { key, value };
    if !(0.0..=most).contains(&value) {
        return Err(wrong());
    }
    let text = value.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let numerator = format!("{whole}{fraction}").parse::<u128>().map_err(|_| wrong())?;
    let digits = u32::try_from(fraction.len()).map_err(|_| wrong())?;
    let denominator = 10_u128.checked_pow(digits).ok_or_else(wrong)?;
    Ratio::new(numerator, denominator).ok_or_else(wrong)
}

fn byte(separator: char) -> Result<u8, ConfigError> {
    ascii(separator).ok_or(ConfigError::Separator(separator))
}

/// The byte that `separator` is in a file, if it can separate cells.
fn ascii(separator: char) -> Option<u8> {
    let byte = u8::try_from(separator).ok()?;
    (byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r')).then_some(byte)
}

/// Enough for some seconds of search on a large table.
const HEURISTIC_NODES: u64 = 10_000;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A model of a column that is not sensitive, or of none where there are several.
    #[error(
        "a model needs `attribute`, the name of a column whose role is `sensitive`; found `{0}`"
    )]
    Attribute(String),
    /// The input has a column of the flag's name.
    #[error("the input has a column `{0}` already; name another `flag` in `[output]`")]
    Flag(String),
    /// A column has no hierarchy.
    #[error("the hierarchy of column `{column}` cannot be used")]
    Hierarchy {
        /// The column.
        column: String,
        /// Why.
        #[source]
        error: Box<SourceError>,
    },
    /// A key that a model needs.
    #[error("the model `{model}` needs `{key}`")]
    Missing {
        /// The model.
        model: &'static str,
        /// The key.
        key: &'static str,
    },
    /// A column that the file does not have.
    #[error("there is no column `{name}`; the file has {}", .available.join(", "))]
    NoColumn {
        /// The name.
        name: String,
        /// Those that it has.
        available: Vec<String>,
    },
    /// Hierarchical distance, or a hierarchy to write, without one.
    #[error("this needs a `hierarchy` of the column `{0}`, which has none")]
    NoHierarchy(String),
    /// An order of values of a column that is not aggregated.
    #[error(
        "`orders` has the column `{0}`, which is not among the `columns` of its transformation"
    )]
    NotNamed(String),
    /// A number out of range.
    #[error("`{key} = {value}` is out of range")]
    Number {
        /// The key.
        key: &'static str,
        /// The number.
        value: f64,
    },
    /// Transformations that cannot follow each other.
    #[error("the order of the transformations cannot be: {0}")]
    Order(&'static str),
    /// A seed that is none. It is a secret, and not repeated.
    #[error("`seed` is not 64 hexadecimal digits")]
    Seed,
    /// A separator that is none.
    #[error("`{0}` is no separator; it is one ASCII character")]
    Separator(char),
    /// Noise without a spread, or with two.
    #[error("noise takes either `scale` or `relative`")]
    Spread,
    /// Not TOML, or not of this form.
    #[error("the configuration cannot be read")]
    Toml(#[source] toml::de::Error),
    /// A transformation of a column that has no role, or not one that it can be transformed in.
    #[error(
        "a transformation names the column `{0}`, which has no role that it is for: an identifier \
         or a column without a role does not leave, and levels and weights are of quasi-identifiers"
    )]
    Transformed(String),
    /// A key that means nothing for the column's role or kind.
    #[error("column `{column}`: `{key}` means nothing for its role or kind; remove it")]
    Useless {
        /// The column.
        column: String,
        /// The key.
        key: &'static str,
    },
}

impl Reason for ConfigError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Attribute(_) => "config.attribute",
            Self::Flag(_) => "config.flag",
            Self::Hierarchy { error, .. } => error.reason(),
            Self::Missing { .. } => "config.missing-key",
            Self::NoColumn { .. } => "config.unknown-column",
            Self::NoHierarchy(_) => "config.no-hierarchy",
            Self::NotNamed(_) => "config.not-named",
            Self::Number { .. } => "config.number",
            Self::Order(_) => "config.order",
            Self::Seed => "config.seed",
            Self::Separator(_) => "config.separator",
            Self::Spread => "config.spread",
            Self::Toml(_) => "config.malformed",
            Self::Transformed(_) => "config.transformed-column",
            Self::Useless { .. } => "config.useless-key",
        }
    }
}
