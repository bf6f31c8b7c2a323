//! Any bytes as a report.
#![no_main]

use domain::claims::Generation;
use evidence::snp::Report;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(report) = Report::parse(data) {
        for generation in [Generation::Milan, Generation::Genoa, Generation::Turin] {
            let _ = report.reported_tcb.components(generation);
        }
    }
});
