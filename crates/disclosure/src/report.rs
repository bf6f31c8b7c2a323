//! What a check says: in full for reviewers, and as a notice without counts for everybody else.

use std::collections::{BTreeMap, BTreeSet};

use domain::canonical::{self, CanonicalError};
use domain::{Digest, ReasonCode};
use serde::{Deserialize, Serialize};

use crate::finding::Located;
use crate::roles::Roles;
use crate::rules::{Output, Rules, Shape, Zeros};
use crate::secondary::Rounding;
use crate::vocabulary::{DisclosureRisk, Mitigation, OutputCheck};

/// Everything that a check found. It holds counts and row numbers, so it is for reviewers: it
/// stays inside the sealed package. Outside it, use [`Self::notice`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckReport {
    /// The format and its version.
    pub format: ReportFormat,
    /// Whether there is any finding at all.
    pub verdict: Verdict,
    /// The first finding's code; none if and only if the output passed.
    pub reason: Option<ReasonCode>,
    /// The digest of the rules' TOML bytes.
    pub rules_digest: Digest,
    /// The digest of the column roles' canonical JSON.
    pub roles_digest: Digest,
    /// The digest of the footprints: which people are behind the files; none if no rule asks for it.
    pub records_digest: Option<Digest>,
    /// The numbers that decided.
    pub criteria: Criteria,
    /// The files that are released, by name; empty if nothing leaves.
    pub files: Vec<FileReport>,
    /// The declared files that were found and not released, by name.
    pub refused: Vec<String>,
    /// What is wrong, what concerns the whole output first.
    pub findings: Vec<Finding>,
    /// How many further findings were left off for their number.
    pub findings_left_off: u64,
    /// For tables that were refused for small counts: what would make them pass.
    pub proposals: Vec<Proposal>,
}

/// What would make a table pass, each by itself and judged like the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The table.
    pub file: String,
    /// Hide the counts of these rows, the first below the header being 1; empty if that is no way.
    pub hide: Vec<u64>,
    /// Round all counts in one of these ways.
    pub round: Vec<Rounding>,
    /// Merge values of one of these categories until the counts are large enough.
    pub merge: Vec<String>,
}

/// The format of a [`CheckReport`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportFormat {
    /// The one version that is read.
    #[serde(rename = "cloister-output-check/2")]
    V2,
}

/// Whether a check found anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No finding: all files are released.
    Passed,
    /// At least one finding: what it concerns is not released.
    Refused,
}

/// The numbers of the rules that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criteria {
    /// The fewest people that a cell of a table may count.
    pub threshold: u64,
    /// Whether a cell that counts nobody is refused.
    pub zeros_refused: bool,
    /// The n of (n,k) dominance.
    pub dominance_n: u64,
    /// The k of (n,k) dominance, in percent.
    pub dominance_k_percent: u64,
    /// The p of the p % rule.
    pub p_percent: u64,
    /// The fewest degrees of freedom left.
    pub degrees_of_freedom: u64,
    /// The fewest rows of microdata that may share their quasi-identifiers.
    pub k: u64,
    /// The fewest values of a sensitive column in a class of microdata.
    pub l: u64,
    /// The furthest that a class of microdata may be from the whole, in percent.
    pub t_percent: u64,
    /// Significant digits kept of a number.
    pub significant_digits: u32,
}

/// A released file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileReport {
    /// Its name, as the rules declare it.
    pub name: String,
    /// What its rows stand for.
    pub kind: OutputKind,
    /// Whether the checks settle it, or people must.
    pub status: Status,
    /// The length of the canonical file.
    pub bytes: u64,
    /// The digest of the canonical file.
    pub sha256: Digest,
    /// The digest of what was checked, where that is more than what leaves.
    pub checked_sha256: Option<Digest>,
    /// Rows, the header not counted.
    pub rows: u64,
    /// The smallest count of a table; the smallest class, its k, of microdata; the fewest degrees
    /// of freedom of estimates.
    pub smallest: u64,
    /// The columns that the classes of microdata are made of; none for a table.
    pub quasi_identifiers: Vec<String>,
    /// What it holds, by the StatBarns ontology's names.
    pub analyses: Vec<String>,
    /// The checks that were made, all of which held.
    pub checks: BTreeSet<OutputCheck>,
    /// The risks that no check settles.
    pub risks: BTreeSet<DisclosureRisk>,
    /// How many bits the workload could have said by what is in it.
    pub bits: u64,
}

/// Whether checks settle a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// They do.
    Pass,
    /// They do not: people look at the risks that are named.
    Review,
}

/// What the rows of a file stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputKind {
    /// Groups of people.
    Table,
    /// People.
    Microdata,
    /// Moments of follow-up.
    Survival,
    /// Estimates, tests or parameters.
    Estimates,
    /// Nothing: a drawing.
    Figure,
    /// Nothing: lines of text.
    Text,
}

