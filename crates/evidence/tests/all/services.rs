//! What is asked of vendors' services, and which answers are believed.

use domain::claims::intel::PckAuthority;
use domain::claims::{ChipId, Fmspc, Generation, SigningKey, Tcb};
use domain::{Reason as _, Timestamp};
use evidence::intel::{Collateral, Quote, Root, Tee, pcs};
use evidence::snp::{Report, Roots, kds};
use evidence::{EvidenceError, Fetched};
use testkit::intel::{Certification, Fake};

use crate::emulated::{processor, report};
use crate::support::{TCB, authority, chip_id, created, now, other_authority, time, vector};

fn code(answer: Result<Fetched, EvidenceError>) -> &'static str {
    answer.map_or_else(|error| error.reason(), |_| "authentic")
}

#[test]
fn paths_and_files_of_amd() {
    use SigningKey::{Vcek, Vlek};
    let turin = Tcb { fmc: Some(1), bootloader: 1, tee: 1, snp: 4, microcode: 82 };
    let mut chip = [0; 64];
    chip[..8].copy_from_slice(&[0x6b, 0xb1, 0x22, 0x9b, 0x76, 0x92, 0xb7, 0x10]);
    let sevens = "07".repeat(64);
    let rows = [
        (
            kds::Item::Chain(Generation::Milan, Vcek),
            "/vcek/v1/Milan/cert_chain".to_owned(),
            "amd/chain-vcek-milan.pem".to_owned(),
        ),
        (
            kds::Item::Crl(Generation::Genoa, Vlek),
            "/vlek/v1/Genoa/crl".to_owned(),
            "amd/crl-vlek-genoa.der".to_owned(),
        ),
        (
            kds::Item::Vcek(Generation::Genoa, chip_id(), TCB),
            format!("/vcek/v1/Genoa/{sevens}?blSPL=10&teeSPL=1&snpSPL=27&ucodeSPL=88"),
            format!("amd/vcek-genoa-{sevens}-10-1-27-88.der"),
        ),
        (
            // The URL that google/go-sev-guest expects for this processor.
            kds::Item::Vcek(Generation::Turin, ChipId::from_bytes(chip), turin),
            "/vcek/v1/Turin/6bb1229b7692b710?blSPL=1&teeSPL=1&snpSPL=4&ucodeSPL=82&fmcSPL=1"
                .to_owned(),
            "amd/vcek-turin-6bb1229b7692b710-1-1-4-82-1.der".to_owned(),
        ),
    ];
    for (item, path, file) in rows {
        assert_eq!((item.path(), item.file()), (path, file));
    }
}

#[test]
fn paths_and_files_of_intel() {
    let fmspc = Fmspc::from_bytes([0x90, 0xc0, 0x6f, 0, 0, 0]);
    let rows = [
        (
            pcs::Item::TcbInfo(Tee::Tdx, fmspc),
            "/tdx/certification/v4/tcb?fmspc=90c06f000000",
            "intel/tcb-info-tdx-90c06f000000.json",
        ),
        (
            pcs::Item::QeIdentity(Tee::Sgx),
            "/sgx/certification/v4/qe/identity",
            "intel/qe-identity-sgx.json",
        ),
        (
            pcs::Item::PckCrl(PckAuthority::Processor),
            "/sgx/certification/v4/pckcrl?ca=processor&encoding=der",
            "intel/pck-crl-processor.der",
        ),
        (pcs::Item::RootCrl, "/sgx/certification/v4/rootcacrl", "intel/root-crl.der"),
    ];
    for (item, path, file) in rows {
        assert_eq!((item.path().as_str(), item.file().as_str()), (path, file));
    }
}

