//! One emulated machine whose evidence verifies, part by part.

use std::sync::OnceLock;

use domain::Reason as _;
use domain::claims::ReportData;
use evidence::EvidenceError;
use evidence::azure::snp_vtpm::{Evidence, Expected, read_evidence, verify};
use evidence::azure::{Nonce, PcrSets, Pcrs, VtpmExpected};
use evidence::snp::{Chips, Crl, Measurements, PlatformRules, TcbFloors};
use testkit::azure::{self, VirtualTpm};
use testkit::emulated::SecurityProcessor;

use crate::emulated::{launch, processor, roots};
use crate::support::{chip_id, now};

pub(super) const NONCE: &[u8] = b"a nonce of the verifier's choice";

/// One TPM and one processor for all tests.
pub(super) fn tpm() -> &'static VirtualTpm {
    static TPM: OnceLock<VirtualTpm> = OnceLock::new();
    TPM.get_or_init(|| VirtualTpm::create().unwrap())
}

pub(super) fn amd() -> &'static SecurityProcessor {
    static PROCESSOR: OnceLock<SecurityProcessor> = OnceLock::new();
    PROCESSOR.get_or_init(|| processor(|_| ()))
}

pub(super) fn pcrs() -> [[u8; 32]; 24] {
    let mut number = 0;
    [(); 24].map(|()| {
        number += 1;
        [number; 32]
    })
}

/// The parts of evidence, as bytes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Machine {
    pub(super) hcl: Vec<u8>,
    pub(super) message: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) pcrs: Vec<Vec<u8>>,
    pub(super) vek: Vec<u8>,
    pub(super) ask: Vec<u8>,
}

impl Machine {
    /// Evidence that verifies.
    pub(super) fn right() -> Self {
        Self::with_claims(&azure::runtime_claims(&[tpm().jwk()]))
    }

    /// With these claims, bound by the processor.
    pub(super) fn with_claims(claims: &[u8]) -> Self {
        Self::with_report_data(claims, azure::report_data(claims))
    }

    pub(super) fn with_report_data(claims: &[u8], report_data: [u8; 64]) -> Self {
        let report_data = ReportData::from_bytes(report_data);
        let report = amd().report(&launch(), report_data, 0).unwrap();
        let message = azure::quote(NONCE, &pcrs());
        Self {
            hcl: azure::hcl_report(azure::SNP_VM_REPORT, &report, claims),
            signature: tpm().sign(&message).unwrap(),
            message,
            pcrs: pcrs().iter().map(|value| value.to_vec()).collect(),
            vek: amd().vcek_der().to_vec(),
            ask: amd().ask_der().to_vec(),
        }
    }

    /// With this quote, signed.
    pub(super) fn with_quote(message: Vec<u8>) -> Self {
        Self { signature: tpm().sign(&message).unwrap(), message, ..Self::right() }
    }

    /// With the hardware's report changed before the processor signs.
    pub(super) fn with_report(change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut machine = Self::right();
        let mut report = machine.hcl[32..1216].to_vec();
        change(&mut report);
        machine.hcl[32..1216].copy_from_slice(&amd().sign(&report).unwrap());
        machine
    }

    pub(super) fn json(&self) -> Vec<u8> {
        let json = azure::evidence(&self.hcl, &self.message, &self.signature, &self.pcrs);
        serde_json::to_vec(&json).unwrap()
    }

    pub(super) fn read(&self) -> Result<Evidence, EvidenceError> {
        read_evidence(&self.json(), &[&self.vek, &self.ask], &[])
    }

    pub(super) fn answer(&self) -> Result<(), EvidenceError> {
        self.answer_for(&expected())
    }

    pub(super) fn answer_for(&self, expected: &Expected) -> Result<(), EvidenceError> {
        answer(&self.read()?, expected)
    }

    pub(super) fn reason(&self) -> &'static str {
        self.answer().map_or_else(|error| error.reason(), |()| "verified")
    }
}

pub(super) fn answer(evidence: &Evidence, expected: &Expected) -> Result<(), EvidenceError> {
    verify(evidence, expected, &roots(amd()), Crl::EmulatedNone, now()).map(|_| ())
}

pub(super) fn expected() -> Expected {
    Expected {
        measurements: Measurements::new([launch().measurement]).unwrap(),
        host_data: launch().host_data,
        floors: TcbFloors::published().unwrap(),
        chips: Chips::Listed([chip_id()].into()),
        rules: PlatformRules::none(),
        vtpm: VtpmExpected {
            nonce: Nonce::new(NONCE).unwrap(),
            pcrs: PcrSets::new([Pcrs::new(pcrs())]).unwrap(),
        },
    }
}
