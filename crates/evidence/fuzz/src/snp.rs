//! An emulated security processor and a guest.

use std::sync::LazyLock;

use domain::claims::{Generation, GuestPolicy, HostData, Measurement, ReportData};
use evidence::snp::{Chips, Expected, Measurements, PlatformRules, Roots, SnpEvidence, TcbFloors};
use testkit::emulated::{Launch, SecurityProcessor};

use crate::created;

pub static PROCESSOR: LazyLock<SecurityProcessor> =
    LazyLock::new(|| SecurityProcessor::create(Generation::Genoa, created()).expect("a processor"));

pub static ROOTS: LazyLock<Roots> =
    LazyLock::new(|| Roots::emulated(PROCESSOR.ark_der()).expect("a root"));

pub static EVIDENCE: LazyLock<SnpEvidence> = LazyLock::new(|| {
    let report_data = ReportData::from_bytes([3; 64]);
    PROCESSOR.evidence(&launch(), report_data, 0).expect("evidence")
});

pub static EXPECTED: LazyLock<Expected> = LazyLock::new(|| Expected {
    measurements: Measurements::new([launch().measurement]).expect("one measurement"),
    host_data: launch().host_data,
    report_data: ReportData::from_bytes([3; 64]),
    floors: TcbFloors::published().expect("floors"),
    chips: Chips::Any,
    rules: PlatformRules::none(),
});

#[must_use]
pub fn launch() -> Launch {
    Launch {
        measurement: Measurement::from_bytes([1; 48]),
        host_data: HostData::from_bytes([2; 32]),
        policy: GuestPolicy::new(0x3_0000),
    }
}