#[test]
fn a_report_says_what_it_needs() {
    let needs = |report: &[u8]| {
        let report = Report::parse(report).unwrap();
        kds::needs(&report, report.generation().unwrap().unwrap())
    };
    let right = report(&processor(|_| ()));
    let (chain, crl) = (kds::Item::Chain, kds::Item::Crl);
    let genoa = Generation::Genoa;
    let expected = vec![
        chain(genoa, SigningKey::Vcek),
        crl(genoa, SigningKey::Vcek),
        kds::Item::Vcek(genoa, chip_id(), TCB),
    ];
    assert_eq!(needs(&right), Ok(expected));
    let with = |offset: usize, value: u8| {
        let mut bytes = right.clone();
        bytes[offset] = value;
        bytes
    };
    let providers = vec![chain(genoa, SigningKey::Vlek), crl(genoa, SigningKey::Vlek)];
    assert_eq!(needs(&with(0x48, 1 << 2)), Ok(providers));
    assert_eq!(needs(&with(0x48, 7 << 2)), Err(EvidenceError::SigningKey));
    assert_eq!(needs(&with(0x48, 2)), Err(EvidenceError::SigningKey));
    assert_eq!(needs(&with(0x182, 1)), Err(EvidenceError::Malformed("TCB version")));
    let mut masked = right;
    masked[0x1a0..0x1e0].fill(0);
    assert_eq!(needs(&masked), Err(EvidenceError::ChipIdMasked));
}

#[test]
fn answers_of_amd_are_checked() {
    let genoa = Generation::Genoa;
    let vcek = kds::Item::Vcek(genoa, chip_id(), TCB);
    let right = processor(|_| ());
    let roots = Roots::emulated(right.ark_der()).unwrap();
    let ask = right.ask_der();
    let check = |item: kds::Item, answer: &[u8], at| code(item.check(answer, &[ask], &roots, at));
    let list = |revoked, next| authority().revocation_list(revoked, created(), next).unwrap();
    let crl = kds::Item::Crl(genoa, SigningKey::Vcek);
    let current = list(None, now());
    let foreign = other_authority().revocation_list(None, created(), now()).unwrap();
    let providers = processor(|e| e.signing_key = SigningKey::Vlek);
    let chain = |kind| kds::Item::Chain(genoa, kind);
    let beyond = now().plus_seconds(1);
    let past = time("2025-12-31T00:00:00Z");
    // The chip in reports is another one; the certificate is what is asked for.
    let renamed = processor(|e| e.chip_id = ChipId::from_bytes([8; 64]));
    let other_chip = processor(|e| e.hardware_id = Some(vec![8; 64]));
    let newer = processor(|e| e.tcb.snp = 0x1c);
    let milan = processor(|e| e.product = "Milan".into());
    let revoked = list(Some(SigningKey::Vcek), now());
    let rows: [(kds::Item, &[u8], Timestamp, &str); 22] = [
        (vcek, right.vcek_der(), now(), "authentic"),
        (vcek, right.vcek_der(), past, "evidence.not-yet-valid"),
        (vcek, renamed.vcek_der(), now(), "authentic"),
        (vcek, other_chip.vcek_der(), now(), "evidence.chip-id"),
        (vcek, newer.vcek_der(), now(), "evidence.tcb-mismatch"),
        (vcek, milan.vcek_der(), now(), "evidence.product"),
        (vcek, providers.vcek_der(), now(), "evidence.chain"),
        (vcek, b"<html>", now(), "evidence.malformed"),
        (vcek, &current, now(), "evidence.malformed"),
        (vcek, &right.vcek_der()[1..], now(), "evidence.malformed"),
        (chain(SigningKey::Vcek), ask, now(), "authentic"),
        (chain(SigningKey::Vcek), ask, past, "evidence.not-yet-valid"),
        (chain(SigningKey::Vlek), ask, now(), "evidence.chain"),
        (chain(SigningKey::Vcek), right.ark_der(), now(), "evidence.chain"),
        (chain(SigningKey::Vcek), right.vcek_der(), now(), "evidence.chain"),
        (chain(SigningKey::Vcek), b"<html>", now(), "evidence.malformed"),
        (crl, &current, now(), "authentic"),
        (crl, &revoked, now(), "authentic"),
        (crl, &current, beyond, "evidence.crl-stale"),
        (crl, &current, past, "evidence.crl-stale"),
        (crl, &foreign, now(), "evidence.crl"),
        (crl, b"<html>", now(), "evidence.crl"),
    ];
    for (index, (item, answer, at, expected)) in rows.into_iter().enumerate() {
        assert_eq!(check(item, answer, at), expected, "row {index}");
    }
    let amd = Roots::amd();
    let refused = crl.check(&current, &[], &amd, now());
    assert_eq!(code(refused), "evidence.crl");
    let refused = vcek.check(right.vcek_der(), &[ask], &amd, now());
    assert_eq!(code(refused), "evidence.emulated-platform");
    let turin = kds::Item::Crl(Generation::Turin, SigningKey::Vcek);
    assert_eq!(code(turin.check(&current, &[], &roots, now())), "evidence.unknown-root");
    let fetched = crl.check(&current, &[], &roots, now()).unwrap();
    assert_eq!((fetched.content, fetched.until), (current, now()));
}

