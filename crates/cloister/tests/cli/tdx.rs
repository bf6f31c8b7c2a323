//! `measure tdx`, and event logs beside evidence.

use serde_json::json;
use testkit::direct_boot;

use crate::run::{Bench, vector};

const ZEROS: &str = "000000000000000000000000000000000000000000000000\
                     000000000000000000000000000000000000000000000000";

fn bench() -> Bench {
    let bench = Bench::new();
    let variables: Vec<u8> = (0..251).cycle().take(0x1000).collect();
    bench.write("OVMF.fd", direct_boot::firmware(&variables, &[(0x81_0000, 0x2000)]));
    bench.write("vmlinuz", direct_boot::kernel());
    bench.write("initrd", "initrd");
    bench
}

#[test]
fn registers_that_files_decide_are_computed_and_the_other_is_not_guessed() {
    let bench = bench();
    let files = "measure tdx --ovmf OVMF.fd --kernel vmlinuz --initrd initrd --append quiet";
    let ran = bench.run(files);
    assert_eq!(ran.verdict(), (0, "measured", None), "{ran:?}");
    assert_eq!(ran.members(), ["missing", "mrtd", "reason", "rtmrs", "verdict"]);
    assert!(ran.text("mrtd").starts_with("9bbc2d3e27d50bda"), "{ran:?}");
    assert_eq!(ran.json["rtmrs"][0], json!(null));
    assert!(ran.json["missing"]["rtmr0"].as_str().unwrap().contains("ACPI"), "{ran:?}");
    let register =
        |ran: &crate::run::Ran, index: usize| ran.json["rtmrs"][index].as_str().unwrap().to_owned();
    assert!(register(&ran, 1).starts_with("609d99bb2d7016f3"), "{ran:?}");
    assert!(register(&ran, 2).starts_with("b132cd0dced29ebe"), "{ran:?}");
    assert_eq!(register(&ran, 3), ZEROS);
    // The options of `measure snp` that say nothing here are taken.
    let same = bench.run(&format!("{files} --vcpus 4 --vcpu-type EPYC-v4 --memory 2G"));
    assert_eq!(same.json, ran.json);

    let older = format!("{files} --kernel-image patched --initrd-argument last");
    assert_eq!(bench.run(&older).code, 2, "the memory matters");
    let older = bench.run(&format!("{older} --memory 1024"));
    assert!(register(&older, 1).starts_with("d0dd871b693b86ca"), "{older:?}");
    assert!(register(&older, 2).starts_with("bef5355395bde662"), "{older:?}");

    let firmware = bench.run("measure tdx --ovmf OVMF.fd");
    assert_eq!(firmware.json["mrtd"], ran.json["mrtd"]);
    assert_eq!(firmware.json["rtmrs"], json!([null, null, null, ZEROS]));
    assert_eq!(bench.run("measure tdx").code, 2);
    bench.write("vmlinuz", "no kernel");
    assert_eq!(bench.run(files).verdict(), (1, "refused", Some("launch.kernel")));
}

#[test]
fn a_log_alone_is_replayed() {
    let rs = "attestation/confidential-dot-ai+attestation-rs/crates/attestation/test_data";
    let Some(rs) = vector(rs) else { return };
    let bench = bench();
    let ran = bench.run(&format!("measure tdx --event-log {rs}/tdx_ccel_live2.dat"));
    assert_eq!(ran.verdict(), (0, "measured", None), "{ran:?}");
    assert_eq!(ran.json["mrtd"], json!(null));
    assert!(ran.json["rtmrs"][0].as_str().unwrap().starts_with("5aca07b1e885e17d"), "{ran:?}");
    assert_eq!(ran.json["rtmrs"][3], ZEROS);
    assert_eq!(ran.json["event_log"].as_array().unwrap().len(), 20);
    let other = format!("measure tdx --ovmf OVMF.fd --event-log {rs}/tdx_ccel_live2.dat");
    assert_eq!(bench.run(&other).verdict(), (1, "refused", Some("launch.other-firmware")));
    let noise = bench.run("measure tdx --event-log initrd");
    assert_eq!(noise.verdict(), (1, "refused", Some("evidence.event-log-malformed")));
}

#[test]
fn a_log_must_explain_the_quote() {
    let Some(google) = vector("attestation/google+go-tdx-guest/testing/testdata/ccel") else {
        return;
    };
    let rs = "attestation/confidential-dot-ai+attestation-rs/crates/attestation/test_data";
    let rs = vector(rs).unwrap();
    let bench = Bench::new();
    let inspect = |kind: &str, log: &str| {
        bench.run(&format!(
            "evidence inspect --kind {kind} --input {google}/cos-113-tdx-quote.dat \
             --at 2025-03-01T00:00:00Z --profile archive --event-log {log}"
        ))
    };
    let ran = inspect("tdx", &format!("{google}/ccel_data.dat"));
    assert_eq!(ran.verdict(), (0, "authentic", None), "{ran:?}");
    let events = ran.json["claims"]["event_log"].as_array().unwrap();
    assert_eq!(events.len(), 43);
    let cmdline = events.iter().find(|event| {
        event["data"].as_str().is_some_and(|data| data.starts_with("kernel_cmdline: "))
    });
    let cmdline = cmdline.unwrap();
    assert_eq!((&cmdline["rtmr"], &cmdline["bound"]), (&json!(2), &json!(true)));
    assert_eq!(cmdline["type"], "EV_IPL");

    let other = inspect("tdx", &format!("{rs}/tdx_ccel_live2.dat"));
    assert_eq!(other.verdict(), (1, "refused", Some("evidence.event-log")));
    let quote = inspect("tdx", &format!("{google}/cos-113-tdx-quote.dat"));
    assert_eq!(quote.verdict(), (1, "refused", Some("evidence.event-log-malformed")));
    let snp = inspect("snp", &format!("{google}/ccel_data.dat"));
    assert_eq!(snp.verdict(), (2, "unusable", Some("evidence.event-log-kind")));
}
