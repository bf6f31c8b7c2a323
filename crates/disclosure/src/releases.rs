//! The gate remembers: what was released from a dataset, and what another output would show of
//! single records beside it.
//!
//! [`Releases`] is the ledger of one dataset. [`Releases::judge`] compares the [`Footprints`] of a
//! new output with everything in it, and only what it returns can be [`Releases::admit`]ted.
//! Rules, attacks and formats: `docs/formats/release-ledger.md`. Keeping and signing the entries is
//! the airlock's work.

mod atoms;
mod chain;
mod cut;
mod exposure;
mod footprints;
mod held;
mod joint;
mod overlap;
mod records;
mod sample;
mod shown;
mod views;

use std::collections::BTreeMap;

use domain::ids::ProjectId;
use domain::{Digest, Reason};

pub use chain::{ReleaseEntry, ReplayError};
pub use exposure::{Cells, Earlier, Exposure, ExposureRule};
pub use footprints::{Footprint, Footprints, FootprintsError};
use joint::Joint;
pub use records::{RecordSet, RecordSetError};
use shown::Shown;

/// Everything that was released from one dataset, inside the trusted side only.
#[derive(Clone, Debug)]
pub struct Releases {
    population: u32,
    head: Digest,
    spent: BTreeMap<ProjectId, u32>,
    joint: Joint,
}

impl Releases {
    /// Nothing released yet from a dataset of `population` records. `dataset` is the digest of its
    /// signed manifest: ledgers of different datasets have different heads from the beginning.
    #[must_use]
    pub fn new(dataset: Digest, population: u32) -> Self {
        Self {
            population,
            head: chain::first(dataset, population),
            spent: BTreeMap::new(),
            joint: Joint::new(population),
        }
    }

    /// The ledger that `entries` make, in their order. `head` is the one that was signed last.
    /// Entries are not judged again: they left, whatever the limits are now.
    ///
    /// # Errors
    /// A [`ReplayError`] that names the entry: nothing is released on a ledger that is not whole.
    pub fn replay(
        dataset: Digest,
        population: u32,
        entries: impl IntoIterator<Item = ReleaseEntry>,
        head: Digest,
    ) -> Result<Self, ReplayError> {
        let mut releases = Self::new(dataset, population);
        for (entry, at) in entries.into_iter().zip(0..) {
            releases.follow(&entry, at)?;
        }
        let found = releases.head;
        if found == head { Ok(releases) } else { Err(ReplayError::Head { expected: head, found }) }
    }

    /// Appends the entry of a release that left, number `at` from 0. It is not judged again.
    ///
    /// # Errors
    /// A [`ReplayError`] if it does not follow the last one or cannot be read.
    pub fn follow(&mut self, entry: &ReleaseEntry, at: usize) -> Result<(), ReplayError> {
        // The chain first: nothing that was not signed is read.
        let footprints = Digest::of(&entry.footprints);
        let expected = chain::next(self.head, footprints, entry.package, &entry.project);
        if entry.head != expected {
            return Err(ReplayError::Chain { at, expected, found: entry.head });
        }
        let footprints = Footprints::parse(&entry.footprints, self.population)
            .map_err(|source| ReplayError::Footprints { at, source })?;
        self.append(&Shown::of(&footprints), entry.package, entry.project.clone(), entry.head);
        Ok(())
    }

    /// The head of the chain: what the airlock's log holds of this ledger.
    #[must_use]
    pub const fn head(&self) -> Digest {
        self.head
    }

    /// How many outputs were released to `project`.
    #[must_use]
    pub fn spent(&self, project: &ProjectId) -> u32 {
        self.spent.get(project).copied().unwrap_or_default()
    }

