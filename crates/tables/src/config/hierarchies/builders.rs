//! `build = …`.

use disclosure::{
    Builder, BuilderError, Dates, Decimal, End, Groups, Intervals, Masking, Period, Priority,
};
use serde::Deserialize;

use super::SourceError;

/// A kind of builder; which keys it takes depends on it.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "build", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum RawBuilder {
    Intervals {
        start: Option<f64>,
        widths: Option<Vec<f64>>,
        bottom: Option<f64>,
        top: Option<f64>,
        /// The cuts of each level, instead of all of the above.
        levels: Option<Vec<Vec<f64>>>,
    },
    Masking {
        #[serde(default)]
        from: RawEnd,
        #[serde(default = "asterisk")]
        character: char,
        pad: Option<char>,
        pad_at: Option<RawEnd>,
    },
    Dates {
        #[serde(default = "all_periods")]
        levels: Vec<RawPeriod>,
    },
    Order {
        order: Vec<String>,
        groups: Vec<usize>,
    },
    Priority {
        #[serde(default = "ten")]
        levels: usize,
    },
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawEnd {
    Left,
    #[default]
    Right,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawPeriod {
    Month,
    Quarter,
    Year,
    Decade,
}

impl RawBuilder {
    pub(crate) fn builder(&self) -> Result<Builder, SourceError> {
        Ok(match self {
            Self::Intervals { start, widths, bottom, top, levels } => {
                let alone = start.or(*bottom).or(*top).is_none();
                Builder::Intervals(match (widths, levels) {
                    (Some(widths), None) => {
                        of_widths(start.unwrap_or_default(), widths, [*bottom, *top])?
                    }
                    (None, Some(levels)) if alone => at_cuts(levels)?,
                    (None, Some(_)) => return Err(SourceError::Keys(CUTS_ALONE)),
                    _ => return Err(SourceError::Keys(WIDTHS_OR_CUTS)),
                })
            }
            Self::Masking { pad: None, pad_at: Some(_), .. } => {
                return Err(SourceError::Keys("`pad_at` means nothing without `pad`"));
            }
            Self::Masking { from, character, pad, pad_at } => {
                let pad_at = End::from(pad_at.unwrap_or_default());
                let pad = pad.map(|pad| (pad, pad_at));
                Builder::Masking(Masking { from: (*from).into(), mask: *character, pad })
            }
            Self::Dates { levels } => {
                Builder::Dates(Dates::new(levels.iter().copied().map(Period::from).collect())?)
            }
            Self::Order { order, groups } => Builder::Groups(Groups::new(order.clone(), groups)?),
            Self::Priority { levels } => Builder::Priority(Priority::new(*levels)?),
        })
    }
}

fn of_widths(
    start: f64,
    widths: &[f64],
    ends: [Option<f64>; 2],
) -> Result<Intervals, BuilderError> {
    let [bottom, top] = ends.map(|end| end.map(decimal).transpose());
    Intervals::of_widths(decimal(start)?, &decimals(widths)?, bottom?, top?)
}

fn at_cuts(levels: &[Vec<f64>]) -> Result<Intervals, BuilderError> {
    Intervals::at_cuts(levels.iter().map(|cuts| decimals(cuts)).collect::<Result<_, _>>()?)
}

fn decimals(numbers: &[f64]) -> Result<Vec<Decimal>, BuilderError> {
    numbers.iter().copied().map(decimal).collect()
}

/// The decimal number that `number` was written as.
fn decimal(number: f64) -> Result<Decimal, BuilderError> {
    Decimal::parse(&number.to_string())
}

impl From<RawEnd> for End {
    fn from(end: RawEnd) -> Self {
        match end {
            RawEnd::Left => Self::Left,
            RawEnd::Right => Self::Right,
        }
    }
}

impl From<RawPeriod> for Period {
    fn from(period: RawPeriod) -> Self {
        match period {
            RawPeriod::Month => Self::Month,
            RawPeriod::Quarter => Self::Quarter,
            RawPeriod::Year => Self::Year,
            RawPeriod::Decade => Self::Decade,
        }
    }
}

const fn asterisk() -> char {
    '*'
}

/// As in ARX.
const fn ten() -> usize {
    10
}

fn all_periods() -> Vec<RawPeriod> {
    vec![RawPeriod::Month, RawPeriod::Quarter, RawPeriod::Year, RawPeriod::Decade]
}

const CUTS_ALONE: &str = "`levels` of cuts stand alone: remove `start`, `bottom` and `top`";
const WIDTHS_OR_CUTS: &str = "intervals need `widths`, or `levels` of cuts, and not both";
