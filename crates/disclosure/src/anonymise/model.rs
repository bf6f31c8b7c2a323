//! Privacy models as demands on each class.

use crate::anonymise::room::Room;
use crate::hierarchy::Hierarchy;
use crate::measures::{Bound, Class, Counts, Ratio, alpha, closeness, delta, diversity, likeness};

/// A model with its parameter. A table satisfies it if every class that is kept does. `attribute`
/// names one of the plan's sensitive columns. Papers and formulas: `docs/disclosure.md`.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// At least `k` rows in each class.
    KAnonymity {
        /// The fewest rows.
        k: u64,
    },
    /// No value has more than the share `alpha` of a class. (α,k)-anonymity is this and the former.
    AlphaAnonymity {
        /// The sensitive column.
        attribute: String,
        /// The largest share.
        alpha: Ratio,
    },
    /// At least `l` distinct values in each class.
    DistinctLDiversity {
        /// The sensitive column.
        attribute: String,
        /// The fewest values.
        l: u64,
    },
    /// An entropy of at least ln `l`.
    EntropyLDiversity {
        /// The sensitive column.
        attribute: String,
        /// e^H at least.
        l: f64,
    },
    /// r₁ < `c` (r_l + … + r_m).
    RecursiveCLDiversity {
        /// The sensitive column.
        attribute: String,
        /// The factor.
        c: Ratio,
        /// The first of the less frequent values.
        l: u64,
    },
    /// An earth mover's distance of at most `t` to the whole table.
    TCloseness {
        /// The sensitive column.
        attribute: String,
        /// The largest distance.
        t: Ratio,
        /// How far two values are apart.
        distance: Distance,
    },
    /// No value gains more than `beta`.
    BetaLikeness {
        /// The sensitive column.
        attribute: String,
        /// The largest gain, (q − p) / p.
        beta: Ratio,
        /// Whether it may not gain more than −ln p either.
        enhanced: bool,
    },
    /// q / p and p / q below `ratio`, which is e^δ.
    DeltaDisclosure {
        /// The sensitive column.
        attribute: String,
        /// The bound on both ratios.
        ratio: f64,
        /// Over which values.
        values: DeltaValues,
    },
}

/// How far apart two values of a sensitive column are (Li, Li, Venkatasubramanian, ICDE 2007).
#[derive(Clone, Debug, PartialEq)]
pub enum Distance {
    /// 1, whichever they are.
    Equal,
    /// By their ranks.
    Ordered,
    /// By the level on which they are one value, over the number of levels.
    Hierarchical(Hierarchy),
}

/// Over which values δ-disclosure is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaValues {
    /// Those that a class has.
    Observed,
    /// All of the table: a class that lacks one fails.
    All,
}

impl Model {
    /// The sensitive column that it speaks of.
    #[must_use]
    pub fn attribute(&self) -> Option<&str> {
        match self {
            Self::KAnonymity { .. } => None,
            Self::AlphaAnonymity { attribute, .. }
            | Self::DistinctLDiversity { attribute, .. }
            | Self::EntropyLDiversity { attribute, .. }
            | Self::RecursiveCLDiversity { attribute, .. }
            | Self::TCloseness { attribute, .. }
            | Self::BetaLikeness { attribute, .. }
            | Self::DeltaDisclosure { attribute, .. } => Some(attribute),
        }
    }
}

/// A model that knows where its attribute is.
#[derive(Clone, Debug)]
pub(crate) enum Demand {
    /// On the number of rows.
    Size(u64),
    /// On the counts of the attribute with this number.
    Values { attribute: usize, demand: ValueDemand, room: Room },
}

/// A demand on the sensitive values of a class.
#[derive(Clone, Debug)]
pub(crate) enum ValueDemand {
    Share(Ratio),
    Distinct(u64),
    Entropy(f64),
    Recursive(Ratio, u64),
    Equal(Ratio),
    Ordered(Ratio),
    Hierarchical(Ratio, closeness::Tree),
    Gain(Ratio, bool),
    Delta(f64, DeltaValues),
}

impl ValueDemand {
    pub(crate) fn holds(&self, counts: &Counts, class: Class<'_>) -> bool {
        let at_most = |value: Option<Ratio>, bound: &Ratio| value.is_some_and(|v| v <= *bound);
        match self {
            Self::Share(alpha) => at_most(alpha::largest_share(class), alpha),
            Self::Distinct(l) => diversity::values_of(class) >= *l,
            // Exact where all values are equally frequent, which is how l is met to the last digit.
            Self::Entropy(l) => diversity::effective_values(class) >= *l,
            Self::Recursive(c, l) => diversity::recursive_bound(class, *l) < Bound::Finite(*c),
            Self::Equal(t) => at_most(closeness::equal_distance(counts, class), t),
            Self::Ordered(t) => at_most(closeness::ordered_distance(counts, class), t),
            Self::Hierarchical(t, tree) => at_most(tree.distance(counts, class), t),
            Self::Gain(beta, enhanced) => likeness::within(counts, class, *beta, *enhanced),
            Self::Delta(ratio, values) => {
                let lacks = *values == DeltaValues::All && delta::lacks_a_value(counts, class);
                let largest = delta::largest_ratio(counts, class);
                !lacks && largest.is_some_and(|l| l.to_f64() < ratio * (1.0 - ROUNDING))
            }
        }
    }
}

/// Far above the relative error of the logarithms and divisions behind a float.
const ROUNDING: f64 = 1e-12;
