//! Launch digests that the tests of sev-snp-measure expect, from the same inputs.

use std::num::NonZeroU32;

use domain::Reason as _;
use evidence::launch::{
    Boot, KernelHashes, LaunchInputs, SNP_GUEST_FEATURES, VcpuType, Vmm, expected_measurement,
};
use serde_json::Value;

use crate::support::vector;

#[test]
fn digests_are_the_published_ones() {
    let Some(list) = vector("snp_launch_digests.json") else { return };
    let list: Value = serde_json::from_slice(&list).unwrap();
    let cases = list["sev_snp_measure"]["vectors"].as_array().unwrap();
    let mut checked = 0;
    for case in cases.iter().filter(|case| is_covered(case)) {
        let expected = match case.get("expected_hex") {
            Some(digest) => digest.as_str().unwrap(),
            None => "launch.no-kernel-hashes",
        };
        assert_eq!(digest_of(case), expected, "{}", case["test"]);
        checked += 1;
    }
    assert_eq!(checked, 14);
}

/// SNP without a service module, on the two supported monitors.
fn is_covered(case: &Value) -> bool {
    let gce = case.get("vmm_type").is_some_and(|vmm| vmm == "vmm_types.VMMType.gce");
    case["mode"] == "SevMode.SEV_SNP" && !gce
}

fn digest_of(case: &Value) -> String {
    let text = |name: &str| case[name].as_str().unwrap().trim_matches('"').to_owned();
    let ovmf = vector(&format!("virtee+sev-snp-measure/{}", text("ovmf"))).unwrap();
    let boot = match text("kernel").as_str() {
        "None" => Boot::Firmware,
        // Kernel and initrd of all cases are empty files.
        _ => Boot::Direct(KernelHashes::of(&[], &[], &text("append"))),
    };
    let inputs = LaunchInputs {
        ovmf: &ovmf,
        boot,
        vcpus: text("vcpus").parse::<NonZeroU32>().unwrap(),
        vcpu_type: VcpuType::EPYC_V4,
        guest_features: u64::from_str_radix(text("guest_features").trim_start_matches("0x"), 16)
            .unwrap(),
        vmm: match case.get("vmm_type") {
            Some(vmm) if vmm == "vmm_types.VMMType.ec2" => Vmm::Ec2,
            _ => Vmm::Qemu,
        },
    };
    match expected_measurement(&inputs) {
        Ok(measurement) => measurement.to_string(),
        Err(error) => error.reason().to_owned(),
    }
}

/// The two published tools disagree on Amazon EC2: sev-snp-measure changed its VMSA in 0.0.13 (pull
/// request 60, compared there with a running c6a.xlarge), virtee/sev 7.1.0 has the one of before.
#[test]
fn ec2_is_measured_as_by_sev_snp_measure_and_not_as_by_virtee_sev() {
    let Some(ovmf) = vector("virtee+sev-snp-measure/tests/fixtures/ovmf_AmdSev_suffix.bin") else {
        return;
    };
    for (guest_features, ours, virtee) in [
        (0x1, "0883bd0eeb716e65b7b977a3", "7d3756157c805bf6adf61706"),
        (0x21, "0ce9ccc06bab55eebe8abc23", "6ae80856486b1396af8c82a4"),
    ] {
        let inputs = LaunchInputs {
            ovmf: &ovmf,
            boot: Boot::Direct(KernelHashes::of(&[], &[], "")),
            vcpus: NonZeroU32::MIN,
            vcpu_type: VcpuType::EPYC_V4,
            guest_features,
            vmm: Vmm::Ec2,
        };
        let digest = expected_measurement(&inputs).unwrap().to_string();
        assert!(digest.starts_with(ours), "{digest}");
        assert!(!digest.starts_with(virtee), "{digest}");
    }
}

