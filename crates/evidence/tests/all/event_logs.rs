//! Published event logs of TDX guests, against the quotes and reports of the same guests.

use domain::Reason as _;
use domain::claims::RuntimeMeasurement;
use evidence::EvidenceError;
use evidence::eventlog::{EventKind, EventLog};
use evidence::intel::{Body, read_quote};

use crate::mutations::Random;
use crate::support::vector;

const GOOGLE: &str = "google+go-tdx-guest/testing/testdata/ccel";
const RS: &str = "confidential-dot-ai+attestation-rs/crates/attestation/test_data";
const TRUSTEE: &str = "confidential-containers+trustee/deps/eventlog/test_data";

fn log(path: &str) -> Option<EventLog> {
    Some(EventLog::parse(&vector(path)?).unwrap_or_else(|error| panic!("{path}: {error}")))
}

fn rtmrs_of_quote(path: &str) -> Option<[RuntimeMeasurement; 4]> {
    match read_quote(&vector(path)?).unwrap().body() {
        Body::Tdx(report) => Some(report.rtmrs),
        Body::Sgx(_) => panic!("{path}"),
    }
}

/// TDREPORT_STRUCT (Intel TDX Module 1.5 ABI specification): TDINFO is at 512, RTMR0 208 further.
fn rtmrs_of_report(path: &str) -> Option<[RuntimeMeasurement; 4]> {
    let report = vector(path)?;
    let register = |index: usize| {
        let start = 512 + 208 + 48 * index;
        RuntimeMeasurement::from_bytes(report[start..start + 48].try_into().unwrap())
    };
    Some([register(0), register(1), register(2), register(3)])
}

#[test]
fn logs_replay_to_the_registers_of_their_guests() {
    for (path, rtmrs, events) in [
        (
            format!("{GOOGLE}/ccel_data.dat"),
            rtmrs_of_quote(&format!("{GOOGLE}/cos-113-tdx-quote.dat")),
            43,
        ),
        (
            format!("{RS}/tdx_ccel_live2.dat"),
            rtmrs_of_quote(&format!("{RS}/tdx_quote_live.dat")),
            20,
        ),
        (
            format!("{RS}/tdx_ccel_live.bin"),
            rtmrs_of_report(&format!("{RS}/tdx_tdreport_live.bin")),
            20,
        ),
    ] {
        let (Some(log), Some(rtmrs)) = (log(&path), rtmrs) else { return };
        assert_eq!(log.explains(&rtmrs), Ok(()), "{path}");
        assert_eq!(log.events().len(), events, "{path}");
    }
}

#[test]
fn a_log_of_another_boot_does_not_explain_a_quote() {
    // The same machine with another command line: RTMR0 and RTMR1 are the same.
    let Some(first) = log(&format!("{RS}/tdx_ccel_live.bin")) else { return };
    let Some(rtmrs) = rtmrs_of_quote(&format!("{RS}/tdx_quote_live.dat")) else { return };
    assert_eq!(first.explains(&rtmrs), Err(EvidenceError::EventLog(2)));
    assert_eq!(first.explains(&rtmrs).unwrap_err().reason(), "evidence.event-log");
    let Some(other) = log(&format!("{GOOGLE}/ccel_data.dat")) else { return };
    assert_eq!(other.explains(&rtmrs), Err(EvidenceError::EventLog(0)));
}

#[test]
fn digests_agree_with_the_published_readings() {
    for name in ["CCEL_data_ovmf", "CCEL_data_grub", "CCEL_AAEL_alibabacloud"] {
        let Some(log) = log(&format!("{TRUSTEE}/{name}")) else { return };
        let reading = vector(&format!("{TRUSTEE}/{name}_out.json")).unwrap();
        let reading: serde_json::Value = serde_json::from_slice(&reading).unwrap();
        let reading = reading["uefi_event_logs"].as_array().unwrap();
        assert_eq!(reading.len(), log.events().len(), "{name}");
        for (event, read) in log.events().iter().zip(reading) {
            let digest = hex::encode(event.digest());
            assert!(read["digests"].to_string().contains(&digest), "{name}: {read}");
            assert_eq!(read["index"], event.register().unwrap() + 1, "{name}");
            assert_eq!(read["type_name"], event.kind().name().unwrap(), "{name}");
            assert_eq!(read["digest_matches_event"], event.is_bound(), "{name}: {read}");
        }
    }
}

#[test]
fn what_is_bound_is_what_the_digest_is_of() {
    let Some(log) = log(&format!("{GOOGLE}/ccel_data.dat")) else { return };
    let bound = |kind: &str| {
        let of_kind = log.events().iter().filter(|event| event.kind().name() == Some(kind));
        of_kind.map(|event| event.is_bound()).collect::<Vec<_>>()
    };
    assert_eq!(bound("EV_SEPARATOR"), [true, true]);
    assert_eq!(bound("EV_EFI_ACTION"), [true, true, true]);
    assert_eq!(bound("EV_EFI_VARIABLE_DRIVER_CONFIG"), [true; 5]);
    assert_eq!(bound("EV_EFI_HANDOFF_TABLES2"), [false]);
    // GRUB's commands and the command line are; its files and shim's lists only have names.
    assert_eq!(bound("EV_IPL").iter().filter(|bound| **bound).count(), 15);
    let cmdline = log.events().iter().find(|event| event.data().starts_with(b"kernel_cmdline: "));
    assert!(cmdline.unwrap().is_bound());
}

