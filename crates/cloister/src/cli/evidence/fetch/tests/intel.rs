//! Intel's service and a cache of it, played with what Intel once answered.

use super::service::{Service, answer, ok};
use super::{released, vector};

/// What Intel answered in March 2026, for the platform of a published quote.
#[derive(Clone)]
struct Shelf {
    info: Vec<u8>,
    identity: Vec<u8>,
    root_list: Vec<u8>,
    pck_list: Vec<u8>,
    info_chain: String,
    identity_chain: String,
    list_chain: String,
}

impl Shelf {
    /// The quote, and the answers for it. `None` without the vectors.
    fn right() -> Option<(Vec<u8>, Self)> {
        let quote = vector("google+go-tdx-guest/testing/testdata/quote_v5_sample.dat")?;
        let folder = "confidential-dot-ai+attestation-rs/crates/attestation/test_data/collateral";
        let file = |name: &str| vector(&format!("{folder}/{name}")).unwrap();
        let chain = |name: &str| encoded(std::str::from_utf8(&file(name)).unwrap());
        let text = String::from_utf8_lossy(&quote).into_owned();
        let blocks: Vec<_> = text.split_inclusive("-----END CERTIFICATE-----\n").collect();
        let shelf = Self {
            info: file("tcb_info_90c06f000000.json"),
            identity: file("td_qe_identity.json"),
            root_list: file("root_ca_crl.der"),
            pck_list: file("pck_crl_platform.der"),
            info_chain: chain("tcb_signing_chain.pem"),
            identity_chain: chain("qe_identity_signing_chain.pem"),
            // The platform's chain holds the certificate of the list's issuer.
            list_chain: encoded(blocks[1]),
        };
        Some((quote, shelf))
    }

    fn serve(self) -> Service {
        let chain = |name: &str, chain: &str| format!("{name}: {chain}\r\n");
        Service::start(move |path, _| match path {
            "/tdx/certification/v4/tcb?fmspc=90c06f000000" => {
                answer(200, &chain("TCB-Info-Issuer-Chain", &self.info_chain), &self.info)
            }
            "/tdx/certification/v4/qe/identity" => {
                let header = chain("SGX-Enclave-Identity-Issuer-Chain", &self.identity_chain);
                answer(200, &header, &self.identity)
            }
            "/sgx/certification/v4/pckcrl?ca=platform&encoding=der" => {
                answer(200, &chain("SGX-PCK-CRL-Issuer-Chain", &self.list_chain), &self.pck_list)
            }
            // As a cache answers.
            "/sgx/certification/v4/rootcacrl" => ok(hex::encode(&self.root_list).as_bytes()),
            "/IntelSGXRootCA.der" => ok(&self.root_list),
            _ => answer(404, "", b""),
        })
    }
}

fn encoded(pem: &str) -> String {
    pem.trim().replace('\n', "%0A").replace(' ', "%20").replace('+', "%2B").replace('=', "%3D")
}

const AMD_ROOT: &str = include_str!("../../../../../../../attestation/roots/amd/genoa/ark.pem");

const TDX: &str = "--kind tdx --input @quote --cache @cache --at 2026-03-20T00:00:00Z";

