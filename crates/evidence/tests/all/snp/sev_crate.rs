//! The published `sev` crate as a second opinion: what it reads in every collected report, and
//! whether it finds the chain and the signature good.

use domain::Reason as _;
use domain::claims::{Generation, SigningKey};
use evidence::snp::{Profile, RawTcb, Report, Roots, SnpEvidence, TcbFloors, inspect};
use serde_json::Value;
use sev::certs::snp::{Certificate, Chain, Verifiable as _, builtin, ca};
use sev::firmware::guest::AttestationReport;
use sev::firmware::host::TcbVersion;
use sev::parser::ByteParser as _;

use super::files::{published, reports};
use super::vectors::{evidence, rows};
use crate::support::{time, vector};

#[test]
fn reports_read_as_elsewhere() {
    let Some(list) = vector("snp_reports.json") else { return };
    let list: Value = serde_json::from_slice(&list).unwrap();
    let mut compared = 0;
    for row in list["reports"].as_array().unwrap() {
        let file = row["file"].as_str().unwrap();
        for bytes in reports(&vector(file).unwrap()) {
            compare(file, &bytes);
            compared += 1;
        }
    }
    // Of fields, not bytes; put together by our reader.
    for row in rows().iter().filter(|row| row.report.starts_with("TRUSTEE-E2E/")) {
        compare(row.report, &evidence(row).unwrap().unwrap().report);
        compared += 1;
    }
    println!("{compared} reports compared");
    assert!(compared >= 24, "{compared}");
}

fn compare(file: &str, bytes: &[u8]) {
    let ours = Report::parse(bytes).unwrap_or_else(|error| panic!("{file}: {error}"));
    let theirs = AttestationReport::from_bytes(bytes).unwrap();
    assert_eq!(theirs.to_bytes().unwrap().as_slice(), bytes, "{file}");
    assert_eq!(ours.version, theirs.version, "{file}");
    assert_eq!(ours.guest_svn, theirs.guest_svn, "{file}");
    assert_eq!(ours.policy.bits(), u64::from(theirs.policy), "{file}");
    assert_eq!(ours.policy.debug(), theirs.policy.debug_allowed(), "{file}");
    assert_eq!(ours.family_id.as_bytes(), &theirs.family_id, "{file}");
    assert_eq!(ours.image_id.as_bytes(), &theirs.image_id, "{file}");
    assert_eq!(ours.vmpl, theirs.vmpl, "{file}");
    assert_eq!(ours.platform_info.bits(), u64::from(theirs.plat_info), "{file}");
    assert_eq!(ours.report_data.as_bytes(), &theirs.report_data, "{file}");
    assert_eq!(ours.measurement.as_bytes(), &theirs.measurement, "{file}");
    assert_eq!(ours.host_data.as_bytes(), &theirs.host_data, "{file}");
    assert_eq!(ours.id_key_digest.as_bytes(), &theirs.id_key_digest, "{file}");
    assert_eq!(ours.author_key_digest.as_bytes(), &theirs.author_key_digest, "{file}");
    assert_eq!(ours.chip_id.as_bytes(), &theirs.chip_id, "{file}");
    assert_eq!(ours.cpuid.map(|cpuid| cpuid.family), theirs.cpuid_fam_id, "{file}");
    assert_eq!(ours.cpuid.map(|cpuid| cpuid.model), theirs.cpuid_mod_id, "{file}");
    assert_eq!(ours.cpuid.map(|cpuid| cpuid.stepping), theirs.cpuid_step, "{file}");
    let mitigations = ours.mitigations.map(|vectors| (vectors.launch, vectors.current));
    assert_eq!(mitigations, theirs.launch_mit_vector.zip(theirs.current_mit_vector), "{file}");
    assert_eq!(ours.policy.smt(), theirs.policy.smt_allowed(), "{file}");
    assert_eq!(ours.policy.migrate_ma(), theirs.policy.migrate_ma_allowed(), "{file}");
    assert_eq!(ours.policy.single_socket(), theirs.policy.single_socket_required(), "{file}");
    let (info, other) = (ours.platform_info, theirs.plat_info);
    assert_eq!(info.smt_enabled(), other.smt_enabled(), "{file}");
    assert_eq!(info.tsme_enabled(), other.tsme_enabled(), "{file}");
    assert_eq!(info.ecc_enabled(), other.ecc_enabled(), "{file}");
    assert_eq!(info.rapl_disabled(), other.rapl_disabled(), "{file}");
    assert_eq!(info.ciphertext_hiding_enabled(), other.ciphertext_hiding_enabled(), "{file}");
    assert_eq!(info.alias_check_complete(), other.alias_check_complete(), "{file}");
    compare_tcb(ours.current_tcb, theirs.current_tcb, file);
    compare_tcb(ours.reported_tcb, theirs.reported_tcb, file);
    compare_tcb(ours.committed_tcb, theirs.committed_tcb, file);
    compare_tcb(ours.launch_tcb, theirs.launch_tcb, file);
}

