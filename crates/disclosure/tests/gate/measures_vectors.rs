//! The measures against an independent computation of the papers' definitions over real tables
//! (shared vectors, `anonymity`).

use std::path::Path;

use disclosure::{Bound, Kind, Measures, Models, Question, Ratio, Reading, Sensitive, measure};
use serde_json::Value;

use crate::vectors::{VECTORS, oracle, read};

#[test]
fn measures_agree_with_the_definitions_on_every_record() {
    let Some(oracle) = oracle("pycanon_measures.json") else { return };
    let records = oracle["records"].as_array().unwrap();
    let mut differences = Vec::new();
    for record in records {
        let name = record["dataset"].as_str().unwrap();
        let table = read(&Path::new(VECTORS).join(name));
        let found = measure(&table, &question(record)).unwrap();
        let label = format!("{name} {} {}", record["qi"], record["sa"]);
        for (what, ours, theirs) in compare(&found, record) {
            if !near(ours, theirs) {
                differences.push(format!("{label}: {what} is {ours}, expected {theirs}"));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
    assert_eq!(records.len(), 37);
    println!("{} of {} records agree in every measure", records.len(), records.len());
}

fn question(record: &Value) -> Question {
    let names = |key: &str| -> Vec<String> {
        record[key].as_array().unwrap().iter().map(|n| n.as_str().unwrap().to_owned()).collect()
    };
    let sensitive = |name: String| {
        let numeric = record["sa_numeric"][&name].as_bool().unwrap();
        Sensitive { kind: if numeric { Kind::Numeric } else { Kind::Categorical }, name }
    };
    Question {
        quasi_identifiers: names("qi"),
        sensitive: names("sa").into_iter().map(sensitive).collect(),
        reading: if record["gen"] == true { Reading::Alone } else { Reading::Joint },
        ..Question::default()
    }
}

/// Each value of the record beside ours; one that does not apply is −1.
fn compare(found: &Measures, record: &Value) -> Vec<(String, f64, f64)> {
    let expected = &record["reference_definitions"];
    let models = found.worst().unwrap();
    let mut compared = vec![
        ("k", found.k().unwrap() as f64, number(&expected["k"])),
        ("alpha", models.alpha.to_f64(), number(&expected["alpha"])),
        ("l", models.distinct as f64, number(&expected["l"])),
        ("entropy l", models.entropy, number(&expected["entropy_l"])),
        ("t equal", models.equal.to_f64(), number(&expected["t_equal"])),
        ("t ordered", models.ordered.map_or(-1.0, Ratio::to_f64), number(&expected["t_ordered"])),
        ("beta", models.beta.to_f64(), number(&expected["beta"])),
        ("enhanced beta", finite(models.enhanced_beta), number(&expected["enhanced_beta"])),
        ("delta observed", models.delta_observed.to_f64().ln(), number(&expected["delta_ln"])),
        ("delta strict", finite(models.delta_strict).ln(), number(&expected["delta_strict"])),
    ];
    let sizes = &record["pycanon_metrics"]["sizes_ec"];
    let classes = found.classes.as_ref().unwrap();
    compared.extend([
        ("classes", classes.count as f64, number(&sizes["n_ec"])),
        ("smallest class", classes.smallest as f64, number(&sizes["min_ec"])),
        ("largest class", classes.largest as f64, number(&sizes["max_ec"])),
        ("mean class", classes.mean.to_f64(), number(&sizes["mean_ec"])),
        ("median class", classes.median.to_f64(), number(&sizes["median_ec"])),
    ]);
    let max = found.risk.unwrap().prosecutor_max.to_f64();
    compared.push(("largest risk", max, number(&record["pycanon_metrics"]["max_rir"])));
    let compared = compared.into_iter().map(|(what, ours, theirs)| (what.to_owned(), ours, theirs));
    compared.chain(recursive(&models, &expected["recursive_c_inf"])).collect()
}

/// An l that we leave out is unbounded.
fn recursive<'a>(
    models: &'a Models,
    expected: &'a Value,
) -> impl Iterator<Item = (String, f64, f64)> + 'a {
    expected.as_object().unwrap().iter().map(|(l, c)| {
        let ours = models.recursive.get(&l.parse().unwrap()).copied();
        (format!("c of l = {l}"), finite(ours.unwrap_or(Bound::Unbounded)), number(c))
    })
}

fn finite(bound: Bound) -> f64 {
    match bound {
        Bound::Finite(ratio) => ratio.to_f64(),
        Bound::Unbounded => f64::INFINITY,
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Null => -1.0,
        Value::String(text) if text == "Infinity" => f64::INFINITY,
        value => value.as_f64().unwrap(),
    }
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
}
