//! Every check has a row that breaks only that check.

use std::collections::BTreeSet;

use aws_lc_rs::signature::{RSA_PKCS1_SHA384, RSA_PSS_SHA256};
use domain::Reason as _;
use domain::claims::{ChipId, HostData, Measurement};
use evidence::EvidenceError;
use evidence::azure::snp_vtpm::{Expected, inspect, read_evidence};
use evidence::azure::{Nonce, PcrSets, Pcrs, VtpmExpected};
use evidence::snp::{Chips, Measurements, Profile, TcbFloors};
use serde_json::{Value, json};
use testkit::azure::{self, VirtualTpm};

use super::machine::{Machine, NONCE, amd, answer, expected, pcrs, tpm};
use crate::emulated::roots;
use crate::support::now;

#[test]
fn the_right_evidence_verifies() {
    assert_eq!(Machine::right().answer(), Ok(()));
    // Version 1 of the header has the same layout.
    let mut older = Machine::right();
    older.hcl[4] = 1;
    assert_eq!(older.answer(), Ok(()));
    // The zeros after the claims belong to the TPM's index.
    let mut cut = Machine::right();
    let end = usize::from(u16::from_le_bytes([cut.hcl[8], cut.hcl[9]]));
    cut.hcl.truncate(end);
    assert_eq!(cut.answer(), Ok(()));
}

/// Position in the HCL's report, new bytes and the one reason.
const HCL_ROWS: [(usize, &[u8], &str); 22] = [
    (0, b"HCLB", "HCL header"),
    (4, &[0], "HCL header"),
    (4, &[3], "HCL header"),
    (8, &[0xff], "HCL request data"),
    (9, &[0], "HCL request data"),
    (12, &[1], "HCL header"),
    (12, &[3], "HCL header"),
    (16, &[1], "HCL header"),
    (20, &[1], "HCL header"),
    (31, &[1], "HCL header"),
    (1216, &[0], "HCL request data"),
    (1220, &[2], "HCL request data"),
    (1224, &[0], "HCL report type"),
    (1224, &[1], "HCL report type"),
    (1224, &[3], "HCL report type"),
    (1224, &[0xff, 0xff, 0xff, 0xff], "HCL report type"),
    (1228, &[0], "HCL hash type"),
    (1228, &[2], "HCL hash type"),
    (1228, &[3], "HCL hash type"),
    (1232, &[0], "HCL request data"),
    (1232, &[0xff, 0xff, 0xff, 0xff], "HCL request data"),
    (2599, &[1], "HCL report"),
];

#[test]
fn the_header_is_refused_field_by_field() {
    for (position, bytes, what) in HCL_ROWS {
        let mut machine = Machine::right();
        machine.hcl[position..position + bytes.len()].copy_from_slice(bytes);
        assert_eq!(machine.answer(), Err(EvidenceError::Malformed(what)), "{position}");
    }
    let mut machine = Machine::right();
    machine.hcl.truncate(1300);
    assert_eq!(machine.answer(), Err(EvidenceError::Malformed("HCL report")));
    machine.hcl.clear();
    assert_eq!(machine.answer(), Err(EvidenceError::Malformed("HCL report")));
}

#[test]
fn another_kind_of_hardware_is_refused() {
    let mut machine = Machine::right();
    machine.hcl[1224] = 4;
    assert_eq!(machine.answer(), Err(EvidenceError::AzureReportType));
}

#[test]
fn the_report_binds_the_claims() {
    let claims = azure::runtime_claims(&[tpm().jwk()]);
    let right = azure::report_data(&claims);
    for position in [0, 31, 32, 63] {
        let mut report_data = right;
        report_data[position] ^= 1;
        let machine = Machine::with_report_data(&claims, report_data);
        assert_eq!(machine.answer(), Err(EvidenceError::ReportData), "{position}");
    }
    // The attacker's own key in claims that the processor did not bind.
    let attacker = VirtualTpm::create().unwrap();
    let claims = azure::runtime_claims(&[attacker.jwk()]);
    let mut machine = Machine::with_report_data(&claims, right);
    machine.signature = attacker.sign(&machine.message).unwrap();
    assert_eq!(machine.answer(), Err(EvidenceError::ReportData));
}

