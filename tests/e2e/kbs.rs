//! Enclaves that do not behave, against the real broker: its answers and its log. The security
//! processor is the laboratory's; what a hostile guest or host would alter is altered here.

use std::fs;

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cloister::node::{NodeFolder, now};
use domain::claims::{GuestPolicy, HostData, ReportData};
use domain::dsse::Envelope;
use domain::event::Action;
use domain::ids::JobId;
use domain::launch::{JobRequest, LaunchManifest};
use domain::{Digest, Timestamp};
use lab::platform::EmulatedPlatform;
use lab::workspace::{Signed, Workspace};
use serde_json::{Value, json};
use testkit::emulated::{Launch, SecurityProcessor};
use wire::kbs::{RuntimeData, TeePubKey};

use crate::harness::{Scene, Stage, refusal};

/// An enclave under the test's control, for one authorised launch.
pub(crate) struct Enclave {
    processor: SecurityProcessor,
    client: reqwest::Client,
    url: String,
    pub(crate) initdata: Vec<u8>,
    measurement: domain::claims::Measurement,
    key: TeePubKey,
}

/// A session between `/auth` and `/attest`.
pub(crate) struct Session {
    cookie: String,
    nonce: String,
}

impl Enclave {
    /// A launch of `signed`, authorised by the broker for the project's researcher.
    pub(crate) async fn authorised(workspace: &Workspace, signed: &Signed) -> Self {
        let request = job_request(workspace, signed.workload.digest);
        let body = json!({ "request": request });
        let answer: Value =
            workspace.broker.post("/v0/launches", None, &body, "the launch").await.unwrap();
        let initdata = STANDARD.decode(answer["initdata"].as_str().unwrap()).unwrap();
        Self::launched(workspace, initdata)
    }

    pub(crate) fn launched(workspace: &Workspace, initdata: Vec<u8>) -> Self {
        let pem = NodeFolder::open(&workspace.node_folder()).unwrap();
        let pem = fs::read_to_string(EmulatedPlatform::file(&pem)).unwrap();
        let broker = &workspace.served.broker;
        Self {
            processor: SecurityProcessor::from_pem(&pem).unwrap(),
            client: ::channel::http_client(broker.pin).unwrap(),
            url: broker.url.clone(),
            initdata,
            measurement: workspace.measurement,
            key: tee_key(),
        }
    }

    pub(crate) async fn auth(&self) -> Session {
        let body = json!({ "version": "0.4.0", "tee": "snp", "extra-params": {} });
        let answer =
            self.client.post(format!("{}/kbs/v0/auth", self.url)).json(&body).send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let challenge: Value = answer.json().await.unwrap();
        Session { cookie, nonce: challenge["nonce"].as_str().unwrap().to_owned() }
    }

    /// Attests with everything as it should be, or as `edit` makes it.
    pub(crate) async fn attest(&self, session: &Session, edit: impl FnOnce(&mut Said)) -> Answer {
        let runtime = RuntimeData { nonce: session.nonce.clone(), tee_pubkey: self.key.clone() };
        let mut said = Said {
            bound: runtime.clone(),
            host_data: HostData::from(Digest::of(&self.initdata)),
            sent: runtime,
        };
        edit(&mut said);
        let launch = Launch {
            measurement: self.measurement,
            host_data: said.host_data,
            policy: GuestPolicy::new(0x30000),
        };
        let report_data: ReportData = wire::kbs::report_data("", &said.bound).unwrap();
        let evidence = self.processor.evidence(&launch, report_data, 0).unwrap();
        let body = json!({
            "init-data": { "format": "toml", "body": String::from_utf8(self.initdata.clone()).unwrap() },
            "runtime-data": said.sent,
            "tee-evidence": { "primary_evidence": evidence, "additional_evidence": "" },
        });
        let url = format!("{}/kbs/v0/attest", self.url);
        let request = self.client.post(url).header("cookie", &session.cookie).json(&body);
        Answer::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn key(&self, token: &str) -> Answer {
        let manifest = LaunchManifest::from_initdata(&self.initdata).unwrap();
        self.key_of(&manifest.dataset, token).await
    }

    async fn key_of(&self, dataset: &Digest, token: &str) -> Answer {
        let path = wire::kbs::dataset_key_path(dataset);
        let url = format!("{}/kbs/v0/resource/{path}", self.url);
        Answer::of(self.client.get(url).bearer_auth(token).send().await.unwrap()).await
    }
}

/// What an enclave binds in its report, and what it sends along.
pub(crate) struct Said {
    bound: RuntimeData,
    sent: RuntimeData,
    host_data: HostData,
}

/// A status and the JSON that came with it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        Self { status: response.status().as_u16(), body: response.json().await.unwrap() }
    }

    pub(crate) fn reason(&self) -> &str {
        self.body["reason"].as_str().unwrap_or("")
    }

    pub(crate) fn token(&self) -> &str {
        self.body["token"].as_str().unwrap_or_else(|| panic!("no token: {self:?}"))
    }
}

