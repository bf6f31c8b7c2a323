//! `evidence`, `measure`, `bundle` and `export`: verdicts on what others made.

use domain::Timestamp;
use domain::claims::{Generation, GuestPolicy, HostData, Measurement, ReportData};
use testkit::emulated::{Launch, SecurityProcessor};

use crate::run::{Bench, vector};

#[test]
fn emulated_evidence_is_no_evidence_to_the_released_program() {
    let bench = Bench::new();
    let at: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let processor = SecurityProcessor::create(Generation::Genoa, at).unwrap();
    let launch = Launch {
        measurement: Measurement::from_bytes([1; 48]),
        host_data: HostData::from_bytes([2; 32]),
        policy: GuestPolicy::new(0x3_0000),
    };
    let report_data = ReportData::from_bytes([3; 64]);
    let evidence = processor.evidence(&launch, report_data, 0).unwrap();
    bench.write("evidence.json", serde_json::to_vec(&evidence).unwrap());
    let input = format!("--kind snp --input evidence.json --at {at}");
    let refused = (1, "refused", Some("evidence.emulated-platform"));
    let inspected = bench.run(&format!("evidence inspect {input}"));
    assert_eq!(inspected.verdict(), refused);
    assert_eq!(inspected.members(), ["claims", "detail", "reason", "verdict", "warnings"]);

    // A trust file that names the laboratory's root changes nothing.
    let key = bench.key("anyone");
    let root = base64(processor.ark_der());
    let trust = serde_json::json!({
        "version": "cloister-trust/1", "log_origin": "example.org/log", "log_key": key,
        "airlock": key, "custodians": [key], "emulated_root": root,
    });
    bench.write("trust.json", trust.to_string());
    let trusted = format!("evidence inspect {input} --trust trust.json");
    assert_eq!(bench.run(&trusted).verdict(), refused);
    let expect = format!(
        "measurements = [\"{}\"]\nhost_data = \"sha256:{}\"\nreport_data = \"{report_data}\"\n\
         chips = \"any\"\n",
        launch.measurement, launch.host_data
    );
    bench.write("expect.toml", &expect);
    let verify = format!("evidence verify {input} --trust trust.json --expect expect.toml");
    assert_eq!(bench.run(&verify).verdict(), refused);
    bench.write("expect.toml", expect.replace("chips = \"any\"\n", ""));
    assert_eq!(bench.run(&verify).verdict(), (2, "unusable", Some("input.malformed")));
}

#[test]
fn a_published_report_is_inspected() {
    let folder = "attestation/confidential-dot-ai+attestation-rs/crates/attestation/test_data/snp";
    let Some(folder) = vector(folder) else { return };
    let bench = Bench::new();
    let input = format!(
        "evidence inspect --kind snp --input {folder}/live-report-v5-genoa.bin \
         --certs {folder}/live-vcek-genoa.der --profile archive --at 2026-06-01T00:00:00Z"
    );
    let ran = bench.run(&input);
    assert_eq!(ran.verdict(), (0, "authentic", None), "{ran:?}");
    assert_eq!(ran.members(), ["claims", "platform", "reason", "verdict", "warnings"]);
    assert_eq!(ran.json["platform"], "hardware");
    assert_eq!(ran.json["claims"]["report_version"], 5);
    let warnings = ran.json["warnings"].as_array().unwrap();
    assert!(warnings.contains(&"evidence.crl-not-checked".into()), "{warnings:?}");

    let mut report = std::fs::read(format!("{folder}/live-report-v5-genoa.bin")).unwrap();
    report[0x50] ^= 1;
    bench.write("report.bin", report);
    let ran = bench.run(&format!(
        "evidence inspect --kind snp --input report.bin --certs {folder}/live-vcek-genoa.der \
         --profile archive --at 2026-06-01T00:00:00Z"
    ));
    assert_eq!(ran.verdict(), (1, "refused", Some("evidence.signature")));
}

