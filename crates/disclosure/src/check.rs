//! The check itself: what a job left behind becomes canonical files or a refusal.

mod contributions;
mod estimates;
mod figure;
mod judgement;
mod microdata;
mod screen;
mod survival;
mod table;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use domain::Digest;

use crate::canonical::CanonicalFile;
use crate::entry::OutputEntry;
use crate::finding::{Findings, Located, Problem};
use crate::freedom;
use crate::reader::{self, Form};
use crate::report::{CheckReport, FileReport, OutputKind, Status};
use crate::roles::{ColumnRole, Roles, role_of};
use crate::rules::{Output, Rules, Shape};
use crate::table::Table;
use judgement::Judgement;
use screen::length;

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
    decide(entries, Form::Full, rules, roles).0
}

/// One file while it is judged.
pub(crate) struct Judged<'a> {
    pub(crate) output: &'a Output,
    pub(crate) table: &'a Table,
    pub(crate) form: Form,
    pub(crate) rules: &'a Rules,
    pub(crate) roles: &'a Roles,
}

/// A file that passed.
struct Passed {
    file: CanonicalFile,
    report: FileReport,
    /// As it was read, for a figure to be drawn from; none if it is no table.
    table: Option<Table>,
}

/// As [`check`], with the first finding in its typed form.
pub(crate) fn decide(
    entries: &[OutputEntry],
    form: Form,
    rules: &Rules,
    roles: &Roles,
) -> (Checked, Option<Located>) {
    let mut all = Found::default();
    let (candidates, found) = screen::screen(entries, rules);
    all.add(found);
    let mut passed = BTreeMap::new();
    let mut refused = BTreeSet::new();
    let mut figures = Vec::new();
    for (output, bytes) in candidates {
        if matches!(output.shape(), Shape::Figure(_)) {
            figures.push((output.name(), bytes));
            continue;
        }
        match examine(output, bytes, form, rules, roles) {
            Ok(file) => drop(passed.insert(output.name(), file)),
            Err(found) => {
                refused.insert(output.name().to_owned());
                all.add(found);
            }
        }
    }
    let drawn = draw(rules, &passed);
    for (name, bytes) in figures {
        // What leaves is the drawing; a file that is not the same can be nobody's but the workload's.
        let same = drawn.iter().any(|figure| figure.file.bytes() == bytes);
        if form == Form::Full || !same {
            refused.insert(name.to_owned());
            all.add(Located::file(name, Problem::FigureWritten).into());
        }
    }
    let (mut files, mut reports) = (Vec::new(), Vec::new());
    for Passed { file, report, .. } in passed.into_values().chain(drawn) {
        if !refused.contains(file.name()) {
            files.push(file);
            reports.push(report);
        }
    }
    if let Some(found) = screen::oversize(&files, rules.limits()) {
        all.add(found.into());
    }
    if all.findings.iter().any(|found| found.problem.is_structural()) {
        refused.extend(reports.drain(..).map(|file| file.name));
        files.clear();
    }
    files.sort_by(|a, b| a.name().cmp(b.name()));
    reports.sort_by(|a, b| a.name.cmp(&b.name));
    let refused = refused.into_iter().collect();
    let (findings, left_off) = all.sorted();
    let first = findings.first().cloned();
    let report = CheckReport::new(rules, roles, reports, refused, findings, left_off);
    let checked = if files.is_empty() {
        Checked::Refused(report)
    } else {
        Checked::Released(Released { files, report })
    };
    (checked, first)
}

/// The findings of all files.
#[derive(Default)]
struct Found {
    findings: Vec<Located>,
    left_off: u64,
}

impl Found {
    fn add(&mut self, found: Findings) {
        let (kept, more) = found.into_parts();
        self.findings.extend(kept);
        self.left_off = self.left_off.saturating_add(more);
    }

    fn sorted(mut self) -> (Vec<Located>, u64) {
        self.findings.sort_by(|a, b| a.order().cmp(&b.order()));
        (self.findings, self.left_off)
    }
}

/// Reads and judges one declared file that is no figure.
fn examine(
    output: &Output,
    bytes: &[u8],
    form: Form,
    rules: &Rules,
    roles: &Roles,
) -> Result<Passed, Findings> {
    if *output.shape() == Shape::Text {
        let (file, report) = text::examine(output, bytes, rules)?;
        return Ok(Passed { file, report, table: None });
    }
    let table = reader::read(bytes, output, form, rules.limits())?;
    let judged = Judged { output, table: &table, form, rules, roles };
    let mut found = Judgement::default();
    for column in output.columns() {
        if role_of(roles, column) == ColumnRole::Identifier {
            found.note(Located::column(output.name(), column, Problem::IdentifierColumn));
        }
    }
    match output.shape() {
        Shape::Table(counts) => table::judge(&judged, counts, &mut found),
        Shape::Microdata { .. } => microdata::judge(&judged, &mut found),
        Shape::Survival(survival) => survival::judge(&judged, survival, &mut found),
        Shape::Estimates(estimates) => estimates::judge(&judged, estimates, &mut found),
        // Neither is read as a table.
        Shape::Figure(_) | Shape::Text => {}
    }
    let (findings, verdict) = found.into_parts();
    if !findings.is_empty() {
        return Err(findings);
    }
    let file = CanonicalFile::write(output, &table);
    let report = FileReport {
        name: output.name().to_owned(),
        kind: OutputKind::of(output),
        status: if verdict.risks.is_empty() { Status::Pass } else { Status::Review },
        bytes: length(file.bytes()),
        sha256: file.sha256(),
        checked_sha256: file.checked().map(Digest::of),
        rows: u64::try_from(table.rows()).unwrap_or(u64::MAX),
        smallest: verdict.smallest,
        quasi_identifiers: microdata::quasi_identifiers(output, roles),
        analyses: table::analyses(output),
        checks: verdict.checks,
        risks: verdict.risks,
        bits: freedom::bits(output, &table, rules.limits()),
    };
    Ok(Passed { file, report, table: Some(table) })
}

/// The declared figures whose sources passed.
fn draw(rules: &Rules, passed: &BTreeMap<&str, Passed>) -> Vec<Passed> {
    let drawn = |output: &Output| {
        let Shape::Figure(figure) = output.shape() else { return None };
        let source = passed.get(figure.source.as_str())?;
        let table = source.table.as_ref()?;
        let svg = figure::draw(output.name(), figure, table, rules.output(&figure.source)?)?;
        let file = CanonicalFile::drawn(output.name(), svg);
        let report = FileReport {
            name: output.name().to_owned(),
            kind: OutputKind::Figure,
            bytes: length(file.bytes()),
            sha256: file.sha256(),
            checked_sha256: None,
            // It shows what its source does, and nothing else.
            bits: 0,
            quasi_identifiers: Vec::new(),
            ..source.report.clone()
        };
        Some(Passed { file, report, table: None })
    };
    rules.outputs().iter().filter_map(drawn).collect()
}
