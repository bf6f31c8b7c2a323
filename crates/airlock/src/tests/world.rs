//! One deployment in a temporary folder: a ledger as the broker writes it, and an airlock on it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

pub(crate) use super::statements::{read_request, review, review_at};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use disclosure::{Checked, Dataset, EntryKind, OutputEntry, Rules};
use domain::claims::{Generation, GuestPolicy, HostData, Measurement};
use domain::dataset::{
    BlockSize, Cipher, Classification, Column, Custodians, DatasetManifest, HashAlgorithm, Kind,
    Role, Salt, Verity,
};
use domain::dsse::Envelope;
use domain::event::{Action, Actor, Entry, Event, Outcome};
use domain::ids::{EntryId, OutputId, PersonId};
use domain::keys::SecretKey;
use domain::launch::{Deployment, LaunchManifest};
use domain::output::{OutputPackage, PackageFile, PackageRecords, output_report_data};
use domain::project::{Proposal, Workload, WorkloadKind, approve};
use domain::review::Vote;
use domain::{Digest, ReasonCode, Timestamp, canonical};
use evidence::snp::{Chips, PlatformRules, Roots, SnpEvidence, TcbFloors};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use ledger::{Draft, Ledger};
use seal::SealingSecretKey;
use seal::rand_core::UnwrapErr;
use serde::Serialize;
use serde::de::DeserializeOwned;
use testkit::bundles::BlobSigner;
use testkit::emulated::{Launch, SecurityProcessor};
use wire::airlock::{Exported, OutputContent, OutputSummary, SealedOutput, SubmitReview};
use zeroize::Zeroizing;

use crate::export::{Trust, TrustVersion};
use crate::{Airlock, Decisions, Publication, Revocation, router};

const NOW: i64 = 1_795_000_000;
const ORIGIN: &str = "airlock.example/log";
const IMAGE: Measurement = Measurement::from_bytes([1; 48]);
const ARTIFACT: &[u8] = b"image manifest";
pub(crate) const CUSTODIAN: u8 = 1;
pub(crate) const AUTHOR: u8 = 3;
pub(crate) const STRANGER: u8 = 9;
const LOG: u8 = 20;
const SIGNING: u8 = 21;

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(NOW + seconds).unwrap()
}

pub(crate) fn person(name: &str) -> PersonId {
    name.parse().unwrap()
}

/// One for all tests: making its keys takes seconds.
pub(crate) fn processor() -> &'static SecurityProcessor {
    static PROCESSOR: OnceLock<SecurityProcessor> = OnceLock::new();
    PROCESSOR.get_or_init(|| SecurityProcessor::create(Generation::Genoa, at(-1000)).unwrap())
}

/// Who signs workloads, and who does not.
pub(crate) fn signers() -> &'static [BlobSigner; 2] {
    static SIGNERS: OnceLock<[BlobSigner; 2]> = OnceLock::new();
    SIGNERS.get_or_init(|| [BlobSigner::create().unwrap(), BlobSigner::create().unwrap()])
}

/// A signature over the workload, as cosign writes it.
pub(crate) fn bundle_by(signer: &BlobSigner) -> String {
    signer.sign(ARTIFACT).unwrap()
}

fn sealing_key() -> SealingSecretKey {
    SealingSecretKey::from_seed(&Zeroizing::new([7; 32])).unwrap()
}

pub(crate) const RULES: &str = r#"
version = 1
[tables]
threshold = 5
[microdata]
k = 5
[releases]
budget = 3
max_bits = 1600
[limits]
file_types = ["csv"]
max_files = 16
max_file_bytes = 100_000
max_total_bytes = 400_000
max_depth = 2
max_rows = 1000
max_columns = 8
max_cell_chars = 64
significant_digits = 6
[[output]]
name = "by_site.csv"
kind = "table"
categories = ["site"]
counts = ["people"]
[[output]]
name = "by_age.csv"
kind = "table"
categories = ["age"]
counts = ["people"]
[[output]]
name = "under_30.csv"
kind = "table"
categories = ["band"]
counts = ["people"]
[output.records.categories]
band = { from = "age", below = [[30, "younger"], [200, "older"]] }
[[output]]
name = "under_31.csv"
kind = "table"
categories = ["band"]
counts = ["people"]
[output.records.categories]
band = { from = "age", below = [[31, "younger"], [200, "older"]] }
"#;