#[test]
fn what_is_fetched_leaves_nothing_unchecked() {
    let Some((quote, shelf)) = Shelf::right() else { return };
    let (bench, service) = (released(), shelf.serve());
    bench.write("quote", quote);
    assert_eq!(bench.run(&format!("inspect {TDX}")).verdict(), "input.unreadable");
    std::fs::create_dir(bench.path("cache")).unwrap();
    let before = bench.run(&format!("inspect {TDX}"));
    assert!(before.warnings().contains(&"evidence.crl-not-checked"), "{before:?}");
    let fetch = format!("fetch {TDX} --pcs {}", service.url());
    let ran = bench.run(&fetch);
    assert_eq!(ran.verdict(), "fetched", "{ran:?}");
    let files = [
        "intel/root-crl.der",
        "intel/pck-crl-platform.der",
        "intel/qe-identity-tdx.json",
        "intel/tcb-info-tdx-90c06f000000.json",
    ];
    assert_eq!(ran.files(), files.map(|file| ("fetched".to_owned(), file.to_owned())));
    assert_eq!(ran.json()["files"][2]["until"], "2026-04-15T22:16:03Z");
    assert_eq!(service.asked().len(), 4);

    let after = bench.run(&format!("inspect {TDX}"));
    assert_eq!(after.verdict(), "authentic");
    assert!(after.warnings().is_empty(), "{after:?}");
    assert_eq!(after.json()["claims"]["tcb"]["status"], "UpToDate");
    assert_eq!(bench.run(&fetch).states(), ["cached"; 4]);
    assert!(service.asked().is_empty());

    // Intel publishes the root's list elsewhere.
    let ran =
        bench.run(&format!("{fetch} --refresh --root-crl {}/IntelSGXRootCA.der", service.url()));
    assert_eq!(ran.states(), ["fetched"; 4]);
    assert_eq!(service.asked()[0], "/IntelSGXRootCA.der");

    // When it is out of date it is no longer enough, and what the service has is not, either.
    let late = TDX.replace("2026-03-20", "2026-08-01");
    let ran = bench.run(&format!("fetch {late} --pcs {}", service.url()));
    assert_eq!(ran.verdict(), "evidence.crl-stale");
    assert_eq!(bench.run(&format!("inspect {late}")).verdict(), "evidence.collateral-stale");
}

#[test]
fn lists_come_without_evidence() {
    let Some((_, shelf)) = Shelf::right() else { return };
    let (bench, service) = (released(), shelf.serve());
    let ran = bench.run(&format!(
        "fetch --lists intel --cache @cache --at 2026-03-20T00:00:00Z --pcs {}",
        service.url()
    ));
    // The played service has no list of the other authority; what it has is kept.
    assert_eq!(ran.verdict(), "fetch.not-found");
    assert!(!bench.read("cache/intel/root-crl.der").is_empty());
    assert!(!bench.read("cache/intel/pck-crl-platform.der").is_empty());
}

#[test]
fn answers_that_are_refused_are_not_kept() {
    let Some((quote, right)) = Shelf::right() else { return };
    type Change = fn(&mut Shelf);
    let rows: [(Change, &str, &str); 9] = [
        (
            |s| s.info_chain = encoded(AMD_ROOT),
            "evidence.unknown-root",
            "tcb-info-tdx-90c06f000000.json",
        ),
        (
            |s| {
                s.info =
                    String::from_utf8_lossy(&s.info).replace("\"OutOfDate\"", "\"UpToDate\"").into()
            },
            "evidence.collateral-signature",
            "tcb-info-tdx-90c06f000000.json",
        ),
        (
            |s| s.info = s.identity.clone(),
            "evidence.collateral-mismatch",
            "tcb-info-tdx-90c06f000000.json",
        ),
        (
            |s| s.info = b"<html>".to_vec(),
            "evidence.collateral-malformed",
            "tcb-info-tdx-90c06f000000.json",
        ),
        (
            |s| s.info_chain = "none".to_owned(),
            "evidence.malformed",
            "tcb-info-tdx-90c06f000000.json",
        ),
        (|s| s.identity_chain.clone_from(&s.list_chain), "evidence.collateral-signature", "none"),
        (
            |s| s.list_chain.clone_from(&s.info_chain),
            "evidence.collateral-missing",
            "pck-crl-platform.der",
        ),
        (|s| s.pck_list = s.root_list.clone(), "evidence.crl", "pck-crl-platform.der"),
        (|s| s.root_list = s.pck_list.clone(), "evidence.crl", "root-crl.der"),
    ];
    for (index, (change, reason, file)) in rows.into_iter().enumerate() {
        let (bench, mut shelf) = (released(), right.clone());
        change(&mut shelf);
        let service = shelf.serve();
        bench.write("quote", &quote);
        let ran = bench.run(&format!("fetch {TDX} --pcs {}", service.url()));
        if file == "none" {
            // Without a signer in the header the published ones are tried, which made this document.
            assert_eq!(ran.verdict(), "fetched", "row {index}");
            continue;
        }
        assert_eq!(ran.verdict(), reason, "row {index}: {ran:?}");
        let path = bench.path(&format!("cache/intel/{file}"));
        assert!(!std::path::Path::new(&path).exists(), "row {index}");
    }
}
