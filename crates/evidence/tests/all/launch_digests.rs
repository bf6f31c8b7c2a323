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
    // Whatever one byte of the tables becomes, the answer is a digest or a reason.
    for position in ovmf.len() - 2048..ovmf.len() {
        for value in [0, 1, 0x13] {
            let mut other = ovmf.clone();
            other[position] = value;
            let _answer = reason(&other);
        }
    }
}
