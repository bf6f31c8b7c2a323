//! One deployment in a temporary folder, with its people, its clock and its log.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use broker::{Broker, Config, FolderKeyStore, Lifetimes, Parts, Revocation, router};
use domain::claims::{Generation, Measurement};
use domain::dataset::{
    BlockSize, Cipher, Classification, Custodians, DatasetManifest, HashAlgorithm, Salt, Verity,
};
use domain::dsse::Envelope;
use domain::event::{Action, Entry, Outcome};
use domain::ids::PersonId;
use domain::keys::SecretKey;
use domain::launch::{Deployment, JobRequest};
use domain::project::{Proposal, Workload, WorkloadKind, approve};
use domain::{Digest, Timestamp, canonical};
use evidence::snp::{Chips, PlatformRules, Roots, TcbFloors};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use ledger::Ledger;
use policy::ReleasePolicy;
use seal::{DatasetSecret, SealingSecretKey, WrappedDatasetKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use testkit::emulated::SecurityProcessor;
use wire::broker::{
    ApproveProject, AuthoriseLaunch, LaunchAuthorised, RegisterDataset, Registered,
};
use wire::kbs::ErrorInformation;
use zeroize::Zeroizing;

const NOW: i64 = 1_795_000_000;
pub(crate) const CUSTODIAN: u8 = 1;
pub(crate) const OTHER_CUSTODIAN: u8 = 2;
pub(crate) const AUTHOR: u8 = 3;
pub(crate) const STRANGER: u8 = 9;
pub(crate) const SECRET: [u8; 32] = [0x5e; 32];
pub(crate) const IMAGE: Measurement = Measurement::from_bytes([1; 48]);

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(NOW + seconds).unwrap()
}

/// One for all tests: making its keys takes seconds.
pub(crate) fn processor() -> &'static SecurityProcessor {
    static PROCESSOR: OnceLock<SecurityProcessor> = OnceLock::new();
    PROCESSOR.get_or_init(|| SecurityProcessor::create(Generation::Genoa, at(-1000)).unwrap())
}

pub(crate) fn sealing_key() -> SealingSecretKey {
    SealingSecretKey::from_seed(&Zeroizing::new([7; 32])).unwrap()
}

pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) classification: Classification,
    pub(crate) config: Config,
    now: Arc<AtomicI64>,
    running: Option<Running>,
}

