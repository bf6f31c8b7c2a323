//! `[[transformations]]`: what is done to the table, in this order.

use std::collections::BTreeMap;
use std::fmt;

use disclosure::{Aggregated, Coding, Distribution, Plan, Ratio, Spread, Transformation};
use serde::Deserialize;

use super::{Config, ConfigError, Role, ratio};

/// One entry; which keys it takes depends on its kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum RawTransformation {
    TopCoding {
        column: String,
        at: RawNumber,
        label: Option<String>,
    },
    BottomCoding {
        column: String,
        at: RawNumber,
        label: Option<String>,
    },
    MicroAggregation {
        columns: Vec<String>,
        group: u64,
        #[serde(default)]
        orders: BTreeMap<String, Vec<String>>,
    },
    Noise {
        column: String,
        distribution: RawDistribution,
        scale: Option<f64>,
        relative: Option<f64>,
    },
    RankSwapping {
        column: String,
        percent: f64,
    },
    Pram {
        column: String,
        keep: f64,
        #[serde(default)]
        invariant: bool,
    },
    CellSuppression {
        k: u64,
        #[serde(default)]
        weights: BTreeMap<String, u64>,
    },
    GlobalRecoding {
        levels: Option<BTreeMap<String, usize>>,
    },
    LocalRecoding {
        keep: Option<f64>,
    },
}

/// 64 hexadecimal digits. Who knows them can undo what chance did.
#[derive(Clone, Deserialize)]
pub(super) struct Seed(String);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

/// A number as TOML has it, or as a text.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum RawNumber {
    Integer(i64),
    Float(f64),
    Text(String),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawDistribution {
    Gaussian,
    Laplace,
}

/// What is done before the recoding, the recoding, and what is done after it.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    pub(crate) before: Vec<Transformation>,
    pub(crate) global: Global,
    /// The share of rows that each round of local recoding keeps; none: there is none.
    pub(crate) local: Option<Ratio>,
    pub(crate) after: Vec<Transformation>,
}

/// How the levels of quasi-identifiers are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    /// By search; the models hold then.
    Searched,
    /// They are given for these columns, and others stay as they are.
    Given(BTreeMap<String, usize>),
}

impl Steps {
    /// Whether anything is done but the search.
    pub(crate) fn go_beyond_search(&self) -> bool {
        let others = self.before.len() + self.after.len();
        others > 0 || self.local.is_some() || self.global != Global::Searched
    }

    /// Whether chance has a part.
    pub(crate) fn are_random(&self) -> bool {
        self.before.iter().chain(&self.after).any(|transformation| {
            matches!(
                transformation,
                Transformation::Noise { .. }
                    | Transformation::RankSwapping { .. }
                    | Transformation::Pram { .. }
            )
        })
    }
}

