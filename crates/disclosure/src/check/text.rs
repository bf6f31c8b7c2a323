//! Plain text, which no check can settle: people read it.

use std::collections::BTreeSet;

use super::screen::length;
use crate::canonical::CanonicalFile;
use crate::finding::{Findings, Located, Problem, TableFault};
use crate::report::{FileReport, OutputKind, Status};
use crate::rules::{Output, Rules};
use crate::vocabulary::DisclosureRisk;

/// Reads a text of visible characters, spaces and line feeds, and writes it without trailing
/// spaces and empty lines at its end.
pub(super) fn examine(
    output: &Output,
    bytes: &[u8],
    rules: &Rules,
) -> Result<(CanonicalFile, FileReport), Findings> {
    let wrong = |problem| Findings::from(Located::file(output.name(), problem));
    let text =
        std::str::from_utf8(bytes).map_err(|_| wrong(Problem::Malformed(TableFault::NotUtf8)))?;
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    if lines.is_empty() {
        return Err(wrong(Problem::Empty));
    }
    if u64::try_from(lines.len()).unwrap_or(u64::MAX) > rules.limits().max_rows {
        let (found, limit) = (length(bytes), rules.limits().max_rows);
        return Err(wrong(Problem::TooLarge { what: "lines", found, limit }));
    }
    if !lines.iter().flat_map(|line| line.chars()).all(is_visible) {
        return Err(wrong(Problem::Malformed(TableFault::Invisible)));
    }
    let mut written = lines.join("\n");
    written.push('\n');
    let file = CanonicalFile::drawn(output.name(), written.into_bytes());
    let report = FileReport {
        name: output.name().to_owned(),
        kind: OutputKind::Text,
        status: Status::Review,
        bytes: length(file.bytes()),
        sha256: file.sha256(),
        checked_sha256: None,
        rows: u64::try_from(lines.len()).unwrap_or(u64::MAX),
        smallest: 0,
        quasi_identifiers: Vec::new(),
        analyses: Vec::new(),
        checks: BTreeSet::new(),
        risks: BTreeSet::from([
            DisclosureRisk::AuxiliaryInformation,
            DisclosureRisk::Differencing,
            DisclosureRisk::ImplicitTables,
        ]),
        bits: length(file.bytes()).saturating_mul(8),
    };
    Ok((file, report))
}

/// Letters, digits and punctuation that a reader sees: ASCII, and letters of any script.
fn is_visible(character: char) -> bool {
    character == ' ' || character.is_ascii_graphic() || character.is_alphanumeric()
}
