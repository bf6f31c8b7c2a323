//! The check itself: what a job left behind becomes canonical files or a refusal.

use std::collections::BTreeSet;

use crate::canonical::CanonicalFile;
use crate::cell;
use crate::classes::Classes;
use crate::entry::{EntryKind, OutputEntry};
use crate::finding::{Findings, Located, Problem, TableFault};
use crate::magic::{self, Foreign};
use crate::name;
use crate::reader;
use crate::report::{CheckReport, FileReport, OutputKind};
use crate::roles::{ColumnRole, Roles, role_of};
use crate::rules::{Limits, Output, Rules, Shape};
use crate::table::Table;

/// What a check decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Nothing leaves: the output attacks the gate itself, or none of its files passed.
    Refused(CheckReport),
    /// At least one file passed; the report names those that did not.
    Released(Released),
}

impl Checked {
    /// The report, for reviewers. What others may see is its [`CheckReport::notice`].
    #[must_use]
    pub const fn report(&self) -> &CheckReport {
        match self {
            Self::Refused(report) => report,
            Self::Released(released) => &released.report,
        }
    }
}

/// The files that passed and the report over the whole output. Nothing of a refused file is in
/// it but its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    // INVARIANT: never empty; sorted by name; the same files as `report.files`.
    files: Vec<CanonicalFile>,
    report: CheckReport,
}

impl Released {
    /// The files, sorted by name; never empty.
    #[must_use]
    pub fn files(&self) -> &[CanonicalFile] {
        &self.files
    }

    /// The report, for reviewers.
    #[must_use]
    pub const fn report(&self) -> &CheckReport {
        &self.report
    }

    /// The files and the report.
    #[must_use]
    pub fn into_parts(self) -> (Vec<CanonicalFile>, CheckReport) {
        (self.files, self.report)
    }

    /// The same files under the report that was made when they were first released.
    pub(crate) fn under(self, report: CheckReport) -> Self {
        Self { files: self.files, report }
    }
}

/// Checks all that a job left behind against the rules of its project and the column roles of
/// its datasets, and rewrites what passes. All findings are reported, not only the first.
#[must_use]
pub fn check(entries: &[OutputEntry], rules: &Rules, roles: &Roles) -> Checked {
    decide(entries, rules, roles).0
}

/// As [`check`], with the first finding in its typed form.
pub(crate) fn decide(
    entries: &[OutputEntry],
    rules: &Rules,
    roles: &Roles,
) -> (Checked, Option<Located>) {
    let mut findings = Vec::new();
    let mut left_off = 0_u64;
    let mut add = |found: Findings| {
        let (kept, more) = found.into_parts();
        findings.extend(kept);
        left_off = left_off.saturating_add(more);
    };
    let (candidates, found) = screen(entries, rules);
    add(found);
    let mut passed = Vec::new();
    let mut refused = BTreeSet::new();
    for (output, bytes) in candidates {
        match examine(output, bytes, rules, roles) {
            Ok(file) => passed.push(file),
            Err(found) => {
                refused.insert(output.name().to_owned());
                add(found);
            }
        }
    }
    if let Some(found) = oversize(&passed, rules.limits()) {
        add(found.into());
    }
    if findings.iter().any(|found| found.problem.is_structural()) {
        refused.extend(passed.drain(..).map(|(_, file)| file.name));
    }
    passed.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    let (files, reports): (Vec<_>, Vec<_>) = passed.into_iter().unzip();
    let refused = refused.into_iter().collect();
    findings.sort_by(|a, b| a.order().cmp(&b.order()));
    let first = findings.first().cloned();
    let report = CheckReport::new(rules, roles, reports, refused, findings, left_off);
    let checked = if files.is_empty() {
        Checked::Refused(report)
    } else {
        Checked::Released(Released { files, report })
    };
    (checked, first)
}