/// A log of these events: index, type, digest of what, data.
fn made(events: &[(u32, u32, &[u8], &[u8])], padding: &[u8]) -> Vec<u8> {
    let mut log = header(b"Spec ID Event03\0", 0xc, 48);
    for (index, kind, measured, data) in events {
        log.extend_from_slice(&index.to_le_bytes());
        log.extend_from_slice(&kind.to_le_bytes());
        log.extend_from_slice(&1_u32.to_le_bytes());
        log.extend_from_slice(&0xc_u16.to_le_bytes());
        use sha2::Digest as _;
        log.extend_from_slice(&sha2::Sha384::digest(measured));
        log.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
        log.extend_from_slice(data);
    }
    log.extend_from_slice(padding);
    log
}

fn header(signature: &[u8; 16], algorithm: u16, length: u16) -> Vec<u8> {
    let mut log = [1_u32.to_le_bytes(), 3_u32.to_le_bytes()].concat();
    log.extend_from_slice(&[0; 20]);
    log.extend_from_slice(&33_u32.to_le_bytes());
    log.extend_from_slice(signature);
    log.extend_from_slice(&[0, 0, 0, 0, 0, 2, 0, 2, 1, 0, 0, 0]);
    log.extend_from_slice(&algorithm.to_le_bytes());
    log.extend_from_slice(&length.to_le_bytes());
    log.push(0);
    log
}

const SEPARATOR: (u32, u32, &[u8], &[u8]) = (2, 4, &[0; 4], &[0; 4]);

#[test]
fn each_rule_of_the_format_has_its_refusal() {
    let malformed = |what| Err(EvidenceError::EventLogMalformed(what));
    let read = |log: &[u8]| EventLog::parse(log).map(|log| log.events().len());
    assert_eq!(read(&made(&[SEPARATOR], &[])), Ok(1));
    assert_eq!(read(&made(&[SEPARATOR], &[0; 100])), Ok(1));
    assert_eq!(read(&made(&[SEPARATOR], &[0xff; 100])), Ok(1));
    assert_eq!(read(&made(&[], &[])), Ok(0));
    // A remark extends nothing, whatever its index.
    let remark = (0, 3, b"a".as_slice(), b"b".as_slice());
    let remarked = EventLog::parse(&made(&[remark], &[])).unwrap();
    assert_eq!(remarked.events()[0].kind(), EventKind::NO_ACTION);
    assert_eq!(remarked.explains(&[RuntimeMeasurement::from_bytes([0; 48]); 4]), Ok(()));

    assert_eq!(read(&made(&[SEPARATOR], &[0xff, 0])), malformed("it ends within an event"));
    assert_eq!(read(&[]), malformed("it ends within an event"));
    assert_eq!(read(&vec![0; 5 << 20]), malformed("longer than 4 MiB"));
    assert_eq!(read(&header(b"Spec ID Event02\0", 0xc, 48)), malformed("header"));
    assert_eq!(read(&header(b"Spec ID Event03\0", 0xb, 32)), malformed("no SHA-384 digests"));
    assert_eq!(read(&header(b"Spec ID Event03\0", 0xc, 32)), malformed("no SHA-384 digests"));
    for index in [0, 5, u32::MAX] {
        let event = (index, 4, [0; 4].as_slice(), [0; 4].as_slice());
        assert_eq!(read(&made(&[event], &[])), malformed("register index"), "{index}");
    }
    let mut digests = made(&[SEPARATOR], &[]);
    let start = made(&[], &[]).len();
    digests[start + 8] = 2;
    assert_eq!(read(&digests), malformed("digests of an event"));
    digests[start + 8] = 1;
    digests[start + 12] = 0xb;
    assert_eq!(read(&digests), malformed("digests of an event"));
    for kind in [0x4, 0x8000_0001, 0x8000_0007] {
        let event = (1, kind, b"one thing".as_slice(), b"another".as_slice());
        assert_eq!(read(&made(&[event], &[])), Err(EvidenceError::EventLogData), "{kind:#x}");
        let described = (1, 0x8000_0003, b"one thing".as_slice(), b"another".as_slice());
        assert_eq!(read(&made(&[described], &[])), Ok(1));
    }
}

#[test]
fn no_mutation_replays_to_the_same_or_panics() {
    let Some(right) = vector(&format!("{RS}/tdx_ccel_live2.dat")) else { return };
    let right = right[..2120].to_vec();
    let log = EventLog::parse(&right).unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut answers = std::collections::BTreeMap::new();
    for _ in 0..10_000 {
        let mut changed = right.clone();
        for _ in 0..=random.below(3) {
            random.mutate(&mut changed);
        }
        let answer = match EventLog::parse(&changed) {
            Ok(read) if read == log => "the same",
            Ok(read) if read.replay() == log.replay() => "only descriptions",
            Ok(read) => {
                assert_eq!(
                    read.explains(&log.replay()).unwrap_err().reason(),
                    "evidence.event-log"
                );
                "evidence.event-log"
            }
            Err(error) => error.reason(),
        };
        *answers.entry(answer).or_insert(0) += 1;
    }
    for answer in ["evidence.event-log", "evidence.event-log-data", "evidence.event-log-malformed"]
    {
        assert!(answers.contains_key(answer), "{answers:?}");
    }
}
