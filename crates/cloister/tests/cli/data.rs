//! `dataset` and `output check`.

use seal::SealingSecretKey;
use zeroize::Zeroizing;

use crate::run::Bench;

const DESCRIPTION: &str = r#"
id = "people"
title = "People"
description = "Made up."
classification = "confidential"
custodians = ["custodian.pem"]
threshold = 1
[columns.diagnosis]
role = "sensitive"
"#;

const RULES: &str = r#"
version = 1
[tables]
threshold = 5
[microdata]
k = 5
[limits]
file_types = ["csv"]
max_files = 4
max_file_bytes = 10_000
max_total_bytes = 20_000
max_depth = 1
max_rows = 100
max_columns = 4
max_cell_chars = 20
significant_digits = 6
[[output]]
name = "visits.csv"
kind = "table"
categories = ["site"]
counts = ["people"]
numbers = []
[[output]]
name = "extract.csv"
kind = "microdata"
categories = ["diagnosis"]
numbers = []
"#;

/// A bench with a sealed dataset; `None` on a machine without `mkfs.erofs`.
pub(crate) fn sealed() -> Option<Bench> {
    let bench = Bench::new();
    bench.key("custodian");
    bench.write("people/people.csv", "age,diagnosis\n30,flu\n41,flu\n");
    bench.write("people.toml", DESCRIPTION);
    let ran = bench.run(SEAL);
    if ran.json["reason"] == "sealing.mkfs-missing" {
        println!("skipped: `mkfs.erofs` is not installed");
        return None;
    }
    assert_eq!(ran.verdict(), (0, "sealed", None), "{ran:?}");
    let warning = "column `age` is not described: taken for a quasi-identifier";
    assert_eq!(ran.json["warnings"], serde_json::json!([warning]));
    assert_eq!(ran.json["rows"], 2);
    Some(bench)
}

const SEAL: &str = "dataset seal people --out sealed --key people.secret \
                    --description people.toml --signer custodian.key";

#[test]
fn a_dataset_is_sealed_verified_and_wrapped() {
    let Some(bench) = sealed() else { return };
    assert_eq!(bench.read("people.secret").len(), 32);
    let verified = bench.run("dataset verify sealed --signer custodian.pem");
    assert_eq!(verified.verdict(), (0, "verified", None));
    let members = [
        "bytes", "columns", "created", "digest", "folder", "id", "reason", "rows", "signer",
        "title", "verdict", "warnings",
    ];
    assert_eq!(verified.members(), members);
    let opens = bench.run("dataset check-key sealed --signer custodian.pem --key people.secret");
    assert_eq!(opens.verdict(), (0, "opens", None));

    let broker = SealingSecretKey::from_seed(&Zeroizing::new([4; 32])).unwrap().public();
    let wrap =
        format!("dataset wrap sealed --signer custodian.pem --key people.secret --broker {broker}");
    let wrapped = bench.run(&wrap);
    assert_eq!(wrapped.code, 0, "{wrapped:?}");
    assert_eq!(wrapped.members(), ["manifest", "signer", "wrapped_key"]);
    bench.write("people.secret", [0; 32]);
    assert_eq!(bench.run(&wrap).verdict(), (1, "refused", Some("seal.luks-wrong-secret")));
    bench.write("people.secret", "short");
    assert_eq!(bench.run(&wrap).verdict(), (2, "unusable", Some("input.malformed")));
}

#[test]
fn a_damaged_dataset_is_refused_with_the_reason() {
    let Some(bench) = sealed() else { return };
    let verify = "dataset verify sealed --signer custodian.pem";
    bench.key("stranger");
    let stranger = bench.run("dataset verify sealed --signer stranger.pem");
    assert_eq!(stranger.verdict(), (1, "refused", Some("dataset.signature")));
    let mut data = bench.read("sealed/data.img");
    data[17] ^= 1;
    bench.write("sealed/data.img", data);
    assert_eq!(bench.run(verify).verdict(), (1, "refused", Some("seal.verity-data")));
    assert_eq!(bench.run(SEAL).verdict(), (1, "refused", Some("sealing.exists")));
    let absent = bench.run("dataset verify absent --signer custodian.pem");
    assert_eq!(absent.verdict(), (2, "unusable", Some("sealing.file")));
}

