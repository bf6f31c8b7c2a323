//! What TDX and SGX quotes have in common: the platform, and what Intel says about its security.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{CpuSvn, Fmspc, PceId, PlatformInstance, Ppid, Trust};
use crate::Timestamp;

/// The platform, as its certificate (PCK) says: Intel SGX PCK Certificate and CRL Profile
/// Specification, "SGX Extensions".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntelPlatform {
    /// Whose root vouches for it.
    pub trust: Trust,
    /// Which of Intel's authorities issued the certificate.
    pub authority: PckAuthority,
    /// Processor family with one TCB history.
    pub fmspc: Fmspc,
    /// Provisioning certification enclave.
    pub pce_id: PceId,
    /// The platform's identity.
    pub ppid: Ppid,
    /// Security versions of the sixteen components that the certificate is for.
    pub cpu_svn: CpuSvn,
    /// Security version of the provisioning certification enclave.
    pub pce_svn: u16,
    /// Instance of a platform that can be extended; single-socket platforms have none.
    pub instance: Option<PlatformInstance>,
    /// Whether processors can be added; single-socket platforms do not say.
    pub dynamic_platform: Option<bool>,
    /// Whether Intel keeps the platform's root keys; single-socket platforms do not say.
    pub cached_keys: Option<bool>,
    /// Whether multithreading is on; single-socket platforms do not say.
    pub smt_enabled: Option<bool>,
}

/// Which of Intel's authorities issued a platform's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PckAuthority {
    /// For platforms of one processor.
    Processor,
    /// For platforms of several processors.
    Platform,
}

/// What Intel's collateral says about the security of a platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcbAssessment {
    /// The worst of the three below.
    pub status: TcbStatus,
    /// Security advisories that apply to any of the three.
    pub advisories: BTreeSet<String>,
    /// Processor, microcode and firmware.
    pub platform: TcbStatus,
    /// The TDX module, where it has an identity of its own.
    pub module: Option<TcbStatus>,
    /// The quoting enclave; absent where its identity was not given.
    pub quoting_enclave: Option<TcbStatus>,
    /// Which evaluation of Intel's the collateral comes from: the lowest of what was given.
    pub evaluation_data_number: u32,
    /// Date of the platform's TCB level.
    pub tcb_date: Timestamp,
}

/// Intel's names for how good a TCB is (Intel SGX and TDX Provisioning Certification Service API,
/// `tcbStatus`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TcbStatus {
    /// Nothing to do.
    UpToDate,
    /// Software in the enclave must mitigate something.
    #[serde(rename = "SWHardeningNeeded")]
    SwHardeningNeeded,
    /// The platform's configuration exposes it to something.
    ConfigurationNeeded,
    /// Both.
    #[serde(rename = "ConfigurationAndSWHardeningNeeded")]
    ConfigurationAndSwHardeningNeeded,
    /// Firmware or microcode is old.
    OutOfDate,
    /// That, and the configuration exposes it to something.
    OutOfDateConfigurationNeeded,
    /// The guest was launched on an old module that was updated since.
    #[serde(rename = "TDRelaunchAdvised")]
    TdRelaunchAdvised,
    /// That, and the configuration exposes it to something.
    #[serde(rename = "TDRelaunchAdvisedConfigurationNeeded")]
    TdRelaunchAdvisedConfigurationNeeded,
    /// The platform's keys are not secret.
    Revoked,
}

impl TcbStatus {
    /// Everything that is wrong with one of both. Like Intel's convergence rules, and beyond them
    /// it keeps what is wrong with the second and not out of date.
    #[must_use]
    pub const fn worst(self, other: Self) -> Self {
        if matches!(self, Self::Revoked) || matches!(other, Self::Revoked) {
            return Self::Revoked;
        }
        let configuration = self.configuration_needed() || other.configuration_needed();
        let hardening = self.hardening_needed() || other.hardening_needed();
        match (self.out_of_date() || other.out_of_date(), configuration, hardening) {
            (true, true, _) => Self::OutOfDateConfigurationNeeded,
            (true, false, _) => Self::OutOfDate,
            (false, true, true) => Self::ConfigurationAndSwHardeningNeeded,
            (false, true, false) => Self::ConfigurationNeeded,
            (false, false, true) => Self::SwHardeningNeeded,
            (false, false, false) => Self::UpToDate,
        }
    }

