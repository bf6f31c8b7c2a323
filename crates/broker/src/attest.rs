//! Stage 4: judging an enclave's evidence (KBS protocol `/auth` and `/attest`).

use std::sync::Arc;

use domain::canonical;
use domain::claims::{Claims, HostData};
use domain::event::Action;
use domain::{Digest, Timestamp, Verified};
use evidence::snp::{Crl, Expected, Measurements, SnpEvidence, verify_knowing};
use evidence::{EvidenceError, KnownSignatures};
use serde::Deserialize as _;
use serde_json::{Value, json};
use wire::kbs::{
    Attestation, AttestationToken, Challenge, Request, RuntimeData, Tee, VERSION, report_data,
};

use crate::BrokerError;
use crate::broker::{Broker, Case};
use crate::jwe::random;
use crate::state::{Attested, Launch, Project, Record, State};
use crate::tee_key::TeeKey;
use crate::token::Subject;

impl Broker {
    /// `POST /kbs/v0/auth`: the session for the cookie, and the challenge.
    ///
    /// # Errors
    /// [`BrokerError::Version`], [`BrokerError::Tee`], [`BrokerError::TooManySessions`].
    pub(crate) fn challenge(&self, request: &Request) -> Result<(String, Challenge), BrokerError> {
        if request.version != VERSION {
            return Err(BrokerError::Version);
        }
        if request.tee != Tee::Snp {
            return Err(BrokerError::Tee);
        }
        let lifetime = self.config.lifetimes.nonce_seconds;
        let opened = self.state().sessions.open(self.now(), lifetime)?;
        let extra_params = Value::String(String::new());
        Ok((opened.session, Challenge { nonce: opened.nonce, extra_params }))
    }

    /// `POST /kbs/v0/attest`.
    ///
    /// # Errors
    /// [`BrokerError`], recorded.
    pub(crate) fn attest(
        &self,
        session: Option<&str>,
        attestation: &Attestation,
    ) -> Result<AttestationToken, BrokerError> {
        let mut state = self.current()?;
        let presented = Presented::of(attestation)?;
        let at = self.now();
        let mut case = Case::new(Action::EnclaveAttested, presented.digests()[0], at);
        case.event.evidence = presented.digests().to_vec();
        let accepted = match self.judge(&mut state, &mut case, session, attestation, &presented) {
            Err(refusal) => return Err(self.refuse(case, refusal)),
            Ok(accepted) => accepted,
        };
        let manifest = case.event.object;
        let evidence = case.event.evidence.clone();
        let recorded = self.accept(case, accepted)?;
        let entry = recorded.place().entry.clone();
        let Accepted { claims, tee_key } = recorded.into_inner();
        let ticket = hex::encode(*random::<16>()?);
        let subject = Subject {
            ticket: &ticket,
            manifest,
            policy: self.policy.digest(),
            claims: claims.get(),
            runtime: &attestation.runtime_data,
        };
        let token = self.tokens.issue(&subject, at, self.config.lifetimes.token_seconds)?;
        let attested = Attested { ticket, claims, tee_key, evidence, entry };
        state.attested.insert(manifest, Arc::new(attested));
        Ok(AttestationToken { token })
    }

