//! A node's folder whose log has a history, written as the services write it: every object is a real
//! one, and only the enclave's evidence and the outputs are missing, which no database is made of.

use std::collections::{BTreeMap, BTreeSet};

use airlock::export::Receipt;
use cloister::node::{Keys, NodeFolder};
use domain::claims::{Measurement, Trust};
use domain::dataset::{
    BlockSize, Cipher, Classification, Column, Custodians, DataFile, DatasetManifest,
    HashAlgorithm, Kind, Role, Salt, Verity,
};
use domain::dsse::Envelope;
use domain::event::{Action, Actor, Event};
use domain::ids::{ExportId, LaunchId};
use domain::keys::SecretKey;
use domain::launch::{Deployment, JobRequest, LaunchManifest};
use domain::project::{Approval, Proposal, Workload, WorkloadKind, approve};
use domain::recorded::LogPlace;
use domain::{Digest, ReasonCode, Timestamp, canonical};
use ledger::{Draft, Ledger};
use zeroize::Zeroizing;

use crate::run::Bench;

pub(crate) const ORIGIN: &str = "example.org/log";
pub(crate) const RULES: &[u8] = b"version = 1\n";
pub(crate) const COMPONENT: &[u8] = b"\0asm, in a manner of speaking";

/// The log of the node in `node`, open for writing.
pub(crate) struct History {
    pub(crate) ledger: Ledger,
    receipts: SecretKey,
    deployment: Deployment,
    time: i64,
}

/// A launch, and where its entry is.
pub(crate) struct Launched {
    pub(crate) manifest: Digest,
    pub(crate) proposal: Digest,
    pub(crate) place: LogPlace,
}

impl History {
    pub(crate) fn open(bench: &Bench) -> Self {
        let folder = NodeFolder::open(&bench.path("node")).unwrap();
        let keys = Keys::open(&folder).unwrap();
        let deployment = Deployment {
            broker_tls: keys.broker_tls.pin(),
            airlock_tls: keys.airlock_tls.pin(),
            airlock_sealing: keys.airlock_sealing.public().to_string(),
            log_origin: ORIGIN.to_owned(),
            log_key: keys.log.public(),
        };
        let ledger = Ledger::open(&folder.ledger_folders(), ORIGIN, keys.log).unwrap();
        Self { ledger, receipts: keys.airlock_signing, deployment, time: START }
    }

    /// Each decision is a minute after the one before.
    fn record(&mut self, actor: Actor, person: Option<&str>, event: Event) -> LogPlace {
        self.time += 60;
        let time = Timestamp::from_unix_seconds(self.time).unwrap();
        let person = person.map(|person| person.parse().unwrap());
        self.ledger.record(Draft { actor, time, person, event }, ()).unwrap().place().clone()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.time).unwrap()
    }

    pub(crate) fn seal(&mut self, envelope: &Envelope) -> LogPlace {
        let bytes = canonical::to_vec(envelope).unwrap();
        let event = Event {
            evidence: vec![self.ledger.keep(&bytes).unwrap()],
            ..Event::accepted(Action::DatasetSealed, envelope.payload_digest().unwrap())
        };
        self.record(Actor::Broker, None, event)
    }

    pub(crate) fn approve(&mut self, proposal: &Proposal) -> LogPlace {
        let bytes = canonical::to_vec(proposal).unwrap();
        let statements = canonical::to_vec(&vec![statement(proposal)]).unwrap();
        let event = Event {
            project: Some(proposal.project.clone()),
            evidence: vec![self.ledger.keep_personal(&statements).unwrap()],
            ..Event::accepted(Action::ProjectApproved, self.ledger.keep_personal(&bytes).unwrap())
        };
        self.ledger.keep(RULES).unwrap();
        self.record(Actor::Broker, None, event)
    }

    pub(crate) fn launch(&mut self, proposal: &Proposal, job: &str) -> Launched {
        let request = request(proposal, job);
        let bits = Digest::of(format!("{job} {}", self.time).as_bytes()).as_bytes()[..16].to_vec();
        let (dataset, at) = (manifest(proposal), self.now());
        let signed = DatasetManifest::verify(&dataset, &custodian().public()).unwrap();
        let approval = Approval::new(proposal.clone(), &signed, &[statement(proposal)], at);
        let made = LaunchManifest::authorise(
            LaunchId::from_random(bits.try_into().unwrap()),
            &approval.unwrap(),
            custodian().public(),
            &request,
            self.deployment.clone(),
            at,
            600,
        );
        let initdata = made.unwrap().to_initdata().unwrap();
        let request = canonical::to_vec(&request).unwrap();
        let manifest = self.ledger.keep_personal(&initdata).unwrap();
        let event = Event {
            project: Some(proposal.project.clone()),
            evidence: vec![self.ledger.keep_personal(&request).unwrap()],
            ..Event::accepted(Action::LaunchAuthorised, manifest)
        };
        let place = self.record(Actor::Broker, Some("alice"), event);
        Launched { manifest, proposal: canonical::digest(proposal).unwrap(), place }
    }

    /// A decision about a launch: `refusal` or none.
    pub(crate) fn decide(
        &mut self,
        launched: &Launched,
        actor: Actor,
        action: Action,
        refusal: Option<&str>,
    ) -> LogPlace {
        let event = match refusal {
            None => Event {
                platform: Some(Trust::Emulated),
                ..Event::accepted(action, launched.manifest)
            },
            Some(reason) => {
                let reason = ReasonCode::try_from(reason.to_owned()).unwrap();
                Event::refused(action, launched.manifest, reason)
            }
        };
        self.record(actor, None, event)
    }

    /// From the verdict to the delivery.
    pub(crate) fn deliver(&mut self, launched: &Launched) {
        self.decide(launched, Actor::Broker, Action::EnclaveAttested, None);
        self.decide(launched, Actor::Broker, Action::KeyReleased, None);
        self.decide(launched, Actor::Airlock, Action::JobFinished, None);
    }

    pub(crate) fn export(&mut self, launched: &Launched, proposal: &Proposal) -> LogPlace {
        let package = Digest::of(format!("package of {}", launched.manifest).as_bytes());
        let bits = package.as_bytes()[..16].try_into().unwrap();
        let person = |name: &str| name.parse().unwrap();
        let receipt = Receipt {
            export: ExportId::from_random(bits),
            released: self.now(),
            platform: Trust::Emulated,
            measurement: Measurement::from_bytes([1; 48]),
            project: proposal.project.clone(),
            job: "any".parse().unwrap(),
            launch: "any".parse().unwrap(),
            author: person("alice"),
            manifest: launched.manifest,
            dataset: proposal.dataset,
            proposal: launched.proposal,
            workload: Digest::of(COMPONENT),
            output_rules: proposal.output_rules,
            release_policy: proposal.release_policy,
            package,
            report: Digest::of(b"report"),
            reviewers: ["bob", "carol"].map(person).to_vec(),
            members: BTreeMap::new(),
        };
        let envelope = receipt.sign(&self.receipts).unwrap();
        let bytes = canonical::to_vec(&envelope).unwrap();
        let event = Event {
            project: Some(proposal.project.clone()),
            evidence: vec![self.ledger.keep_personal(&bytes).unwrap(), package],
            platform: Some(Trust::Emulated),
            ..Event::accepted(Action::OutputExported, envelope.payload_digest().unwrap())
        };
        self.record(Actor::Airlock, None, event)
    }

    pub(crate) fn erase(&mut self, place: &LogPlace) {
        let at = self.now();
        self.ledger.erase(&place.entry, "olga".parse().unwrap(), at).unwrap();
    }

    /// Logs `event` of the broker as it stands.
    pub(crate) fn record_raw(&mut self, event: Event) -> LogPlace {
        self.record(Actor::Broker, None, event)
    }
}

