//! A report with changes, signed again: what verifies shows what was expected.
#![no_main]

use evidence::snp::{Crl, verify};
use evidence_fuzz::snp::{EVIDENCE, EXPECTED, PROCESSOR, ROOTS, launch};
use evidence_fuzz::{edited, now};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(report) = PROCESSOR.sign(&edited(&EVIDENCE.report, data)) else { return };
    let evidence = PROCESSOR.accompany(report);
    if let Ok(verified) = verify(&evidence, &EXPECTED, &ROOTS, Crl::EmulatedNone, now()) {
        let claims = verified.get();
        assert_eq!(claims.measurement, launch().measurement);
        assert_eq!(claims.host_data, launch().host_data);
        assert_eq!(claims.report_data, EXPECTED.report_data);
        assert_eq!(claims.vmpl, 0);
        assert!(!claims.policy.debug() && !claims.policy.migrate_ma());
        assert!(claims.platform_info.alias_check_complete());
        assert_eq!(claims.chip_id, PROCESSOR.chip_id());
        assert_eq!(claims.tcb.reported, PROCESSOR.tcb());
    }
});