/// In Intel's files and in dcap-qvl's; raw, hexadecimal and inside JSON.
#[test]
fn published_quotes_are_inspected() {
    let Some(google) = vector("attestation/google+go-tdx-guest/testing/testdata") else { return };
    let rs = "attestation/confidential-dot-ai+attestation-rs/crates/attestation/test_data";
    let rs = vector(rs).unwrap();
    let phala = vector("attestation/Phala-Network+dcap-qvl").unwrap();
    let bench = Bench::new();
    let folder = format!("{rs}/collateral");
    let intel = format!(
        "--crl {folder}/root_ca_crl.der --crl {folder}/pck_crl_platform.der \
         --certs {folder}/tcb_signing_chain.pem --collateral {folder}/td_qe_identity.json \
         --collateral {folder}/tcb_info_50806f000000.json \
         --collateral {folder}/tcb_info_90c06f000000.json --at 2026-03-20T00:00:00Z"
    );
    for input in
        [format!("{google}/quote_v5_sample.dat"), format!("{rs}/az_tdx/live-evidence.json")]
    {
        let ran = bench.run(&format!("evidence inspect --kind tdx --input {input} {intel}"));
        assert_eq!(ran.verdict(), (0, "authentic", None), "{ran:?}");
        assert_eq!(ran.json["platform"], "hardware");
        assert_eq!(ran.json["warnings"], serde_json::json!([]));
        assert_eq!(ran.json["claims"]["tcb"]["status"], "UpToDate");
        assert_eq!(ran.json["claims"]["platform"]["fmspc"], "90c06f000000");
        assert_eq!(ran.json["claims"]["td_attributes"], "0x10000000");
    }
    let near = format!("{phala}/tests/near/contracts/gas-test/tests/quote");
    let ran = bench.run(&format!(
        "evidence inspect --kind tdx --input {near}/quote_hex.txt \
         --collateral {near}/quote_collateral.json --at 2025-09-15T00:00:00Z"
    ));
    assert_eq!(ran.verdict(), (0, "authentic", None), "{ran:?}");

    let sgx = format!(
        "--input {phala}/sample/sgx_quote --collateral {phala}/sample/sgx_quote_collateral.json \
         --at 2025-07-01T00:00:00Z"
    );
    let ran = bench.run(&format!("evidence inspect --kind sgx {sgx}"));
    let reason = "evidence.tcb-configuration-and-sw-hardening-needed";
    assert_eq!(ran.verdict(), (1, "refused", Some(reason)));
    let ran = bench.run(&format!("evidence inspect --kind sgx {sgx} --profile archive"));
    assert_eq!(ran.verdict(), (0, "authentic", None), "{ran:?}");
    assert_eq!(ran.json["warnings"], serde_json::json!([reason]));
    let ran = bench.run(&format!("evidence inspect --kind tdx {sgx}"));
    assert_eq!(ran.verdict(), (1, "refused", Some("evidence.tee-type")));

    let mut quote = std::fs::read(format!("{google}/quote_v5_sample.dat")).unwrap();
    quote[600] ^= 1;
    bench.write("quote", quote);
    let ran = bench.run(&format!("evidence inspect --kind tdx --input quote {intel}"));
    assert_eq!(ran.verdict(), (1, "refused", Some("evidence.signature")));
}

