//! The stages in order, each through the interface that its users have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use airlock::export::{self, Trust};
use cloister::node::{Node, NodeFolder, now};
use cloister::sealing::{DatasetDescription, seal_folder};
use domain::canonical;
use domain::dsse::Envelope;
use domain::ids::ProjectId;
use domain::project::{Proposal, approve};
use domain::review::{Review, Vote};
use domain::{Digest, Reason as _};
use evidence::launch::VcpuType;
use evidence::snp::Roots;
use getrandom::SysRng;
use launcher::Launcher;
use seal::rand_core::UnwrapErr;
use seal::{DatasetSecret, WrappedDatasetKey};
use serde_json::{Value, json};
use wire::airlock::{
    Exported, OutputContent, OutputSummary, READ_OUTPUT_TYPE, ReadOutput,
};

use super::client::Api;
use super::figures::Figures;
use super::materials::{DESCRIPTION, RULES, Signed, base64, signed_workloads, size, unpack_dataset};
use super::{Console, Options, jobs};
use crate::LabError;
use crate::edition::LAB;
use crate::people::{People, Person};
use crate::platform::EmulatedPlatform;
use crate::serve;

/// What the demo leaves behind.
#[derive(Debug)]
pub struct Outcome {
    /// The exports that verified.
    pub exports: Vec<PathBuf>,
    /// The keys with which anyone verifies them.
    pub trust: PathBuf,
}

/// A demo under way.
struct Demo<'a> {
    console: &'a Console,
    people: People,
    logins: BTreeMap<&'static str, String>,
    node: Node,
    control: Api,
    airlock: Api,
    folder: &'a Path,
}

pub(super) async fn run(
    options: &Options,
    folder: &Path,
    console: &Console,
) -> Result<Outcome, LabError> {
    console.say("Cloister demo: nine stages on the RAND Health Insurance Experiment.");
    console.say("EMULATED PLATFORM: nothing here is confidential; the dataset is public.\n");
    let launcher = serve::launcher().await?;
    let people = People::new()?;
    let node_folder = NodeFolder::open(&folder.join("node"))?;
    let secret = DatasetSecret::draw(&mut UnwrapErr(SysRng));
    let sealed = sealed(folder, &node_folder, &people, &secret, console)?;

    let bare_boot = if options.figures {
        Some(launcher.bare_boot(Duration::from_secs(60)).await?)
    } else {
        None
    };
    let measurement = launcher.image.expected_measurement(VCPUS, VcpuType::EPYC_V4)?;
    let platform = EmulatedPlatform::open(&node_folder.keys().join("emulated.pem"), now())?;
    let node = start(&people, folder, launcher, platform).await?;
    let demo = Demo::new(console, people, node, folder).await?;

    let (image, component) = signed_workloads(folder)?;
    let project = demo.approved(&sealed, &secret, &measurement, [&image, &component]).await?;
    let mut finished = Vec::new();
    for signed in [&image, &component] {
        finished.push(demo.job(&project, signed).await?);
    }
    let exports = demo.released(finished.len()).await?;
    demo.audited(&exports)?;

    let figures = bare_boot.map(|bare| {
        let to_key: Vec<Duration> = finished.iter().map(|job| job.to_key).collect();
        let memory = finished.iter().map(|job| job.agent_memory_kib).max().unwrap_or(0);
        Figures::of(bare, &to_key, memory)
    });
    demo.end(&exports, figures.as_ref());
    Ok(Outcome { exports, trust: demo.trust_file() })
}

fn sealed(
    folder: &Path,
    node: &NodeFolder,
    people: &People,
    secret: &DatasetSecret,
    console: &Console,
) -> Result<domain::dataset::SignedDataset, LabError> {
    let began = Instant::now();
    let plain = tempfile::tempdir().map_err(|error| LabError::File(folder.to_owned(), error))?;
    unpack_dataset(plain.path())?;
    let custodian = &people.custodian.key;
    let path = folder.join("dataset.toml");
    let said = format!("custodians = [\"{}\"]\nthreshold = 1\n{DESCRIPTION}", custodian.public());
    fs::write(&path, said).map_err(|error| LabError::File(path.clone(), error))?;
    let description = DatasetDescription::read(&path)?;
    let out = node.datasets().join(DATASET_FOLDER);
    let rng = &mut UnwrapErr(SysRng);
    let sealed = seal_folder(
        plain.path(), &out, secret, &description, custodian, now(), rng, &mut |_, _| (),
    )?;
    let manifest = sealed.manifest();
    let bytes = size(&out.join("data.img"))?;
    let what = format!(
        "{}: {} rows, {} columns; LUKS2, {bytes} bytes of ciphertext",
        manifest.id, manifest.rows, manifest.columns.len(),
    );
    console.stage(1, "sealed", began.elapsed(), &what);
    console.detail(&format!("header {}", manifest.header_digest));
    console.detail(&format!("verity root {}", manifest.verity.root_hash));
    Ok(sealed)
}

