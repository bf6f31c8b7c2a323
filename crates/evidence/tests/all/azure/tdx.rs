//! The same for machines with TDX: what is theirs alone, and published evidence.

use std::collections::BTreeMap;

use domain::Reason as _;
use domain::claims::Trust;
use domain::claims::tdx::TdReport;
use evidence::EvidenceError;
use evidence::azure::tdx_vtpm::{Evidence, Expected, inspect, read_evidence, verify};
use evidence::azure::{Nonce, PcrSets, Pcrs, VtpmExpected};
use evidence::intel::{
    Allowed, Body, Collateral, ExpectedGuest, Measurements, Profile, Root, TcbPolicy, read_quote,
};
use testkit::azure;
use testkit::intel::{Evidence as Quoted, Fake};

use super::machine::{NONCE, pcrs, tpm};
use super::published::{path, published};
use crate::mutations::Random;
use crate::support::{created, time};

const MUTATIONS: u32 = 10_000;

/// The parts of evidence, as bytes.
#[derive(Clone)]
struct Guest {
    hcl: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
    pcrs: Vec<Vec<u8>>,
    quoted: Quoted,
}

impl Guest {
    fn right() -> Self {
        Self::with(|_| (), |_| ())
    }

    /// With the quote's header and body changed before anything is signed, and the TDX module's
    /// report changed after the quote was made.
    fn with(
        change_quote: impl FnOnce(&mut Vec<u8>),
        change_report: impl FnOnce(&mut Vec<u8>),
    ) -> Self {
        let claims = azure::runtime_claims(&[tpm().jwk()]);
        let mut fake = Fake::tdx(4, created());
        fake.signed[48 + 520..48 + 584].copy_from_slice(&azure::report_data(&claims));
        change_quote(&mut fake.signed);
        let mut report = azure::td_report(&fake.signed);
        change_report(&mut report);
        let message = azure::quote(NONCE, &pcrs());
        Self {
            hcl: azure::hcl_report(azure::TDX_VM_REPORT, &report, &claims),
            signature: tpm().sign(&message).unwrap(),
            message,
            pcrs: pcrs().iter().map(|value| value.to_vec()).collect(),
            quoted: fake.sign().unwrap(),
        }
    }

    fn read(&self) -> Result<Evidence, EvidenceError> {
        let json = azure::evidence(&self.hcl, &self.message, &self.signature, &self.pcrs);
        let json = json.to_string();
        read_evidence(json.as_bytes(), &[&self.quoted.quote]).map(|(evidence, _)| evidence)
    }

    fn answer(&self) -> Result<(), EvidenceError> {
        self.answer_for(&expected(&Self::right()))
    }

    fn answer_for(&self, expected: &Expected) -> Result<(), EvidenceError> {
        let (collateral, root, at) = self.judges();
        verify(&self.read()?, &collateral, expected, &root, at).map(|_| ())
    }

    fn judges(&self) -> (Collateral, Root, domain::Timestamp) {
        let collateral = self.quoted.collateral.to_json();
        let collateral = Collateral::read([collateral.as_slice()]).unwrap();
        let root = Root::emulated(&self.quoted.root).unwrap();
        (collateral, root, time("2026-01-02T00:00:00Z"))
    }
}

fn report(guest: &Guest) -> TdReport {
    match read_quote(&guest.quoted.quote).unwrap().body() {
        Body::Tdx(report) => report.clone(),
        Body::Sgx(_) => panic!("not a TDX quote"),
    }
}

fn policy() -> TcbPolicy {
    TcbPolicy {
        minimum_evaluation_data_number: 17,
        tolerated_advisories: ["INTEL-SA-00289".to_owned()].into(),
    }
}

/// Everything that the evidence says is expected.
fn expected(guest: &Guest) -> Expected {
    let report = report(guest);
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
    Expected {
        guest,
        vtpm: VtpmExpected {
            nonce: Nonce::new(NONCE).unwrap(),
            pcrs: PcrSets::new([Pcrs::new(pcrs())]).unwrap(),
        },
    }
}

#[test]
fn the_right_evidence_verifies() {
    let guest = Guest::right();
    assert_eq!(guest.answer(), Ok(()));
    let (collateral, root, at) = guest.judges();
    let evidence = guest.read().unwrap();
    let look = |profile| inspect(&evidence, &collateral, &policy(), profile, &root, at).unwrap();
    for profile in [Profile::Production, Profile::Archive] {
        let inspected = look(profile);
        assert_eq!(inspected.trust(), Trust::Emulated);
        assert_eq!(inspected.warnings(), []);
        assert_eq!(inspected.vtpm().unwrap().nonce, NONCE);
    }
    let verified = verify(&evidence, &collateral, &expected(&guest), &root, at).unwrap();
    let claims = serde_json::to_value(verified.get()).unwrap();
    assert_eq!(claims, serde_json::to_value(look(Profile::Production)).unwrap());
}

