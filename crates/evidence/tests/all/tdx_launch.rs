//! The TDX registers of a direct boot.
//!
//! The expected values for the small images below were made outside of this project: MRTD, the map of
//! memory and the register values by a few lines of Python, the digests of kernels by osslsigncode.
//! The maps of memory of published logs are the real thing.

use domain::Reason as _;
use evidence::eventlog::EventLog;
use evidence::launch::LaunchError;
use evidence::launch::tdx::{
    DirectBoot, InitrdArgument, KernelImage, Memory, authenticode, mrtd, rtmr0,
};
use sha2::{Digest as _, Sha384};
use testkit::direct_boot::{self, kernel};

use crate::mutations::Random;
use crate::support::vector;

fn firmware() -> Vec<u8> {
    let variables: Vec<u8> = (0..251).cycle().take(0x1000).collect();
    direct_boot::firmware(&variables, &[(0x81_0000, 0x2000)])
}

/// The empty variable store of OVMF: 540 672 bytes, nearly all of them erased flash.
fn empty_variables() -> Vec<u8> {
    let mut store = vec![0xff; 0x8_4000];
    let header = "000000000000000000000000000000008d2bf1ff96768b4ca9852747075b4f50\
         00400800000000005f465648fffe04004800afb8000000028400000000100000\
         0000000000000000782cf3aa7b949a43a1802e144ec37792b8ff03005afe0000\
         00000000";
    put(&mut store, 0, &hex::decode(header).unwrap());
    let spare = "2b29589e687c7d49a0ce6500fd9f1b952caf2c64feffffffe00f000000000000";
    put(&mut store, 0x4_1000, &hex::decode(spare).unwrap());
    store
}

fn put(image: &mut [u8], offset: usize, bytes: &[u8]) {
    image[offset..offset + bytes.len()].copy_from_slice(bytes);
}

fn boot(kernel: &[u8]) -> DirectBoot<'_> {
    DirectBoot {
        kernel,
        initrd: b"initrd",
        cmdline: "quiet",
        image: KernelImage::Original,
        initrd_argument: InitrdArgument::First,
    }
}

#[test]
fn mrtd_is_the_one_computed_elsewhere() {
    assert_eq!(
        mrtd(&firmware()).unwrap().to_string(),
        "9bbc2d3e27d50bda2163d54ed4a6d8639f805cd695c8b1e8c78e32cb651fec0b\
         3ca8025f31c6557c5612ce6203fc2749"
    );
}

#[test]
fn mrtd_is_of_code_and_of_addresses_but_not_of_variables() {
    let right = firmware();
    let with = |position: usize| {
        let mut other = right.clone();
        other[position] ^= 1;
        mrtd(&other)
    };
    assert_ne!(with(0x1000), mrtd(&right));
    assert_ne!(with(0x3fff), mrtd(&right));
    // Variables: RTMR0 has them.
    assert_eq!(with(0), mrtd(&right));
    // Address of the stack.
    assert_ne!(with(0x3c00 + 16 + 64 + 10), mrtd(&right));
}

#[test]
fn the_digest_of_a_kernel_is_that_of_osslsigncode() {
    let digest = |kernel: &[u8]| {
        let parts = authenticode(kernel).unwrap();
        hex::encode(Sha384::digest(parts.concat()))
    };
    assert_eq!(
        digest(&kernel()),
        "00b9ba29840f1b63968043abec6cac7e95851f048bd6365fe9dec8700d7d49bc\
         0077bdef64754c01fd7b3771e71ea01c"
    );
    // The checksum is not part of it, nor are certificates at the end.
    let mut signed = kernel();
    put(&mut signed, 0x58 + 64, &[0; 4]);
    put(&mut signed, 0x58 + 112 + 8 * 4, &[0, 0x20, 0, 0, 8, 0, 0, 0]);
    signed.extend_from_slice(b"8 octets");
    assert_eq!(digest(&signed), digest(&kernel()));
}

