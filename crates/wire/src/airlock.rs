//! What the airlock answers, under `/v0`.

use domain::claims::Trust;
use domain::dsse::Envelope;
use domain::ids::{ExportId, OutputId, PersonId, ProjectId};
use domain::{Digest, ReasonCode, Timestamp};
use evidence::snp::SnpEvidence;
use serde::{Deserialize, Serialize};

/// `POST /v0/outputs`: what an enclave hands over before it wipes itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedOutput {
    /// The launch manifest's initdata bytes.
    #[serde(with = "crate::bytes")]
    pub initdata: Vec<u8>,
    /// Evidence whose REPORT_DATA binds the package (`domain::output::output_report_data`).
    pub evidence: SnpEvidence,
    /// The package sealed to the airlock (`seal::seal_output`).
    #[serde(with = "crate::bytes")]
    pub sealed: Vec<u8>,
    /// The workload's signature, which the receipt carries on.
    pub workload_bundle: String,
    /// The bytes that the workload's digest names: OCI image manifest; empty for a component.
    #[serde(with = "crate::bytes")]
    pub image_manifest: Vec<u8>,
}

/// The answer to [`SealedOutput`] and the listing's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputSummary {
    /// The output's name.
    pub output: OutputId,
    /// Its project.
    pub project: ProjectId,
    /// Who made it.
    pub author: PersonId,
    /// The package, by digest: what reviewers sign.
    pub package: Digest,
    /// When it arrived.
    pub received: Timestamp,
    /// Where it stands.
    pub state: OutputState,
    /// The files that passed.
    pub files: Vec<String>,
    /// The files that were refused, with the reason of each.
    pub refused: Vec<RefusedFile>,
    /// Which kind of platform made it.
    pub platform: Trust,
    /// Accepting votes so far and votes needed.
    pub accepted_votes: u32,
    /// How many accepting votes the project asks for.
    pub votes_needed: u32,
}

/// A file that did not pass the checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedFile {
    /// Its name; empty where it is about the output as a whole: refused beside what left before, or not to
    /// be opened any more.
    pub name: String,
    /// The first check that it failed.
    pub reason: ReasonCode,
}

/// Where an output stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputState {
    /// The checks refused all of it, or it cannot be opened any more.
    Refused,
    /// It waits for reviewers.
    InReview,
    /// A reviewer rejected it.
    Rejected,
    /// Enough reviewers accepted it.
    Accepted,
    /// It left.
    Exported,
}

/// `POST /v0/outputs/{output}/content`: a reviewer asks to see it. Signed, because plaintext answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadOutput {
    /// Which output.
    pub output: OutputId,
    /// Who asks: a reviewer of the project.
    pub reviewer: PersonId,
    /// When; refused unless within five minutes of the airlock's clock.
    pub signed: Timestamp,
}

/// DSSE payload type of a signed [`ReadOutput`].
pub const READ_OUTPUT_TYPE: &str = "application/vnd.cloister.read-output.v1+json";

/// What a reviewer sees: exactly what would leave, and the checks already done.
#[derive(Clone, Serialize, Deserialize)]
pub struct OutputContent {
    /// The listing's row.
    pub summary: OutputSummary,
    /// The package's canonical bytes; `OutputPackage::digest` is what a reviewer signs.
    #[serde(with = "crate::bytes")]
    pub package: Vec<u8>,
}

impl std::fmt::Debug for OutputContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OutputContent({})", self.summary.output)
    }
}

/// `POST /v0/outputs/{output}/reviews`: a signed `domain::review::Review`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitReview {
    /// The vote.
    pub review: Envelope,
}

/// `POST /v0/outputs/{output}/export`: the answer. The file is at `GET /v0/exports/{export}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exported {
    /// The export's name.
    pub export: ExportId,
    /// SHA-256 of the zip file.
    pub sha256: Digest,
    /// Where in the log its event stands.
    pub log_index: u64,
    /// Whether it was published as a sigstore bundle too, at `GET /v0/exports/{export}/bundle`.
    pub bundle: bool,
}
