//! Whatever the values: a built hierarchy covers each, nests and ends in one value, or the first
//! value that it cannot be made for is named.

use std::collections::BTreeMap;

use disclosure::{
    Builder, Column, Dates, Decimal, End, Groups, Hierarchy, HierarchyError, Intervals, Masking,
    Period, Priority,
};
use proptest::prelude::*;

fn decimal(number: i64) -> Decimal {
    Decimal::parse(&number.to_string()).unwrap()
}

fn widths() -> impl Strategy<Value = Builder> {
    let factors = prop::collection::vec(2_i64..5, 0..3);
    let end = || prop::option::of(-5_i64..5);
    (-20_i64..20, 1_i64..7, factors, end(), end()).prop_map(|(start, first, factors, low, high)| {
        let mut widths = vec![decimal(first)];
        widths.extend(factors.iter().scan(first, |width, factor| {
            *width *= factor;
            Some(decimal(*width))
        }));
        let (bottom, top) = (low.map(|low| decimal(low - 10)), high.map(|high| decimal(high + 10)));
        Builder::Intervals(Intervals::of_widths(decimal(start), &widths, bottom, top).unwrap())
    })
}

fn cuts() -> impl Strategy<Value = Builder> {
    prop::collection::btree_set(-30_i64..30, 2..6).prop_map(|cuts| {
        let all: Vec<Decimal> = cuts.into_iter().map(decimal).collect();
        let half = all.iter().step_by(2).copied().collect();
        Builder::Intervals(Intervals::at_cuts(vec![all, half]).unwrap())
    })
}

fn masking() -> impl Strategy<Value = Builder> {
    let end = || prop::sample::select(vec![End::Left, End::Right]);
    let pad = prop::option::of((prop::sample::select(vec!['0', '*', '-']), end()));
    (end(), pad).prop_map(|(from, pad)| Builder::Masking(Masking { from, mask: '*', pad }))
}

fn dates() -> impl Strategy<Value = Builder> {
    let periods = vec![Period::Month, Period::Quarter, Period::Year, Period::Decade];
    prop::sample::subsequence(periods, 1..=4)
        .prop_map(|periods| Builder::Dates(Dates::new(periods).unwrap()))
}

fn groups() -> impl Strategy<Value = Builder> {
    prop::collection::vec(2_usize..4, 1..4).prop_map(|fan_outs| {
        let order = (-30..20).map(|number| number.to_string()).collect();
        Builder::Groups(Groups::new(order, &fan_outs).unwrap())
    })
}

fn builder() -> impl Strategy<Value = Builder> {
    let priority = (1_usize..6).prop_map(|n| Builder::Priority(Priority::new(n).unwrap()));
    prop_oneof![widths(), cuts(), masking(), dates(), groups(), priority]
}

/// Numbers, dates, missing values and others.
fn cells() -> impl Strategy<Value = Vec<String>> {
    let number = || (-30_i64..30).prop_map(|number| number.to_string());
    let date =
        || (1895..2030, 1..=12, 1..=28).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"));
    let any =
        prop_oneof![8 => number(), 1 => Just(String::new()), 1 => "[0-9*.]{1,4}", 1 => date()];
    prop_oneof![
        prop::collection::vec(number(), 1..20),
        prop::collection::vec(date(), 1..20),
        prop::collection::vec(any, 1..20),
    ]
}

/// What is one text on a level is one on the next, and on the last all are.
fn nests(hierarchy: &Hierarchy) -> bool {
    let rows: Vec<&[String]> = hierarchy.rows().collect();
    let step = |level: usize| {
        let mut above = BTreeMap::new();
        rows.iter()
            .all(|row| *above.entry(&row[level]).or_insert(&row[level + 1]) == &row[level + 1])
    };
    (0..hierarchy.levels() - 1).all(step) && rows.iter().all(|row| row.last().unwrap() == "*")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_value_is_covered_and_levels_nest(builder in builder(), cells in cells()) {
        let column = Column::encode("x", &cells).unwrap();
        match builder.build(&column) {
            Ok(hierarchy) => {
                prop_assert!(nests(&hierarchy), "{hierarchy:?}");
                for cell in &cells {
                    prop_assert!(hierarchy.rows().any(|row| row[0] == *cell), "{cell}");
                }
            }
            Err(HierarchyError::Value { column, value, row, .. }) => {
                prop_assert_eq!(column, "x");
                let first = cells.iter().position(|cell| *cell == value).unwrap();
                prop_assert_eq!(first as u64 + 1, row);
                // No earlier row is at fault.
                let before = Column::encode("x", &cells[..first]).unwrap();
                prop_assert!(builder.build(&before).is_ok());
            }
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn the_order_of_rows_means_nothing(builder in builder(), cells in cells()) {
        let built = |cells: &[String]| builder.build(&Column::encode("x", cells).unwrap()).ok();
        let backwards: Vec<String> = cells.iter().rev().cloned().collect();
        prop_assert_eq!(built(&cells), built(&backwards));
    }

    /// Numbers, not texts, decide the interval.
    #[test]
    fn intervals_hold_their_numbers(
        quarters in -4000_i64..4000,
        start in -50_i64..50,
        width in 1_i64..50,
    ) {
        let bottom = Some(decimal(-1000));
        let interval = Intervals::of_widths(decimal(start), &[decimal(width)], bottom, None);
        let value = format!("{}e-2", quarters * 25);
        let column = Column::encode("x", &[value, "-999.5".to_owned()]).unwrap();
        let hierarchy = Builder::Intervals(interval.unwrap()).build(&column).unwrap();
        let lower = (quarters - 4 * start).div_euclid(4 * width) * width + start;
        let expected = format!("[{}, {})", lower.max(-1000), lower + width);
        prop_assert!(hierarchy.rows().any(|row| row[1] == expected), "{expected}");
    }
}