async fn start(
    people: &People,
    folder: &Path,
    launcher: Launcher,
    platform: EmulatedPlatform,
) -> Result<Node, LabError> {
    let custodians = BTreeSet::from([people.custodian.key.public()]);
    let config = serve::node_config(&folder.join("node"), custodians, serve::ANY_PORTS);
    serve::start(config, launcher, Arc::new(platform)).await
}

impl<'a> Demo<'a> {
    async fn new(
        console: &'a Console,
        people: People,
        node: Node,
        folder: &'a Path,
    ) -> Result<Self, LabError> {
        let mut logins = BTreeMap::new();
        for person in people.all() {
            logins.insert(person.name, person.join(node.control()).await?);
        }
        let addresses = node.addresses();
        let control = Api::new(format!("https://{}", addresses.control), node.control_pin())?;
        let airlock_pin = node.deployment().airlock_tls;
        let airlock = Api::new(format!("https://{}", addresses.airlock), airlock_pin)?;
        Ok(Self { console, people, logins, node, control, airlock, folder })
    }

    fn login(&self, person: &Person) -> Option<&str> {
        self.logins.get(person.name).map(String::as_str)
    }

    fn trust_file(&self) -> PathBuf {
        self.folder.join("trust.json")
    }

    /// Stage 2: the researcher proposes, the custodian approves with a signature.
    async fn approved(
        &self,
        dataset: &domain::dataset::SignedDataset,
        secret: &DatasetSecret,
        measurement: &domain::claims::Measurement,
        workloads: [&Signed; 2],
    ) -> Result<ProjectId, LabError> {
        let began = Instant::now();
        self.register(dataset, secret).await?;
        for signed in workloads {
            self.upload(signed).await?;
        }
        let proposal = self.proposal(dataset.digest(), *measurement, workloads)?;
        let bytes = canonical::to_vec(&proposal).map_err(|_| LabError::Made("the proposal"))?;
        let body = json!({ "proposal": base64(&bytes), "output_rules": base64(RULES) });
        let researcher = self.login(&self.people.researcher);
        let _draft: Value =
            self.control.post("/v1/projects", researcher, &body, "the proposal").await?;
        let statement = approve(&proposal, &self.people.custodian.key, now())
            .map_err(|_| LabError::Made("the approval"))?;
        let path = format!("/v1/projects/{}/approvals", proposal.project);
        let custodian = self.login(&self.people.custodian);
        let project: Value =
            self.control.post(&path, custodian, &statement, "the approval").await?;
        if project["state"] != "approved" {
            let found = project["refusal"].to_string();
            return Err(LabError::Unexpected { what: "the project", expected: "approved", found });
        }
        let what = "by 1 of 1 custodians: dataset, 2 workloads, image, rules, expiry";
        self.console.stage(2, "approved", began.elapsed(), what);
        self.console.detail(&format!("proposal {}", Digest::of(&bytes)));
        self.console.detail(&format!("guest image {measurement}"));
        Ok(proposal.project)
    }

    async fn register(
        &self,
        dataset: &domain::dataset::SignedDataset,
        secret: &DatasetSecret,
    ) -> Result<(), LabError> {
        let manifest = NodeFolder::open(&self.folder.join("node"))?
            .datasets()
            .join(DATASET_FOLDER)
            .join("manifest.dsse.json");
        let text = fs::read(&manifest).map_err(|error| LabError::File(manifest.clone(), error))?;
        let envelope: Envelope = serde_json::from_slice(&text)
            .map_err(|error| LabError::File(manifest, error.into()))?;
        let rng = &mut UnwrapErr(SysRng);
        let wrapped =
            WrappedDatasetKey::wrap(secret, self.node.sealing_key(), &dataset.digest(), rng)
                .map_err(|_| LabError::Made("the wrapped key"))?;
        let body = json!({
            "manifest": envelope,
            "signer": dataset.signer(),
            "wrapped_key": wrapped,
            "folder": DATASET_FOLDER,
        });
        let custodian = self.login(&self.people.custodian);
        let _dataset: Value =
            self.control.post("/v1/datasets", custodian, &body, "the dataset").await?;
        Ok(())
    }

