//! Rules, roles and entries that every test begins with.

use disclosure::{Checked, ColumnRole, Dataset, EntryKind, OutputEntry, Roles, Rules, check};

/// Rules with threshold and k of 3, tight limits, one table and one microdata file.
pub(crate) const RULES: &str = r#"
version = 1
[tables]
threshold = 3
[microdata]
k = 3
[limits]
file_types = ["csv"]
max_files = 4
max_file_bytes = 200
max_total_bytes = 300
max_depth = 2
max_rows = 8
max_columns = 8
max_cell_chars = 12
significant_digits = 4
[[output]]
name = "table.csv"
kind = "table"
categories = ["site", "sex"]
counts = ["people"]
numbers = ["mean"]
[[output]]
name = "rows.csv"
kind = "microdata"
categories = ["site"]
numbers = ["visits"]
"#;

pub(crate) fn rules() -> Rules {
    Rules::parse(RULES.as_bytes()).unwrap()
}

/// `site` is a quasi-identifier, `visits` is not, `zper` names a person.
pub(crate) fn roles() -> Roles {
    Roles::from([
        ("site".into(), ColumnRole::QuasiIdentifier),
        ("visits".into(), ColumnRole::Sensitive),
        ("zper".into(), ColumnRole::Identifier),
    ])
}

pub(crate) fn file(path: &str, bytes: &[u8]) -> OutputEntry {
    let kind = EntryKind::Regular { bytes: bytes.to_vec(), links: 1 };
    OutputEntry { path: path.into(), kind }
}

pub(crate) fn of_kind(path: &str, kind: EntryKind) -> OutputEntry {
    OutputEntry { path: path.into(), kind }
}

pub(crate) fn checked(entries: &[OutputEntry]) -> Checked {
    check(entries, &rules(), &roles(), &nobody())
}

/// A dataset of which the rules ask nothing.
pub(crate) fn nobody() -> Dataset {
    Dataset::read([], &[], &rules()).unwrap()
}

/// The codes of all findings, in the report's order.
pub(crate) fn codes(checked: &Checked) -> Vec<String> {
    checked.report().findings.iter().map(|found| found.code.to_string()).collect()
}
