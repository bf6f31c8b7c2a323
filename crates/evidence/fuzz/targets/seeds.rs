//! Writes the first inputs of every target below the folder that `CLOISTER_FUZZ_SEEDS` names: evidence
//! of emulated platforms, made now. No captured evidence is among them. It is a target itself, to be
//! built like the others; there is nothing to fuzz in it.
#![no_main]

use evidence_fuzz::input::{Seeds, write_seeds};
use evidence_fuzz::{azure, intel, joined, nvidia, snp};

libfuzzer_sys::fuzz_target!(init: write_seeds(all()), |_data: &[u8]| {});

fn all() -> Seeds {
    [snp(), intel(), azure(), nvidia(), launch(), tdx_launch()].into_iter().flatten().collect()
}

/// Edits that change nothing, one byte, and the length.
const EDITS: [&[u8]; 4] = [&[], &[0, 0x50, 2, 9], &[0, 8, 10, 3], &[0, 0x40, 1, 0]];

fn edits(shape: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Vec<u8>> {
    EDITS.iter().map(|edits| shape(edits)).collect()
}

fn snp() -> Seeds {
    let right = &*snp::EVIDENCE;
    let json = serde_json::to_vec(right).unwrap_or_default();
    let table = snp::PROCESSOR.certificate_table();
    let certificates: [&[u8]; 3] = [&right.vek, &right.ask, snp::PROCESSOR.ark_der()];
    vec![
        ("snp_report", vec![right.report.clone()]),
        (
            "snp_evidence",
            vec![
                joined(&[&json, b"", b""]),
                joined(&[&right.report, &right.vek, &table]),
                joined(&[b"", b"", &table]),
            ],
        ),
        ("snp_signed", edits(<[u8]>::to_vec)),
        (
            "snp_certificates",
            EDITS
                .iter()
                .flat_map(|edit| certificates.map(|der| joined(&[edit, edit, der, der])))
                .collect(),
        ),
    ]
}

fn intel() -> Seeds {
    let signed = [&intel::TDX, &intel::TDX_5, &intel::SGX].map(|fake| fake.sign().expect("signed"));
    let quotes = signed.iter().map(|evidence| evidence.quote.clone()).collect();
    let collateral = signed
        .iter()
        .flat_map(|evidence| {
            let files = evidence.collateral.to_files().into_iter();
            files.chain([evidence.collateral.to_json()])
        })
        .collect();
    let signed = (0..3)
        .flat_map(|kind| edits(move |edit| joined(&[&[kind], edit, edit, edit, edit])))
        .collect();
    vec![("intel_quote", quotes), ("intel_collateral", collateral), ("intel_signed", signed)]
}

fn azure() -> Seeds {
    let (json, quote) = azure::tdx_json();
    vec![
        ("azure_snp", vec![joined(&[b"", &azure::snp_json()])]),
        ("azure_signed", edits(|edit| joined(&[edit, edit, edit]))),
        ("azure_tdx", vec![joined(&[&quote, b"", &json]), joined(&[b"", b"", &json])]),
    ]
}

fn nvidia() -> Seeds {
    let evidence = nvidia::evidence(&nvidia::unsigned_report());
    let chain = evidence.certificates.first().cloned().unwrap_or_default();
    let manifest = nvidia::unsigned_manifest();
    let signed = nvidia::signed_manifest(&manifest).unwrap_or_default();
    vec![
        ("nvidia_evidence", vec![joined(&[&chain, &evidence.report])]),
        ("nvidia_signed", edits(<[u8]>::to_vec)),
        ("nvidia_manifest", vec![signed.into_bytes()]),
        ("nvidia_manifest_signed", edits(<[u8]>::to_vec)),
    ]
}

/// An image that is nothing but the tables: a section for kernel hashes and one of each other kind.
fn launch() -> Seeds {
    let mut metadata = b"ASEV".to_vec();
    let words = [16 + 12 * 4, 1, 4];
    let sections = [[0x80_0000, 0x1000, 1], [0x80_1000, 0x1000, 2], [0x80_2000, 0x1000, 3]];
    let sections = sections.into_iter().chain([[0x80_3000, 0x1000, 0x10]]).flatten();
    metadata.extend(words.into_iter().chain(sections).flat_map(u32::to_le_bytes));
    let mut table = Vec::new();
    for (guid, value) in [(HASH_TABLE, 0x80_3c00_u32), (RESET_BLOCK, 0x80_b004), (METADATA, 0)] {
        // Where the metadata is, counted from the end, which is known once everything is there.
        let value = if guid == METADATA { 32 + 18 + 3 * 22 + 16 + 12 * 4 } else { value };
        table.extend(value.to_le_bytes());
        table.extend(22_u16.to_le_bytes());
        table.extend(guid);
    }
    let length = u16::try_from(table.len() + 18).unwrap_or_default();
    let parts: [&[u8]; 5] = [&metadata, &table, &length.to_le_bytes(), &FOOTER, &[0; 32]];
    let tables = parts.concat();
    let mut image = vec![0; 4096 - tables.len()];
    image.extend(tables);
    vec![("launch_firmware", vec![image])]
}

/// Firmware, kernel and log of a guest that was never started.
fn tdx_launch() -> Seeds {
    let log = event_log();
    let firmware = testkit::direct_boot::firmware(&[7; 4096], &[(0x81_0000, 0x1_0000)]);
    let kernel = testkit::direct_boot::kernel();
    vec![
        ("event_log", vec![log.clone()]),
        ("launch_tdx", vec![joined(&[&log, &firmware])]),
        ("launch_kernel", vec![joined(&[b"quiet", &kernel])]),
    ]
}

/// A header and a separator in each register, with some digest (TCG PC Client Platform Firmware
/// Profile §10).
fn event_log() -> Vec<u8> {
    let mut log = [1_u32.to_le_bytes(), 3_u32.to_le_bytes()].concat();
    log.extend([0; 20]);
    log.extend(33_u32.to_le_bytes());
    log.extend(b"Spec ID Event03\0\0\0\0\0\0\x02\0\x02\x01\0\0\0\x0c\0\x30\0\0");
    for index in 1_u32..=4 {
        for word in [index, 4, 1] {
            log.extend(word.to_le_bytes());
        }
        log.extend(0xc_u16.to_le_bytes());
        log.extend([0x39; 48]);
        log.extend(4_u32.to_le_bytes());
        log.extend([0; 4]);
    }
    log.extend([0xff; 16]);
    log
}

// As in crates/evidence/src/launch/firmware.rs, where they are private.
const FOOTER: [u8; 16] = *b"\xde\x82\xb5\x96\xb2\x1f\xf7\x45\xba\xea\xa3\x66\xc5\x5a\x08\x2d";
const HASH_TABLE: [u8; 16] = *b"\x1f\x37\x55\x72\x3b\x3a\x04\x4b\x92\x7b\x1d\xa6\xef\xa8\xd4\x54";
const RESET_BLOCK: [u8; 16] = *b"\xde\x71\xf7\x00\x7e\x1a\xcb\x4f\x89\x0e\x68\xc7\x7e\x2f\xb4\x4e";
const METADATA: [u8; 16] = *b"\x66\x65\x88\xdc\x4a\x98\x98\x47\xa7\x5e\x55\x85\xa7\xbf\x67\xcc";
