//! `log stamp` and `log verify --stamps`, with `openssl ts` as the authority.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use domain::Timestamp;
use domain::keys::SecretKey;
use testkit::stamps::OpensslAuthority;
use tlog::{Log, SignedCheckpoint, WitnessKey};
use tlog_files::FileStore;
use zeroize::Zeroizing;

use crate::run::{Bench, Ran};

const ORIGIN: &str = "example.org/log";

/// A log in `log`, its key in `log.vkey`, a policy with one witness in `policy`, the authority's root in `tsa.pem`.
struct Scene {
    bench: Bench,
    log: Log<FileStore>,
    authority: String,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let bench = Bench::new();
        let log = log(&bench, "log");
        bench.write("log.vkey", log.key().to_string());
        let policy = format!("log {}\nwitness office {}\nquorum office\n", log.key(), witness().0,);
        bench.write("policy", policy);
        let folder = tempfile::tempdir().unwrap();
        let key = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        let authority = OpensslAuthority::create(folder.path(), &key).unwrap();
        bench.write("tsa.pem", authority.root().unwrap());
        let authority = format!("http://{}/", authority.serve().unwrap());
        Self { bench, log, authority, _folder: folder }
    }

    /// Appends an entry; the witness cosigns so many seconds ago.
    fn grow(&mut self, entry: &str, ago_s: i64) {
        self.log.append(&[entry.as_bytes().to_vec()]).unwrap();
        let signed = self.log.checkpoint();
        let (witness, secret) = witness();
        let line =
            witness.cosign(signed.checkpoint(), now().plus_seconds(-ago_s), &secret).unwrap();
        self.bench.write("log/checkpoint", format!("{}{line}", signed.note()));
    }

    fn stamp(&self, believed: &str) -> Ran {
        self.bench.run(&format!(
            "log stamp {believed} --dir log --authority {} --tsa-roots tsa.pem --stamps stamps",
            self.authority
        ))
    }

    fn verify(&self, believed: &str) -> Ran {
        let verify = format!("log verify {believed} --dir log --stamps stamps --tsa-roots tsa.pem");
        self.bench.run(&verify)
    }
}

fn log(bench: &Bench, name: &str) -> Log<FileStore> {
    let key = SecretKey::from_seed(&Zeroizing::new([5; 32]));
    let head = bench.path(&format!("{name}-head"));
    Log::open(FileStore::open(&bench.path(name), &head).unwrap(), ORIGIN, key).unwrap()
}

fn witness() -> (WitnessKey, SecretKey) {
    let secret = SecretKey::from_seed(&Zeroizing::new([21; 32]));
    (WitnessKey::new("witness.example/office", secret.public()).unwrap(), secret)
}

fn now() -> Timestamp {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    Timestamp::from_unix_seconds(seconds.try_into().unwrap()).unwrap()
}

const KEY: &str = "--origin example.org/log --key log.vkey";
const POLICY: &str = "--policy policy";

#[test]
fn stamps_of_old_and_new_checkpoints_verify() {
    let mut scene = Scene::new();
    for (number, entry) in ["first", "second", "third"].iter().enumerate() {
        scene.grow(entry, 100);
        let ran = scene.stamp(KEY);
        assert_eq!(ran.verdict(), (0, "stamped", None), "{ran:?}");
        assert_eq!(ran.json["size"], number + 1);
        assert_eq!(ran.text("authority"), "CN=openssl test authority");
    }
    scene.grow("fourth", 100);
    let ran = scene.verify(KEY);
    assert_eq!(ran.verdict(), (0, "verified", None), "{ran:?}");
    let sizes: Vec<_> =
        ran.json["stamps"].as_array().unwrap().iter().map(|one| &one["size"]).collect();
    assert_eq!(sizes, [1, 2, 3]);
    // As the help says.
    let openssl = Command::new("openssl")
        .args("ts -verify -in stamps/2.tsr -data stamps/2.checkpoint -CAfile tsa.pem".split(' '))
        .current_dir(scene.bench.path(""))
        .output()
        .unwrap();
    assert!(openssl.status.success(), "{}", String::from_utf8_lossy(&openssl.stderr));
}

