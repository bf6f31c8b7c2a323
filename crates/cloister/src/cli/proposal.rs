//! A project's description in TOML, and a proposal in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use domain::claims::Measurement;
use domain::ids::{PersonId, ProjectId};
use domain::keys::PublicKey;
use domain::project::{Proposal, Workload, WorkloadKind};
use domain::{Digest, Timestamp, canonical};
use policy::ReleasePolicy;
use serde::Deserialize;

use super::Failure;
use super::files::{public_key, random_id, read, read_text, read_toml};

/// The proposal that the TOML file at `path` describes, with its canonical bytes. Files that it names
/// are relative to its folder.
pub(super) fn from_file(path: &Path) -> Result<(Proposal, Vec<u8>), Failure> {
    let raw: Raw = read_toml(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let proposal = raw.into_proposal(folder)?;
    let bytes = canonical::to_vec(&proposal)
        .map_err(|error| Failure::unusable("input.malformed", &error))?;
    Proposal::parse(&bytes).map_err(|error| Failure::refused(&error))?;
    Ok((proposal, bytes))
}

/// What a person must know before signing.
pub(super) fn described(proposal: &Proposal) -> String {
    let mut text = format!(
        "project   {}: {}\npurpose   {}\ndataset   {}\n",
        proposal.project, proposal.title, proposal.purpose, proposal.dataset
    );
    for workload in &proposal.workloads {
        let Workload { name, digest, arguments, .. } = workload;
        let kind = match workload.kind {
            WorkloadKind::Container => "container",
            WorkloadKind::Wasm => "component",
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "runs      {name}, {kind} {digest}, arguments {arguments:?}");
    }
    for measurement in &proposal.measurements {
        let _ = writeln!(text, "in image  {measurement}");
    }
    for (kind, people) in [("starts   ", &proposal.researchers), ("reviews  ", &proposal.reviewers)]
    {
        for (person, key) in people {
            let _ = writeln!(text, "{kind} {person} ({key})");
        }
    }
    let _ = writeln!(
        text,
        "reviews   {} must accept\nrules     {}\npolicy    {}\nuntil     {}",
        proposal.reviews_required, proposal.output_rules, proposal.release_policy, proposal.expires
    );
    if let Ok(digest) = proposal.digest() {
        let _ = write!(text, "proposal  {digest}");
    }
    text
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    project: Option<ProjectId>,
    title: String,
    purpose: String,
    dataset: Digest,
    measurements: BTreeSet<Measurement>,
    output_rules: String,
    release_policy: Option<Digest>,
    reviews_required: u32,
    expires: Timestamp,
    workloads: Vec<RawWorkload>,
    researchers: BTreeMap<PersonId, String>,
    reviewers: BTreeMap<PersonId, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWorkload {
    name: String,
    kind: WorkloadKind,
    digest: Digest,
    signer: String,
    #[serde(default)]
    arguments: Vec<String>,
}

impl Raw {
    fn into_proposal(self, folder: &Path) -> Result<Proposal, Failure> {
        let built_in = || {
            let policy = ReleasePolicy::embedded().map_err(|error| Failure::refused(&error))?;
            Ok::<_, Failure>(policy.digest())
        };
        let workload = |raw: RawWorkload| {
            Ok::<_, Failure>(Workload {
                name: raw.name,
                kind: raw.kind,
                digest: raw.digest,
                signer: read_text(&folder.join(raw.signer))?,
                arguments: raw.arguments,
            })
        };
        let project = match self.project {
            Some(project) => project,
            None => ProjectId::from_random(random_id()?),
        };
        Ok(Proposal {
            project,
            title: self.title,
            purpose: self.purpose,
            dataset: self.dataset,
            workloads: self.workloads.into_iter().map(workload).collect::<Result<_, _>>()?,
            measurements: self.measurements,
            output_rules: Digest::of(&read(&folder.join(self.output_rules))?),
            release_policy: self.release_policy.map_or_else(built_in, Ok)?,
            researchers: keys(self.researchers, folder)?,
            reviewers: keys(self.reviewers, folder)?,
            reviews_required: self.reviews_required,
            expires: self.expires,
        })
    }
}

fn keys(
    people: BTreeMap<PersonId, String>,
    folder: &Path,
) -> Result<BTreeMap<PersonId, PublicKey>, Failure> {
    let key = |(person, text): (PersonId, String)| {
        let place = if text.starts_with("ed25519:") {
            text
        } else {
            folder.join(text).to_string_lossy().into_owned()
        };
        Ok((person, public_key(&place)?))
    };
    people.into_iter().map(key).collect()
}