#[test]
fn registers_are_those_computed_elsewhere() {
    let kernel = kernel();
    let right = boot(&kernel);
    assert_eq!(right.rtmr1().unwrap().to_string(), RTMR1_ORIGINAL);
    assert_eq!(right.rtmr2().unwrap().to_string(), RTMR2_FIRST);
    let patched = DirectBoot { image: KernelImage::Patched(Memory::from_mib(1024)), ..right };
    assert_eq!(patched.rtmr1().unwrap().to_string(), RTMR1_PATCHED);
    let last = DirectBoot { initrd_argument: InitrdArgument::Last, ..right };
    assert_eq!(last.rtmr2().unwrap().to_string(), RTMR2_LAST);
    let alone = DirectBoot { initrd: &[], ..right };
    assert_eq!(alone.rtmr2().unwrap().to_string(), RTMR2_WITHOUT_INITRD);
}

#[test]
fn every_input_is_measured_where_it_belongs() {
    let (kernel, other) = (kernel(), {
        let mut other = kernel();
        other[0x700] ^= 1;
        other
    });
    let right = boot(&kernel);
    assert_ne!(DirectBoot { kernel: &other, ..right }.rtmr1(), right.rtmr1());
    assert_ne!(DirectBoot { cmdline: "Quiet", ..right }.rtmr2(), right.rtmr2());
    assert_ne!(DirectBoot { initrd: b"Initrd", ..right }.rtmr2(), right.rtmr2());
    let patched = |mib| {
        let image = KernelImage::Patched(Memory::from_mib(mib));
        DirectBoot { image, ..right }.rtmr1().unwrap()
    };
    // The initrd lies below 2 GiB if there are 2.75 GiB or more: QEMU's q35 machine.
    assert_ne!(patched(1024), patched(2047));
    assert_eq!(patched(2048), patched(2816));
    assert_eq!(patched(2816), patched(65536));
    assert_ne!(patched(2815), patched(2816));
}

#[test]
fn what_cannot_start_has_a_reason() {
    let kernel = kernel();
    let right = boot(&kernel);
    let patched = |kernel, mib| {
        let image = KernelImage::Patched(Memory::from_mib(mib));
        DirectBoot { kernel, image, ..right }.rtmr1()
    };
    assert_eq!(
        DirectBoot { kernel: b"MZ", ..right }.rtmr1(),
        Err(LaunchError::Kernel("PE headers point outside of the image"))
    );
    assert_eq!(
        DirectBoot { kernel: b"\x7fELF", ..right }.rtmr1(),
        Err(LaunchError::Kernel("not a PE image"))
    );
    assert_eq!(patched(&[0; 64], 1024), Err(LaunchError::Kernel("no setup header")));
    let mut old = kernel.clone();
    old[0x206] = 1;
    assert_eq!(patched(&old, 1024), Err(LaunchError::Kernel("boot protocol before 2.02")));
    assert_eq!(patched(&kernel, 0), Err(LaunchError::Initrd));
    assert_eq!(
        DirectBoot { cmdline: "quiet\0init=/bin/sh", ..right }.rtmr2(),
        Err(LaunchError::CommandLine)
    );
    let image = firmware();
    for length in (0..image.len()).step_by(13) {
        let answer = mrtd(&image[..length]).map_err(|error| error.reason());
        assert_eq!(answer, Err("launch.firmware"), "{length}");
    }
}

#[test]
fn metadata_that_qemu_refuses_is_refused() {
    // Descriptor: signature, version; the second section: kind, attributes, size, address, file part.
    for (offset, value) in
        [(0, b'X'), (8, 2), (12, 65), (72, 9), (76, 2), (65, 0x20), (56, 1), (52, 0xff), (68, 1)]
    {
        let mut image = firmware();
        image[0x3c00 + offset] = value;
        let answer = mrtd(&image).map_err(|error| error.reason());
        assert_eq!(answer, Err("launch.firmware"), "{offset}");
    }
}