/// Sorts out what is not a plain file with a declared name.
fn screen<'a>(
    entries: &'a [OutputEntry],
    rules: &'a Rules,
) -> (Vec<(&'a Output, &'a [u8])>, Findings) {
    let mut findings = totals(entries, rules.limits());
    let mut candidates = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in entries {
        let printable = name::printable(&entry.path);
        let mut add = |problem| findings.push(Located::file(&printable, problem));
        let path = match name::parse(&entry.path, rules.limits().max_depth) {
            Ok(path) => Some(path),
            Err(error) => {
                add(Problem::Path(error));
                None
            }
        };
        if !seen.insert(entry.path.as_slice()) {
            add(Problem::PathTwice);
        }
        let Some(bytes) = plain_bytes(&entry.kind, rules.limits(), &mut add) else {
            continue;
        };
        let Some(path) = path else { continue };
        if !rules.allows_type_of(path) {
            add(Problem::FileType("the name's ending"));
        }
        match rules.output(path) {
            Some(output) => candidates.push((output, bytes)),
            None => add(Problem::Undeclared),
        }
    }
    (candidates, findings)
}

/// The bytes of a regular file that may be read as text; what else it is goes to `add`.
fn plain_bytes<'a>(
    kind: &'a EntryKind,
    limits: &Limits,
    add: &mut impl FnMut(Problem),
) -> Option<&'a [u8]> {
    let problem = match kind {
        EntryKind::Regular { bytes, links } => return regular(bytes, *links, limits, add),
        EntryKind::TooLarge { bytes } => file_too_large(*bytes, limits),
        EntryKind::Directory => return None,
        EntryKind::Symlink => Problem::Symlink,
        EntryKind::BlockDevice => Problem::SpecialFile("block device"),
        EntryKind::CharDevice => Problem::SpecialFile("character device"),
        EntryKind::Fifo => Problem::SpecialFile("named pipe"),
        EntryKind::Socket => Problem::SpecialFile("socket"),
        EntryKind::Other => Problem::SpecialFile("unknown kind of file"),
    };
    add(problem);
    None
}

fn regular<'a>(
    bytes: &'a [u8],
    links: u64,
    limits: &Limits,
    add: &mut impl FnMut(Problem),
) -> Option<&'a [u8]> {
    if links != 1 {
        add(Problem::HardLink(links));
    }
    let foreign = magic::sniff(bytes);
    match foreign {
        Some(Foreign::Archive(format)) => add(Problem::Archive(format)),
        Some(Foreign::Other(format)) => add(Problem::FileType(format)),
        None => {}
    }
    let too_large = length(bytes) > limits.max_file_bytes;
    if too_large {
        add(file_too_large(length(bytes), limits));
    }
    (foreign.is_none() && !too_large).then_some(bytes)
}

/// Numbers and bytes over all entries.
fn totals(entries: &[OutputEntry], limits: &Limits) -> Findings {
    let mut findings = Findings::default();
    let size = |entry: &OutputEntry| match &entry.kind {
        EntryKind::Regular { bytes, .. } => length(bytes),
        EntryKind::TooLarge { bytes } => *bytes,
        _ => 0,
    };
    let is_file = |entry: &OutputEntry| entry.kind != EntryKind::Directory;
    if !entries.iter().any(is_file) {
        findings.push(Located::whole(Problem::Empty));
    }
    let (found, limit) = (u64::try_from(entries.len()).unwrap_or(u64::MAX), limits.max_files);
    if found > limit {
        findings.push(Located::whole(Problem::TooManyFiles { found, limit }));
    }
    let total = entries.iter().map(size).fold(0, u64::saturating_add);
    if let Some(problem) = total_too_large(total, limits) {
        findings.push(Located::whole(problem));
    }
    findings
}

/// Rewriting a number in plain digits can lengthen it, so the limits hold for the result too.
fn oversize(passed: &[(CanonicalFile, FileReport)], limits: &Limits) -> Option<Located> {
    for (file, _) in passed {
        if length(file.bytes()) > limits.max_file_bytes {
            let problem = file_too_large(length(file.bytes()), limits);
            return Some(Located::file(file.name(), problem));
        }
    }
    let total = passed.iter().map(|(file, _)| length(file.bytes())).fold(0, u64::saturating_add);
    total_too_large(total, limits).map(Located::whole)
}

const fn file_too_large(found: u64, limits: &Limits) -> Problem {
    Problem::TooLarge { what: "bytes of one file", found, limit: limits.max_file_bytes }
}

