//! Decisions on SGX enclaves: expected values are compared one by one.

use domain::Reason as _;
use domain::claims::sgx::EnclaveReport;
use domain::claims::{
    EnclaveAttributes, EnclaveConfigId, EnclaveMeasurement, EnclaveSigner, FamilyId, Fmspc,
    ImageId, Ppid, ReportData,
};
use evidence::intel::sgx::{Expected, MaskedAttributes, Signers, verify};
use evidence::intel::{Allowed, Body, Collateral, Quote, Root, TcbPolicy};
use serde_json::json;
use testkit::intel::{Evidence, Fake};

use super::support::{created, now, policy};

/// Everything that `report` says is expected.
fn expected_of(report: &EnclaveReport) -> Expected {
    Expected {
        enclaves: Allowed::Listed([report.mrenclave].into()),
        signers: Signers::new([report.mrsigner]).unwrap(),
        isv_prod_id: report.isv_prod_id,
        minimum_isv_svn: report.isv_svn,
        isv_ext_prod_id: report.isv_ext_prod_id,
        isv_family_id: report.isv_family_id,
        config_id: report.config_id,
        minimum_config_svn: report.config_svn,
        attributes: MaskedAttributes {
            value: report.attributes,
            mask: EnclaveAttributes::from_bytes([255; 16]),
        },
        misc_select: report.misc_select,
        report_data: report.report_data,
        families: Allowed::Any,
        platforms: Allowed::Any,
        tcb: policy(),
    }
}

fn reason(evidence: &Evidence, change: fn(&mut Expected)) -> &'static str {
    let root = Root::emulated(&evidence.root).unwrap();
    let json = evidence.collateral.to_json();
    let collateral = Collateral::read([json.as_slice()]).unwrap();
    let quote = Quote::parse(&evidence.quote).unwrap();
    let Body::Sgx(report) = quote.body() else { return "not an SGX quote" };
    let mut expected = expected_of(report);
    change(&mut expected);
    match verify(&quote, &collateral, &expected, &root, now()) {
        Ok(verified) => {
            assert_eq!(verified.get().report, *report);
            "verified"
        }
        Err(error) => error.reason(),
    }
}

#[test]
fn no_signer_is_an_error() {
    assert_eq!(Signers::new([]).unwrap_err().reason(), "evidence.no-signers");
}

