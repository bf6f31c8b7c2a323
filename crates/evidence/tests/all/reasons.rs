//! Every reason of a refusal is asserted by a test that needs no published vector.

use std::path::Path;

/// Tables of published vectors, which may not be there.
const TABLES: [&str; 5] =
    ["manifest.rs", "nvidia_vectors.rs", "published.rs", "reasons.rs", "vectors.rs"];

/// Codes that no evidence gets: a status that is no fault.
const NEVER: [&str; 1] = ["evidence.tcb-up-to-date"];

#[test]
fn every_reason_has_a_row() {
    let mut tests = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all"), &mut tests);
    let source = include_str!("../../src/error.rs");
    let mut codes = 0;
    for (before, code) in quoted(source) {
        codes += 1;
        let variant = variant(before).map(|name| format!("EvidenceError::{name}"));
        let asserted = tests.contains(&format!("\"{code}\""))
            || variant.is_some_and(|variant| contains_word(&tests, &variant));
        assert_ne!(asserted, NEVER.contains(&code), "{code}");
    }
    println!("{codes} reasons");
    assert!(codes >= 100, "{codes}");
}

/// The codes of `source`, each with what is before it on its line.
fn quoted(source: &str) -> impl Iterator<Item = (&str, &str)> {
    source.lines().filter_map(|line| {
        let (before, code) = line.split_once("\"evidence.")?;
        let start = before.len() + 1;
        line.get(start..start + "evidence.".len() + code.find('"')?).map(|code| (before, code))
    })
}

/// `Self::Name(_) => ` is about the variant `Name`.
fn variant(arm: &str) -> Option<&str> {
    let name = arm.trim().strip_prefix("Self::")?;
    name.split(|letter: char| !letter.is_alphanumeric()).next()
}

fn contains_word(text: &str, word: &str) -> bool {
    text.split(word).skip(1).any(|after| !after.starts_with(char::is_alphanumeric))
}

fn read(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, text);
        } else if !TABLES.iter().any(|table| path.ends_with(table)) {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}
