//! The chain of releases: what the airlock's log binds.

use domain::ids::ProjectId;
use domain::{Digest, Reason};

use super::footprints::FootprintsError;

/// One release, as it is kept: replayed in order, these make the ledger again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseEntry {
    /// The project that it was released to.
    pub project: ProjectId,
    /// The digest of the output package.
    pub package: Digest,
    /// [`Footprints::to_bytes`](super::Footprints::to_bytes).
    pub footprints: Vec<u8>,
    /// The head of the chain after this release.
    pub head: Digest,
}

impl ReleaseEntry {
    /// The entry of a release after the one with the head `previous`.
    #[must_use]
    pub fn following(
        previous: Digest,
        project: ProjectId,
        package: Digest,
        footprints: Vec<u8>,
    ) -> Self {
        let head = next(previous, Digest::of(&footprints), package, &project);
        Self { project, package, footprints, head }
    }
}

/// The head of a ledger without releases.
pub(crate) fn first(dataset: Digest, population: u32) -> Digest {
    let mut bytes = EMPTY.to_vec();
    bytes.extend(dataset.as_bytes());
    bytes.extend(population.to_be_bytes());
    Digest::of(&bytes)
}

/// The head after a release. Everything but the project has a fixed length, and the project is last.
pub(crate) fn next(
    previous: Digest,
    footprints: Digest,
    package: Digest,
    project: &ProjectId,
) -> Digest {
    let mut bytes = RELEASE.to_vec();
    for digest in [previous, footprints, package] {
        bytes.extend(digest.as_bytes());
    }
    bytes.extend(project.as_str().as_bytes());
    Digest::of(&bytes)
}

/// Why entries are not the ledger that was signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// An entry that does not follow the one before it.
    #[error("release {at} of the ledger has the head {found}, its contents give {expected}")]
    Chain {
        /// The entry, counted from 0.
        at: usize,
        /// The head that its contents give.
        expected: Digest,
        /// The head that it states.
        found: Digest,
    },
    /// Footprints that cannot be read.
    #[error("release {at} of the ledger has footprints that cannot be read")]
    Footprints {
        /// The entry, counted from 0.
        at: usize,
        /// What is wrong with them.
        source: FootprintsError,
    },
    /// Entries are missing at the end, or are more than were signed.
    #[error("the ledger's last head is {found}, expected {expected}")]
    Head {
        /// The head that was signed last.
        expected: Digest,
        /// The head of the last entry.
        found: Digest,
    },
}

impl Reason for ReplayError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Chain { .. } => "releases.chain",
            Self::Footprints { .. } => "releases.footprints",
            Self::Head { .. } => "releases.head",
        }
    }
}

/// Domain separation: a digest of one of these is never one of the other, or of footprints.
const EMPTY: &[u8] = b"cloister-releases/1 empty\n";
const RELEASE: &[u8] = b"cloister-releases/1 release\n";
