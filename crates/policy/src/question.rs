//! A release question in the words of the schema.

use cedar_policy::{Context, Entities, EntityUid, Request, Schema};
use domain::claims::{Claims, Platform, Trust};
use domain::dataset::{Classification, SignedDataset};
use domain::launch::LaunchManifest;
use domain::project::Approval;
use domain::{Digest, Timestamp, Verified};
use serde_json::{Value, json};

use crate::PolicyError;

/// May this enclave have the key of this dataset now?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What the custodians approved.
    pub approval: &'a Approval,
    /// The dataset whose key is asked for.
    pub dataset: &'a SignedDataset,
    /// The launch.
    pub manifest: &'a LaunchManifest,
    /// What the enclave's evidence says.
    pub claims: &'a Verified<Claims>,
    /// The time of the decision.
    pub at: Timestamp,
}

impl Question<'_> {
    /// The question as Cedar takes it, checked against the schema.
    pub(crate) fn ask(&self, schema: &Schema) -> Result<(Request, Entities), PolicyError> {
        let claims = self.claims.get();
        let enclave = uid("Cloister::Enclave", self.manifest.launch.as_str())?;
        let dataset = uid("Cloister::Dataset", &self.dataset.digest().to_string())?;
        let action = uid("Cloister::Action", "release")?;
        let entities = json!([
            entity("Cloister::Enclave", self.manifest.launch.as_str(), enclave_attributes(claims)),
            entity(
                "Cloister::Dataset",
                &self.dataset.digest().to_string(),
                json!({
                    "digest": self.dataset.digest(),
                    "classification": classification(self.dataset.manifest().classification),
                }),
            ),
        ]);
        let entities = Entities::from_json_value(entities, Some(schema)).map_err(unaskable)?;
        let context = Context::from_json_value(self.context()?, Some((schema, &action)))
            .map_err(unaskable)?;
        let request =
            Request::new(enclave, action, dataset, context, Some(schema)).map_err(unaskable)?;
        Ok((request, entities))
    }

    fn context(&self) -> Result<Value, PolicyError> {
        let proposal = self.approval.proposal();
        Ok(json!({
            "now": self.at.unix_seconds(),
            "approval": {
                "proposal": self.approval.digest(),
                "dataset": proposal.dataset,
                "measurements": proposal.measurements,
                "expires": proposal.expires.unix_seconds(),
            },
            "launch": {
                "manifest": self.manifest.digest().map_err(unaskable)?,
                "proposal": self.manifest.proposal,
                "dataset": self.manifest.dataset,
                "expires": self.manifest.expires.unix_seconds(),
            },
        }))
    }
}

fn enclave_attributes(claims: &Claims) -> Value {
    let Platform::SevSnp { trust, .. } = claims.platform;
    json!({
        "platform": "sev-snp",
        "root": match trust {
            Trust::Hardware => "hardware",
            Trust::Emulated => "emulated",
        },
        "measurement": claims.measurement,
        "launch": Digest::from_bytes(*claims.host_data.as_bytes()),
        "vmpl": claims.vmpl,
        "debug": claims.policy.debug(),
        "migration": claims.policy.migrate_ma(),
    })
}

const fn classification(classification: Classification) -> &'static str {
    match classification {
        Classification::Public => "public",
        Classification::Internal => "internal",
        Classification::Confidential => "confidential",
        Classification::HighlyConfidential => "highly-confidential",
    }
}

fn entity(kind: &str, id: &str, attributes: Value) -> Value {
    json!({ "uid": { "type": kind, "id": id }, "attrs": attributes, "parents": [] })
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, PolicyError> {
    EntityUid::from_json(json!({ "type": kind, "id": id })).map_err(unaskable)
}

fn unaskable(error: impl std::fmt::Display) -> PolicyError {
    PolicyError::Unaskable(error.to_string())
}
