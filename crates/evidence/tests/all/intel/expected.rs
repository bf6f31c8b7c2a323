//! Expected values are compared one by one.

use domain::claims::{
    ConfigId, Fmspc, ModuleMeasurement, OwnerConfig, OwnerId, Ppid, ReportData, RuntimeMeasurement,
    TdAttributes, Xfam,
};
use evidence::intel::{Allowed, Expected, Measurements, TcbPolicy};
use testkit::intel::Fake;

use super::support::{captured, created, expected, now, other_measurement, reason_at};

fn rows() -> Vec<(fn(&mut Expected), &'static str)> {
    vec![
        (|_| (), "verified"),
        (
            |e| e.measurements = Measurements::new([other_measurement()]).unwrap(),
            "evidence.measurement",
        ),
        (|e| e.rtmrs[0] = RuntimeMeasurement::from_bytes([9; 48]), "evidence.runtime-measurement"),
        (|e| e.rtmrs[1] = RuntimeMeasurement::from_bytes([9; 48]), "evidence.runtime-measurement"),
        (|e| e.rtmrs[2] = RuntimeMeasurement::from_bytes([9; 48]), "evidence.runtime-measurement"),
        (|e| e.rtmrs[3] = RuntimeMeasurement::from_bytes([9; 48]), "evidence.runtime-measurement"),
        (|e| e.config_id = ConfigId::from_bytes([9; 48]), "evidence.mr-config-id"),
        (|e| e.owner = OwnerId::from_bytes([9; 48]), "evidence.mr-owner"),
        (|e| e.owner_config = OwnerConfig::from_bytes([9; 48]), "evidence.mr-owner-config"),
        (|e| e.report_data = ReportData::from_bytes([9; 64]), "evidence.report-data"),
        (|e| e.td_attributes = TdAttributes::new(0x5000_0000), "evidence.td-attributes"),
        (|e| e.xfam = Xfam::new(3), "evidence.xfam"),
        (
            |e| e.modules = Allowed::Listed([ModuleMeasurement::from_bytes([9; 48])].into()),
            "evidence.mr-seam",
        ),
        (|e| e.modules = Allowed::Listed([].into()), "evidence.mr-seam"),
        (|e| e.modules = Allowed::Any, "verified"),
        (
            |e| e.families = Allowed::Listed([Fmspc::from_bytes([9; 6])].into()),
            "evidence.fmspc-not-allowed",
        ),
        (
            |e| e.platforms = Allowed::Listed([Ppid::from_bytes([9; 16])].into()),
            "evidence.chip-not-allowed",
        ),
        (
            |e| {
                e.tcb = TcbPolicy {
                    minimum_evaluation_data_number: 19,
                    tolerated_advisories: [].into(),
                }
            },
            "evidence.tcb-evaluation",
        ),
    ]
}

fn check(fake: &Fake) {
    let evidence = fake.sign().unwrap();
    for (index, (change, reason)) in rows().into_iter().enumerate() {
        let mut expected = expected(fake);
        change(&mut expected);
        assert_eq!(reason_at(&evidence, &expected, now()), reason, "row {index}");
    }
}

#[test]
fn expected_values_are_compared_one_by_one() {
    check(&Fake::tdx(4, created()));
    check(&Fake::tdx(5, created()));
}

#[test]
fn expected_values_are_compared_with_captured_evidence() {
    if let Some(fake) = captured() {
        check(&fake);
    }
}
