//! Where pyCANON 1.3.5 and ANJANA 1.2.3 are known to be wrong (shared vectors,
//! `known_wrong_pycanon_anjana.json`): a test for each fault, named by its id, with the right answer.
//! A1 and A1b speak of building intervals, which is not done here.

use std::ops::ControlFlow;

use disclosure::{
    AnonymiseError, Anonymised, Bound, Column, Hierarchy, Kind, Measures, Method, Metric, Model,
    Models, Plan, Ratio, Reading, Table, anonymise, measure,
};
use domain::Reason as _;

use crate::measures::{question, ratio, table};
use crate::vectors::oracle;

/// The classes of `qi` as given, one letter per row, and their sensitive values.
fn measured(qi: &str, sensitive: &str) -> Measures {
    let column = |name, letters: &str| {
        let cells: Vec<String> = letters.chars().map(String::from).collect();
        Column::encode(name, &cells).unwrap()
    };
    let table = Table::new(vec![column("q", qi), column("s", sensitive)]).unwrap();
    measure(&table, &question(&["q"], &["s"])).unwrap()
}

/// Of one class.
fn models(sensitive: &str) -> Models {
    measured(&"q".repeat(sensitive.len()), sensitive).worst().unwrap()
}

#[test]
fn p1_a_missing_quasi_identifier_is_a_class_of_its_own() {
    let rows = table(&["q s", "a x", "a x", "a x", "b x", "b x", "b x", "- x"]);
    assert_eq!(measure(&rows, &question(&["q"], &["s"])).unwrap().k(), Some(1));
}

#[test]
fn p2_and_p2b_the_order_and_the_labels_of_rows_say_nothing() {
    // There are no labels: a filtered table is its rows.
    let found = measured("aabb", "xxxy").worst().unwrap();
    assert_eq!(measured("abab", "xxxy").worst().unwrap(), found);
    assert_eq!(measured("bbaa", "yxxx").worst().unwrap(), found);
    assert_eq!((found.distinct, found.alpha), (1, ratio(1, 1)));
}

#[test]
fn p3_recursive_diversity_begins_with_the_most_frequent_value() {
    let found = models(&["x".repeat(98).as_str(), "yz"].concat());
    assert_eq!(found.recursive[&3], Bound::Finite(ratio(98, 1)));
    assert_eq!(found.recursive[&2], Bound::Finite(ratio(98, 2)));
}

#[test]
fn p4_entropy_of_equal_counts_is_exact() {
    for l in [2_usize, 3, 6, 7, 10] {
        let class: String = ('a'..='z').take(l).collect();
        assert_eq!(models(&class).entropy, l as f64);
    }
}

#[test]
fn p4b_entropy_is_not_truncated() {
    // Counts 1, 1, 2 and 1, 1, 3, say: e^H lies between whole numbers.
    let entropy = models("aabc").entropy;
    assert!((entropy - 2.828_427_124_746_19).abs() < 1e-12, "{entropy}");
}

#[test]
fn p5_delta_is_unbounded_where_a_value_is_absent() {
    let found = measured("aabb", "xxyy").worst().unwrap();
    assert_eq!(found.delta_strict, Bound::Unbounded);
    assert_eq!(found.delta_observed, ratio(2, 1));
    assert!((found.delta_observed.to_f64().ln() - std::f64::consts::LN_2).abs() < 1e-15);
}

#[test]
fn p6_enhanced_beta_may_be_unbounded() {
    // p(r) = 2/100, q(r) = 2/2: a gain of 49 is more than −ln 0.02 = 3.91, whatever β is.
    let (qi, sensitive) = (["aa", &"b".repeat(98)].concat(), ["rr", &"x".repeat(98)].concat());
    let found = measured(&qi, &sensitive).worst().unwrap();
    assert_eq!((found.beta, found.enhanced_beta), (ratio(49, 1), Bound::Unbounded));
}

#[test]
fn p7_one_numeric_value_is_at_distance_0() {
    let mut asked = question(&["q"], &["s"]);
    asked.sensitive[0].kind = Kind::Numeric;
    let found = measure(&table(&["q s", "a 5", "a 5", "b 5"]), &asked).unwrap().worst().unwrap();
    assert_eq!((found.equal, found.ordered), (Ratio::ZERO, Some(Ratio::ZERO)));
}

#[test]
fn p8_a_missing_number_is_one_value_to_every_model() {
    let mut asked = question(&["q"], &["s"]);
    asked.sensitive[0].kind = Kind::Numeric;
    let rows = table(&["q s", "a 1", "a 2", "a -", "b 1", "b 2", "b -"]);
    let found = measure(&rows, &asked).unwrap().worst().unwrap();
    assert_eq!((found.alpha, found.distinct, found.entropy), (ratio(1, 3), 3, 3.0));
    assert_eq!((found.beta, found.equal), (Ratio::ZERO, Ratio::ZERO));
    assert_eq!(found.ordered, None, "a missing number has no place in the order");
}

