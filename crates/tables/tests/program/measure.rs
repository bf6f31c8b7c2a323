//! `measure`: the contract's JSON, and what to do when something is wrong.

use serde_json::json;

use crate::run::Bench;

const WARD: &str = "age,sex,ward,illness,days\n3,f,a,flu,1\n3,f,b,flu,2\n4,m,a,flu,2.0\n4,m,a,cold,9\n4,m,b,burn,10\n";

#[test]
fn the_json_is_that_of_the_contract() {
    let ran = Bench::with(WARD).measure("--qi age,sex --sa illness,days:numeric");
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut found = ran.json();
    let attributes = found["attributes"].take();
    assert_eq!(
        found,
        json!({
            "verdict": "measured", "rows": 5, "classes": 2, "k": 2,
            "class_sizes": { "smallest": 2, "largest": 3, "mean": 2.5, "median": 2.5 },
            "risk": {
                "prosecutor_max": 0.5, "prosecutor_average": 0.4, "marketer": 0.4,
                "sample_uniques": 0.0, "journalist_max": null, "journalist_average": null,
                "population_uniques": null, "population_rows": null, "suda2": null
            },
            "alpha": 1.0, "l": 1, "entropy_l": 1.0,
            "recursive_c_l": { "2": "Infinity", "3": "Infinity", "4": "Infinity" },
            // Days are 1, 2, 9, 10, of which 2 twice: |q − p| is 3/10, 1/10, 2/10, 2/10 in the first.
            "t": { "equal": 0.4, "ordered": 0.3, "hierarchical": null },
            "beta": 1.5, "enhanced_beta": "Infinity",
            "delta": { "observed": 2.5_f64.ln(), "strict": "Infinity" },
            "minority": 0.6, "attributes": null
        })
    );
    let t = json!({ "equal": 0.4, "ordered": null, "hierarchical": null });
    assert_eq!(attributes["illness"]["t"], t);
    assert_eq!(attributes["days"]["l"], 2);
}

#[test]
fn joint_and_wildcard_are_on_request() {
    let bench = Bench::with(WARD);
    let joint = bench.measure("--qi age --sa illness,ward --joint").json();
    assert_eq!((&joint["k"], &joint["attributes"]["illness"]["l"]), (&json!(2), &json!(1)));
    let holes = Bench::with("age,sex,s\n3,f,x\n3,,y\n3,N/A,x\n3,f,y\n");
    let k = |arguments: &str| holes.measure(arguments).json()["k"].clone();
    assert_eq!(k("--qi age,sex --sa s"), 1);
    assert_eq!(k("--qi age,sex --sa s --null-text N/A"), 2);
    assert_eq!(k("--qi age,sex --sa s --null-text N/A --null wildcard"), 2);
    let refused = holes.measure("--qi age --sa sex --null wildcard").unusable();
    assert_eq!(refused.0, "measure.sensitive-null");
}

#[test]
fn a_hierarchy_gives_hierarchical_distance() {
    let bench = Bench::with(WARD);
    bench.write("illness.csv", "flu;airways;*\ncold;airways;*\nburn;injury;*\n");
    let arguments = "--qi age,sex --sa illness,ward --hierarchy illness=illness.csv";
    let found = bench.measure(arguments).json();
    // q − p is (2, −1, −1) / 5 in the first class: 1/5 goes up one of two levels, 1/5 both.
    assert_eq!(found["t"]["hierarchical"], 0.3);
    assert_eq!(found["attributes"]["ward"]["t"]["hierarchical"], json!(null));
}

#[test]
fn a_population_gives_the_journalists_risk() {
    let bench = Bench::with(WARD);
    bench.write(
        "people.csv",
        "sex,age,town\nf,3,x\nf,3,x\nf,3,x\nm,4,x\nm,4,x\nm,4,x\nm,4,x\nm,5,x\n",
    );
    let risk = bench.measure("--qi age,sex --population people.csv").json()["risk"].take();
    // f = (2, 3) and F = (3, 4): (2/3 + 3/4) / 5, which is less than 2/7.
    assert_eq!(risk["journalist_max"], 1.0 / 3.0);
    assert_eq!(risk["journalist_average"], 2.0 / 7.0);
    assert!((risk["marketer"].as_f64().unwrap() - 17.0 / 60.0).abs() < 1e-15, "{risk}");
    assert_eq!((&risk["population_uniques"], &risk["population_rows"]), (&json!(0.0), &json!(8)));
    assert_eq!(risk["prosecutor_max"], 0.5);
    let arguments =
        ["measure", "--input", "table.csv", "--qi", "age", "--population", "people.csv"];
    let text = bench.run(&arguments).output;
    assert!(text.contains("with the population: largest risk          33.3333 %"), "{text}");
}