    async fn upload(&self, signed: &Signed) -> Result<(), LabError> {
        let login = self.login(&self.people.researcher);
        let path = format!("/v1/workloads/{}", signed.workload.digest);
        let program = fs::read(&signed.program)
            .map_err(|error| LabError::File(signed.program.clone(), error))?;
        self.control.put(&path, login, program, "the workload").await?;
        let bundle = signed.bundle.clone();
        self.control.put(&format!("{path}/bundle"), login, bundle, "the signature").await
    }

    fn proposal(
        &self,
        dataset: Digest,
        measurement: domain::claims::Measurement,
        workloads: [&Signed; 2],
    ) -> Result<Proposal, LabError> {
        let person = |person: &Person| (person.id.clone(), person.key.public());
        Ok(Proposal {
            project: PROJECT.parse().map_err(|_| LabError::Made("the project's name"))?,
            title: "Visits and spending by insurance plan".to_owned(),
            purpose: "Does cost sharing lower the use of care, by site, age and sex?".to_owned(),
            dataset,
            workloads: workloads.iter().map(|signed| signed.workload.clone()).collect(),
            measurements: BTreeSet::from([measurement]),
            output_rules: Digest::of(RULES),
            release_policy: self.node.policy(),
            researchers: BTreeMap::from([person(&self.people.researcher)]),
            reviewers: self.people.reviewers.iter().map(person).collect(),
            reviews_required: 2,
            expires: now().plus_seconds(24 * 3600),
        })
    }

    /// Stages 3 to 7 up to the airlock.
    async fn job(
        &self,
        project: &ProjectId,
        signed: &Signed,
    ) -> Result<jobs::Finished, LabError> {
        let researcher = &self.people.researcher;
        let login = self.login(researcher).unwrap_or_default();
        let workload = &signed.workload;
        jobs::run(&self.control, login, researcher, project, workload, self.console).await
    }

    /// Stages 7 and 8: two reviewers see and accept each output, and it leaves.
    async fn released(&self, expected: usize) -> Result<Vec<PathBuf>, LabError> {
        self.console.say("\n  review and release");
        let outputs: Vec<OutputSummary> =
            self.airlock.get("/v0/outputs", None, "the outputs").await?;
        if outputs.len() != expected {
            let found = outputs.len().to_string();
            return Err(LabError::Unexpected { what: "outputs", expected: "one per job", found });
        }
        let mut exports = Vec::new();
        for output in &outputs {
            let began = Instant::now();
            for reviewer in &self.people.reviewers {
                self.review(reviewer, output).await?;
            }
            let what = format!("{} accepted by two reviewers", output.files.join(", "));
            self.console.stage(7, "checked", began.elapsed(), &what);
            for file in &output.refused {
                self.console.detail(&format!("refused by name: {} ({})", file.name, file.reason));
            }
            exports.push(self.export(output).await?);
        }
        let refused: usize = outputs.iter().map(|output| output.refused.len()).sum();
        if refused == 0 {
            let found = "nothing".to_owned();
            let expected = "output.cell-below-threshold";
            return Err(LabError::Unexpected { what: "refused files", expected, found });
        }
        Ok(exports)
    }

    /// A reviewer reads exactly what would leave, then signs for it.
    async fn review(&self, reviewer: &Person, output: &OutputSummary) -> Result<(), LabError> {
        let request = ReadOutput {
            output: output.output.clone(),
            reviewer: reviewer.id.clone(),
            signed: now(),
        };
        let payload = canonical::to_vec(&request).map_err(|_| LabError::Made("a request"))?;
        let envelope = Envelope::sign(READ_OUTPUT_TYPE, &payload, &reviewer.key);
        let path = format!("/v0/outputs/{}/content", output.output);
        let content: OutputContent =
            self.airlock.post(&path, None, &envelope, "the output's content").await?;
        let review = Review {
            package: Digest::of(&content.package),
            reviewer: reviewer.id.clone(),
            vote: Vote::Accept,
            signed: now(),
        };
        let vote = review.sign(&reviewer.key).map_err(|_| LabError::Made("a review"))?;
        let path = format!("/v1/outputs/{}/reviews", output.output);
        let body = json!({ "review": vote });
        let login = self.login(reviewer);
        let _summary: Value = self.control.post(&path, login, &body, "the review").await?;
        Ok(())
    }

