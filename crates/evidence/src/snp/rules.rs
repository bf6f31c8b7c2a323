//! What is acceptable of guests and hosts, whatever the launch. An operator decides it once.

use std::collections::BTreeSet;

use domain::claims::{ChipId, Claims, CspId, Generation, KeyDigest, Platform, PlatformInfo};
use serde::Deserialize;

use crate::EvidenceError;
use crate::error::refuse_if;

/// The rules of one deployment. What no rule can relax is not here: [`super::verify`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformRules {
    /// Cloud providers whose keys (VLEK) count beside chips' own (VCEK). Such a key is bound to no
    /// chip, and hosts that use it may mask the chip's identity.
    pub provider_keys: BTreeSet<CspId>,
    /// What guests must have been launched with.
    pub guest: GuestRules,
    /// How hosts must be set up.
    pub host: HostRules,
    /// What is refused from now on, whatever else allows it.
    pub switched_off: SwitchedOff,
}

/// What guests must have been launched with (AMD 56860 §4.3 and §7.3).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestRules {
    /// The lowest ABI version that POLICY may demand of the firmware.
    pub abi_minimum: Abi,
    /// POLICY.SMT: whether the host may run other threads on the guest's cores.
    pub smt: Permission,
    /// POLICY.SINGLE_SOCKET: whether the guest may run on several sockets.
    pub several_sockets: Permission,
    /// The lowest GUEST_SVN.
    pub guest_svn_minimum: u32,
    /// Who may have signed the ID block.
    pub id_keys: Keys,
    /// Who may have certified that key.
    pub author_keys: Keys,
}

/// ABI_MAJOR and ABI_MINOR of a guest's policy; higher is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abi {
    /// Bits 15 to 8.
    pub major: u8,
    /// Bits 7 to 0.
    pub minor: u8,
}

/// Whether a guest's policy may allow something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// It may.
    Allowed,
    /// It must not.
    Forbidden,
}

/// Whose keys count.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keys {
    /// Anybody's, or none.
    Any,
    /// One of these.
    Listed(BTreeSet<KeyDigest>),
}

/// How hosts must be set up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostRules {
    /// What PLATFORM_INFO must say.
    pub required: BTreeSet<HostFeature>,
    /// Bits that both mitigation vectors must have (report version 5; CURRENT_MIT_VECTOR and
    /// LAUNCH_MIT_VECTOR of AMD 56860 §7.3). With any bit set, older reports are refused.
    pub mitigations: u64,
}

/// A setting of a host, as PLATFORM_INFO reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostFeature {
    /// Guests' ciphertext cannot be read by other software.
    CiphertextHiding,
    /// Memory has error correction.
    Ecc,
    /// Power readings, a side channel, are off.
    RaplDisabled,
    /// Simultaneous multithreading is off.
    SmtDisabled,
    /// All of memory is encrypted, guests' or not.
    Tsme,
}

/// What is refused at once: a generation whose keys leaked, a chip that was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchedOff {
    /// Generations of processors.
    pub generations: BTreeSet<Generation>,
    /// Single chips. With any, a masked identity is refused: it could be one of them.
    pub chips: BTreeSet<ChipId>,
}

impl PlatformRules {
    /// No demands beyond those that no rule can relax, and no provider's key.
    #[must_use]
    pub fn none() -> Self {
        Self {
            provider_keys: BTreeSet::new(),
            guest: GuestRules {
                abi_minimum: Abi { major: 0, minor: 0 },
                smt: Permission::Allowed,
                several_sockets: Permission::Allowed,
                guest_svn_minimum: 0,
                id_keys: Keys::Any,
                author_keys: Keys::Any,
            },
            host: HostRules { required: BTreeSet::new(), mitigations: 0 },
            switched_off: SwitchedOff::default(),
        }
    }

    pub(super) fn check(&self, claims: &Claims) -> Result<(), EvidenceError> {
        let lent = claims.csp_id.as_ref();
        let known = lent.is_none_or(|provider| self.provider_keys.contains(provider));
        refuse_if(!known, EvidenceError::ProviderNotAllowed)?;
        self.switched_off.check(claims)?;
        self.guest.check(claims)?;
        self.host.check(claims)
    }
}

impl SwitchedOff {
    fn check(&self, claims: &Claims) -> Result<(), EvidenceError> {
        let Platform::SevSnp { generation, .. } = claims.platform;
        let chip = &claims.chip_id;
        let unknown = chip.is_masked() && !self.chips.is_empty();
        let off = self.generations.contains(&generation) || self.chips.contains(chip);
        refuse_if(off || unknown, EvidenceError::SwitchedOff)
    }
}

impl GuestRules {
    fn check(&self, claims: &Claims) -> Result<(), EvidenceError> {
        let policy = claims.policy;
        let [minor, major, ..] = policy.bits().to_le_bytes();
        refuse_if(Abi { major, minor } < self.abi_minimum, EvidenceError::PolicyAbi)?;
        refuse_if(self.smt.forbids(policy.smt()), EvidenceError::SmtAllowed)?;
        let several = self.several_sockets.forbids(!policy.single_socket());
        refuse_if(several, EvidenceError::SocketsAllowed)?;
        refuse_if(claims.guest_svn < self.guest_svn_minimum, EvidenceError::GuestSvn)?;
        refuse_if(!self.id_keys.allow(&claims.id_key_digest), EvidenceError::IdKey)?;
        refuse_if(!self.author_keys.allow(&claims.author_key_digest), EvidenceError::AuthorKey)
    }
}

impl Permission {
    fn forbids(self, allowed_by_policy: bool) -> bool {
        self == Self::Forbidden && allowed_by_policy
    }
}

impl Keys {
    fn allow(&self, key: &KeyDigest) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(keys) => keys.contains(key),
        }
    }
}

impl HostRules {
    fn check(&self, claims: &Claims) -> Result<(), EvidenceError> {
        let missing = self.required.iter().find(|feature| !feature.is_on(claims.platform_info));
        refuse_if(missing.is_some(), EvidenceError::PlatformInfo)?;
        let mitigated = claims.mitigations.is_some_and(|vectors| {
            (vectors.launch & vectors.current & self.mitigations) == self.mitigations
        });
        refuse_if(self.mitigations != 0 && !mitigated, EvidenceError::Mitigation)
    }
}

impl HostFeature {
    const fn is_on(self, info: PlatformInfo) -> bool {
        match self {
            Self::CiphertextHiding => info.ciphertext_hiding_enabled(),
            Self::Ecc => info.ecc_enabled(),
            Self::RaplDisabled => info.rapl_disabled(),
            Self::SmtDisabled => !info.smt_enabled(),
            Self::Tsme => info.tsme_enabled(),
        }
    }
}
