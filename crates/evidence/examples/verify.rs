//! Prints what a verification costs beside the published verifiers and one bare signature, all in
//! turns in one run: `cargo run --release -p evidence --example verify [ROUNDS]` (default 100).
//!
//! Ours and theirs start from the same bytes and parse them; "known" is what a caller pays that lends
//! [`KnownSignatures`] and, for TDX, keeps the parsed collateral. Times are those of the processor, as
//! in `openssl speed`, so that a busy machine does not spoil them. Evidence is made up, with keys as real ones have them (RSA of 4096 bits
//! above P-384; P-256), and once more real if the published vectors are there.

use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
use domain::Timestamp;
use domain::claims::{Generation, GuestPolicy, HostData, Measurement, ReportData};
use evidence::KnownSignatures;
use evidence::intel::{self, Collateral, Quote, TcbPolicy, Tee};
use evidence::snp::{self, Profile, Roots, SnpEvidence, TcbFloors};
use rustix::time::{ClockId, clock_gettime};
use sev::certs::snp::{Certificate, Chain, Verifiable as _};
use sev::firmware::guest::AttestationReport;
use sev::parser::ByteParser as _;
use testkit::emulated::{Launch, SecurityProcessor};
use testkit::intel::Fake;
use x509_cert::der::{Decode as _, Document};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let rounds: usize = std::env::args().nth(1).map_or(Ok(100), |text| text.parse())?;
    println!("load average {}", std::fs::read_to_string("/proc/loadavg")?.trim());
    println!("\nmade-up evidence");
    report(&measure(&Snp::made_up()?, &Tdx::made_up()?, rounds)?);
    match (Snp::published(), Tdx::published()) {
        (Ok(snp), Ok(tdx)) => {
            println!("\npublished evidence (Genoa; `tdx_quote` of dcap-qvl)");
            report(&measure(&snp, &tdx, rounds)?);
        }
        _ => println!("\npublished evidence: skipped, the vectors are not there"),
    }
    Ok(())
}

/// A report and its chain, as bytes.
struct Snp {
    evidence: SnpEvidence,
    ark: Vec<u8>,
    roots: Roots,
    at: Timestamp,
}

impl Snp {
    fn made_up() -> Result<Self> {
        let created = "2026-01-01T00:00:00Z".parse()?;
        let processor = SecurityProcessor::create(Generation::Genoa, created)?;
        let launch = Launch {
            measurement: Measurement::from_bytes([1; 48]),
            host_data: HostData::from_bytes([2; 32]),
            policy: GuestPolicy::new(0x3_0000),
        };
        let evidence = processor.evidence(&launch, ReportData::from_bytes([3; 64]), 0)?;
        let roots = Roots::emulated(processor.ark_der())?;
        Ok(Self { evidence, ark: processor.ark_der().to_vec(), roots, at: created })
    }

    fn published() -> Result<Self> {
        let folder = "confidential-dot-ai+attestation-rs/crates/attestation/test_data/snp";
        let report = vector(&format!("{folder}/live-report-v5-genoa.bin"))?;
        let vcek = vector(&format!("{folder}/live-vcek-genoa.der"))?;
        let (_, ark) =
            Document::from_pem(include_str!("../../../attestation/roots/amd/genoa/ark.pem"))
                .map_err(|error| error.to_string())?;
        Ok(Self {
            evidence: snp::read_evidence(&report, &[&vcek])?,
            ark: ark.as_bytes().to_vec(),
            roots: Roots::amd(),
            at: "2026-06-01T00:00:00Z".parse()?,
        })
    }

    fn ours(&self, floors: &TcbFloors, known: &mut KnownSignatures) -> Result<()> {
        let Self { evidence, roots, at, .. } = self;
        snp::inspect_knowing(known, evidence, floors, Profile::Production, roots, &[], *at)?;
        Ok(())
    }

    fn sev(&self) -> Result<()> {
        let chain = Chain::from_der(&self.ark, &self.evidence.ask, &self.evidence.vek)?;
        let report = AttestationReport::from_bytes(&self.evidence.report)?;
        Ok((&chain, &report).verify()?)
    }

