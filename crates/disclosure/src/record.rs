//! What may be told of a check to whoever receives the export: all criteria that were applied
//! (SATRE 3.3.09), and no count.

use std::collections::BTreeSet;

use domain::Digest;
use domain::canonical::{self, CanonicalError};
use serde::{Deserialize, Serialize};

use crate::report::{CheckReport, Criteria, FileReport, OutputKind, Status};
use crate::rules::Rules;
use crate::vocabulary::{DisclosureRisk, OutputCheck};

/// A machine-readable record of the disclosure control that one output package went through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRecord {
    /// The format and its version.
    pub format: RecordFormat,
    /// The program that checked, with its version.
    pub tool: String,
    /// The output package.
    pub package: Digest,
    /// The whole report, which stays inside.
    pub report: Digest,
    /// The digest of the rules' TOML bytes.
    pub rules_digest: Digest,
    /// The digest of the column roles' canonical JSON.
    pub roles_digest: Digest,
    /// Every threshold.
    pub criteria: Criteria,
    /// The released files, by name.
    pub files: Vec<FileRecord>,
}

/// The format of a [`CheckRecord`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordFormat {
    /// The first version.
    #[serde(rename = "cloister-check-record/1")]
    V1,
}

/// What was applied to one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub sha256: Digest,
    /// What its rows stand for.
    pub kind: OutputKind,
    /// Whether the checks settled it, or people did.
    pub status: Status,
    /// What it holds, by the StatBarns ontology's names.
    pub analyses: Vec<String>,
    /// The checks that were made, all of which held.
    pub checks: BTreeSet<OutputCheck>,
    /// The risks that people judged.
    pub risks: BTreeSet<DisclosureRisk>,
    /// How many bits the workload could have said by what is in it.
    pub bits: u64,
}

impl CheckRecord {
    /// The record of `package`, which was checked with `report` by `tool`.
    #[must_use]
    pub fn of(report: &CheckReport, package: Digest, tool: &str) -> Self {
        Self {
            format: RecordFormat::V1,
            tool: tool.to_owned(),
            package,
            report: report.digest(),
            rules_digest: report.rules_digest,
            roles_digest: report.roles_digest,
            criteria: report.criteria.clone(),
            files: report.files.iter().map(FileRecord::of).collect(),
        }
    }

    /// The RFC 8785 bytes.
    ///
    /// # Errors
    /// As [`canonical::to_vec`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_vec(self)
    }

    /// Reads a record in its one spelling.
    ///
    /// # Errors
    /// As [`canonical::from_slice`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CanonicalError> {
        canonical::from_slice(bytes)
    }

    /// Whether its criteria are those of `rules`.
    #[must_use]
    pub fn is_of(&self, rules: &Rules) -> bool {
        self.rules_digest == rules.digest() && self.criteria == Criteria::of(rules)
    }
}

impl FileRecord {
    fn of(file: &FileReport) -> Self {
        Self {
            name: file.name.clone(),
            sha256: file.sha256,
            kind: file.kind,
            status: file.status,
            analyses: file.analyses.clone(),
            checks: file.checks.clone(),
            risks: file.risks.clone(),
            bits: file.bits,
        }
    }
}
