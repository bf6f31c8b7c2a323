//! Exact arithmetic on the decimal numbers of a table.

use std::cmp::Ordering;
use std::fmt;

use crate::cell;

/// mantissa × 10^exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    mantissa: i128,
    exponent: i32,
}

impl Decimal {
    /// Nothing.
    pub(crate) const ZERO: Self = Self { mantissa: 0, exponent: 0 };

    /// Reads a number as data spell it, without rounding; none for what is no number or has more
    /// digits than are exact here.
    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::parse(&cell::number(text, ALL_DIGITS).ok()?)
    }

    /// Reads a number in its canonical spelling (see `cell::number`); none for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let mantissa = format!("{whole}{fraction}").parse().ok()?;
        let exponent = i32::try_from(fraction.len()).ok()?.checked_neg()?;
        Some(Self { mantissa, exponent })
    }

    /// Whether it is below zero.
    pub(crate) const fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// `self − other`; none if that is too large for exact arithmetic.
    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        let (a, b, exponent) = self.aligned(other)?;
        Some(Self { mantissa: a.checked_sub(b)?, exponent })
    }

    /// Whether `factor × self > other_factor × other`; none if too large for exact arithmetic.
    pub(crate) fn exceeds(self, factor: u64, other: Self, other_factor: u64) -> Option<bool> {
        let (a, b, _) = self.aligned(other)?;
        Some(a.checked_mul(factor.into())? > b.checked_mul(other_factor.into())?)
    }

    /// `self / whole × length`, rounded down; 0 of nothing. None if too large for exact arithmetic.
    pub(crate) fn share_of(self, whole: Self, length: i128) -> Option<i128> {
        let (part, whole, _) = self.aligned(whole)?;
        if whole == 0 { Some(0) } else { part.checked_mul(length)?.checked_div(whole) }
    }

    /// The order of the two. What is too far apart to be aligned differs in sign or in size.
    pub(crate) fn order(self, other: Self) -> Ordering {
        match self.aligned(other) {
            Some((a, b, _)) => a.cmp(&b),
            None => self.signed_size().cmp(&other.signed_size()),
        }
    }

    /// The sign and, larger for what is farther from 0 above it, the place of the first digit.
    fn signed_size(self) -> (i128, i64) {
        let digits = self.mantissa.unsigned_abs().checked_ilog10().map_or(0, i64::from);
        let sign = self.mantissa.signum();
        let place = digits.saturating_add(self.exponent.into());
        (sign, if sign < 0 { place.saturating_neg() } else { place })
    }

    /// Both mantissas under the smaller exponent.
    fn aligned(self, other: Self) -> Option<(i128, i128, i32)> {
        let exponent = self.exponent.min(other.exponent);
        let scale = |number: Self| {
            let zeros = u32::try_from(number.exponent.checked_sub(exponent)?).ok()?;
            number.mantissa.checked_mul(10_i128.checked_pow(zeros)?)
        };
        Some((scale(self)?, scale(other)?, exponent))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = usize::try_from(self.exponent.unsigned_abs()).unwrap_or(0);
        let digits = format!("{:0>width$}", self.mantissa.unsigned_abs(), width = places + 1);
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

/// Every digit of a number that fits in 128 bits.
const ALL_DIGITS: u32 = 38;

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn products_are_compared_exactly() {
        assert_eq!(decimal("0.9").exceeds(100, decimal("1"), 90), Some(false));
        assert_eq!(decimal("0.9000001").exceeds(100, decimal("1"), 90), Some(true));
        assert_eq!(decimal("-3").exceeds(1, decimal("-2.5"), 1), Some(false));
        assert_eq!(decimal("1").minus(decimal("0.25")), Some(decimal("0.75")));
    }

    #[test]
    fn numbers_of_data_are_not_rounded() {
        let almost = Decimal::read("17.99999999999999999999999").unwrap();
        assert!(almost.order(decimal("18")).is_lt());
        assert_eq!(Decimal::read("1.80e1"), Some(decimal("18")));
        assert_eq!((Decimal::read(""), Decimal::read("old")), (None, None));
    }

    #[test]
    fn numbers_far_apart_have_an_order() {
        let (huge, tiny) = ("999999999999999999000000", "0.000000000000000000000001");
        let (below, above) = (format!("-{huge}"), format!("-{tiny}"));
        let ascending = [below.as_str(), above.as_str(), "0", tiny, huge].map(decimal);
        assert_eq!(ascending[4].aligned(ascending[3]), None);
        for (at, one) in ascending.iter().enumerate() {
            for (other_at, other) in ascending.iter().enumerate() {
                assert_eq!(one.order(*other), at.cmp(&other_at), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn what_is_too_large_is_not_guessed() {
        let huge = decimal("999999999999999999999999");
        let tiny = decimal("0.000000000000000000000001");
        assert_eq!(huge.exceeds(100, tiny, 90), None);
        assert_eq!(Decimal::parse("1e3"), None);
        assert_eq!(Decimal::parse(""), None);
    }
}
