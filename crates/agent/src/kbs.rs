//! The broker as the guest speaks to it: KBS protocol 0.4.0, and the report of a refusal.

use domain::{Digest, ReasonCode};
use seal::DatasetSecret;
use serde_json::{Value, json};
use wire::broker::JobRefusal;
use wire::kbs::{
    Attestation, AttestationToken, Challenge, CompositeEvidence, InitData, Request, RuntimeData,
    SESSION_COOKIE, Tee, VERSION, dataset_key_path, report_data,
};

use crate::AgentError;
use crate::disks::GivenManifest;
use crate::http::Service;
use crate::jwe::EnvelopeKey;
use crate::platform::Measured;

/// An attested session: the broker verified this enclave's evidence.
#[derive(Debug)]
pub struct Session {
    broker: Service,
    token: AttestationToken,
}

impl Session {
    /// Attests `key` to `broker`, which is the one that the manifest pins.
    ///
    /// # Errors
    /// [`AgentError::Unreachable`], [`AgentError::BrokerRefused`], and what
    /// [`Measured::evidence`] gives.
    pub async fn attest(
        broker: Service,
        measured: &mut Measured,
        given: &GivenManifest,
        key: &EnvelopeKey,
    ) -> Result<Self, AgentError> {
        let hello = Request { version: VERSION.to_owned(), tee: Tee::Snp, extra_params: json!({}) };
        let answer = broker.post("/kbs/v0/auth", None, None, &hello).await?;
        let challenge: Challenge =
            serde_json::from_slice(&answer.body).map_err(|_| broker.nonsense())?;
        let cookie = answer
            .cookie
            .filter(|cookie| cookie.split('=').next() == Some(SESSION_COOKIE))
            .ok_or_else(|| broker.nonsense())?;
        let attestation = attestation(measured, given, key, challenge.nonce)?;
        let answer = broker.post("/kbs/v0/attest", Some(&cookie), None, &attestation).await?;
        let token = serde_json::from_slice(&answer.body).map_err(|_| broker.nonsense())?;
        Ok(Self { broker, token })
    }

    /// Asks for the secret of the dataset with this manifest; uses up the attested key.
    ///
    /// # Errors
    /// [`AgentError::BrokerRefused`] with the release decision's code, [`AgentError::Unreachable`],
    /// [`AgentError::KeyEnvelope`] or [`AgentError::Seal`].
    pub async fn dataset_key(
        &self,
        key: EnvelopeKey,
        dataset: &Digest,
    ) -> Result<DatasetSecret, AgentError> {
        let path = format!("/kbs/v0/resource/{}", dataset_key_path(dataset));
        let answer = self.broker.get(&path, &self.token.token).await?;
        let secret = key.open(&answer.body)?;
        DatasetSecret::from_key_file(&secret).map_err(AgentError::Seal)
    }

    /// Tells the broker why the job stops, for the log.
    ///
    /// # Errors
    /// As [`Service::post`].
    pub async fn report_refusal(&self, reason: ReasonCode) -> Result<(), AgentError> {
        let refusal = JobRefusal { reason };
        self.broker.post("/v0/job/refusal", None, Some(&self.token.token), &refusal).await?;
        Ok(())
    }
}

fn attestation(
    measured: &mut Measured,
    given: &GivenManifest,
    key: &EnvelopeKey,
    nonce: String,
) -> Result<Attestation, AgentError> {
    let runtime_data = RuntimeData { nonce, tee_pubkey: key.public().clone() };
    let report_data =
        report_data(NO_ADDITIONAL_EVIDENCE, &runtime_data).map_err(AgentError::Canonical)?;
    let evidence = measured.evidence(report_data)?;
    let primary_evidence: Value = serde_json::to_value(evidence).map_err(|cause| {
        AgentError::Canonical(domain::canonical::CanonicalError::NotJson(cause))
    })?;
    Ok(Attestation {
        init_data: Some(InitData { format: "toml".to_owned(), body: given.initdata.clone() }),
        runtime_data,
        tee_evidence: CompositeEvidence {
            primary_evidence,
            additional_evidence: NO_ADDITIONAL_EVIDENCE.to_owned(),
        },
    })
}

/// This machine has one TEE.
const NO_ADDITIONAL_EVIDENCE: &str = "";

#[cfg(test)]
mod tests;
