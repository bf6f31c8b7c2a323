//! Any bytes as the event log of a TDX guest.
#![no_main]

use evidence::eventlog::EventLog;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(log) = EventLog::parse(data) else { return };
    let read = log.events().iter().map(|event| event.data().len()).sum::<usize>();
    assert!(read <= data.len());
    for event in log.events() {
        let _ = (event.is_bound(), event.kind().name());
    }
    let mut registers = log.replay();
    assert!(log.explains(&registers).is_ok());
    registers.reverse();
    let _ = log.explains(&registers);
});