#[test]
fn a_published_quote_is_verified_against_what_it_must_show() {
    let Some(phala) = vector("attestation/Phala-Network+dcap-qvl/sample") else { return };
    let bench = Bench::new();
    let input = format!(
        "--kind tdx --input {phala}/tdx_quote --collateral {phala}/tdx_quote_collateral.json \
         --at 2025-07-01T00:00:00Z"
    );
    let ran = bench.run(&format!("evidence inspect {input}"));
    let claims = &ran.json["claims"];
    let text = |name: &str| format!("{name} = {}\n", claims[name]);
    let names = ["mrconfigid", "mrowner", "mrownerconfig", "report_data", "td_attributes", "xfam"];
    let mut expect: String = names.into_iter().map(text).collect();
    expect.push_str(&format!("measurements = [{}]\nrtmrs = {}\n", claims["mrtd"], claims["rtmrs"]));
    expect.push_str("modules = \"any\"\nplatforms = \"any\"\n");
    let families = format!("families = [{}]\n", claims["platform"]["fmspc"]);
    bench.write("expect.toml", format!("{expect}{families}"));
    let verify = format!("evidence verify {input} --expect expect.toml");
    let ran = bench.run(&verify);
    assert_eq!(ran.verdict(), (0, "verified", None), "{ran:?}");
    bench.write("expect.toml", format!("{expect}families = [\"000000000000\"]\n"));
    assert_eq!(bench.run(&verify).verdict(), (1, "refused", Some("evidence.fmspc-not-allowed")));
    bench.write("expect.toml", expect);
    assert_eq!(bench.run(&verify).verdict(), (2, "unusable", Some("input.malformed")));
}

/// The published platform needs a configuration, which no decision accepts; what comes before that is
/// the evidence's and what comes after is compared in the library's tests.
#[test]
fn a_published_quote_of_an_enclave_is_decided_on() {
    let Some(phala) = vector("attestation/Phala-Network+dcap-qvl/sample") else { return };
    let bench = Bench::new();
    let input = format!("--kind sgx --input {phala}/sgx_quote --at 2025-07-01T00:00:00Z");
    let collateral = format!("--collateral {phala}/sgx_quote_collateral.json");
    let inspected = bench.run(&format!("evidence inspect {input} {collateral} --profile archive"));
    let claims = &inspected.json["claims"];
    let names = [
        "isv_prod_id",
        "isv_svn",
        "isv_ext_prod_id",
        "isv_family_id",
        "config_id",
        "config_svn",
        "attributes",
        "misc_select",
        "report_data",
    ];
    let expect: String = names.map(|name| format!("{name} = {}\n", claims[name])).concat();
    let expect = format!(
        "{expect}mrenclaves = [{}]\nattributes_mask = \"{}\"\nfamilies = \"any\"\n\
         platforms = \"any\"\n",
        claims["mrenclave"],
        "f".repeat(32)
    );
    let whole = format!("{expect}mrsigners = [{}]\n", claims["mrsigner"]);
    bench.write("expect.toml", &whole);
    let verify = format!("evidence verify {input} --expect expect.toml");
    let refused = |reason| (1, "refused", Some(reason));
    let status = "evidence.tcb-configuration-and-sw-hardening-needed";
    assert_eq!(bench.run(&format!("{verify} {collateral}")).verdict(), refused(status));
    assert_eq!(bench.run(&verify).verdict(), refused("evidence.collateral-missing"));
    let tdx = verify.replace("--kind sgx", "--kind tdx");
    assert_eq!(bench.run(&tdx).verdict(), (2, "unusable", Some("input.malformed")));
    for unusable in [expect.clone(), format!("{expect}mrsigners = []\n")] {
        bench.write("expect.toml", unusable);
        assert_eq!(bench.run(&verify).verdict(), (2, "unusable", Some("input.malformed")));
    }
}

