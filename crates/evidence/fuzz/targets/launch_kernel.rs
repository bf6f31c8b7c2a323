//! A command line and any bytes as a kernel: its PE image and its setup header.
#![no_main]

use evidence::launch::tdx::{DirectBoot, InitrdArgument, KernelImage, Memory};
use evidence_fuzz::parts;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [cmdline, kernel] = parts(data);
    let cmdline = String::from_utf8_lossy(cmdline);
    let images = [
        (KernelImage::Original, InitrdArgument::First),
        (KernelImage::Patched(Memory::from_mib(2048)), InitrdArgument::Last),
    ];
    for (image, initrd_argument) in images {
        let boot =
            DirectBoot { kernel, initrd: b"initrd", cmdline: &cmdline, image, initrd_argument };
        let _ = boot.rtmr1();
        let _ = boot.rtmr2();
    }
});
