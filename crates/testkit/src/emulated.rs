//! A security processor in software: it signs reports in the layout of AMD 56860 under a
//! certificate chain of its own. The verifier is the one for real hardware; only the root that it
//! is given differs.

mod authority;
mod persist;
mod report;

use aws_lc_rs::rand::{SystemRandom, fill};
use aws_lc_rs::signature::EcdsaKeyPair;
use domain::claims::{
    ChipId, Cpuid, Generation, GuestPolicy, HostData, Measurement, ReportData, SigningKey, Tcb,
};
use domain::{Reason, Timestamp};
use evidence::snp::SnpEvidence;

pub use authority::{Authority, Endorsement};

/// An emulated security processor: a signing key (VCEK) and the chain that endorses it. The keys
/// of the chain itself are forgotten when it is created.
pub struct SecurityProcessor {
    pub(in crate::emulated) key: EcdsaKeyPair,
    pub(in crate::emulated) chain: Chain,
    pub(in crate::emulated) identity: Identity,
}

/// The certificates, as DER.
#[derive(Clone, Debug)]
pub(in crate::emulated) struct Chain {
    pub(in crate::emulated) ark: Vec<u8>,
    pub(in crate::emulated) ask: Vec<u8>,
    pub(in crate::emulated) vek: Vec<u8>,
}

/// What the processor says about itself in reports.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(in crate::emulated) struct Identity {
    pub(in crate::emulated) generation: Generation,
    pub(in crate::emulated) chip_id: ChipId,
    pub(in crate::emulated) tcb: Tcb,
    pub(in crate::emulated) signing_key: SigningKey,
}

/// What the processor knows about a guest since its launch.
#[derive(Clone, Copy, Debug)]
pub struct Launch {
    /// Digest of what was launched.
    pub measurement: Measurement,
    /// What the host bound to the launch.
    pub host_data: HostData,
    /// What the guest's owner lets the host do.
    pub policy: GuestPolicy,
}

impl SecurityProcessor {
    /// A new processor under a new root, valid for ten years from `created`. Takes seconds: the
    /// root has 4096 bits.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn create(generation: Generation, created: Timestamp) -> Result<Self, EmulatedError> {
        let mut chip = [0; 64];
        let used = match generation {
            Generation::Milan | Generation::Genoa => chip.as_mut_slice(),
            Generation::Turin => chip.split_at_mut(8).0,
        };
        fill(used).map_err(|_| EmulatedError::Crypto)?;
        let authority = Authority::create(generation, created)?;
        authority.processor(&Endorsement::new(
            generation,
            ChipId::from_bytes(chip),
            current_tcb(generation),
            created,
        ))
    }

    /// A signed report of version 5 (1184 bytes), as the processor gives one to the guest of
    /// `launch` that asks for it with `report_data` at `vmpl`.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn report(
        &self,
        launch: &Launch,
        report_data: ReportData,
        vmpl: u32,
    ) -> Result<Vec<u8>, EmulatedError> {
        self.sign(&report::unsigned(&self.identity, launch, report_data, vmpl))
    }

    /// [`Self::report`] with the certificates that vouch for it.
    ///
    /// # Errors
    /// [`EmulatedError::Crypto`] if the cryptographic library fails.
    pub fn evidence(
        &self,
        launch: &Launch,
        report_data: ReportData,
        vmpl: u32,
    ) -> Result<SnpEvidence, EmulatedError> {
        Ok(self.accompany(self.report(launch, report_data, vmpl)?))
    }

    /// The first 0x2a0 bytes of `report` with a new signature by this processor: for tests that
    /// change a field of a captured report.
    ///
    /// # Errors
    /// [`EmulatedError::Malformed`] if it is shorter than that.
    pub fn sign(&self, report: &[u8]) -> Result<Vec<u8>, EmulatedError> {
        let signed =
            report.get(..report::SIGNED).ok_or(EmulatedError::Malformed("report length"))?;
        let signature =
            self.key.sign(&SystemRandom::new(), signed).map_err(|_| EmulatedError::Crypto)?;
        Ok(report::with_signature(signed, signature.as_ref()))
    }

    /// `report` with this processor's certificates.
    #[must_use]
    pub fn accompany(&self, report: Vec<u8>) -> SnpEvidence {
        SnpEvidence { report, vek: self.chain.vek.clone(), ask: self.chain.ask.clone() }
    }

    /// What a host offers to guests beside a report (configfs-tsm `auxblob`): the certificates of
    /// the signing key and of its issuer.
    #[must_use]
    pub fn certificate_table(&self) -> Vec<u8> {
        report::certificate_table(&[
            (report::VCEK_ENTRY, &self.chain.vek),
            (report::ASK_ENTRY, &self.chain.ask),
        ])
    }

    /// The root's certificate (ARK) as DER: what `Roots::emulated` takes.
    #[must_use]
    pub fn ark_der(&self) -> &[u8] {
        &self.chain.ark
    }

    /// The intermediate certificate (ASK) as DER.
    #[must_use]
    pub fn ask_der(&self) -> &[u8] {
        &self.chain.ask
    }

    /// The signing key's certificate (VCEK) as DER.
    #[must_use]
    pub fn vcek_der(&self) -> &[u8] {
        &self.chain.vek
    }

    /// The chip's identity.
    #[must_use]
    pub const fn chip_id(&self) -> ChipId {
        self.identity.chip_id
    }

    /// The firmware versions that it reports.
    #[must_use]
    pub const fn tcb(&self) -> Tcb {
        self.identity.tcb
    }
}

impl std::fmt::Debug for SecurityProcessor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecurityProcessor")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// Why the emulated platform could not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmulatedError {
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Crypto,
    /// The bytes are not what they should be.
    #[error("malformed input to the emulated platform: {0}")]
    Malformed(&'static str),
}

impl Reason for EmulatedError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Crypto => "emulated.crypto",
            Self::Malformed(_) => "emulated.malformed",
        }
    }
}

/// The processor that stands for a generation.
pub(in crate::emulated) const fn cpuid(generation: Generation) -> Cpuid {
    match generation {
        Generation::Milan => Cpuid { family: 0x19, model: 0x01, stepping: 0x01 },
        Generation::Genoa => Cpuid { family: 0x19, model: 0x11, stepping: 0x01 },
        Generation::Turin => Cpuid { family: 0x1a, model: 0x02, stepping: 0x01 },
    }
}

/// Firmware versions that are on no floor's wrong side.
const fn current_tcb(generation: Generation) -> Tcb {
    match generation {
        Generation::Milan => Tcb { fmc: None, bootloader: 4, tee: 0, snp: 0x1b, microcode: 0xdf },
        Generation::Genoa => Tcb { fmc: None, bootloader: 10, tee: 0, snp: 0x1b, microcode: 0x58 },
        Generation::Turin => Tcb { fmc: Some(1), bootloader: 1, tee: 1, snp: 4, microcode: 0x52 },
    }
}