    /// Whether the platform's keys are not secret.
    #[must_use]
    pub const fn is_revoked(self) -> bool {
        matches!(self, Self::Revoked)
    }

    /// Whether something is old.
    #[must_use]
    pub const fn out_of_date(self) -> bool {
        matches!(
            self,
            Self::OutOfDate
                | Self::OutOfDateConfigurationNeeded
                | Self::TdRelaunchAdvised
                | Self::TdRelaunchAdvisedConfigurationNeeded
        )
    }

    /// Whether the configuration exposes the platform to something.
    #[must_use]
    pub const fn configuration_needed(self) -> bool {
        matches!(
            self,
            Self::ConfigurationNeeded
                | Self::ConfigurationAndSwHardeningNeeded
                | Self::OutOfDateConfigurationNeeded
                | Self::TdRelaunchAdvisedConfigurationNeeded
        )
    }

    const fn hardening_needed(self) -> bool {
        matches!(self, Self::SwHardeningNeeded | Self::ConfigurationAndSwHardeningNeeded)
    }

    /// Intel's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UpToDate => "UpToDate",
            Self::SwHardeningNeeded => "SWHardeningNeeded",
            Self::ConfigurationNeeded => "ConfigurationNeeded",
            Self::ConfigurationAndSwHardeningNeeded => "ConfigurationAndSWHardeningNeeded",
            Self::OutOfDate => "OutOfDate",
            Self::OutOfDateConfigurationNeeded => "OutOfDateConfigurationNeeded",
            Self::TdRelaunchAdvised => "TDRelaunchAdvised",
            Self::TdRelaunchAdvisedConfigurationNeeded => "TDRelaunchAdvisedConfigurationNeeded",
            Self::Revoked => "Revoked",
        }
    }
}

impl fmt::Display for TcbStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::TcbStatus::{self, *};

    const ALL: [TcbStatus; 9] = [
        UpToDate,
        SwHardeningNeeded,
        ConfigurationNeeded,
        ConfigurationAndSwHardeningNeeded,
        OutOfDate,
        OutOfDateConfigurationNeeded,
        TdRelaunchAdvised,
        TdRelaunchAdvisedConfigurationNeeded,
        Revoked,
    ];

    #[test]
    fn the_worst_of_two_has_everything_that_is_wrong() {
        let rows = [
            (UpToDate, OutOfDate, OutOfDate),
            (SwHardeningNeeded, OutOfDate, OutOfDate),
            (ConfigurationNeeded, OutOfDate, OutOfDateConfigurationNeeded),
            (ConfigurationAndSwHardeningNeeded, OutOfDate, OutOfDateConfigurationNeeded),
            (ConfigurationNeeded, SwHardeningNeeded, ConfigurationAndSwHardeningNeeded),
            (UpToDate, ConfigurationNeeded, ConfigurationNeeded),
            (UpToDate, Revoked, Revoked),
            (OutOfDateConfigurationNeeded, Revoked, Revoked),
            (UpToDate, UpToDate, UpToDate),
        ];
        for (one, other, worst) in rows {
            assert_eq!(one.worst(other), worst, "{one} {other}");
        }
        for one in ALL {
            for other in ALL {
                assert_eq!(one.worst(other), other.worst(one));
                assert_eq!(one.worst(other) == UpToDate, one == UpToDate && other == UpToDate);
            }
        }
    }

    #[test]
    fn names_are_those_of_the_collateral() {
        for status in ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.name());
        }
    }
}