#[test]
fn evidence_of_a_gpu_is_decided_on() {
    let folder = "attestation/confidential-containers+trustee/deps/verifier/test_data/nvidia";
    let Some(report) = vector(&format!("{folder}/hopperAttestationReport.txt")) else { return };
    let chain = vector(&format!("{folder}/hopper_cert_chain_case1.txt")).unwrap();
    let bench = Bench::new();
    let input =
        format!("--kind nvidia-gpu --input {report} --certs {chain} --at 2026-06-01T00:00:00Z");
    let inspected = bench.run(&format!("evidence inspect {input}"));
    let claims = &inspected.json["claims"];
    let expect = format!(
        "nonce = {}\narchitecture = \"hopper\"\ndevices = [{}]\nprotected_pcie = {}\n",
        claims["nonce"], claims["device"], claims["protected_pcie"]
    );
    bench.write("expect.toml", &expect);
    let verify = format!("evidence verify {input} --expect expect.toml");
    let unusable = |reason| (2, "unusable", Some(reason));
    assert_eq!(bench.run(&verify).verdict(), unusable("evidence.collateral"));
    bench.write("no.xml", "<no/>");
    let manifests = format!("{verify} --collateral no.xml --collateral no.xml");
    let refused = |reason| (1, "refused", Some(reason));
    assert_eq!(bench.run(&manifests).verdict(), refused("evidence.malformed"));
    let rows = [
        ("architecture = \"hopper\"", "architecture = \"blackwell\"", "evidence.gpu-architecture"),
        ("devices = [\"", "devices = [] #", "evidence.chip-not-allowed"),
        ("nonce = \"", "nonce = \"00", "input.malformed"),
        ("protected_pcie", "protected", "input.malformed"),
    ];
    for (from, to, reason) in rows {
        bench.write("expect.toml", expect.replace(from, to));
        assert_eq!(bench.run(&manifests).verdict().2, Some(reason), "{to}");
    }
}

#[test]
fn evidence_of_a_real_gpu_is_authentic_until_a_bit_changes() {
    let folder = "attestation/confidential-containers+trustee/deps/verifier/test_data/nvidia";
    let Some(report) = vector(&format!("{folder}/hopperAttestationReport.txt")) else { return };
    let chain = vector(&format!("{folder}/hopper_cert_chain_case1.txt")).unwrap();
    let bench = Bench::new();
    let command = |input: &str| {
        format!(
            "evidence inspect --kind nvidia-gpu --input {input} --certs {chain} \
             --at 2026-06-01T00:00:00Z"
        )
    };
    let ran = bench.run(&command(&report));
    assert_eq!(ran.verdict(), (0, "authentic", None), "{ran:?}");
    assert_eq!(ran.members(), ["claims", "platform", "reason", "verdict", "warnings"]);
    assert_eq!(ran.json["claims"]["architecture"], "hopper");
    assert_eq!(ran.json["claims"]["driver_version"], "550.90.07");
    let warnings = ran.json["warnings"].as_array().unwrap();
    assert!(warnings.contains(&"evidence.gpu-rim-missing".into()), "{warnings:?}");

    let mut text = std::fs::read_to_string(report).unwrap();
    text.replace_range(8..9, if text.get(8..9) == Some("0") { "1" } else { "0" });
    bench.write("report.txt", text);
    let ran = bench.run(&command("report.txt"));
    assert_eq!(ran.verdict(), (1, "refused", Some("evidence.signature")));
    bench.write("noise", "a report");
    let ran = bench.run("evidence inspect --kind nvidia-gpu --input noise");
    assert_eq!(ran.verdict(), (1, "refused", Some("evidence.malformed")));
}

#[test]
fn noise_is_malformed_whatever_its_kind() {
    let bench = Bench::new();
    bench.write("quote", "a quote");
    for kind in ["snp", "tdx", "sgx", "az-snp-vtpm", "az-tdx-vtpm", "nvidia-gpu"] {
        let noise = bench.run(&format!("evidence inspect --kind {kind} --input quote"));
        assert_eq!(noise.verdict(), (1, "refused", Some("evidence.malformed")), "{kind}");
    }
    let absent = bench.run("evidence inspect --kind snp --input absent");
    assert_eq!(absent.verdict(), (2, "unusable", Some("input.unreadable")));
    let tdx = bench.run("measure tdx --ovmf quote");
    assert_eq!(tdx.verdict(), (1, "refused", Some("launch.firmware")));
}