    /// The checks, in the order in which their reasons are given.
    fn judge(
        &self,
        state: &mut State,
        case: &mut Case,
        session: Option<&str>,
        attestation: &Attestation,
        presented: &Presented,
    ) -> Result<Accepted, BrokerError> {
        let launch = named_launch(&state.record, attestation);
        if let Ok((digest, launch)) = &launch {
            case.is_about(*digest, launch);
            presented.keep(&self.ledger)?;
        }
        let runtime = &attestation.runtime_data;
        let session = session.ok_or(BrokerError::SessionUnknown)?;
        state.sessions.present(session, &runtime.nonce, case.at)?;
        let (digest, launch) = launch?;
        // Before the launch's own time, which never is longer: it says more.
        let project = state.record.approval_of(&launch.manifest, case.at)?;
        launch.open_at(case.at)?;
        // One request may have had several launches authorised before the first of them got its key.
        state.record.job_not_run(&launch.manifest)?;
        let additional = attestation.tee_evidence.additional_evidence.as_str();
        if !matches!(additional, "" | "{}") {
            return Err(BrokerError::AdditionalEvidence);
        }
        let tee_key = TeeKey::parse(&runtime.tee_pubkey)?;
        let claims = self.verify(&mut state.known, attestation, &project, digest, case.at)?;
        case.event.platform = Some(claims.get().platform.trust());
        case.event.policy = Some(self.policy.digest());
        let grant = self.grant(&project, &launch.manifest, &claims, case.at)?;
        case.permitted(grant.permit());
        Ok(Accepted { claims, tee_key })
    }

    fn verify(
        &self,
        known: &mut KnownSignatures,
        attestation: &Attestation,
        project: &Project,
        manifest: Digest,
        at: Timestamp,
    ) -> Result<Verified<Claims>, BrokerError> {
        let refused = BrokerError::Evidence;
        let evidence = SnpEvidence::deserialize(&attestation.tee_evidence.primary_evidence)
            .map_err(|_| refused(EvidenceError::Malformed("JSON")))?;
        let measurements = project.approval.proposal().measurements.iter().copied();
        let additional = &attestation.tee_evidence.additional_evidence;
        let expected = Expected {
            measurements: Measurements::new(measurements).map_err(refused)?,
            host_data: HostData::from(manifest),
            report_data: report_data(additional, &attestation.runtime_data)
                .map_err(|_| refused(EvidenceError::ReportData))?,
            floors: self.config.floors.clone(),
            chips: self.config.chips.clone(),
            rules: self.config.platform_rules.clone(),
        };
        let list = self.config.revocation.read()?;
        let crl = list.as_deref().map_or(Crl::EmulatedNone, Crl::Given);
        let roots = &self.config.roots;
        verify_knowing(known, &evidence, &expected, roots, crl, at).map_err(refused)
    }
}

/// What judging yields.
struct Accepted {
    claims: Verified<Claims>,
    tee_key: TeeKey,
}

/// The bytes that the log names as evidence.
struct Presented([Vec<u8>; 2]);

impl Presented {
    /// The evidence, and what its REPORT_DATA is the SHA-384 of: both in canonical JSON.
    fn of(attestation: &Attestation) -> Result<Self, BrokerError> {
        let evidence = &attestation.tee_evidence;
        let RuntimeData { nonce, tee_pubkey } = &attestation.runtime_data;
        let bound = json!({
            "additional-evidence": evidence.additional_evidence,
            "nonce": nonce,
            "tee-pubkey": tee_pubkey,
        });
        let bytes = |value| {
            canonical::to_vec(value)
                .map_err(|_| BrokerError::Evidence(EvidenceError::Malformed("JSON")))
        };
        Ok(Self([bytes(&evidence.primary_evidence)?, bytes(&bound)?]))
    }

    fn digests(&self) -> [Digest; 2] {
        self.0.each_ref().map(|bytes| Digest::of(bytes))
    }

    fn keep(&self, ledger: &ledger::Ledger) -> Result<(), BrokerError> {
        for bytes in &self.0 {
            ledger.keep(bytes)?;
        }
        Ok(())
    }
}

/// The launch whose manifest is the init data.
fn named_launch(
    record: &Record,
    attestation: &Attestation,
) -> Result<(Digest, Launch), BrokerError> {
    let init_data = attestation.init_data.as_ref().ok_or(BrokerError::InitDataMissing)?;
    if init_data.format != "toml" {
        return Err(BrokerError::LaunchUnknown);
    }
    let digest = Digest::of(init_data.body.as_bytes());
    Ok((digest, record.launch(&digest)?))
}
