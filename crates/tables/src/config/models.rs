//! `[[models]]`.

use disclosure::{DeltaValues, Distance, Hierarchy, Model, Ratio, Sensitive};
use serde::Deserialize;

use super::{ConfigError, ratio};

/// One model; which keys it takes depends on its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum RawModel {
    KAnonymity {
        k: u64,
    },
    AlphaKAnonymity {
        attribute: Option<String>,
        alpha: f64,
        k: u64,
    },
    #[serde(alias = "distinct-l-diversity")]
    LDiversity {
        attribute: Option<String>,
        l: u64,
    },
    EntropyLDiversity {
        attribute: Option<String>,
        l: f64,
    },
    #[serde(rename = "recursive-c-l-diversity")]
    RecursiveCLDiversity {
        attribute: Option<String>,
        c: f64,
        l: u64,
    },
    TCloseness {
        attribute: Option<String>,
        t: f64,
        #[serde(default)]
        distance: RawDistance,
    },
    #[serde(alias = "basic-beta-likeness")]
    BetaLikeness {
        attribute: Option<String>,
        beta: f64,
    },
    EnhancedBetaLikeness {
        attribute: Option<String>,
        beta: f64,
    },
    #[serde(alias = "delta-disclosure-privacy")]
    DeltaDisclosure {
        attribute: Option<String>,
        delta: f64,
        #[serde(default)]
        values: RawValues,
        #[serde(default)]
        base: RawBase,
    },
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawDistance {
    #[default]
    Equal,
    Ordered,
    Hierarchical,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawValues {
    #[default]
    Observed,
    All,
}

/// Of the logarithm in δ-disclosure, which the paper leaves open. 2, as in ARX, is the stricter.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) enum RawBase {
    #[default]
    #[serde(rename = "2")]
    Two,
    #[serde(rename = "e")]
    E,
}

impl RawModel {
    /// What the gate calls it. `hierarchy` gives that of a sensitive column.
    pub(super) fn models(
        &self,
        sensitive: &[Sensitive],
        hierarchy: &dyn Fn(&str) -> Result<Hierarchy, ConfigError>,
    ) -> Result<Vec<Model>, ConfigError> {
        let of = |named: &Option<String>| attribute(named.as_deref(), sensitive);
        let one = match self {
            Self::KAnonymity { k } => Model::KAnonymity { k: *k },
            Self::AlphaKAnonymity { attribute, alpha, k } => {
                let alpha = ratio("alpha", *alpha, 1.0)?;
                let shares = Model::AlphaAnonymity { attribute: of(attribute)?, alpha };
                return Ok(vec![Model::KAnonymity { k: *k }, shares]);
            }
            Self::LDiversity { attribute, l } => {
                Model::DistinctLDiversity { attribute: of(attribute)?, l: *l }
            }
            Self::EntropyLDiversity { attribute, l } => {
                ratio("l", *l, f64::MAX)?;
                Model::EntropyLDiversity { attribute: of(attribute)?, l: *l }
            }
            Self::RecursiveCLDiversity { attribute, c, l } => Model::RecursiveCLDiversity {
                attribute: of(attribute)?,
                c: positive("c", *c)?,
                l: *l,
            },
            Self::TCloseness { attribute, t, distance } => {
                let attribute = of(attribute)?;
                let distance = match distance {
                    RawDistance::Equal => Distance::Equal,
                    RawDistance::Ordered => Distance::Ordered,
                    RawDistance::Hierarchical => Distance::Hierarchical(hierarchy(&attribute)?),
                };
                Model::TCloseness { attribute, t: ratio("t", *t, 1.0)?, distance }
            }
            Self::BetaLikeness { attribute, beta } => Model::BetaLikeness {
                attribute: of(attribute)?,
                beta: positive("beta", *beta)?,
                enhanced: false,
            },
            Self::EnhancedBetaLikeness { attribute, beta } => Model::BetaLikeness {
                attribute: of(attribute)?,
                beta: positive("beta", *beta)?,
                enhanced: true,
            },
            Self::DeltaDisclosure { attribute, delta, values, base } => {
                positive("delta", *delta)?;
                Model::DeltaDisclosure {
                    attribute: of(attribute)?,
                    ratio: match base {
                        RawBase::Two => delta.exp2(),
                        RawBase::E => delta.exp(),
                    },
                    values: match values {
                        RawValues::Observed => DeltaValues::Observed,
                        RawValues::All => DeltaValues::All,
                    },
                }
            }
        };
        Ok(vec![one])
    }
}

fn positive(key: &'static str, value: f64) -> Result<Ratio, ConfigError> {
    ratio(key, value, f64::MAX)
}

/// The column named, or the one sensitive column.
fn attribute(named: Option<&str>, sensitive: &[Sensitive]) -> Result<String, ConfigError> {
    match (named, sensitive) {
        (Some(name), _) if sensitive.iter().any(|other| other.name == name) => Ok(name.to_owned()),
        (None, [only]) => Ok(only.name.clone()),
        (other, _) => Err(ConfigError::Attribute(other.unwrap_or_default().to_owned())),
    }
}
