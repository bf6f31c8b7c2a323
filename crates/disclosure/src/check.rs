//! The check itself: what a job left behind becomes canonical files or a refusal.

mod contributions;
mod estimates;
mod figure;
mod judgement;
mod microdata;
mod screen;
mod secondary;
mod survival;
mod table;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use domain::Digest;

use crate::canonical::CanonicalFile;
use crate::entry::OutputEntry;
use crate::finding::{Findings, Located, Problem};
use crate::freedom;
use crate::people::{self, Dataset};
use crate::reader::{self, Form};
use crate::releases::{Footprint, Footprints};
use crate::report::{CheckReport, FileReport, OutputKind, Proposal, Status};
use crate::roles::{ColumnRole, Roles, role_of};
use crate::rules::{Output, Rules, Shape};
use crate::table::Table;
use judgement::Judgement;
pub(crate) use microdata::quasi_identifiers;
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
    // INVARIANT: of files in `files` alone.
    footprints: Option<Footprints>,
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

    /// The records behind the files whose rules say how to find them; none if no rule does.
    #[must_use]
    pub const fn footprints(&self) -> Option<&Footprints> {
        self.footprints.as_ref()
    }

    /// The same files under the report that was made when they were first released.
    pub(crate) fn under(self, report: CheckReport) -> Self {
        Self { report, ..self }
    }
}

/// Checks all that a job left behind against the rules of its project, the column roles of
/// its dataset and the people in it, and rewrites what passes. All findings are reported, not only
/// the first.
#[must_use]
pub fn check(entries: &[OutputEntry], rules: &Rules, roles: &Roles, dataset: &Dataset) -> Checked {
    let records = Records::In(dataset);
    decide(entries, &Terms { form: Form::Full, rules, roles, records, figures: Figures::All }).0
}

/// What [`check`] would find, as far as it can be told without the dataset: the report, and nothing
/// that could be released.
#[must_use]
pub fn rehearse(entries: &[OutputEntry], rules: &Rules, roles: &Roles) -> CheckReport {
    let records = Records::NotHere;
    let terms = Terms { form: Form::Full, rules, roles, records, figures: Figures::All };
    decide(entries, &terms).0.report().clone()
}

/// By what an output is judged.
pub(crate) struct Terms<'a> {
    pub(crate) form: Form,
    pub(crate) rules: &'a Rules,
    pub(crate) roles: &'a Roles,
    pub(crate) records: Records<'a>,
    pub(crate) figures: Figures<'a>,
}

/// Which figures are drawn, of those whose source passed.
pub(crate) enum Figures<'a> {
    /// All that the rules declare.
    All,
    /// Those of these names: what was refused, because the workload wrote one itself, stays away.
    Of(BTreeSet<&'a str>),
}

/// Where the people behind an output are found.
pub(crate) enum Records<'a> {
    /// In the dataset itself.
    In(&'a Dataset),
    /// By somebody who had it, and whose word is now held against the counts.
    Found(Option<&'a Footprints>),
    /// Nowhere: nothing may be released by such a check.
    NotHere,
}

/// One file while it is judged.
pub(crate) struct Judged<'a> {
    pub(crate) output: &'a Output,
    pub(crate) table: &'a Table,
    pub(crate) form: Form,
    pub(crate) rules: &'a Rules,
    pub(crate) roles: &'a Roles,
    /// The rows, from 0, whose counts and numbers the gate hides.
    pub(crate) hidden: BTreeSet<usize>,
}

impl Judged<'_> {
    /// Whether the gate hides the counts and numbers of `row`, from 0.
    pub(crate) fn is_hidden(&self, row: usize) -> bool {
        self.hidden.contains(&row)
    }
}

/// A file that passed.
struct Passed {
    file: CanonicalFile,
    report: FileReport,
    /// As it was read and what is hidden of it, for a figure to be drawn from; none if it is no
    /// table.
    table: Option<(Table, BTreeSet<usize>)>,
    footprint: Option<Footprint>,
}

/// Why a file did not pass, and what would make it pass.
struct NotPassed {
    found: Findings,
    proposal: Option<Proposal>,
}

impl NotPassed {
    fn without_proposal(found: Findings) -> Box<Self> {
        Box::new(Self { found, proposal: None })
    }
}

