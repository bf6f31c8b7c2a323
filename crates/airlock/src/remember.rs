//! The gate remembers: what left of a dataset before decides on what may leave next.
//!
//! Nothing of it is stored anew. A release is an `OutputExported` entry whose evidence ends with a
//! commitment to the head of the dataset's chain; the footprints behind it stay in the sealed package that the ledger
//! keeps anyway. So it survives a restart, cannot be rolled back without the signed log, and is never
//! in clear outside this process (`docs/formats/release-ledger.md`).

use std::collections::BTreeMap;
use std::sync::PoisonError;

use disclosure::{CheckReport, ReleaseEntry, ReleaseError, ReleaseLimits, Releases};
use domain::Digest;
use domain::event::{Action, Actor, Entry};
use domain::ids::ProjectId;
use domain::output::OutputPackage;
use ledger::Entries;

use crate::chain::{Steps, is};
use crate::intake::Opened;
use crate::kept::ciphertext;
use crate::output::Delivery;
use crate::{Airlock, AirlockError};

/// What left of each dataset, as far as the log has been read: found again whenever it is lost.
pub(crate) type Histories = BTreeMap<Digest, History>;

/// What left of one dataset.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The first entry of the log that has not been read.
    next: u64,
    /// None until something left whose people are known.
    releases: Option<Releases>,
    /// How many releases the chain has.
    length: usize,
    /// Bits of free choice that each project has used.
    bits: BTreeMap<ProjectId, u64>,
}

impl Airlock {
    /// Whether `opened` may leave after everything in `entries` that left of its dataset. The answer
    /// is what the log shall hold of the dataset's chain once it has left; nothing if it is not known
    /// whom the output is about. Called under the lock on decisions.
    pub(crate) fn remembered(
        &self,
        entries: &Entries,
        opened: &Opened,
    ) -> Result<Option<Digest>, AirlockError> {
        let dataset = opened.chain.manifest.dataset;
        let mut histories = self.decisions.histories.lock().unwrap_or_else(PoisonError::into_inner);
        // What fails on the way is not kept: the next one reads the log from its beginning.
        let mut history = histories.remove(&dataset).unwrap_or_default();
        self.catch_up(&mut history, entries, dataset)?;
        let answer = self.judged(&history, opened);
        histories.insert(dataset, history);
        answer
    }

    fn judged(&self, history: &History, opened: &Opened) -> Result<Option<Digest>, AirlockError> {
        let rules = opened.chain.rules.releases();
        let project = &opened.package.project;
        let used = history.bits.get(project).copied().unwrap_or_default();
        if used.saturating_add(bits(&opened.report)) > rules.max_bits {
            return Err(AirlockError::BitsBudget);
        }
        let Some(footprints) = &opened.footprints else { return Ok(None) };
        let budget = u32::try_from(rules.budget).unwrap_or(u32::MAX);
        let (threshold, k) = (opened.chain.rules.threshold(), opened.chain.rules.k());
        let limits = ReleaseLimits::new(threshold, k, budget)
            .ok_or(AirlockError::Releases(ReleaseError::Budget))?;
        let first;
        let releases = match &history.releases {
            Some(releases) => releases,
            None => {
                first = Releases::new(opened.chain.manifest.dataset, footprints.population());
                &first
            }
        };
        releases.judge(project, footprints, &limits).map_err(AirlockError::Releases)?;
        let (head, package) = (releases.head(), opened.package_digest);
        let bytes = footprints.to_bytes();
        let next = ReleaseEntry::following(head, project.clone(), package, bytes);
        Ok(Some(self.sealed_head(next.head)))
    }

    /// Reads what `entries` say left of `dataset` since `history` was last looked at.
    fn catch_up(
        &self,
        history: &mut History,
        entries: &Entries,
        dataset: Digest,
    ) -> Result<(), AirlockError> {
        for (index, entry) in entries.since(history.next) {
            history.next = index.saturating_add(1);
            let Some((package, sealed_head)) = released(entry) else { continue };
            let delivery = Delivery::of_package(entries, package)?;
            // As the log has it, and not the receipt: that can be erased.
            let of = Steps::of(entries, delivery.manifest)?.sealed.entry.event.object;
            if of == dataset {
                self.left(history, dataset, self.package(&delivery)?, sealed_head)?;
            }
        }
        Ok(())
    }

    /// Appends a package that left.
    fn left(
        &self,
        history: &mut History,
        dataset: Digest,
        package: OutputPackage,
        sealed_head: Option<Digest>,
    ) -> Result<(), AirlockError> {
        let digest = package.digest().map_err(AirlockError::Malformed)?;
        let report = CheckReport::parse(package.report.as_bytes());
        let used = history.bits.entry(package.project.clone()).or_default();
        *used = used.saturating_add(bits(&report.map_err(AirlockError::Malformed)?));
        let Some(sealed_head) = sealed_head else { return Ok(()) };
        let at = history.length;
        let broken = |source| AirlockError::ReleaseHistory { at, source };
        let records = package.records.ok_or_else(|| broken(None))?;
        let releases =
            history.releases.get_or_insert_with(|| Releases::new(dataset, records.population));
        let footprints = records.bytes().unwrap_or_default();
        let head = releases.head();
        let entry = ReleaseEntry::following(head, package.project, digest, footprints);
        if self.sealed_head(entry.head) != sealed_head {
            return Err(broken(None));
        }
        releases.follow(&entry, at).map_err(|source| broken(Some(source)))?;
        history.length = at.saturating_add(1);
        Ok(())
    }

    /// What the log holds of a head: a commitment that only this airlock can make, so that whoever
    /// guesses who was behind a table finds no confirmation in the log.
    fn sealed_head(&self, head: Digest) -> Digest {
        let message = [b"cloister releases v1\0".as_slice(), head.as_bytes()].concat();
        Digest::of(&self.signing_key.sign(&message))
    }

    /// The sealed package of an output, opened again.
    fn package(&self, delivery: &Delivery) -> Result<OutputPackage, AirlockError> {
        let sealed = ciphertext(&self.ledger, &delivery.sealed())?;
        let bytes = seal::open_output(&sealed, &self.sealing_key, &delivery.manifest)
            .map_err(AirlockError::Sealed)?;
        let opened = OutputPackage::from_bytes(&bytes).map_err(AirlockError::Malformed)?;
        let same = opened.digest().map_err(AirlockError::Malformed)? == delivery.package;
        if same { Ok(opened) } else { Err(AirlockError::OtherLaunch) }
    }
}

/// Package and commitment to the head of the chain of an export.
fn released(entry: &Entry) -> Option<(Digest, Option<Digest>)> {
    if !is(entry, Actor::Airlock, Action::OutputExported) {
        return None;
    }
    let evidence = &entry.event.evidence;
    Some((*evidence.get(1)?, evidence.get(2).copied()))
}

fn bits(report: &CheckReport) -> u64 {
    report.files.iter().fold(0, |sum, file| sum.saturating_add(file.bits))
}
