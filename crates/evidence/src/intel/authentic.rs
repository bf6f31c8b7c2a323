//! Evidence whose signatures hold, and what else there is to say about it.

use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use domain::Timestamp;
use domain::claims::Trust;
use domain::claims::intel::TcbAssessment;
use domain::claims::tdx::TdReport;
use sha2::{Digest as _, Sha256};

use super::chain::PlatformKey;
use super::collateral::Collateral;
use super::json::{Verdict, Window};
use super::policy::TcbPolicy;
use super::qe_identity::is_intels;
use super::quote::{Body, Certification, Quote};
use super::roots::Root;
use super::tcb::is_production_module;
use crate::EvidenceError;
use crate::error::refuse_if;
use crate::signatures::KnownSignatures;
use crate::x509::Certificate;

/// A quote that a pinned root vouches for: parse, chain and signatures were checked. Whether it is
/// good enough is another question: [`Authentic::appraise`].
pub(super) struct Authentic<'a> {
    pub(super) quote: &'a Quote,
    pub(super) key: PlatformKey<'a>,
}

impl<'a> Authentic<'a> {
    /// Step 1 of Intel's: from the root to the platform's key, from that to the quoting enclave,
    /// from that to the attestation key, from that to the quote.
    pub(super) fn check(
        quote: &'a Quote,
        collateral: &Collateral,
        root: &'a Root,
        known: &mut KnownSignatures,
    ) -> Result<Self, EvidenceError> {
        let key = platform_key(quote, collateral, root, known)?;
        let enclave = &quote.quoting_enclave;
        key.certificate
            .signed_p256(&enclave.signed, &enclave.signature)
            .map_err(|()| EvidenceError::QeSignature)?;
        // A quoting enclave that can be debugged has no secret key, whatever its identity says.
        refuse_if(enclave.report.debug(), EvidenceError::QeDebugEnabled)?;
        let digest = Sha256::new()
            .chain_update(quote.attestation_key)
            .chain_update(&enclave.authentication_data)
            .finalize();
        let (bound, rest) = enclave.report.report_data.as_bytes().split_at(32);
        let binds = bound == digest.as_slice() && rest.iter().all(|byte| *byte == 0);
        refuse_if(!binds, EvidenceError::QeReportData)?;
        let attestation_key = [&[4], quote.attestation_key.as_slice()].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, attestation_key)
            .verify(&quote.signed, &quote.signature)
            .map_err(|_| EvidenceError::Signature)?;
        Ok(Self { quote, key })
    }

    fn guest(&self) -> Option<&'a TdReport> {
        match &self.quote.body {
            Body::Tdx(report) => Some(report),
            Body::Sgx(_) => None,
        }
    }

    /// Steps 2 to 4 of Intel's: revocation, quoting enclave, status; and what is wrong with the
    /// enclave whatever the deployment.
    ///
    /// # Errors
    /// What no profile lets pass: collateral that is forged or for something else, a revoked
    /// certificate or TCB, a quoting enclave or a TDX module that is not Intel's.
    pub(super) fn appraise(
        &self,
        collateral: &Collateral,
        policy: &TcbPolicy,
        at: Timestamp,
        known: &mut KnownSignatures,
    ) -> Result<Appraisal, EvidenceError> {
        let mut appraisal = Appraisal::default();
        appraisal.note(self.key.valid_at(at));
        let mut signers = Vec::new();
        let tcb = self.status(collateral, &mut appraisal, &mut signers, at, known)?;
        for signer in &signers {
            appraisal.note(signer.valid_at(at));
        }
        self.check_revocation(collateral, &signers, &mut appraisal, at, known)?;
        self.enclave_findings(&mut appraisal);
        match tcb {
            Ok(tcb) => {
                if let Some(tcb) = &tcb {
                    refuse_if(tcb.status.is_revoked(), EvidenceError::TcbStatus(tcb.status))?;
                    appraisal.note(policy.accepts(tcb));
                    appraisal.note(policy.is_recent(tcb.evaluation_data_number));
                }
                appraisal.tcb = tcb;
            }
            Err(error) => appraisal.findings.push(error),
        }
        self.guest_findings(&mut appraisal);
        appraisal.note(refuse_if(self.quote.trailing, EvidenceError::TrailingBytes));
        Ok(appraisal)
    }

    /// Step 3. The outer error is one that no profile lets pass; the inner one says that no level
    /// fits.
    fn enclave_verdict<'c>(
        &self,
        collateral: &'c Collateral,
        appraisal: &mut Appraisal,
        signers: &mut Vec<Arc<Certificate>>,
        at: Timestamp,
        known: &mut KnownSignatures,
    ) -> Result<Result<Option<EnclaveVerdict<'c>>, EvidenceError>, EvidenceError> {
        const WHAT: &str = "QE identity";
        let (tee, report) = (self.quote.tee(), &self.quote.quoting_enclave.report);
        let identity = match collateral.qe_identity(tee, at) {
            Ok(identity) => identity,
            Err(missing) => {
                appraisal.missing(missing)?;
                is_intels(report, tee)?;
                return Ok(Ok(None));
            }
        };
        let root = self.key.root;
        signers.push(identity.signer(WHAT, &collateral.certificates, root, at, known)?);
        let identity = &identity.value;
        identity.check(report)?;
        appraisal.note(current(WHAT, identity.window, at));
        let evaluation_data_number = identity.evaluation_data_number;
        let verdict = identity.verdict(report);
        Ok(verdict.map(|verdict| Some(EnclaveVerdict { verdict, evaluation_data_number })))
    }

    /// Steps 3 and 4. The errors are as those of [`Self::enclave_verdict`].
    fn status(
        &self,
        collateral: &Collateral,
        appraisal: &mut Appraisal,
        signers: &mut Vec<Arc<Certificate>>,
        at: Timestamp,
        known: &mut KnownSignatures,
    ) -> Result<Result<Option<TcbAssessment>, EvidenceError>, EvidenceError> {
        const WHAT: &str = "TCB info";
        let enclave = self.enclave_verdict(collateral, appraisal, signers, at, known)?;
        let extension = &self.key.extension;
        let (fmspc, pce_id) = (*extension.fmspc.as_bytes(), *extension.pce_id.as_bytes());
        let info = match collateral.tcb_info(self.quote.tee(), fmspc, pce_id, at) {
            Ok(info) => info,
            Err(missing) => {
                appraisal.missing(missing)?;
                self.guest().map_or(Ok(()), is_production_module)?;
                return Ok(enclave.map(|_| None));
            }
        };
        let root = self.key.root;
        signers.push(info.signer(WHAT, &collateral.certificates, root, at, known)?);
        let info = &info.value;
        appraisal.note(current(WHAT, info.window, at));
        match self.guest().map_or(Ok(()), |guest| info.check_module(guest)) {
            Err(error @ EvidenceError::TcbLevel(_)) => return Ok(Err(error)),
            answer => answer?,
        }
        let enclave = match enclave {
            Ok(enclave) => enclave,
            Err(error) => return Ok(Err(error)),
        };
        let evaluation = enclave.as_ref().map_or(u32::MAX, |of| of.evaluation_data_number);
        let evaluation = evaluation.min(info.evaluation_data_number);
        let verdict = enclave.map(|enclave| enclave.verdict);
        Ok(info.assess(extension, self.guest(), verdict, evaluation).map(Some))
    }

    /// Step 2: the root's list about the authorities and the signers of collateral, the authority's
    /// list about the platform's certificate. A list that is not about this chain is not looked at.
    fn check_revocation(
        &self,
        collateral: &Collateral,
        signers: &[Arc<Certificate>],
        appraisal: &mut Appraisal,
        at: Timestamp,
        known: &mut KnownSignatures,
    ) -> Result<(), EvidenceError> {
        let (root, authority) = (&self.key.root.certificate, &self.key.intermediate);
        let signers = signers.iter().map(Arc::as_ref);
        let by_root = [authority].into_iter().chain(signers).collect::<Vec<_>>();
        let checks = [(root, by_root), (authority, vec![&self.key.certificate])];
        let mut complete = true;
        for (issuer, issued) in checks {
            let mut lists = collateral
                .revocation_lists
                .iter()
                .filter(|list| list.issuer() == issuer.subject())
                .peekable();
            complete &= lists.peek().is_some();
            for list in lists {
                list.signed_by(issuer, known)?;
                // A list that is not current still revokes, and says no more than none.
                if let Err(stale) = list.current_at(at)
                    && !appraisal.missing.contains(&stale)
                {
                    appraisal.missing.push(stale);
                }
                issued.iter().try_for_each(|certificate| list.check(certificate))?;
            }
        }
        if !complete {
            appraisal.missing.push(EvidenceError::CrlMissing);
        }
        Ok(())
    }

    fn enclave_findings(&self, appraisal: &mut Appraisal) {
        let debug = match &self.quote.body {
            Body::Sgx(report) => report.debug(),
            Body::Tdx(report) => report.td_attributes.debug(),
        };
        appraisal.note(refuse_if(debug, EvidenceError::DebugEnabled));
    }

    fn guest_findings(&self, appraisal: &mut Appraisal) {
        let Some(guest) = self.guest() else { return };
        let attributes = guest.td_attributes;
        let service =
            guest.update.as_ref().is_some_and(|update| *update.mrservicetd.as_bytes() != [0; 48]);
        let checks = [
            refuse_if(attributes.profiling(), EvidenceError::Profiling),
            refuse_if(attributes.reserved(), EvidenceError::TdAttributesReserved),
            refuse_if(attributes.migratable(), EvidenceError::Migratable),
            refuse_if(service || attributes.servtd_ext(), EvidenceError::ServiceTd),
            refuse_if(!attributes.sept_ve_disable(), EvidenceError::SeptVeDisable),
        ];
        checks.into_iter().for_each(|check| appraisal.note(check));
    }

    pub(super) const fn trust(&self) -> Trust {
        self.key.root.trust
    }
}

