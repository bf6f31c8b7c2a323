//! The rules' own reader: each refusal by its code, and the rules that the project ships.

use crate::common::RULES;
use disclosure::{Rules, Shape};
use domain::{Digest, Reason as _};

#[track_caller]
fn refuses(from: &str, to: &str, code: &str) {
    let changed = RULES.replacen(from, to, 1);
    assert_ne!(changed, RULES, "`{from}` is not in the rules");
    assert_eq!(Rules::parse(changed.as_bytes()).unwrap_err().reason(), code, "{to}");
}

#[test]
fn one_row_for_each_reason() {
    for (from, to, code) in [
        ("version = 1", "version = 2", "rules.version"),
        ("version = 1", "", "rules.malformed"),
        ("version = 1", "version = 1\nverify = false", "rules.malformed"),
        ("threshold = 3", "threshold = 3\nexempt = true", "rules.malformed"),
        ("threshold = 3", "threshold = 1", "rules.out-of-range"),
        ("threshold = 3", "threshold = 0", "rules.out-of-range"),
        ("threshold = 3", "threshold = -5", "rules.malformed"),
        ("threshold = 3", "threshold = 3.0", "rules.malformed"),
        ("k = 3", "k = 1", "rules.out-of-range"),
        ("max_files = 4", "", "rules.malformed"),
        ("max_files = 4", "max_files = 0", "rules.out-of-range"),
        ("max_file_bytes = 200", "max_file_bytes = 67108865", "rules.out-of-range"),
        ("significant_digits = 4", "significant_digits = 16", "rules.out-of-range"),
        ("max_columns = 8", "max_columns = 3", "rules.out-of-range"),
        ("[\"csv\"]", "[]", "rules.no-file-type"),
        ("[\"csv\"]", "[\"csv\", \"zip\"]", "rules.malformed"),
        ("\"table.csv\"", "\"table.json\"", "rules.output-name"),
        ("\"table.csv\"", "\"../table.csv\"", "rules.output-name"),
        ("\"table.csv\"", "\"*.csv\"", "rules.output-name"),
        ("\"table.csv\"", "\"rows.csv\"", "rules.output-twice"),
        ("\"table\"", "\"figure\"", "rules.malformed"),
        ("\"table\"", "\"microdata\"", "rules.malformed"),
        ("[\"people\"]", "[]", "rules.no-counts"),
        ("[\"people\"]", "[\"site\"]", "rules.column-twice"),
        ("[\"people\"]", "[\"=people\"]", "rules.column-name"),
        ("[\"visits\"]", "[]\nquasi_identifiers = [\"age\"]", "rules.not-a-column"),
        ("categories = [\"site\"]\nnumbers = [\"visits\"]", "categories = []", "rules.no-columns"),
    ] {
        refuses(from, to, code);
    }
}

#[test]
fn what_is_no_short_text_is_refused() {
    let code = |bytes: &[u8]| Rules::parse(bytes).unwrap_err().reason();
    assert_eq!(code(b"\xff"), "rules.not-utf8");
    assert_eq!(code(&vec![b'\n'; 65_537]), "rules.too-long");
    assert_eq!(code(b""), "rules.malformed");
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    assert_eq!(crate::common::rules().digest(), Digest::of(RULES.as_bytes()));
}

#[test]
fn the_rules_that_the_project_ships_are_read() {
    let default = include_bytes!("../../../../policies/disclosure/default.toml");
    let default = Rules::parse(default).unwrap();
    assert_eq!((default.threshold(), default.k(), default.outputs().len()), (10, 10, 0));
    let demo = Rules::parse(include_bytes!("../../../../policies/disclosure/demo.toml")).unwrap();
    assert_eq!((demo.threshold(), demo.k()), (5, 5));
    let extract = demo.outputs().iter().find(|output| output.name() == "extract.csv").unwrap();
    let quasi_identifiers = ["site", "age_band", "sex", "plan"].map(String::from).to_vec();
    let records = None;
    assert_eq!(extract.shape(), &Shape::Microdata { quasi_identifiers, records });
}
