//! Every check of GPU evidence has a row that breaks only that check.

use domain::claims::Trust;
use evidence::EvidenceError;
use evidence::nvidia::{
    Architecture, Devices, Expected, GpuEvidence, Nonce, Profile, References, Roots, Setting,
    inspect, inspect_all, read_evidence, verify,
};
use testkit::nvidia::{DICE, Link, SUBJECT_ALT_NAME, Signer, composite_device_id, device_name};
use x509_cert::der::asn1::ObjectIdentifier;

use crate::nvidia_device::*;
use crate::support::{now, time, vector};

type Change = fn(&mut Parts);

#[test]
fn right_evidence_is_verified() {
    let evidence = evidence(&Parts::right().bytes());
    let (driver, vbios) = (sign(&driver()), sign(&vbios()));
    let references = References { driver: driver.as_bytes(), vbios: vbios.as_bytes() };
    let verified = verify(&evidence, &expected(), references, &roots(), now()).unwrap();
    let claims = verified.get();
    assert_eq!(claims.trust, Trust::Emulated);
    assert_eq!((claims.product.as_str(), claims.architecture), ("GH100", Architecture::Hopper));
    assert_eq!(claims.vbios_version, "96.00.9F.00.01");
    assert_eq!(claims.driver_version.as_deref(), Some("590.12"));
    assert_eq!((claims.measurements.len(), claims.unread_fields.as_slice()), (64, &[34_u16][..]));
    assert_eq!(claims.compared_with.iter().map(|one| one.measurements).sum::<usize>(), 40);
}

#[test]
fn a_signed_report_is_refused_for_its_content() {
    const MALFORMED: &str = "evidence.malformed";
    let rows: &[(Change, &str)] = &[
        (|_| (), "verified"),
        (|p| p.request[0] = 0x12, MALFORMED),
        (|p| p.request[1] = 0xe1, MALFORMED),
        (|p| p.request[2] = 0, MALFORMED),
        (|p| p.request[3] = 0xfe, MALFORMED),
        (|p| p.request[4] = 8, "evidence.gpu-nonce"),
        (|p| p.request[36] = 8, MALFORMED),
        (|p| p.request[36] = 1, MALFORMED), // another slot than the answer's
        (|p| p.response[0] = 0x12, MALFORMED),
        (|p| p.response[1] = 0x7f, MALFORMED),
        (|p| p.response[2] = 1, MALFORMED),
        (|p| p.response[3] = 1, MALFORMED),
        (|p| p.count = 63, MALFORMED),
        (|p| p.count = 65, MALFORMED),
        (|p| p.blocks[5] = block(6, &[0; 48]), "verified"), // an alternative
        (|p| p.blocks[5] = block(6, &[1; 48]), "evidence.gpu-measurement"),
        (|p| p.blocks[5] = block(6, &[6; 47]), MALFORMED),
        (|p| p.blocks[5] = block(7, &[7; 48]), MALFORMED),
        (|p| p.blocks[5] = block(70, &[6; 48]), "evidence.gpu-measurement"),
        (|p| p.blocks[5] = block(0, &[6; 48]), MALFORMED),
        (|p| p.blocks[5] = block(255, &[6; 48]), MALFORMED),
        (|p| p.blocks[5][1] = 2, MALFORMED),
        (|p| p.blocks[5][4] = 0x81, MALFORMED),
        (|p| p.blocks[50] = block(51, &[1; 48]), "verified"), // of no manifest
        (|p| p.blocks[35] = block(36, &[1; 48]), "evidence.gpu-measurement"),
        (
            |p| {
                // The video decoder's, which is off.
                p.blocks[35] = block(36, &[1; 48]);
                *p.field(11) = vec![0x55];
            },
            "verified",
        ),
        (|p| *p.field(11) = vec![0], MALFORMED),
        (|p| p.opaque.retain(|field| field.0 != 20), "evidence.gpu-fwid-missing"),
        (|p| p.field(20)[0] = 0, "evidence.gpu-fwid"),
        (|p| p.field(20).push(0), MALFORMED),
        (|p| p.opaque.push((34, vec![1, 0])), MALFORMED), // twice
        (|p| p.opaque.push((999, vec![1, 0])), "verified"),
        (|p| p.opaque.retain(|field| field.0 != 6), MALFORMED),
        (|p| p.opaque.retain(|field| field.0 != 3), "evidence.gpu-rim-version"),
        (|p| p.field(6)[4] = 2, "evidence.gpu-rim-version"),
        (|p| p.field(3)[0] = b'6', "evidence.gpu-rim-version"),
        (|p| p.field(3)[0] = 7, MALFORMED),
        (|p| p.opaque.retain(|field| field.0 != 21), "evidence.gpu-mode"),
        (|p| *p.field(21) = vec![0xaa], "evidence.gpu-mode"),
        (|p| p.opaque.push((36, vec![3, 0])), MALFORMED),
    ];
    for (row, (change, expected)) in rows.iter().enumerate() {
        let mut parts = Parts::right();
        change(&mut parts);
        assert_eq!(reason(&evidence(&parts.bytes())), *expected, "row {row}");
    }
}

