//! docs/walkthrough.md as its people do it: every stage with `cloister` alone, each person in the
//! folder that `cloister-lab serve` made, against services in another process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use launcher::GuestImage;
use serde_json::Value;

use crate::harness::{Server, program};

/// The folders of a laboratory, and its people's commands.
struct Lab {
    folder: tempfile::TempDir,
    server: Server,
}

impl Lab {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("lab"), &[]);
        Self { folder, server }
    }

    fn home(&self, short: &str) -> PathBuf {
        self.folder.path().join("lab/people").join(short)
    }

    fn person(&self, short: &str) -> &str {
        let logins = &self.server.served.logins;
        logins.iter().find(|login| login.folder.ends_with(short)).unwrap().person.as_str()
    }

    /// `cloister` in the folder of `who`, with the exit code that it must have; its JSON.
    fn answers(&self, who: &str, code: i32, arguments: &[&str]) -> Value {
        let mut command = Command::new(program("cloister"));
        let output = command.arg("--json").args(arguments).current_dir(self.home(who)).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn done(&self, who: &str, arguments: &[&str]) -> Value {
        self.answers(who, 0, arguments)
    }

    fn refused(&self, who: &str, arguments: &[&str], reason: &str) {
        let answer = self.answers(who, 1, arguments);
        assert_eq!(answer["reason"], reason, "{arguments:?}: {answer}");
    }

    fn write(&self, who: &str, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.home(who).join(name), text).unwrap();
    }
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).join("\n")
}

/// Runs another program; what it printed.
fn ran(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {value}"))
}

#[test]
fn every_stage_by_hand() {
    let lab = Lab::start();
    let dataset = sealed(&lab);
    let (workload, proposal) = proposed(&lab, &dataset);
    approved(&lab, &proposal);
    let output = ran_to_an_output(&lab, &workload);
    exported_after_two_votes(&lab, &output);
    audited(&lab);
}

/// Stage 1; the dataset's digest.
fn sealed(lab: &Lab) -> String {
    let home = lab.home("custodian");
    fs::create_dir(home.join("plain")).unwrap();
    let packed = concat!(env!("CARGO_MANIFEST_DIR"), "/../images/demo-data/randhie.csv.xz");
    let table = ran(Command::new("xz").args(["--decompress", "--stdout", packed]));
    lab.write("custodian", "plain/randhie.csv", table);
    let key = lab.done("custodian", &["key", "show", "key.pem"]);
    let key = text(&key, "public");
    let columns = include_str!("../../images/demo-data/dataset.toml");
    lab.write("custodian", "d.toml", format!("custodians=[\"{key}\"]\nthreshold=1\n{columns}"));
    let out = "../../datasets/randhie";
    let sealed = [
        &["dataset", "seal", "plain", "--out", out, "--key", "randhie.secret"][..],
        &["--description", "d.toml", "--signer", "key.pem"],
    ];
    lab.done("custodian", &sealed.concat());

    let header = home.join(out).join("header.img");
    let dump = ran(Command::new("cryptsetup").arg("luksDump").arg(&header));
    assert!(dump.contains("aes-xts-plain64"), "{dump}");
    let broker = lab.server.served.sealing_key.to_string();
    let register = [
        &["dataset", "register", out, "--signer", key, "--key", "randhie.secret"][..],
        &["--broker", &broker],
    ];
    let registered = lab.done("custodian", &register.concat());
    text(&registered, "digest").to_owned()
}

/// The researcher's half of stage 2; the workload's digest and the proposal's file.
fn proposed(lab: &Lab, dataset: &str) -> (String, PathBuf) {
    let home = lab.home("researcher");
    let image = GuestImage::default_folder().unwrap();
    let cache = image.parent().unwrap();
    fs::copy(cache.join("workloads/wasm-counts.wasm"), home.join("program.wasm")).unwrap();
    let cosign = |arguments: &[&str]| {
        let mut command = Command::new(cache.join("bin/cosign"));
        ran(command.args(arguments).env("COSIGN_PASSWORD", "").current_dir(&home));
    };
    cosign(&["generate-key-pair"]);
    let sign = ["sign-blob", "--yes", "--new-bundle-format", "--tlog-upload=false"];
    let files = ["--key", "cosign.key", "--bundle", "program.bundle.json", "program.wasm"];
    cosign(&[&sign[..], &files].concat());

    let part = |name: &str| image.join(name).to_str().unwrap().to_owned();
    let (ovmf, kernel, initrd) = (part("OVMF.amdsev.fd"), part("vmlinuz"), part("initrd"));
    let cmdline = fs::read_to_string(image.join("cmdline")).unwrap();
    let measure = [
        &["measure", "snp", "--ovmf", &ovmf, "--kernel", &kernel, "--initrd", &initrd][..],
        &["--append", &cmdline, "--vcpus", "2", "--vcpu-type", "EPYC-v4"],
    ];
    let measured = lab.done("researcher", &measure.concat());
    lab.write("researcher", "rules.toml", include_str!("../../policies/disclosure/demo.toml"));
    let program = fs::read(home.join("program.wasm")).unwrap();
    let workload = domain::Digest::of(&program).to_string();
    lab.write("researcher", "project.toml", description(lab, dataset, &measured, &workload));
    lab.done("researcher", &["project", "propose", "--file", "project.toml"]);
    lab.done("researcher", &["project", "submit", "proposal.json", "--rules", "rules.toml"]);
    let upload = ["project", "upload-workload", "program.wasm", "--bundle", "program.bundle.json"];
    lab.done("researcher", &upload);
    (workload, home.join("proposal.json"))
}

