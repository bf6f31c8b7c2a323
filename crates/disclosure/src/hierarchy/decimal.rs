//! Decimal numbers as integers, so that which interval holds a value is decided exactly.

use std::fmt;

use crate::cell;
use crate::hierarchy::BuilderError;

/// A decimal number in units of 10⁻¹⁸.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(i128);

impl Decimal {
    /// The number written as `text`.
    ///
    /// # Errors
    /// [`BuilderError::Number`] if it is none, has more than 18 digits after the point or is beyond
    /// 10¹⁸.
    pub fn parse(text: &str) -> Result<Self, BuilderError> {
        let (floor, is_exact) = split(text).ok_or_else(|| BuilderError::Number(text.to_owned()))?;
        if is_exact { Ok(floor) } else { Err(BuilderError::Number(text.to_owned())) }
    }

    /// The greatest number of 18 digits after the point that is not above that written as `text`.
    /// It is at or above the same bounds as the number itself.
    pub(crate) fn floor(text: &str) -> Option<Self> {
        split(text).map(|(floor, _)| floor)
    }

    /// The greatest `start + n × width` that is not above this number, and the next.
    pub(crate) fn interval(self, start: Self, width: Self) -> (Self, Self) {
        let steps = (self.0 - start.0).div_euclid(width.0);
        let lower = start.0 + steps * width.0;
        (Self(lower), Self(lower + width.0))
    }

    pub(crate) const fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub(crate) const fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub(crate) const fn is_whole(self) -> bool {
        self.0 % UNITS == 0
    }

    /// Whether this positive number is a whole multiple of `width`.
    pub(crate) const fn is_multiple_of(self, width: Self) -> bool {
        self.0 % width.0 == 0
    }

    pub(crate) const fn less_one(self) -> Self {
        Self(self.0 - UNITS)
    }
}

/// The floor of the number written as `text`, and whether it is the number itself.
fn split(text: &str) -> Option<(Decimal, bool)> {
    let plain = cell::number(text, ALL_DIGITS).ok().filter(|plain| !plain.is_empty())?;
    let (is_negative, size) = match plain.strip_prefix('-') {
        Some(size) => (true, size),
        None => (false, plain.as_str()),
    };
    let (whole, fraction) = size.split_once('.').unwrap_or((size, ""));
    let (digits, rest) = fraction.split_at_checked(PLACES).unwrap_or((fraction, ""));
    let whole: i128 = whole.parse().ok()?;
    if whole > MOST {
        return None;
    }
    let digits: i128 = format!("{digits:0<PLACES$}").parse().ok()?;
    let units = whole * UNITS + digits;
    let is_exact = rest.is_empty();
    let floor = if is_negative { -units - i128::from(!is_exact) } else { units };
    Some((Decimal(floor), is_exact))
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative() { "-" } else { "" };
        let size = self.0.unsigned_abs();
        let (whole, digits) = (size / UNITS.unsigned_abs(), size % UNITS.unsigned_abs());
        if digits == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{digits:0PLACES$}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

const PLACES: usize = 18;
const UNITS: i128 = 1_000_000_000_000_000_000;
/// Sums and products of two such numbers and their units stay far below 128 bits.
const MOST: i128 = UNITS;
/// More than a number of 128 bits has: nothing is rounded.
const ALL_DIGITS: u32 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn one_number_has_one_spelling() {
        for (text, spelling) in
            [("007", "7"), ("1e2", "100"), ("-0.50", "-0.5"), ("-0", "0"), ("+2.05", "2.05")]
        {
            assert_eq!(decimal(text).to_string(), spelling);
        }
        for text in ["", "1,5", "x", "nan", "1e19", "0.0000000000000000001"] {
            assert!(Decimal::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn floors_are_at_the_same_bounds_as_the_numbers() {
        let floor = |text: &str| Decimal::floor(text).unwrap();
        assert_eq!(floor("24.9999999999999999999"), floor("24.999999999999999999"));
        assert!(floor("24.9999999999999999999") < decimal("25"));
        assert!(floor("-0.0000000000000000001") < decimal("0"));
        assert_eq!(Decimal::floor("x"), None);
    }

    #[test]
    fn intervals_go_on_below_the_start() {
        let interval = |value: &str| {
            let (lower, upper) = decimal(value).interval(decimal("1"), decimal("2.5"));
            (lower.to_string(), upper.to_string())
        };
        assert_eq!(interval("3.4999"), ("1".into(), "3.5".into()));
        assert_eq!(interval("3.5"), ("3.5".into(), "6".into()));
        assert_eq!(interval("-1.6"), ("-4".into(), "-1.5".into()));
    }
}
