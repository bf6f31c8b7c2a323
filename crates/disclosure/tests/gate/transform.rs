//! Transformations from outside: what they promise is measured, on small random tables.

use std::ops::ControlFlow;

use chacha20::ChaCha20Rng;
use disclosure::{
    Aggregated, AnonymiseError, Coding, Column, Hierarchy, Method, Metric, Model, Nulls, Plan,
    Question, Ratio, Table, Transformation, Transformed, anonymise, flag_of, measure, recode,
    recode_locally, transform,
};
use domain::Reason as _;
use proptest::prelude::*;
use rand_core::SeedableRng as _;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// Rows of small numbers; 0 is missing.
fn table(rows: &[[u8; 3]]) -> Table {
    let text = |value: u8| if value == 0 { String::new() } else { value.to_string() };
    let column = |(at, name): (usize, &&str)| {
        let cells: Vec<String> = rows.iter().map(|row| text(row[at])).collect();
        Column::encode(name, &cells).unwrap()
    };
    Table::new(NAMES.iter().enumerate().map(column).collect()).unwrap()
}

fn rows(least: u8) -> impl Strategy<Value = Vec<[u8; 3]>> {
    prop::collection::vec([least..4, least..3, least..5], 8..40)
}

fn apply(table: &Table, transformation: &Transformation) -> Transformed {
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    let watch = &mut |_| ControlFlow::Continue(());
    transform(table, &[], transformation, &mut rng, watch).unwrap()
}

fn suppression(weights: [u64; 3], k: u64) -> Transformation {
    let columns = NAMES.into_iter().zip(weights).map(|(name, weight)| (name.to_owned(), weight));
    Transformation::CellSuppression { columns: columns.collect(), k }
}

fn k_of(table: &Table, columns: Vec<String>, nulls: Nulls) -> u64 {
    let question = Question { quasi_identifiers: columns, nulls, ..Question::default() };
    measure(table, &question).unwrap().k().unwrap()
}

fn texts(table: &Table) -> Vec<Vec<String>> {
    let cell = |row: usize| table.columns().iter().map(move |c| c.cell(row).unwrap().to_owned());
    let mut rows: Vec<Vec<String>> = (0..table.rows()).map(|row| cell(row).collect()).collect();
    rows.sort_unstable();
    rows
}

proptest! {
    #[test]
    fn cell_suppression_reaches_k_in_both_readings(
        rows in rows(0), weights in [1_u64..4, 1..4, 1..4], k in 2_u64..5,
    ) {
        let before = table(&rows);
        let found = apply(&before, &suppression(weights, k));
        let names: Vec<String> = NAMES.iter().map(|&name| name.to_owned()).collect();
        let flags = names.iter().map(|name| flag_of(name));
        let seen: Vec<String> = names.iter().cloned().chain(flags).collect();
        for nulls in [Nulls::Value, Nulls::Wildcard] {
            prop_assert!(k_of(&found.table, names.clone(), nulls) >= k);
            // Whoever reads the flags tells suppressed cells from missing ones.
            prop_assert!(k_of(&found.table, seen.clone(), nulls) >= k);
        }
        // Only flagged cells are gone, and they are counted.
        let mut flagged = 0;
        for name in NAMES {
            let (old, new) = (before.column(name).unwrap(), found.table.column(name).unwrap());
            let flags = found.table.column(&flag_of(name)).unwrap();
            for row in 0..before.rows() {
                let is_flagged = flags.cell(row) == Some("1");
                flagged += u64::from(is_flagged);
                prop_assert_eq!(new.cell(row), if is_flagged { Some("") } else { old.cell(row) });
            }
        }
        let suppression = found.suppression.unwrap();
        prop_assert_eq!(suppression.cells, flagged);
        prop_assert!(suppression.at_risk <= suppression.cells);
        prop_assert_eq!(suppression.at_risk == 0, k_of(&before, names, Nulls::Value) >= k);
    }

    #[test]
    fn cell_suppression_does_not_depend_on_the_order_of_rows(
        (rows, shuffled) in rows(0).prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
    ) {
        let of = |rows: &[[u8; 3]]| texts(&apply(&table(rows), &suppression([1, 2, 1], 3)).table);
        prop_assert_eq!(of(&rows), of(&shuffled));
    }

    #[test]
    fn micro_aggregation_gives_k_and_keeps_means(rows in rows(1), k in 2_u64..5) {
        let columns = NAMES.map(|name| Aggregated { column: name.into(), order: None });
        let micro = Transformation::MicroAggregation { columns: columns.into(), group: k };
        let (before, after) = (table(&rows), apply(&table(&rows), &micro).table);
        let names = NAMES.iter().map(|&name| name.to_owned()).collect();
        prop_assert!(k_of(&after, names, Nulls::Value) >= k);
        for name in NAMES {
            // In thousandths, to which means are rounded: each row is off by at most a half.
            let sum = |table: &Table| -> f64 {
                let column = table.column(name).unwrap();
                (0..rows.len()).map(|row| column.cell(row).unwrap().parse::<f64>().unwrap()).sum()
            };
            let rows = f64::from(u32::try_from(rows.len()).unwrap());
            prop_assert!((sum(&before) - sum(&after)).abs() <= rows * 0.000_501);
        }
    }

    #[test]
    fn coding_twice_is_coding_once(rows in rows(0), bound in 1_u8..4) {
        let coding = || Coding { column: "c".into(), bound: bound.to_string(), label: None };
        for once in [Transformation::TopCoding(coding()), Transformation::BottomCoding(coding())] {
            let first = apply(&table(&rows), &once);
            let second = apply(&first.table, &once);
            prop_assert_eq!(&second.table, &first.table);
            prop_assert_eq!(second.changes[0].changed, 0);
        }
    }
}

