//! The table of vectors in docs/evidence.md is the one that the tests hold.

use super::vectors::rows;

#[test]
fn the_documented_table_is_the_tested_one() {
    let mut table = String::from(
        "| quote | collateral | at | production | status | archive |\n|---|---|---|---|---|---|\n",
    );
    for row in rows() {
        let files: Vec<_> = row
            .collateral
            .iter()
            .map(|file| format!("`{}`", file.rsplit('/').next().unwrap_or(file)))
            .collect();
        let collateral = if files.is_empty() { "none".to_owned() } else { files.join(", ") };
        let warnings: Vec<_> = row.archive.iter().map(|code| short(code)).collect();
        table.push_str(&format!(
            "| `{}` | {collateral} | {} | {} | {} | {} |\n",
            row.quote,
            row.at,
            short(row.production),
            row.status,
            if warnings.is_empty() { "authentic".to_owned() } else { warnings.join(", ") },
        ));
    }
    let document = include_str!("../../../../../docs/evidence.md");
    assert!(document.contains(&table), "docs/evidence.md must hold this table:\n{table}");
}

/// Codes without what they all start with.
fn short(code: &str) -> String {
    code.strip_prefix("evidence.").unwrap_or(code).to_owned()
}
