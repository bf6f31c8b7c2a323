//! The attestation report of AMD 56860 §7.3, table "ATTESTATION_REPORT Structure".

use domain::claims::{
    ChipId, Cpuid, FamilyId, Generation, GuestPolicy, HostData, ImageId, KeyDigest, Measurement,
    Mitigations, PlatformInfo, ReportData, Tcb,
};

use crate::EvidenceError;

/// Bytes of a report.
pub const REPORT_LENGTH: usize = 1184;

/// A well-formed report. Nothing in it is authentic by itself: use it only to look at a report
/// that is about to be sent to, or was accepted by, a verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// VERSION: 2, 3, 4 or 5.
    pub version: u32,
    /// GUEST_SVN.
    pub guest_svn: u32,
    /// POLICY.
    pub policy: GuestPolicy,
    /// FAMILY_ID.
    pub family_id: FamilyId,
    /// IMAGE_ID.
    pub image_id: ImageId,
    /// VMPL.
    pub vmpl: u32,
    /// PLATFORM_INFO.
    pub platform_info: PlatformInfo,
    /// REPORT_DATA.
    pub report_data: ReportData,
    /// MEASUREMENT.
    pub measurement: Measurement,
    /// HOST_DATA.
    pub host_data: HostData,
    /// ID_KEY_DIGEST.
    pub id_key_digest: KeyDigest,
    /// AUTHOR_KEY_DIGEST.
    pub author_key_digest: KeyDigest,
    /// CPUID_FAM_ID, CPUID_MOD_ID and CPUID_STEP, from version 3.
    pub cpuid: Option<Cpuid>,
    /// CHIP_ID.
    pub chip_id: ChipId,
    /// CURRENT_TCB.
    pub current_tcb: RawTcb,
    /// REPORTED_TCB.
    pub reported_tcb: RawTcb,
    /// COMMITTED_TCB.
    pub committed_tcb: RawTcb,
    /// LAUNCH_TCB.
    pub launch_tcb: RawTcb,
    /// LAUNCH_MIT_VECTOR and CURRENT_MIT_VECTOR, from version 5.
    pub mitigations: Option<Mitigations>,
    pub(super) signature_algorithm: u32,
    pub(super) key_info: KeyInfo,
    pub(super) signed: Vec<u8>,
    /// `r` and `s`, big-endian, as verifiers take them.
    pub(super) signature: [u8; 96],
}

/// KEY_INFO: how the report is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyInfo {
    /// MASK_CHIP_KEY: the firmware does not sign.
    pub(super) mask_chip_key: bool,
    /// SIGNING_KEY: 0 VCEK, 1 VLEK, 7 none.
    pub(super) signing_key: u32,
}

/// A TCB_VERSION whose layout depends on the generation of the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawTcb([u8; 8]);

impl Report {
    /// Reads the 1184 bytes of a report of version 2 to 5.
    ///
    /// # Errors
    /// [`EvidenceError::ReportVersion`] for another version, [`EvidenceError::Malformed`] for
    /// another length or a reserved field that is not zero.
    pub fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let whole: &[u8; REPORT_LENGTH] =
            bytes.try_into().map_err(|_| EvidenceError::Malformed("report length"))?;
        let mut fields = Fields(whole);
        let version = fields.u32()?;
        if !(2..=5).contains(&version) {
            return Err(EvidenceError::ReportVersion(version));
        }
        let guest_svn = fields.u32()?;
        let policy = policy(fields.u64()?)?;
        let family_id = FamilyId::from_bytes(fields.take()?);
        let image_id = ImageId::from_bytes(fields.take()?);
        let vmpl = fields.u32()?;
        let signature_algorithm = fields.u32()?;
        let current_tcb = RawTcb(fields.take()?);
        let platform_info = PlatformInfo::new(fields.u64()?);
        let key_info = key_info(fields.u32()?)?;
        fields.reserved(4)?;
        let report_data = ReportData::from_bytes(fields.take()?);
        let measurement = Measurement::from_bytes(fields.take()?);
        let host_data = HostData::from_bytes(fields.take()?);
        let id_key_digest = KeyDigest::from_bytes(fields.take()?);
        let author_key_digest = KeyDigest::from_bytes(fields.take()?);
        let _report_id: [u8; 32] = fields.take()?;
        let _report_id_of_migration_agent: [u8; 32] = fields.take()?;
        let reported_tcb = RawTcb(fields.take()?);
        let cpuid = cpuid(version, fields.take()?)?;
        fields.reserved(21)?;
        let chip_id = ChipId::from_bytes(fields.take()?);
        let committed_tcb = RawTcb(fields.take()?);
        let _current_version: [u8; 3] = fields.take()?;
        fields.reserved(1)?;
        let _committed_version: [u8; 3] = fields.take()?;
        fields.reserved(1)?;
        let launch_tcb = RawTcb(fields.take()?);
        let mitigations = if version >= 5 {
            Some(Mitigations { launch: fields.u64()?, current: fields.u64()? })
        } else {
            fields.reserved(16)?;
            None
        };
        fields.reserved(152)?;
        let signature = fields.signature()?;
        Ok(Self {
            version,
            guest_svn,
            policy,
            family_id,
            image_id,
            vmpl,
            platform_info,
            report_data,
            measurement,
            host_data,
            id_key_digest,
            author_key_digest,
            cpuid,
            chip_id,
            current_tcb,
            reported_tcb,
            committed_tcb,
            launch_tcb,
            mitigations,
            signature_algorithm,
            key_info,
            signed: whole.iter().take(SIGNED_LENGTH).copied().collect(),
            signature,
        })
    }

    /// The generation that the CPUID fields name; `None` before version 3, which has none.
    ///
    /// # Errors
    /// [`EvidenceError::Product`] for a processor that is none of the known generations.
    pub fn generation(&self) -> Result<Option<Generation>, EvidenceError> {
        let Some(cpuid) = self.cpuid else { return Ok(None) };
        match (cpuid.family, cpuid.model) {
            (0x19, 0x00..=0x0f) => Ok(Some(Generation::Milan)),
            (0x19, 0x10..=0x1f | 0xa0..=0xaf) => Ok(Some(Generation::Genoa)),
            (0x1a, 0x00..=0x11) => Ok(Some(Generation::Turin)),
            _ => Err(EvidenceError::Product),
        }
    }
}