impl Config {
    /// The transformations in their order, with the recoding first if it is not among them.
    ///
    /// # Errors
    /// [`ConfigError`] for a column that does not leave, a number out of range, or an order that
    /// cannot be.
    pub(crate) fn steps(&self) -> Result<Steps, ConfigError> {
        let is_global =
            |raw: &RawTransformation| matches!(raw, RawTransformation::GlobalRecoding { .. });
        let place = self.transformations.iter().position(is_global);
        let (before, rest) = self.transformations.split_at(place.unwrap_or_default());
        let (global, rest) = match rest.split_first() {
            Some((RawTransformation::GlobalRecoding { levels }, rest)) => {
                (self.global(levels)?, rest)
            }
            _ => (Global::Searched, rest),
        };
        let (local, rest) = match rest.split_first() {
            Some((RawTransformation::LocalRecoding { keep }, rest)) => {
                (Some(ratio("keep", keep.unwrap_or(HALF), 1.0)?), rest)
            }
            _ => (None, rest),
        };
        if local.is_some() && global != Global::Searched {
            return Err(ConfigError::Order(
                "local-recoding goes on with a search, and `levels` are given",
            ));
        }
        let transformations = |raw: &[RawTransformation]| {
            raw.iter().map(|raw| self.transformation(raw)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Steps { before: transformations(before)?, global, local, after: transformations(rest)? })
    }

    fn global(&self, levels: &Option<BTreeMap<String, usize>>) -> Result<Global, ConfigError> {
        let Some(levels) = levels else { return Ok(Global::Searched) };
        for name in levels.keys() {
            self.of_role(name, &[Role::QuasiIdentifier])?;
        }
        Ok(Global::Given(levels.clone()))
    }

    fn transformation(&self, raw: &RawTransformation) -> Result<Transformation, ConfigError> {
        let leaves = |name: &String| {
            self.of_role(name, &[Role::QuasiIdentifier, Role::Sensitive, Role::Public])
        };
        let coding = |column: &String, at: &RawNumber, label: &Option<String>| {
            Ok(Coding { column: leaves(column)?, bound: at.text(), label: label.clone() })
        };
        Ok(match raw {
            RawTransformation::TopCoding { column, at, label } => {
                Transformation::TopCoding(coding(column, at, label)?)
            }
            RawTransformation::BottomCoding { column, at, label } => {
                Transformation::BottomCoding(coding(column, at, label)?)
            }
            RawTransformation::MicroAggregation { columns, group, orders } => {
                if let Some(other) = orders.keys().find(|name| !columns.contains(name)) {
                    return Err(ConfigError::NotNamed(other.clone()));
                }
                let by = |name: &String| {
                    Ok(Aggregated { column: leaves(name)?, order: orders.get(name).cloned() })
                };
                let columns = columns.iter().map(by).collect::<Result<_, ConfigError>>()?;
                Transformation::MicroAggregation { columns, group: *group }
            }
            RawTransformation::Noise { column, distribution, scale, relative } => {
                Transformation::Noise {
                    column: leaves(column)?,
                    distribution: (*distribution).into(),
                    spread: spread(*scale, *relative)?,
                }
            }
            RawTransformation::RankSwapping { column, percent } => Transformation::RankSwapping {
                column: leaves(column)?,
                percent: ratio("percent", *percent, 100.0)?,
            },
            RawTransformation::Pram { column, keep, invariant } => Transformation::Pram {
                column: leaves(column)?,
                keep: ratio("keep", *keep, 1.0)?,
                invariant: *invariant,
            },
            RawTransformation::CellSuppression { k, weights } => {
                Transformation::CellSuppression { columns: self.weighted(weights)?, k: *k }
            }
            RawTransformation::GlobalRecoding { .. } => {
                return Err(ConfigError::Order("global-recoding is done once"));
            }
            RawTransformation::LocalRecoding { .. } => {
                return Err(ConfigError::Order(
                    "local-recoding is about what global-recoding suppresses, and comes right after \
                     it",
                ));
            }
        })
    }

    /// Every quasi-identifier with its weight, which is 1 if none is given.
    fn weighted(&self, weights: &BTreeMap<String, u64>) -> Result<Vec<(String, u64)>, ConfigError> {
        for name in weights.keys() {
            self.of_role(name, &[Role::QuasiIdentifier])?;
        }
        let columns = self.columns.iter().filter(|(_, raw)| raw.role == Role::QuasiIdentifier);
        let weight = |name: &String| weights.get(name).copied().unwrap_or(1);
        Ok(columns.map(|(name, _)| (name.clone(), weight(name))).collect())
    }

    /// The name of a column that has one of the roles.
    fn of_role(&self, name: &String, roles: &[Role]) -> Result<String, ConfigError> {
        let has_role = self.columns.get(name).is_some_and(|raw| roles.contains(&raw.role));
        has_role.then(|| name.clone()).ok_or_else(|| ConfigError::Transformed(name.clone()))
    }

    /// The seed of the generator, if one is given.
    ///
    /// # Errors
    /// [`ConfigError::Seed`].
    pub(crate) fn seed(&self) -> Result<Option<[u8; SEED_BYTES]>, ConfigError> {
        let read = |Seed(text): &Seed| {
            let mut seed = [0; SEED_BYTES];
            hex::decode_to_slice(text, &mut seed).map(|()| seed).map_err(|_| ConfigError::Seed)
        };
        self.seed.as_ref().map(read).transpose()
    }
}

impl Global {
    /// The levels in the order of the plan's quasi-identifiers; none if they are searched.
    pub(crate) fn levels(&self, plan: &Plan) -> Option<Vec<usize>> {
        let Self::Given(levels) = self else { return None };
        let level = |name: &String| levels.get(name).copied().unwrap_or_default();
        Some(plan.quasi_identifiers.iter().map(|(name, _)| level(name)).collect())
    }
}

impl RawNumber {
    fn text(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl From<RawDistribution> for Distribution {
    fn from(distribution: RawDistribution) -> Self {
        match distribution {
            RawDistribution::Gaussian => Self::Gaussian,
            RawDistribution::Laplace => Self::Laplace,
        }
    }
}

fn spread(scale: Option<f64>, relative: Option<f64>) -> Result<Spread, ConfigError> {
    match (scale, relative) {
        (Some(scale), None) => Ok(Spread::Scale(scale)),
        (None, Some(relative)) => Ok(Spread::Relative(relative)),
        _ => Err(ConfigError::Spread),
    }
}

/// Of the rows that are left, each round of local recoding keeps so many.
const HALF: f64 = 0.5;
/// A key of ChaCha20.
const SEED_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_read_and_not_shown() {
        let text = format!("seed = \"{}\"\nmodels = []\n[columns]\n", "0a".repeat(32));
        let config = Config::parse(&text).unwrap();
        assert_eq!(config.seed().unwrap(), Some([10; SEED_BYTES]));
        assert!(!format!("{config:?}").contains("0a0a"));
    }
}