/// The intermediate certificate need not come along if AMD's is the published one.
#[test]
fn a_real_chip_is_recognised() {
    let folder = "confidential-dot-ai+attestation-rs/crates/attestation/test_data/snp";
    let Some(vcek) = vector(&format!("{folder}/live-vcek-genoa.der")) else { return };
    let report = vector(&format!("{folder}/live-report-v5-genoa.bin")).unwrap();
    let report = Report::parse(&report).unwrap();
    let item = kds::needs(&report, Generation::Genoa).unwrap()[2];
    let at = time("2026-06-01T00:00:00Z");
    let fetched = item.check(&vcek, &[], &Roots::amd(), at).unwrap();
    assert!(fetched.until > at);
    let milan = kds::needs(&report, Generation::Milan).unwrap()[2];
    assert_eq!(code(milan.check(&vcek, &[], &Roots::amd(), at)), "evidence.product");
}

#[test]
fn answers_of_intel_are_checked() {
    let at = created().plus_seconds(60);
    let late = created().plus_seconds(31 * 24 * 60 * 60);
    let evidence = Fake::tdx(4, created()).sign().unwrap();
    let other = Fake::tdx(4, created()).sign().unwrap();
    let root = Root::emulated(&evidence.root).unwrap();
    let quote = Quote::parse(&evidence.quote).unwrap();
    let items = pcs::needs(&quote, &Collateral::default(), &root).unwrap();
    let [root_crl, pck_crl, identity, info] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!(*pck_crl, pcs::Item::PckCrl(PckAuthority::Platform));
    assert_eq!(*info, pcs::Item::TcbInfo(Tee::Tdx, Fmspc::from_bytes([0x10, 0xa0, 0x6f, 0, 0, 0])));
    let files = evidence.collateral.to_files();
    let [info_file, identity_file, info_chain, identity_chain, root_list, pck_list] =
        files.as_slice()
    else {
        panic!("six files")
    };
    let authorities = evidence.collateral.pck_crl_issuer_chain.as_bytes();
    let foreign = other.collateral.to_files();
    let changed = |file: &[u8], from: &str, to: &str| {
        String::from_utf8(file.to_vec()).unwrap().replace(from, to).into_bytes()
    };
    let forged = changed(info_file, "\"pcesvn\":13", "\"pcesvn\":1");
    let sgx = pcs::Item::TcbInfo(Tee::Sgx, Fmspc::from_bytes([0x10, 0xa0, 0x6f, 0, 0, 0]));
    let family = pcs::Item::TcbInfo(Tee::Tdx, Fmspc::from_bytes([9; 6]));
    let sgx_identity = pcs::Item::QeIdentity(Tee::Sgx);
    let processors = pcs::Item::PckCrl(PckAuthority::Processor);
    /// Item, answer, certificates, time, verdict.
    type Row<'a> = (&'a pcs::Item, &'a [u8], &'a [u8], Timestamp, &'static str);
    let rows: [Row<'_>; 21] = [
        (info, info_file, info_chain, at, "authentic"),
        (info, info_file, info_chain, late, "evidence.collateral-stale"),
        (info, info_file, &foreign[2], at, "evidence.chain"),
        (info, info_file, identity_chain, at, "evidence.collateral-signature"),
        (info, &forged, info_chain, at, "evidence.collateral-signature"),
        (info, identity_file, identity_chain, at, "evidence.collateral-mismatch"),
        (info, b"<html>", info_chain, at, "evidence.collateral-malformed"),
        (&sgx, info_file, info_chain, at, "evidence.collateral-mismatch"),
        (&family, info_file, info_chain, at, "evidence.collateral-mismatch"),
        (identity, identity_file, identity_chain, at, "authentic"),
        (identity, identity_file, identity_chain, late, "evidence.collateral-stale"),
        (&sgx_identity, identity_file, identity_chain, at, "evidence.collateral-mismatch"),
        (pck_crl, pck_list, authorities, at, "authentic"),
        (pck_crl, pck_list, info_chain, at, "evidence.collateral-missing"),
        (pck_crl, root_list, authorities, at, "evidence.crl"),
        (pck_crl, pck_list, authorities, late, "evidence.crl-stale"),
        (&processors, pck_list, authorities, at, "evidence.collateral-missing"),
        (root_crl, root_list, info_chain, at, "authentic"),
        (root_crl, pck_list, info_chain, at, "evidence.crl"),
        (root_crl, &foreign[4], info_chain, at, "evidence.crl"),
        (root_crl, b"<html>", info_chain, at, "evidence.crl"),
    ];
    for (index, (item, answer, chain, at, expected)) in rows.into_iter().enumerate() {
        assert_eq!(code(item.check(answer, &[chain], &root, at)), expected, "row {index}");
    }
    // Caches answer in hexadecimal; what is kept is DER.
    let der = root_crl.check(root_list, &[], &root, at).unwrap().content;
    assert_eq!(der.first(), Some(&0x30));
    assert_eq!(root_crl.check(&der, &[], &root, at).unwrap().content, der);
}