#[test]
fn special_uniques_are_looked_for_on_request() {
    let bench = Bench::with(WARD);
    let suda = bench.measure("--qi age,sex,ward --suda").json()["risk"]["suda2"].take();
    // Rows 1, 2 and 5 are unique by age and ward and by sex and ward; a set of 2 counts 3 − 2.
    let (inverse, dis) = (3.0 * 2_f64.powf(-1.25), |spread: f64| 1.0 / (1.0 + spread));
    let of_row = dis((3.0 * 67.0 - 3.0) / inverse / 2_f64.powf(1.25));
    let near = |found: &serde_json::Value, expected: f64| {
        assert!((found.as_f64().unwrap() - expected).abs() < 1e-12, "{found} {expected}");
    };
    near(&suda["dis"]["file"], 1.0 / 67.0);
    near(&suda["dis"]["max"], of_row);
    near(&suda["dis"]["mean"], of_row * 0.6);
    assert_eq!(
        suda,
        json!({
            "max_size": 3, "records": 3, "sizes": { "1": 0, "2": 6, "3": 0 },
            "contributions": { "age": 0.5, "sex": 0.5, "ward": 1.0 },
            "score_max": 2.0, "score_mean": 1.2, "sampling_fraction": 0.01, "dis": suda["dis"]
        })
    );
    let arguments = "--qi age,sex,ward --suda --suda-max-size 1 --suda-fraction 0.5";
    let none = bench.measure(arguments).json()["risk"]["suda2"].take();
    assert_eq!((&none["records"], &none["dis"]), (&json!(0), &json!(null)));
    assert_eq!(none["sampling_fraction"], 0.5);
    let text = bench.run(&["measure", "--input", "table.csv", "--qi", "age,sex,ward", "--suda"]);
    assert!(
        text.output.contains("share of scores with `ward`                    100 %"),
        "{text:?}"
    );
}

#[test]
fn separators_and_blanks_are_stated() {
    let semicolons = Bench::with("age;sex\n3;f\n3;f\n");
    let (reason, detail) = semicolons.measure("--qi age --sa sex").unusable();
    assert_eq!(reason, "csv.unknown-column");
    assert!(detail.contains("`age;sex`") && detail.contains("--separator"), "{detail}");
    assert_eq!(semicolons.measure("--qi age --sa sex --separator ;").json()["k"], 2);
    let blanks = Bench::with("age, sex\n3, f\n3,f\n");
    let (_, detail) = blanks.measure("--qi age,sex").unusable();
    assert!(detail.ends_with("blanks are part of a name: add `--trim`"), "{detail}");
    assert_eq!(blanks.measure("--qi age,sex --trim").json()["classes"], 1);
    let wide = blanks.run(&["measure", "--input", "table.csv", "--qi", "a", "--separator", ", "]);
    assert_eq!(wide.code, 2);
    assert!(wide.errors.contains("add `--trim`"), "{}", wide.errors);
    let tabs = Bench::with("age\tsex\n3\tf\n");
    assert_eq!(tabs.measure("--qi age,sex --separator tab").json()["rows"], 1);
}

#[test]
fn what_is_wrong_says_what_to_do() {
    for (content, arguments, reason, says) in [
        (WARD, "--qi agee --sa illness", "csv.unknown-column", "`age`, `sex`, `ward`"),
        (WARD, "--qi age --sa days:numric", "csv.unknown-column", "`numeric`"),
        (WARD, "--qi age --sa age", "measure.column-twice", "once"),
        (WARD, "--qi age --sa ward:numeric", "measure.not-a-number", "`a`"),
        (WARD, "--qi age --sa ward:ordered --order ward=a", "measure.not-in-order", "`b`"),
        (WARD, "--qi age --sa ward --order ward=a,b", "usage.columns", "`--sa ward:ordered`"),
        (WARD, "--qi age,,sex", "usage.columns", "empty name"),
        ("a,b\n1,2\n3\n", "--qi a", "csv.ragged", "row 2 (line 3) has 1 cells"),
        ("a,b\n1,2,3\n", "--qi a", "csv.ragged", "row 1 (line 2) has 3 cells"),
        ("a,b\n1,2\n\n1,2\n", "--qi a", "csv.blank-row", "row 2 (line 3)"),
        ("a,b\n1,5\" pipe\n", "--qi a", "csv.quotes", "row 1"),
        ("a,a\n", "--qi a", "csv.column-twice", "rename"),
        ("", "--qi a", "csv.empty", "first line"),
    ] {
        let (code, detail) = Bench::with(content).measure(arguments).unusable();
        assert_eq!(code, reason, "{detail}");
        assert!(detail.contains(says), "{detail}");
    }
    for (arguments, reason, says) in [
        ("--qi age --sa ward --hierarchy ward", "usage.columns", "no `=`"),
        ("--qi age --sa ward --hierarchy ward=none.csv", "input.unreadable", "none.csv"),
        ("--qi age --sa ward --hierarchy ward=w.csv", "hierarchy.no-value", "`b`"),
        ("--qi age --sa ward --hierarchy sex=w.csv", "measure.not-sensitive", "`--sa`"),
        ("--qi age --population none.csv", "input.unreadable", "none.csv"),
        ("--qi age,ward --population people.csv", "csv.unknown-column", "population `people.csv`"),
        ("--qi sex --population people.csv", "measure.not-in-population", "sample"),
        ("--qi age --population people.csv", "measure.more-than-population", "sample"),
        ("--qi age --suda --null wildcard", "usage.null", "`--suda`"),
    ] {
        let bench = Bench::with(WARD);
        bench.write("w.csv", "a;*\n");
        bench.write("people.csv", "age,sex\n3,f\n3,f\n4,f\n");
        let (code, detail) = bench.measure(arguments).unusable();
        assert_eq!(code, reason, "{arguments}: {detail}");
        assert!(detail.contains(says), "{detail}");
    }
    let absent = Bench::with("").run(&["measure", "--json", "--input", "x.csv", "--qi", "a"]);
    assert_eq!(absent.unusable().0, "input.unreadable");
}

