//! The table of vectors in docs/evidence-snp.md is the one that the tests hold.

use super::vectors::rows;

#[test]
fn the_documented_table_is_the_tested_one() {
    let mut table = String::from(
        "| report | certificates | at | production | archive |\n|---|---|---|---|---|\n",
    );
    for row in rows() {
        let files: Vec<_> = row.certificates.iter().map(|file| quoted(file)).collect();
        let files = if files.is_empty() { "none".to_owned() } else { files.join(", ") };
        let (report, at) = (quoted(row.report), row.at);
        let codes = format!("{} | {}", row.production, row.archive.join(", "));
        let codes = codes.replace("evidence.", "");
        table.push_str(&format!("| {report} | {files} | {at} | {codes} |\n"));
    }
    let document = include_str!("../../../../../docs/evidence-snp.md");
    assert!(document.contains(&table), "docs/evidence-snp.md must hold this table:\n{table}");
}

fn quoted(file: &str) -> String {
    match file.strip_prefix("issuer: ") {
        Some(file) => format!("issuer `{file}`"),
        None => format!("`{file}`"),
    }
}