    fn sev_report_alone(&self) -> Result<()> {
        let vek = Certificate::from_der(&self.evidence.vek)?;
        let report = AttestationReport::from_bytes(&self.evidence.report)?;
        Ok((&vek, &report).verify()?)
    }

    /// What is left of a verification without which none can do: one signature of the report.
    fn floor(&self) -> Result<impl Fn() -> Result<()>> {
        let vek = x509_cert::Certificate::from_der(&self.evidence.vek)?;
        let key = vek.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes();
        let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, key.to_vec());
        let (message, signature) =
            self.evidence.report.split_at_checked(0x2a0).ok_or("length of the report")?;
        let (r, rest) = signature.split_at_checked(72).ok_or("length of the report")?;
        let numbers = [r, rest].map(|number| number.iter().take(48).rev().copied());
        let signature: Vec<u8> = numbers.into_iter().flatten().collect();
        let message = message.to_vec();
        Ok(move || Ok(key.verify(&message, &signature).map_err(|error| error.to_string())?))
    }
}

/// A quote and its collateral, as bytes.
struct Tdx {
    quote: Vec<u8>,
    collateral: Vec<u8>,
    root: intel::Root,
    theirs: dcap_qvl::verify::QuoteVerifier,
    at: Timestamp,
}

impl Tdx {
    fn made_up() -> Result<Self> {
        let created: Timestamp = "2026-01-01T00:00:00Z".parse()?;
        let mut fake = Fake::tdx(4, created);
        fake.qe_signer = fake.tcb_signer.clone();
        let evidence = fake.sign()?;
        Ok(Self {
            quote: evidence.quote,
            collateral: evidence.collateral.to_json(),
            root: intel::Root::emulated(&evidence.root)?,
            theirs: dcap_qvl::verify::QuoteVerifier::new(evidence.root),
            at: created.plus_seconds(60),
        })
    }

    fn published() -> Result<Self> {
        Ok(Self {
            quote: vector("Phala-Network+dcap-qvl/sample/tdx_quote")?,
            collateral: vector("Phala-Network+dcap-qvl/sample/tdx_quote_collateral.json")?,
            root: intel::Root::intel()?,
            theirs: dcap_qvl::verify::QuoteVerifier::new_prod(),
            at: "2025-07-01T00:00:00Z".parse()?,
        })
    }

    fn read(&self) -> Result<Collateral> {
        Ok(Collateral::read([self.collateral.as_slice()])?)
    }

    fn ours(
        &self,
        collateral: &Collateral,
        policy: &TcbPolicy,
        known: &mut KnownSignatures,
    ) -> Result<()> {
        let quote = Quote::parse(&self.quote)?;
        let (root, at) = (&self.root, self.at);
        let (tee, profile) = (Tee::Tdx, Profile::Production);
        intel::inspect_knowing(known, &quote, tee, collateral, policy, profile, root, at)?;
        Ok(())
    }

    fn theirs(&self, collateral: &dcap_qvl::QuoteCollateralV3) -> Result<()> {
        let seconds = u64::try_from(self.at.unix_seconds())?;
        self.theirs.verify(&self.quote, collateral, seconds).map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// A published vector, which is not part of the project.
fn vector(path: &str) -> Result<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/attestation");
    Ok(std::fs::read(format!("{folder}/{path}"))?)
}

/// What is measured, in the order of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Floor,
    Sev,
    SevReport,
    SnpCold,
    SnpKnown,
    DcapQvl,
    DcapQvlParsed,
    TdxCold,
    TdxKnown,
}

const CASES: [(Case, &str); 9] = [
    (Case::Floor, "one P-384 signature, aws-lc-rs"),
    (Case::Sev, "sev: chain and report"),
    (Case::SevReport, "sev: report alone"),
    (Case::SnpCold, "SNP, nothing known"),
    (Case::SnpKnown, "SNP, chain known"),
    (Case::DcapQvl, "dcap-qvl: quote and collateral"),
    (Case::DcapQvlParsed, "dcap-qvl: collateral parsed before"),
    (Case::TdxCold, "TDX, nothing known"),
    (Case::TdxKnown, "TDX, collateral known"),
];

