//! An export's sigstore bundle, from the node to its receivers: the command line's users, and npm's. And that
//! nothing leaves while nobody stamps.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloister::node::NodeFolder;
use cloister::stamping::StampFolder;
use domain::Digest;
use domain::event::Action;
use serde_json::{Value, json};
use testkit::loopback::own_address;
use testkit::stamps::OpensslAuthority;
use wire::airlock::OutputSummary;

use crate::harness::{Scene, Stage, program, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn an_export_leaves_with_a_bundle_that_others_accept() {
    let scene = Scene::new();
    let (_, component) = scene.workloads();
    let authority = authority(scene.folder.path());
    let serving = authority.clone().serve_at(own_address().unwrap()).unwrap();
    let address = serving.address();
    let roots = authority.path("root.pem");
    let stage = scene
        .with(format!("--authority=http://{address}/"))
        .with(format!("--tsa-roots={}", roots.display()))
        .start();
    let job = stage.run(&component).await;
    assert_eq!(job.state, "delivered", "{job:?}");
    let [output] = stage.workspace.outputs().await.unwrap().try_into().unwrap();
    stage.workspace.accept(&output).await.unwrap();

    drop(serving);
    assert_eq!(refusal(stage.workspace.export(&output).await), "export.no-time-stamp");
    assert_eq!(stage.refusals(Action::OutputExported), ["export.no-time-stamp"]);
    assert_eq!(stage.accepted(Action::OutputExported), 0);
    assert_eq!(published(&stage), 0);
    let _serving = authority.serve_at(address).unwrap();
    let received = Received::fetch(&stage, &output, "first");
    received.is_accepted_here();
    received.is_accepted_by_npm();
    assert_eq!((stage.accepted(Action::OutputExported), published(&stage)), (1, 1));
    received.is_shown_in_the_log();

    // Another process has its log stamped, and makes the same of what is kept.
    let first = received.bytes();
    let stage = stage.terminate_and_restart();
    is_stamped(&stage, &roots);
    let again = Received::fetch(&stage, &output, "again");
    assert_eq!(again.bytes(), first);
}

/// `openssl ts` in a folder of its own.
fn authority(folder: &Path) -> OpensslAuthority {
    let folder = folder.join("authority");
    fs::create_dir(&folder).unwrap();
    let p256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    OpensslAuthority::create(&folder, &p256).unwrap().in_whole_seconds().unwrap()
}

/// How many signatures the verified log holds beside its decisions.
fn published(stage: &Stage) -> usize {
    let key = stage.workspace.served.trust.log().unwrap();
    let mut leaves = 0;
    tlog_files::verify_folder(&stage.workspace.log_folder(), &key, |_, _| leaves += 1).unwrap();
    leaves - stage.entries().len()
}

/// Waits until the log is stamped as far as it was when this began; the stamps hold.
fn is_stamped(stage: &Stage, roots: &Path) {
    let log = stage.workspace.log_folder();
    let stamps = log.join("stamps");
    let size = stage.entries().len() + published(stage);
    let newest = || StampFolder::new(&stamps).newest().unwrap().unwrap_or_default();
    while newest() < size as u64 {
        std::thread::yield_now();
    }
    let mut verify = on_the_log(stage, "verify");
    verify.arg("--stamps").arg(&stamps).arg("--tsa-roots").arg(roots);
    let verdict = answer(&mut verify, 0);
    assert_eq!(verdict["verdict"], "verified", "{verdict}");
}

/// `cloister log COMMAND` about the node's log.
fn on_the_log(stage: &Stage, name: &str) -> Command {
    let served = &stage.workspace.served;
    let mut command = command("cloister", &["log", name, "--origin", &served.trust.log_origin]);
    command.arg("--key").arg(&served.trust_file).arg("--dir").arg(stage.workspace.log_folder());
    command
}

fn command(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program(name));
    command.arg("--json").args(arguments);
    command
}

/// The JSON of a command that must end with this exit code.
fn answer(command: &mut Command, code: i32) -> Value {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
    serde_json::from_str(&said).unwrap()
}

/// What a receiver has: two files over control, three from the operator.
struct Received<'a> {
    stage: &'a Stage,
    answer: Value,
    zip: PathBuf,
    bundle: PathBuf,
    trust: PathBuf,
    key: PathBuf,
    root: PathBuf,
}