#[test]
fn the_quote_binds_the_claims() {
    for position in [520, 551, 552, 583] {
        let guest = Guest::with(|signed| signed[48 + position] ^= 1, |_| ());
        assert_eq!(guest.answer(), Err(EvidenceError::ReportData), "{position}");
    }
    let mut other = Guest::right();
    let position = 1236 + 10; // in the claims
    other.hcl[position] ^= 1;
    assert_eq!(other.answer(), Err(EvidenceError::ReportData));
}

#[test]
fn the_modules_report_is_that_of_the_quote() {
    let differs = Err(EvidenceError::AzureTdReport);
    // Every byte of hashes, report data, TEE_TCB_INFO and TDINFO.
    let bytes = (32..192).chain(256..495).chain(512..1024);
    for position in bytes.step_by(3) {
        let guest = Guest::right();
        let mut hcl = guest.hcl.clone();
        hcl[32 + position] ^= 0x10;
        assert_eq!(Guest { hcl, ..guest }.answer(), differs, "{position}");
    }
    // With its hashes made right again, so that only the comparison sees it.
    for position in [48, 48 + 130, 48 + 136, 48 + 328, 48 + 519] {
        let right = Guest::right();
        let other = Guest::with(|signed| signed[position] ^= 1, |_| ());
        let mixed = Guest { hcl: other.hcl, ..right };
        assert_eq!(mixed.answer(), differs, "{position}");
    }
    let kind = Guest::with(|_| (), |report| report[0] = 0);
    assert_eq!(kind.answer(), Err(EvidenceError::Malformed("TDX report")));
    let mut longer = Guest::right();
    longer.hcl[32 + 1024] = 1;
    let after = EvidenceError::Malformed("bytes after the hardware report");
    assert_eq!(longer.answer(), Err(after));
}

#[test]
fn each_link_is_checked() {
    let right = Guest::right();
    let mut signature = right.signature.clone();
    signature[0] ^= 1;
    let flipped = Guest { signature, ..right.clone() };
    assert_eq!(flipped.answer(), Err(EvidenceError::AzureQuoteSignature));
    let mut values = right.clone();
    values.pcrs[3][3] ^= 1;
    assert_eq!(values.answer(), Err(EvidenceError::AzurePcrDigest));
    let mut quote = right.clone();
    quote.quoted.quote[48 + 200] ^= 1;
    assert_eq!(quote.answer(), Err(EvidenceError::Signature));
    let debugged = Guest::with(|signed| signed[48 + 120] |= 1, |_| ());
    assert_eq!(debugged.answer(), Err(EvidenceError::DebugEnabled));
    let other = Guest::with(|signed| signed[48 + 136] ^= 1, |_| ());
    assert_eq!(other.answer(), Err(EvidenceError::Measurement));
    let vtpm = expected(&right).vtpm;
    let nonce = Nonce::new(b"another").unwrap();
    let with = |vtpm| Expected { vtpm, ..expected(&right) };
    let another = with(VtpmExpected { nonce, ..vtpm.clone() });
    assert_eq!(right.answer_for(&another), Err(EvidenceError::AzureNonce));
    let sets = PcrSets::new([Pcrs::new([[0; 32]; 24])]).unwrap();
    let another = with(VtpmExpected { pcrs: sets, ..vtpm });
    assert_eq!(right.answer_for(&another), Err(EvidenceError::AzurePcrValues));
}