/// All cases in turns, so that whatever else the machine does meets each alike.
fn measure(snp: &Snp, tdx: &Tdx, rounds: usize) -> Result<Vec<Row>> {
    let floors = TcbFloors::published()?;
    let policy = TcbPolicy { minimum_evaluation_data_number: 0, ..TcbPolicy::published()? };
    let floor = snp.floor()?;
    let collateral = tdx.read()?;
    let parsed = serde_json::from_slice(&tdx.collateral)?;
    let mut known = KnownSignatures::new(64);
    let mut run = |case| match case {
        Case::Floor => floor(),
        Case::Sev => snp.sev(),
        Case::SevReport => snp.sev_report_alone(),
        Case::SnpCold => snp.ours(&floors, &mut KnownSignatures::default()),
        Case::SnpKnown => snp.ours(&floors, &mut known),
        Case::DcapQvl => tdx.theirs(&serde_json::from_slice(&tdx.collateral)?),
        Case::DcapQvlParsed => tdx.theirs(&parsed),
        Case::TdxCold => tdx.ours(&tdx.read()?, &policy, &mut KnownSignatures::default()),
        Case::TdxKnown => tdx.ours(&collateral, &policy, &mut known),
    };
    let mut rows = CASES.map(|(case, name)| Row { case, name, times: Vec::new() });
    for _ in 0..rounds {
        for row in &mut rows {
            // The processor's caches are then the case's own, and signatures known.
            run(row.case)?;
            for _ in 0..IN_A_ROW {
                let start = processor_time()?;
                run(row.case)?;
                row.times.push(processor_time()?.saturating_sub(start));
            }
        }
    }
    rows.iter_mut().for_each(|row| row.times.sort_unstable());
    Ok(rows.into())
}

/// What this thread has used so far.
fn processor_time() -> Result<Duration> {
    Ok(clock_gettime(ClockId::ThreadCPUTime).try_into()?)
}

/// A service verifies one after another, so that is what is measured.
const IN_A_ROW: usize = 5;

/// One line of the table; times in ascending order.
struct Row {
    case: Case,
    name: &'static str,
    times: Vec<Duration>,
}

impl Row {
    fn milliseconds(&self, percent: usize) -> f64 {
        let at = self.times.len().saturating_mul(percent) / 100;
        self.times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    }
}

fn report(rows: &[Row]) {
    println!("{:<36} {:>8} {:>8} {:>6}", "", "p50 ms", "p99 ms", "n");
    for row in rows {
        let (p50, p99) = (row.milliseconds(50), row.milliseconds(99));
        println!("{:<36} {p50:>8.3} {p99:>8.3} {:>6}", row.name, row.times.len());
    }
    let p50 = |case| {
        rows.iter().find(|row| row.case == case).map_or(f64::NAN, |row| row.milliseconds(50))
    };
    use Case::{DcapQvl, DcapQvlParsed, Floor, Sev, SnpCold, SnpKnown, TdxCold, TdxKnown};
    at_least("sev / SNP, chain known", p50(Sev) / p50(SnpKnown), 8.0);
    at_least("floor / SNP, chain known", p50(Floor) / p50(SnpKnown), 0.5);
    at_least("sev / SNP, nothing known", p50(Sev) / p50(SnpCold), 3.0);
    at_least("dcap-qvl / TDX, nothing known", p50(DcapQvl) / p50(TdxCold), 1.0);
    at_least("dcap-qvl, parsed / TDX, collateral known", p50(DcapQvlParsed) / p50(TdxKnown), 2.0);
    let ours = [SnpCold, SnpKnown, TdxCold, TdxKnown];
    let slowest = rows.iter().filter(|row| ours.contains(&row.case));
    let slowest = slowest.map(|row| row.milliseconds(99)).fold(0.0, f64::max);
    println!("{:<42} {slowest:>6.2} ms, aim < 2.00: {}", "worst p99 of ours", met(slowest < 2.0));
}

fn at_least(what: &str, ratio: f64, aim: f64) {
    println!("{what:<42} {ratio:>6.2}, aim >= {aim:.2}: {}", met(ratio >= aim));
}

const fn met(met: bool) -> &'static str {
    if met { "met" } else { "not met" }
}
