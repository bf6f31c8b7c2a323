//! Quote, quoting enclave and collateral with changes, all signed again.
#![no_main]

use evidence::intel::{Profile, Tee, inspect, read_quote};
use evidence_fuzz::intel::{SGX, TDX, TDX_5, collateral, policy, root};
use evidence_fuzz::{edited, now, parts};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [kind, quote, enclave, info, identity] = parts(data);
    let (fake, tee) = match kind.first().copied().unwrap_or_default() % 3 {
        0 => (&TDX, Tee::Tdx),
        1 => (&TDX_5, Tee::Tdx),
        _ => (&SGX, Tee::Sgx),
    };
    let mut fake = (**fake).clone();
    fake.signed = edited(&fake.signed, quote);
    fake.qe_report = edited(&fake.qe_report, enclave);
    for (document, edits) in [(&mut fake.tcb_info, info), (&mut fake.qe_identity, identity)] {
        let text = edited(document.to_string().as_bytes(), edits);
        if let Ok(changed) = serde_json::from_slice(&text) {
            *document = changed;
        }
    }
    let Ok(evidence) = fake.sign() else { return };
    let (Ok(quote), Some(collateral)) = (read_quote(&evidence.quote), collateral(&evidence)) else {
        return;
    };
    let root = root(&evidence);
    let _ = inspect(&quote, tee, &collateral, &policy(), Profile::Archive, &root, now());
});