#[test]
fn output_checks_are_those_of_the_enclave() {
    let Some(bench) = sealed() else { return };
    bench.write("rules.toml", RULES);
    bench.write("out/visits.csv", "site,people\nnorth,9\nsouth,12\n");
    let check = "output check out --rules rules.toml";
    let passed = bench.run(check);
    assert_eq!(passed.verdict(), (0, "passed", None), "{passed:?}");
    assert_eq!(passed.json["files"][0]["name"], "visits.csv");

    bench.write("out/visits.csv", "site,people\nnorth,4\nsouth,12\n");
    let refused = bench.run(check);
    assert_eq!(refused.verdict(), (1, "refused", Some("output.cell-below-threshold")));
    assert_eq!(refused.json["refused"], serde_json::json!(["visits.csv"]));
    bench.write("out/visits.csv", "site,people\nnorth,9\n");

    std::os::unix::fs::symlink("/etc/hostname", bench.path("out/link.csv")).unwrap();
    assert_eq!(bench.run(check).verdict(), (1, "refused", Some("output.symlink")));
    std::fs::remove_file(bench.path("out/link.csv")).unwrap();

    // `diagnosis` is sensitive in the signed manifest, a quasi-identifier without it.
    bench.write("out/extract.csv", "diagnosis\na\nb\nc\nd\ne\n");
    assert_eq!(bench.run(check).verdict(), (1, "refused", Some("output.k-anonymity")));
    let roles = format!("{check} --dataset sealed --signer custodian.pem");
    assert_eq!(bench.run(&roles).verdict(), (0, "passed", None));

    bench.write("rules.toml", "version = 9");
    assert_eq!(bench.run(check).code, 2);
    assert_eq!(bench.run("output check nowhere --rules rules.toml").code, 2);
}

#[test]
fn counts_are_held_against_the_people_in_made_up_data() {
    let Some(bench) = sealed() else { return };
    let records = RULES.replacen(
        "numbers = []\n",
        "numbers = []\nrecords = { categories = { site = { from = \"age\" } } }\n",
        1,
    );
    bench.write("rules.toml", records);
    bench.write("out/visits.csv", "site,people\n30,6\n");
    let check = "output check out --rules rules.toml --dataset sealed --signer custodian.pem";
    let rehearsed = bench.run(check);
    assert_eq!(rehearsed.verdict(), (0, "passed", None), "{rehearsed:?}");
    bench.write("data/people.csv", format!("age,diagnosis\n{}", "30,flu\n".repeat(6)));
    let data = format!("{check} --data data");
    assert_eq!(bench.run(&data).verdict(), (0, "passed", None));
    bench.write("out/visits.csv", "site,people\n30,7\n");
    assert_eq!(bench.run(&data).verdict(), (1, "refused", Some("output.count-mismatch")));
}

/// The session has the members of one that ACRO itself wrote, of the same types.
#[test]
fn an_acro_session_is_written_as_acro_writes_it() {
    let bench = Bench::new();
    bench.write("rules.toml", RULES);
    bench.write("out/visits.csv", "site,people\nnorth,9\nsouth,4\n");
    let ran = bench.run("output check out --rules rules.toml --acro session");
    assert_eq!(ran.verdict(), (1, "refused", Some("output.cell-below-threshold")));
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&bench.read(&format!("session/{name}"))).unwrap()
    };
    let (results, config) = (read("results.json"), read("config.json"));
    let output = &results["results"]["output_0"];
    assert_eq!(output["status"], "fail");
    let sdc = &output["files"][0]["sdc"];
    assert_eq!(sdc["summary"]["MinimumThresholdCheck"], 1);
    assert_eq!(sdc["cells"]["MinimumThresholdCheck"], serde_json::json!([[1, 0]]));
    assert_eq!(output["fair"]["check_status"]["MinimumThresholdCheck"], "fail");
    let digest = domain::Digest::of(&bench.read("session/results.json")).hex();
    assert_eq!(bench.read("session/checksums/results.json.txt"), digest.into_bytes());
    assert_eq!(bench.run("output check out --rules rules.toml --acro session").code, 2);

    let theirs = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vectors/anonymity/oracles/acro_session"
    );
    let Ok(bytes) = std::fs::read(format!("{theirs}/results.json")) else {
        return println!("skipped 1 comparison: the shared vectors are not here");
    };
    let theirs_config = std::fs::read(format!("{theirs}/config.json")).unwrap();
    let theirs: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(results["version"], theirs["version"]);
    let published = theirs["results"]["output_0"].as_object().unwrap();
    for (name, value) in published {
        let ours = &output[name];
        assert_eq!(
            std::mem::discriminant(ours),
            std::mem::discriminant(value),
            "{name}: {ours} beside {value}"
        );
    }
    for name in published["fair"].as_object().unwrap().keys() {
        assert!(output["fair"].get(name).is_some(), "{name}");
    }
    let theirs: serde_json::Value = serde_json::from_slice(&theirs_config).unwrap();
    for (name, value) in config.as_object().unwrap() {
        assert_eq!(std::mem::discriminant(value), std::mem::discriminant(&theirs[name]), "{name}");
    }
}