    async fn export(&self, output: &OutputSummary) -> Result<PathBuf, LabError> {
        let began = Instant::now();
        let login = self.login(&self.people.researcher);
        let path = format!("/v1/outputs/{}/export", output.output);
        let exported: Exported =
            self.control.post(&path, login, &json!({}), "the export").await?;
        let path = format!("/v1/exports/{}", exported.export);
        let file = self.control.bytes(&path, login, "the export's file").await?;
        let place = self.folder.join(format!("{}.zip", exported.export));
        fs::write(&place, &file).map_err(|error| LabError::File(place.clone(), error))?;
        let what = format!("{} bytes, receipt in the log at index {}", file.len(), exported.log_index);
        self.console.stage(8, "exported", began.elapsed(), &what);
        Ok(place)
    }

    /// Stage 9: offline, with public keys alone.
    fn audited(&self, exports: &[PathBuf]) -> Result<(), LabError> {
        let began = Instant::now();
        let trust = self.node.trust();
        self.write_trust(trust)?;
        for path in exports {
            audit(path, trust)?;
        }
        let log = trust.log().map_err(|_| LabError::Made("the log's key"))?;
        let folder = NodeFolder::open(&self.folder.join("node"))?.ledger().join("log");
        let checkpoint = tlog_files::verify_folder(&folder, &log, |_, _| ()).map_err(|error| {
            let found = error.reason().to_owned();
            LabError::Unexpected { what: "the log", expected: "verified", found }
        })?;
        let entries = checkpoint.checkpoint().size;
        let what = format!("{} exports and the log of {entries} entries verified", exports.len());
        self.console.stage(9, "audited", began.elapsed(), &what);
        self.console.detail("without the emulated root: refused, evidence.emulated-platform");
        self.console.detail("with one byte flipped: refused");
        Ok(())
    }

    fn write_trust(&self, trust: &Trust) -> Result<(), LabError> {
        let path = self.trust_file();
        let refused = |error| LabError::File(path.clone(), error);
        let json = serde_json::to_vec_pretty(trust).map_err(|error| refused(error.into()))?;
        fs::write(&path, json).map_err(refused)
    }

    fn end(&self, exports: &[PathBuf], figures: Option<&Figures>) {
        let took = self.console.elapsed().as_secs_f64();
        let mut lines = vec![String::new()];
        lines.extend(figures.map(Figures::lines).unwrap_or_default());
        lines.push(format!("  done in {took:.1} s"));
        for path in exports {
            lines.push(format!("  {}", path.display()));
        }
        lines.push("  verified: every link holds, on the EMULATED platform (not confidential)".to_owned());
        lines.push(format!(
            "  again, offline: cloister-lab export verify FILE.zip --trust {}",
            self.trust_file().display()
        ));
        let value = json!({
            "verdict": "verified",
            "platform": "emulated",
            "exports": exports,
            "trust": self.trust_file(),
            "seconds": took,
            "figures": figures,
        });
        self.console.end(&value, &lines);
    }
}

/// An export must verify here, must not under AMD's roots, and must not with a byte flipped.
fn audit(path: &Path, trust: &Trust) -> Result<(), LabError> {
    let file = fs::read(path).map_err(|error| LabError::File(path.to_owned(), error))?;
    export::verify(&file, trust, &(LAB.roots)(Some(trust))?)?;
    let refused = |file: &[u8], roots: &Roots| match export::verify(file, trust, roots) {
        Ok(_) => "verified".to_owned(),
        Err(error) => error.reason().to_owned(),
    };
    let found = refused(&file, &Roots::amd());
    if found != "evidence.emulated-platform" {
        let what = "the export under AMD's roots";
        return Err(LabError::Unexpected { what, expected: "evidence.emulated-platform", found });
    }
    let mut altered = file;
    let middle = altered.len() / 2;
    if let Some(byte) = altered.get_mut(middle) {
        *byte ^= 1;
    }
    let found = refused(&altered, &(LAB.roots)(Some(trust))?);
    if found == "verified" {
        return Err(LabError::Unexpected { what: "an altered export", expected: "refused", found });
    }
    Ok(())
}

const DATASET_FOLDER: &str = "randhie";
const PROJECT: &str = "visits-by-plan";
/// As many as the launcher gives a guest.
const VCPUS: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
