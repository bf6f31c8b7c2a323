//! One control plane with its people, over TLS, in a folder of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use control::authz::Role;
use control::{Config, Control, LaunchOrder, NewPerson, Service};
use domain::claims::Measurement;
use domain::dataset::{
    BlockSize, Cipher, Classification, Column, Custodians, DataFile, DatasetManifest,
    HashAlgorithm, Kind, Role as ColumnRole, Salt, Verity,
};
use domain::dsse::Envelope;
use domain::keys::SecretKey;
use domain::launch::JobRequest;
use domain::project::{Proposal, Workload, WorkloadKind};
use domain::{Digest, Timestamp, canonical};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::services::{self, Script, serve};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const RULES: &[u8] = b"version = 1\n";
pub(crate) const COMPONENT: &[u8] = b"\0asm, in a manner of speaking";

pub(crate) struct World {
    pub(crate) control: Arc<Control>,
    pub(crate) script: Arc<Script>,
    pub(crate) orders: mpsc::Receiver<LaunchOrder>,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) folder: TempDir,
    services: (Service, Service),
    own: Service,
    client: reqwest::Client,
    tokens: BTreeMap<String, String>,
}

/// An answer: status, and JSON if it is some.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) body: Value,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn must_be(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    #[track_caller]
    pub(crate) fn must_refuse(self, status: u16, reason: &str) {
        assert_eq!((self.status, self.body["reason"].as_str()), (status, Some(reason)), "{self:?}");
        assert_eq!(self.kind, "application/problem+json");
        assert!(self.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["datasets/randhie", "log/tile/0"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let script = Arc::new(Script::default());
        let services = (
            serve(services::broker(Arc::clone(&script))).await,
            serve(services::airlock(Arc::clone(&script))).await,
        );
        let clock = Arc::new(AtomicI64::new(NOW));
        let (control, orders) = open(&folder, &services, &clock).await;
        let own = serve(control::router(Arc::clone(&control))).await;
        let client = channel::http_client(own.pin).unwrap();
        let tokens = BTreeMap::new();
        let mut world =
            Self { control, script, orders, clock, folder, services, own, client, tokens };
        for role in Role::ALL {
            world.add_person(&format!("{}-1", role.name()), role).await;
        }
        world.add_person("researcher-2", Role::Researcher).await;
        world.add_person("reviewer-2", Role::Reviewer).await;
        world
    }

    /// A world with a registered dataset, the approved projects `study` (of researcher-1) and
    /// `foreign` (of researcher-2), and the workload.
    pub(crate) async fn with_projects() -> Self {
        let world = Self::new().await;
        world.post("custodian-1", "/v1/datasets", &world.new_dataset()).await.must_be(201);
        for (project, researcher, reviewers) in [
            ("study", "researcher-1", ["reviewer-1", "reviewer-3"]),
            ("foreign", "researcher-2", ["reviewer-2", "reviewer-3"]),
        ] {
            let new = draft(&proposal(project, researcher, reviewers));
            world.post(researcher, "/v1/projects", &new).await.must_be(201);
            let path = format!("/v1/projects/{project}/approvals");
            for payload in [&b"one"[..], b"two"] {
                world.post("custodian-1", &path, &statement(payload)).await.must_be(200);
            }
        }
        world.put_workload("researcher-1").await;
        world
    }

    /// The same folder after a crash.
    pub(crate) async fn restarted(mut self) -> Self {
        let (control, orders) = open(&self.folder, &self.services, &self.clock).await;
        self.own = serve(control::router(Arc::clone(&control))).await;
        self.client = channel::http_client(self.own.pin).unwrap();
        (self.control, self.orders) = (control, orders);
        self
    }

    pub(crate) async fn add_person(&mut self, person: &str, role: Role) {
        let id = person.parse().unwrap();
        let new = NewPerson { name: format!("Dr. Name of {person}"), role, key: None };
        self.control.add_person(&id, &new).await.unwrap();
        let token = self.control.issue_login(&id, 3600).await.unwrap();
        self.tokens.insert(person.to_owned(), token.expose().to_owned());
    }

    pub(crate) fn token(&self, person: &str) -> String {
        self.tokens[person].clone()
    }

    pub(crate) async fn put_workload(&self, person: &str) {
        let path = format!("/v1/workloads/{}", Digest::of(COMPONENT));
        self.send(Method::PUT, Some(person), &path, COMPONENT.to_vec()).await.must_be(200);
        let path = format!("{path}/bundle");
        self.send(Method::PUT, Some(person), &path, b"{}".to_vec()).await.must_be(200);
    }

    /// A registration whose ciphertext folder is in place.
    pub(crate) fn new_dataset(&self) -> Value {
        let manifest = manifest().sign(&key(1)).unwrap();
        let file = self.folder.path().join("datasets/randhie/manifest.dsse.json");
        std::fs::write(file, serde_json::to_vec(&manifest).unwrap()).unwrap();
        json!({"manifest": manifest, "signer": key(1).public(), "wrapped_key": "w", "folder": "randhie"})
    }

    pub(crate) async fn get(&self, person: &str, path: &str) -> Answer {
        self.send(Method::GET, Some(person), path, Vec::new()).await
    }

    pub(crate) async fn post(&self, person: &str, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, Some(person), path, serde_json::to_vec(body).unwrap()).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        person: Option<&str>,
        path: &str,
        body: Vec<u8>,
    ) -> Answer {
        let token = person.map(|person| self.token(person));
        self.send_with(method, token.as_deref(), path, body).await
    }

    /// Asks, and goes away before there can be an answer: until then nobody may write to the database.
    pub(crate) async fn ask_and_leave(&self, person: &str, path: &str, body: &Value) {
        let options =
            SqliteConnectOptions::new().filename(self.folder.path().join("control.sqlite"));
        let mut database = options.connect().await.unwrap();
        let writing = database.begin_with("begin immediate").await.unwrap();
        let request = self.client.post(format!("{}{path}", self.own.url));
        let request = request.bearer_auth(self.token(person)).body(body.to_string());
        let patience = Duration::from_secs(1);
        // An answer there is only if it was asked before, and nothing is written.
        if let Err(error) = request.timeout(patience).send().await {
            assert!(error.is_timeout(), "{error}");
        }
        writing.rollback().await.unwrap();
    }

    pub(crate) async fn send_with(
        &self,
        method: Method,
        token: Option<&str>,
        path: &str,
        body: Vec<u8>,
    ) -> Answer {
        let request = self.client.request(method, format!("{}{path}", self.own.url)).body(body);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = request.send().await.unwrap();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap());
        let (status, kind) = (response.status().as_u16(), kind.unwrap_or_default().to_owned());
        let bytes = response.bytes().await.unwrap().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status, kind, body, bytes }
    }

    /// Waits until the job is in `state`.
    pub(crate) async fn job_in(&self, person: &str, job: &str, state: &str) -> Value {
        let path = format!("/v1/jobs/{job}");
        let reached = async {
            loop {
                let answer = self.get(person, &path).await.must_be(200);
                if answer["state"] == state {
                    return answer;
                }
                tokio::task::yield_now().await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(240), reached).await {
            Ok(job) => job,
            Err(_) => panic!("{}", self.get(person, &path).await.body),
        }
    }
}

