//! What the tests of Intel's evidence share.

use domain::claims::tdx::TdReport;
use domain::claims::{Measurement, Trust};
use domain::{Reason as _, Timestamp};
use evidence::EvidenceError;
use evidence::intel::{
    Allowed, Body, Collateral, Expected, ExpectedGuest, Inspected, Measurements, Profile, Quote,
    Root, TcbPolicy, Tee, inspect, read_quote, verify,
};
use testkit::intel::{Evidence, Fake};

use crate::support::{time, vector};

/// When everything synthetic is created, and a day later.
pub(crate) fn created() -> Timestamp {
    time("2026-01-01T00:00:00Z")
}

pub(crate) fn now() -> Timestamp {
    time("2026-01-02T00:00:00Z")
}

/// Tolerates one advisory.
pub(crate) fn policy() -> TcbPolicy {
    TcbPolicy {
        minimum_evaluation_data_number: 17,
        tolerated_advisories: ["INTEL-SA-00289".to_owned()].into(),
    }
}

/// Everything that `report` says is expected.
pub(crate) fn expected_of(report: &TdReport) -> Expected {
    let guest = ExpectedGuest {
        measurements: Measurements::new([report.mrtd]).unwrap(),
        rtmrs: report.rtmrs,
        config_id: report.mrconfigid,
        owner: report.mrowner,
        owner_config: report.mrownerconfig,
        td_attributes: report.td_attributes,
        xfam: report.xfam,
        modules: Allowed::Listed([report.mrseam].into()),
        families: Allowed::Any,
        platforms: Allowed::Any,
        tcb: policy(),
    };
    Expected { guest, report_data: report.report_data }
}

pub(crate) fn td_report(quote: &Quote) -> TdReport {
    match quote.body() {
        Body::Tdx(report) => report.clone(),
        Body::Sgx(_) => panic!("not a TDX quote"),
    }
}

/// The quote's own values, or other ones where it does not even parse.
pub(crate) fn expected(fake: &Fake) -> Expected {
    let quote = read_quote(&fake.sign().unwrap().quote).unwrap();
    expected_of(&td_report(&quote))
}

/// The reason why `evidence` is refused; "verified" if it is not.
pub(crate) fn reason_at(evidence: &Evidence, expected: &Expected, at: Timestamp) -> &'static str {
    let root = Root::emulated(&evidence.root).unwrap();
    let json = evidence.collateral.to_json();
    let answer = Quote::parse(&evidence.quote).and_then(|quote| {
        let collateral = Collateral::read([json.as_slice()])?;
        verify(&quote, &collateral, expected, &root, at)
    });
    match answer {
        Ok(verified) => {
            assert_eq!(verified.get().platform.trust, Trust::Emulated);
            "verified"
        }
        Err(error) => error.reason(),
    }
}

/// The same by inspection in production.
pub(crate) fn inspected(
    evidence: &Evidence,
    tee: Tee,
    profile: Profile,
) -> Result<Inspected, EvidenceError> {
    let root = Root::emulated(&evidence.root).unwrap();
    let json = evidence.collateral.to_json();
    let quote = Quote::parse(&evidence.quote)?;
    let collateral = Collateral::read([json.as_slice()])?;
    inspect(&quote, tee, &collateral, &policy(), profile, &root, now())
}

/// A captured quote of a guest with its collateral, to be signed again. `None` without the vectors.
pub(crate) fn captured() -> Option<Fake> {
    let quote = vector("Phala-Network+dcap-qvl/sample/tdx_quote")?;
    let collateral = vector("Phala-Network+dcap-qvl/sample/tdx_quote_collateral.json")?;
    let json: serde_json::Value = serde_json::from_slice(&collateral).unwrap();
    let platform = inspect(
        &Quote::parse(&quote).unwrap(),
        Tee::Tdx,
        &Collateral::default(),
        &policy(),
        Profile::Production,
        &Root::intel().unwrap(),
        time("2025-07-01T00:00:00Z"),
    )
    .unwrap();
    let text = |name: &str| json[name].as_str().unwrap();
    let mut fake = Fake::captured(
        &quote,
        text("tcb_info"),
        text("qe_identity"),
        platform.platform(),
        created(),
    )
    .unwrap();
    for document in [&mut fake.tcb_info, &mut fake.qe_identity] {
        document["issueDate"] = "2026-01-01T00:00:00Z".into();
        document["nextUpdate"] = "2026-01-31T00:00:00Z".into();
    }
    Some(fake)
}

pub(crate) fn other_measurement() -> Measurement {
    Measurement::from_bytes([9; 48])
}