#[test]
fn a_table_without_rows_is_measured() {
    let ran = Bench::with("age,sex\n").measure("--qi age --sa sex");
    assert_eq!((ran.code, &ran.json()["k"], &ran.json()["alpha"]), (0, &json!(null), &json!(null)));
}

const SHOWN: &str = "\
5 rows in 2 classes of 2 to 3 (mean 2.5, median 2.5)

k-anonymity: k                                     2
largest risk of one person (1/k)                50 %
average risk; a marketer's hits                 40 %
rows like no other                               0 %

                                             illness            ward
(α,k)-anonymity: α at most                         1          0.6667
distinct l-diversity: l                            1               2
entropy l-diversity: l                             1          1.8899
recursive (c,l): c above, l = 2            unbounded               2
recursive (c,l): c above, l = 3            unbounded       unbounded
recursive (c,l): c above, l = 4            unbounded       unbounded
t-closeness, equal distance: t                   0.4             0.1
t-closeness, ordered distance: t                   -               -
t-closeness, hierarchical: t                       -               -
basic β-likeness: β                           0.6667            0.25
enhanced β-likeness: β                     unbounded            0.25
δ-disclosure, observed values: δ              0.5878          0.2231
δ-disclosure, all values: δ                unbounded          0.2231
rows not of their class's majority              40 %            40 %
";

#[test]
fn people_read_a_table_of_models() {
    let bench = Bench::with(WARD);
    let arguments = ["measure", "--input", "table.csv", "--qi", "age,sex", "--sa", "illness,ward"];
    let text = bench.run(&arguments).output;
    assert_eq!(text, SHOWN, "{text}");
    let failed = bench.run(&["measure", "--input", "table.csv", "--qi", "agee"]);
    assert_eq!((failed.code, failed.output.as_str()), (2, ""));
    assert!(failed.errors.trim_end().ends_with("(csv.unknown-column)"), "{}", failed.errors);
}

#[test]
fn help_has_examples_and_wrong_usage_is_code_2() {
    let bench = Bench::with("");
    assert!(bench.run(&["measure", "--help"]).output.contains("Examples:"));
    assert_eq!(bench.run(&["--help"]).code, 0);
    let measure = ["measure", "--input", "table.csv", "--qi", "a"];
    for wrong in [
        &["--suda-max-size", "2"][..],
        &["--suda", "--suda-max-size", "0"],
        &["--suda", "--suda-fraction", "0"],
        &["--suda", "--suda-fraction", "1.5"],
    ] {
        assert_eq!(bench.run(&[&measure, wrong].concat()).code, 2, "{wrong:?}");
    }
    for wrong in [&["measure"][..], &["measure", "--input", "x"], &["anonymize"], &[]] {
        assert_eq!(bench.run(wrong).code, 2, "{wrong:?}");
    }
}

#[test]
fn a_table_for_which_there_is_no_memory_is_refused_before_it_is_read() {
    let bench = Bench::with("a,b\n".to_owned() + &"x,1\n".repeat(3_000_000));
    let measure = |limit: &str| {
        bench.limited(limit, &["measure", "--input", "table.csv", "--qi", "a,b", "--json"])
    };
    let (reason, detail) = measure("200000").unusable();
    assert_eq!(reason, "input.memory");
    assert!(detail.starts_with("`table.csv` takes about 49 MB more of memory, and "), "{detail}");
    assert_eq!(measure("unlimited").code, 0);
}