#[test]
fn what_follows_the_report_is_padding_or_refused() {
    let mut evidence = evidence(&Parts::right().bytes());
    evidence.report.extend([0; 500]);
    assert_eq!(reason(&evidence), "verified");
    evidence.report.push(1);
    assert_eq!(reason(&evidence), "evidence.malformed");
}

#[test]
fn a_device_certificate_is_refused_for_its_content() {
    type Change = fn(&mut [Link]);
    const MALFORMED: &str = "evidence.malformed";
    const CHAIN: &str = "evidence.chain";
    const OTHER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.3.4");
    let rows: &[(Change, &str)] = &[
        (|_| (), "verified"),
        (|l| l[0].authority = false, CHAIN),
        (|l| l[1].authority = false, CHAIN),
        (|l| l[0].key_usage = Some(0x02), CHAIN),
        (|l| l[1].key_usage = None, CHAIN),
        (|l| l[0].path_length = Some(0), CHAIN),
        (|l| l[0].path_length = Some(1), "verified"),
        (|l| l[1].path_length = Some(0), "verified"),
        (|l| l[0].extensions.push((OTHER, true, vec![5, 0])), CHAIN),
        (|l| l[0].extensions.push((OTHER, false, vec![5, 0])), "verified"),
        (|l| l[2].extensions.push((OTHER, true, vec![5, 0])), CHAIN),
        (|l| l[2].key_usage = Some(0x40), CHAIN),
        (|l| l[2].authority = true, CHAIN),
        (|l| l[1].issuer = Some("Somebody".to_owned()), CHAIN),
        (|l| l[2].issuer = Some("GH100 Identity".to_owned()), CHAIN),
        (|l| l[0].validity.1 = time("2026-12-31T23:59:59Z"), "evidence.expired"),
        (|l| l[2].validity.1 = time("2026-12-31T23:59:59Z"), "evidence.expired"),
        (|l| l[1].validity.0 = time("2027-01-01T00:00:01Z"), "evidence.not-yet-valid"),
        (|l| l[2].validity.1 = time("9999-12-30T00:00:00Z"), "verified"),
        (|l| l[2].name = "GB100 A01".to_owned(), MALFORMED),
        (|l| l[2].extensions[0].2 = device_name("NVIDIA:GH100"), MALFORMED),
        (|l| l[2].extensions[0].2 = device_name("NVIDIA:GH100:1:2"), MALFORMED),
        (|l| l[2].extensions[0].2 = device_name("NVIDIA:GH100:48B0"), MALFORMED),
        (|l| l[2].extensions[0].2 = device_name("AMD:GH100:48B02D51037534EE"), MALFORMED),
        (
            |l| l[2].extensions[0].2 = device_name("NVIDIA:GH100:48B02D51037534EF"),
            "evidence.chip-not-allowed",
        ),
        (|l| l[2].extensions.retain(|one| one.0 != SUBJECT_ALT_NAME), MALFORMED),
        (|l| l[2].extensions.retain(|one| one.0 != DICE), MALFORMED),
        (|l| l[2].extensions[1].2 = composite_device_id(&[0; 48]), "evidence.gpu-fwid"),
        (|l| l[2].extensions[1].2 = composite_device_id(&[0xf1; 47]), MALFORMED),
        (
            |l| l[2] = Link::device("AD102", DEVICE, &FIRMWARE, validity()),
            "evidence.gpu-architecture",
        ),
        (
            |l| l[2] = Link::device("GB100", DEVICE, &FIRMWARE, validity()),
            "evidence.gpu-architecture",
        ),
        (
            |l| l[2] = Link::device("LS_10", DEVICE, &FIRMWARE, validity()),
            "evidence.gpu-architecture",
        ),
    ];
    let (driver, vbios) = (sign(&driver()), sign(&vbios()));
    let references = References { driver: driver.as_bytes(), vbios: vbios.as_bytes() };
    for (row, (change, expected_code)) in rows.iter().enumerate() {
        let mut links = device_links();
        change(&mut links);
        let signer = Signer::create(&device_root(), &links).unwrap();
        let roots = Roots::emulated(signer.root(), manifests().root()).unwrap();
        let evidence = evidence_by(&signer, &Parts::right().bytes());
        let answer = verify(&evidence, &expected(), references, &roots, now()).map(drop);
        assert_eq!(code(answer), *expected_code, "row {row}");
    }
}

