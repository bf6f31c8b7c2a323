//! The gate remembers: what left of a dataset before decides on what may leave next.
//!
//! Nothing of it is stored anew. A release is an `OutputExported` entry whose evidence ends with the
//! head of the dataset's chain; the footprints behind it stay in the sealed package that the ledger
//! keeps anyway. So it survives a restart, cannot be rolled back without the signed log, and is never
//! in clear outside this process (`docs/formats/release-ledger.md`).

use std::collections::BTreeMap;

use disclosure::{Admissible, CheckReport, ReleaseEntry, ReleaseError, ReleaseLimits, Releases};
use domain::dsse::Envelope;
use domain::event::{Action, Actor, Entry};
use domain::ids::ProjectId;
use domain::output::OutputPackage;
use domain::{Digest, canonical};
use wire::airlock::SealedOutput;

use crate::chain::{Entries, is, read};
use crate::export::Receipt;
use crate::intake::Opened;
use crate::output::Delivery;
use crate::{Airlock, AirlockError};

/// What left of one dataset.
struct History {
    releases: Releases,
    /// Bits of free choice that each project has used.
    bits: BTreeMap<ProjectId, u64>,
}

/// An output that may follow what left before.
pub(crate) struct MayFollow {
    history: History,
    judged: Option<Admissible>,
}

impl MayFollow {
    /// The head of the dataset's chain once `package` has left; none if nothing is known of whom it
    /// is about.
    pub(crate) fn head(mut self, package: Digest) -> Result<Option<Digest>, AirlockError> {
        let Some(judged) = self.judged else { return Ok(None) };
        let admitted = self.history.releases.admit(judged, package);
        admitted.map(|entry| Some(entry.head)).map_err(AirlockError::Releases)
    }
}

impl Airlock {
    /// Whether `opened` may leave after everything in `entries` that left of its dataset.
    pub(crate) fn may_follow(
        &self,
        entries: &Entries,
        opened: &Opened,
    ) -> Result<MayFollow, AirlockError> {
        let population = opened.package.records.as_ref().map_or(0, |records| records.population);
        let history = self.history(entries, opened.chain.manifest.dataset, population)?;
        let rules = &opened.chain.rules;
        let project = &opened.package.project;
        let used = history.bits.get(project).copied().unwrap_or_default();
        if used.saturating_add(bits(&opened.report)) > rules.releases().max_bits {
            return Err(AirlockError::BitsBudget);
        }
        let judged = match &opened.footprints {
            None => None,
            Some(footprints) => {
                let budget = u32::try_from(rules.releases().budget).unwrap_or(u32::MAX);
                let limits = ReleaseLimits::new(rules.threshold(), rules.k(), budget)
                    .ok_or(AirlockError::Releases(ReleaseError::Budget))?;
                let judged = history.releases.judge(project, footprints, &limits);
                Some(judged.map_err(AirlockError::Releases)?)
            }
        };
        Ok(MayFollow { history, judged })
    }

    /// What `entries` say left of `dataset`, in their order.
    fn history(
        &self,
        entries: &Entries,
        dataset: Digest,
        population: u32,
    ) -> Result<History, AirlockError> {
        let mut bits: BTreeMap<ProjectId, u64> = BTreeMap::new();
        let mut chain = Vec::new();
        for (_, entry) in entries {
            let Some((receipt, package, head)) = released(entry) else { continue };
            let envelope: Envelope = read(&self.ledger, Some(&receipt))?;
            let (receipt, _) = Receipt::verify(&envelope, &self.signing_key.public())?;
            if receipt.dataset != dataset {
                continue;
            }
            let left = self.package(entries, package)?;
            let used = bits.entry(left.project.clone()).or_default();
            let report = CheckReport::parse(left.report.as_bytes());
            *used = used.saturating_add(self::bits(&report.map_err(AirlockError::Malformed)?));
            if let Some(head) = head {
                let records = left.records.as_ref();
                let footprints = records.and_then(|records| records.bytes()).unwrap_or_default();
                chain.push(ReleaseEntry { project: left.project, package, footprints, head });
            }
        }
        // Of a dataset of which nothing left, the chain begins with the number of its people.
        let head = match chain.last() {
            Some(last) => last.head,
            None => Releases::new(dataset, population).head(),
        };
        let releases = Releases::replay(dataset, population, chain, head);
        Ok(History { releases: releases.map_err(AirlockError::ReleaseHistory)?, bits })
    }

    /// The sealed package of an output, opened again.
    fn package(&self, entries: &Entries, package: Digest) -> Result<OutputPackage, AirlockError> {
        let delivery = Delivery::of_package(entries, package)?;
        let sealed = self.ledger.object(&delivery.sealed())?;
        let sealed: SealedOutput =
            canonical::from_slice(&sealed).map_err(AirlockError::Malformed)?;
        let manifest = Digest::of(&sealed.initdata);
        let bytes = seal::open_output(&sealed.sealed, &self.sealing_key, &manifest)
            .map_err(AirlockError::Sealed)?;
        let opened = OutputPackage::from_bytes(&bytes).map_err(AirlockError::Malformed)?;
        let same = opened.digest().map_err(AirlockError::Malformed)? == package;
        if same { Ok(opened) } else { Err(AirlockError::OtherLaunch) }
    }
}

/// Receipt, package and head of the chain of an export.
fn released(entry: &Entry) -> Option<(Digest, Digest, Option<Digest>)> {
    if !is(entry, Actor::Airlock, Action::OutputExported) {
        return None;
    }
    let evidence = &entry.event.evidence;
    Some((*evidence.first()?, *evidence.get(1)?, evidence.get(2).copied()))
}

fn bits(report: &CheckReport) -> u64 {
    report.files.iter().fold(0, |sum, file| sum.saturating_add(file.bits))
}