/// The dataset: four people are thirty years old.
fn people() -> String {
    let rows = |count, row: &str| row.repeat(count);
    ["site,age\n".to_owned(), rows(18, "north,25\n"), rows(4, "north,30\n"), rows(18, "south,50\n")]
        .concat()
}

/// What a workload left: one file that passes, one refused, one that only smuggles its name out.
pub(crate) const LEFT: [(&str, &str); 3] = [
    ("by_site.csv", "site,people\nnorth,12\nsouth,30\n"),
    ("by_age.csv", "age,people\n30,4\n31,9\n"),
    ("secret-of-row-17.csv", "x\n1\n"),
];

pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) airlock: Arc<Airlock>,
    service: TowerToHyperService<Router>,
    now: Arc<AtomicI64>,
}

/// A launch to which a key was released.
pub(crate) struct Launched {
    pub(crate) manifest: LaunchManifest,
    pub(crate) initdata: Vec<u8>,
    pub(crate) digest: Digest,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn read<T: DeserializeOwned>(&self) -> T {
        assert!(self.status < 300, "{} {}", self.status, String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn reason(&self) -> String {
        assert!(self.status >= 400, "{} {}", self.status, String::from_utf8_lossy(&self.body));
        let problem: wire::Problem = serde_json::from_slice(&self.body).unwrap();
        problem.reason.to_string()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::revoking(Revocation::EmulatedNone)
    }

    pub(crate) fn revoking(revocation: Revocation) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let part = |name: &str| folder.path().join(name);
        let folders = ledger::Folders {
            data: part("data"),
            state: part("state"),
            record_keys: part("record-keys"),
        };
        let ledger = Arc::new(Ledger::open(&folders, ORIGIN, key(LOG)).unwrap());
        Self::over(folder, ledger, Arc::new(AtomicI64::new(0)), revocation, Publication::None)
    }

    /// An airlock that publishes bundles.
    pub(crate) fn publishing(publication: Publication) -> Self {
        Self::new().with(publication)
    }

    /// The same ledger under an airlock that publishes in another way.
    pub(crate) fn with(self, publication: Publication) -> Self {
        Self::over(self.folder, self.ledger, self.now, Revocation::EmulatedNone, publication)
    }

    /// The same ledger under an airlock that remembers nothing else.
    pub(crate) fn restarted(self) -> Self {
        self.with(Publication::None)
    }

    fn over(
        folder: tempfile::TempDir,
        ledger: Arc<Ledger>,
        now: Arc<AtomicI64>,
        revocation: Revocation,
        publication: Publication,
    ) -> Self {
        let clock = Arc::clone(&now);
        let airlock = Arc::new(Airlock {
            ledger: Arc::clone(&ledger),
            sealing_key: sealing_key(),
            signing_key: key(SIGNING),
            roots: roots(),
            floors: TcbFloors::published().unwrap(),
            chips: Chips::Any,
            platform_rules: PlatformRules::none(),
            revocation,
            publication,
            clock: Box::new(move || at(clock.load(Ordering::SeqCst))),
            decisions: Decisions::default(),
        });
        let service = TowerToHyperService::new(router(Arc::clone(&airlock)));
        Self { folder, ledger, airlock, service, now }
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

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.ledger.entries().unwrap().iter().map(|(_, entry)| entry.clone()).collect()
    }

    pub(crate) fn objects(&self) -> usize {
        ["data/objects", "data/sealed"]
            .map(|folder| std::fs::read_dir(self.path(folder)).unwrap().count())
            .iter()
            .sum()
    }

    /// Writes an entry as `actor`, and returns its name.
    pub(crate) fn log(&self, actor: Actor, person: Option<&str>, event: Event) -> EntryId {
        let person = person.map(self::person);
        let draft = Draft { actor, time: self.now(), person, event };
        self.ledger.record(draft, ()).unwrap().place().entry.clone()
    }

    fn keep_personal(&self, value: &impl Serialize) -> Digest {
        self.ledger.keep_personal(&canonical::to_vec(value).unwrap()).unwrap()
    }

    /// Logs the approval of a proposal, as the broker does.
    pub(crate) fn approve(&self, proposal: &Proposal) -> EntryId {
        let envelope = dataset().sign(&key(CUSTODIAN)).unwrap();
        let dataset = envelope.payload_digest().unwrap();
        let envelope = self.ledger.keep(&canonical::to_vec(&envelope).unwrap()).unwrap();
        let event =
            Event { evidence: vec![envelope], ..Event::accepted(Action::DatasetSealed, dataset) };
        let sealed = self.log(Actor::Broker, None, event);
        let approvals = [approve(proposal, &key(CUSTODIAN), self.now()).unwrap()];
        let event = Event {
            project: Some(proposal.project.clone()),
            evidence: vec![self.keep_personal(&approvals), envelope],
            previous: vec![sealed],
            ..Event::accepted(Action::ProjectApproved, self.keep_personal(proposal))
        };
        self.log(Actor::Broker, None, event)
    }

    /// Logs stages 1 to 5 of a launch.
    pub(crate) fn launch_with(
        &self,
        edit_proposal: impl FnOnce(&mut Proposal),
        edit_manifest: impl FnOnce(&mut LaunchManifest),
    ) -> Launched {
        let mut proposal = proposal();
        edit_proposal(&mut proposal);
        let approved = self.approve(&proposal);
        let mut manifest = manifest(&proposal);
        edit_manifest(&mut manifest);
        let initdata = manifest.to_initdata().unwrap();
        self.release_key(&initdata, &manifest, approved);
        Launched { digest: Digest::of(&initdata), manifest, initdata }
    }

    fn release_key(&self, initdata: &[u8], manifest: &LaunchManifest, approved: EntryId) {
        self.ledger.keep(RULES.as_bytes()).unwrap();
        let digest = self.ledger.keep_personal(initdata).unwrap();
        let mut previous = approved;
        for action in [Action::LaunchAuthorised, Action::EnclaveAttested, Action::KeyReleased] {
            let author = (action == Action::LaunchAuthorised).then(|| manifest.author.as_str());
            let event = Event {
                project: Some(manifest.project.clone()),
                previous: vec![previous],
                ..Event::accepted(action, digest)
            };
            previous = self.log(Actor::Broker, author, event);
        }
    }

    /// A launch whose manifest is these bytes.
    pub(crate) fn launch_of(&self, initdata: &[u8]) -> Digest {
        let approved = self.approve(&proposal());
        self.release_key(initdata, &manifest(&proposal()), approved);
        Digest::of(initdata)
    }

    pub(crate) fn launch(&self) -> Launched {
        self.launch_with(|_| (), |_| ())
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.service.call(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 24).await.unwrap().to_vec();
        Answer { status, body }
    }

    pub(crate) async fn post_bytes(&self, path: &str, body: Vec<u8>) -> Answer {
        self.send(Request::post(path).body(Body::from(body)).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Answer {
        self.post_bytes(path, serde_json::to_vec(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn deliver(&self, sealed: &SealedOutput) -> Answer {
        self.post("/v0/outputs", sealed).await
    }

    /// A launch that has delivered.
    pub(crate) async fn delivered(&self) -> (Launched, OutputSummary) {
        let launched = self.launch();
        let sealed = sealed(&launched, &package(&launched, &LEFT));
        let summary = self.deliver(&sealed).await.read();
        (launched, summary)
    }

    pub(crate) async fn read_as(&self, reader: &str, seed: u8, output: &OutputId) -> Answer {
        let request = read_request(reader, seed, output, self.now());
        self.post(&format!("/v0/outputs/{output}/content"), &request).await
    }

    pub(crate) async fn content(&self, output: &OutputId) -> OutputContent {
        self.read_as("reviewer-1", 4, output).await.read()
    }

    pub(crate) async fn vote(&self, output: &OutputId, review: &Envelope) -> Answer {
        let body = SubmitReview { review: review.clone() };
        self.post(&format!("/v0/outputs/{output}/reviews"), &body).await
    }

    pub(crate) async fn accepted_by(&self, output: &OutputSummary, reviewers: &[(&str, u8)]) {
        for (name, seed) in reviewers {
            let vote = review(name, *seed, output.package, Vote::Accept);
            self.vote(&output.output, &vote).await.read::<OutputSummary>();
        }
    }

    pub(crate) async fn export(&self, output: &OutputId) -> Answer {
        self.post(&format!("/v0/outputs/{output}/export"), &()).await
    }

    /// A verified-to-be file, from delivery to download.
    pub(crate) async fn exported(&self) -> Vec<u8> {
        let (_, output) = self.delivered().await;
        self.accepted_by(&output, &REVIEWERS).await;
        let exported: Exported = self.export(&output.output).await.read();
        self.get(&format!("/v0/exports/{}", exported.export)).await.body
    }

    /// Asserts that `answer` is a refusal with `reason` and that the newest entry says so.
    pub(crate) fn check_refused(&self, answer: &Answer, action: Action, reason: &str) {
        assert_eq!(answer.reason(), reason);
        let entry = self.entries().pop().unwrap();
        let code = ReasonCode::try_from(reason.to_owned()).unwrap();
        assert_eq!(entry.actor, Actor::Airlock, "{entry:?}");
        assert_eq!(entry.event.action, action, "{entry:?}");
        assert_eq!(entry.event.outcome, Outcome::Refused { reason: code }, "{entry:?}");
    }

    /// How many outputs left.
    pub(crate) fn left(&self) -> usize {
        let exported = |entry: &&Entry| {
            entry.event.action == Action::OutputExported && entry.event.outcome == Outcome::Accepted
        };
        self.entries().iter().filter(exported).count()
    }
}

pub(crate) const REVIEWERS: [(&str, u8); 2] = [("reviewer-1", 4), ("reviewer-2", 5)];

pub(crate) fn roots() -> Roots {
    Roots::emulated(processor().ark_der()).unwrap()
}

pub(crate) fn trust() -> Trust {
    Trust {
        version: TrustVersion::V1,
        log_origin: ORIGIN.to_owned(),
        log_key: key(LOG).public(),
        airlock: key(SIGNING).public(),
        custodians: BTreeSet::from([key(CUSTODIAN).public()]),
        provider_keys: BTreeSet::new(),
        emulated_root: None,
    }
}

/// The airlock's own signing key, for tests that forge receipts with it.
pub(crate) fn signing_key() -> SecretKey {
    key(SIGNING)
}

fn dataset() -> DatasetManifest {
    let column = |name: &str, role, kind| Column { name: name.to_owned(), role, kind };
    DatasetManifest {
        id: "survey".parse().unwrap(),
        title: "t".to_owned(),
        description: "d".to_owned(),
        classification: Classification::Public,
        rows: 100,
        columns: vec![
            column("site", Role::QuasiIdentifier, Kind::Categorical),
            column("age", Role::QuasiIdentifier, Kind::Numeric),
        ],
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
        custodians: Custodians::new(BTreeSet::from([key(CUSTODIAN).public()]), 1).unwrap(),
        created: at(0),
    }
}

pub(crate) fn proposal() -> Proposal {
    Proposal {
        project: "visits".parse().unwrap(),
        title: "t".to_owned(),
        purpose: "p".to_owned(),
        dataset: dataset().sign(&key(CUSTODIAN)).unwrap().payload_digest().unwrap(),
        workloads: vec![Workload {
            name: "analysis".to_owned(),
            kind: WorkloadKind::Container,
            digest: Digest::of(ARTIFACT),
            signer: signers()[0].public_key_pem().unwrap(),
            arguments: Vec::new(),
        }],
        measurements: BTreeSet::from([IMAGE]),
        output_rules: Digest::of(RULES.as_bytes()),
        release_policy: Digest::of(b"policy"),
        researchers: BTreeMap::from([(person("author"), key(AUTHOR).public())]),
        reviewers: BTreeMap::from([
            (person("reviewer-1"), key(4).public()),
            (person("reviewer-2"), key(5).public()),
            (person("author"), key(6).public()),
            (person("author-by-another-name"), key(AUTHOR).public()),
        ]),
        reviews_required: 2,
        expires: at(10_000),
    }
}

fn manifest(proposal: &Proposal) -> LaunchManifest {
    static LAUNCHES: AtomicI64 = AtomicI64::new(0);
    let number = LAUNCHES.fetch_add(1, Ordering::SeqCst);
    LaunchManifest {
        launch: format!("launch-{number}").parse().unwrap(),
        job: "job-1".parse().unwrap(),
        author: person("author"),
        project: proposal.project.clone(),
        proposal: proposal.digest().unwrap(),
        dataset: proposal.dataset,
        dataset_signer: key(CUSTODIAN).public(),
        workload: proposal.workloads[0].clone(),
        output_rules: proposal.output_rules,
        release_policy: proposal.release_policy,
        deployment: Deployment {
            broker_tls: Digest::of(b"broker"),
            airlock_tls: Digest::of(b"airlock"),
            airlock_sealing: sealing_key().public().to_string(),
            log_origin: ORIGIN.to_owned(),
            log_key: key(LOG).public(),
        },
        expires: at(600),
    }
}

/// What the agent of `launched` packs if the workload left these files.
pub(crate) fn package(launched: &Launched, left: &[(&str, &str)]) -> OutputPackage {
    let entry = |(name, text): &(&str, &str)| OutputEntry {
        path: name.as_bytes().to_vec(),
        kind: EntryKind::Regular { bytes: text.as_bytes().to_vec(), links: 1 },
    };
    let entries: Vec<_> = left.iter().map(entry).collect();
    let rules = Rules::parse(RULES.as_bytes()).unwrap();
    let roles = disclosure::roles_of(&dataset().columns);
    let people = people();
    let people: Box<dyn std::io::Read + '_> = Box::new(people.as_bytes());
    let data = Dataset::read([("people.csv", people)], &dataset().columns, &rules).unwrap();
    let checked = disclosure::check(&entries, &rules, &roles, &data);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let file = |file: &disclosure::CanonicalFile| PackageFile {
        name: file.name().to_owned(),
        content: text(file.bytes()),
        checked: file.checked().map(text),
    };
    let (files, records) = match &checked {
        Checked::Refused(_) => (Vec::new(), None),
        Checked::Released(released) => {
            let records = released.footprints().map(|footprints| {
                PackageRecords::new(footprints.population(), &footprints.to_bytes())
            });
            (released.files().iter().map(file).collect(), records)
        }
    };
    let manifest = &launched.manifest;
    OutputPackage {
        job: manifest.job.clone(),
        launch: manifest.launch.clone(),
        author: manifest.author.clone(),
        project: manifest.project.clone(),
        manifest: launched.digest,
        report: text(&checked.report().to_bytes()),
        files,
        records,
    }
}

/// The evidence of `launched` that binds the package with this digest.
pub(crate) fn evidence_of(launched: &Launched, package: Digest) -> SnpEvidence {
    let launch = Launch {
        measurement: IMAGE,
        host_data: HostData::from(launched.digest),
        policy: GuestPolicy::new(0x30000),
    };
    processor().evidence(&launch, output_report_data(package), 0).unwrap()
}

pub(crate) fn seal_bytes(package: &[u8], launched: &Launched) -> Vec<u8> {
    let mut rng = UnwrapErr(getrandom::SysRng);
    seal::seal_output(package, &sealing_key().public(), &launched.digest, &mut rng).unwrap()
}

/// What the agent hands over.
pub(crate) fn sealed(launched: &Launched, package: &OutputPackage) -> SealedOutput {
    let delivery = sealed_bytes(launched, &package.to_bytes().unwrap());
    SealedOutput { evidence: evidence_of(launched, package.digest().unwrap()), ..delivery }
}

pub(crate) fn sealed_bytes(launched: &Launched, package: &[u8]) -> SealedOutput {
    SealedOutput {
        initdata: launched.initdata.clone(),
        evidence: evidence_of(launched, Digest::of(package)),
        sealed: seal_bytes(package, launched),
        workload_bundle: bundle_by(&signers()[0]),
        image_manifest: ARTIFACT.to_vec(),
    }
}