#[test]
fn only_the_pinned_root_counts() {
    let signed = Parts::right().bytes();
    // Another root of the same name, sent along.
    let other = Signer::create(&device_root(), &device_links()).unwrap();
    let mut evidence = evidence_by(&other, &signed);
    assert_eq!(reason(&evidence), "evidence.chain");
    evidence.certificates.push(other.root().to_vec());
    assert_eq!(reason(&evidence), "evidence.chain");
    // Of another name.
    let foreign = Link::authority("Somebody", validity());
    let other = Signer::create(&foreign, &device_links()).unwrap();
    let mut evidence = evidence_by(&other, &signed);
    assert_eq!(reason(&evidence), "evidence.chain");
    evidence.certificates.push(other.root().to_vec());
    assert_eq!(reason(&evidence), "evidence.unknown-root");
    // Under NVIDIA's.
    let evidence = evidence_by(device(), &signed);
    let nvidia = Roots::nvidia().unwrap();
    let answer = inspect(&evidence, &[], Profile::Archive, &nvidia, now()).map(drop);
    assert_eq!(answer, Err(EvidenceError::EmulatedPlatform));
}

/// Nothing to compare with, and one device for two.
#[test]
fn an_inspection_says_what_is_missing() {
    let one = evidence(&Parts::right().bytes());
    let profile = Profile::Production;
    let devices = inspect_all(&[one.clone(), one], &[], profile, &roots(), now()).unwrap();
    let missing = [EvidenceError::GpuRimMissing, EvidenceError::CrlNotChecked];
    assert_eq!(devices[0].warnings(), missing);
    assert_eq!(devices[1].warnings(), [&missing[..], &[EvidenceError::GpuDuplicate]].concat());
}

#[test]
fn certificates_are_found_in_any_order() {
    let mut evidence = evidence(&Parts::right().bytes());
    evidence.certificates.reverse();
    evidence.certificates.push(manifests().root().to_vec());
    assert_eq!(reason(&evidence), "verified");
    evidence.certificates.remove(1);
    assert_eq!(reason(&evidence), "evidence.chain");
    evidence.certificates = vec![device().root().to_vec(); 17];
    assert_eq!(reason(&evidence), "evidence.malformed");
}