/// Position in the processor's report (AMD 56860 §7.3), new bytes and the one reason.
#[test]
fn the_processors_report_is_judged_as_any_other() {
    let rows: [(usize, &[u8], &str); 7] = [
        (0x08, &0xb_0000_u64.to_le_bytes(), "evidence.debug-enabled"),
        (0x30, &[1], "evidence.vmpl"),
        (0x40, &[0x05], "evidence.alias-check"),
        (0x90, &[4], "evidence.measurement"),
        (0xc0, &[4], "evidence.host-data"),
        (0x1a0, &[8], "evidence.chip-id"),
        (0x1f6, &[0x16], "evidence.tcb-floor"),
    ];
    for (position, bytes, reason) in rows {
        let machine = Machine::with_report(|report| {
            report[position..position + bytes.len()].copy_from_slice(bytes);
        });
        assert_eq!(machine.reason(), reason, "{position:#x}");
    }
    let mut unsigned = Machine::right();
    unsigned.hcl[32 + 0x140] ^= 1; // REPORT_ID, which is compared with nothing
    assert_eq!(unsigned.reason(), "evidence.signature");
}

#[test]
fn the_attestation_key_is_one_usable_key() {
    let changed = |name: &str, value: Value| {
        let mut key = tpm().jwk();
        key[name] = value;
        key
    };
    let modulus = tpm().jwk()["n"].as_str().unwrap().to_owned();
    let shorter: String = modulus.chars().skip(4).collect();
    let smaller: String = "A".chars().chain(modulus.chars().skip(1)).collect();
    let no_key = Err(EvidenceError::AzureAttestationKey);
    let rows = [
        vec![],
        vec![tpm().jwk(), tpm().jwk()],
        vec![tpm().jwk(), VirtualTpm::create().unwrap().jwk()],
        vec![changed("kid", json!("HCLEkPub"))],
        vec![changed("kid", json!("hclakpub"))],
        vec![changed("kty", json!("EC"))],
        vec![changed("key_ops", json!(["encrypt"]))],
        vec![changed("key_ops", json!([]))],
        vec![changed("e", json!("Aw"))],
        vec![changed("e", json!("AQAC"))],
        vec![changed("n", json!(""))],
        vec![changed("n", json!(format!("{modulus}=")))],
        vec![changed("n", json!(shorter))],
        vec![changed("n", json!(smaller))],
        vec![changed("n", Value::Null)],
        vec![changed("alg", json!("PS512"))],
    ];
    for keys in rows {
        let claims = azure::runtime_claims(&keys);
        assert_eq!(Machine::with_claims(&claims).answer(), no_key, "{keys:?}");
    }
    for claims in [&b""[..], b"{}", b"[]", br#"{"keys":{}}"#, br#"{"keys":[],"keys":[]}"#] {
        let answer = Machine::with_claims(claims).answer();
        assert_eq!(answer, Err(EvidenceError::Malformed("runtime claims")), "{claims:?}");
    }
    // Other keys may be there, of whatever form.
    let keys = [json!({ "kid": "HCLEkPub" }), tpm().jwk(), json!(1)];
    assert_eq!(Machine::with_claims(&azure::runtime_claims(&keys)).answer(), Ok(()));
}

