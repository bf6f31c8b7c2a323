//! Any bytes as an OVMF image.
#![no_main]

use std::num::NonZeroU32;

use evidence::launch::{
    Boot, KernelHashes, LaunchInputs, SNP_GUEST_FEATURES, VcpuType, Vmm, expected_measurement,
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let direct = Boot::Direct(KernelHashes::of(b"kernel", b"initrd", "quiet"));
    for (boot, vmm) in [(direct, Vmm::Qemu), (Boot::Firmware, Vmm::Ec2)] {
        let inputs = LaunchInputs {
            ovmf: data,
            boot,
            vcpus: NonZeroU32::MIN.saturating_add(1),
            vcpu_type: VcpuType::EPYC_V4,
            guest_features: SNP_GUEST_FEATURES,
            vmm,
        };
        let _ = expected_measurement(&inputs);
    }
});