#[test]
fn expected_values_are_compared_one_by_one() {
    let evidence = evidence(&Parts::right().bytes());
    let rows = [
        (expected(), "verified"),
        (Expected { nonce: Nonce::from_bytes([0; 32]), ..expected() }, "evidence.gpu-nonce"),
        (
            Expected { architecture: Architecture::Blackwell, ..expected() },
            "evidence.gpu-architecture",
        ),
        (Expected { protected_pcie: Setting::Enabled, ..expected() }, "evidence.gpu-mode"),
        (Expected { devices: Devices::Any, ..expected() }, "verified"),
        (
            Expected { devices: Devices::Listed([].into()), ..expected() },
            "evidence.chip-not-allowed",
        ),
    ];
    let (driver, vbios) = (sign(&driver()), sign(&vbios()));
    for (expected, reason) in rows {
        assert_eq!(code(answer(&evidence, &expected, &driver, &vbios)), reason);
    }
}

#[test]
fn what_is_stated_beside_the_report_must_be_its() {
    use base64::Engine as _;
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let right = evidence(&Parts::right().bytes());
    let pem: String = right.certificates.iter().map(|der| pem(&base64(der))).collect();
    let nonce = "09".repeat(32);
    let rows = [
        ("HOPPER", nonce.as_str(), "590.12", "96.00.9f.00.01", "verified"),
        ("BLACKWELL", &nonce, "590.12", "96.00.9F.00.01", "evidence.gpu-architecture"),
        ("AMPERE", &nonce, "590.12", "96.00.9F.00.01", "evidence.gpu-architecture"),
        ("HOPPER", &"08".repeat(32), "590.12", "96.00.9F.00.01", "evidence.gpu-nonce"),
        ("HOPPER", "09", "590.12", "96.00.9F.00.01", "evidence.malformed"),
        ("HOPPER", &nonce, "590.13", "96.00.9F.00.01", "evidence.gpu-statement"),
        ("HOPPER", &nonce, "590.12", "96.00.9F.00.02", "evidence.gpu-statement"),
    ];
    for (arch, nonce, driver, vbios, expected) in rows {
        let document = serde_json::json!([{
            "arch": arch, "nonce": nonce, "driver_version": driver, "vbios_version": vbios,
            "evidence": base64(&right.report), "certificate": base64(pem.as_bytes()),
        }]);
        let read = read_evidence(document.to_string().as_bytes(), &[]);
        let answer = read.map_or_else(|error| code(Err(error)), |read| reason(&read[0]));
        assert_eq!(answer, expected, "{arch} {nonce} {driver} {vbios}");
    }
    for text in ["", "[]", "{}", "zz", "[{\"arch\":\"HOPPER\"}]", "{\"device_evidence_list\":[]}"] {
        let answer = read_evidence(text.as_bytes(), &[]).map(|read| reason(&read[0]));
        assert!(!matches!(answer, Ok("verified")), "{text}");
    }
}

#[test]
fn a_manifest_is_refused_for_its_content() {
    const MALFORMED: &str = "evidence.malformed";
    const MEASUREMENT: &str = "evidence.gpu-measurement";
    let payload = |resource: &str| driver().replace("<Payload>", &format!("<Payload>{resource}"));
    let rows = [
        (driver(), "verified"),
        (driver().replace("590.12", "590.13"), "evidence.gpu-rim-version"),
        (driver().replace("GH100", "GB100"), "evidence.gpu-rim-version"),
        (vbios(), "evidence.gpu-rim-version"), // in the driver's place
        (manifest("590.12", 29..40), "evidence.gpu-rim-conflict"),
        (payload(&resource(50, "True", &[[51; 48]])), "verified"),
        (payload(&resource(50, "True", &[[50; 48]])), MEASUREMENT),
        (payload(&resource(50, "False", &[[50; 48]])), "verified"),
        (payload(&resource(50, "Maybe", &[[51; 48]])), MALFORMED),
        (payload(&resource(64, "True", &[[65; 48]])), MALFORMED),
        (payload(&resource(50, "True", &[])), MALFORMED),
        (
            payload(&resource(50, "True", &[[51; 48]]).replace("size=\"48\"", "size=\"47\"")),
            MALFORMED,
        ),
        (payload(&resource(50, "True", &[[51; 48]]).replace("ves=\"1\"", "ves=\"2\"")), MALFORMED),
        (
            payload(&resource(50, "True", &[[50; 48], [51; 48]]).replace("ves=\"2\"", "ves=\"1\"")),
            MALFORMED,
        ),
        (payload(&resource(35, "True", &[[36; 48]])), MALFORMED), // twice
        (driver().replace("patch=\"false\"", "patch=\"true\""), MALFORMED),
        (manifest("590.12", 0..0), MALFORMED),
        (driver().replace(" tagId=\"t\"", ""), MALFORMED),
        (driver().replace("<Entity></Entity>", ""), MALFORMED),
    ];
    let evidence = evidence(&Parts::right().bytes());
    let vbios = sign(&vbios());
    for (row, (manifest, expected_code)) in rows.iter().enumerate() {
        let answer = answer(&evidence, &expected(), &sign(manifest), &vbios);
        assert_eq!(code(answer), *expected_code, "row {row}: {answer:?}");
    }
}

