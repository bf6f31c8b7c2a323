//! Any bytes as the files of a dataset, and a right output over the people found in them.
#![no_main]

use disclosure_fuzz::gate::{FILES, dataset, file, judge_over, right_files, rules};
use disclosure_fuzz::parts;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [choice, first, second] = parts(data);
    let rules = rules(choice.first().copied().unwrap_or_default());
    let files = [("a.csv", first), ("b.csv", second)];
    let Ok(dataset) = dataset(&files, rules) else { return };
    let ends = |bytes: &[u8]| bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
    assert!(dataset.population() as usize <= ends(first) + ends(second));
    let contents = right_files();
    let asked = FILES
        .iter()
        .zip(&contents)
        .filter(|(name, _)| matches!(**name, "bands.csv" | "people.csv"));
    let entries: Vec<_> = asked.map(|(name, content)| file(name.as_bytes(), content)).collect();
    judge_over(&entries, rules, &dataset);
});