#[test]
fn quotes_may_be_files_of_their_own_and_must_be_there() {
    let guest = Guest::right();
    let expect = expected(&guest);
    let (collateral, root, at) = guest.judges();
    let quote = azure::evidence(&guest.hcl, &guest.message, &guest.signature, &guest.pcrs);
    let quote = quote["tpm_quote"].to_string();
    let files: [&[u8]; 3] = [quote.as_bytes(), b"collateral", &guest.quoted.quote];
    let (evidence, others) = read_evidence(&guest.hcl, &files).unwrap();
    assert_eq!(others, [b"collateral"]);
    assert!(verify(&evidence, &collateral, &expect, &root, at).is_ok());
    let (evidence, _) = read_evidence(&guest.hcl, &[&guest.quoted.quote]).unwrap();
    let answer = verify(&evidence, &collateral, &expect, &root, at);
    assert_eq!(answer.unwrap_err(), EvidenceError::AzureQuoteMissing);
    let look = |profile| inspect(&evidence, &collateral, &policy(), profile, &root, at);
    assert_eq!(look(Profile::Production).unwrap_err(), EvidenceError::AzureQuoteMissing);
    assert_eq!(look(Profile::Archive).unwrap().warnings(), [EvidenceError::AzureQuoteMissing]);
    let missing = read_evidence(&guest.hcl, &[]).unwrap_err();
    assert_eq!(missing, EvidenceError::Malformed("no TDX quote"));
    let twice = [guest.quoted.quote.as_slice(), &guest.quoted.quote];
    let twice = read_evidence(&guest.hcl, &twice).unwrap_err();
    assert_eq!(twice, EvidenceError::Malformed("more than one TDX quote"));
    let mut kind = guest.hcl.clone();
    kind[1224] = 2;
    let kind = read_evidence(&kind, &[&guest.quoted.quote]).unwrap_err();
    assert_eq!(kind, EvidenceError::AzureReportType);
}

/// Files (collateral is that of attestation-rs, if any), the time, and the answers as in the table for
/// SEV-SNP.
struct Row(
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
    &'static str,
    &'static [&'static str],
);

const ROWS: &[Row] = &[
    Row(&["RS-/live-evidence.json"], COLLATERAL, "2026-03-20T00:00:00Z", "authentic", &[]),
    Row(&["RS-/live-evidence.json"], &[], "2026-03-20T00:00:00Z", "authentic", INCOMPLETE),
    Row(&["TDX/evidence-v0.json"], &[], "2025-03-01T00:00:00Z", SEPT_VE, EXCEPTIONS),
    Row(&["TDX/evidence-v1.json"], &[], "2025-03-01T00:00:00Z", SEPT_VE, EXCEPTIONS),
    Row(&["RS-/evidence-v1.json"], &[], "2025-03-01T00:00:00Z", SEPT_VE, EXCEPTIONS),
    Row(
        &["TDX/hcl-report.bin", "TDX/td-quote.bin", "TDX/tpm-quote-v1.json"],
        &[],
        "2025-03-01T00:00:00Z",
        SEPT_VE,
        EXCEPTIONS,
    ),
    Row(
        &["RS-/hcl-report.bin", "RS-/td-quote.bin", "RS-/quote.bin"],
        &[],
        "2025-03-01T00:00:00Z",
        SEPT_VE,
        EXCEPTIONS,
    ),
    // Another machine's quotes, and none.
    Row(
        &["TDX/hcl-report.bin", "TDX/td-quote.bin", "KINVOLK/quote.bin"],
        &[],
        "2025-03-01T00:00:00Z",
        SEPT_VE,
        &["evidence.azure-quote-signature"],
    ),
    Row(
        &["KINVOLK/hcl-report-tdx.bin", "TDX/td-quote.bin"],
        &[],
        "2025-03-01T00:00:00Z",
        SEPT_VE,
        &["evidence.azure-td-report"],
    ),
    Row(&["KINVOLK/hcl-report-tdx.bin"], &[], "2025-03-01T00:00:00Z", "evidence.malformed", &[]),
    Row(
        &["TRUSTEE/evidence-v1.json"],
        &[],
        "2025-03-01T00:00:00Z",
        "evidence.azure-report-type",
        &[],
    ),
];

const COLLATERAL: &[&str] = &[
    "RSC/tcb_info_90c06f000000.json",
    "RSC/td_qe_identity.json",
    "RSC/tcb_signing_chain.pem",
    "RSC/qe_identity_signing_chain.pem",
    "RSC/root_ca_crl.der",
    "RSC/pck_crl_platform.der",
];
const INCOMPLETE: &[&str] =
    &["evidence.collateral-missing", "evidence.collateral-missing", "evidence.crl-not-checked"];
const SEPT_VE: &str = "evidence.td-sept-ve-disable";
const EXCEPTIONS: &[&str] = &[
    SEPT_VE,
    "evidence.collateral-missing",
    "evidence.collateral-missing",
    "evidence.crl-not-checked",
];

fn inspected(row: &Row, profile: Profile) -> Option<Result<Vec<&'static str>, &'static str>> {
    let read =
        |paths: &[&str]| paths.iter().map(|path| published(path)).collect::<Option<Vec<_>>>();
    let (files, collateral) = (read(row.0)?, read(row.1)?);
    let (input, quotes) = files.split_first()?;
    let quotes: Vec<_> = quotes.iter().map(Vec::as_slice).collect();
    let collateral = Collateral::read(collateral.iter().map(Vec::as_slice)).unwrap();
    let inspected = read_evidence(input, &quotes).and_then(|(evidence, _)| {
        let policy = TcbPolicy::published()?;
        inspect(&evidence, &collateral, &policy, profile, &Root::intel()?, time(row.2))
    });
    Some(match inspected {
        Ok(inspected) => {
            assert_eq!(inspected.trust(), Trust::Hardware);
            Ok(inspected.warnings().iter().map(|warning| warning.reason()).collect())
        }
        Err(error) => Err(error.reason()),
    })
}