/// As [`check`], with the first finding in its typed form.
pub(crate) fn decide(entries: &[OutputEntry], terms: &Terms<'_>) -> (Checked, Option<Located>) {
    let Terms { form, rules, roles, .. } = *terms;
    let mut all = Found::default();
    let (candidates, found) = screen::screen(entries, rules);
    all.add(found);
    let mut passed = BTreeMap::new();
    let mut refused = BTreeSet::new();
    let (mut figures, mut proposals) = (Vec::new(), Vec::new());
    for (output, bytes) in candidates {
        if matches!(output.shape(), Shape::Figure(_)) {
            figures.push((output.name(), bytes));
            continue;
        }
        match examine(output, bytes, terms) {
            Ok(file) => drop(passed.insert(output.name(), file)),
            Err(why) => {
                refused.insert(output.name().to_owned());
                all.add(why.found);
                proposals.extend(why.proposal);
            }
        }
    }
    let drawn = draw(terms, &passed);
    for (name, bytes) in figures {
        // What leaves is the drawing; a file that is not the same can be nobody's but the workload's.
        let same = drawn.iter().any(|figure| figure.file.bytes() == bytes);
        if form == Form::Full || !same {
            refused.insert(name.to_owned());
            all.add(Located::file(name, Problem::FigureWritten).into());
        }
    }
    let (mut files, mut reports, mut footprints) = (Vec::new(), Vec::new(), BTreeMap::new());
    for Passed { file, report, footprint, .. } in passed.into_values().chain(drawn) {
        if !refused.contains(file.name()) {
            footprints.extend(footprint.map(|footprint| (file.name().to_owned(), footprint)));
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
    let footprints = if footprints.is_empty() || files.is_empty() {
        None
    } else {
        let made = Footprints::new(terms.records.population(), footprints);
        if made.is_err() {
            all.add(Located::whole(Problem::NoRecords).into());
            refused.extend(reports.drain(..).map(|file| file.name));
            files.clear();
        }
        made.ok()
    };
    let refused = refused.into_iter().collect();
    let findings = all.sorted();
    let first = findings.0.first().cloned();
    let records = footprints.as_ref().map(Footprints::digest);
    let report = CheckReport::new(rules, roles, records, reports, refused, findings, proposals);
    let checked = if files.is_empty() {
        Checked::Refused(report)
    } else {
        Checked::Released(Released { files, footprints, report })
    };
    (checked, first)
}

impl Records<'_> {
    /// The number of people in the dataset.
    fn population(&self) -> u32 {
        match self {
            Self::In(dataset) => dataset.population(),
            Self::Found(found) => found.map_or(0, Footprints::population),
            Self::NotHere => 0,
        }
    }

    /// The people behind the rows of `file`, if its rules say how to find them.
    fn behind(&self, file: &Judged<'_>) -> Result<Option<Footprint>, Vec<Located>> {
        let Some(rule) = file.output.records() else { return Ok(None) };
        match self {
            Self::In(dataset) => people::footprint(file, rule, dataset).map(Some),
            Self::Found(found) => {
                let name = file.output.name();
                let told = found.and_then(|found| found.files().get(name));
                let told = told.ok_or_else(|| vec![Located::file(name, Problem::NoRecords)])?;
                let wrong = people::agrees(file, told);
                if wrong.is_empty() { Ok(Some(told.clone())) } else { Err(wrong) }
            }
            Self::NotHere => Ok(None),
        }
    }
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
fn examine(output: &Output, bytes: &[u8], terms: &Terms<'_>) -> Result<Passed, Box<NotPassed>> {
    let Terms { form, rules, roles, .. } = *terms;
    if *output.shape() == Shape::Text {
        let (file, report) =
            text::examine(output, bytes, rules).map_err(NotPassed::without_proposal)?;
        return Ok(Passed { file, report, table: None, footprint: None });
    }
    let table =
        reader::read(bytes, output, form, rules.limits()).map_err(NotPassed::without_proposal)?;
    let mut judged = Judged { output, table: &table, form, rules, roles, hidden: BTreeSet::new() };
    if let (Shape::Table(counts), Form::Full) = (output.shape(), form) {
        judged.hidden = secondary::hidden(&judged, counts);
    }
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
    let footprint = match terms.records.behind(&judged) {
        Ok(footprint) => footprint,
        Err(wrong) => {
            wrong.into_iter().for_each(|wrong| found.note(wrong));
            None
        }
    };
    let (findings, verdict) = found.into_parts();
    if !findings.is_empty() {
        let proposal = match output.shape() {
            Shape::Table(counts) if findings.are_of_small_counts() => {
                secondary::proposal(&judged, counts)
            }
            _ => None,
        };
        return Err(Box::new(NotPassed { found: findings, proposal }));
    }
    let hidden = judged.hidden;
    let file = CanonicalFile::write(output, &table, &hidden);
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
        analyses: output.analyses().into_iter().map(str::to_owned).collect(),
        checks: verdict.checks,
        risks: verdict.risks,
        bits: freedom::bits(output, &table, rules.limits()),
    };
    Ok(Passed { file, report, table: Some((table, hidden)), footprint })
}

/// The figures whose sources passed.
fn draw(Terms { rules, figures, .. }: &Terms<'_>, passed: &BTreeMap<&str, Passed>) -> Vec<Passed> {
    let drawn = |output: &Output| {
        let Shape::Figure(figure) = output.shape() else { return None };
        if matches!(figures, Figures::Of(names) if !names.contains(output.name())) {
            return None;
        }
        let source = passed.get(figure.source.as_str())?;
        let (table, hidden) = source.table.as_ref()?;
        let declared = rules.output(&figure.source)?;
        let svg = figure::draw(output.name(), figure, table, hidden, declared)?;
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
        Some(Passed { file, report, table: None, footprint: None })
    };
    rules.outputs().iter().filter_map(drawn).collect()
}