fn tee_key() -> TeePubKey {
    let key = PrivateKey::generate(&ECDH_P256).unwrap();
    let public = key.compute_public_key().unwrap();
    let point = &public.as_ref()[1..];
    TeePubKey::EC {
        crv: "P-256".to_owned(),
        alg: "ECDH-ES+A256KW".to_owned(),
        x: URL_SAFE_NO_PAD.encode(&point[..32]),
        y: URL_SAFE_NO_PAD.encode(&point[32..]),
    }
}

fn job_request(workspace: &Workspace, workload: Digest) -> Envelope {
    request_of(workspace, workload, JobId::from_random([7; 16]))
}

pub(crate) fn request_of(workspace: &Workspace, workload: Digest, job: JobId) -> Envelope {
    let author = &workspace.people.researcher;
    let request = JobRequest {
        job,
        project: "visits-by-plan".parse().unwrap(),
        workload,
        author: author.id.clone(),
    };
    request.sign(&author.key).unwrap()
}

async fn approved() -> (Stage, Signed) {
    let scene = Scene::new();
    let (_, component) = scene.workloads();
    let stage = scene.start();
    stage.workspace.approved(&[&component]).await.unwrap();
    (stage, component)
}

#[tokio::test(flavor = "multi_thread")]
async fn nonce_key_and_manifest_are_bound() {
    let (stage, component) = approved().await;
    let enclave = Enclave::authorised(&stage.workspace, &component).await;

    let old = enclave.auth().await;
    let other_key = enclave.attest(&old, |said| said.sent.tee_pubkey = tee_key()).await;
    assert_eq!(other_key.reason(), "evidence.report-data", "{other_key:?}");
    let again = enclave.attest(&old, |_| ()).await;
    assert_eq!(again.reason(), "kbs.nonce-used", "{again:?}");

    let session = enclave.auth().await;
    let replayed = enclave.attest(&session, |said| said.bound.nonce = old.nonce.clone()).await;
    assert_eq!(replayed.reason(), "evidence.report-data", "{replayed:?}");

    let session = enclave.auth().await;
    let other = HostData::from(Digest::of(b"another manifest"));
    let other_manifest = enclave.attest(&session, |said| said.host_data = other).await;
    assert_eq!(other_manifest.reason(), "evidence.host-data", "{other_manifest:?}");

    let invented = String::from_utf8(enclave.initdata.clone()).unwrap();
    let mut manifest = LaunchManifest::from_initdata(invented.as_bytes()).unwrap();
    manifest.expires = manifest.expires.plus_seconds(3600);
    let invented = Enclave::launched(&stage.workspace, manifest.to_initdata().unwrap());
    let session = invented.auth().await;
    let unknown = invented.attest(&session, |_| ()).await;
    assert_eq!(unknown.reason(), "launch.unknown-manifest", "{unknown:?}");

    let logged = stage.refusals(Action::EnclaveAttested);
    for reason in
        ["evidence.report-data", "kbs.nonce-used", "evidence.host-data", "launch.unknown-manifest"]
    {
        assert!(logged.iter().any(|found| found == reason), "{reason} is not in {logged:?}");
    }
    assert_eq!(stage.accepted(Action::KeyReleased), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_manifest_one_key() {
    let (stage, component) = approved().await;
    let enclave = Enclave::authorised(&stage.workspace, &component).await;
    let session = enclave.auth().await;
    let answer = enclave.attest(&session, |_| ()).await;
    assert_eq!(enclave.key(answer.token()).await.status, 200);
    let again = enclave.key(answer.token()).await;
    assert_eq!(again.reason(), "launch.already-used", "{again:?}");
    assert_eq!(stage.accepted(Action::KeyReleased), 1);

    // Whoever saw the researcher's request gets no second run out of it.
    let request = json!({ "request": job_request(&stage.workspace, component.workload.digest) });
    let broker = &stage.workspace.broker;
    let replayed = broker.post::<Value>("/v0/launches", None, &request, "the launch").await;
    assert_eq!(refusal(replayed), "launch.job-already-run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_restarted_between_attestation_and_release() {
    let (stage, component) = approved().await;
    let enclave = Enclave::authorised(&stage.workspace, &component).await;
    let session = enclave.auth().await;
    let token = enclave.attest(&session, |_| ()).await.token().to_owned();
    let initdata = enclave.initdata.clone();
    drop(enclave);

    let stage = stage.crash_and_restart();
    let enclave = Enclave::launched(&stage.workspace, initdata);
    let refused = enclave.key(&token).await;
    assert_eq!(refused.reason(), "kbs.session-unknown", "{refused:?}");
    assert_eq!(stage.refusals(Action::KeyReleased), ["kbs.session-unknown"]);
    assert_eq!(stage.accepted(Action::KeyReleased), 0);

    // Nothing is lost: the launch was not used, so its enclave may attest anew.
    let session = enclave.auth().await;
    let answer = enclave.attest(&session, |_| ()).await;
    assert_eq!(enclave.key(answer.token()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_for_one_dataset_opens_no_other() {
    let (stage, component) = approved().await;
    let enclave = Enclave::authorised(&stage.workspace, &component).await;
    let session = enclave.auth().await;
    let token = enclave.attest(&session, |_| ()).await.token().to_owned();
    let other = enclave.key_of(&Digest::of(b"another dataset"), &token).await;
    assert_eq!(other.reason(), "kbs.other-resource", "{other:?}");
    assert_eq!(stage.refusals(Action::KeyReleased), ["kbs.other-resource"]);
    assert_eq!(stage.accepted(Action::KeyReleased), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_missing_expired_or_for_an_unknown_dataset() {
    let scene = Scene::new();
    let (_, component) = scene.workloads();
    let stage = scene.start();
    let workspace = &stage.workspace;
    workspace.register().await.unwrap();
    workspace.upload(&component).await.unwrap();

    let request = json!({ "request": job_request(workspace, component.workload.digest) });
    let launch = workspace.broker.post::<Value>("/v0/launches", None, &request, "the launch").await;
    assert_eq!(refusal(launch), "approval.missing");

    let custodian = &workspace.people.custodian.key;
    let mut other = workspace.proposal(&[&component]).unwrap();
    other.project = "other-dataset".parse().unwrap();
    other.dataset = Digest::of(b"another dataset");
    let statements = [domain::project::approve(&other, custodian, now()).unwrap()];
    assert_eq!(refusal(submit(workspace, &other, &statements).await), "dataset.unknown");

    let mut short = workspace.proposal(&[&component]).unwrap();
    short.expires = now().plus_seconds(20);
    let statements = [domain::project::approve(&short, custodian, now()).unwrap()];
    let expires: Timestamp = short.expires;
    submit(workspace, &short, &statements).await.unwrap();
    let enclave = Enclave::authorised(workspace, &component).await;
    let session = enclave.auth().await;
    // The condition waited for is the clock's: the approval must have run out.
    while now() < expires {
        tokio::task::yield_now().await;
    }
    let late = enclave.attest(&session, |_| ()).await;
    assert_eq!(late.reason(), "approval.expired", "{late:?}");
    assert_eq!(stage.accepted(Action::KeyReleased), 0);
}

/// Hands a proposal with its statements to the broker.
async fn submit(
    workspace: &Workspace,
    proposal: &domain::project::Proposal,
    statements: &[Envelope],
) -> Result<Value, lab::LabError> {
    let body = json!({
        "proposal": STANDARD.encode(domain::canonical::to_vec(proposal).unwrap()),
        "approvals": statements,
        "output_rules": STANDARD.encode(lab::workspace::RULES),
    });
    workspace.broker.post("/v0/projects", None, &body, "the project").await
}
