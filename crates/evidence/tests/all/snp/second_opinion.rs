//! The verdicts of tests/second-opinion/snp.py, which was written from AMD's documents, over all
//! published reports and over reports that are changed and signed again.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Reason as _;
use domain::Timestamp;
use domain::claims::{ChipId, SigningKey};
use evidence::snp::{Chips, Expected, Profile, Roots, SnpEvidence, TcbFloors, inspect};
use serde_json::{Value, json};
use sev::certs::snp::builtin;
use testkit::emulated::{Endorsement, SecurityProcessor};
use x509_cert::der::asn1::ObjectIdentifier;

use super::vectors::{evidence, rows};
use crate::emulated::{expected, launch, processor, reason_at, report, report_data, roots};
use crate::mutations::{Random, mutate};
use crate::providers::{lent, named};
use crate::support::{now, time};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/second-opinion");
const FLOORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../attestation/minimum-tcb.toml");

/// What the script says of each case: one code, or its findings.
fn opinions(cases: &[Value]) -> Vec<Vec<String>> {
    let mut child = Command::new(python())
        .args([&format!("{FOLDER}/snp.py"), FLOORS])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = serde_json::to_vec(cases).unwrap();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let opinions: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    opinions.iter().map(codes).collect()
}

fn codes(opinion: &Value) -> Vec<String> {
    let code = |value: &Value| format!("evidence.{}", value.as_str().unwrap());
    match &opinion["refused"] {
        Value::Null => opinion["findings"].as_array().unwrap().iter().map(code).collect(),
        refused => vec![code(refused)],
    }
}

/// Python with `cryptography`: Debian's (`make setup` installs it), or the first on the path.
fn python() -> &'static str {
    let has_library = |python: &&str| {
        let check = Command::new(python).args(["-c", "import cryptography, tomllib"]).output();
        check.is_ok_and(|output| output.status.success())
    };
    ["/usr/bin/python3", "python3"]
        .into_iter()
        .find(has_library)
        .expect("no python3 of 3.11 or later with `cryptography`; run `make setup`")
}

fn case(evidence: &SnpEvidence, ark: &[u8], at: Timestamp) -> Value {
    json!({
        "report": STANDARD.encode(&evidence.report),
        "vek": STANDARD.encode(&evidence.vek),
        "ask": STANDARD.encode(&evidence.ask),
        "ark": STANDARD.encode(ark),
        "at": at.to_string(),
    })
}

/// AMD's roots, of which a row is judged by each in turn.
fn arks() -> [Vec<u8>; 3] {
    [builtin::milan::ark(), builtin::genoa::ark(), builtin::turin::ark()]
        .map(|ark| ark.unwrap().to_der().unwrap())
}

#[test]
fn published_reports_get_the_same_verdict_from_both() {
    let (mut cases, mut ours) = (Vec::new(), Vec::new());
    for row in rows() {
        let Some(Ok(evidence)) = evidence(&row) else { continue };
        let (floors, at) = (TcbFloors::published().unwrap(), time(row.at));
        let answer = inspect(&evidence, &floors, Profile::Archive, &Roots::amd(), &[], at);
        let mut codes: Vec<_> = match answer {
            Ok(inspected) => inspected.warnings().iter().map(|code| code.reason()).collect(),
            Err(error) => vec![error.reason()],
        };
        // The script has no revocation list, and does not say so.
        codes.retain(|code| *code != "evidence.crl-not-checked");
        ours.push((row, codes));
        cases.extend(arks().iter().map(|ark| case(&evidence, ark, at)));
    }
    let theirs = opinions(&cases);
    for ((row, ours), theirs) in ours.iter().zip(theirs.chunks(3)) {
        // Under the roots of other generations the chain's issuer is unknown.
        let mut theirs: Vec<_> = theirs.to_vec();
        theirs.sort_by_key(|codes| codes == &["evidence.unknown-root"]);
        assert_eq!(&theirs[0], ours, "{} {:?}", row.report, row.certificates);
    }
    println!("{} rows compared", ours.len());
}

/// Each field of a report that means something, changed before it is signed again by a chip's key
/// and by a provider's: the same reason from both.
#[test]
fn changed_and_signed_reports_get_the_same_verdict_from_both() {
    let accepting = Expected { chips: Chips::Any, rules: named(), ..expected() };
    for (processor, expected) in [(processor(|_| ()), expected()), (lent(|_| ()), accepting)] {
        let (tried, other) = compare(&processor, &changed_reports(&processor), &expected);
        println!("{tried} changed and signed reports");
        assert!(other.is_empty(), "{other:?}");
    }
}

