//! Every collected report reads as the published `sev` crate reads it.

use domain::Reason as _;
use domain::claims::Generation;
use evidence::EvidenceError;
use evidence::snp::{RawTcb, Report};
use serde_json::Value;
use sev::firmware::guest::AttestationReport;
use sev::firmware::host::TcbVersion;
use sev::parser::ByteParser as _;

use crate::support::vector;

#[test]
fn reports_read_as_elsewhere() {
    let Some(list) = vector("snp_reports.json") else { return };
    let list: Value = serde_json::from_slice(&list).unwrap();
    let mut compared = 0;
    for row in list["reports"].as_array().unwrap() {
        let file = row["file"].as_str().unwrap();
        for bytes in reports(row["container"].as_str().unwrap(), &vector(file).unwrap()) {
            compare(file, &bytes);
            compared += 1;
        }
    }
    assert!(compared >= 15, "{compared}");
}

/// The reports in a file; those inside JSON are covered by their raw copies.
fn reports(container: &str, file: &[u8]) -> Vec<Vec<u8>> {
    let start = match container {
        "raw" | "raw report then 56 more bytes" => 0,
        "hcl+0x20" | "msg+0x20" => 0x20,
        "hex" => return vec![hex::decode(file.trim_ascii()).unwrap()],
        other if other.contains("hcl") => return embedded_reports(file),
        _ => return Vec::new(),
    };
    vec![file[start..start + 1184].to_vec()]
}

/// Reports inside an Azure report that JSON holds as text: found by the header `HCLA`.
fn embedded_reports(file: &[u8]) -> Vec<Vec<u8>> {
    let json: Value = serde_json::from_slice(file).unwrap();
    let mut found = Vec::new();
    collect(&json, &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<Vec<u8>>) {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    match value {
        Value::Object(fields) => fields.values().for_each(|value| collect(value, found)),
        Value::Array(values) if values.iter().all(|value| value.as_u64() < Some(256)) => {
            let bytes: Vec<u8> =
                values.iter().filter_map(|value| u8::try_from(value.as_u64()?).ok()).collect();
            collect_bytes(&bytes, found);
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::String(text) => {
            if let Ok(bytes) = STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)) {
                collect_bytes(&bytes, found);
            }
        }
        _ => {}
    }
}

fn collect_bytes(bytes: &[u8], found: &mut Vec<Vec<u8>>) {
    if bytes.starts_with(b"HCLA") && bytes.len() >= 0x20 + 1184 {
        found.push(bytes[0x20..0x20 + 1184].to_vec());
    }
}

fn compare(file: &str, bytes: &[u8]) {
    let ours = Report::parse(bytes).unwrap_or_else(|error| panic!("{file}: {error}"));
    let theirs = AttestationReport::from_bytes(bytes).unwrap();
    assert_eq!(ours.version, theirs.version, "{file}");
    assert_eq!(ours.guest_svn, theirs.guest_svn, "{file}");
    assert_eq!(ours.policy.bits(), u64::from(theirs.policy), "{file}");
    assert_eq!(ours.policy.debug(), theirs.policy.debug_allowed(), "{file}");
    assert_eq!(ours.family_id.as_bytes(), &theirs.family_id, "{file}");
    assert_eq!(ours.image_id.as_bytes(), &theirs.image_id, "{file}");
    assert_eq!(ours.vmpl, theirs.vmpl, "{file}");
    assert_eq!(ours.platform_info.bits(), u64::from(theirs.plat_info), "{file}");
    assert_eq!(ours.report_data.as_bytes(), &theirs.report_data, "{file}");
    assert_eq!(ours.measurement.as_bytes(), &theirs.measurement, "{file}");
    assert_eq!(ours.host_data.as_bytes(), &theirs.host_data, "{file}");
    assert_eq!(ours.id_key_digest.as_bytes(), &theirs.id_key_digest, "{file}");
    assert_eq!(ours.author_key_digest.as_bytes(), &theirs.author_key_digest, "{file}");
    assert_eq!(ours.chip_id.as_bytes(), &theirs.chip_id, "{file}");
    assert_eq!(ours.cpuid.map(|cpuid| cpuid.family), theirs.cpuid_fam_id, "{file}");
    assert_eq!(ours.cpuid.map(|cpuid| cpuid.model), theirs.cpuid_mod_id, "{file}");
    assert_eq!(ours.cpuid.map(|cpuid| cpuid.stepping), theirs.cpuid_step, "{file}");
    compare_tcb(ours.current_tcb, theirs.current_tcb, file);
    compare_tcb(ours.reported_tcb, theirs.reported_tcb, file);
    compare_tcb(ours.committed_tcb, theirs.committed_tcb, file);
    compare_tcb(ours.launch_tcb, theirs.launch_tcb, file);
}

/// No report of a Turin was collected: all have the older layout.
fn compare_tcb(ours: RawTcb, theirs: TcbVersion, file: &str) {
    let ours = ours.components(Generation::Genoa).unwrap();
    let ours = (ours.fmc, ours.bootloader, ours.tee, ours.snp, ours.microcode);
    let theirs = (theirs.fmc, theirs.bootloader, theirs.tee, theirs.snp, theirs.microcode);
    assert_eq!(ours, theirs, "{file}");
}

#[test]
fn malformed_reports_are_named() {
    let valid = {
        let processor = crate::support::authority().processor(&crate::support::endorsement());
        crate::emulated::report(&processor.unwrap())
    };
    let reason =
        |bytes: &[u8]| Report::parse(bytes).map(|_| "parsed").unwrap_or_else(|e| e.reason());
    let with = |position: usize, value: u8| {
        let mut report = valid.clone();
        report[position] = value;
        report
    };
    assert_eq!(reason(&valid), "parsed");
    assert_eq!(reason(&valid[..1183]), "evidence.malformed");
    assert_eq!(reason(&[valid.as_slice(), &[0]].concat()), "evidence.malformed");
    for version in [0, 1, 6] {
        assert_eq!(
            Report::parse(&with(0, version)),
            Err(EvidenceError::ReportVersion(version.into()))
        );
    }
    // Reserved: policy bits 17 and 26, key information, and the gaps up to the end.
    let reserved = [0x0a, 0x0b, 0x49, 0x4c, 0x18b, 0x19f, 0x1eb, 0x1ef, 0x208, 0x29f];
    for position in reserved.into_iter().chain([0x2d0, 0x318, 0x330, 0x49f]) {
        let value = if position == 0x0a { 1 } else { 4 };
        let report = with(position, value);
        assert_eq!(reason(&report), "evidence.malformed", "{position:#x}");
    }
    // Version 2 has no processor.
    assert_eq!(reason(&with(0, 2)), "evidence.malformed");
}