async fn open(
    folder: &TempDir,
    services: &(Service, Service),
    clock: &Arc<AtomicI64>,
) -> (Arc<Control>, mpsc::Receiver<LaunchOrder>) {
    let (launches, orders) = mpsc::channel(8);
    let clock = Arc::clone(clock);
    let config = Config {
        database: folder.path().join("control.sqlite"),
        datasets: folder.path().join("datasets"),
        workloads: folder.path().join("workloads"),
        log_folder: folder.path().join("log"),
        broker: services.0.clone(),
        airlock: services.1.clone(),
        clock: Box::new(move || {
            Timestamp::from_unix_seconds(clock.load(Ordering::SeqCst)).unwrap()
        }),
    };
    (Control::open(config, launches).await.unwrap(), orders)
}

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

/// A signed statement of no particular kind: the fake broker looks at the payload alone.
pub(crate) fn statement(payload: &[u8]) -> Value {
    serde_json::to_value(Envelope::sign("test", payload, &key(1))).unwrap()
}

pub(crate) fn job_request(job: &str, project: &str, author: &str) -> Value {
    let request = JobRequest {
        job: job.parse().unwrap(),
        project: project.parse().unwrap(),
        workload: Digest::of(COMPONENT),
        author: author.parse().unwrap(),
    };
    json!({"request": request.sign(&key(2)).unwrap()})
}

pub(crate) fn draft(proposal: &Proposal) -> Value {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD;
    let proposal = canonical::to_vec(proposal).unwrap();
    json!({"proposal": base64.encode(proposal), "output_rules": base64.encode(RULES)})
}

pub(crate) fn proposal(project: &str, researcher: &str, reviewers: [&str; 2]) -> Proposal {
    let person = |name: &str, seed| (name.parse().unwrap(), key(seed).public());
    Proposal {
        project: project.parse().unwrap(),
        title: "A study".to_owned(),
        purpose: "To learn".to_owned(),
        dataset: manifest().sign(&key(1)).unwrap().payload_digest().unwrap(),
        workloads: vec![Workload {
            name: "counts".to_owned(),
            kind: WorkloadKind::Wasm,
            digest: Digest::of(COMPONENT),
            signer: "PEM".to_owned(),
            arguments: Vec::new(),
        }],
        measurements: BTreeSet::from([Measurement::from_bytes([1; 48])]),
        output_rules: Digest::of(RULES),
        release_policy: Digest::of(b"policy"),
        researchers: BTreeMap::from([person(researcher, 2)]),
        reviewers: BTreeMap::from([person(reviewers[0], 3), person(reviewers[1], 4)]),
        reviews_required: 2,
        expires: Timestamp::from_unix_seconds(NOW + 86_400).unwrap(),
    }
}

fn manifest() -> DatasetManifest {
    DatasetManifest {
        id: "randhie".parse().unwrap(),
        title: "Health insurance experiment".to_owned(),
        description: "Person-level records".to_owned(),
        classification: Classification::HighlyConfidential,
        rows: 20_190,
        columns: vec![Column {
            name: "age".to_owned(),
            role: ColumnRole::QuasiIdentifier,
            kind: Kind::Numeric,
        }],
        files: vec![DataFile { name: "t.csv".to_owned(), sha256: Digest::of(b"t"), bytes: 1 }],
        cipher: Cipher::AesXtsPlain64,
        header_digest: Digest::of(b"header"),
        verity: Verity {
            root_hash: Digest::of(b"root"),
            salt: Salt::from_bytes([7; 32]),
            data_blocks: 16.try_into().unwrap(),
            block_size: BlockSize,
            hash_algorithm: HashAlgorithm::Sha256,
        },
        custodians: Custodians::new(BTreeSet::from([key(1).public()]), 1).unwrap(),
        created: "2026-01-31T12:00:00Z".parse().unwrap(),
    }
}