impl OutputKind {
    pub(crate) const fn of(output: &Output) -> Self {
        match output.shape() {
            Shape::Table(_) => Self::Table,
            Shape::Microdata { .. } => Self::Microdata,
            Shape::Survival(_) => Self::Survival,
            Shape::Estimates(_) => Self::Estimates,
            Shape::Figure(_) => Self::Figure,
            Shape::Text => Self::Text,
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The file, escaped and shortened where its name is not of the fixed alphabet; empty for the
    /// output as a whole.
    pub file: String,
    /// The stable code.
    pub code: ReasonCode,
    /// The condition in words, with the count where one decided; never another cell's content.
    pub detail: String,
    /// The data row in the workload's file, the first below the header being 1.
    pub row: Option<u64>,
    /// The column.
    pub column: Option<String>,
    /// The check that found it, if the ontology has it.
    pub check: Option<OutputCheck>,
    /// What a researcher can do about it.
    pub mitigations: Vec<Mitigation>,
}

impl CheckReport {
    /// The report over `located`, which are in their order, and how many more there were.
    pub(crate) fn new(
        rules: &Rules,
        roles: &Roles,
        records_digest: Option<Digest>,
        files: Vec<FileReport>,
        refused: Vec<String>,
        (located, findings_left_off): (Vec<Located>, u64),
        proposals: Vec<Proposal>,
    ) -> Self {
        let reason = located.first().map(|found| ReasonCode::of(&found.problem));
        Self {
            format: ReportFormat::V2,
            verdict: if reason.is_none() { Verdict::Passed } else { Verdict::Refused },
            reason,
            rules_digest: rules.digest(),
            roles_digest: Digest::of(&json(roles)),
            records_digest,
            criteria: Criteria::of(rules),
            files,
            refused,
            findings: located.into_iter().map(Finding::from).collect(),
            findings_left_off,
            proposals,
        }
    }

    /// The RFC 8785 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json(self)
    }

    /// The digest of [`Self::to_bytes`].
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// Reads a report; its claims are not believed by that, see [`crate::recheck`].
    ///
    /// # Errors
    /// A [`CanonicalError`] if the bytes are no report or not its canonical form.
    pub fn parse(bytes: &[u8]) -> Result<Self, CanonicalError> {
        canonical::from_slice(bytes)
    }

    /// What may be told outside the sealed package: to the researcher, to control, in the log. It
    /// holds no count, no row and no text that the workload chose, so it carries at most which
    /// codes apply to which declared file.
    #[must_use]
    pub fn notice(&self, rules: &Rules) -> Notice {
        let mut refused: BTreeMap<String, BTreeSet<ReasonCode>> =
            self.refused.iter().map(|name| (name.clone(), BTreeSet::new())).collect();
        let mut codes = BTreeSet::new();
        for finding in &self.findings {
            let held = match rules.output(&finding.file) {
                Some(output) => refused.entry(output.name().to_owned()).or_default(),
                None => &mut codes,
            };
            held.insert(finding.code.clone());
        }
        Notice {
            verdict: self.verdict,
            reason: self.reason.clone(),
            released: self.files.iter().map(|file| file.name.clone()).collect(),
            refused,
            codes,
        }
    }
}

impl Criteria {
    pub(crate) fn of(rules: &Rules) -> Self {
        let limits = *rules.thresholds();
        Self {
            threshold: limits.threshold,
            zeros_refused: limits.zeros == Zeros::Refuse,
            dominance_n: limits.dominance_n,
            dominance_k_percent: limits.dominance_k,
            p_percent: limits.p_percent,
            degrees_of_freedom: limits.degrees_of_freedom,
            k: limits.k,
            l: limits.l,
            t_percent: limits.t_percent,
            significant_digits: rules.limits().significant_digits,
        }
    }
}

/// A [`CheckReport`] as everybody may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Whether there is any finding at all.
    pub verdict: Verdict,
    /// The first finding's code.
    pub reason: Option<ReasonCode>,
    /// The declared files that are released.
    pub released: Vec<String>,
    /// The declared files that are not, each with its codes; without a code if the output was
    /// refused as a whole.
    pub refused: BTreeMap<String, BTreeSet<ReasonCode>>,
    /// Codes that concern anything else.
    pub codes: BTreeSet<ReasonCode>,
}

impl From<Located> for Finding {
    fn from(found: Located) -> Self {
        Self {
            code: ReasonCode::of(&found.problem),
            detail: found.problem.to_string(),
            file: found.file,
            row: found.row,
            column: found.column,
            check: found.problem.check().map(|(check, _)| check),
            mitigations: found
                .problem
                .check()
                .map_or(&[][..], |(_, risk)| risk.mitigations())
                .to_vec(),
        }
    }
}

#[expect(clippy::expect_used, reason = "maps with text keys, texts and integers always have JSON")]
fn json<T: Serialize>(value: &T) -> Vec<u8> {
    canonical::to_vec(value).expect("a value of texts and integers has a JSON form")
}
