//! A log under watch: its entries are believed because they are in a tree that the log signed and that
//! extends everything seen before, and then judged.

use tlog::{Commit, Follower, LogError, SignedCheckpoint, StoreError, TilePath, VerifierKey};

use crate::monitor::Monitor;
use crate::saved::Saved;
use crate::violation::Finding;

/// A follower of a log and the monitor of what it hands out.
///
/// INVARIANT: the monitor has taken in what the follower has.
#[derive(Clone, Debug)]
pub struct Watch {
    follower: Follower,
    monitor: Monitor,
}

impl Watch {
    /// Watches the log `key` from its first entry on.
    #[must_use]
    pub fn begin(key: VerifierKey) -> Self {
        Self { follower: Follower::begin(key), monitor: Monitor::default() }
    }

    /// Goes on where `saved` stands.
    ///
    /// # Errors
    /// `log.malformed`, `log.origin`, `log.signature` if its checkpoint is not one of the log `key`;
    /// `log.rolled-back` if that is smaller than what was taken in.
    pub fn resume(key: VerifierKey, saved: Saved) -> Result<Self, LogError> {
        let position = Commit { size: saved.monitor.size(), root: saved.root };
        let follower = Follower::resume(key, &saved.checkpoint, position)?;
        Ok(Self { follower, monitor: saved.monitor })
    }

    /// Takes notice of the checkpoint `note`. If it is refused, nothing changes.
    ///
    /// # Errors
    /// As [`Follower::observe`]: `log.rolled-back` and `log.consistency` are alarms.
    pub fn observe<R>(&mut self, read: R, note: &str) -> Result<(), LogError>
    where
        R: Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError>,
    {
        self.follower.observe(read, note).map(|_newer| ())
    }

    /// What is wrong with the next entries, at most 256; `None` if all were judged.
    ///
    /// # Errors
    /// As [`Follower::next`].
    pub fn next<R>(&mut self, read: R) -> Result<Option<Vec<Finding>>, LogError>
    where
        R: Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError>,
    {
        // A bundle is at most 17 MB: there is no need for less.
        let Some(chunk) = self.follower.next(read, usize::MAX)? else { return Ok(None) };
        let monitor = &mut self.monitor;
        let findings = chunk.entries().iter().flat_map(|leaf| monitor.take(leaf)).collect();
        self.follower.advance(chunk);
        Ok(Some(findings))
    }

    /// The newest checkpoint that was accepted.
    #[must_use]
    pub const fn newest(&self) -> Option<&SignedCheckpoint> {
        self.follower.newest()
    }

    /// The log's key.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        self.follower.key()
    }

    /// The monitor.
    #[must_use]
    pub const fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// What the next run needs; nothing before the first checkpoint.
    #[must_use]
    pub fn saved(&self) -> Option<Saved> {
        let note = self.follower.newest()?.note().to_owned();
        Some(Saved::new(note, self.follower.position().root, self.monitor.clone()))
    }
}