#[test]
fn measurements_are_the_published_ones() {
    let path = "attestation/virtee+sev-snp-measure/tests/fixtures/ovmf_AmdSev_suffix.bin";
    let Some(ovmf) = vector(path) else { return };
    let bench = Bench::new();
    let arguments = |features: &'static str| {
        let options = ["--vcpus", "1", "--vcpu-type", "EPYC-v4", "--guest-features", features];
        let files = ["--kernel", "/dev/null", "--initrd", "/dev/null"];
        [&["measure", "snp", "--ovmf", &ovmf, "--append", APPEND][..], &files, &options].concat()
    };
    for (features, start) in [("0x21", "803f691094946e42068a"), ("0x1", "6d287813eb5222d770f7")] {
        let ran = bench.run_with(&arguments(features), &[]);
        assert_eq!(ran.verdict(), (0, "measured", None), "{ran:?}");
        assert!(ran.text("measurement").starts_with(start), "{ran:?}");
    }
    let ran = bench.run(&format!("measure snp --ovmf {ovmf} --vcpus 1 --vcpu-type Pentium"));
    assert_eq!(ran.verdict(), (2, "unusable", Some("launch.vcpu-type")));
    bench.write("noise", "noise");
    let ran = bench.run("measure snp --ovmf noise --vcpus 1 --vcpu-type EPYC-v4");
    assert_eq!(ran.verdict(), (1, "refused", Some("launch.firmware")));
}

const APPEND: &str = "console=ttyS0 loglevel=7";

#[test]
fn bundles_get_their_verdict() {
    let Some(vectors) = vector("sigstore") else { return };
    let bench = Bench::new();
    let case = |name: &str| {
        bench.run(&format!(
            "bundle verify --bundle {vectors}/bundle-verify/{name}/bundle.sigstore.json \
             --artifact {vectors}/bundle-verify/a.txt \
             --trusted-root {vectors}/trusted_roots/production.trusted_root.json \
             --identity {IDENTITY} --issuer https://token.actions.githubusercontent.com"
        ))
    };
    let good = case("happy-path-v0.3-new-mediaType");
    assert_eq!(good.verdict(), (0, "verified", None), "{good:?}");
    assert_eq!(good.members(), ["digest", "logged", "reason", "times", "verdict"]);
    assert_eq!(good.json["logged"], true);
    let bad = case("invalid-checkpoint-signature_fail");
    assert_eq!((bad.code, bad.text("verdict")), (1, "refused".to_owned()));
    assert!(bad.text("reason").starts_with("bundle."), "{bad:?}");
    assert_eq!(case("absent").verdict(), (2, "unusable", Some("input.unreadable")));
}

const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";