/// No report of a Turin was collected: all have the older layout.
fn compare_tcb(ours: RawTcb, theirs: TcbVersion, file: &str) {
    let ours = ours.components(Generation::Genoa).unwrap();
    let ours = (ours.fmc, ours.bootloader, ours.tee, ours.snp, ours.microcode);
    let theirs = (theirs.fmc, theirs.bootloader, theirs.tee, theirs.snp, theirs.microcode);
    assert_eq!(ours, theirs, "{file}");
}

/// Every row of the table that has a report and two certificates: the same verdict, as far as
/// chain and signature go.
#[test]
fn chains_and_signatures_hold_as_elsewhere() {
    let mut compared = 0;
    for row in rows() {
        let Some(Ok(evidence)) = evidence(&row) else { continue };
        let Ok(report) = AttestationReport::from_bytes(&evidence.report) else { continue };
        let floors = TcbFloors::published().unwrap();
        let at = time(row.at);
        let ours = inspect(&evidence, &floors, Profile::Archive, &Roots::amd(), &[], at);
        let theirs = holds(&evidence, &report);
        let reason = ours.as_ref().map_or_else(|error| error.reason(), |_| "authentic");
        assert_eq!(ours.is_ok(), theirs, "{} {:?}: {reason}", row.report, row.certificates);
        compared += 1;
        let Ok(inspected) = ours else { continue };
        let signed_by = match report.key_info.signing_key() {
            0 => SigningKey::Vcek,
            _ => SigningKey::Vlek,
        };
        assert_eq!(inspected.claims().signing_key, signed_by, "{}", row.report);
        assert_eq!(report.sig_algo, 1, "{}", row.report);
    }
    println!("{compared} rows compared");
}

fn holds(evidence: &SnpEvidence, report: &AttestationReport) -> bool {
    let certificate = |der: &[u8]| Certificate::from_der(der).unwrap();
    let roots = [builtin::milan::ark(), builtin::genoa::ark(), builtin::turin::ark()];
    roots.into_iter().any(|ark| {
        let ca = ca::Chain { ark: ark.unwrap(), ask: certificate(&evidence.ask) };
        let chain = Chain { ca, vek: certificate(&evidence.vek) };
        (&chain, report).verify().is_ok()
    })
}

/// Where the `sev` crate reads more or less, as docs/evidence-snp.md says.
#[test]
fn differences_are_the_documented_ones() {
    let read =
        |bytes: &[u8]| (Report::parse(bytes).is_ok(), AttestationReport::from_bytes(bytes).is_ok());
    let Some(mut masked) = published("TRUSTEE/test-report.bin") else { return };
    masked[0x1a0..0x1e0].fill(0);
    assert_eq!(read(&masked), (true, false));
    let mut later = published("RS/live-report-v5-genoa.bin").unwrap();
    later[0] = 6;
    assert_eq!(read(&later), (false, true));
}
