//! Against real witnesses on this machine, and against servers that answer as no witness may.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::post;
use domain::Timestamp;
use domain::keys::SecretKey;
use testkit::loopback::own_address;
use tlog::{Log, WitnessKey};
use tlog_files::{FileStore, WitnessFolder};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use super::*;

const ORIGIN: &str = "log.example/cosigned";
/// Longer than anything here takes.
const PATIENT: Duration = Duration::from_secs(240);

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

fn witness_key(number: u8) -> WitnessKey {
    WitnessKey::new(&format!("w.example/{number}"), secret(100 + number).public()).unwrap()
}

/// A log.
struct Scene {
    folder: tempfile::TempDir,
    log: Log<FileStore>,
    runtime: Runtime,
    seen: Arc<Mutex<BTreeMap<String, Option<&'static str>>>>,
}

/// A server until it is dropped, its connections too, and the first line of each request to it.
struct Served {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
    _runtime: Runtime,
}

impl Served {
    /// Those since this was last asked.
    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = open_log(folder.path(), "log");
        let runtime = Runtime::new().unwrap();
        Self { folder, log, runtime, seen: Arc::default() }
    }

    /// A real witness with this number, whose memory is `memory`.
    fn witness(&self, number: u8, memory: &str) -> Router {
        let memory = WitnessFolder::open(&self.folder.path().join(memory)).unwrap();
        let logs = [self.log.key().clone()];
        let clock: witness::Clock =
            Arc::new(|| Timestamp::from_unix_seconds(1_800_000_000).unwrap());
        let (name, key) = (format!("w.example/{number}"), secret(100 + number));
        let witness =
            witness::Witness::new(&name, key, logs, memory, clock, Arc::new(|_| ())).unwrap();
        witness::router(Arc::new(witness))
    }

    fn served_witness(&self, number: u8) -> Served {
        serve("127.0.0.1:0", self.witness(number, &format!("memory-{number}")))
    }

    /// `needed` of the witnesses at these addresses.
    fn policy(&self, needed: usize, urls: &[&str]) -> Policy {
        let line = |(n, url): (u8, &&str)| format!("witness w{n} {} {url}\n", witness_key(n));
        let lines: String = (0..).zip(urls).map(line).collect();
        let names: String = (0..urls.len()).map(|n| format!(" w{n}")).collect();
        let log = self.log.key();
        format!("log {log}\n{lines}group g {needed}{names}\nquorum g\n").parse().unwrap()
    }

    fn cosigner(&self, policy: Policy, timeout: Duration) -> Cosigner {
        let seen = Arc::clone(&self.seen);
        let observer: Observer = Arc::new(move |asked| {
            let reason = asked.outcome.err().map(Reason::reason);
            seen.lock().unwrap().insert(asked.witness.to_owned(), reason);
        });
        let client = ::channel::web_client().unwrap();
        Cosigner::start(policy, &client, timeout, &observer).unwrap()
    }

    /// Appends and lets the witnesses cosign; the reason if the quorum is missing.
    fn grow(&mut self, entries: usize, cosigner: &Cosigner) -> Result<(), &'static str> {
        let committed = self.log.commit(&vec![b"entry".to_vec(); entries]).unwrap();
        let size = committed.checkpoint.checkpoint().size;
        let prove = |older| self.log.consistency(older, size);
        let lines = cosigner.ask(&committed.checkpoint, &prove);
        let answer = self.log.cosign(&lines, cosigner.policy()).unwrap();
        assert!(answer.ignored.is_empty(), "{:?}", answer.ignored);
        answer.quorum.map(|_| ()).map_err(|error| error.reason())
    }

    fn reasons(&self) -> BTreeMap<String, Option<&'static str>> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(at: &str, router: Router) -> Served {
    let requests = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&requests);
    let router =
        router.layer(axum::middleware::map_request(move |request: axum::extract::Request| {
            let requests = Arc::clone(&noted);
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let text = String::from_utf8(body.to_vec()).unwrap();
                requests.lock().unwrap().push(text.lines().next().unwrap().to_owned());
                axum::extract::Request::from_parts(parts, body.into())
            }
        }));
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind(at)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = async move { axum::serve(listener, router).await.unwrap() };
    runtime.spawn(serve);
    Served { url, requests, _runtime: runtime }
}

