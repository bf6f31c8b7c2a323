//! AMD SEV-SNP: attestation reports (AMD 56860) and the certificates that vouch for them
//! (AMD 57230).
//!
//! [`verify`] decides for a release; its result is the only way to a `Verified<Claims>`.
//! [`inspect`] says whether evidence is authentic and what is wrong with it; its result opens
//! nothing.

mod authentic;
mod chain;
mod crl;
mod expected;
mod input;
pub mod kds;
mod report;
mod roots;
mod rules;
mod table;
mod trustee;

use domain::claims::{Claims, Trust};
use domain::{Timestamp, Verified};
use serde::{Deserialize, Serialize};

use crate::EvidenceError;
use crate::error::refuse_if;
use crate::signatures::KnownSignatures;
use authentic::Authentic;
pub use crl::Crl;
pub use expected::{Chips, Expected, Measurements, TcbFloors};
pub use input::{read_evidence, read_report};
pub use report::{REPORT_LENGTH, RawTcb, Report};
pub use roots::{EMULATED_MARKER, Roots};
pub use rules::{
    Abi, GuestRules, HostFeature, HostRules, Keys, Permission, PlatformRules, SwitchedOff,
};

/// A report and the two certificates below the root, as a guest sends them: raw report, DER
/// certificates, each as base64 in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnpEvidence {
    /// The 1184 bytes of the report.
    #[serde(with = "input::base64_bytes")]
    pub report: Vec<u8>,
    /// Certificate of the key that signed the report (VCEK or VLEK).
    #[serde(with = "input::base64_bytes")]
    pub vek: Vec<u8>,
    /// Certificate of the key that signed that one (ASK or ASVK).
    #[serde(with = "input::base64_bytes")]
    pub ask: Vec<u8>,
}

/// Decides whether `evidence` shows what is `expected` at the time `at`, under the given `roots`
/// and their revocation list.
///
/// # Errors
/// The first check that fails, in this order:
/// 1. the report and the certificates are well-formed;
/// 2. the chain leads from a given root to the signing key, by name and signature;
/// 3. that key is of the kind, generation, chip and firmware versions that the report names;
/// 4. it signed the report;
/// 5. the report is of version 3 or later;
/// 6. certificates are valid at `at`; debugging and migration off; VMPL 0; no rollback; memory
///    checked for aliases; chip not masked; firmware not below its floor;
/// 7. no certificate is revoked;
/// 8. measurement, host data, report data and chip are expected ones;
/// 9. a provider's key, guest and host are as the deployment's rules say.
pub fn verify(
    evidence: &SnpEvidence,
    expected: &Expected,
    roots: &Roots,
    crl: Crl<'_>,
    at: Timestamp,
) -> Result<Verified<Claims>, EvidenceError> {
    verify_knowing(&mut KnownSignatures::default(), evidence, expected, roots, crl, at)
}

/// [`verify`] for a caller that verifies often: signatures of certificates and lists that are `known`
/// are not verified again, and those that verify become known. The verdict is the same.
///
/// # Errors
/// Those of [`verify`].
pub fn verify_knowing(
    known: &mut KnownSignatures,
    evidence: &SnpEvidence,
    expected: &Expected,
    roots: &Roots,
    crl: Crl<'_>,
    at: Timestamp,
) -> Result<Verified<Claims>, EvidenceError> {
    let authentic = Authentic::check(evidence, roots, at, known)?;
    let claims = &authentic.claims;
    // Before version 3 a report has neither processor nor alias check; refused as a finding it
    // would name one of those, which says less.
    refuse_if(claims.report_version < 3, EvidenceError::ReportVersion(claims.report_version))?;
    if let Some(finding) = authentic.findings(&expected.floors).first() {
        return Err(*finding);
    }
    crl.check(&authentic, at, known)?;
    expected.check(claims)?;
    Ok(Verified::assertion(authentic.claims))
}

/// Says whether `evidence` is authentic at the time `at`, and what is wrong with it apart from
/// values that only a deployment knows.
///
/// # Errors
/// What [`verify`] refuses in its steps 1 to 4, or a given revocation list that is not the root's
/// or revokes the chain. Under [`Profile::Production`] also the first finding of its step 6, or a
/// list that is not current.
pub fn inspect(
    evidence: &SnpEvidence,
    floors: &TcbFloors,
    profile: Profile,
    roots: &Roots,
    crls: &[&[u8]],
    at: Timestamp,
) -> Result<Inspected, EvidenceError> {
    inspect_knowing(&mut KnownSignatures::default(), evidence, floors, profile, roots, crls, at)
}

/// [`inspect`] for a caller that inspects often; as [`verify_knowing`].
///
/// # Errors
/// Those of [`inspect`].
pub fn inspect_knowing(
    known: &mut KnownSignatures,
    evidence: &SnpEvidence,
    floors: &TcbFloors,
    profile: Profile,
    roots: &Roots,
    crls: &[&[u8]],
    at: Timestamp,
) -> Result<Inspected, EvidenceError> {
    let authentic = Authentic::check(evidence, roots, at, known)?;
    let mut warnings = authentic.findings(floors);
    for crl in crls {
        match Crl::Given(crl).check(&authentic, at, known) {
            Err(EvidenceError::CrlStale) => warnings.push(EvidenceError::CrlStale),
            answer => answer?,
        }
    }
    if let (Profile::Production, Some(finding)) = (profile, warnings.first()) {
        return Err(*finding);
    }
    if crls.is_empty() && authentic.root.trust == Trust::Hardware {
        warnings.push(EvidenceError::CrlNotChecked);
    }
    Ok(Inspected { claims: authentic.claims, warnings })
}

/// What [`inspect`] does with evidence that is authentic and not good enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Refuses it.
    Production,
    /// Warns: for looking at old evidence.
    Archive,
}

/// Authentic evidence. Unlike `Verified<Claims>` it was compared with nothing and opens nothing.
#[derive(Clone, Debug)]
pub struct Inspected {
    claims: Claims,
    warnings: Vec<EvidenceError>,
}

impl Inspected {
    /// What the evidence says.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// What a release would refuse, or could not check.
    #[must_use]
    pub fn warnings(&self) -> &[EvidenceError] {
        &self.warnings
    }
}