#[test]
fn expected_values_are_compared_one_by_one() {
    type Row = (fn(&mut Expected), &'static str);
    let rows: [Row; 22] = [
        (|_| (), "verified"),
        (|e| e.enclaves = Allowed::Any, "verified"),
        (
            |e| e.enclaves = Allowed::Listed([EnclaveMeasurement::from_bytes([9; 32])].into()),
            "evidence.measurement",
        ),
        (|e| e.enclaves = Allowed::Listed([].into()), "evidence.measurement"),
        (
            |e| e.signers = Signers::new([EnclaveSigner::from_bytes([9; 32])]).unwrap(),
            "evidence.mr-signer",
        ),
        (|e| e.isv_prod_id += 1, "evidence.isv-prod-id"),
        (|e| e.minimum_isv_svn += 1, "evidence.isv-svn"),
        (|e| e.minimum_isv_svn -= 1, "verified"),
        (|e| e.isv_ext_prod_id = ImageId::from_bytes([9; 16]), "evidence.isv-ext-prod-id"),
        (|e| e.isv_family_id = FamilyId::from_bytes([9; 16]), "evidence.isv-family-id"),
        (|e| e.config_id = EnclaveConfigId::from_bytes([9; 64]), "evidence.config-id"),
        (|e| e.minimum_config_svn += 1, "evidence.config-svn"),
        (
            |e| e.attributes.value = EnclaveAttributes::from_bytes([0; 16]),
            "evidence.enclave-attributes",
        ),
        (
            |e| {
                e.attributes = MaskedAttributes {
                    value: EnclaveAttributes::from_bytes([0; 16]),
                    mask: EnclaveAttributes::from_bytes([0; 16]),
                }
            },
            "verified",
        ),
        (|e| e.misc_select ^= 1, "evidence.misc-select"),
        (|e| e.report_data = ReportData::from_bytes([9; 64]), "evidence.report-data"),
        (
            |e| e.families = Allowed::Listed([Fmspc::from_bytes([9; 6])].into()),
            "evidence.fmspc-not-allowed",
        ),
        (
            |e| {
                e.families =
                    Allowed::Listed([Fmspc::from_bytes([0x10, 0xa0, 0x6f, 0, 0, 0])].into())
            },
            "verified",
        ),
        (
            |e| e.platforms = Allowed::Listed([Ppid::from_bytes([9; 16])].into()),
            "evidence.chip-not-allowed",
        ),
        (|e| e.platforms = Allowed::Listed([Ppid::from_bytes([0x50; 16])].into()), "verified"),
        (|e| e.platforms = Allowed::Listed([].into()), "evidence.chip-not-allowed"),
        (
            |e| e.tcb = TcbPolicy { minimum_evaluation_data_number: 19, ..policy() },
            "evidence.tcb-evaluation",
        ),
    ];
    let evidence = Fake::sgx(created()).sign().unwrap();
    for (index, (change, expected)) in rows.into_iter().enumerate() {
        assert_eq!(reason(&evidence, change), expected, "row {index}");
    }
}

/// Offsets of REPORTBODY, after the quote's header.
const BODY: usize = 48;
const ATTRIBUTES: usize = BODY + 48;

#[test]
fn an_enclave_is_refused_for_one_thing() {
    type Row = (&'static str, fn(&mut Fake), &'static str);
    let rows: [Row; 8] = [
        ("right", |_| (), "verified"),
        ("debugging", |f| f.signed[ATTRIBUTES] |= 2, "evidence.debug-enabled"),
        ("a guest", |f| *f = Fake::tdx(4, created()), "not an SGX quote"),
        (
            "out of date",
            |f| f.tcb_info["tcbLevels"][0]["tcbStatus"] = json!("OutOfDate"),
            "evidence.tcb-out-of-date",
        ),
        ("revoked", |f| f.pck_list.serials.push(3), "evidence.revoked"),
        ("list out of date", |f| f.pck_list.next_update = created(), "evidence.crl-stale"),
        (
            "collateral out of date",
            |f| f.qe_identity["nextUpdate"] = json!("2026-01-01T00:00:00Z"),
            "evidence.collateral-stale",
        ),
        ("another family", |f| f.pck.fmspc[5] ^= 1, "evidence.collateral-mismatch"),
    ];
    for (name, change, expected) in rows {
        let mut fake = Fake::sgx(created());
        change(&mut fake);
        assert_eq!(reason(&fake.sign().unwrap(), |_| ()), expected, "{name}");
    }
}

#[test]
fn a_guest_is_no_enclave_and_without_collateral_there_is_no_decision() {
    let guest = Fake::tdx(4, created()).sign().unwrap();
    let enclave = Fake::sgx(created()).sign().unwrap();
    let quote = Quote::parse(&enclave.quote).unwrap();
    let Body::Sgx(report) = quote.body() else { panic!("not an SGX quote") };
    let expected = expected_of(report);
    let decide = |evidence: &Evidence, collateral: &Collateral| {
        let quote = Quote::parse(&evidence.quote).unwrap();
        let root = Root::emulated(&evidence.root).unwrap();
        verify(&quote, collateral, &expected, &root, now()).map_err(|error| error.reason())
    };
    let nothing = Collateral::default();
    assert_eq!(decide(&guest, &nothing).map(drop), Err("evidence.tee-type"));
    assert_eq!(decide(&enclave, &nothing).map(drop), Err("evidence.collateral-missing"));
}