#[test]
fn the_certificate_of_a_platform_may_be_given_beside_the_quote() {
    let fake = Fake { certification: Certification::EncryptedPpid, ..Fake::tdx(4, created()) };
    let evidence = fake.sign().unwrap();
    let root = Root::emulated(&evidence.root).unwrap();
    let quote = Quote::parse(&evidence.quote).unwrap();
    let needs = |collateral: &Collateral| {
        let items = pcs::needs(&quote, collateral, &root);
        items.map(|items| items.len()).map_err(|error| error.reason())
    };
    assert_eq!(needs(&Collateral::default()), Err("evidence.collateral-missing"));
    let chain = evidence.collateral.pck_certificate_chain.unwrap();
    assert_eq!(needs(&Collateral::read([chain.as_bytes()]).unwrap()), Ok(4));
    let intel = Root::intel().unwrap();
    let collateral = Collateral::read([chain.as_bytes()]).unwrap();
    let refused = pcs::needs(&quote, &collateral, &intel).unwrap_err();
    assert_eq!(refused, EvidenceError::EmulatedPlatform);
}

#[test]
fn chains_in_headers_are_certificates_of_the_root() {
    let evidence = Fake::tdx(4, created()).sign().unwrap();
    let root = Root::emulated(&evidence.root).unwrap();
    let encoded = |pem: &str| pem.replace('\n', "%0A").replace(' ', "%20").replace('+', "%2B");
    let code = |header: &str| pcs::issuer_chain(header, &root).unwrap_err().reason();
    let chain = evidence.collateral.tcb_info_issuer_chain;
    assert_eq!(pcs::issuer_chain(&encoded(&chain), &root).unwrap(), chain.clone().into_bytes());
    for header in ["", "none", "-----BEGIN%20X"] {
        assert_eq!(code(header), "evidence.malformed", "{header}");
    }
    assert_eq!(code("%zz"), "evidence.collateral-malformed");
    let other = Fake::tdx(4, created()).sign().unwrap().collateral.tcb_info_issuer_chain;
    assert_eq!(code(&encoded(&format!("{chain}{other}"))), "evidence.chain");
    let intel = Root::intel().unwrap();
    let refused = pcs::issuer_chain(&encoded(&chain), &intel).unwrap_err();
    assert_eq!(refused, EvidenceError::EmulatedPlatform);
}