#[test]
fn p9_a_missing_text_is_a_value() {
    let rows = table(&["q s", "a x", "a y", "a -"]);
    let found = measure(&rows, &question(&["q"], &["s"])).unwrap().worst().unwrap();
    assert_eq!((found.distinct, found.entropy), (3, 3.0));
}

#[test]
fn p12_all_measures_of_the_joint_reading_use_the_joint_classes() {
    let mut asked = question(&["q"], &["s", "t"]);
    asked.reading = Reading::Joint;
    let rows = table(&["q s t", "a x u", "a x v", "a y u", "a y w"]);
    let found = measure(&rows, &asked).unwrap().worst().unwrap();
    assert_eq!((found.distinct, found.alpha), (1, ratio(1, 1)));
    assert_eq!(found.recursive[&2], Bound::Unbounded);
}

#[test]
fn p13_the_average_risk_is_weighted_by_rows() {
    let qi = ["aa", &"b".repeat(18)].concat();
    let risk = measured(&qi, &"x".repeat(20)).risk.unwrap();
    assert!((risk.prosecutor_average - 0.1).abs() < 1e-15, "{risk:?}");
}

#[test]
fn p14_a_tie_has_one_majority() {
    assert_eq!(models("xxyy").minority, ratio(1, 2));
}

#[test]
fn p15_an_empty_table_has_no_k() {
    assert_eq!(measured("", "").k(), None);
}

/// `table` made 2-anonymous by the columns named, none of which has a hierarchy, with so many rows in
/// a hundred suppressed.
fn anonymised(
    table: &Table,
    columns: &[&str],
    percent: u128,
) -> Result<Anonymised, AnonymiseError> {
    let flat = |name: &&str| (name.to_string(), Hierarchy::flat(table.column(name).unwrap()));
    let plan = Plan {
        quasi_identifiers: columns.iter().map(flat).collect(),
        sensitive: vec![],
        models: vec![Model::KAnonymity { k: 2 }],
        metric: Metric::Loss,
        suppression_limit: ratio(percent, 100),
        method: Method::Optimal,
    };
    anonymise(table, &plan, &mut |_| ControlFlow::Continue(()))
}

#[test]
fn a2_suppression_adds_no_row_numbers() {
    let people = table(&["n z s", "1 2 x", "1 2 x", "3 4 x"]);
    let found = anonymised(&people, &["n", "z"], 50).unwrap();
    let names: Vec<&str> = found.table.columns().iter().map(Column::name).collect();
    assert_eq!(
        (names.as_slice(), found.suppressed),
        (["n", "z", "s"].as_slice(), vec![false, false, true])
    );
}

#[test]
fn a3_an_unreachable_k_is_an_error() {
    let people = table(&["q s", "1 x", "2 x"]);
    assert_eq!(anonymised(&people, &["q"], 0).unwrap_err().reason(), "anonymise.impossible");
}

#[test]
fn a4_a_quasi_identifier_without_a_hierarchy_stays_as_it_is() {
    let people = table(&["w s", "1 x", "1 x", "2 x"]);
    let found = anonymised(&people, &["w"], 50).unwrap();
    assert_eq!((found.table.columns()[0].cell(0), found.levels), (Some("1"), vec![0]));
}

#[test]
fn a5_what_anjana_released_is_not_2_anonymous() {
    let released = table(&["q s", "1 x", "1 x", "- x", "2 x", "2 x"]);
    assert_eq!(measure(&released, &question(&["q"], &["s"])).unwrap().k(), Some(1));
    assert_eq!(anonymised(&released, &["q"], 0).unwrap_err().reason(), "anonymise.impossible");
    assert_eq!(
        anonymised(&released, &["q"], 20).unwrap().suppressed,
        [false, false, true, false, false]
    );
}

#[test]
fn every_known_fault_has_a_test() {
    let Some(known) = oracle("known_wrong_pycanon_anjana.json") else { return };
    let ids = known.as_array().unwrap().iter().map(|fault| fault["id"].as_str().unwrap());
    let here = include_str!("known_faults.rs");
    let tests: Vec<&str> = here.lines().filter(|line| line.starts_with("fn ")).collect();
    for id in ids {
        let short = id.split('-').next().unwrap().to_lowercase();
        let named = |test: &&str| test.split(['_', ' ']).any(|word| word == short);
        assert!(tests.iter().any(named) || ["a1", "a1b"].contains(&short.as_str()), "{id}");
    }
}