/// Position in the quote, new bytes and the one reason; the AK signs what is changed.
#[test]
fn a_signed_quote_is_refused_for_its_content() {
    let after = 44 + NONCE.len();
    let rows: [(usize, &[u8], EvidenceError); 17] = [
        (0, &[0xfe], EvidenceError::AzureQuoteType),
        (3, b"H", EvidenceError::AzureQuoteType),
        (4, &[0x80, 0x17], EvidenceError::AzureQuoteType),
        (4, &[0x80, 0x14], EvidenceError::AzureQuoteType),
        (6, &[0xff, 0xff], EvidenceError::Malformed("TPM quote")),
        (42, &[0xff, 0xff], EvidenceError::Malformed("TPM quote")),
        (44, b"A", EvidenceError::AzureNonce),
        (after + 16, &[2], EvidenceError::Malformed("TPM quote")),
        (after + 25, &[0, 0, 0, 0], EvidenceError::AzurePcrSelection),
        (after + 25, &[0, 0, 0, 2], EvidenceError::AzurePcrSelection),
        (after + 29, &[0, 0x04], EvidenceError::AzurePcrSelection), // SHA-1
        (after + 29, &[0, 0x0c], EvidenceError::AzurePcrSelection), // SHA-384
        (after + 31, &[2], EvidenceError::AzurePcrSelection),
        (after + 32, &[0xfe], EvidenceError::AzurePcrSelection),
        (after + 34, &[0x7f], EvidenceError::AzurePcrSelection),
        (after + 35, &[0, 20], EvidenceError::Malformed("TPM quote")),
        (after + 37, &[0xaa], EvidenceError::AzurePcrDigest),
    ];
    for (position, bytes, error) in rows {
        let mut message = Machine::right().message;
        message[position..position + bytes.len()].copy_from_slice(bytes);
        assert_eq!(Machine::with_quote(message).answer(), Err(error), "{position}");
    }
    let right = Machine::right().message;
    let longer = [&right[..], &[0]].concat();
    let cut = right[..right.len() - 1].to_vec();
    for message in [longer, cut] {
        let answer = Machine::with_quote(message).answer();
        assert_eq!(answer, Err(EvidenceError::Malformed("TPM quote")));
    }
    for nonce in [&b""[..], &NONCE[1..], b"another"] {
        let machine = Machine::with_quote(azure::quote(nonce, &pcrs()));
        assert_eq!(machine.answer(), Err(EvidenceError::AzureNonce));
    }
    let machine = Machine::with_quote(azure::quote(&[7; 65], &pcrs()));
    assert_eq!(machine.answer(), Err(EvidenceError::Malformed("TPM quote")));
}

#[test]
fn the_pcr_values_are_the_quoted_ones() {
    let rows = [(0, 0), (7, 31), (23, 16)];
    for (number, position) in rows {
        let mut machine = Machine::right();
        machine.pcrs[number][position] ^= 0x10;
        assert_eq!(machine.answer(), Err(EvidenceError::AzurePcrDigest), "{number}");
    }
    let mut exchanged = Machine::right();
    exchanged.pcrs.swap(4, 5);
    assert_eq!(exchanged.answer(), Err(EvidenceError::AzurePcrDigest));
    // The same bytes, cut otherwise or in another number of values.
    let mut moved = Machine::right();
    let byte = moved.pcrs[0].pop().unwrap();
    moved.pcrs[1].insert(0, byte);
    let mut fewer = Machine::right();
    fewer.pcrs.pop();
    let mut more = Machine::right();
    more.pcrs.push(vec![0; 32]);
    for machine in [moved, fewer, more] {
        assert_eq!(machine.answer(), Err(EvidenceError::Malformed("PCR values")));
    }
}

#[test]
fn the_quote_is_signed_by_the_attestation_key() {
    let right = Machine::right();
    let other = VirtualTpm::create().unwrap();
    let mut flipped = right.signature.clone();
    flipped[100] ^= 1;
    let signatures = [
        flipped,
        Vec::new(),
        right.signature[1..].to_vec(),
        [&[0][..], &right.signature].concat(),
        other.sign(&right.message).unwrap(),
        tpm().sign_as(&RSA_PSS_SHA256, &right.message).unwrap(),
        tpm().sign_as(&RSA_PKCS1_SHA384, &right.message).unwrap(),
    ];
    for signature in signatures {
        let machine = Machine { signature, ..right.clone() };
        assert_eq!(machine.answer(), Err(EvidenceError::AzureQuoteSignature));
    }
}