fn open_log(folder: &Path, name: &str) -> Log<FileStore> {
    let store = FileStore::open(&folder.join(name), &folder.join(format!("{name}-cell")));
    Log::open(store.unwrap(), ORIGIN, secret(1)).unwrap()
}

#[test]
fn a_growing_log_is_cosigned_and_sizes_are_remembered() {
    let mut scene = Scene::new();
    let witness = scene.served_witness(0);
    let policy = scene.policy(1, &[&format!("{}/", witness.url)]);
    let cosigner = scene.cosigner(policy.clone(), PATIENT);
    for entries in [3, 1, 300] {
        assert_eq!(scene.grow(entries, &cosigner), Ok(()));
    }
    assert_eq!(witness.requests(), ["old 0", "old 3", "old 4"]);
    // Another process does not know, and is told.
    let cosigner = scene.cosigner(policy.clone(), PATIENT);
    assert_eq!(scene.grow(5, &cosigner), Ok(()));
    assert_eq!(witness.requests(), ["old 0", "old 304"]);
    // The same again.
    let head = scene.log.checkpoint().clone();
    let prove = |_| panic!("nothing to prove");
    assert_eq!(cosigner.ask(&head, &prove).len(), 1);
    assert_eq!(witness.requests(), ["old 309"]);
    let cosigner = scene.cosigner(policy, PATIENT);
    assert_eq!(cosigner.ask(&head, &prove).len(), 1);
    assert_eq!(witness.requests(), ["old 0", "old 309"]);
}

#[test]
fn the_quorum_is_waited_for_and_not_the_slowest() {
    let mut scene = Scene::new();
    let (one, two) = (scene.served_witness(0), scene.served_witness(1));
    // Accepts connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let policy = scene.policy(2, &[&one.url, &two.url, &silent]);
    let cosigner = scene.cosigner(policy, PATIENT);
    let start = Instant::now();
    for _ in 0..3 {
        assert_eq!(scene.grow(1, &cosigner), Ok(()));
    }
    assert!(start.elapsed() < PATIENT);
}

#[test]
fn who_cannot_help_any_more_is_not_waited_for() {
    let mut scene = Scene::new();
    let address = own_address().unwrap().to_string();
    let (one, two) = (scene.served_witness(0), serve(&address, scene.witness(1, "memory-1")));
    let policy = scene.policy(2, &[&one.url, &two.url]);
    let cosigner = scene.cosigner(policy, PATIENT);
    assert_eq!(scene.grow(1, &cosigner), Ok(()));
    drop(two);
    assert_eq!(scene.grow(1, &cosigner), Err("log.quorum"));
    assert_eq!(scene.reasons()["w1"], Some("witness.unreachable"));
    // Back again: the newest checkpoint is what it cosigns, over what it missed.
    let two = serve(&address, scene.witness(1, "memory-1"));
    scene.log.append(&[]).unwrap();
    assert_eq!(scene.grow(1, &cosigner), Ok(()));
    assert_eq!(two.requests(), ["old 1"]);
}

#[test]
fn one_task_that_ends_takes_no_other_with_it() {
    let mut scene = Scene::new();
    let witnesses = [0, 1, 2].map(|number| scene.served_witness(number));
    let urls = witnesses.each_ref().map(|witness| witness.url.as_str());
    let policy = scene.policy(2, &urls);
    let observer: Observer = Arc::new(|asked| assert_ne!(asked.witness, "w1", "injected"));
    let client = ::channel::web_client().unwrap();
    let cosigner = Cosigner::start(policy, &client, PATIENT, &observer).unwrap();
    for _ in 0..3 {
        assert_eq!(scene.grow(1, &cosigner), Ok(()));
    }
}

