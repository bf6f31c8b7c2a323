//! What never changes a measure, and the definitions computed by hand.

use std::collections::{BTreeMap, BTreeSet};

use disclosure::{
    Bound, Column, Hierarchy, Kind, Measures, Models, Nulls, Question, Ratio, Reading, Table,
    measure,
};
use proptest::prelude::*;

use crate::measures::question;

/// A row: three quasi-identifiers, of which `0` is missing, and two sensitive values.
type Row = [u8; 5];

const NAMES: [&str; 5] = ["x", "y", "z", "s", "t"];

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((0..3_u8, 0..3_u8, 0..2_u8, 1..5_u8, 1..4_u8), 1..40)
        .prop_map(|rows| rows.into_iter().map(|(x, y, z, s, t)| [x, y, z, s, t]).collect())
}

fn text(value: u8) -> String {
    if value == 0 { String::new() } else { value.to_string() }
}

fn column(rows: &[Row], at: usize) -> Column {
    let cells: Vec<String> = rows.iter().map(|row| text(row[at])).collect();
    Column::encode(NAMES[at], &cells).unwrap()
}

fn table(rows: &[Row]) -> Table {
    Table::new((0..5).map(|at| column(rows, at)).collect()).unwrap()
}

fn asked(reading: Reading, nulls: Nulls) -> Question {
    let mut asked = question(&["x", "y", "z"], &["s", "t"]);
    asked.sensitive[0].kind = Kind::Numeric;
    asked.hierarchies.insert("s".to_owned(), hierarchy());
    Question { reading, nulls, ..asked }
}

/// Over the values of `s`: pairs, then all.
fn hierarchy() -> Hierarchy {
    let path = |value: u8| vec![value.to_string(), format!("pair {}", value / 2), "*".to_owned()];
    Hierarchy::new(&(1..5).map(path).collect::<Vec<_>>()).unwrap()
}

