//! What an SGX quote says about an enclave. Names and meanings follow the Intel SDM, volume 3D,
//! "REPORT", and Intel's "Intel SGX ECDSA QuoteLib Reference", appendix A.

use serde::{Deserialize, Serialize};

use super::{
    CpuSvn, EnclaveAttributes, EnclaveConfigId, EnclaveMeasurement, EnclaveSigner, FamilyId,
    ImageId, ReportData,
};

/// REPORTBODY: the body of an SGX quote, and what a quoting enclave says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnclaveReport {
    /// Security versions of the platform.
    pub cpu_svn: CpuSvn,
    /// MISCSELECT: what is saved on an exit.
    pub misc_select: u32,
    /// ISVEXTPRODID.
    pub isv_ext_prod_id: ImageId,
    /// ATTRIBUTES.
    pub attributes: EnclaveAttributes,
    /// MRENCLAVE: measurement of the enclave.
    pub mrenclave: EnclaveMeasurement,
    /// MRSIGNER: who signed the enclave.
    pub mrsigner: EnclaveSigner,
    /// CONFIGID.
    pub config_id: EnclaveConfigId,
    /// ISVPRODID: the signer's number for the product.
    pub isv_prod_id: u16,
    /// ISVSVN: the signer's security version.
    pub isv_svn: u16,
    /// CONFIGSVN.
    pub config_svn: u16,
    /// ISVFAMILYID.
    pub isv_family_id: FamilyId,
    /// REPORTDATA: what the enclave bound.
    pub report_data: ReportData,
}

impl EnclaveReport {
    /// Whether the enclave can be debugged: everything in it is readable.
    #[must_use]
    pub fn debug(&self) -> bool {
        self.attributes.as_bytes().first().is_some_and(|flags| flags & 2 != 0)
    }
}
