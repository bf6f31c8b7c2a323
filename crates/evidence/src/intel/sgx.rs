//! Decisions on SGX enclaves. Nothing of what is expected is optional.

use std::collections::BTreeSet;

use domain::claims::intel::{IntelPlatform, TcbAssessment};
use domain::claims::sgx::EnclaveReport;
use domain::claims::{
    EnclaveAttributes, EnclaveConfigId, EnclaveMeasurement, EnclaveSigner, FamilyId, Fmspc,
    ImageId, Ppid, ReportData,
};
use domain::{Timestamp, Verified};
use serde::Serialize;

use super::authentic::Authentic;
use super::{Allowed, Body, Collateral, Quote, Root, TcbPolicy};
use crate::EvidenceError;
use crate::error::refuse_if;
use crate::signatures::KnownSignatures;

/// The values that a decision needs the evidence to show. Besides them, and not configurable:
/// debugging off, nothing revoked, collateral complete and current.
#[derive(Clone, Debug)]
pub struct Expected {
    /// MRENCLAVE. With [`Allowed::Any`] every enclave of the signer's product is the right one.
    pub enclaves: Allowed<EnclaveMeasurement>,
    /// MRSIGNER, one of which must match: there is no decision for whoever signed the enclave.
    pub signers: Signers,
    /// ISVPRODID: which of the signer's products.
    pub isv_prod_id: u16,
    /// Lowest ISVSVN.
    pub minimum_isv_svn: u16,
    /// ISVEXTPRODID; zeros without key separation and sharing.
    pub isv_ext_prod_id: ImageId,
    /// ISVFAMILYID; zeros without key separation and sharing.
    pub isv_family_id: FamilyId,
    /// CONFIGID: what the host must have bound at launch; zeros without.
    pub config_id: EnclaveConfigId,
    /// Lowest CONFIGSVN.
    pub minimum_config_svn: u16,
    /// ATTRIBUTES and which bits of them are compared.
    pub attributes: MaskedAttributes,
    /// MISCSELECT, all bits.
    pub misc_select: u32,
    /// REPORTDATA: what the enclave must have bound to this quote.
    pub report_data: ReportData,
    /// Processor families (FMSPC) that are allowed.
    pub families: Allowed<Fmspc>,
    /// Platforms (PPID) that are allowed.
    pub platforms: Allowed<Ppid>,
    /// Which TCB is good enough.
    pub tcb: TcbPolicy,
}

/// Expected signers: at least one.
#[derive(Clone, Debug)]
pub struct Signers(BTreeSet<EnclaveSigner>);

impl Signers {
    /// The given signers.
    ///
    /// # Errors
    /// [`EvidenceError::NoSigners`] if there are none.
    pub fn new(signers: impl IntoIterator<Item = EnclaveSigner>) -> Result<Self, EvidenceError> {
        let signers: BTreeSet<_> = signers.into_iter().collect();
        refuse_if(signers.is_empty(), EvidenceError::NoSigners)?;
        Ok(Self(signers))
    }
}

/// Attributes of which some bits are compared. Flags come first, then XFRM, which differs between
/// processors for the same enclave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskedAttributes {
    /// The bits.
    pub value: EnclaveAttributes,
    /// Which of them count.
    pub mask: EnclaveAttributes,
}

impl MaskedAttributes {
    fn admit(&self, attributes: EnclaveAttributes) -> bool {
        let bits = |of: &EnclaveAttributes| u128::from_le_bytes(*of.as_bytes());
        (bits(&attributes) ^ bits(&self.value)) & bits(&self.mask) == 0
    }
}

/// What verified evidence of an enclave says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SgxClaims {
    /// The platform that made the quote.
    pub platform: IntelPlatform,
    /// How good its firmware is.
    pub tcb: TcbAssessment,
    /// What the quote says about the enclave.
    #[serde(flatten)]
    pub report: EnclaveReport,
}

impl Expected {
    /// Step 5 of Intel's: the enclave is the expected one.
    fn check(&self, claims: &SgxClaims) -> Result<(), EvidenceError> {
        let SgxClaims { platform, report, .. } = claims;
        refuse_if(!self.enclaves.contain(&report.mrenclave), EvidenceError::Measurement)?;
        refuse_if(!self.signers.0.contains(&report.mrsigner), EvidenceError::MrSigner)?;
        refuse_if(report.isv_prod_id != self.isv_prod_id, EvidenceError::IsvProdId)?;
        refuse_if(report.isv_svn < self.minimum_isv_svn, EvidenceError::IsvSvn)?;
        refuse_if(report.isv_ext_prod_id != self.isv_ext_prod_id, EvidenceError::IsvExtProdId)?;
        refuse_if(report.isv_family_id != self.isv_family_id, EvidenceError::IsvFamilyId)?;
        refuse_if(report.config_id != self.config_id, EvidenceError::ConfigId)?;
        refuse_if(report.config_svn < self.minimum_config_svn, EvidenceError::ConfigSvn)?;
        refuse_if(!self.attributes.admit(report.attributes), EvidenceError::EnclaveAttributes)?;
        refuse_if(report.misc_select != self.misc_select, EvidenceError::MiscSelect)?;
        refuse_if(report.report_data != self.report_data, EvidenceError::ReportData)?;
        refuse_if(!self.families.contain(&platform.fmspc), EvidenceError::FmspcNotAllowed)?;
        refuse_if(!self.platforms.contain(&platform.ppid), EvidenceError::ChipNotAllowed)
    }
}

/// Decides whether `quote` shows the SGX enclave that is `expected` at the time `at`, under the
/// given `root`.
///
/// # Errors
/// The first check that fails, in the order of [`super::verify`], with an enclave in place of the
/// guest; in its step 4 there is nothing about an enclave but that debugging is off.
pub fn verify(
    quote: &Quote,
    collateral: &Collateral,
    expected: &Expected,
    root: &Root,
    at: Timestamp,
) -> Result<Verified<SgxClaims>, EvidenceError> {
    let Body::Sgx(report) = quote.body() else { return Err(EvidenceError::TeeType) };
    let mut known = KnownSignatures::default();
    let authentic = Authentic::check(quote, collateral, root, &mut known)?;
    let tcb = authentic.appraise(collateral, &expected.tcb, at, &mut known)?.accepted()?;
    let claims = SgxClaims { platform: authentic.key.claims(), tcb, report: report.clone() };
    expected.check(&claims)?;
    Ok(Verified::assertion(claims))
}
