//! Stages 6 and 7: what a job's enclave hands to the airlock.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha384};

use crate::canonical::{self, CanonicalError};
use crate::claims::ReportData;
use crate::ids::{JobId, LaunchId, PersonId, ProjectId};
use crate::{Digest, Reason};

/// The files that passed the checks inside the enclave, with the report on all files.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputPackage {
    /// The job.
    pub job: JobId,
    /// Its launch.
    pub launch: LaunchId,
    /// Who started it.
    pub author: PersonId,
    /// Under which project.
    pub project: ProjectId,
    /// The launch manifest, by digest.
    pub manifest: Digest,
    /// The check report, as its canonical JSON text.
    pub report: String,
    /// The files, in the order of their names.
    pub files: Vec<PackageFile>,
    /// Which people are behind them, if the project's rules say how to find them: for the airlock
    /// alone. The report holds their digest.
    pub records: Option<PackageRecords>,
}

/// The footprints of an output: for each row of its files the people behind it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageRecords {
    /// The number of people in the dataset.
    pub population: u32,
    /// The encoding (`docs/formats/release-ledger.md`), in base64.
    pub footprints: String,
}

impl PackageRecords {
    /// The footprints that `bytes` encode.
    #[must_use]
    pub fn new(population: u32, bytes: &[u8]) -> Self {
        Self { population, footprints: STANDARD.encode(bytes) }
    }

    /// The encoding; none if it is not base64.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.footprints).ok()
    }
}

impl std::fmt::Debug for PackageRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PackageRecords({} characters)", self.footprints.len())
    }
}

/// One file of a package, with its text as the gate wrote it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageFile {
    /// A plain file name.
    pub name: String,
    /// The content; every admitted file type is UTF-8 text.
    pub content: String,
    /// What was checked, where that is more than what leaves: for the airlock alone. The report
    /// holds its digest.
    pub checked: Option<String>,
}

impl OutputPackage {
    /// The canonical bytes that are sealed to the airlock.
    ///
    /// # Errors
    /// As [`canonical::to_vec`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_vec(self)
    }

    /// The digest that enclave and reviewers sign for. It holds files and report by their own
    /// digests, so that an export can show what was signed without the report: what the report says
    /// of refused files is for reviewers alone.
    ///
    /// # Errors
    /// As [`canonical::to_vec`].
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        let file = |file: &PackageFile| (file.name.clone(), Digest::of(file.content.as_bytes()));
        PackageStatement {
            job: self.job.clone(),
            launch: self.launch.clone(),
            author: self.author.clone(),
            project: self.project.clone(),
            manifest: self.manifest,
            report: Digest::of(self.report.as_bytes()),
            files: self.files.iter().map(file).collect(),
        }
        .digest()
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// As [`canonical::from_slice`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CanonicalError> {
        canonical::from_slice(bytes)
    }
}

/// An [`OutputPackage`] with its contents by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageStatement {
    /// The job.
    pub job: JobId,
    /// Its launch.
    pub launch: LaunchId,
    /// Who started it.
    pub author: PersonId,
    /// Under which project.
    pub project: ProjectId,
    /// The launch manifest.
    pub manifest: Digest,
    /// The check report.
    pub report: Digest,
    /// The files, by name.
    pub files: BTreeMap<String, Digest>,
}

impl PackageStatement {
    /// The package's digest: [`OutputPackage::digest`].
    ///
    /// # Errors
    /// As [`canonical::to_vec`].
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        canonical::digest(self)
    }
}

impl std::fmt::Debug for PackageFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PackageFile({}, {} bytes)", self.name, self.content.len())
    }
}

impl std::fmt::Debug for OutputPackage {
    /// Contents stay out of logs and panics.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OutputPackage({}, {} files)", self.job, self.files.len())
    }
}

/// The REPORT_DATA that binds an enclave's evidence to the package with this digest.
///
/// Domain separation: attestation before the run hashes a JSON object, which begins with `{`.
#[must_use]
pub fn output_report_data(package: Digest) -> ReportData {
    let hash = Sha384::new()
        .chain_update(b"cloister output v1\0")
        .chain_update(package.as_bytes())
        .finalize();
    ReportData::padded(&hash.into())
}

/// The REPORT_DATA of KBS protocol 0.4.0: SHA-384 over the canonical JSON of
/// `{additional-evidence, nonce, tee-pubkey}`, followed by zeros.
///
/// # Errors
/// As [`canonical::to_vec`].
pub fn attestation_report_data<T: Serialize>(
    runtime_data: &T,
) -> Result<ReportData, CanonicalError> {
    let hash = Sha384::digest(canonical::to_vec(runtime_data)?);
    Ok(ReportData::padded(&hash.into()))
}

/// A package that passed the checks inside the enclave and again in the airlock.
///
/// INVARIANT: [`CheckedOutput::assertion`] is called in crate `airlock` alone, after the re-check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedOutput {
    package: Digest,
    proposal: Digest,
    author: PersonId,
}

impl CheckedOutput {
    /// States that the package with this digest passed both checks and at least one file is in it.
    #[must_use]
    pub const fn assertion(package: Digest, proposal: Digest, author: PersonId) -> Self {
        Self { package, proposal, author }
    }

    /// The package, by digest.
    #[must_use]
    pub const fn package(&self) -> Digest {
        self.package
    }

    /// The proposal under which it was made.
    #[must_use]
    pub const fn proposal(&self) -> Digest {
        self.proposal
    }

    /// Who started the job.
    #[must_use]
    pub const fn author(&self) -> &PersonId {
        &self.author
    }
}

/// Why an enclave's job gave no output; reported to the broker and logged as `JobFinished`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// The workload ended with this exit status, which is not 0. The number is the workload's to
    /// choose, so no text that leaves the enclave carries it.
    #[error("the workload reported failure")]
    ExitStatus(i32),
    /// The workload wrote nothing.
    #[error("the workload wrote no output")]
    NoOutput,
}

impl Reason for JobError {
    fn reason(&self) -> &'static str {
        match self {
            Self::ExitStatus(_) => "job.exit-status",
            Self::NoOutput => "output.empty",
        }
    }
}
