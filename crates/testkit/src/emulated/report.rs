//! Reports (AMD 56860 §7.3) and certificate tables (AMD 56421 §4.1.8.1), written.

use domain::claims::{Generation, ReportData, SigningKey, Tcb};

use super::{Identity, Launch, cpuid};

/// Bytes of a report that are signed.
pub(super) const SIGNED: usize = 0x2a0;

/// A report of version 5 without a signature.
pub(super) fn unsigned(
    identity: &Identity,
    launch: &Launch,
    report_data: ReportData,
    vmpl: u32,
) -> Vec<u8> {
    let tcb = tcb_bytes(identity.generation, &identity.tcb);
    let cpuid = cpuid(identity.generation);
    let key_info: u32 = match identity.signing_key {
        SigningKey::Vcek => 0,
        SigningKey::Vlek => 1 << 2,
    };
    let firmware: [u8; 4] = [40, 55, 1, 0];
    let parts: [&[u8]; 27] = [
        &5_u32.to_le_bytes(),
        &0_u32.to_le_bytes(),
        &launch.policy.bits().to_le_bytes(),
        &[0; 32], // family and image
        &vmpl.to_le_bytes(),
        &1_u32.to_le_bytes(), // ECDSA P-384 with SHA-384
        &tcb,
        &PLATFORM_INFO.to_le_bytes(),
        &key_info.to_le_bytes(),
        &[0; 4],
        report_data.as_bytes(),
        launch.measurement.as_bytes(),
        launch.host_data.as_bytes(),
        &[0; 96],    // ID key and author key
        &[0; 32],    // report ID
        &[0xff; 32], // no migration agent
        &tcb,
        &[cpuid.family, cpuid.model, cpuid.stepping],
        &[0; 21],
        identity.chip_id.as_bytes(),
        &tcb,
        &firmware,
        &firmware,
        &tcb,
        &[0; 16], // mitigation vectors
        &[0; 152],
        &[],
    ];
    parts.concat()
}

/// `signed` followed by `r` and `s`, given big-endian in 48 bytes each.
pub(super) fn with_signature(signed: &[u8], signature: &[u8]) -> Vec<u8> {
    let mut report = signed.to_vec();
    for number in signature.chunks(48) {
        report.extend(number.iter().rev());
        report.extend([0; 24]);
    }
    report.extend([0; 368]);
    report
}

/// TCB_VERSION in the layout of `generation`.
pub(super) fn tcb_bytes(generation: Generation, tcb: &Tcb) -> [u8; 8] {
    let Tcb { fmc, bootloader, tee, snp, microcode } = *tcb;
    match generation {
        Generation::Milan | Generation::Genoa => [bootloader, tee, 0, 0, 0, 0, snp, microcode],
        Generation::Turin => [fmc.unwrap_or_default(), bootloader, tee, snp, 0, 0, 0, microcode],
    }
}

/// Rows of (GUID, offset, length), a row of zeros, then the certificates.
pub(super) fn certificate_table(entries: &[([u8; 16], &[u8])]) -> Vec<u8> {
    let mut offset = ROW * (entries.len() + 1);
    let mut rows = Vec::new();
    for (guid, certificate) in entries {
        rows.extend_from_slice(guid);
        for number in [offset, certificate.len()] {
            rows.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        }
        offset += certificate.len();
    }
    rows.extend([0; ROW]);
    rows.extend(entries.iter().flat_map(|(_, certificate)| certificate.iter()));
    rows
}

const ROW: usize = 24;

/// Multithreading and error correction on, memory checked for aliases.
const PLATFORM_INFO: u64 = 0x25;

// GUIDs as stored: the first three groups little-endian.
/// 63da758d-e664-4564-adc5-f4b93be8accd
pub(super) const VCEK_ENTRY: [u8; 16] = [
    0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd,
];
/// 4ab7b379-bbac-4fe4-a02f-05aef327c782
pub(super) const ASK_ENTRY: [u8; 16] = [
    0x79, 0xb3, 0xb7, 0x4a, 0xac, 0xbb, 0xe4, 0x4f, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82,
];