fn description(lab: &Lab, dataset: &str, measured: &Value, workload: &str) -> String {
    let key = |who: &str| {
        let key = lab.done(who, &["key", "show", "key.pem"]);
        format!("{} = \"{}\"", lab.person(who), text(&key, "public"))
    };
    let expires = cloister::node::now().plus_seconds(3600);
    format!(
        "project = \"by-hand\"\ntitle = \"Visits by plan\"\npurpose = \"To walk every stage\"\n\
         dataset = \"{dataset}\"\nmeasurements = [\"{}\"]\noutput_rules = \"rules.toml\"\n\
         reviews_required = 2\nexpires = \"{expires}\"\n\
         [[workloads]]\nname = \"visits\"\nkind = \"wasm\"\ndigest = \"{workload}\"\n\
         signer = \"cosign.pub\"\n[researchers]\n{}\n[reviewers]\n{}\n{}\n",
        text(measured, "measurement"),
        key("researcher"),
        key("reviewer-1"),
        key("reviewer-2"),
    )
}

/// The custodian's half of stage 2.
fn approved(lab: &Lab, proposal: &Path) {
    let proposal = proposal.to_str().unwrap();
    lab.done("custodian", &["project", "approve", proposal, "--key", "key.pem"]);
    let submit = ["project", "submit-approval", "by-hand", "approval.json"];
    let project = lab.done("custodian", &submit);
    assert_eq!(project["state"], "approved", "{project}");
}

/// Stages 3 to 7; the output's name.
fn ran_to_an_output(lab: &Lab, workload: &str) -> String {
    let author = lab.person("researcher");
    let start = [
        &["job", "start", "--project", "by-hand", "--workload", workload][..],
        &["--author", author, "--key", "key.pem"],
    ];
    let started = lab.done("researcher", &start.concat());
    let job = text(&started, "id").to_owned();
    loop {
        let job = lab.done("researcher", &["job", "status", &job]);
        match text(&job, "state") {
            "delivered" => break,
            "refused" | "failed" | "cancelled" => panic!("{job}"),
            _ => assert_eq!(job["platform"].as_str().unwrap_or("emulated"), "emulated"),
        }
    }
    let outputs = lab.done("reviewer-1", &["output", "list"]);
    text(&outputs["items"][0], "output").to_owned()
}

/// The rest of stage 7, and stage 8.
fn exported_after_two_votes(lab: &Lab, output: &str) {
    let export = ["output", "export", output, "--out", "result.zip"];
    lab.refused("researcher", &export, "review.too-few");
    for who in ["reviewer-1", "reviewer-2"] {
        let review =
            ["output", "review", output, "--reviewer", lab.person(who), "--key", "key.pem"];
        let shown = lab.done(who, &review);
        let file = text(&shown["files"][0], "content");
        assert!(file.contains("plan"), "{file}");
        let vote = ["--vote", "accept", "--package", text(&shown, "package")];
        lab.done(who, &[&review[..], &vote].concat());
        if who == "reviewer-1" {
            lab.refused("researcher", &export, "review.too-few");
        }
    }
    lab.done("researcher", &export);
}

/// Stage 9, by a person who has the trust file and nothing else.
fn audited(lab: &Lab) {
    let trust = lab.server.served.trust_file.to_str().unwrap();
    let result = lab.home("researcher").join("result.zip");
    let verify = ["export", "verify", result.to_str().unwrap(), "--trust", trust];
    lab.refused("auditor", &verify, "evidence.emulated-platform");
    let mut command = Command::new(program("cloister-lab"));
    let verdict = ran(command.arg("--json").args(verify));
    let verdict: Value = serde_json::from_str(&verdict).unwrap();
    assert_eq!(verdict["verdict"], "verified");
    assert_eq!(verdict["platform"], "emulated");

    let origin = &lab.server.served.trust.log_origin;
    let log = lab.folder.path().join("lab/ledger/log");
    let verify = ["log", "verify", "--origin", origin, "--key", trust, "--dir"];
    let verdict = lab.done("auditor", &[&verify[..], &[log.to_str().unwrap()]].concat());
    assert_eq!(verdict["verdict"], "verified");
}
