//! The search against building every generalised table, on small random tables.

use std::ops::ControlFlow;

use disclosure::{
    AnonymiseError, Anonymised, Classes, Column, Hierarchy, Method, Metric, Model, Plan, Ratio,
    Table, anonymise,
};
use domain::Reason as _;
use proptest::prelude::*;

/// Values `0` to `7`, pairs, halves, all.
fn hierarchy(depth: usize) -> Hierarchy {
    let path = |value: usize| {
        let texts = [
            value.to_string(),
            format!("pair {}", value / 2),
            format!("half {}", value / 4),
            "*".to_owned(),
        ];
        texts[..depth].to_vec()
    };
    Hierarchy::new(&(0..8).map(path).collect::<Vec<_>>()).unwrap()
}

fn column(name: &str, values: &[u8]) -> Column {
    let cells: Vec<String> = values.iter().map(ToString::to_string).collect();
    Column::encode(name, &cells).unwrap()
}

fn table(rows: &[(u8, u8, u8, u8)]) -> Table {
    let of = |name, value: fn(&(u8, u8, u8, u8)) -> u8| {
        column(name, &rows.iter().map(value).collect::<Vec<_>>())
    };
    Table::new(vec![of("a", |r| r.0), of("b", |r| r.1), of("c", |r| r.2), of("s", |r| r.3)])
        .unwrap()
}

fn plan(limit: u64) -> Plan {
    Plan {
        quasi_identifiers: vec![
            ("a".into(), hierarchy(4)),
            ("b".into(), hierarchy(3)),
            ("c".into(), hierarchy(2)),
        ],
        sensitive: vec![],
        models: vec![Model::KAnonymity { k: 2 }],
        metric: Metric::AverageClassSize,
        suppression_limit: Ratio::new(limit.into(), 100).unwrap(),
        method: Method::Optimal,
    }
}

fn run(table: &Table, plan: &Plan) -> Result<Anonymised, AnonymiseError> {
    anonymise(table, plan, &mut |_| ControlFlow::Continue(()))
}

/// Rows in classes of one, and larger classes, at one node.
fn at_node(table: &Table, plan: &Plan, levels: [usize; 3]) -> (u64, u64) {
    let generalised: Vec<Column> = table
        .columns()
        .iter()
        .map(|column| {
            let place = plan.quasi_identifiers.iter().position(|(name, _)| name == column.name());
            let cells: Vec<String> = column
                .codes()
                .iter()
                .map(|&code| {
                    let value: usize = column.dictionary()[code as usize].parse().unwrap();
                    match place.map(|place| levels[place]) {
                        None | Some(0) => value.to_string(),
                        Some(1) => format!("pair {}", value / 2),
                        Some(2) => format!("half {}", value / 4),
                        Some(_) => "*".to_owned(),
                    }
                })
                .collect();
            Column::encode(column.name(), &cells).unwrap()
        })
        .collect();
    let generalised = Table::new(generalised).unwrap();
    let classes = Classes::over(&generalised, &["a", "b", "c"]).unwrap();
    let small: u64 = classes.sizes().iter().filter(|size| **size < 2).sum();
    let kept = classes.sizes().iter().filter(|size| **size >= 2).count() as u64;
    (small, kept)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_node_is_cheaper_than_the_one_found(
        rows in prop::collection::vec((0_u8..8, 0_u8..8, 0_u8..8, 0_u8..8), 1..60),
        limit in 0_u64..=100,
    ) {
        let table = table(&rows);
        let plan = plan(limit);
        let rows_total = rows.len() as u64;
        let most = limit * rows_total / 100;
        let mut best = f64::INFINITY;
        for a in 0..4 {
            for b in 0..3 {
                for c in 0..2 {
                    let (small, kept) = at_node(&table, &plan, [a, b, c]);
                    if small <= most {
                        let classes = kept + u64::from(small > 0);
                        best = best.min(rows_total as f64 / (classes.max(1)) as f64);
                    }
                }
            }
        }
        match run(&table, &plan) {
            Ok(found) => prop_assert!((found.score - best).abs() < 1e-9, "{} {best}", found.score),
            Err(error) => {
                prop_assert_eq!(error.reason(), "anonymise.impossible");
                prop_assert!(best.is_infinite());
            }
        }
    }
}
