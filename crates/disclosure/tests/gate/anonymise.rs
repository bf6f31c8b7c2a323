//! Anonymisation against the optimum that others computed (shared vectors, `anonymity`): ARX on its
//! copy of adult, and an exhaustive search without any privacy tool.

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
    let mut agreed = 0;
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
        let found = run(&adult, &plan);
        let levels: Vec<usize> = serde_json::from_value(record["transformation"].clone()).unwrap();
        let score: f64 = text("score_min").parse().unwrap();
        let tie = (found.score - score).abs() <= 1e-9 * score.max(1.0);
        assert!(found.levels == levels || tie, "{line}: {:?} {}", found.levels, found.score);
        assert!(found.optimal, "{line}");
        agreed += 1;
    }
    assert_eq!(agreed, 157);
}

/// The optimum over all 1,512 nodes of ANJANA's hierarchies, computed without any privacy tool.
#[test]
fn an_exhaustive_search_finds_nothing_better() {
    let Some(adult) = table("anjana/adult.csv", b',') else { return };
    let files = [
        ("age", "age"),
        ("education", "education"),
        ("marital-status", "marital"),
        ("occupation", "occupation"),
        ("sex", "sex"),
        ("native-country", "country"),
    ];
    let of = |file: &str| hierarchy(&format!("anjana/hierarchies/{file}.csv"), b',');
    let oracle = vectors().unwrap().join("oracles/adult_exhaustive_optimum.json");
    let oracle: Value = serde_json::from_slice(&std::fs::read(oracle).unwrap()).unwrap();
    let records = oracle["records"].as_array().unwrap();
    for record in records {
        let plan = Plan {
            quasi_identifiers: files.map(|(name, file)| (name.to_owned(), of(file))).into(),
            sensitive: vec![],
            models: vec![Model::KAnonymity { k: record["k"].as_u64().unwrap() }],
            metric: Metric::Loss,
            suppression_limit: Ratio::new(
                record["suppression_percent"].as_u64().unwrap().into(),
                100,
            )
            .unwrap(),
            method: Method::Optimal,
        };
        let found = run(&adult, &plan);
        let levels: Vec<usize> = serde_json::from_value(record["optimum"].clone()).unwrap();
        assert_eq!(found.levels, levels, "{record}");
        assert!((found.score - record["loss"].as_f64().unwrap()).abs() < 1e-8, "{record}");
        let suppressed = found.suppressed.iter().filter(|row| **row).count();
        assert_eq!(suppressed as u64, record["suppressed"].as_u64().unwrap(), "{record}");
        assert_eq!(found.classes, record["classes"].as_u64().unwrap(), "{record}");
    }
    assert_eq!(records.len(), 17);
}
