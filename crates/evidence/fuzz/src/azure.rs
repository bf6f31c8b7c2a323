//! Emulated machines on Azure: the HCL's reports and a virtual TPM's quote.

use std::sync::LazyLock;

use domain::claims::ReportData;
use testkit::azure::{self, VirtualTpm};

use crate::{edited, intel, snp};

pub static TPM: LazyLock<VirtualTpm> = LazyLock::new(|| VirtualTpm::create().expect("a TPM"));

const PCRS: [[u8; 32]; 24] = [[7; 32]; 24];

/// The JSON of a machine with SEV-SNP.
#[must_use]
pub fn snp_json() -> Vec<u8> {
    snp_json_with([&[]; 3])
}

/// The same with changes to the claims before the processor's report binds them, to the HCL's report
/// around both, and to the quote before the TPM signs it.
#[must_use]
pub fn snp_json_with([claims, hcl, message]: [&[u8]; 3]) -> Vec<u8> {
    let claims = edited(&azure::runtime_claims(&[TPM.jwk()]), claims);
    let report_data = ReportData::from_bytes(azure::report_data(&claims));
    let report = snp::PROCESSOR.report(&snp::launch(), report_data, 0).expect("a report");
    let whole = azure::hcl_report(azure::SNP_VM_REPORT, &report, &claims);
    json(&edited(&whole, hcl), &edited(&azure::quote(b"nonce", &PCRS), message))
}

/// The JSON of a machine with TDX, and its quote.
#[must_use]
pub fn tdx_json() -> (Vec<u8>, Vec<u8>) {
    let claims = azure::runtime_claims(&[TPM.jwk()]);
    let mut fake = intel::TDX.clone();
    if let Some(field) = fake.signed.get_mut(48 + 520..48 + 584) {
        field.copy_from_slice(&azure::report_data(&claims));
    }
    let report = azure::td_report(&fake.signed);
    let quote = fake.sign().expect("signed").quote;
    let hcl = azure::hcl_report(azure::TDX_VM_REPORT, &report, &claims);
    (json(&hcl, &azure::quote(b"nonce", &PCRS)), quote)
}

fn json(hcl: &[u8], message: &[u8]) -> Vec<u8> {
    let signature = TPM.sign(message).expect("signed");
    let pcrs: Vec<_> = PCRS.iter().map(|value| value.to_vec()).collect();
    azure::evidence(hcl, message, &signature, &pcrs).to_string().into_bytes()
}
