//! Further transformations from outside.

use serde_json::{Value, json};

use crate::run::{Bench, Ran};

const TABLE: &str = "\
name,age,city,disease,income
Ann,21,Lund,flu,100
Bea,22,Lund,burn,200
Cid,28,Lund,flu,300
Dan,29,Ystad,cold,400
Eve,61,Kiruna,flu,900
";

const AGES: &str =
    "21,20-24,20-29,*\n22,20-24,20-29,*\n28,25-29,20-29,*\n29,25-29,20-29,*\n61,60-64,60-69,*\n";
const CITIES: &str = "Lund,Skane,*\nYstad,Skane,*\nKiruna,Norrbotten,*\n";

/// Two quasi-identifiers with hierarchies, a sensitive column, a public one.
const COLUMNS: &str = r#"
[columns.age]
role = "quasi-identifier"
hierarchy = "ages.csv"
[columns.city]
role = "quasi-identifier"
hierarchy = "cities.csv"
[columns.disease]
role = "sensitive"
[columns.income]
role = "public"
[[models]]
name = "k-anonymity"
k = 2
[search]
suppression_limit = 0.2
"#;

/// One quasi-identifier, numbers without a hierarchy.
const INCOME: &str = r#"
[columns.income]
role = "quasi-identifier"
[[models]]
name = "k-anonymity"
k = 2
"#;

fn run(table: &str, config: &str) -> (Bench, Ran) {
    let bench = Bench::with(table);
    bench.write("ages.csv", AGES);
    bench.write("cities.csv", CITIES);
    bench.write("plan.toml", config);
    let ran = bench.run(&[
        "anonymise",
        "--json",
        "--input",
        "table.csv",
        "--config",
        "plan.toml",
        "--output",
        "out.csv",
    ]);
    (bench, ran)
}

/// The output and the report of a run that is done.
fn done(table: &str, config: &str) -> (String, Value) {
    let (bench, ran) = run(table, config);
    assert_eq!(ran.code, 0, "{ran:?}");
    (bench.read("out.csv"), ran.json())
}

#[test]
fn levels_are_given_and_cells_suppressed() {
    let config = format!(
        "{COLUMNS}
        [[transformations]]
        kind = \"top-coding\"
        column = \"income\"
        at = 350
        [[transformations]]
        kind = \"global-recoding\"
        levels = {{ age = 1 }}
        [[transformations]]
        kind = \"cell-suppression\"
        k = 2"
    );
    let (output, report) = done(TABLE, &config);
    // The two of 25-29 lack their cities first; Eve then needs the cheapest class beside her.
    let expected = "\
age,city,disease,income,age_suppressed,city_suppressed,suppressed
20-24,Lund,flu,100,0,0,0
20-24,Lund,burn,200,0,0,0
,,flu,300,1,1,0
,,cold,350,1,1,0
,,flu,350,1,1,0
";
    assert_eq!(output, expected);
    assert_eq!(report["transformation"], json!({ "age": 1, "city": 0 }));
    assert_eq!(report["rechecked"], json!({ "k_value": 2, "k_wildcard": 2 }));
    assert_eq!((&report["classes"], &report["randomness"]), (&json!(2), &Value::Null));
    let [coding, recoding, suppression] = report["transformations"].as_array().unwrap().as_slice()
    else {
        panic!("{report:#}")
    };
    let income = json!({
        "column": "income", "cells": 5, "changed": 2, "share_changed": 0.4,
        "mean_absolute_change": 120.0, "correlation": coding["columns"][0]["correlation"],
    });
    assert_eq!((&coding["kind"], &coding["columns"]), (&json!("top-coding"), &json!([income])));
    assert_eq!(recoding, &json!({ "kind": "global-recoding", "levels_given": true }));
    for (member, value) in [
        ("rows_at_risk", json!(3)),
        ("cells_suppressed", json!(6)),
        ("cells_at_least", json!(3)),
        ("approximate", json!(true)),
    ] {
        assert_eq!(suppression[member], value, "{member}");
    }
}

#[test]
fn local_recoding_takes_back_what_was_suppressed() {
    let table: String = TABLE.lines().take(5).map(|line| format!("{line}\n")).collect();
    let table = table.replace("28,Lund", "28,Kiruna");
    let limit = COLUMNS.replace("suppression_limit = 0.2", "suppression_limit = 0.5");
    let recoded = |steps: &str| done(&table, &format!("{limit}{steps}"));
    let (output, report) = recoded("");
    let global = "\
age,city,disease,income,suppressed
20-24,Lund,flu,100,0
20-24,Lund,burn,200,0
,,,300,1
,,,400,1
";
    assert_eq!((output.as_str(), &report["transformations"]), (global, &json!([])));
    let global_then_local = "[[transformations]]\nkind=\"global-recoding\"\n[[transformations]]\nkind=\"local-recoding\"";
    let (output, report) = recoded(global_then_local);
    let local =
        global.replace(",,,300,1", "25-29,*,flu,300,0").replace(",,,400,1", "25-29,*,cold,400,0");
    assert_eq!(output, local);
    assert_eq!((&report["suppressed"], &report["classes"]), (&json!(0), &json!(2)));
    let round = json!({ "rows": 2, "kept": 2, "transformation": { "age": 1, "city": 2 } });
    let expected = json!({
        "kind": "local-recoding", "rounds": [round], "suppressed_before": 2, "suppressed_after": 0,
    });
    assert_eq!(report["transformations"][1], expected);
}