/// Certificates that say something else, under reports that are right.
#[test]
fn changed_certificates_get_the_same_verdict_from_both() {
    type Change = fn(&mut Endorsement);
    let chips: [Change; 11] = [
        |e| e.product = "Milan-B0".to_owned(),
        |e| e.product = "Genoa-B1".to_owned(),
        |e| e.hardware_id = Some([&[4, 64], [7; 64].as_slice()].concat()),
        |e| e.hardware_id = Some(vec![7; 63]),
        |e| e.hardware_id = None,
        |e| (e.chip_id, e.hardware_id) = (ChipId::from_bytes([0; 64]), None),
        |e| e.chip_id = ChipId::from_bytes([0; 64]),
        |e| e.csp_id = Some("another".to_owned()),
        |e| e.more = vec![(extension("1.2.3"), true, vec![5, 0])],
        |e| e.more = vec![(extension("1.3.6.1.4.1.3704.1.3.5"), false, vec![2, 1, 1])],
        |e| e.left_out = Some(extension("1.3.6.1.4.1.3704.1.3.3")),
    ];
    let providers: [Change; 4] = [
        |e| e.csp_id = None,
        |e| e.csp_id = Some("another".to_owned()),
        |e| e.hardware_id = Some(vec![7; 64]),
        |e| e.issuer = SigningKey::Vcek,
    ];
    let accepting = Expected { chips: Chips::Any, rules: named(), ..expected() };
    let processors = chips.map(|change| processor(change)).into_iter();
    for processor in processors.chain(providers.map(|change| lent(change))) {
        let evidence = processor.accompany(report(&processor));
        let (_, other) = compare(&processor, &[evidence], &accepting);
        assert!(other.is_empty(), "{processor:?} {other:?}");
    }
}

fn extension(oid: &str) -> ObjectIdentifier {
    ObjectIdentifier::new(oid).unwrap()
}

fn changed_reports(processor: &SecurityProcessor) -> Vec<SnpEvidence> {
    let right = report(processor);
    let sign = |report: &[u8]| processor.accompany(processor.sign(report).unwrap());
    let mut changed = vec![sign(&right)];
    for position in (0..0x2a0).filter(|position| meaningful(*position)) {
        // Flags and small numbers are in the first fields.
        let bits = if position < 0x50 { 0..8 } else { 4..5 };
        for bit in bits {
            let mut report = right.clone();
            report[position] ^= 1 << bit;
            changed.push(sign(&report));
        }
    }
    for version in 0..8 {
        for cpuid in [[0, 0, 0], [0x19, 0x01, 1], [0x19, 0xa0, 2], [0x1a, 2, 1]] {
            let mut report = right.clone();
            report[0] = version;
            report[0x188..0x18b].copy_from_slice(&cpuid);
            changed.push(sign(&report));
        }
    }
    changed
}

/// All but what neither looks at or what is long and uniform: of those, every eighth byte.
fn meaningful(position: usize) -> bool {
    match position {
        0x10..0x30 | 0x50..0x180 | 0x1a0..0x1e0 | 0x208..0x2a0 => position.is_multiple_of(8),
        _ => true,
    }
}

/// Random changes of report and certificates: refused by both. Which reason comes first may depend
/// on how much of a broken certificate a library reads.
#[test]
fn mutated_evidence_is_refused_by_both() {
    let processor = processor(|_| ());
    let right = processor.evidence(&launch(), report_data(), 0).unwrap();
    let mut random = Random(0x0bad_cafe_0bad_cafe);
    let mut changed = Vec::new();
    while changed.len() < 2_000 {
        let mut evidence = right.clone();
        mutate(&mut evidence, &mut random);
        if evidence != right {
            changed.push(evidence);
        }
    }
    let (tried, other) = compare(&processor, &changed, &expected());
    println!("{tried} mutations, refused for another reason: {other:?}");
    let broken = ["evidence.chain", "evidence.emulated-platform", "evidence.malformed"];
    assert!(other.keys().all(|(ours, theirs)| {
        broken.contains(&ours.as_str()) && broken.contains(&theirs.as_str())
    }));
}

/// How many cases there are, and how often which pair of reasons differed.
fn compare(
    processor: &SecurityProcessor,
    changed: &[SnpEvidence],
    expected: &Expected,
) -> (usize, BTreeMap<(String, String), usize>) {
    let expectation = json!({
        "measurement": hex::encode(launch().measurement.as_bytes()),
        "host_data": hex::encode(launch().host_data.as_bytes()),
        "report_data": hex::encode(report_data().as_bytes()),
        "providers": expected.rules.provider_keys,
    });
    let cases: Vec<_> = changed
        .iter()
        .map(|evidence| {
            let mut case = case(evidence, processor.ark_der(), now());
            case["expected"] = expectation.clone();
            case
        })
        .collect();
    let roots = roots(processor);
    let mut other = BTreeMap::new();
    for (evidence, theirs) in changed.iter().zip(opinions(&cases)) {
        let ours = reason_at(evidence, expected, &roots, now()).to_owned();
        let theirs = theirs.into_iter().next().unwrap_or_else(|| "verified".to_owned());
        if ours != theirs {
            *other.entry((ours, theirs)).or_insert(0) += 1;
        }
    }
    (changed.len(), other)
}