/// Values 1 to 4, pairs, all.
fn hierarchy() -> Hierarchy {
    let path = |value: u8| vec![value.to_string(), format!("{} or so", value / 2), "*".into()];
    Hierarchy::new(&(1..6).map(path).collect::<Vec<_>>()).unwrap()
}

fn plan(limit: u128) -> Plan {
    Plan {
        quasi_identifiers: NAMES.map(|name| (name.to_owned(), hierarchy())).into(),
        sensitive: vec![],
        models: vec![Model::KAnonymity { k: 3 }],
        metric: Metric::Loss,
        suppression_limit: Ratio::new(limit, 100).unwrap(),
        method: Method::Optimal,
    }
}

fn half() -> Ratio {
    Ratio::new(1, 2).unwrap()
}

proptest! {
    #[test]
    fn local_recoding_keeps_more_rows_and_k(rows in rows(1)) {
        let (before, plan) = (table(&rows), plan(60));
        let found = anonymise(&before, &plan, &mut |_| ControlFlow::Continue(())).unwrap();
        let local = recode_locally(&before, &plan, &found, half(), &mut |_| ControlFlow::Continue(()));
        let local = local.unwrap();
        for row in 0..rows.len() {
            if !found.suppressed[row] {
                prop_assert!(!local.suppressed[row]);
                for (old, new) in found.table.columns().iter().zip(local.table.columns()) {
                    prop_assert_eq!(old.cell(row), new.cell(row));
                }
            }
        }
        let kept: Vec<bool> = local.suppressed.iter().map(|suppressed| !suppressed).collect();
        let names: Vec<String> = NAMES.iter().map(|&name| name.to_owned()).collect();
        prop_assert!(k_of(&local.table.filtered(&kept).unwrap(), names, Nulls::Value) >= 3);
        // Fewer rows than k are left: with the highest level of each column any three make a class.
        let count = |list: &[bool]| list.iter().filter(|&&suppressed| suppressed).count();
        prop_assert!(count(&local.suppressed) < 3);
        let kept: u64 = local.rounds.iter().map(|round| round.kept).sum();
        let more = count(&found.suppressed) - count(&local.suppressed);
        prop_assert_eq!(kept, u64::try_from(more).unwrap());
        prop_assert!(local.rounds.iter().all(|round| 2 * round.kept >= round.rows));
    }
}

#[test]
fn levels_chosen_beforehand_are_those_of_the_search() {
    let rows: Vec<[u8; 3]> =
        [[1, 1, 1], [1, 1, 2], [2, 1, 3], [2, 1, 4], [3, 2, 1], [3, 2, 2]].repeat(3);
    let plan = plan(0);
    let before = table(&rows);
    let found = anonymise(&before, &plan, &mut |_| ControlFlow::Continue(())).unwrap();
    let fixed = recode(&before, &plan, &found.levels).unwrap();
    assert_eq!((&fixed.table, &fixed.levels), (&found.table, &found.levels));
    assert_eq!((fixed.score, fixed.classes), (found.score, found.classes));
    // What is not named stays as it is.
    assert_eq!(recode(&before, &plan, &[]).unwrap().table, before);
    let refused = recode(&before, &plan, &[0, 3]).unwrap_err();
    let expected = AnonymiseError::NoLevel { column: "b".into(), level: 3, highest: 2 };
    assert_eq!((refused.reason(), refused), ("anonymise.no-level", expected));
}

#[test]
fn a_share_of_no_rows_is_refused() {
    let (before, plan) = (table(&[[1, 1, 1], [1, 1, 2], [2, 1, 3]]), plan(0));
    let watch = &mut |_: disclosure::Progress| ControlFlow::Continue(());
    let found = anonymise(&before, &plan, watch).unwrap();
    for keep in [Ratio::ZERO, Ratio::new(3, 2).unwrap()] {
        let refused = recode_locally(&before, &plan, &found, keep, watch).unwrap_err();
        assert_eq!(refused.reason(), "anonymise.keep");
    }
}
