//! The search against looking at every node, on small random tables.

use std::ops::ControlFlow;

use domain::Reason as _;
use proptest::prelude::*;

use super::*;
use crate::hierarchy::Hierarchy;
use crate::measures::{Kind, Order};

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

fn percent(share: u128) -> Ratio {
    Ratio::new(share, 100).unwrap()
}

fn model(which: u8, bound: u128) -> Model {
    let attribute = "s".to_owned();
    match which {
        0 => Model::AlphaAnonymity { attribute, alpha: percent(bound) },
        1 => Model::DistinctLDiversity { attribute, l: 2 },
        2 => Model::EntropyLDiversity { attribute, l: 1.7 },
        3 => Model::RecursiveCLDiversity { attribute, c: percent(3 * bound), l: 2 },
        4 => Model::TCloseness { attribute, t: percent(bound), distance: Distance::Equal },
        5 => Model::TCloseness { attribute, t: percent(bound), distance: Distance::Ordered },
        6 => {
            let distance = Distance::Hierarchical(hierarchy(4));
            Model::TCloseness { attribute, t: percent(bound), distance }
        }
        7 => Model::BetaLikeness { attribute, beta: percent(2 * bound), enhanced: false },
        8 => Model::BetaLikeness { attribute, beta: percent(2 * bound), enhanced: true },
        9 => Model::DeltaDisclosure { attribute, ratio: 2.0, values: DeltaValues::Observed },
        _ => Model::KAnonymity { k: 3 },
    }
}

const METRICS: [Metric; 7] = [
    Metric::Loss,
    Metric::GeometricLoss,
    Metric::NonUniformEntropy,
    Metric::Discernibility,
    Metric::AverageClassSize,
    Metric::Precision,
    Metric::Height,
];

fn plan(metric: Metric, which: u8, bound: u128, limit: u128) -> Plan {
    Plan {
        quasi_identifiers: vec![
            ("a".into(), hierarchy(4)),
            ("b".into(), hierarchy(3)),
            ("c".into(), hierarchy(2)),
        ],
        sensitive: vec![Sensitive { name: "s".into(), kind: Kind::Ordered(Order::ByText) }],
        models: vec![Model::KAnonymity { k: 2 }, model(which, bound)],
        metric,
        suppression_limit: percent(limit),
        method: Method::Optimal,
    }
}

/// The least score of all nodes, each judged by itself.
fn exhaustive(table: &Table, plan: &Plan) -> Option<f64> {
    let prepared = Prepared::new(table, plan).unwrap();
    let scores = prepared.lattice.nodes().unwrap().filter_map(|node| {
        let (mut partition, into) = prepared.base.roll_up(node, &prepared.levels).unwrap();
        partition.count(&prepared.base, &into);
        let mut judged = prepared.problem.judge_sizes(&partition);
        prepared.problem.judge_values(&partition, &mut judged);
        let suppressed = judged.suppressed(&partition);
        let holds = suppressed <= prepared.problem.suppressed_at_most;
        holds.then(|| prepared.problem.utility.score(&partition, &judged.kept))
    });
    scores.min_by(f64::total_cmp)
}

/// Three classes that satisfy δ-disclosure over observed values; the union of the first two does not.
fn fails_above() -> (Table, Plan) {
    // q(x) = 12/40 in the table; 2/10, 0/10 and 10/20 in the classes, 2/20 in the union.
    let cells = |parts: [(&str, usize); 5]| -> Vec<String> {
        parts.iter().flat_map(|(cell, times)| vec![(*cell).to_owned(); *times]).collect()
    };
    let ages = cells([("0", 2), ("0", 8), ("1", 10), ("2", 10), ("2", 10)]);
    let values = cells([("x", 2), ("y", 8), ("y", 10), ("x", 10), ("y", 10)]);
    let columns = vec![Column::encode("a", &ages), Column::encode("s", &values)];
    let table = Table::new(columns.into_iter().map(Result::unwrap).collect()).unwrap();
    let plan =
        Plan { quasi_identifiers: vec![("a".into(), hierarchy(2))], ..plan(Metric::Loss, 9, 0, 0) };
    (table, plan)
}

/// That the node with the union fails says nothing of the node below.
#[test]
fn nodes_below_a_union_that_fails_may_hold() {
    let (table, plan) = fails_above();
    let found = anonymise(&table, &plan, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(found.levels, [0]);
}

/// The most general node holds: whatever the budget, and whether the lattice is numbered or not.
#[test]
fn a_heuristic_finds_the_most_general_node_at_least() {
    let rows: Vec<_> = (0..8).map(|value| (value, 7 - value, value / 2, value)).collect();
    for nodes in [0, 1, 2] {
        let plan = Plan { method: Method::Heuristic { nodes }, ..plan(Metric::Loss, 10, 0, 0) };
        // The highest levels of b and c tell halves apart.
        let plan = Plan { models: vec![Model::KAnonymity { k: 4 }], ..plan };
        let table = table(&rows);
        let found = anonymise(&table, &plan, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(found.path.first().unwrap().0, [3, 2, 1]);
        assert_eq!(found.evaluated, nodes.max(1));
        // One look at the most general node is enough to exclude all others.
        let plan = Plan { models: vec![Model::KAnonymity { k: 5 }], ..plan };
        let refused = anonymise(&table, &plan, &mut |_| ControlFlow::Continue(())).unwrap_err();
        assert_eq!(refused.reason(), "anonymise.impossible");
    }
}

/// The most general node fails, the others may not: no result is no proof.
#[test]
fn a_heuristic_that_looked_at_few_nodes_does_not_say_that_none_satisfies() {
    let (table, plan) = fails_above();
    let plan = |nodes| Plan { method: Method::Heuristic { nodes }, ..plan.clone() };
    let run = |nodes| anonymise(&table, &plan(nodes), &mut |_| ControlFlow::Continue(()));
    let refused = run(1).unwrap_err();
    assert_eq!(refused, AnonymiseError::Budget { evaluated: 1 });
    assert_eq!(refused.reason(), "anonymise.budget");
    assert_eq!(run(100).unwrap().levels, [0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever model and metric, and the bounds below which nodes are never looked at.
    #[test]
    fn pruning_loses_nothing(
        rows in prop::collection::vec((0_u8..8, 0_u8..8, 0_u8..8, 0_u8..8), 1..50),
        which in 0_u8..=10,
        metric in 0_usize..7,
        bound in 5_u128..95,
        limit in prop::sample::select(vec![0_u128, 5, 20, 60, 100]),
    ) {
        let table = table(&rows);
        let plan = plan(METRICS[metric], which, bound, limit);
        let found = anonymise(&table, &plan, &mut |_| ControlFlow::Continue(()));
        match (found, exhaustive(&table, &plan)) {
            (Ok(found), Some(score)) => {
                prop_assert!(found.optimal);
                prop_assert!((found.score - score).abs() <= 1e-9 * score.max(1.0), "{} {score}", found.score);
                let suppressed = found.suppressed.iter().filter(|row| **row).count();
                prop_assert!(suppressed as u128 * 100 <= limit * rows.len() as u128);
                prop_assert_eq!(found.path.last().unwrap().0.clone(), found.levels);
            }
            (Err(error), None) => prop_assert_eq!(error.reason(), "anonymise.impossible"),
            (found, score) => prop_assert!(false, "{found:?} {score:?}"),
        }
    }
}
