//! The gate remembers: what left of a dataset before decides on what may leave next.
//!
//! Nothing of it is stored anew. A release is an `OutputExported` entry whose evidence ends with a
//! commitment to the head of the dataset's chain; the footprints behind it stay in the sealed package that the ledger
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
        // The chain begins with the number of the dataset's people.
        let mut head = Releases::new(dataset, population).head();
        let mut chain = Vec::new();
        for (_, entry) in entries {
            let Some((receipt, package, sealed_head)) = released(entry) else { continue };
            let envelope: Envelope = read(&self.ledger, Some(&receipt))?;
            let (receipt, _) = Receipt::verify(&envelope, &self.signing_key.public())?;
            if receipt.dataset != dataset {
                continue;
            }
            let left = self.package(entries, package)?;
            let used = bits.entry(left.project.clone()).or_default();
            let report = CheckReport::parse(left.report.as_bytes());
            *used = used.saturating_add(self::bits(&report.map_err(AirlockError::Malformed)?));
            if let Some(logged) = sealed_head {
                let records = left.records.as_ref();
                let footprints = records.and_then(|records| records.bytes()).unwrap_or_default();
                let next = ReleaseEntry::following(head, left.project, package, footprints);
                head = next.head;
                if self.sealed_head(head) != logged {
                    let at = chain.len();
                    return Err(AirlockError::ReleaseHistory { at, source: None });
                }
                chain.push(next);
            }
        }
        let releases = Releases::replay(dataset, population, chain, head);
        let whole = |source| AirlockError::ReleaseHistory { at: 0, source: Some(source) };
        Ok(History { releases: releases.map_err(whole)?, bits })
    }

    /// What the log holds of a head: a commitment that only this airlock can make, so that whoever
    /// guesses who was behind a table finds no confirmation in the log.
    fn sealed_head(&self, head: Digest) -> Digest {
        let message = [b"cloister releases v1\0".as_slice(), head.as_bytes()].concat();
        Digest::of(&self.signing_key.sign(&message))
    }

    /// What the log shall hold of the chain once `package` has left; nothing if it is not known whom
    /// the package is about.
    pub(crate) fn remembered(
        &self,
        may_follow: MayFollow,
        package: Digest,
    ) -> Result<Option<Digest>, AirlockError> {
        let MayFollow { mut history, judged } = may_follow;
        let Some(judged) = judged else { return Ok(None) };
        let entry = history.releases.admit(judged, package).map_err(AirlockError::Releases)?;
        Ok(Some(self.sealed_head(entry.head)))
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

/// Receipt, package and commitment to the head of the chain of an export.
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