#[test]
fn stamps_and_cosignatures_are_near_each_other() {
    let mut scene = Scene::new();
    // An empty log, which nobody cosigns, may be stamped, as a node does at its first start.
    assert_eq!(scene.stamp(KEY).verdict(), (0, "stamped", None));
    scene.grow("first", 600);
    assert_eq!(scene.stamp(POLICY).verdict(), (0, "stamped", None));
    let within = |bound: u64| scene.verify(&format!("{POLICY} --max-drift {bound}"));
    assert_eq!(within(7200).verdict(), (0, "verified", None));
    assert_eq!(within(599).verdict(), (1, "refused", Some("timestamp.drift")));
    // Without a bound nothing would be compared.
    assert_eq!(scene.verify(POLICY).verdict(), (2, "unusable", Some("usage")));
    let ran = scene.verify(&format!("{KEY} --max-drift 9"));
    assert_eq!(ran.verdict(), (2, "unusable", Some("usage")));
    // A note that the witness did not cosign was stamped.
    scene.log.append(&[b"second".to_vec()]).unwrap();
    assert_eq!(scene.stamp(KEY).verdict(), (0, "stamped", None));
    scene.grow("third", 0);
    let ran = scene.verify(&format!("{POLICY} --max-drift 7200"));
    assert_eq!(ran.verdict(), (1, "refused", Some("log.quorum")));
}

#[test]
fn what_was_stamped_must_be_the_logs_past() {
    let mut scene = Scene::new();
    scene.grow("first", 0);
    scene.grow("second", 0);
    assert_eq!(scene.stamp(KEY).verdict(), (0, "stamped", None));
    let refused = |scene: &Scene, reason: &str| {
        let ran = scene.verify(KEY);
        assert_eq!(ran.verdict(), (1, "refused", Some(reason)), "{ran:?}");
    };
    let (note, response) =
        (scene.bench.read("stamps/2.checkpoint"), scene.bench.read("stamps/2.tsr"));

    // The note of another tree of the same key, stamped by the same authority.
    let mut other = log(&scene.bench, "other");
    other.append(&[b"first".to_vec(), b"another".to_vec()]).unwrap();
    let stamp = format!(
        "log stamp {KEY} --dir other --authority {} --tsa-roots tsa.pem --stamps stamps",
        scene.authority
    );
    assert_eq!(scene.bench.run(&stamp).code, 0);
    refused(&scene, "log.consistency");
    // One that is longer than the log.
    other.append(&[b"more".to_vec()]).unwrap();
    std::fs::remove_dir_all(scene.bench.path("stamps")).unwrap();
    assert_eq!(scene.bench.run(&stamp).code, 0);
    refused(&scene, "log.rolled-back");

    std::fs::remove_dir_all(scene.bench.path("stamps")).unwrap();
    refused(&scene, "timestamp.none");
    let signed = SignedCheckpoint::verify(str::from_utf8(&note).unwrap(), scene.log.key()).unwrap();
    let bare = scene.log.checkpoint().note();
    assert_eq!(signed.checkpoint().size, 2);
    for (note, response, reason) in [
        // The same checkpoint without its cosignature.
        (bare.as_bytes(), response.as_slice(), "timestamp.imprint"),
        (b"no note\n", &response, "log.malformed"),
        (&note, b"", "timestamp.malformed"),
        (&note, &note, "timestamp.malformed"),
    ] {
        scene.bench.write("stamps/2.checkpoint", note);
        scene.bench.write("stamps/2.tsr", response);
        refused(&scene, reason);
    }
    scene.bench.write("stamps/2.checkpoint", &note);
    scene.bench.write("stamps/2.tsr", &response);
    assert_eq!(scene.verify(KEY).verdict(), (0, "verified", None));
    // Under another name, and by another authority.
    std::fs::rename(scene.bench.path("stamps"), scene.bench.path("kept")).unwrap();
    scene.bench.write("stamps/1.checkpoint", &note);
    scene.bench.write("stamps/1.tsr", &response);
    refused(&scene, "log.malformed");
    std::fs::remove_dir_all(scene.bench.path("stamps")).unwrap();
    std::fs::rename(scene.bench.path("kept"), scene.bench.path("stamps")).unwrap();
    // Its root has the same name and another key.
    let stranger = Scene::new();
    scene.bench.write("tsa.pem", stranger.bench.read("tsa.pem"));
    refused(&scene, "timestamp.chain");
    scene.bench.write("tsa.pem", "no certificate");
    assert_eq!(scene.verify(KEY).verdict(), (2, "unusable", Some("input.malformed")));
}

#[test]
fn an_authority_that_is_not_there_is_no_verdict() {
    let mut scene = Scene::new();
    scene.grow("first", 0);
    scene.authority = "http://127.0.0.1:9/".to_owned();
    assert_eq!(scene.stamp(KEY).verdict(), (2, "unusable", Some("timestamp.unreachable")));
    scene.authority = "tsa.example.org".to_owned();
    assert_eq!(scene.stamp(KEY).verdict(), (2, "unusable", Some("timestamp.address")));
    assert!(!scene.bench.path("stamps").exists());
}
