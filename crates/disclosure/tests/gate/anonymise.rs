//! Anonymisation against the optimum that others computed (shared vectors, `anonymity`): ARX on its
//! copy of adult, and an exhaustive search without any privacy tool.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use disclosure::{
    Anonymised, Column, DeltaValues, Distance, Hierarchy, Kind, Method, Metric, Model, Plan, Ratio,
    Sensitive, Table, anonymise,
};
use serde_json::Value;

fn vectors() -> Option<PathBuf> {
    let folder =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/anonymity"));
    if !folder.is_dir() {
        println!("skipped: no shared vectors");
        return None;
    }
    Some(folder)
}

/// The records of a file, cells trimmed.
fn records(path: &str, separator: u8, header: bool) -> Option<Vec<Vec<String>>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(header)
        .trim(csv::Trim::All)
        .from_path(vectors()?.join(path))
        .unwrap();
    let record = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    Some(reader.records().map(|r| record(r.unwrap())).collect())
}

fn table(path: &str, separator: u8) -> Option<Table> {
    let rows = records(path, separator, false)?;
    let (names, rows) = rows.split_first().unwrap();
    let column = |(at, name): (usize, &String)| {
        let cells: Vec<String> = rows.iter().map(|row| row[at].clone()).collect();
        Column::encode(name, &cells).unwrap()
    };
    Some(Table::new(names.iter().enumerate().map(column).collect()).unwrap())
}

fn hierarchy(path: &str, separator: u8) -> Hierarchy {
    Hierarchy::new(&records(path, separator, false).unwrap()).unwrap()
}

fn ratio(text: &str) -> Ratio {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: u128 = format!("{whole}{fraction}").parse().unwrap();
    Ratio::new(digits, 10_u128.pow(fraction.len().try_into().unwrap())).unwrap()
}

fn run(table: &Table, plan: &Plan) -> Anonymised {
    anonymise(table, plan, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// ARX's δ is of base 2.
fn model(text: &str, occupation: &Hierarchy) -> Model {
    let attribute = "occupation".to_owned();
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        ["l", l] => Model::DistinctLDiversity { attribute, l: l.parse().unwrap() },
        ["el", l] => Model::EntropyLDiversity { attribute, l: l.parse().unwrap() },
        ["cl", c, l] => {
            Model::RecursiveCLDiversity { attribute, c: ratio(c), l: l.parse().unwrap() }
        }
        ["t", t] => Model::TCloseness { attribute, t: ratio(t), distance: Distance::Equal },
        ["th", t] => {
            let distance = Distance::Hierarchical(occupation.clone());
            Model::TCloseness { attribute, t: ratio(t), distance }
        }
        ["b", beta] => Model::BetaLikeness { attribute, beta: ratio(beta), enhanced: false },
        ["eb", beta] => Model::BetaLikeness { attribute, beta: ratio(beta), enhanced: true },
        ["d", delta] => Model::DeltaDisclosure {
            attribute,
            ratio: delta.parse::<f64>().unwrap().exp2(),
            values: DeltaValues::Observed,
        },
        _ => panic!("{text}"),
    }
}

#[test]
fn arx_finds_nothing_better() {
    let Some(adult) = table("arx/adult.csv", b';') else { return };
    let of = |name: &str| hierarchy(&format!("arx/adult_hierarchy_{name}.csv"), b';');
    let oracle = vectors().unwrap().join("oracles/arx_adult_optimal.jsonl");
    let mut same = BTreeMap::new();
    for line in std::fs::read_to_string(oracle).unwrap().lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| record[key].as_str().unwrap();
        let metric = match text("metric") {
            "loss" => Metric::Loss,
            "loss_gm" => Metric::GeometricLoss,
            "dm" => Metric::Discernibility,
            "aecs" => Metric::AverageClassSize,
            "nm_entropy" => Metric::NonUniformEntropy,
            "height" => Metric::Height,
            "precision" => Metric::Precision,
            other => panic!("{other}"),
        };
        let mut models = vec![Model::KAnonymity { k: record["k"].as_u64().unwrap() }];
        if text("extra_model") != "none" {
            models.push(model(text("extra_model"), &of("occupation")));
        }
        let names = record["qi"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let plan = Plan {
            quasi_identifiers: names.map(|name| (name.to_owned(), of(name))).collect(),
            sensitive: vec![Sensitive { name: "occupation".into(), kind: Kind::Categorical }],
            models,
            metric,
            suppression_limit: ratio(&record["suppression_limit"].to_string()),
            method: Method::Optimal,
        };
        let start = std::time::Instant::now();
        let found = run(&adult, &plan);
        let took = start.elapsed();
        let expected: Vec<usize> = record["transformation"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| l.as_u64().unwrap() as usize)
            .collect();
        let score: f64 = text("score_min").parse().unwrap();
        let suppressed = found.suppressed.iter().filter(|row| **row).count();
        let close = (found.score - score).abs() <= 1e-9 * score.max(1.0);
        println!(
            "{} {} {} {} | {:?} {} {suppressed} | {expected:?} {score} {} | evaluated {} in {took:?} {}",
            record["k"],
            record["suppression_limit"],
            text("metric"),
            text("extra_model"),
            found.levels,
            found.score,
            record["suppressed"],
            found.evaluated,
            if found.levels == expected || close { "same" } else { "OTHER" }
        );
        *same.entry(found.levels == expected || close).or_insert(0) += 1;
    }
    assert_eq!(same, BTreeMap::from([(true, 157)]));
}