/// The folder of the dataset `title`, as `dataset seal` leaves it, less the ciphertext.
pub(crate) fn put_dataset(bench: &Bench, folder: &str, envelope: &Envelope) {
    let file = format!("node/datasets/{folder}/manifest.dsse.json");
    bench.write(&file, serde_json::to_vec(envelope).unwrap());
}

pub(crate) fn dataset(title: &str) -> Envelope {
    let manifest = DatasetManifest {
        id: "randhie".parse().unwrap(),
        title: title.to_owned(),
        description: "Person-level records".to_owned(),
        classification: Classification::HighlyConfidential,
        rows: 20_190,
        columns: vec![Column {
            name: "age".to_owned(),
            role: Role::QuasiIdentifier,
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
        custodians: Custodians::new(BTreeSet::from([custodian().public()]), 1).unwrap(),
        created: "2026-01-31T12:00:00Z".parse().unwrap(),
    };
    manifest.sign(&custodian()).unwrap()
}

/// The dataset that a proposal of these tests is about.
fn manifest(proposal: &Proposal) -> Envelope {
    let all = ["Health insurance", "Another"].map(dataset);
    all.into_iter().find(|one| one.payload_digest().unwrap() == proposal.dataset).unwrap()
}

pub(crate) fn proposal(project: &str, title: &str, dataset: &Envelope) -> Proposal {
    let person = |name: &str, seed| (name.parse().unwrap(), key(seed).public());
    Proposal {
        project: project.parse().unwrap(),
        title: title.to_owned(),
        purpose: "To learn".to_owned(),
        dataset: dataset.payload_digest().unwrap(),
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
        researchers: BTreeMap::from([person("alice", 2)]),
        reviewers: BTreeMap::from([person("bob", 3), person("carol", 4)]),
        reviews_required: 2,
        expires: Timestamp::from_unix_seconds(START + 86_400).unwrap(),
    }
}

pub(crate) fn statement(proposal: &Proposal) -> Envelope {
    approve(proposal, &custodian(), Timestamp::from_unix_seconds(START).unwrap()).unwrap()
}

pub(crate) fn request(proposal: &Proposal, job: &str) -> Envelope {
    let request = JobRequest {
        job: job.parse().unwrap(),
        project: proposal.project.clone(),
        workload: Digest::of(COMPONENT),
        author: "alice".parse().unwrap(),
    };
    request.sign(&key(2)).unwrap()
}

fn custodian() -> SecretKey {
    key(1)
}

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([seed; 32]))
}

const START: i64 = 1_800_000_000;