/// Made by running sev-snp-measure 0.0.13: 2 processors, features 1, kernel `kernel`, initrd `initrd`,
/// command line `quiet`.
#[test]
fn processor_models_are_those_of_sev_snp_measure() {
    let Some(ovmf) = vector("virtee+sev-snp-measure/tests/fixtures/ovmf_AmdSev_suffix.bin") else {
        return;
    };
    let digest = |vcpu_type| {
        let inputs = LaunchInputs {
            ovmf: &ovmf,
            boot: Boot::Direct(KernelHashes::of(b"kernel", b"initrd", "quiet")),
            vcpus: NonZeroU32::MIN.saturating_add(1),
            vcpu_type,
            guest_features: SNP_GUEST_FEATURES,
            vmm: Vmm::Qemu,
        };
        expected_measurement(&inputs).unwrap().to_string()
    };
    for (names, start) in [
        ("EPYC EPYC-v1 EPYC-v2 EPYC-IBPB EPYC-v3 EPYC-v4", "db0b5b6232df3d329073c489"),
        ("EPYC-Rome EPYC-Rome-v1 EPYC-Rome-v2 EPYC-Rome-v3", "348ccff787729dac759d52be"),
        ("EPYC-Milan EPYC-Milan-v1 EPYC-Milan-v2", "45c0e7659cf1758c190cdbae"),
        ("EPYC-Genoa EPYC-Genoa-v1", "a9889b50cf28c81683905645"),
        ("EPYC-Turin", "ef51f313f60469e4006603e6"),
    ] {
        for name in names.split(' ') {
            assert!(digest(name.parse().unwrap()).starts_with(start), "{name}");
        }
    }
    // A model that has no name here, by family 26, model 17, stepping 0.
    let signature = VcpuType::from_signature(0x00b1_0f10);
    assert_eq!(signature.to_string(), "0x00b10f10");
    assert!(digest(signature).starts_with("76f9298a5ebbfad47001724d"));
}

#[test]
fn every_input_is_measured() {
    let Some(ovmf) = vector("virtee+sev-snp-measure/tests/fixtures/ovmf_AmdSev_suffix.bin") else {
        return;
    };
    let mut other_ovmf = ovmf.clone();
    other_ovmf[0] ^= 1;
    let hashes = KernelHashes::of(b"kernel", b"initrd", "quiet");
    let inputs = LaunchInputs {
        ovmf: &ovmf,
        boot: Boot::Direct(hashes),
        vcpus: NonZeroU32::MIN,
        vcpu_type: VcpuType::EPYC_V4,
        guest_features: SNP_GUEST_FEATURES,
        vmm: Vmm::Qemu,
    };
    let direct = |hashes| LaunchInputs { boot: Boot::Direct(hashes), ..inputs };
    let changed = [
        LaunchInputs { ovmf: &other_ovmf, ..inputs },
        LaunchInputs { boot: Boot::Firmware, ..inputs },
        direct(KernelHashes::of(b"Kernel", b"initrd", "quiet")),
        direct(KernelHashes::of(b"kernel", b"Initrd", "quiet")),
        direct(KernelHashes::of(b"kernel", b"initrd", "Quiet")),
        LaunchInputs { vcpus: NonZeroU32::MIN.saturating_add(1), ..inputs },
        LaunchInputs { vcpu_type: "EPYC-Genoa".parse().unwrap(), ..inputs },
        LaunchInputs { guest_features: 0x21, ..inputs },
        LaunchInputs { vmm: Vmm::Ec2, ..inputs },
    ];
    let digest = |inputs: &LaunchInputs<'_>| expected_measurement(inputs).unwrap();
    let digests: std::collections::BTreeSet<_> =
        changed.iter().chain([&inputs]).map(digest).collect();
    assert_eq!(digests.len(), changed.len() + 1);
}

#[test]
fn broken_firmware_is_refused_and_never_panics() {
    let Some(ovmf) = vector("virtee+sev-snp-measure/tests/fixtures/ovmf_AmdSev_suffix.bin") else {
        return;
    };
    let reason = |ovmf: &[u8]| {
        let inputs = LaunchInputs {
            ovmf,
            boot: Boot::Direct(KernelHashes::of(&[], &[], "")),
            vcpus: NonZeroU32::MIN.saturating_add(1),
            vcpu_type: VcpuType::EPYC_V4,
            guest_features: SNP_GUEST_FEATURES,
            vmm: Vmm::Qemu,
        };
        expected_measurement(&inputs).map_err(|error| error.reason())
    };
    for length in 0..ovmf.len() {
        assert_eq!(reason(&ovmf[..length]), Err("launch.firmware"), "{length}");
    }
    assert_eq!(reason(&vec![0; 4096]), Err("launch.firmware"));
    // A section that would take hours to hash.
    let metadata = ovmf.windows(4).position(|bytes| bytes == b"ASEV").unwrap();
    let mut large = ovmf.clone();
    large[metadata + 20..metadata + 24].copy_from_slice(&0x1000_1000_u32.to_le_bytes());
    assert_eq!(reason(&large), Err("launch.firmware"));
    // Whatever one byte of the tables becomes, the answer is a digest or a reason.
    for position in ovmf.len() - 2048..ovmf.len() {
        for value in [0, 1, 0x13] {
            let mut other = ovmf.clone();
            other[position] = value;
            let _answer = reason(&other);
        }
    }
}