#[test]
fn a_manifest_is_refused_for_its_signature() {
    const SIGNATURE: &str = "evidence.gpu-rim-signature";
    const MALFORMED: &str = "evidence.malformed";
    let right = sign(&driver());
    let other = Signer::create(&manifest_root(), &manifest_links()).unwrap();
    let by = |links: &[Link], root: &Link| Signer::create(root, links).unwrap();
    let by_device = device().sign_manifest(&driver(), (SWID, HASH)).unwrap();
    let foreign = by(&manifest_links(), &Link::authority("Somebody", validity()));
    let two = right.replace("</SoftwareIdentity>", "<Entity></Entity></SoftwareIdentity>");
    let rows = [
        (right.clone(), "verified"),
        (format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{right}\n"), "verified"),
        // Spelled differently, canonically the same.
        (right.replace("<Entity></Entity>", "<Entity />"), "verified"),
        (
            right
                .replace(" corpus=\"false\" patch=\"false\"", " patch=\"false\"  corpus=\"false\""),
            "verified",
        ),
        (right.replace("<Entity>", "<Entity> "), SIGNATURE),
        (right.replace("\n<Payload>", "<Payload>"), SIGNATURE),
        (right.replace("tagId=\"t\"", "tagId=\"u\""), SIGNATURE),
        (right.replace("<ds:DigestValue>", "<ds:DigestValue>AAAA"), SIGNATURE),
        (right.replace("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"), SIGNATURE),
        (right.replace("<ds:SignedInfo>", "<ds:SignedInfo> "), SIGNATURE),
        (right.replace("URI=\"\"", "URI=\"#t\""), MALFORMED),
        (right.replace("URI=\"\"", "Id=\"t\" URI=\"\""), MALFORMED),
        (right.replace("ecdsa-sha384", "ecdsa-sha256"), MALFORMED),
        (right.replace("enveloped-signature", "base64"), MALFORMED),
        (right.replace("xml-c14n11\"></ds:Can", "xml-c14n11#WithComments\"></ds:Can"), MALFORMED),
        (right.replace("<ds:KeyInfo>", "<ds:Object></ds:Object><ds:KeyInfo>"), MALFORMED),
        (right.replace("<Payload>", "<!-- --><Payload>"), MALFORMED),
        (two, MALFORMED),
        (driver(), MALFORMED), // unsigned
        (other.sign_manifest(&driver(), (SWID, HASH)).unwrap(), "evidence.gpu-rim-chain"),
        (by_device, "evidence.gpu-rim-chain"),
        (foreign.sign_manifest(&driver(), (SWID, HASH)).unwrap(), "evidence.gpu-rim-chain"),
    ];
    let evidence = evidence(&Parts::right().bytes());
    let vbios = sign(&vbios());
    for (row, (manifest, expected_code)) in rows.iter().enumerate() {
        let answer = answer(&evidence, &expected(), manifest, &vbios);
        assert_eq!(code(answer), *expected_code, "row {row}: {answer:?}");
    }
}

#[test]
fn a_manifest_is_refused_for_its_dates() {
    let evidence = evidence(&Parts::right().bytes());
    let rows = [
        (0, ("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"), "evidence.gpu-rim-expired"),
        (1, ("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"), "evidence.gpu-rim-expired"),
        (1, ("2027-01-02T00:00:00Z", "2028-01-01T00:00:00Z"), "evidence.gpu-rim-not-yet-valid"),
    ];
    for (link, (from, to), expected_code) in rows {
        let mut links = manifest_links();
        links[link].validity = (time(from), time(to));
        let signer = Signer::create(&manifest_root(), &links).unwrap();
        let sign = |text: &str| signer.sign_manifest(text, (SWID, HASH)).unwrap();
        let (driver, vbios) = (sign(&driver()), sign(&vbios()));
        let references = References { driver: driver.as_bytes(), vbios: vbios.as_bytes() };
        let roots = Roots::emulated(device().root(), signer.root()).unwrap();
        let answer = verify(&evidence, &expected(), references, &roots, now()).map(drop);
        assert_eq!(code(answer), expected_code);
        // An inspection of the past warns.
        let given = [driver.as_bytes(), vbios.as_bytes()];
        let production = inspect(&evidence, &given, Profile::Production, &roots, now());
        assert_eq!(code(production.map(drop)), expected_code);
        let archive = inspect(&evidence, &given, Profile::Archive, &roots, now()).unwrap();
        let warned = archive.warnings().iter().any(|one| code(Err(*one)) == expected_code);
        assert!(warned, "{:?}", archive.warnings());
    }
}

/// A report that a real GPU made, signed again: nonce and measurements changed byte by byte.
#[test]
fn a_captured_report_is_refused_for_every_byte_that_is_compared() {
    const CAPTURED: &str = "confidential-containers+trustee/deps/verifier/test_data/nvidia/\
                            hopperAttestationReport.txt";
    let Some(text) = vector(CAPTURED) else { return };
    let decoded = read_evidence(&text, &[]).unwrap().remove(0).report;
    let signed = &decoded[..decoded.len() - 96];
    let mut links = device_links();
    let firmware = &signed[signed.len() - 48 - 5..signed.len() - 5];
    links[2] = Link::device("GH100", DEVICE, firmware, validity());
    let signer = Signer::create(&device_root(), &links).unwrap();
    let roots = Roots::emulated(signer.root(), manifests().root()).unwrap();
    let resources = |indices: std::ops::Range<u8>| -> String {
        indices
            .map(|index| {
                let start = 45 + usize::from(index) * 55 + 7;
                resource(index, "True", &[signed[start..start + 48].try_into().unwrap()])
            })
            .collect()
    };
    let manifest = |version, indices| {
        let empty = manifest(version, 0..0);
        sign(&empty.replace("<Payload>", &format!("<Payload>{}", resources(indices))))
    };
    let (driver, vbios) = (manifest("550.90.07", 32..64), manifest("96.00.9f.00.01", 0..32));
    let references = References { driver: driver.as_bytes(), vbios: vbios.as_bytes() };
    let mut expected = expected();
    expected.nonce = Nonce::from_bytes(signed[4..36].try_into().unwrap());
    let answer = |evidence: &GpuEvidence| {
        code(verify(evidence, &expected, references, &roots, now()).map(drop))
    };
    assert_eq!(answer(&evidence_by(&signer, signed)), "verified");
    let nonce = (4..36).map(|position| (position, "evidence.gpu-nonce"));
    let measured = (0..64)
        // The video decoder's is not compared: this GPU says that the decoder is off.
        .filter(|index| *index != 35)
        .flat_map(|index| (0..48).map(move |byte| 45 + index * 55 + 7 + byte))
        .map(|position| (position, "evidence.gpu-measurement"));
    let mut count = 0;
    for (position, expected) in nonce.chain(measured) {
        let mut changed = signed.to_vec();
        changed[position] ^= 0x40;
        assert_eq!(answer(&evidence_by(&signer, &changed)), expected, "{position}");
        count += 1;
    }
    println!("{count} bytes of nonce and measurements, signed again: 0 accepted");
}

fn pem(base64: &str) -> String {
    let lines: Vec<_> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