    /// Whether an output with the footprints `new` may be released to `project`: it shows no group
    /// of too few records, alone, between its own files, or together with anything released to
    /// anybody. The same again is no new exposure.
    ///
    /// # Errors
    /// [`ReleaseError::Budget`], [`ReleaseError::Population`] or [`ReleaseError::Exposed`].
    pub fn judge(
        &self,
        project: &ProjectId,
        new: &Footprints,
        limits: &ReleaseLimits,
    ) -> Result<Admissible, ReleaseError> {
        if self.spent(project) >= limits.budget {
            return Err(ReleaseError::Budget);
        }
        if new.population() != self.population {
            return Err(ReleaseError::Population);
        }
        let shown = Shown::of(new);
        let mut exposures: Vec<Exposure> =
            shown.iter().flat_map(|shown| shown.alone(limits)).collect();
        // Comparing takes for granted that each file passes by itself.
        if exposures.is_empty() {
            let mut output = Joint::new(self.population);
            for (shown, later) in shown.iter().zip((0..shown.len()).rev()) {
                exposures.extend(output.compare(shown, limits));
                exposures.extend(self.joint.compare(shown, limits));
                if later > 0 {
                    output.add(shown, None);
                }
            }
        }
        if !exposures.is_empty() {
            return Err(ReleaseError::Exposed(exposures));
        }
        let (project, after) = (project.clone(), self.head);
        Ok(Admissible { after, project, footprints: new.to_bytes(), shown })
    }

    /// Appends what was judged, released as `package`. The entry returned must be durable, and its
    /// head in the signed log, before the package leaves.
    ///
    /// # Errors
    /// [`ReleaseError::Stale`] if anything was admitted since the judgement: judge again.
    pub fn admit(
        &mut self,
        judged: Admissible,
        package: Digest,
    ) -> Result<ReleaseEntry, ReleaseError> {
        let Admissible { after, project, footprints, shown } = judged;
        if after != self.head {
            return Err(ReleaseError::Stale);
        }
        let head = chain::next(after, Digest::of(&footprints), package, &project);
        self.append(&shown, package, project.clone(), head);
        Ok(ReleaseEntry { project, package, footprints, head })
    }

    fn append(&mut self, shown: &[Shown], package: Digest, project: ProjectId, head: Digest) {
        for shown in shown {
            self.joint.add(shown, Some(package));
        }
        let spent = self.spent.entry(project).or_default();
        *spent = spent.saturating_add(1);
        self.head = head;
    }
}

/// An output that [`Releases::judge`] found to expose nobody.
///
/// INVARIANT: made by `judge` alone, so that nothing is admitted that was not judged.
#[derive(Debug)]
pub struct Admissible {
    after: Digest,
    project: ProjectId,
    footprints: Vec<u8>,
    shown: Vec<Shown>,
}

/// What a release may show at least, from the project's approved rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseLimits {
    threshold: u64,
    k: u64,
    budget: u32,
}

impl ReleaseLimits {
    /// The fewest records that may be behind a number, the fewest that may look alike in
    /// microdata, and how many outputs a project may get from one dataset. None if `threshold` or
    /// `k` is below 2 and so would let a single record through.
    #[must_use]
    pub const fn new(threshold: u64, k: u64, budget: u32) -> Option<Self> {
        if threshold < 2 || k < 2 {
            return None;
        }
        Some(Self { threshold, k, budget })
    }
}

/// Why an output may not be released after what was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// The project has had all its releases.
    #[error("the project has used its budget of releases from this dataset")]
    Budget,
    /// The output isolates records; at least one exposure. The text names the first.
    #[error("{}", .0.first().map(ToString::to_string).unwrap_or_default())]
    Exposed(Vec<Exposure>),
    /// The output is of a dataset with another number of records.
    #[error("the output is of a dataset with another number of records")]
    Population,
    /// Something was released since the judgement.
    #[error("another output was released since this one was judged")]
    Stale,
}

impl Reason for ReleaseError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Budget => "output.release-budget",
            Self::Exposed(exposures) => {
                exposures.first().map_or("output.exposed", |first| first.rule().reason())
            }
            Self::Population => "output.population",
            Self::Stale => "output.stale-judgement",
        }
    }
}
