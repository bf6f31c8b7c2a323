//! Numbers into intervals, each level of wider ones.

use crate::hierarchy::{BuilderError, Decimal, HierarchyError, ValueFault, per_value};
use crate::table::Column;

/// Intervals that hold their lower end and not their upper one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intervals {
    levels: Vec<Cut>,
    bottom: Option<Decimal>,
    top: Option<Decimal>,
}

/// How one level cuts the numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cut {
    /// Into equal parts from the start upwards, and below it if there is bottom coding.
    Every { start: Decimal, width: Decimal },
    /// At these numbers, ascending; what is below the first and above the last are parts, too.
    At(Vec<Decimal>),
}

impl Intervals {
    /// Intervals as wide as each of `widths`, level by level, counted from `start`. Numbers below
    /// `bottom` are one interval on every level, and so are those at or above `top`; without
    /// `bottom`, a number below `start` is in no interval.
    ///
    /// # Errors
    /// [`BuilderError::Widths`] if a width is not a greater multiple of the one before it,
    /// [`BuilderError::Ends`] if `top` is not above `bottom`.
    pub fn of_widths(
        start: Decimal,
        widths: &[Decimal],
        bottom: Option<Decimal>,
        top: Option<Decimal>,
    ) -> Result<Self, BuilderError> {
        if widths.is_empty() {
            return Err(BuilderError::NoLevels);
        }
        if let Some(width) = widths.iter().find(|width| !width.is_positive()) {
            return Err(BuilderError::Number(width.to_string()));
        }
        for pair in widths.windows(2) {
            let [below, above] = pair else { continue };
            if above <= below || !above.is_multiple_of(*below) {
                return Err(BuilderError::Widths { below: *below, above: *above });
            }
        }
        if bottom.zip(top).is_some_and(|(bottom, top)| top <= bottom) {
            return Err(BuilderError::Ends);
        }
        let levels = widths.iter().map(|&width| Cut::Every { start, width }).collect();
        Ok(Self { levels, bottom, top })
    }

    /// Intervals between the numbers of each of `levels`, below their first and from their last.
    ///
    /// # Errors
    /// [`BuilderError::Cuts`] if the numbers of a level do not ascend or are not all among those of
    /// the level below.
    pub fn at_cuts(levels: Vec<Vec<Decimal>>) -> Result<Self, BuilderError> {
        if levels.is_empty() || levels.iter().any(Vec::is_empty) {
            return Err(BuilderError::NoLevels);
        }
        for (cuts, level) in levels.iter().zip(1..) {
            let falls = cuts.windows(2).find(|pair| matches!(pair, [a, b] if a >= b));
            if let Some([_, cut]) = falls {
                return Err(BuilderError::Cuts { level, cut: *cut });
            }
        }
        for (pair, level) in levels.windows(2).zip(2..) {
            let [below, above] = pair else { continue };
            if let Some(cut) = above.iter().find(|cut| !below.contains(cut)) {
                return Err(BuilderError::Cuts { level, cut: *cut });
            }
        }
        Ok(Self { levels: levels.into_iter().map(Cut::At).collect(), bottom: None, top: None })
    }

    pub(crate) fn rows(&self, column: &Column) -> Result<Vec<Vec<String>>, HierarchyError> {
        let style = self.style(column);
        per_value(column, self.levels.len(), |value| {
            let number = Decimal::floor(value).ok_or(ValueFault::NotANumber)?;
            let intervals = self.levels.iter().map(|cut| self.interval(cut, number));
            intervals.map(|interval| Ok(style.label(interval?))).collect()
        })
    }

    fn interval(&self, cut: &Cut, number: Decimal) -> Result<Interval, ValueFault> {
        if let Some(bottom) = self.bottom.filter(|&bottom| number < bottom) {
            return Ok(Interval { lower: None, upper: Some(bottom) });
        }
        if let Some(top) = self.top.filter(|&top| number >= top) {
            return Ok(Interval { lower: Some(top), upper: None });
        }
        match cut {
            Cut::Every { start, .. } if self.bottom.is_none() && number < *start => {
                Err(ValueFault::NotCovered)
            }
            Cut::Every { start, width } => {
                let (lower, upper) = number.interval(*start, *width);
                let lower = self.bottom.map_or(lower, |bottom| bottom.max(lower));
                let upper = self.top.map_or(upper, |top| top.min(upper));
                Ok(Interval { lower: Some(lower), upper: Some(upper) })
            }
            Cut::At(cuts) => Ok(Interval {
                lower: cuts.iter().rev().find(|&&cut| cut <= number).copied(),
                upper: cuts.iter().find(|&&cut| cut > number).copied(),
            }),
        }
    }

    /// `20-24` says what is meant only of whole numbers, and is misread of negative ones.
    fn style(&self, column: &Column) -> Style {
        let plain = |number: &Decimal| number.is_whole() && !number.is_negative();
        let values = column.dictionary().iter().filter_map(|value| Decimal::floor(value));
        let ends = self.bottom.into_iter().chain(self.top);
        let cuts = self.levels.iter().flat_map(|cut| match cut {
            Cut::Every { start, width } => vec![*start, *width],
            Cut::At(cuts) => cuts.clone(),
        });
        let all_plain = values.chain(ends).chain(cuts).all(|number| plain(&number));
        if all_plain { Style::Range } else { Style::Bracket }
    }
}

/// From the lower end to below the upper one.
#[derive(Clone, Copy, Debug)]
struct Interval {
    lower: Option<Decimal>,
    upper: Option<Decimal>,
}

