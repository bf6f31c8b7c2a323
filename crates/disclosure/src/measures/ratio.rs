//! Exact ratios of counts.

use std::cmp::Ordering;

/// A ratio of two non-negative integers, compared exactly whatever their size.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    numerator: u128,
    denominator: u128,
}

impl Ratio {
    /// Zero.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// `numerator / denominator`; none if the denominator is 0.
    #[must_use]
    pub fn new(numerator: u128, denominator: u128) -> Option<Self> {
        (denominator != 0).then_some(Self { numerator, denominator })
    }

    /// The numerator and the denominator, as they were counted.
    #[must_use]
    pub const fn parts(self) -> (u128, u128) {
        (self.numerator, self.denominator)
    }

    /// The nearest float, for a report.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a report is rounded; decisions are not")]
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl Ord for Ratio {
    /// By cross product; where that does not fit, by the continued fractions.
    fn cmp(&self, other: &Self) -> Ordering {
        let product = |a: u128, b: u128| Some(u128::from(narrow(a)?) * u128::from(narrow(b)?));
        let left = product(self.numerator, other.denominator);
        let right = product(other.numerator, self.denominator);
        match (left, right) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => by_continued_fractions(*self, *other),
        }
    }
}

/// Two numbers of 64 bits have a product of 128.
fn narrow(number: u128) -> Option<u64> {
    u64::try_from(number).ok()
}

/// Whole parts first; equal ones leave proper fractions, whose reciprocals compare the other way.
fn by_continued_fractions(mut a: Ratio, mut b: Ratio) -> Ordering {
    loop {
        let whole = (a.numerator / a.denominator).cmp(&(b.numerator / b.denominator));
        let (rest_a, rest_b) = (a.numerator % a.denominator, b.numerator % b.denominator);
        if whole != Ordering::Equal || rest_a == 0 || rest_b == 0 {
            return whole.then(rest_a.min(1).cmp(&rest_b.min(1)));
        }
        (a, b) = (
            Ratio { numerator: b.denominator, denominator: rest_b },
            Ratio { numerator: a.denominator, denominator: rest_a },
        );
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}

/// The least value of a model's parameter that a table satisfies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// This value.
    Finite(Ratio),
    /// No value is enough.
    Unbounded,
}

impl Bound {
    /// `numerator / denominator`, unbounded where the denominator is 0.
    pub(crate) fn of(numerator: u128, denominator: u128) -> Self {
        Ratio::new(numerator, denominator).map_or(Self::Unbounded, Self::Finite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(numerator: u128, denominator: u128) -> Ratio {
        Ratio::new(numerator, denominator).unwrap()
    }

    #[test]
    fn equal_ratios_have_many_spellings() {
        assert_eq!(ratio(2, 4), ratio(1, 2));
        assert!(ratio(1, 3) < ratio(1, 2));
        assert!(Ratio::ZERO < ratio(1, u128::MAX));
        assert!(Ratio::new(1, 0).is_none());
    }

    #[test]
    fn what_no_product_holds_is_compared_exactly() {
        let big = u128::MAX;
        assert!(ratio(big - 2, big - 1) < ratio(big - 1, big));
        assert!(ratio(big, big - 1) < ratio(big - 1, big - 2));
        assert_eq!(ratio(big - 1, big), ratio(big - 1, big));
        assert_eq!(ratio(big / 3 * 2, big / 3), ratio(2, 1));
        assert!(ratio(big, 3) > ratio(big - 1, 3));
        assert!(Bound::Finite(ratio(big, 1)) < Bound::Unbounded);
    }
}