fn every_question() -> impl Iterator<Item = Question> {
    [
        (Reading::Alone, Nulls::Value),
        (Reading::Joint, Nulls::Value),
        (Reading::Alone, Nulls::Wildcard),
    ]
    .into_iter()
    .map(|(reading, nulls)| asked(reading, nulls))
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

/// All of `models` but entropy, whose float may differ in the last place.
fn exact(models: &Models) -> Models {
    Models { entropy: 0.0, ..models.clone() }
}

proptest! {
    #[test]
    fn the_order_of_rows_never_matters(
        (rows, shuffled) in rows().prop_flat_map(|rows| {
            (Just(rows.clone()), Just(rows).prop_shuffle())
        }),
    ) {
        for asked in every_question() {
            prop_assert_eq!(
                measure(&table(&rows), &asked).unwrap(),
                measure(&table(&shuffled), &asked).unwrap()
            );
        }
    }

    #[test]
    fn the_order_of_columns_never_matters(
        rows in rows(),
        order in Just([0, 1, 2, 3, 4]).prop_shuffle(),
        qi in Just(["x", "y", "z"]).prop_shuffle(),
    ) {
        let turned = Table::new(order.iter().map(|&at| column(&rows, at)).collect()).unwrap();
        for asked in every_question() {
            let other = Question { quasi_identifiers: qi.map(String::from).into(), ..asked.clone() };
            let expected = measure(&table(&rows), &asked).unwrap();
            prop_assert_eq!(measure(&turned, &other).unwrap(), expected);
        }
    }

    #[test]
    fn rows_repeated_scale_the_classes_and_no_share(rows in rows(), times in 2..5_usize) {
        for asked in every_question() {
            let once = measure(&table(&rows), &asked).unwrap();
            let repeated = measure(&table(&rows.repeat(times)), &asked).unwrap();
            prop_assert_eq!(repeated.k(), once.k().map(|k| k * times as u64));
            let ours = |found: &Measures| found.classes.clone().unwrap().count;
            prop_assert_eq!(ours(&repeated), ours(&once));
            for ((_, many), (_, one)) in repeated.attributes.iter().zip(&once.attributes) {
                prop_assert_eq!(exact(many), exact(one));
                prop_assert!(near(many.entropy, one.entropy));
            }
        }
    }

    #[test]
    fn rows_filtered_away_leave_no_trace(rows in rows(), keep in 1..4_u8) {
        let kept: Vec<Row> = rows.iter().copied().filter(|row| row[4] != keep).collect();
        // A reader that filters keeps the texts of rows that are gone.
        let filtered = |at| {
            let column = column(&rows, at);
            let code = |(row, code): (&Row, &u32)| (row[4] != keep).then_some(*code);
            let codes = rows.iter().zip(column.codes()).filter_map(code).collect();
            Column::from_codes(NAMES[at], column.dictionary().to_vec(), codes).unwrap()
        };
        let filtered = Table::new((0..5).map(filtered).collect()).unwrap();
        prop_assert_eq!(&filtered, &table(&kept));
    }

    #[test]
    fn the_names_of_categories_never_matter(rows in rows(), turned in prop::collection::vec(1..9_u8, 8)) {
        let mut asked = question(&["x"], &["s", "t"]);
        let distinct: BTreeSet<u8> = turned.iter().copied().collect();
        prop_assume!(distinct.len() >= 4);
        let renamed: Vec<u8> = {
            let mut seen = BTreeSet::new();
            turned.into_iter().filter(|name| seen.insert(*name)).collect()
        };
        let rename = |row: &Row| [row[0], row[1], row[2], renamed[usize::from(row[3]) - 1], row[4]];
        let other: Vec<Row> = rows.iter().map(rename).collect();
        asked.sensitive[0].kind = Kind::Categorical;
        let (a, b) = (measure(&table(&rows), &asked).unwrap(), measure(&table(&other), &asked).unwrap());
        for ((_, a), (_, b)) in a.attributes.iter().zip(&b.attributes) {
            prop_assert_eq!(exact(a), exact(b));
            prop_assert!(near(a.entropy, b.entropy));
        }
    }

    #[test]
    fn every_model_is_that_of_the_definition(rows in rows()) {
        let found = measure(&table(&rows), &asked(Reading::Alone, Nulls::Value)).unwrap();
        let mut classes: BTreeMap<&[u8], Vec<u8>> = BTreeMap::new();
        for row in &rows {
            classes.entry(&row[..3]).or_default().push(row[3]);
        }
        let classes: Vec<Vec<u8>> = classes.into_values().collect();
        let all: Vec<u8> = rows.iter().map(|row| row[3]).collect();
        by_hand(&found.attributes[0].1, &classes, &all)?;
    }

    #[test]
    fn wildcards_are_the_worst_of_all_completions(rows in rows()) {
        let found = measure(&table(&rows), &asked(Reading::Alone, Nulls::Wildcard)).unwrap();
        // 9 is a value that no row has.
        let values = |cell: u8| if cell == 0 { vec![1, 2, 9] } else { vec![cell] };
        let mut people = BTreeSet::new();
        for row in &rows {
            for x in values(row[0]) {
                for y in values(row[1]) {
                    people.extend(values(row[2]).into_iter().map(|z| [x, y, z]));
                }
            }
        }
        let fits = |row: &Row, person: &[u8; 3]| {
            row.iter().zip(person).all(|(&cell, &known)| cell == 0 || cell == known)
        };
        let candidates = |person: &[u8; 3]| -> Vec<u8> {
            rows.iter().filter(|row| fits(row, person)).map(|row| row[3]).collect()
        };
        let classes: Vec<Vec<u8>> = people.iter().map(candidates).collect();
        let k = classes.iter().map(|class| class.len() as u64).min();
        prop_assert_eq!(found.k(), k);
        let all: Vec<u8> = rows.iter().map(|row| row[3]).collect();
        by_hand(&found.attributes[0].1, &classes, &all)?;
        let value = measure(&table(&rows), &asked(Reading::Alone, Nulls::Value)).unwrap();
        prop_assert!(found.k() >= value.k());
    }
}

/// Compares with the definitions, in floats: the models are the worst of all classes.
fn by_hand(found: &Models, classes: &[Vec<u8>], all: &[u8]) -> Result<(), TestCaseError> {
    let values: BTreeSet<u8> = all.iter().copied().collect();
    let share = |class: &[u8], value: u8| {
        class.iter().filter(|&&other| other == value).count() as f64 / class.len() as f64
    };
    let worst = |of: &dyn Fn(&[u8]) -> f64| classes.iter().map(|c| of(c)).fold(0.0, f64::max);
    let over = |of: &dyn Fn(f64, f64) -> f64, class: &[u8]| {
        let each = values.iter().map(|&value| of(share(class, value), share(all, value)));
        each.collect::<Vec<f64>>()
    };
    let largest = |values: Vec<f64>| values.into_iter().fold(0.0, f64::max);
    let alpha = worst(&|class| largest(over(&|q, _| q, class)));
    let equal = worst(&|class| over(&|q, p| (q - p).abs() / 2.0, class).iter().sum());
    let steps = (values.len() as f64 - 1.0).max(1.0);
    let ordered = worst(&|class| {
        let mut sum = 0.0;
        let moved = over(&|q, p| q - p, class);
        moved
            .iter()
            .map(|d| {
                sum += d;
                f64::abs(sum) / steps
            })
            .sum()
    });
    // An edge is half a step long, and what a subtree has too much of must leave it.
    let hierarchical = worst(&|class| {
        let pairs = [0, 1, 2].map(|pair| values.iter().filter(move |&&value| value / 2 == pair));
        let moved = |value: &u8| share(class, *value) - share(all, *value);
        let leaves: f64 = values.iter().map(|value| moved(value).abs()).sum();
        let inner = pairs.map(|pair| pair.map(moved).sum::<f64>().abs());
        (leaves + inner.iter().sum::<f64>()) / 2.0 / 2.0
    });
    let beta = worst(&|class| largest(over(&|q, p| (q - p) / p, class)));
    let too_much = |q: f64, p: f64| if q > p && (q - p) / p > -p.ln() { 1.0 } else { 0.0 };
    let unbounded = worst(&|class| largest(over(&too_much, class))) > 0.0;
    let delta =
        worst(&|c| largest(over(&|q, p| if q > 0.0 { (q / p).ln().abs() } else { 0.0 }, c)));
    let lacking =
        worst(&|class| largest(over(&|q, _| if q > 0.0 { 0.0 } else { 1.0 }, class))) > 0.0;
    let entropy = |class: &[u8]| -> f64 {
        over(&|q, _| if q > 0.0 { -q * q.ln() } else { 0.0 }, class).iter().sum()
    };
    let least = classes.iter().map(|class| entropy(class).exp()).fold(f64::INFINITY, f64::min);
    for (what, ours, theirs) in [
        ("alpha", found.alpha.to_f64(), alpha),
        ("equal", found.equal.to_f64(), equal),
        ("ordered", found.ordered.unwrap().to_f64(), ordered),
        ("hierarchical", found.hierarchical.unwrap().to_f64(), hierarchical),
        ("beta", found.beta.to_f64(), beta),
        ("delta", found.delta_observed.to_f64().ln(), delta),
        ("entropy", found.entropy, least),
    ] {
        prop_assert!(near(ours, theirs), "{} is {}, by hand {}", what, ours, theirs);
    }
    prop_assert_eq!(found.enhanced_beta == Bound::Unbounded, unbounded);
    prop_assert_eq!(found.delta_strict == Bound::Unbounded, lacking);
    for (l, c) in recursive_by_hand(classes, values.len()) {
        let ours = found.recursive.get(&l).copied().unwrap_or(Bound::Unbounded);
        prop_assert_eq!(ours, c, "l = {}", l);
    }
    Ok(())
}

fn recursive_by_hand(classes: &[Vec<u8>], values: usize) -> Vec<(u64, Bound)> {
    let c = |class: &Vec<u8>, l: usize| {
        let mut counts: BTreeMap<u8, u128> = BTreeMap::new();
        class.iter().for_each(|value| *counts.entry(*value).or_default() += 1);
        let mut counts: Vec<u128> = counts.into_values().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let tail = counts.iter().skip(l - 1).sum();
        Ratio::new(counts[0], tail).map_or(Bound::Unbounded, Bound::Finite)
    };
    let worst = |l: usize| classes.iter().map(|class| c(class, l)).max().unwrap();
    (2..=values).map(|l| (l as u64, worst(l))).collect()
}