#[test]
fn silence_ends_after_the_timeout() {
    let mut scene = Scene::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let cosigner = scene.cosigner(scene.policy(1, &[&url]), Duration::from_millis(50));
    assert_eq!(scene.grow(1, &cosigner), Err("log.quorum"));
    let late = || scene.reasons().get("w0") == Some(&Some("witness.late"));
    let end = Instant::now() + PATIENT;
    while !late() && Instant::now() < end {
        std::thread::yield_now();
    }
    assert!(late());
}

#[test]
fn a_witness_that_knows_more_than_the_log_says_so() {
    let mut scene = Scene::new();
    let witness = scene.served_witness(0);
    let policy = scene.policy(1, &[&witness.url]);
    let cosigner = scene.cosigner(policy.clone(), PATIENT);
    assert_eq!(scene.grow(7, &cosigner), Ok(()));
    // Folder and cell are both back to an older state: only the witness can tell.
    scene.log = open_log(scene.folder.path(), "restored");
    scene.log.append(&[b"another".to_vec()]).unwrap();
    let cosigner = scene.cosigner(policy, PATIENT);
    assert_eq!(scene.grow(4, &cosigner), Err("log.quorum"));
    assert_eq!(scene.reasons()["w0"], Some("witness.ahead"));
    // The other history, grown beyond: it cannot be proved to extend what was cosigned.
    assert_eq!(scene.grow(4, &cosigner), Err("log.quorum"));
    assert_eq!(scene.reasons()["w0"], Some("witness.refused"));
}

/// What servers answer that are no witnesses, or not those that the policy means.
#[test]
fn any_other_answer_is_no_cosignature() {
    let size = [(header::CONTENT_TYPE, "text/x.tlog.size")];
    let ok = |body: String| (StatusCode::OK, body).into_response();
    let conflict =
        |body: &str| (StatusCode::CONFLICT, size.clone(), body.to_owned()).into_response();
    let mut reference = Scene::new();
    reference.log.append(&[b"entry".to_vec()]).unwrap();
    let checkpoint = reference.log.checkpoint().checkpoint().clone();
    let time = Timestamp::from_unix_seconds(5).unwrap();
    let by = |n: u8| witness_key(n).cosign(&checkpoint, time, &secret(100 + n)).unwrap();
    let other = tlog::Checkpoint { size: 9, ..checkpoint.clone() };
    let never = Timestamp::from_unix_seconds(0).unwrap();
    let of_no_time = witness_key(0).cosign(&checkpoint, never, &secret(100)).unwrap();
    let of_other = witness_key(0).cosign(&other, time, &secret(100)).unwrap();
    let cases = [
        (ok(by(0)), None),
        (ok(by(1) + &by(0)), None),
        (ok(String::new()), Some("witness.wrong-cosignature")),
        (ok(by(1)), Some("witness.wrong-cosignature")),
        (ok(by(1).replace("w.example/1", "w.example/0")), Some("witness.wrong-cosignature")),
        (ok(of_other), Some("witness.wrong-cosignature")),
        (ok(of_no_time), Some("witness.wrong-cosignature")),
        (ok("x".repeat(40_000)), Some("witness.malformed-answer")),
        ((StatusCode::OK, vec![0xff]).into_response(), Some("witness.malformed-answer")),
        (conflict("0\n"), Some("witness.conflict")),
        (conflict("1\n"), Some("witness.conflict")),
        (conflict("2\n"), Some("witness.ahead")),
        (conflict("01\n"), Some("witness.malformed-answer")),
        (conflict("1"), Some("witness.malformed-answer")),
        (conflict("-1\n"), Some("witness.malformed-answer")),
        (conflict("99999999999999999999\n"), Some("witness.malformed-answer")),
        ((StatusCode::CONFLICT, "1\n").into_response(), Some("witness.refused")),
        (StatusCode::FORBIDDEN.into_response(), Some("witness.refused")),
        (StatusCode::INTERNAL_SERVER_ERROR.into_response(), Some("witness.refused")),
        (
            (StatusCode::FOUND, [(header::LOCATION, "http://127.0.0.1:9/")]).into_response(),
            Some("witness.refused"),
        ),
    ];
    for (number, (response, expected)) in cases.into_iter().enumerate() {
        let mut scene = Scene::new();
        let (parts, body) = response.into_parts();
        let bytes = reference.runtime.block_on(axum::body::to_bytes(body, 1 << 20)).unwrap();
        let answer = move || async move {
            axum::response::Response::from_parts(
                parts.clone(),
                axum::body::Body::from(bytes.clone()),
            )
        };
        let router = Router::new().route("/prefix/add-checkpoint", post(answer));
        let served = serve("127.0.0.1:0", router);
        let policy = scene.policy(1, &[&format!("{}/prefix", served.url)]);
        let cosigner = scene.cosigner(policy, PATIENT);
        let outcome = scene.grow(1, &cosigner);
        let quorum = if expected.is_some() { Err("log.quorum") } else { Ok(()) };
        assert_eq!((scene.reasons()["w0"], outcome), (expected, quorum), "{number}");
    }
}