fn total_too_large(found: u64, limits: &Limits) -> Option<Problem> {
    let limit = limits.max_total_bytes;
    (found > limit).then_some(Problem::TooLarge { what: "bytes of all files", found, limit })
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Reads and judges one declared file.
fn examine(
    output: &Output,
    bytes: &[u8],
    rules: &Rules,
    roles: &Roles,
) -> Result<(CanonicalFile, FileReport), Findings> {
    let table = reader::read(bytes, output, rules.limits())?;
    let mut findings = Findings::default();
    for column in output.columns() {
        if role_of(roles, column) == ColumnRole::Identifier {
            findings.push(Located::column(output.name(), column, Problem::IdentifierColumn));
        }
    }
    let quasi_identifiers = quasi_identifiers(output, roles);
    let smallest = match output.shape() {
        Shape::Table { .. } => smallest_cell(output, &table, rules, &mut findings),
        Shape::Microdata { .. } => {
            smallest_class(output, &table, &quasi_identifiers, rules, &mut findings)
        }
    };
    if !findings.is_empty() {
        return Err(findings);
    }
    let file = CanonicalFile::write(output.name(), &table);
    let report = FileReport {
        name: output.name().to_owned(),
        kind: OutputKind::of(output),
        bytes: length(file.bytes()),
        sha256: file.sha256(),
        rows: u64::try_from(table.rows()).unwrap_or(u64::MAX),
        smallest,
        quasi_identifiers: quasi_identifiers.into_iter().map(str::to_owned).collect(),
    };
    Ok((file, report))
}

/// The columns by which others could know a person: those of the manifest, all that it does not
/// know, and those that the rules add. A table has none: its rows are groups already.
fn quasi_identifiers<'a>(output: &'a Output, roles: &Roles) -> Vec<&'a str> {
    let Shape::Microdata { quasi_identifiers: added } = output.shape() else {
        return Vec::new();
    };
    let counts = |column: &&str| {
        role_of(roles, column) == ColumnRole::QuasiIdentifier || added.iter().any(|a| a == column)
    };
    output.columns().filter(counts).collect()
}

/// Names each row that repeats a key and each count below the threshold; the smallest count.
fn smallest_cell(output: &Output, table: &Table, rules: &Rules, found: &mut Findings) -> u64 {
    let name = output.name();
    let keys: Vec<&str> = output.categories().iter().map(String::as_str).collect();
    match Classes::over(table, &keys) {
        Ok(classes) => repeated_keys(name, &classes, found),
        Err(_) => found.push(Located::file(name, Problem::Malformed(TableFault::Unreadable))),
    }
    let mut smallest = u64::MAX;
    for column in output.counts().iter().filter_map(|count| table.column(count)) {
        let counts = (0..table.rows()).filter_map(|row| column.cell(row)).map(cell::count);
        for (count, row) in counts.zip(1_u64..) {
            // An unreadable count cannot occur here; were it to, it would count nobody.
            let count = count.unwrap_or(0);
            smallest = smallest.min(count);
            if count < rules.threshold() {
                let threshold = rules.threshold();
                let problem = Problem::CellBelowThreshold { count, threshold };
                found.push(Located::cell(name, row, column.name(), problem));
            }
        }
    }
    smallest
}

fn repeated_keys(name: &str, classes: &Classes, found: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (class, row) in classes.of_row().iter().zip(1_u64..) {
        if !seen.insert(class) {
            let problem = Problem::Malformed(TableFault::DuplicateKey);
            found.push(Located::row(name, row, problem));
        }
    }
}

/// The k of the microdata, reported if it is too small.
fn smallest_class(
    output: &Output,
    table: &Table,
    quasi_identifiers: &[&str],
    rules: &Rules,
    found: &mut Findings,
) -> u64 {
    let classes = Classes::over(table, quasi_identifiers);
    let sizes = classes.as_ref().map_or(&[][..], Classes::sizes);
    let smallest = sizes.iter().copied().min().unwrap_or(0);
    if smallest < rules.k() {
        let small = sizes.iter().filter(|&&size| size < rules.k());
        let rows = small.copied().fold(0, u64::saturating_add);
        let problem = Problem::KAnonymity { found: smallest, k: rules.k(), rows };
        found.push(Located::file(output.name(), problem));
    }
    smallest
}
