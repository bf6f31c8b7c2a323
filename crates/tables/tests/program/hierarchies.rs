//! Hierarchies that the configuration builds, and files of them.

use serde_json::json;

use crate::run::{Bench, Ran};

const HOSPITAL: &str = "\
born,age,postcode,grade,language,illness
1961-03-29,65,81667,low,sv,flu
1962-11-02,64,81671,middle,sv,flu
1988-01-31,38,81925,high,fi,burn
1985-12-24,40,81931,top,so,flu
";

/// Every quasi-identifier by another builder.
const BUILT: &str = r#"
[columns.born]
role = "quasi-identifier"
[columns.born.hierarchy]
build = "dates"
levels = ["year", "decade"]
[columns.age]
role = "quasi-identifier"
[columns.age.hierarchy]
build = "intervals"
widths = [5, 10, 20]
top = 65
[columns.postcode]
role = "quasi-identifier"
[columns.postcode.hierarchy]
build = "masking"
[columns.grade]
role = "quasi-identifier"
[columns.grade.hierarchy]
build = "order"
order = ["low", "middle", "high", "top"]
groups = [2]
[columns.language]
role = "quasi-identifier"
[columns.language.hierarchy]
build = "priority"
levels = 3
[columns.illness]
role = "sensitive"
[[models]]
name = "k-anonymity"
k = 2
"#;

fn bench(config: &str) -> Bench {
    let bench = Bench::with(HOSPITAL);
    bench.write("plan.toml", config);
    bench
}

fn anonymise(bench: &Bench) -> Ran {
    let files = ["--input", "table.csv", "--config", "plan.toml", "--output", "out.csv"];
    bench.run(&[&["anonymise", "--json"], &files[..]].concat())
}

fn hierarchy(bench: &Bench, column: &str) -> Ran {
    let files = ["--input", "table.csv", "--config", "plan.toml", "--output", "h.csv"];
    bench.run(&[&["hierarchy", "--json", "--column", column], &files[..]].concat())
}

#[test]
fn a_table_is_recoded_over_built_hierarchies() {
    let bench = bench(BUILT);
    let ran = anonymise(&bench);
    assert_eq!(ran.code, 0, "{ran:?}");
    // Ages 64 and 65 only meet at the top.
    let expected = "\
born,age,postcode,grade,language,illness,suppressed
1960-1969,*,816**,low to middle,sv,flu,0
1960-1969,*,816**,low to middle,sv,flu,0
1980-1989,*,819**,high to top,*,burn,0
1980-1989,*,819**,high to top,*,flu,0
";
    assert_eq!(bench.read("out.csv"), expected);
    assert_eq!(ran.json()["transformation"]["age"], 4);
}

#[test]
fn a_built_hierarchy_is_written_and_read_again() {
    let bench = bench(BUILT);
    let ran = hierarchy(&bench, "age");
    assert_eq!((ran.code, &ran.json()["levels"]), (0, &json!(5)), "{ran:?}");
    let written = "38,35-39,30-39,20-39,*\n40,40-44,40-49,40-59,*\n64,60-64,60-64,60-64,*\n65,65+,65+,65+,*\n";
    assert_eq!(bench.read("h.csv"), written);
    let built = anonymise(&bench).json();
    let table = "[columns.age.hierarchy]\nbuild = \"intervals\"\nwidths = [5, 10, 20]\ntop = 65";
    assert!(BUILT.contains(table));
    bench.write("plan.toml", &BUILT.replace(table, "hierarchy = \"h.csv\""));
    assert_eq!(anonymise(&bench).json(), built);
    for (column, reason) in [("agee", "csv.unknown-column"), ("illness", "config.no-hierarchy")] {
        assert_eq!(hierarchy(&bench, column).unusable().0, reason);
    }
}

#[test]
fn a_value_that_has_no_place_is_named_with_its_row() {
    for (from, to, reason, says) in [
        (
            "top = 65",
            "start = 40",
            "hierarchy.not-covered",
            "`38` in row 3 of column `age` is in no",
        ),
        ("so,flu", ",flu", "", ""),
        ("1988-01-31,38", "31.1.1988,38", "hierarchy.not-a-date", "`31.1.1988` in row 3"),
        (",40,", ",forty,", "hierarchy.not-a-number", "`forty` in row 4 of column `age`"),
        (",top,", ",tip,", "hierarchy.not-listed", "`tip` in row 4 of column `grade`"),
    ] {
        let bench = Bench::with(HOSPITAL.replace(from, to));
        bench.write("plan.toml", &BUILT.replace(from, to));
        let ran = anonymise(&bench);
        if reason.is_empty() {
            // A missing value stays missing below `*`.
            assert_eq!(ran.code, 0, "{ran:?}");
            continue;
        }
        let (found, detail) = ran.unusable();
        assert_eq!(found, reason, "{detail}");
        assert!(detail.contains(says), "{detail}");
        assert!(!bench.has("out.csv"));
    }
}

#[test]
fn levels_that_cannot_be_are_refused_for_their_column() {
    for (from, to, reason, says) in [
        ("[5, 10, 20]", "[5, 12]", "hierarchy.widths", "column `age`"),
        ("[5, 10, 20]", "[5, 10]\nlevels = [[3]]", "hierarchy.keys", "not both"),
        ("widths = [5, 10, 20]", "levels = [[3]]", "hierarchy.keys", "remove `start`"),
        ("widths = [5, 10, 20]\ntop = 65", "levels = [[3], [4]]", "hierarchy.cuts", "cut at 4"),
        ("widths = [5, 10, 20]", "widths = [5]\nbottom = 70", "hierarchy.ends", "`top`"),
        ("\"year\", \"decade\"", "\"year\", \"month\"", "hierarchy.periods", "`born`"),
        ("groups = [2]", "groups = [1]", "hierarchy.fan-out", "`grade`"),
        ("\"high\", \"top\"", "\"high\", \"low\"", "hierarchy.listed-twice", "`low`"),
        ("levels = 3", "levels = 0", "hierarchy.no-levels", "`language`"),
        ("\"masking\"", "\"masking\"\npad_at = \"left\"", "hierarchy.keys", "`pad`"),
        ("\"masking\"", "\"making\"", "config.malformed", "expected one of `intervals`"),
        ("widths", "width", "config.malformed", "unknown field `width`"),
        ("build = \"masking\"", "fill = \"x.csv\"", "config.malformed", "unknown field `fill`"),
        ("build = \"masking\"", "file = \"x\"\nseparator = \"é\"", "config.separator", "`é`"),
    ] {
        assert!(BUILT.contains(from));
        let (found, detail) = anonymise(&bench(&BUILT.replace(from, to))).unusable();
        assert_eq!(found, reason, "{detail}");
        assert!(detail.contains(says), "{detail}");
    }
}

#[test]
fn a_file_at_fault_is_named_with_its_line() {
    let config = BUILT.replace("build = \"masking\"", "file = \"codes.csv\"\nseparator = \"|\"");
    let bench = bench(&config);
    bench.write("codes.csv", "81667|a|*\n\n81671|a\n");
    let (reason, detail) = anonymise(&bench).unusable();
    assert_eq!(reason, "hierarchy.ragged");
    assert!(detail.contains("`codes.csv` is no hierarchy (line 3)"), "{detail}");
    assert!(detail.contains("column `postcode`"), "{detail}");
    bench.write("codes.csv", "81667|a|*\n81671|a|*\n81667|b|*\n");
    assert_eq!(anonymise(&bench).unusable().0, "hierarchy.splits");
}
