//! Intel TDX and SGX: quotes, the certificates that vouch for them, and the collateral that says how
//! good the platform is.
//!
//! The order is that of Intel's for quote verification ("Intel SGX and TDX DCAP: Verifying a Quote"):
//! 1. the chain from the root to the platform's key, to the quoting enclave, to the attestation key,
//!    to the quote;
//! 2. revocation;
//! 3. the quoting enclave;
//! 4. the TCB status;
//! 5. the measured values.
//!
//! [`verify`] decides on evidence of a TDX guest, [`sgx::verify`] on that of an SGX enclave; their
//! results are the only way to a `Verified` of the claims. [`inspect`] says whether a quote is authentic and what is wrong with it;
//! its result opens nothing.

mod authentic;
mod chain;
mod collateral;
mod expected;
mod extension;
mod fields;
mod input;
mod json;
pub mod pcs;
mod policy;
mod qe_identity;
mod quote;
mod report;
mod roots;
pub mod sgx;
mod signed;
mod tcb;
mod tcb_info;

use domain::claims::Trust;
use domain::claims::intel::{IntelPlatform, TcbAssessment};
use domain::claims::tdx::TdxClaims;
use domain::{Timestamp, Verified};

use crate::EvidenceError;
use crate::error::refuse_if;
use crate::signatures::KnownSignatures;
pub use crate::snp::{Measurements, Profile};
use authentic::Authentic;
pub use collateral::Collateral;
pub use expected::{Allowed, Expected, ExpectedGuest};
pub use input::read_quote;
pub use policy::TcbPolicy;
pub use quote::{Body, Quote};
pub use roots::Root;
pub use tcb_info::Tee;

/// Decides whether `quote` shows the TDX guest that is `expected` at the time `at`, under the given
/// `root`.
///
/// # Errors
/// The first check that fails, in this order:
/// 1. the quote is of a TDX guest; names and signatures lead from the root to the platform's key;
///    that signed the quoting enclave's report, which binds the attestation key; that signed the
///    quote;
/// 2. collateral is signed under the same root and for this platform; the quoting enclave is
///    Intel's; the TDX module is the described one; no certificate and no TCB is revoked;
/// 3. collateral and revocation lists are complete;
/// 4. certificates, collateral and lists are valid at `at`; debugging off; the TCB status, the
///    advisories and the evaluation number are accepted; profiling, migration and service guests
///    off; exceptions on pending memory disabled; nothing but padding follows the quote;
/// 5. everything that [`Expected`] names.
pub fn verify(
    quote: &Quote,
    collateral: &Collateral,
    expected: &Expected,
    root: &Root,
    at: Timestamp,
) -> Result<Verified<TdxClaims>, EvidenceError> {
    verify_knowing(&mut KnownSignatures::default(), quote, collateral, expected, root, at)
}

/// [`verify`] for a caller that verifies often: signatures of certificates, lists and collateral that
/// are `known` are not verified again, and those that verify become known. The verdict is the same.
///
/// # Errors
/// Those of [`verify`].
pub fn verify_knowing(
    known: &mut KnownSignatures,
    quote: &Quote,
    collateral: &Collateral,
    expected: &Expected,
    root: &Root,
    at: Timestamp,
) -> Result<Verified<TdxClaims>, EvidenceError> {
    let Body::Tdx(report) = quote.body() else { return Err(EvidenceError::TeeType) };
    let authentic = Authentic::check(quote, collateral, root, known)?;
    let tcb = authentic.appraise(collateral, &expected.guest.tcb, at, known)?.accepted()?;
    let claims = TdxClaims { platform: authentic.key.claims(), tcb, report: report.clone() };
    expected.guest.check(&claims, &expected.report_data)?;
    Ok(Verified::assertion(claims))
}

/// Says whether `quote` is an authentic one of `tee` at the time `at`, and what is wrong with it
/// apart from values that only a deployment knows.
///
/// Without collateral only step 1 of [`verify`] can be checked, and that the quoting enclave and the
/// module are Intel's; the warnings say what is missing.
///
/// # Errors
/// What [`verify`] refuses in its steps 1 and 2. Under [`Profile::Production`] also the first
/// finding of its step 4.
pub fn inspect(
    quote: &Quote,
    tee: Tee,
    collateral: &Collateral,
    policy: &TcbPolicy,
    profile: Profile,
    root: &Root,
    at: Timestamp,
) -> Result<Inspected, EvidenceError> {
    let known = &mut KnownSignatures::default();
    inspect_knowing(known, quote, tee, collateral, policy, profile, root, at)
}

/// [`inspect`] for a caller that inspects often; as [`verify_knowing`].
///
/// # Errors
/// Those of [`inspect`].
#[expect(
    clippy::too_many_arguments,
    reason = "those of `inspect`, each of which decides, and one that decides nothing"
)]
pub fn inspect_knowing(
    known: &mut KnownSignatures,
    quote: &Quote,
    tee: Tee,
    collateral: &Collateral,
    policy: &TcbPolicy,
    profile: Profile,
    root: &Root,
    at: Timestamp,
) -> Result<Inspected, EvidenceError> {
    refuse_if(quote.tee() != tee, EvidenceError::TeeType)?;
    let authentic = Authentic::check(quote, collateral, root, known)?;
    let appraisal = authentic.appraise(collateral, policy, at, known)?;
    if let (Profile::Production, Some(finding)) = (profile, appraisal.findings.first()) {
        return Err(*finding);
    }
    let mut warnings = appraisal.findings;
    if authentic.trust() == Trust::Hardware {
        warnings.extend(appraisal.missing.into_iter().map(|missing| match missing {
            EvidenceError::CrlMissing => EvidenceError::CrlNotChecked,
            other => other,
        }));
    }
    Ok(Inspected {
        platform: authentic.key.claims(),
        tcb: appraisal.tcb,
        body: quote.body().clone(),
        warnings,
    })
}

/// An authentic quote. Unlike `Verified<TdxClaims>` it was compared with nothing and opens nothing.
#[derive(Clone, Debug)]
pub struct Inspected {
    platform: IntelPlatform,
    tcb: Option<TcbAssessment>,
    body: Body,
    warnings: Vec<EvidenceError>,
}

impl Inspected {
    /// The platform that made the quote.
    #[must_use]
    pub const fn platform(&self) -> &IntelPlatform {
        &self.platform
    }

    /// How good its firmware is; `None` if no collateral says so.
    #[must_use]
    pub const fn tcb(&self) -> Option<&TcbAssessment> {
        self.tcb.as_ref()
    }

    /// What the quote is about.
    #[must_use]
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// What a release would refuse, or could not check.
    #[must_use]
    pub fn warnings(&self) -> &[EvidenceError] {
        &self.warnings
    }
}