#[test]
fn rtmr0_is_taken_from_a_log_of_the_same_firmware_and_memory() {
    // Sections of the firmware in Debian 13 and Ubuntu 25.04, and of edk2's IntelTdx package: which
    // memory the published guests had is what makes the digests agree.
    let debian = [(0x81_1000, 0xf000), (0x80_b000, 0x2000), (0x80_0000, 0x6000)];
    let intel = [(0x81_0000, 0x1_0000), (0x80_b000, 0x2000), (0x80_0000, 0x6000)];
    for (path, temporary) in [(LIVE, debian), (TRUSTEE, intel)] {
        let Some(log) = vector(path) else { return };
        let log = EventLog::parse(&log).unwrap();
        let image = direct_boot::firmware(&empty_variables(), &temporary);
        let answer = |image: &[u8], mib| rtmr0(&log, image, Some(Memory::from_mib(mib)));
        assert_eq!(answer(&image, 2048), Ok(log.replay()[0]), "{path}");
        assert_eq!(rtmr0(&log, &image, None), Ok(log.replay()[0]), "{path}");
        assert_eq!(answer(&image, 2049), Err(LaunchError::OtherMemory), "{path}");
        assert_eq!(answer(&firmware(), 2048), Err(LaunchError::OtherFirmware), "{path}");
    }
}

#[test]
fn no_mutation_makes_it_panic() {
    let (image, kernel) = (firmware(), kernel());
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut reasons = std::collections::BTreeSet::new();
    for _ in 0..10_000 {
        let (mut image, mut kernel) = (image.clone(), kernel.clone());
        for _ in 0..=random.below(3) {
            // Most mutations go where the tables and headers are.
            let tables = random.below(2) * 0x3c00;
            let mut tail = image.split_off(tables.min(image.len()));
            random.mutate(&mut tail);
            image.extend_from_slice(&tail);
            let mut rest = kernel.split_off(0x248.min(kernel.len()));
            let headers = random.below(4) != 0;
            random.mutate(if headers { &mut kernel } else { &mut rest });
            kernel.extend_from_slice(&rest);
        }
        reasons.insert(mrtd(&image).map_or_else(|error| error.reason(), |_| "measured"));
        for image in [KernelImage::Original, KernelImage::Patched(Memory::from_mib(64))] {
            let boot = DirectBoot { image, ..boot(&kernel) };
            reasons.insert(boot.rtmr1().map_or_else(|error| error.reason(), |_| "measured"));
        }
    }
    assert_eq!(
        reasons.into_iter().collect::<Vec<_>>(),
        ["launch.firmware", "launch.kernel", "measured"]
    );
}

const LIVE: &str =
    "confidential-dot-ai+attestation-rs/crates/attestation/test_data/tdx_ccel_live2.dat";
const TRUSTEE: &str = "confidential-containers+trustee/deps/eventlog/test_data/CCEL_data_ovmf";
const RTMR1_ORIGINAL: &str = "609d99bb2d7016f398e818544c3426c83e49a8b02dc50f3c53471e0c415fd136\
     d36a429f95ac3de118385dfa1a8134c2";
const RTMR1_PATCHED: &str = "d0dd871b693b86ca563c2736d28c13c9e481694ef3792e91dcfc344bc09bfa3d\
     3c028b979fb5619d08c08bcc32cbf5f8";
const RTMR2_FIRST: &str = "b132cd0dced29ebe0032ba65f0cf76cc53f4d3a10ace80bcb7b1b2138aa0456f\
     6fd49ed6c5d199d67080f6c7709e25bb";
const RTMR2_LAST: &str = "bef5355395bde66256accbcc916f56ba08794dfb47f038f1064369d14bb93439\
     8048b82ed2d3cb7f92b02f4a20272ccc";
const RTMR2_WITHOUT_INITRD: &str = "deb3d4b84d4034dd65e01b8c76d22d5d060fe85c1634256c8e68ee18ca38aad5\
     41b6e8c2f2c39900a6188f025a76f72a";