#[test]
fn expected_values_are_compared_one_by_one() {
    let machine = Machine::right();
    let vtpm = expected().vtpm;
    let mut values = pcrs();
    values[11] = [0; 32];
    let other = PcrSets::new([Pcrs::new(values)]).unwrap();
    let one_of = PcrSets::new([Pcrs::new(values), Pcrs::new(pcrs())]).unwrap();
    let measurement = Measurements::new([Measurement::from_bytes([9; 48])]).unwrap();
    let chips = Chips::Listed(BTreeSet::from([ChipId::from_bytes([9; 64])]));
    let nonce = Nonce::new(&NONCE[..31]).unwrap();
    let with = |vtpm| Expected { vtpm, ..expected() };
    let rows = [
        (with(VtpmExpected { nonce, ..vtpm.clone() }), "evidence.azure-nonce"),
        (with(VtpmExpected { pcrs: other, ..vtpm.clone() }), "evidence.azure-pcr-values"),
        (with(VtpmExpected { pcrs: one_of, ..vtpm }), "verified"),
        (Expected { measurements: measurement, ..expected() }, "evidence.measurement"),
        (Expected { host_data: HostData::from_bytes([9; 32]), ..expected() }, "evidence.host-data"),
        (Expected { chips, ..expected() }, "evidence.chip-not-allowed"),
    ];
    for (expected, reason) in rows {
        let answer = machine.answer_for(&expected);
        assert_eq!(answer.map_or_else(|error| error.reason(), |()| "verified"), reason);
    }
    assert_eq!(Nonce::new(b"").unwrap_err(), EvidenceError::AzureNonceMissing);
    assert_eq!(Nonce::new(&[0; 65]).unwrap_err(), EvidenceError::Malformed("nonce"));
    assert_eq!(PcrSets::new([]).unwrap_err(), EvidenceError::NoMeasurements);
}

#[test]
fn evidence_without_a_quote_is_only_looked_at() {
    let machine = Machine::right();
    let evidence = read_evidence(&machine.hcl, &[&machine.vek, &machine.ask], &[]).unwrap();
    assert_eq!(answer(&evidence, &expected()), Err(EvidenceError::AzureQuoteMissing));
    let floors = TcbFloors::published().unwrap();
    let look = |profile| inspect(&evidence, &floors, profile, &roots(amd()), &[], now());
    assert_eq!(look(Profile::Production).unwrap_err(), EvidenceError::AzureQuoteMissing);
    let inspected = look(Profile::Archive).unwrap();
    assert_eq!(inspected.warnings(), [EvidenceError::AzureQuoteMissing]);
    assert!(inspected.vtpm().is_none());
}

#[test]
fn a_quote_over_no_nonce_is_only_looked_at() {
    let evidence = Machine::with_quote(azure::quote(&[], &pcrs())).read().unwrap();
    assert_eq!(answer(&evidence, &expected()), Err(EvidenceError::AzureNonce));
    assert_eq!(Nonce::new(&[]).unwrap_err(), EvidenceError::AzureNonceMissing);
    let floors = TcbFloors::published().unwrap();
    let inspected =
        inspect(&evidence, &floors, Profile::Production, &roots(amd()), &[], now()).unwrap();
    assert_eq!(inspected.warnings(), [EvidenceError::AzureNonceMissing]);
}

#[test]
fn wrappers_are_read_or_refused() {
    let machine = Machine::right();
    let json: Value = serde_json::from_slice(&machine.json()).unwrap();
    let certificates: [&[u8]; 2] = [&machine.vek, &machine.ask];
    let read = |json: &Value, quotes: &[&[u8]]| {
        read_evidence(json.to_string().as_bytes(), &certificates, quotes)
    };
    let right = machine.read().unwrap();
    assert_eq!(read(&json!({ "platform": "az-snp", "evidence": json }), &[]), Ok(right.clone()));
    let list = json!({ "report": machine.hcl, "quote": {
        "message": machine.message, "signature": machine.signature, "pcrs": machine.pcrs,
    }});
    assert_eq!(read(&list, &[]), Ok(right.clone()));
    let quote = json["tpm_quote"].to_string();
    let mut alone = json.clone();
    alone.as_object_mut().unwrap().remove("tpm_quote");
    assert_eq!(read(&alone, &[quote.as_bytes()]), Ok(right));
    let twice = EvidenceError::Malformed("more than one TPM quote");
    assert_eq!(read(&json, &[quote.as_bytes()]), Err(twice));
    assert_eq!(read(&alone, &[b"{}"]), Err(EvidenceError::Malformed("not a TPM quote")));
    let mut later = json.clone();
    later["version"] = json!(3);
    assert_eq!(read(&later, &[]), Err(EvidenceError::Malformed("version of the evidence")));
    let mut broken = json;
    broken["hcl_report"] = json!("!");
    let neither = EvidenceError::Malformed("neither hexadecimal nor base64");
    assert_eq!(read(&broken, &[]), Err(neither));
}
