//! The program over real tables (shared vectors, `anonymity`): files with semicolons, and with
//! blanks behind commas.

use std::path::Path;

use serde_json::{Value, json};

use crate::run::{Bench, run_in};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/anonymity");

fn measured(arguments: &[&str]) -> Option<Value> {
    let folder = Path::new(VECTORS);
    if !folder.exists() {
        println!("skipped 1 table: the shared vectors are not here");
        return None;
    }
    let ran = run_in(folder, &[&["measure", "--json", "--input"], arguments].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    Some(ran.json())
}

#[test]
fn arx_adult_with_semicolons() {
    let qi = "age,education,marital-status,occupation,sex,native-country";
    let arguments = ["arx/adult.csv", "--separator", ";", "--qi", qi, "--sa", "salary-class"];
    let Some(found) = measured(&arguments) else { return };
    let sizes = &found["class_sizes"];
    assert_eq!((&found["rows"], &found["k"]), (&json!(30_162), &json!(1)));
    assert_eq!((&sizes["smallest"], &found["l"]), (&json!(1), &json!(1)));
}

#[test]
fn anjana_adult_with_blanks_behind_commas() {
    let arguments = ["anjana/adult.csv", "--trim", "--qi", "sex", "--sa", "salary-class"];
    let Some(found) = measured(&arguments) else { return };
    assert_eq!(
        (&found["rows"], &found["classes"], &found["k"]),
        (&json!(32_561), &json!(2), &json!(10_771))
    );
}

/// The numbers of the reference for this record.
#[test]
fn hospital_as_the_reference_has_it() {
    let file = "pycanon/data/raw/hospital_anonymized.csv";
    let arguments = [file, "--trim", "--qi", "age,gender,city", "--sa", "disease"];
    let Some(found) = measured(&arguments) else { return };
    assert_eq!((&found["k"], &found["classes"]), (&json!(2), &json!(5)));
    assert!((found["t"]["equal"].as_f64().unwrap() - 0.615_384_615_384_615_3).abs() < 1e-12);
    assert!((found["delta"]["observed"].as_f64().unwrap() - 1.466_337_068_793_427).abs() < 1e-12);
    assert_eq!(found["recursive_c_l"]["2"], "Infinity");
}

/// The numbers of a computation that looks at every set of columns of every row, and of one that counts
/// every class in both tables.
#[test]
fn risks_of_a_sample_as_looked_up_one_by_one() {
    let qi = "age,education,marital-status,occupation,sex,native-country";
    let near = |found: &Value, expected: f64| {
        assert!((found.as_f64().unwrap() - expected).abs() < 1e-12, "{found} {expected}");
    };
    let arguments = ["arx/adult.csv", "--separator", ";", "--qi", qi, "--suda"];
    let Some(found) = measured(&arguments) else { return };
    let suda = &found["risk"]["suda2"];
    assert_eq!(suda["sizes"], json!({ "1": 2, "2": 1_048, "3": 8_426 }));
    assert_eq!((&suda["records"], &suda["score_max"]), (&json!(4_656), &json!(20.0)));
    near(&suda["score_mean"], 12_658.0 / 30_162.0);
    near(&suda["contributions"]["native-country"], 0.620_240_164_322_957_8);
    near(&suda["contributions"]["sex"], 0.080_581_450_466_108_39);
    near(&suda["dis"]["file"], 0.024_561_858_138_368_89);
    near(&suda["dis"]["max"], 0.179_802_577_954_270_9);
    near(&suda["dis"]["mean"], 0.003_718_317_905_960_532);
    let sample = ["arx/adult_subset.csv", "--separator", ";", "--qi", qi];
    let found = measured(&[&sample[..], &["--population", "arx/adult.csv"]].concat()).unwrap();
    let risk = &found["risk"];
    assert_eq!((&risk["journalist_max"], &risk["population_rows"]), (&json!(1.0), &json!(30_162)));
    near(&risk["marketer"], 0.422_743_233_205_473_7);
    near(&risk["journalist_average"], 0.422_743_233_205_473_7);
    near(&risk["population_uniques"], 829.0 / 3_016.0);
}

/// By half the steps of what each subtree has too much or too little of, which is another formula than
/// that of the paper.
#[test]
fn occupations_by_their_hierarchy() {
    let hierarchy = "occupation=arx/adult_hierarchy_occupation.csv";
    let options =
        ["--separator", ";", "--qi", "sex", "--sa", "occupation", "--hierarchy", hierarchy];
    let Some(found) = measured(&[&["arx/adult.csv"][..], &options].concat()) else { return };
    let t = |distance: &str| found["t"][distance].as_f64().unwrap();
    assert!((t("hierarchical") - 0.190_208_141_489_510_8).abs() < 1e-12, "{}", found["t"]);
    assert!((t("equal") - 0.247_642_319_832_476_64).abs() < 1e-12, "{}", found["t"]);
}

/// Hierarchies as their tools ship them, whatever separates the table: ARX's with semicolons and labels
/// like `[20,30[`, ANJANA's with commas and the same labels quoted.
#[test]
fn hierarchies_of_arx_and_anjana_are_read() {
    if !Path::new(VECTORS).exists() {
        println!("skipped 7 hierarchies: the shared vectors are not here");
        return;
    }
    let (arx, anjana) = ("arx/test2_hierarchy_", "anjana/hierarchies/");
    for (table, column, file, levels, values) in [
        ("arx/test2.csv", "Age", format!("{arx}Age.csv"), 3, 9),
        ("arx/test2.csv", "ZIPCode", format!("{arx}ZIPCode.csv"), 6, 9),
        ("anjana/adult.csv", "age", format!("{anjana}age.csv"), 7, 73),
        ("anjana/adult.csv", "native-country", format!("{anjana}country.csv"), 3, 42),
        ("anjana/adult.csv", "occupation", format!("{anjana}occupation.csv"), 3, 15),
        ("anjana/adult.csv", "workclass", format!("{anjana}workclass.csv"), 3, 9),
        ("anjana/adult.csv", "sex", "arx/adult_hierarchy_sex.csv".to_owned(), 2, 2),
    ] {
        let bench = Bench::with("");
        let separator = if table.starts_with("arx") { ';' } else { ',' };
        bench.write(
            "plan.toml",
            &format!(
                "[input]\nseparator = \"{separator}\"\ntrim = true\n[columns.{column}]\n\
                 role = \"quasi-identifier\"\nhierarchy = \"{VECTORS}/{file}\"\n\
                 [[models]]\nname = \"k-anonymity\"\nk = 2\n"
            ),
        );
        let table = format!("{VECTORS}/{table}");
        let files = ["--config", "plan.toml", "--output", "h.csv", "--column", column];
        let ran = bench.run(&[&["hierarchy", "--json", "--input", &table], &files[..]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let said = ran.json();
        assert_eq!((&said["levels"], &said["values"]), (&json!(levels), &json!(values)), "{file}");
        let anonymised = ["anonymise", "--input", &table, "--config", "plan.toml"];
        let ran = bench.run(&[&anonymised[..], &["--output", "out.csv"]].concat());
        assert_eq!(ran.code, 0, "{file} {ran:?}");
    }
}