#[test]
fn aggregated_numbers_need_no_hierarchy_and_models_are_measured_again() {
    let micro = "
        [[transformations]]
        kind = \"micro-aggregation\"
        columns = [\"income\"]
        group = 2
        [[transformations]]
        kind = \"global-recoding\"";
    let (output, report) = done(TABLE, &format!("{INCOME}{micro}"));
    assert_eq!(output, "income,suppressed\n200,0\n200,0\n200,0\n650,0\n650,0\n");
    assert_eq!(report["rechecked"]["k_value"], 2);
    let noise = "
        [[transformations]]
        kind = \"noise\"
        column = \"income\"
        distribution = \"gaussian\"
        scale = 1000000";
    let (bench, ran) = run(TABLE, &format!("{INCOME}{micro}{noise}"));
    let said = ran.json();
    assert_eq!((ran.code, &said["reason"]), (1, &json!("anonymise.models-unmet")), "{ran:?}");
    let detail = said["detail"].as_str().unwrap();
    assert!(detail.contains("k-anonymity with k = 2: k is 1"), "{detail}");
    assert!(!bench.has("out.csv"));
}

#[test]
fn chance_is_the_systems_unless_a_seed_is_given() {
    let steps = "
        [[transformations]]
        kind = \"noise\"
        column = \"income\"
        distribution = \"laplace\"
        relative = 10.0
        [[transformations]]
        kind = \"rank-swapping\"
        column = \"income\"
        percent = 50
        [[transformations]]
        kind = \"pram\"
        column = \"disease\"
        keep = 0.5
        invariant = true";
    let seed = "0123456789abcdef".repeat(4);
    let unseeded = format!("{COLUMNS}{steps}");
    let seeded = format!("seed = \"{seed}\"\n{unseeded}");
    let (first, report) = done(TABLE, &seeded);
    assert_eq!((&first, &report), (&done(TABLE, &seeded).0, &done(TABLE, &seeded).1));
    assert_eq!(report["randomness"], "seed");
    assert!(!report.to_string().contains(&seed));
    let (second, report) = done(TABLE, &unseeded);
    assert_eq!(report["randomness"], "system");
    // Five numbers with a spread of thousands: twice the same has a chance of less than 10^-12.
    assert_ne!(second, done(TABLE, &unseeded).0);
    assert_ne!(second, first);
}

#[test]
fn what_cannot_be_done_is_named() {
    let of = |keys: &str| format!("{COLUMNS}[[transformations]]\n{keys}\n");
    let noise = "kind=\"noise\"\ndistribution=\"laplace\"\n";
    let global = "kind=\"global-recoding\"\n";
    for (config, reason) in [
        (of("kind=\"magic\""), "config.malformed"),
        (of("kind=\"top-coding\"\ncolumn=\"name\"\nat=1"), "config.transformed-column"),
        (of("kind=\"top-coding\"\ncolumn=\"disease\"\nat=1"), "transform.not-a-number"),
        (of("kind=\"top-coding\"\ncolumn=\"income\"\nat=\"much\""), "transform.not-a-number"),
        (of(&format!("{noise}column=\"income\"")), "config.spread"),
        (of(&format!("{noise}column=\"income\"\nscale=1\nrelative=1")), "config.spread"),
        (of(&format!("{noise}column=\"income\"\nscale=0")), "transform.parameter"),
        (of("kind=\"rank-swapping\"\ncolumn=\"income\"\npercent=101"), "config.number"),
        (of("kind=\"pram\"\ncolumn=\"disease\"\nkeep=1"), "transform.parameter"),
        (of("kind=\"cell-suppression\"\nk=2\nweights={disease=2}"), "config.transformed-column"),
        (
            of("kind=\"micro-aggregation\"\ncolumns=[\"income\"]\ngroup=2\norders={age=[]}"),
            "config.not-named",
        ),
        (of(&format!("{global}levels={{disease=1}}")), "config.transformed-column"),
        (of(&format!("{global}levels={{age=4}}")), "anonymise.no-level"),
        (of(&format!("{global}[[transformations]]\n{global}")), "config.order"),
        (
            of(&format!(
                "{noise}column=\"income\"\nscale=1\n[[transformations]]\nkind=\"local-recoding\""
            )),
            "config.order",
        ),
        (
            of(&format!("{global}levels={{age=1}}\n[[transformations]]\nkind=\"local-recoding\"")),
            "config.order",
        ),
        (format!("seed=\"abc\"\n{COLUMNS}"), "config.seed"),
        (
            of(&format!("{global}[[transformations]]\nkind=\"local-recoding\"\nkeep=0")),
            "anonymise.keep",
        ),
    ] {
        let (bench, ran) = run(TABLE, &config);
        assert_eq!(ran.unusable().0, reason, "{config}");
        assert!(!bench.has("out.csv"));
    }
    let (_, ran) = run(TABLE, &of("kind=\"top-coding\"\ncolumn=\"disease\"\nat=1"));
    let detail = ran.unusable().1;
    assert!(detail.contains("`burn` in the column `disease`"), "{detail}");
}