struct Running {
    broker: Arc<Broker>,
    ledger: Arc<Ledger>,
    service: TowerToHyperService<Router>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cookie: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn read<T: DeserializeOwned>(&self) -> T {
        assert!(self.status < 300, "{} {}", self.status, String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The reason, read in both forms that the body has.
    pub(crate) fn reason(&self) -> String {
        assert!(self.status >= 400, "{} {}", self.status, String::from_utf8_lossy(&self.body));
        let problem: wire::Problem = serde_json::from_slice(&self.body).unwrap();
        let kbs: ErrorInformation = serde_json::from_slice(&self.body).unwrap();
        let code = problem.reason.to_string();
        assert_eq!(kbs.error_type, format!("https://cloister.example/problems/{code}"));
        assert_eq!(kbs.detail, problem.detail);
        code
    }
}

impl World {
    /// A broker that knows nothing yet.
    pub(crate) fn empty() -> Self {
        let deployment = Deployment {
            broker_tls: Digest::of(b"broker"),
            airlock_tls: Digest::of(b"airlock"),
            airlock_sealing: sealing_key().public().to_string(),
            log_origin: ORIGIN.to_owned(),
            log_key: key(LOG).public(),
        };
        let config = Config {
            custodians: BTreeSet::from([key(CUSTODIAN).public(), key(OTHER_CUSTODIAN).public()]),
            deployment,
            roots: Roots::emulated(processor().ark_der()).unwrap(),
            revocation: Revocation::EmulatedNone,
            floors: TcbFloors::published().unwrap(),
            chips: Chips::Any,
            platform_rules: PlatformRules::none(),
            lifetimes: Lifetimes::default(),
        };
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(0));
        let classification = Classification::Public;
        let mut world = Self { folder, classification, config, now, running: None };
        world.restart();
        world
    }

    /// A broker with the dataset registered and the project approved.
    pub(crate) async fn approved() -> Self {
        let world = Self::empty();
        world.register().await.read::<Registered>();
        world.approve(|_| ()).await.read::<Registered>();
        world
    }

    /// Stops the broker, if one runs, and starts it from what is on disk.
    pub(crate) fn restart(&mut self) {
        self.running = None;
        let folders = ledger::Folders {
            data: self.path("data"),
            state: self.path("state"),
            record_keys: self.path("record-keys"),
        };
        let ledger = Ledger::open(&folders, ORIGIN, key(LOG));
        let ledger = Arc::new(ledger.unwrap());
        let now = Arc::clone(&self.now);
        let parts = Parts {
            ledger: Arc::clone(&ledger),
            keys: Box::new(FolderKeyStore::open(&self.path("keys")).unwrap()),
            sealing_key: sealing_key(),
            policy: ReleasePolicy::embedded().unwrap(),
            clock: Box::new(move || at(now.load(Ordering::SeqCst))),
        };
        let broker = Arc::new(Broker::open(self.config.clone(), parts).unwrap());
        let service = TowerToHyperService::new(router(Arc::clone(&broker)));
        self.running = Some(Running { broker, ledger, service });
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        at(self.now.load(Ordering::SeqCst))
    }

    pub(crate) fn broker(&self) -> &Arc<Broker> {
        &self.running.as_ref().unwrap().broker
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.running.as_ref().unwrap().ledger
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.ledger().entries().unwrap().iter().map(|(_, entry)| entry.clone()).collect()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.running.as_ref().unwrap().service.call(request).await.unwrap();
        let status = response.status().as_u16();
        let cookie = response.headers().get("set-cookie");
        let cookie = cookie.map(|value| value.to_str().unwrap().to_owned());
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec();
        Answer { status, cookie, body }
    }

    pub(crate) async fn post(
        &self,
        path: &str,
        header: (&str, &str),
        body: &impl Serialize,
    ) -> Answer {
        let body = serde_json::to_vec(body).unwrap();
        let request = Request::post(path).header(header.0, header.1).body(Body::from(body));
        self.send(request.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, header: (&str, &str)) -> Answer {
        let request = Request::get(path).header(header.0, header.1).body(Body::empty());
        self.send(request.unwrap()).await
    }

    /// Asserts that `answer` is a refusal with `reason`, that the newest entry says the same about
    /// `action`, and that no key ever left.
    pub(crate) fn check_refused(&self, answer: &Answer, action: Action, reason: &str) -> Entry {
        assert_eq!(answer.reason(), reason);
        let entry = self.entries().pop().unwrap();
        let code = domain::ReasonCode::try_from(reason.to_owned()).unwrap();
        assert_eq!(entry.event.action, action, "{entry:?}");
        assert_eq!(entry.event.outcome, Outcome::Refused { reason: code }, "{entry:?}");
        assert_eq!(self.broker().refusals().get(reason).copied().unwrap_or(0), 1, "{reason}");
        assert_eq!(self.released(), 0);
        entry
    }

    /// How many keys were released.
    pub(crate) fn released(&self) -> usize {
        let released = |entry: &&Entry| {
            entry.event.action == Action::KeyReleased && entry.event.outcome == Outcome::Accepted
        };
        self.entries().iter().filter(released).count()
    }

    pub(crate) fn dataset(&self) -> DatasetManifest {
        let custodians = BTreeSet::from([key(CUSTODIAN).public(), key(OTHER_CUSTODIAN).public()]);
        DatasetManifest {
            id: "randhie".parse().unwrap(),
            title: "t".to_owned(),
            description: "d".to_owned(),
            classification: self.classification,
            rows: 1,
            columns: Vec::new(),
            files: Vec::new(),
            cipher: Cipher::AesXtsPlain64,
            header_digest: Digest::of(b"header"),
            verity: Verity {
                root_hash: Digest::of(b"root"),
                salt: Salt::from_bytes([7; 32]),
                data_blocks: 16.try_into().unwrap(),
                block_size: BlockSize,
                hash_algorithm: HashAlgorithm::Sha256,
            },
            custodians: Custodians::new(custodians, 1).unwrap(),
            created: at(0),
        }
    }

    pub(crate) fn dataset_digest(&self) -> Digest {
        self.dataset().sign(&key(CUSTODIAN)).unwrap().payload_digest().unwrap()
    }

    pub(crate) fn registration(&self, manifest: &DatasetManifest, signer: u8) -> RegisterDataset {
        self.registration_with(manifest, signer, SECRET)
    }

    /// Wrapped anew each time.
    pub(crate) fn registration_with(
        &self,
        manifest: &DatasetManifest,
        signer: u8,
        secret: [u8; 32],
    ) -> RegisterDataset {
        let envelope = manifest.sign(&key(signer)).unwrap();
        let digest = envelope.payload_digest().unwrap();
        let secret = DatasetSecret::from_bytes(Zeroizing::new(secret));
        let mut rng = seal::rand_core::UnwrapErr(getrandom::SysRng);
        let public = sealing_key().public();
        let wrapped = WrappedDatasetKey::wrap(&secret, &public, &digest, &mut rng).unwrap();
        RegisterDataset {
            manifest: envelope,
            signer: key(signer).public(),
            wrapped_key: wrapped.into(),
        }
    }

    pub(crate) async fn register(&self) -> Answer {
        let request = self.registration(&self.dataset(), CUSTODIAN);
        self.post("/v0/datasets", NO_HEADER, &request).await
    }

    pub(crate) fn proposal(&self) -> Proposal {
        let person = |name: &str| -> PersonId { name.parse().unwrap() };
        Proposal {
            project: "visits".parse().unwrap(),
            title: "t".to_owned(),
            purpose: "p".to_owned(),
            dataset: self.dataset_digest(),
            workloads: vec![Workload {
                name: "analysis".to_owned(),
                kind: WorkloadKind::Container,
                digest: Digest::of(b"image"),
                signer: "-----BEGIN PUBLIC KEY-----".to_owned(),
                arguments: Vec::new(),
            }],
            measurements: BTreeSet::from([IMAGE]),
            output_rules: Digest::of(RULES),
            release_policy: ReleasePolicy::embedded().unwrap().digest(),
            researchers: BTreeMap::from([(person("author"), key(AUTHOR).public())]),
            reviewers: BTreeMap::from([
                (person("reviewer-1"), key(4).public()),
                (person("reviewer-2"), key(5).public()),
            ]),
            reviews_required: 2,
            expires: at(10_000),
        }
    }

    /// Approves the proposal that `edit` makes.
    pub(crate) async fn approve(&self, edit: impl FnOnce(&mut Proposal)) -> Answer {
        let mut proposal = self.proposal();
        edit(&mut proposal);
        let statement = approve(&proposal, &key(CUSTODIAN), self.now()).unwrap();
        self.approve_with(&proposal, vec![statement]).await
    }

    pub(crate) async fn approve_with(
        &self,
        proposal: &Proposal,
        approvals: Vec<Envelope>,
    ) -> Answer {
        let proposal = canonical::to_vec(proposal).unwrap();
        let request = ApproveProject { proposal, approvals, output_rules: RULES.to_vec() };
        self.post("/v0/projects", NO_HEADER, &request).await
    }

    pub(crate) fn job(&self) -> JobRequest {
        JobRequest {
            job: "job-1".parse().unwrap(),
            project: "visits".parse().unwrap(),
            workload: Digest::of(b"image"),
            author: "author".parse().unwrap(),
        }
    }

    pub(crate) async fn authorise(&self, job: &JobRequest, signer: u8) -> Answer {
        let request = AuthoriseLaunch { request: job.sign(&key(signer)).unwrap() };
        self.post("/v0/launches", NO_HEADER, &request).await
    }

    /// The init data of a new launch.
    pub(crate) async fn launch(&self) -> String {
        let answer: LaunchAuthorised = self.authorise(&self.job(), AUTHOR).await.read();
        String::from_utf8(answer.initdata).unwrap()
    }
}

const ORIGIN: &str = "test.example/log";
const LOG: u8 = 8;
const RULES: &[u8] = b"rules";
pub(crate) const NO_HEADER: (&str, &str) = ("accept", "application/json");