#[derive(Clone, Copy, Debug)]
enum Style {
    /// `20-24`
    Range,
    /// `[20, 25)`
    Bracket,
}

impl Style {
    fn label(self, interval: Interval) -> String {
        match (interval.lower, interval.upper, self) {
            (Some(lower), Some(upper), Self::Range) => {
                let last = upper.less_one();
                if last == lower { lower.to_string() } else { format!("{lower}-{last}") }
            }
            (Some(lower), Some(upper), Self::Bracket) => format!("[{lower}, {upper})"),
            (None, Some(upper), _) => format!("<{upper}"),
            (Some(lower), None, _) => format!("{lower}+"),
            // Every level has a cut.
            (None, None, _) => crate::hierarchy::ANY.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::tests::{built, column};
    use crate::hierarchy::{Builder, Hierarchy};
    use domain::Reason as _;

    fn decimals(numbers: &[&str]) -> Vec<Decimal> {
        numbers.iter().map(|number| Decimal::parse(number).unwrap()).collect()
    }

    fn of_widths(start: &str, widths: &[&str], ends: [Option<&str>; 2]) -> Builder {
        let [bottom, top] = ends.map(|end| end.map(|end| Decimal::parse(end).unwrap()));
        let start = Decimal::parse(start).unwrap();
        Builder::Intervals(Intervals::of_widths(start, &decimals(widths), bottom, top).unwrap())
    }

    fn at_cuts(levels: &[&[&str]]) -> Result<Intervals, BuilderError> {
        Intervals::at_cuts(levels.iter().map(|cuts| decimals(cuts)).collect())
    }

    #[test]
    fn whole_numbers_are_in_ranges() {
        let ages = of_widths("0", &["1", "5", "20"], [None, Some("90")]);
        let expected = [
            "104|90+|90+|90+|*",
            "23|23|20-24|20-39|*",
            "25|25|25-29|20-39|*",
            // The interval 80-99 ends where the top begins.
            "88|88|85-89|80-89|*",
            "90|90+|90+|90+|*",
        ];
        assert_eq!(built(&ages, &["23", "25", "88", "90", "104"]), expected);
    }

    #[test]
    fn other_numbers_are_in_half_open_intervals() {
        let weights = of_widths("0", &["2.5", "5"], [Some("1"), None]);
        let expected = ["-3|<1|<1|*", "2.4|[1, 2.5)|[1, 5)|*", "2.5|[2.5, 5)|[1, 5)|*"];
        assert_eq!(built(&weights, &["2.4", "2.5", "-3"]), expected);
        let fives = of_widths("0", &["5"], [None, None]);
        assert_eq!(built(&fives, &["7", "7.5"]), ["7|[5, 10)|*", "7.5|[5, 10)|*"]);
    }

    #[test]
    fn cuts_part_all_numbers() {
        let ages = Builder::Intervals(at_cuts(&[&["18", "35", "65"], &["65"]]).unwrap());
        let expected = ["|||*", "18|18-34|<65|*", "3|<18|<65|*", "64|35-64|<65|*", "65|65+|65+|*"];
        assert_eq!(built(&ages, &["3", "18", "64", "65", ""]), expected);
    }

    #[test]
    fn levels_that_do_not_nest_are_refused() {
        let widths = |start, widths: &[&str], ends: [Option<&str>; 2]| {
            let [bottom, top] = ends.map(|end| end.map(|end| Decimal::parse(end).unwrap()));
            Intervals::of_widths(Decimal::parse(start).unwrap(), &decimals(widths), bottom, top)
        };
        for (refused, reason) in [
            (widths("0", &["5", "12"], [None, None]), "hierarchy.widths"),
            (widths("0", &["5", "5"], [None, None]), "hierarchy.widths"),
            (widths("0", &["10", "5"], [None, None]), "hierarchy.widths"),
            (widths("0", &["0"], [None, None]), "hierarchy.number"),
            (widths("0", &[], [None, None]), "hierarchy.no-levels"),
            (widths("0", &["5"], [Some("9"), Some("9")]), "hierarchy.ends"),
            (at_cuts(&[&["18", "18"]]), "hierarchy.cuts"),
            (at_cuts(&[&["18", "65"], &["60"]]), "hierarchy.cuts"),
            (at_cuts(&[&["18"], &[]]), "hierarchy.no-levels"),
        ] {
            assert_eq!(refused.unwrap_err().reason(), reason);
        }
        let error = at_cuts(&[&["18", "65"], &["18", "60"]]).unwrap_err();
        assert_eq!(error, BuilderError::Cuts { level: 2, cut: Decimal::parse("60").unwrap() });
    }

    #[test]
    fn values_that_no_interval_holds_are_named_with_their_first_row() {
        let builder = of_widths("18", &["5"], [None, None]);
        let refused =
            |cells: &[&str]| -> Result<Hierarchy, HierarchyError> { builder.build(&column(cells)) };
        let fault = |value: &str, row, fault| HierarchyError::Value {
            column: "x".into(),
            value: value.into(),
            row,
            fault,
        };
        let below = refused(&["20", "17", "17"]).unwrap_err();
        assert_eq!(below, fault("17", 2, ValueFault::NotCovered));
        assert_eq!(below.reason(), "hierarchy.not-covered");
        let text = refused(&["20", "18", "thirty"]).unwrap_err();
        assert_eq!(text, fault("thirty", 3, ValueFault::NotANumber));
    }
}
