//! `anonymise` from outside: what is written, what is reported, what is refused.

use serde_json::{Value, json};

use crate::run::{Bench, Ran};

const TABLE: &str = "\
name,age,city,disease,ward
Ann,21,Lund,flu,a
Bea,22,Lund,burn,b
Cid,28,Lund,flu,a
Dan,29,Ystad,cold,b
Eve,61,Kiruna,flu,a
";

const AGES: &str =
    "21;20-24;20-29;*\n22;20-24;20-29;*\n28;25-29;20-29;*\n29;25-29;20-29;*\n61;60-64;60-69;*\n";
const CITIES: &str = "Lund,Skane\nYstad,Skane\nKiruna,Norrbotten\n";

const CONFIG: &str = r#"
[columns.name]
role = "identifier"
[columns.age]
role = "quasi-identifier"
hierarchy = "ages.csv"
[columns.city]
role = "quasi-identifier"
hierarchy = "cities.csv"
[columns.disease]
role = "sensitive"
[[models]]
name = "k-anonymity"
k = 2
[search]
metric = "loss"
suppression_limit = 0.2
"#;

fn bench(config: &str) -> Bench {
    let bench = Bench::with(TABLE);
    bench.write("ages.csv", AGES);
    bench.write("cities.csv", CITIES);
    bench.write("plan.toml", config);
    bench
}

fn run(bench: &Bench) -> Ran {
    bench.run(&[
        "anonymise",
        "--json",
        "--input",
        "table.csv",
        "--config",
        "plan.toml",
        "--output",
        "out.csv",
        "--report",
        "report.json",
    ])
}

#[test]
fn a_small_table_is_recoded_and_reported() {
    let bench = bench(CONFIG);
    let ran = run(&bench);
    assert_eq!(ran.code, 0, "{ran:?}");
    let report = ran.json();
    // Ages in fives would leave Cid and Dan in different towns: one level of both, Eve suppressed.
    let expected = "\
age,city,disease,suppressed
20-24,Skane,flu,0
20-24,Skane,burn,0
25-29,Skane,flu,0
25-29,Skane,cold,0
,,,1
";
    assert_eq!(bench.read("out.csv"), expected);
    assert_eq!(report["transformation"], json!({ "age": 1, "city": 1 }));
    for (member, value) in [
        ("suppressed", json!(1)),
        ("classes", json!(2)),
        ("lattice_size", json!(8)),
        ("optimal", json!(true)),
        ("columns_left_out", json!(["name", "ward"])),
    ] {
        assert_eq!(report[member], value, "{member}");
    }
    // Four rows with 1/4 and 1/2 of their values, one with all: (4·¼ + 1 + 4·½ + 1) / 10.
    assert!((report["score"].as_f64().unwrap() - 0.5).abs() < 1e-12);
    assert_eq!((&report["measures"]["rows"], &report["measures"]["k"]), (&json!(4), &json!(2)));
    let written: Value = serde_json::from_str(&bench.read("report.json")).unwrap();
    assert_eq!(written, report);
}

#[test]
fn the_report_measures_by_the_hierarchy_of_the_model() {
    let model = "k = 2\n[[models]]\nname = \"t-closeness\"\nt = 0.5\ndistance = \"hierarchical\"";
    let sensitive = "role = \"sensitive\"\nhierarchy = \"diseases.csv\"";
    let config = CONFIG.replace("k = 2", model).replace("role = \"sensitive\"", sensitive);
    let bench = bench(&config);
    bench.write("diseases.csv", "flu,airways,*\ncold,airways,*\nburn,injury,*\n");
    let report = run(&bench).json();
    // A quarter of the four rows' burns and colds is in the other class, and goes all the way.
    assert_eq!(report["measures"]["t"]["hierarchical"], 0.25, "{report:#}");
}

#[test]
fn what_cannot_be_reached_is_refused_with_the_nearest_that_can() {
    let bench = bench(&CONFIG.replace("k = 2", "k = 6"));
    let ran = run(&bench);
    let said = ran.json();
    assert_eq!((ran.code, &said["verdict"]), (1, &json!("refused")), "{ran:?}");
    assert_eq!(said["reason"], "anonymise.impossible");
    let detail = said["detail"].as_str().unwrap();
    assert!(detail.contains("k-anonymity with k = 6 fails; k = 1 is possible"), "{detail}");
    assert!(!bench.has("out.csv"));
}

#[test]
fn what_cannot_be_used_is_named() {
    let rows = [
        ("hierarchy = \"ages.csv\"", "hierarchy = \"none.csv\"", "config.unreadable-hierarchy"),
        ("[columns.name]", "[columns.nome]", "config.unknown-column"),
        ("name = \"k-anonymity\"", "name = \"k-magic\"", "config.malformed"),
        ("suppression_limit = 0.2", "suppression_limit = 1.5", "config.number"),
        (
            "role = \"identifier\"",
            "role = \"identifier\"\nkind = \"numeric\"",
            "config.useless-key",
        ),
        ("[search]", "[output]\nflag = \"ward\"\n[search]", "config.flag"),
        ("[search]", "[input]\nseparator = \"é\"\n[search]", "config.separator"),
        (
            "k = 2",
            "k = 2\n[[models]]\nname = \"l-diversity\"\nattribute = \"ward\"\nl = 2",
            "config.attribute",
        ),
        (
            "k = 2",
            "k = 2\n[[models]]\nname = \"t-closeness\"\nt = 0.5\ndistance = \"hierarchical\"",
            "config.no-hierarchy",
        ),
        (
            "k = 2",
            "k = 2\n[[models]]\nname = \"t-closeness\"\nt = 0.5\ndistance = \"ordered\"",
            "anonymise.no-order",
        ),
    ];
    for (from, to, reason) in rows {
        assert!(CONFIG.contains(from));
        let ran = run(&bench(&CONFIG.replace(from, to)));
        assert_eq!(ran.unusable().0, reason, "{to}");
    }
    let bench = bench(CONFIG);
    bench.write("cities.csv", "Lund,Skane\nYstad,Skane\n");
    let (reason, detail) = run(&bench).unusable();
    assert_eq!(reason, "hierarchy.no-value");
    assert!(detail.contains("`Kiruna`, which row 5 of the table has"), "{detail}");
    assert!(!bench.has("out.csv"));
}