impl RawTcb {
    /// The components, in the layout of `generation` (AMD 56860 §2.2, tables "Structure of the
    /// TCB_VERSION").
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`] if a reserved byte is not zero.
    pub fn components(self, generation: Generation) -> Result<Tcb, EvidenceError> {
        let [a, b, c, d, e, f, g, microcode] = self.0;
        let (tcb, reserved) = match generation {
            Generation::Milan | Generation::Genoa => {
                (Tcb { fmc: None, bootloader: a, tee: b, snp: g, microcode }, [c, d, e, f])
            }
            Generation::Turin => {
                (Tcb { fmc: Some(a), bootloader: b, tee: c, snp: d, microcode }, [e, f, g, 0])
            }
        };
        if reserved == [0; 4] { Ok(tcb) } else { Err(EvidenceError::Malformed("TCB version")) }
    }
}

fn policy(bits: u64) -> Result<GuestPolicy, EvidenceError> {
    let reserved_one = bits & (1 << 17) != 0;
    let reserved_zero = bits >> 26 == 0;
    if reserved_one && reserved_zero {
        Ok(GuestPolicy::new(bits))
    } else {
        Err(EvidenceError::Malformed("guest policy"))
    }
}

fn key_info(bits: u32) -> Result<KeyInfo, EvidenceError> {
    if bits >> 5 != 0 {
        return Err(EvidenceError::Malformed("key information"));
    }
    Ok(KeyInfo { mask_chip_key: bits & 2 != 0, signing_key: bits >> 2 })
}

fn cpuid(version: u32, bytes: [u8; 3]) -> Result<Option<Cpuid>, EvidenceError> {
    let [family, model, stepping] = bytes;
    match (version, bytes) {
        (2, [0, 0, 0]) => Ok(None),
        (2, _) => Err(EvidenceError::Malformed("reserved field")),
        _ => Ok(Some(Cpuid { family, model, stepping })),
    }
}

/// What is left to read.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], EvidenceError> {
        let (field, rest) =
            self.0.split_first_chunk().ok_or(EvidenceError::Malformed("report length"))?;
        self.0 = rest;
        Ok(*field)
    }

    fn u32(&mut self) -> Result<u32, EvidenceError> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, EvidenceError> {
        self.take().map(u64::from_le_bytes)
    }

    fn reserved(&mut self, length: usize) -> Result<(), EvidenceError> {
        let (field, rest) =
            self.0.split_at_checked(length).ok_or(EvidenceError::Malformed("report length"))?;
        self.0 = rest;
        if field.iter().all(|byte| *byte == 0) {
            Ok(())
        } else {
            Err(EvidenceError::Malformed("reserved field"))
        }
    }

    /// SIGNATURE (AMD 56860 §10): `r` and `s` as 72 bytes little-endian each, of which P-384 uses
    /// 48, then zeros.
    fn signature(&mut self) -> Result<[u8; 96], EvidenceError> {
        let mut r: [u8; 48] = self.take()?;
        self.reserved(24)?;
        let mut s: [u8; 48] = self.take()?;
        self.reserved(24)?;
        self.reserved(368)?;
        r.reverse();
        s.reverse();
        let mut signature = [0; 96];
        for (to, from) in signature.iter_mut().zip(r.iter().chain(&s)) {
            *to = *from;
        }
        Ok(signature)
    }
}

/// How much of a report is signed: bytes 0 to 0x29f.
const SIGNED_LENGTH: usize = 0x2a0;
