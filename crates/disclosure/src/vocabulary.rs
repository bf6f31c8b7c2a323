//! The words in which output checkers speak: an analysis belongs to a StatBarn, a StatBarn has
//! risks, a risk has checks and mitigations (StatBarns ontology, <https://w3id.org/statbarnsdc>;
//! Green, Ritchie and others, "The Statbarn", 2023). Names are spelled as ACRO and SACRO spell them.

mod analyses;

use serde::{Deserialize, Serialize};

/// A kind of statistic, such as `Mean`: the ontology's name and its StatBarn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Analysis {
    name: &'static str,
    statbarn: Statbarn,
}

impl Analysis {
    /// The analysis of this name; none if the ontology has no such name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let found = analyses::ALL.iter().find(|(_, names)| names.contains(&name))?;
        let name = found.1.iter().find(|known| **known == name)?;
        Some(Self { name, statbarn: found.0 })
    }

    /// Every analysis that the ontology has.
    pub fn all() -> impl Iterator<Item = Self> {
        let of = |&(statbarn, names): &(Statbarn, &'static [&'static str])| {
            names.iter().map(move |name| Self { name, statbarn })
        };
        analyses::ALL.iter().flat_map(of)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The StatBarn that it belongs to.
    #[must_use]
    pub const fn statbarn(self) -> Statbarn {
        self.statbarn
    }
}

/// A family of statistics with the same risks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Statbarn {
    /// Odds, risk and other ratios.
    CalculatedRatios,
    /// Results of cluster analyses.
    Clusters,
    /// Regression and correlation coefficients.
    CorrelationCoefficients,
    /// Minimum and maximum.
    Endpoints,
    /// Counts of things.
    Frequencies,
    /// Gini coefficient and Lorenz curve.
    GiniCoefficient,
    /// Survival and hazard over time.
    HazardSurvivalTables,
    /// Sums, means, ratios.
    LinearAggregations,
    /// Nested and linked tables.
    LinkedMultilevelTables,
    /// The most frequent value.
    Mode,
    /// Concentration by squares, as Herfindahl and Hirschman have it.
    NonLinearConcentrationRatios,
    /// Median, quartiles and other quantiles.
    Position,
    /// Deviation, skewness, kurtosis.
    Shape,
    /// Tests, their statistics and intervals.
    StatisticalHypothesisTests,
}

impl Statbarn {
    /// What can go wrong with its statistics.
    #[must_use]
    pub const fn risks(self) -> &'static [DisclosureRisk] {
        use DisclosureRisk as R;
        match self {
            Self::CalculatedRatios => &[R::AuxiliaryInformation, R::Dominance],
            Self::Clusters | Self::LinkedMultilevelTables => &[],
            Self::CorrelationCoefficients | Self::Shape | Self::StatisticalHypothesisTests => {
                &[R::LowDOF]
            }
            Self::Endpoints | Self::Position => &[R::ClassDisclosure, R::LowCount],
            Self::Frequencies => &[R::ClassDisclosure, R::Differencing, R::LowCount],
            Self::GiniCoefficient => &[R::LowCount],
            Self::HazardSurvivalTables => &[R::ImplicitTables, R::LowDOF],
            Self::LinearAggregations => &[R::Dominance, R::Differencing, R::LowCount],
            Self::Mode => &[R::Differencing, R::ClassDisclosure],
            Self::NonLinearConcentrationRatios => &[R::LowCount, R::Dominance],
        }
    }

    /// Whether `risk` is one of its.
    #[must_use]
    pub fn has(self, risk: DisclosureRisk) -> bool {
        self.risks().contains(&risk)
    }
}

/// What can go wrong with a statistic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DisclosureRisk {
    /// Together with other sources it says more than alone.
    AuxiliaryInformation,
    /// All members of a class share a value.
    ClassDisclosure,
    /// The difference of two outputs is about few people.
    Differencing,
    /// Few people make up most of a value.
    Dominance,
    /// Another table follows from it by calculation.
    ImplicitTables,
    /// Few people are in a cell.
    LowCount,
    /// A model has almost as many parameters as people.
    LowDOF,
}

impl DisclosureRisk {
    /// The checks that look for it.
    #[must_use]
    pub const fn checks(self) -> &'static [OutputCheck] {
        use OutputCheck as C;
        match self {
            Self::AuxiliaryInformation | Self::ImplicitTables => &[C::StatbarnDataCheck],
            Self::ClassDisclosure => &[C::RequiredZeroCheck, C::PresenceOfZeroCheck],
            Self::Differencing => &[C::PresenceOfLinkedTableCheck],
            Self::Dominance => &[C::NKCheck, C::PPercentCheck],
            Self::LowCount => &[C::MinimumThresholdCheck],
            Self::LowDOF => &[C::MinimumDoFCheck],
        }
    }

    /// What a researcher can do about it.
    #[must_use]
    pub const fn mitigations(self) -> &'static [Mitigation] {
        use Mitigation as M;
        match self {
            Self::AuxiliaryInformation | Self::ImplicitTables => &[],
            Self::ClassDisclosure | Self::Differencing => &[M::Noise, M::Suppression],
            Self::Dominance => &[M::Noise, M::OutlierRemoval, M::Rounding, M::Suppression],
            Self::LowCount => &[M::Noise, M::Rounding, M::Suppression],
            Self::LowDOF => &[M::Aggregation, M::Noise, M::OutlierRemoval, M::Suppression],
        }
    }
}

/// A check of an output, by ACRO's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum OutputCheck {
    /// Enough degrees of freedom are left.
    MinimumDoFCheck,
    /// Enough people are in each cell.
    MinimumThresholdCheck,
    /// The largest n contributions are no more than a share k of the whole.
    NKCheck,
    /// What is neither of the two largest contributions is at least p % of the largest.
    PPercentCheck,
    /// No other output makes this one say more.
    PresenceOfLinkedTableCheck,
    /// No cell is empty.
    PresenceOfZeroCheck,
    /// Whether empty cells say something at all.
    RequiredZeroCheck,
    /// What needs to be known of the data beside the output.
    StatbarnDataCheck,
}

/// What a researcher can do about a risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Mitigation {
    /// Coarser categories.
    Aggregation,
    /// Random changes.
    Noise,
    /// Leave extreme people out.
    OutlierRemoval,
    /// Round, such as to a multiple of 5 or to a midpoint of 6.
    Rounding,
    /// Hide cells, and as many others as keep them from being computed.
    Suppression,
}
