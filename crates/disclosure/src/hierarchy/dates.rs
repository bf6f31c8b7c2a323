//! Calendar dates into months, quarters, years and decades.

use crate::hierarchy::{BuilderError, HierarchyError, ValueFault, per_value};
use crate::table::Column;

/// Levels of dates written as `2026-03-29` (ISO 8601).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dates(Vec<Period>);

/// What a date is generalised to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// `2026-03`
    Month,
    /// `2026-Q1`
    Quarter,
    /// `2026`
    Year,
    /// `2020-2029`
    Decade,
}

impl Dates {
    /// One level for each of `periods`.
    ///
    /// # Errors
    /// [`BuilderError::Periods`] if one is not longer than the one before it.
    pub fn new(periods: Vec<Period>) -> Result<Self, BuilderError> {
        if periods.is_empty() {
            return Err(BuilderError::NoLevels);
        }
        if periods.windows(2).any(|pair| matches!(pair, [below, above] if below >= above)) {
            return Err(BuilderError::Periods);
        }
        Ok(Self(periods))
    }

    pub(crate) fn rows(&self, column: &Column) -> Result<Vec<Vec<String>>, HierarchyError> {
        per_value(column, self.0.len(), |value| {
            let (year, month) = year_and_month(value).ok_or(ValueFault::NotADate)?;
            Ok(self.0.iter().map(|period| period.label(year, month)).collect())
        })
    }
}

impl Period {
    fn label(self, year: u16, month: u16) -> String {
        match self {
            Self::Month => format!("{year:04}-{month:02}"),
            Self::Quarter => format!("{year:04}-Q{}", month.div_ceil(3)),
            Self::Year => format!("{year:04}"),
            Self::Decade => {
                let first = year - year % 10;
                format!("{first:04}-{:04}", first + 9)
            }
        }
    }
}

/// Of a date that the Gregorian calendar has.
fn year_and_month(text: &str) -> Option<(u16, u16)> {
    let mut parts = text.split('-');
    let mut number = |digits: usize| -> Option<u16> {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { part.parse().ok() } else { None }
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u16::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let is_date = (1..=days).contains(&day) && parts.next().is_none();
    is_date.then_some((year, month))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::Builder;
    use crate::hierarchy::tests::{built, column};
    use domain::Reason as _;

    fn dates(periods: &[Period]) -> Builder {
        Builder::Dates(Dates::new(periods.to_vec()).unwrap())
    }

    #[test]
    fn days_are_in_longer_and_longer_periods() {
        let all = dates(&[Period::Month, Period::Quarter, Period::Year, Period::Decade]);
        let expected = [
            "2019-12-31|2019-12|2019-Q4|2019|2010-2019|*",
            "2020-02-29|2020-02|2020-Q1|2020|2020-2029|*",
            "2020-04-01|2020-04|2020-Q2|2020|2020-2029|*",
        ];
        assert_eq!(built(&all, &["2019-12-31", "2020-02-29", "2020-04-01"]), expected);
    }

    #[test]
    fn what_no_calendar_has_is_refused() {
        let years = dates(&[Period::Year]);
        for text in [
            "2021-02-29",
            "1900-02-29",
            "2020-13-01",
            "2020-00-01",
            "2020-04-31",
            "2020-04-00",
            "2020-4-01",
            "2020-04",
            "2020-04-01-01",
            "01.04.2020",
            "+020-04-01",
        ] {
            let error = years.build(&column(&["2000-02-29", text])).unwrap_err();
            let fault = ValueFault::NotADate;
            let (column, value) = ("x".to_owned(), text.to_owned());
            assert_eq!(error, HierarchyError::Value { column, value, row: 2, fault }, "{text}");
        }
    }

    #[test]
    fn periods_become_longer() {
        for periods in [&[Period::Year, Period::Month][..], &[Period::Year, Period::Year]] {
            assert_eq!(Dates::new(periods.to_vec()).unwrap_err().reason(), "hierarchy.periods");
        }
        assert_eq!(Dates::new(Vec::new()).unwrap_err().reason(), "hierarchy.no-levels");
    }
}