#[test]
fn what_is_no_export_is_refused() {
    let bench = Bench::new();
    let key = bench.key("anyone");
    let trust = serde_json::json!({
        "version": "cloister-trust/1", "log_origin": "example.org/log", "log_key": key,
        "airlock": key, "custodians": [key],
    });
    bench.write("trust.json", trust.to_string());
    bench.write("export.zip", "PK\x03\x04 but no export");
    let ran = bench.run("export verify export.zip --trust trust.json");
    assert_eq!(ran.verdict(), (1, "refused", Some("export.container")));
    assert_eq!(ran.members(), ["detail", "reason", "verdict"]);
    let ran = bench.run("export verify absent.zip --trust trust.json");
    assert_eq!(ran.verdict(), (2, "unusable", Some("input.unreadable")));
    bench.write("trust.json", "{}");
    let ran = bench.run("export verify export.zip --trust trust.json");
    assert_eq!(ran.verdict(), (2, "unusable", Some("input.malformed")));
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn evidence_of_azure_is_inspected_and_decided_on() {
    let folder = "attestation/confidential-containers+trustee/deps/verifier/test_data/az-snp-vtpm";
    let Some(folder) = vector(folder) else { return };
    let bench = Bench::new();
    let kind = "--kind az-snp-vtpm --at 2026-01-01T00:00:00Z";
    let current = format!("evidence inspect {kind} --input {folder}/evidence-v2.json");
    let inspected = bench.run(&current);
    assert_eq!(inspected.verdict(), (0, "authentic", None), "{inspected:?}");
    let claims = &inspected.json["claims"];
    assert_eq!(claims["vmpl"], 0);
    // A report, a certificate and a quote as three files, in a version that is refused today.
    let parts = format!(
        "evidence inspect --kind az-snp-vtpm --at 2024-01-01T00:00:00Z --certs {folder}/vcek.pem \
         --input {folder}/hcl-report.bin --collateral {folder}/quote.bin"
    );
    let refused = (1, "refused", Some("evidence.alias-check"));
    assert_eq!(bench.run(&parts).verdict(), refused);
    let archive = bench.run(&format!("{parts} --profile archive"));
    assert_eq!(archive.verdict(), (0, "authentic", None));

    // A decision compares all values, and needs AMD's list.
    let text = |name: &str| claims[name].as_str().unwrap().to_owned();
    let pcrs = serde_json::to_string(&claims["vtpm"]["pcrs"]).unwrap();
    let expect = format!(
        "measurements = [\"{}\"]\nhost_data = \"sha256:{}\"\nchips = \"any\"\npcrs = [{pcrs}]\n",
        text("measurement"),
        text("host_data"),
    );
    let verify =
        format!("evidence verify {kind} --input {folder}/evidence-v2.json --expect expect.toml");
    bench.write("expect.toml", &expect);
    assert_eq!(bench.run(&verify).verdict(), (2, "unusable", Some("input.malformed")));
    bench.write("expect.toml", format!("{expect}nonce = \"00\"\n"));
    let refused = (1, "refused", Some("evidence.crl-missing"));
    assert_eq!(bench.run(&verify).verdict(), refused);
}

#[test]
fn evidence_of_azure_with_tdx_is_inspected_and_decided_on() {
    let folder = "attestation/confidential-dot-ai+attestation-rs/crates/attestation/test_data";
    let Some(folder) = vector(folder) else { return };
    let bench = Bench::new();
    let files = [
        "--collateral {}/td_qe_identity.json --collateral {}/tcb_info_90c06f000000.json",
        "--certs {}/tcb_signing_chain.pem --certs {}/qe_identity_signing_chain.pem",
        "--crl {}/root_ca_crl.der --crl {}/pck_crl_platform.der",
    ];
    let files = files.join(" ").replace("{}", &format!("{folder}/collateral"));
    let evidence = format!(
        "--kind az-tdx-vtpm --input {folder}/az_tdx/live-evidence.json --at 2026-03-20T00:00:00Z"
    );
    let inspected = bench.run(&format!("evidence inspect {evidence} {files}"));
    assert_eq!(inspected.verdict(), (0, "authentic", None), "{inspected:?}");
    assert_eq!(inspected.json["warnings"], serde_json::json!([]));
    let claims = &inspected.json["claims"];
    assert_eq!(claims["tcb"]["status"], "UpToDate");

    let text = |name: &str| format!("{} = {}\n", name, claims[name]);
    let same = ["rtmrs", "mrconfigid", "mrowner", "mrownerconfig", "td_attributes", "xfam"];
    let nonce = claims["vtpm"]["nonce"].as_str().unwrap();
    let expect: String = same.into_iter().map(text).collect();
    let expect = format!(
        "{expect}measurements = [{}]\nmodules = \"any\"\nfamilies = \"any\"\n\
         platforms = \"any\"\npcrs = [{}]\n",
        claims["mrtd"], claims["vtpm"]["pcrs"]
    );
    let verify = format!("evidence verify {evidence} {files} --expect expect.toml");
    bench.write("expect.toml", format!("{expect}nonce = \"{nonce}\"\n"));
    assert_eq!(bench.run(&verify).verdict(), (0, "verified", None));
    bench.write("expect.toml", format!("{expect}nonce = \"00\"\n"));
    assert_eq!(bench.run(&verify).verdict(), (1, "refused", Some("evidence.azure-nonce")));
    bench.write("expect.toml", expect);
    assert_eq!(bench.run(&verify).verdict(), (2, "unusable", Some("input.malformed")));
}
