//! Expected values are compared one by one.

use domain::claims::{
    ConfigId, Fmspc, ModuleMeasurement, OwnerConfig, OwnerId, Ppid, ReportData, RuntimeMeasurement,
    TdAttributes, Xfam,
};
use evidence::intel::{Allowed, Expected, Measurements, TcbPolicy};
use testkit::intel::Fake;

use super::support::{captured, created, expected, now, other_measurement, reason_at};

/// What is expected otherwise, and the one reason.
struct Row(fn(&mut Expected), &'static str);

fn rows() -> Vec<Row> {
    vec![
        Row(|_| (), "verified"),
        Row(
            |e| e.guest.measurements = Measurements::new([other_measurement()]).unwrap(),
            "evidence.measurement",
        ),
        Row(
            |e| e.guest.rtmrs[0] = RuntimeMeasurement::from_bytes([9; 48]),
            "evidence.runtime-measurement",
        ),
        Row(
            |e| e.guest.rtmrs[1] = RuntimeMeasurement::from_bytes([9; 48]),
            "evidence.runtime-measurement",
        ),
        Row(
            |e| e.guest.rtmrs[2] = RuntimeMeasurement::from_bytes([9; 48]),
            "evidence.runtime-measurement",
        ),
        Row(
            |e| e.guest.rtmrs[3] = RuntimeMeasurement::from_bytes([9; 48]),
            "evidence.runtime-measurement",
        ),
        Row(|e| e.guest.config_id = ConfigId::from_bytes([9; 48]), "evidence.mr-config-id"),
        Row(|e| e.guest.owner = OwnerId::from_bytes([9; 48]), "evidence.mr-owner"),
        Row(
            |e| e.guest.owner_config = OwnerConfig::from_bytes([9; 48]),
            "evidence.mr-owner-config",
        ),
        Row(|e| e.report_data = ReportData::from_bytes([9; 64]), "evidence.report-data"),
        Row(|e| e.guest.td_attributes = TdAttributes::new(0x5000_0000), "evidence.td-attributes"),
        Row(|e| e.guest.xfam = Xfam::new(3), "evidence.xfam"),
        Row(
            |e| e.guest.modules = Allowed::Listed([ModuleMeasurement::from_bytes([9; 48])].into()),
            "evidence.mr-seam",
        ),
        Row(|e| e.guest.modules = Allowed::Listed([].into()), "evidence.mr-seam"),
        Row(|e| e.guest.modules = Allowed::Any, "verified"),
        Row(
            |e| e.guest.families = Allowed::Listed([Fmspc::from_bytes([9; 6])].into()),
            "evidence.fmspc-not-allowed",
        ),
        Row(
            |e| e.guest.platforms = Allowed::Listed([Ppid::from_bytes([9; 16])].into()),
            "evidence.chip-not-allowed",
        ),
        Row(
            |e| {
                e.guest.tcb = TcbPolicy {
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
    for (index, Row(change, reason)) in rows().into_iter().enumerate() {
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
