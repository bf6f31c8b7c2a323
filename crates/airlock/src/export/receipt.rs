//! The receipt: one signed in-toto statement that names every link of an export by digest.

use std::collections::BTreeMap;

use domain::canonical::{self, CanonicalError};
use domain::claims::{Measurement, Trust};
use domain::dsse::{DsseError, Envelope};
use domain::ids::{ExportId, JobId, LaunchId, PersonId, ProjectId};
use domain::keys::{PublicKey, SecretKey};
use domain::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::export::ExportError;

/// What an export is and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The export.
    pub export: ExportId,
    /// When the airlock released it.
    pub released: Timestamp,
    /// Whether a hardware vendor vouches for the enclave. `emulated`: nothing was confidential.
    pub platform: Trust,
    /// The guest image that made it.
    pub measurement: Measurement,
    /// The project.
    pub project: ProjectId,
    /// The job.
    pub job: JobId,
    /// The launch.
    pub launch: LaunchId,
    /// Who started the job.
    pub author: PersonId,
    /// The launch manifest.
    pub manifest: Digest,
    /// The dataset's manifest.
    pub dataset: Digest,
    /// The approved proposal.
    pub proposal: Digest,
    /// The workload.
    pub workload: Digest,
    /// The output rules.
    pub output_rules: Digest,
    /// The release policy.
    pub release_policy: Digest,
    /// The output package that enclave and reviewers signed for.
    pub package: Digest,
    /// The check report.
    pub report: Digest,
    /// The reviewers who accepted.
    pub reviewers: Vec<PersonId>,
    /// SHA-256 of every other member of the file, the log's proofs excepted.
    pub members: BTreeMap<String, Digest>,
}

impl Receipt {
    /// Signs the receipt as an in-toto statement whose subjects are the released files.
    ///
    /// # Errors
    /// [`ExportError::Format`].
    pub fn sign(&self, key: &SecretKey) -> Result<Envelope, ExportError> {
        let payload = canonical::to_vec(&Statement::of(self)).map_err(ExportError::Format)?;
        Ok(Envelope::sign(PAYLOAD_TYPE, &payload, key))
    }

    /// The receipt in `envelope`, if `key` signed it, and the digest that the log holds of it.
    ///
    /// # Errors
    /// [`ExportError::Receipt`] for another signer or more than one, [`ExportError::Format`] for another statement.
    pub fn verify(envelope: &Envelope, key: &PublicKey) -> Result<(Self, Digest), ExportError> {
        let payload = envelope.verify(PAYLOAD_TYPE, key).map_err(ExportError::Receipt)?;
        only_signed_by(envelope, key)?;
        let statement: Statement = canonical::from_slice(&payload).map_err(ExportError::Format)?;
        if statement != Statement::of(&statement.predicate) {
            return Err(ExportError::Format(CanonicalError::NotCanonical));
        }
        Ok((statement.predicate, Digest::of(&payload)))
    }
}

/// DSSE leaves key hints and further signatures open; a receipt has one form, in which no byte can
/// be changed.
fn only_signed_by(envelope: &Envelope, key: &PublicKey) -> Result<(), ExportError> {
    let json = serde_json::to_value(envelope)
        .map_err(|error| ExportError::Format(CanonicalError::NotJson(error)))?;
    let signatures = json.get("signatures").and_then(Value::as_array).map(Vec::as_slice);
    let hint = match signatures {
        Some([only]) => only.get("keyid").and_then(Value::as_str),
        _ => None,
    };
    if hint == Some(key.id().hex().as_str()) {
        Ok(())
    } else {
        Err(ExportError::Receipt(DsseError::Malformed))
    }
}

/// in-toto Attestation Framework v1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Receipt,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: BTreeMap<String, String>,
}

impl Statement {
    fn of(receipt: &Receipt) -> Self {
        let subject = receipt
            .members
            .iter()
            .filter_map(|(path, digest)| Some((path.strip_prefix(FILES)?, digest)))
            .map(|(name, digest)| Subject {
                name: name.to_owned(),
                digest: BTreeMap::from([("sha256".to_owned(), digest.hex())]),
            })
            .collect();
        Self {
            kind: "https://in-toto.io/Statement/v1".to_owned(),
            subject,
            predicate_type: "https://cloister.example/export/v1".to_owned(),
            predicate: receipt.clone(),
        }
    }
}

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Folder of the released files.
pub(crate) const FILES: &str = "files/";
/// The signed receipt.
pub(crate) const RECEIPT: &str = "receipt.dsse.json";
/// Folder of the log's entries and proofs.
pub(crate) const LOG: &str = "log/";
/// The output rules.
pub(crate) const RULES: &str = "checks/rules.toml";
/// What the checks applied to this package.
pub(crate) const CHECKS: &str = "checks/record.json";
/// The launch manifest's initdata.
pub(crate) const MANIFEST: &str = "enclave/launch.toml";
/// The evidence that binds the package.
pub(crate) const EVIDENCE: &str = "enclave/evidence.json";
/// The certificate revocation list that was current at release; empty on the emulated platform.
pub(crate) const CRL: &str = "enclave/crl.der";
/// The proposal.
pub(crate) const PROPOSAL: &str = "project/proposal.json";
/// The custodians' approvals.
pub(crate) const APPROVALS: &str = "project/approvals.json";
/// The dataset's signed manifest.
pub(crate) const DATASET: &str = "project/dataset.dsse.json";
/// The reviewers' votes.
pub(crate) const REVIEWS: &str = "reviews.json";
/// The workload's signature.
pub(crate) const BUNDLE: &str = "workload/bundle.json";