/// Paths of all files in the table.
pub(crate) fn files() -> impl Iterator<Item = String> {
    ROWS.iter().flat_map(|row| [row.0, row.1].concat()).map(path)
}

#[test]
fn published_evidence_has_its_verdicts() {
    let mut skipped = 0;
    for row in ROWS {
        let (Some(production), Some(archive)) =
            (inspected(row, Profile::Production), inspected(row, Profile::Archive))
        else {
            skipped += 1;
            continue;
        };
        let Row(files, _, _, expected, expected_archive) = row;
        match production {
            Ok(warnings) => {
                assert_eq!((*expected, *expected_archive), ("authentic", &warnings[..]))
            }
            Err(reason) => assert_eq!(reason, *expected, "{files:?}"),
        }
        match archive {
            Ok(warnings) => assert_eq!(warnings, *expected_archive, "{files:?}"),
            Err(reason) => {
                assert_eq!(expected_archive.first().unwrap_or(expected), &reason, "{files:?}");
            }
        }
    }
    println!("{} rows, {skipped} skipped", ROWS.len());
}

#[test]
fn the_documented_table_is_this_one() {
    let documented = include_str!("../../../../../docs/evidence-azure.md");
    for Row(files, collateral, at, production, archive) in ROWS {
        let files: Vec<_> = files.iter().map(|file| format!("`{file}`")).collect();
        let collateral = if collateral.is_empty() { "none" } else { "RSC" };
        let archive = if archive.is_empty() { vec![*production] } else { archive.to_vec() };
        let codes = format!("{production} | {}", archive.join(", ")).replace("evidence.", "");
        let line = format!("| {} | {collateral} | {at} | {codes} |", files.join(", "));
        assert!(documented.contains(&line), "{line}");
    }
}

#[test]
fn no_mutation_is_accepted() {
    let right = Guest::right();
    let expect = expected(&right);
    let (collateral, root, at) = right.judges();
    let mut random = Random(0x1234_5678_9abc_def1);
    let mut reasons = BTreeMap::new();
    let mut same = 0;
    for _ in 0..MUTATIONS {
        let mut changed = right.clone();
        for _ in 0..=random.below(3) {
            let part = match random.below(8) {
                0..=3 => &mut changed.hcl,
                4 => &mut changed.message,
                5 => &mut changed.signature,
                6 => &mut changed.pcrs[random.below(24)],
                _ => &mut changed.quoted.quote,
            };
            // Of the certificates, a root that comes along is ignored.
            let certificates = part.windows(10).position(|text| text == b"-----BEGIN");
            let rest = certificates.map(|start| part.split_off(start)).unwrap_or_default();
            random.mutate(part);
            part.extend(rest);
        }
        let read = changed.read();
        let answer = read.and_then(|evidence| verify(&evidence, &collateral, &expect, &root, at));
        match answer {
            Ok(_) if without_a_meaning(&changed, &right) => same += 1,
            Ok(_) => panic!("accepted: {:?}", hex::encode(&changed.hcl)),
            Err(error) => *reasons.entry(error.reason()).or_insert(0) += 1,
        }
    }
    println!("{MUTATIONS} mutations, {same} without a meaning: {reasons:?}");
    for reason in ["evidence.signature", "evidence.report-data", "evidence.azure-td-report"] {
        assert!(reasons.contains_key(reason), "{reason}: {reasons:?}");
    }
}

/// Whether only bytes differ that nobody vouches for: the header's version, the padding, and of the
/// module's report what means something on its own machine only.
fn without_a_meaning(changed: &Guest, right: &Guest) -> bool {
    let plain = |guest: &Guest| {
        let mut hcl = guest.hcl.clone();
        hcl.resize(2600, 0);
        hcl[4] = 2;
        for range in [32 + 1..32 + 3, 32 + 16..32 + 32, 32 + 192..32 + 256] {
            hcl[range].fill(0);
        }
        let mut quote = guest.quoted.quote.clone();
        while quote.last() == Some(&0) {
            quote.pop();
        }
        (hcl, guest.message.clone(), guest.signature.clone(), guest.pcrs.clone(), quote)
    };
    plain(changed) == plain(right)
}