impl<'a> Received<'a> {
    /// As the researcher fetches it.
    fn fetch(stage: &'a Stage, output: &OutputSummary, name: &str) -> Self {
        let served = &stage.workspace.served;
        let researcher = &stage.workspace.people.researcher.id;
        let login = served.logins.iter().find(|login| login.person == *researcher).unwrap();
        let at = |ending: &str| stage.folder.path().join(format!("{name}.{ending}"));
        let (zip, bundle) = (at("zip"), at("sigstore.json"));
        let mut export = command("cloister", &["output", "export", output.output.as_str()]);
        export.arg("--out").arg(&zip).arg("--bundle").arg(&bundle).current_dir(&login.folder);
        let answer = answer(&mut export, 0);
        let node = NodeFolder::open(&stage.workspace.node_folder()).unwrap();
        let (key, root) = (node.bundle_key_file(), node.trusted_root_file());
        Self { stage, answer, zip, bundle, trust: node.trust_file(), key, root }
    }

    /// The export and its bundle.
    fn bytes(&self) -> [Vec<u8>; 2] {
        [&self.zip, &self.bundle].map(|path| fs::read(path).unwrap())
    }

    /// By `export verify`, about this export; by `bundle verify`, about a file of it; not once it is altered.
    fn is_accepted_here(&self) {
        let mut verify = command("cloister-lab", &["export", "verify"]);
        verify.arg(&self.zip).arg("--trust").arg(&self.trust);
        verify.arg("--bundle").arg(&self.bundle).args(self.believed());
        let verdict = answer(&mut verify, 0);
        assert_eq!(verdict["verdict"], "verified");
        assert_eq!(verdict["published"].as_array().unwrap().len(), 1, "{verdict}");

        let artifact = self.bundle.with_extension("artifact");
        fs::write(&artifact, self.file()).unwrap();
        let check = |bundle: &Path, code| {
            let mut verify = command("cloister", &["bundle", "verify", "--bundle"]);
            verify.arg(bundle).arg("--artifact").arg(&artifact).args(self.believed());
            answer(&mut verify, code)
        };
        assert_eq!(check(&self.bundle, 0)["verdict"], "verified");
        let altered = self.bundle.with_extension("altered");
        let mut bundle = self.json();
        bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] =
            json!([]);
        fs::write(&altered, bundle.to_string()).unwrap();
        assert_eq!(check(&altered, 1)["reason"], "bundle.no-time");
    }

    fn is_accepted_by_npm(&self) {
        let key = fs::read_to_string(&self.key).unwrap();
        let lines = key.lines().filter(|line| !line.starts_with("-----"));
        let der = STANDARD.decode(lines.collect::<String>()).unwrap();
        let question = json!({
            "key": key,
            "hint": STANDARD.encode(Digest::of(&der).as_bytes()),
            "cases": [{
                "name": "export",
                "bundle": fs::read_to_string(&self.bundle).unwrap(),
                "root": fs::read_to_string(&self.root).unwrap(),
                "artifact": STANDARD.encode(self.file()),
            }],
        });
        let input = self.bundle.with_extension("question");
        fs::write(&input, question.to_string()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/second-opinion/sigstore/verify.cjs");
        let mut node = Command::new("node");
        node.arg(script).arg(&input).env("CLOISTER_NODE_MODULES", modules());
        let verdict = answer(&mut node, 0);
        assert_eq!(verdict["verdicts"], json!([["export", "accepted", ""]]), "run `make setup`?");
    }

    /// Behind the decision, and for what it is.
    fn is_shown_in_the_log(&self) {
        let index = self.answer["log_index"].as_u64().unwrap() + 1;
        let mut show = on_the_log(self.stage, "show");
        let shown = answer(show.arg("--index").arg(index.to_string()), 0);
        let hint = &self.json()["verificationMaterial"]["publicKey"]["hint"];
        assert_eq!(&shown["published"]["hint"], hint, "{shown}");
    }

    fn believed(&self) -> [&std::ffi::OsStr; 4] {
        let [key, root] = ["--key", "--trusted-root"].map(std::ffi::OsStr::new);
        [key, self.key.as_os_str(), root, self.root.as_os_str()]
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&fs::read(&self.bundle).unwrap()).unwrap()
    }

    /// One of the files that were released.
    fn file(&self) -> Vec<u8> {
        let members = airlock::export::unpack(&fs::read(&self.zip).unwrap()).unwrap();
        members.into_iter().find(|(path, _)| path.starts_with("files/")).unwrap().1
    }
}

/// Where scripts/sigstore.sh puts npm's packages.
fn modules() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from);
    cache.join("cloister-sigstore/node_modules")
}
