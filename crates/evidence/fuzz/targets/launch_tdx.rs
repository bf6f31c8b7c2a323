//! An event log and any bytes as firmware with TDX metadata.
#![no_main]

use evidence::eventlog::EventLog;
use evidence::launch::tdx::{Memory, mrtd, rtmr0};
use evidence_fuzz::parts;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [log, ovmf] = parts(data);
    let _ = mrtd(ovmf);
    let Ok(log) = EventLog::parse(log) else { return };
    for memory in [None, Some(Memory::from_mib(2048)), Some(Memory::from_mib(10_240))] {
        let _ = rtmr0(&log, ovmf, memory);
    }
});