#[test]
fn witnesses_are_asked_over_tls_too() {
    let mut scene = Scene::new();
    let identity = ::channel::Identity::generate().unwrap();
    let client = ::channel::http_client(identity.pin()).unwrap();
    let listener = scene.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let router = scene.witness(0, "memory");
    scene.runtime.spawn(async move { ::channel::serve(listener, &identity, router).await });
    let policy = scene.policy(1, &[&url]);
    let observer: Observer = Arc::new(|_| ());
    let cosigner = Cosigner::start(policy.clone(), &client, PATIENT, &observer).unwrap();
    assert_eq!(scene.grow(1, &cosigner), Ok(()));
    // No authority vouches for that server.
    let cosigner = scene.cosigner(policy, PATIENT);
    assert_eq!(scene.grow(1, &cosigner), Err("log.quorum"));
    assert_eq!(scene.reasons()["w0"], Some("witness.unreachable"));
}

#[test]
fn a_witness_may_sign_with_ml_dsa() {
    let mut scene = Scene::new();
    let signer = witness::Signer::generate_ml_dsa_44().unwrap();
    let pem = signer.to_pem().unwrap();
    let key = signer.key("w.example/6").unwrap();
    let memory = WitnessFolder::open(&scene.folder.path().join("memory")).unwrap();
    let clock: witness::Clock = Arc::new(|| Timestamp::from_unix_seconds(7).unwrap());
    let signer = witness::Signer::from_pem(&pem).unwrap();
    let logs = [scene.log.key().clone()];
    let lattice =
        witness::Witness::new("w.example/6", signer, logs, memory, clock, Arc::new(|_| ()));
    let lattice = serve("127.0.0.1:0", witness::router(Arc::new(lattice.unwrap())));
    let other = scene.served_witness(0);
    let log = scene.log.key();
    let text = format!(
        "log {log}\nwitness a {key} {}\nwitness b {} {}\ngroup g all a b\nquorum g\n",
        lattice.url,
        witness_key(0),
        other.url
    );
    let policy: Policy = text.parse().unwrap();
    let cosigner = scene.cosigner(policy.clone(), PATIENT);
    for entries in [1, 300] {
        assert_eq!(scene.grow(entries, &cosigner), Ok(()));
    }
    let witnessed = policy.verify(scene.log.checkpoint().note()).unwrap();
    assert_eq!(witnessed.cosigned()["a"].unix_seconds(), 7);
}

#[test]
fn a_policy_says_where_its_witnesses_are() {
    let scene = Scene::new();
    for url in ["", "witness.example/1", "ftp://witness.example", "http://"] {
        let client = ::channel::web_client().unwrap();
        let observer: Observer = Arc::new(|_| ());
        let refused = Cosigner::start(scene.policy(1, &[url]), &client, PATIENT, &observer);
        assert_eq!(refused.unwrap_err().reason(), "log.policy", "{url}");
    }
}
