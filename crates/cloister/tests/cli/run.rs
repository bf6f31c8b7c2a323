//! Running the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bundle::write::SigningKey;
use serde_json::Value;
use tempfile::TempDir;

/// Shared test data, beside the project.
pub(crate) const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors");

/// A folder in which the program is run.
pub(crate) struct Bench(TempDir);

impl Bench {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Runs `cloister --json` with the arguments, split at spaces.
    pub(crate) fn run(&self, arguments: &str) -> Ran {
        self.run_with(&arguments.split(' ').collect::<Vec<_>>(), &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = self.command(arguments);
        let output = command.envs(environment.iter().copied()).output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            json: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            lines: lines(&output.stdout),
            errors: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The program with `--json` and the arguments, to be run here.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloister"));
        command.arg("--json").args(arguments).current_dir(self.0.path());
        for variable in ["CLOISTER_SERVER", "CLOISTER_PIN", "CLOISTER_TOKEN"] {
            command.env_remove(variable);
        }
        command
    }

    /// Starts `cloister --json` with the arguments, split at spaces, and kills it at once when `is_time`
    /// says so.
    pub(crate) fn kill_when(&self, arguments: &str, is_time: impl Fn() -> bool) {
        let mut command = self.command(&arguments.split(' ').collect::<Vec<_>>());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !is_time() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Makes a key that signs bundles.
    pub(crate) fn p256_key(&self, name: &str) -> SigningKey {
        let openssl = |arguments: &str| {
            let mut command = Command::new("openssl");
            let output = command.args(arguments.split(' ')).current_dir(self.0.path()).output();
            assert!(output.unwrap().status.success(), "{arguments}");
        };
        let p256 = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
        openssl(&format!("genpkey {p256} -out {name}.pem"));
        openssl(&format!("pkcs8 -topk8 -nocrypt -in {name}.pem -outform DER -out {name}.der"));
        SigningKey::from_pkcs8(&self.read(&format!("{name}.der"))).unwrap()
    }

    /// Makes a key pair `NAME.key` and `NAME.pem`; the public key's text.
    pub(crate) fn key(&self, name: &str) -> String {
        let made = self.run(&format!("key generate --out {name}.key --public {name}.pem"));
        assert_eq!(made.code, 0, "{made:?}");
        made.text("public")
    }
}

/// What the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) json: Value,
    /// What is a document on a line of its own.
    pub(crate) lines: Vec<Value>,
    pub(crate) errors: String,
}

impl Ran {
    pub(crate) fn text(&self, member: &str) -> String {
        self.json[member].as_str().unwrap_or_else(|| panic!("no `{member}` in {self:?}")).to_owned()
    }

    /// Exit code, verdict and reason, in one comparison.
    pub(crate) fn verdict(&self) -> (i32, &str, Option<&str>) {
        let verdict = self.json["verdict"].as_str().unwrap_or("none");
        (self.code, verdict, self.json["reason"].as_str())
    }

    /// The names in the answer, sorted.
    pub(crate) fn members(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.json.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

pub(crate) fn lines(output: &[u8]) -> Vec<Value> {
    output.split(|byte| *byte == b'\n').filter_map(|it| serde_json::from_slice(it).ok()).collect()
}

/// The path of shared test data, or a note that a test is skipped.
pub(crate) fn vector(path: &str) -> Option<String> {
    let path = Path::new(VECTORS).join(path);
    if path.exists() {
        return Some(path.canonicalize().unwrap().to_str().unwrap().to_owned());
    }
    println!("skipped: `{}` is not beside this project", path.display());
    None
}

#[test]
fn wrong_usage_is_code_2() {
    let bench = Bench::new();
    for arguments in ["nonsense", "dataset verify", "measure snp --vcpus 0", "log verify"] {
        let ran = bench.run(arguments);
        assert_eq!(ran.code, 2, "{arguments}");
        assert!(ran.errors.contains("--help"), "{arguments}: {}", ran.errors);
    }
}

#[test]
fn keys_are_private_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    let public = bench.key("alice");
    let mode = fs::metadata(bench.path("alice.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = bench.read("alice.key");
    let again = bench.run("key generate --out alice.key");
    assert_eq!(again.verdict(), (2, "unusable", Some("output.unwritable")));
    assert_eq!(bench.read("alice.key"), before);
    for form in ["alice.key", "alice.pem", &public] {
        let shown = bench.run(&format!("key show {form}"));
        assert_eq!(shown.text("public"), public);
        assert_eq!(shown.text("pem").as_bytes(), bench.read("alice.pem"));
    }
    bench.write("noise", "noise");
    let shown = bench.run(&format!("key show {public} --log example.org/log"));
    let log: tlog::VerifierKey = shown.json["log"].as_str().unwrap().parse().unwrap();
    assert_eq!((log.origin(), log.public().to_string().as_str()), ("example.org/log", &*public));
    let named = bench.run(&format!("key show {public} --log a+b"));
    assert_eq!(named.verdict(), (2, "unusable", Some("log.malformed")));
    assert_eq!(bench.run("key show noise").verdict(), (2, "unusable", Some("input.malformed")));
    assert_eq!(bench.run("key show absent").verdict(), (2, "unusable", Some("input.unreadable")));
}

#[test]
fn doctor_lists_what_it_looked_at() {
    let ran = Bench::new().run("doctor --image nowhere");
    assert_eq!(ran.verdict(), (1, "refused", Some("doctor.not-ready")));
    let findings = ran.json["findings"].as_array().unwrap();
    let image = findings.iter().find(|finding| finding["name"] == "guest image").unwrap();
    assert_eq!((&image["ok"], &image["required"]), (&false.into(), &true.into()));
    assert_eq!(findings.len(), 8);
}