/// What the quoting enclave's identity says about its version.
struct EnclaveVerdict<'a> {
    verdict: &'a Verdict,
    evaluation_data_number: u32,
}

/// What there is to say about authentic evidence.
#[derive(Default)]
pub(super) struct Appraisal {
    /// What is wrong, worst first. A release needs none of it.
    pub(super) findings: Vec<EvidenceError>,
    /// What could not be checked; a release needs none of it, either.
    pub(super) missing: Vec<EvidenceError>,
    /// Absent if there is no collateral, or no level of it fits.
    pub(super) tcb: Option<TcbAssessment>,
}

impl Appraisal {
    /// The status, where nothing is wrong and nothing was left unchecked.
    pub(super) fn accepted(self) -> Result<TcbAssessment, EvidenceError> {
        match self.missing.into_iter().chain(self.findings).next() {
            Some(error) => Err(error),
            None => self.tcb.ok_or(EvidenceError::CollateralMissing("TCB info")),
        }
    }

    fn note(&mut self, check: Result<(), EvidenceError>) {
        if let Err(finding) = check
            && !self.findings.contains(&finding)
        {
            self.findings.push(finding);
        }
    }

    fn missing(&mut self, error: EvidenceError) -> Result<(), EvidenceError> {
        match error {
            EvidenceError::CollateralMissing(_) => self.missing.push(error),
            _ => return Err(error),
        }
        Ok(())
    }
}

