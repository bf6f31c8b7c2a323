//! The service over HTTP, without a socket.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use domain::keys::SecretKey;
use tower::ServiceExt as _;
use zeroize::Zeroizing;

use super::*;
use tlog::Log;
use tlog_files::FileStore;

const ORIGIN: &str = "log.example/http";
const TIME: i64 = 1_800_000_000;

struct Scene {
    folder: tempfile::TempDir,
    log: Log<FileStore>,
    seen: Arc<Mutex<Vec<Answered>>>,
}

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let store = FileStore::open(&path("log"), &path("cell")).unwrap();
        let log = Log::open(store, ORIGIN, secret(1)).unwrap();
        Self { folder, log, seen: Arc::default() }
    }

    fn witness(&self) -> Arc<Witness> {
        let seen = Arc::clone(&self.seen);
        let memory = WitnessFolder::open(&self.folder.path().join("witness")).unwrap();
        let logs = [self.log.key().clone()];
        let clock: Clock = Arc::new(|| Timestamp::from_unix_seconds(TIME).unwrap());
        let observer: Observer =
            Arc::new(move |answered| seen.lock().unwrap().push(answered.clone()));
        Arc::new(Witness::new("w.example/1", secret(2), logs, memory, clock, observer).unwrap())
    }

    fn request(&self, old_size: u64) -> AddCheckpoint {
        let proof = match old_size {
            0 => Vec::new(),
            old => self.log.consistency(old, self.log.size()).unwrap(),
        };
        AddCheckpoint { old_size, proof, note: self.log.checkpoint().note().to_owned() }
    }
}

/// Status, content type and body.
async fn asked(witness: &Arc<Witness>, body: impl Into<Body>) -> (u16, String, String) {
    let request = Request::post("/add-checkpoint").body(body.into()).unwrap();
    let response = router(Arc::clone(witness)).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let kind = kind.map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, kind, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_growing_log_is_cosigned() {
    let mut scene = Scene::new();
    let witness = scene.witness();
    for (old_size, entries) in [(0, 3), (3, 1), (4, 300)] {
        scene.log.append(&vec![b"entry".to_vec(); entries]).unwrap();
        let request = scene.request(old_size);
        let (status, kind, line) = asked(&witness, request.to_string()).await;
        assert_eq!((status, kind.as_str()), (200, "text/plain; charset=utf-8"));
        let time = witness.key().time_of(&(request.note + &line)).unwrap().unwrap();
        assert_eq!(time.unix_seconds(), TIME);
    }
    let sizes: Vec<_> = scene.seen.lock().unwrap().iter().map(|seen| seen.outcome).collect();
    assert_eq!(sizes, [Ok(3), Ok(4), Ok(304)]);
}

#[tokio::test]
async fn each_refusal_has_its_status() {
    let mut scene = Scene::new();
    let witness = scene.witness();
    scene.log.append(&[b"1".to_vec(), b"2".to_vec()]).unwrap();
    let first = scene.request(0);
    assert_eq!(asked(&witness, first.to_string()).await.0, 200);
    let (status, kind, body) = asked(&witness, first.to_string()).await;
    assert_eq!((status, kind.as_str(), body.as_str()), (409, "text/x.tlog.size", "2\n"));
    scene.log.append(&[b"3".to_vec()]).unwrap();
    let next = scene.request(2);
    let signed_by_another = next.to_string().replace("\n— log.example/http ", "\n— log.example/x ");
    let wrong_proof = AddCheckpoint { proof: vec![], ..next.clone() };
    for (body, status, reason) in [
        (b"\xff".to_vec(), 400, "witness.malformed"),
        (b"old 2\n".to_vec(), 400, "witness.malformed"),
        (next.to_string().replace(ORIGIN, "log.example/y").into(), 404, "witness.unknown-log"),
        (signed_by_another.into(), 403, "witness.signature"),
        (next.to_string().replace("old 2", "old 9").into(), 400, "witness.shrinks"),
        (wrong_proof.to_string().into(), 422, "witness.inconsistent"),
    ] {
        let text = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(asked(&witness, body).await.0, status, "{text}");
        assert_eq!(scene.seen.lock().unwrap().last().unwrap().outcome, Err(reason), "{text}");
    }
    let long = "x".repeat(MAX_BODY + 1);
    assert_eq!(asked(&witness, long).await.0, 413);
    // None of them changed what it remembers.
    assert_eq!(asked(&witness, next.to_string()).await.0, 200);
}

#[tokio::test]
async fn without_its_memory_nothing_is_cosigned() {
    let mut scene = Scene::new();
    let witness = scene.witness();
    scene.log.append(&[b"1".to_vec()]).unwrap();
    assert_eq!(asked(&witness, scene.request(0).to_string()).await.0, 200);
    let hash = domain::Digest::of(ORIGIN.as_bytes()).hex();
    let path = scene.folder.path().join("witness").join(hash).join("checkpoint");
    std::fs::write(path, "altered").unwrap();
    scene.log.append(&[b"2".to_vec()]).unwrap();
    let (status, _, body) = asked(&witness, scene.request(1).to_string()).await;
    assert_eq!((status, body.as_str()), (500, "the witness cannot use its memory\n"));
    assert_eq!(scene.seen.lock().unwrap().last().unwrap().outcome, Err("log.malformed"));
}

#[tokio::test]
async fn of_requests_at_once_one_is_cosigned() {
    let mut scene = Scene::new();
    let witness = scene.witness();
    scene.log.append(&[b"1".to_vec()]).unwrap();
    let body = scene.request(0).to_string();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (witness, body) = (Arc::clone(&witness), body.clone());
            tokio::spawn(async move { asked(&witness, body).await.0 })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
}
