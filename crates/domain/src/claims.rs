//! What verified evidence says about an enclave, as types. Names and meanings follow AMD 56860
//! (SEV Secure Nested Paging Firmware ABI) §7.3.
//!
//! A [`Claims`] alone proves nothing: only a [`crate::Verified`] of it, which crate `evidence`
//! makes, says that somebody checked.

mod bits;
mod bytes;
mod csp;
pub mod intel;
pub mod sgx;
pub mod tdx;

use serde::{Deserialize, Serialize};

pub use bits::{GuestPolicy, PlatformInfo, SeamAttributes, TdAttributes, Xfam};
pub use bytes::{
    ChipId, ConfigId, CpuSvn, EnclaveAttributes, EnclaveConfigId, EnclaveMeasurement,
    EnclaveSigner, FamilyId, Fmspc, HexError, HostData, ImageId, KeyDigest, Measurement,
    ModuleMeasurement, ModuleSigner, OwnerConfig, OwnerId, PceId, PlatformInstance, Ppid,
    ReportData, RuntimeMeasurement, ServiceTd, TeeTcbSvn,
};
pub use csp::{CspId, CspIdError};
pub use intel::TcbStatus;

/// What a piece of evidence says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Kind of hardware and whose root vouches for it.
    pub platform: Platform,
    /// VERSION of the report.
    pub report_version: u32,
    /// Processor that made the report; reports before version 3 do not say.
    pub cpuid: Option<Cpuid>,
    /// MEASUREMENT: the launch digest of the guest.
    pub measurement: Measurement,
    /// HOST_DATA: what the host bound at launch; here the digest of the launch manifest.
    pub host_data: HostData,
    /// REPORT_DATA: what the guest bound when it asked for the report.
    pub report_data: ReportData,
    /// VMPL that asked for the report; 0 is the most privileged.
    pub vmpl: u32,
    /// POLICY that the guest was launched under.
    pub policy: GuestPolicy,
    /// GUEST_SVN of the ID block, 0 without one.
    pub guest_svn: u32,
    /// FAMILY_ID of the ID block, 0 without one.
    pub family_id: FamilyId,
    /// IMAGE_ID of the ID block, 0 without one.
    pub image_id: ImageId,
    /// ID_KEY_DIGEST: who signed the ID block, 0 without one.
    pub id_key_digest: KeyDigest,
    /// AUTHOR_KEY_DIGEST: who certified that key, 0 without one.
    pub author_key_digest: KeyDigest,
    /// PLATFORM_INFO: how the platform is set up.
    pub platform_info: PlatformInfo,
    /// Mitigation vectors; reports before version 5 have none.
    pub mitigations: Option<Mitigations>,
    /// Firmware security versions.
    pub tcb: TcbVersions,
    /// SIGNING_KEY: which kind of key signed the report.
    pub signing_key: SigningKey,
    /// CSP_ID: the provider to whom AMD lent that key; a chip's own key has none.
    pub csp_id: Option<CspId>,
    /// CHIP_ID, or zeros where the host masks it.
    pub chip_id: ChipId,
}

/// The kind of hardware that made the evidence and the root that vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Platform {
    /// AMD SEV-SNP.
    SevSnp {
        /// Processor generation, as the pinned root says.
        generation: Generation,
        /// Whether the root is AMD's.
        trust: Trust,
    },
}

impl Platform {
    /// Whether a hardware vendor's root vouches for the evidence.
    #[must_use]
    pub const fn trust(self) -> Trust {
        match self {
            Self::SevSnp { trust, .. } => trust,
        }
    }
}

/// Who vouches for the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The vendor of the hardware.
    Hardware,
    /// A root of the emulated platform: nothing is confidential.
    Emulated,
}

/// A generation of processors: one AMD root key each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generation {
    /// EPYC 7003.
    Milan,
    /// EPYC 9004, 8004 and 97x4 (Genoa, Siena, Bergamo).
    Genoa,
    /// EPYC 9005.
    Turin,
}

impl Generation {
    /// AMD's name for it in certificates, such as `Milan`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Milan => "Milan",
            Self::Genoa => "Genoa",
            Self::Turin => "Turin",
        }
    }
}

/// CPUID family, model and stepping, each with its extended part added (AMD 25481).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpuid {
    /// Combined family, such as 0x19.
    pub family: u8,
    /// Combined model.
    pub model: u8,
    /// Stepping.
    pub stepping: u8,
}

/// Which mitigations were in force (AMD 56860 §7.3, LAUNCH_MIT_VECTOR and CURRENT_MIT_VECTOR): one
/// bit for each that AMD has numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mitigations {
    /// When the guest was launched.
    pub launch: u64,
    /// When the report was made.
    pub current: u64,
}

/// The four TCB_VERSION fields of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcbVersions {
    /// REPORTED_TCB: what the signing key is derived from.
    pub reported: Tcb,
    /// COMMITTED_TCB: what the platform can no longer go below.
    pub committed: Tcb,
    /// CURRENT_TCB: what runs now.
    pub current: Tcb,
    /// LAUNCH_TCB: what ran when the guest was launched.
    pub launch: Tcb,
}

/// TCB_VERSION: one security version per firmware component (AMD 56860 §2.2, VCEK specification
/// 57230 §3). Higher is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tcb {
    /// Firmware management controller; Turin and later only.
    #[serde(default)]
    pub fmc: Option<u8>,
    /// Boot loader of the secure processor.
    pub bootloader: u8,
    /// Operating system of the secure processor.
    pub tee: u8,
    /// SNP firmware.
    pub snp: u8,
    /// Lowest microcode patch level of all cores.
    pub microcode: u8,
}

impl Tcb {
    /// Whether no component is older than in `floor`. A component that `floor` names and `self`
    /// lacks counts as 0.
    #[must_use]
    pub fn at_least(&self, floor: &Self) -> bool {
        self.fmc.unwrap_or(0) >= floor.fmc.unwrap_or(0)
            && self.bootloader >= floor.bootloader
            && self.tee >= floor.tee
            && self.snp >= floor.snp
            && self.microcode >= floor.microcode
    }
}

/// SIGNING_KEY of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SigningKey {
    /// The chip's own key.
    Vcek,
    /// A key that AMD lends to a cloud provider.
    Vlek,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tcb_is_at_least_another_only_component_by_component() {
        let floor = Tcb { fmc: None, bootloader: 2, tee: 2, snp: 2, microcode: 2 };
        let older = [
            Tcb { bootloader: 1, ..floor },
            Tcb { tee: 1, ..floor },
            Tcb { snp: 1, ..floor },
            Tcb { microcode: 1, ..floor },
        ];
        assert!(floor.at_least(&floor));
        for tcb in older {
            assert!(!Tcb { fmc: Some(9), ..tcb }.at_least(&floor), "{tcb:?}");
        }
        assert!(!floor.at_least(&Tcb { fmc: Some(1), ..floor }));
    }

    #[test]
    fn platform_is_tagged_json() {
        let platform = Platform::SevSnp { generation: Generation::Genoa, trust: Trust::Emulated };
        let text = r#"{"kind":"sev_snp","generation":"genoa","trust":"emulated"}"#;
        assert_eq!(serde_json::to_string(&platform).unwrap(), text);
        assert_eq!(serde_json::from_str::<Platform>(text).unwrap(), platform);
    }
}