/// The key of the platform that made `quote`, from the quote or, where that only names it, from
/// `collateral`.
pub(super) fn platform_key<'a>(
    quote: &Quote,
    collateral: &Collateral,
    root: &'a Root,
    known: &mut KnownSignatures,
) -> Result<PlatformKey<'a>, EvidenceError> {
    match &quote.certification {
        Certification::Chain(chain) => PlatformKey::verify(chain, root, known),
        Certification::Elsewhere => {
            PlatformKey::verify(&chain_of(&collateral.certificates)?, root, known)
        }
    }
}

/// The platform's certificate and what else may be its issuer, of certificates in any order.
fn chain_of(certificates: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, EvidenceError> {
    const MISSING: EvidenceError = EvidenceError::CollateralMissing("PCK certificate");
    let mut parsed = Vec::new();
    for der in certificates {
        parsed.push((PlatformKey::is_named(&Certificate::from_der(der)?), der));
    }
    let (_, leaf) = parsed.iter().find(|(leaf, _)| *leaf).ok_or(MISSING)?;
    let others = parsed.iter().filter(|(leaf, _)| !leaf).map(|(_, der)| (*der).clone());
    Ok([(*leaf).clone()].into_iter().chain(others).collect())
}

pub(super) fn current(
    what: &'static str,
    window: Window,
    at: Timestamp,
) -> Result<(), EvidenceError> {
    refuse_if(at < window.issue_date, EvidenceError::CollateralNotYetValid(what))?;
    refuse_if(at > window.next_update, EvidenceError::CollateralStale(what))
}
