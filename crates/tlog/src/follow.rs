//! Following a log while it grows: each entry is handed out once it is known to be in a tree that the
//! log signed, and that this tree extends everything seen before.
//!
//! Memory does not grow with the log: what is kept is the right edge of the part that was handed out.
//! An entry is believed because the tree up to it is shown to be a beginning of the signed one.

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::edge::Edge;
use crate::error::LogError;
use crate::merkle;
use crate::note::VerifierKey;
use crate::path::{TILE_WIDTH, TileKind, TilePath, parse_bundle};
use crate::store::{Commit, StoreError};
use crate::tiles::Tiles;
use crate::verify::{verify_consistency, verify_log};

/// A reader of a growing log, and how far it has come.
#[derive(Clone, Debug)]
pub struct Follower {
    key: VerifierKey,
    newest: Option<SignedCheckpoint>,
    position: Commit,
    /// The edge of the tree of `position`; read when it is first needed.
    edge: Option<Edge>,
}

/// The entries that come next, in order. They are of the log.
#[derive(Clone, Debug)]
pub struct Chunk {
    first_index: u64,
    entries: Vec<Vec<u8>>,
    edge: Edge,
}

impl Chunk {
    /// The index of the first of [`Self::entries`].
    #[must_use]
    pub const fn first_index(&self) -> u64 {
        self.first_index
    }

    /// The entries' bytes; at least one entry.
    #[must_use]
    pub fn entries(&self) -> &[Vec<u8>] {
        &self.entries
    }
}

impl Follower {
    /// Follows the log `key` from its first entry on.
    #[must_use]
    pub fn begin(key: VerifierKey) -> Self {
        let position = Commit { size: 0, root: merkle::empty_root() };
        Self { key, newest: None, position, edge: None }
    }

    /// Goes on behind `position`, the tree of all entries that were taken before. `note` is the newest
    /// checkpoint that was seen by then, which must be signed by `key` and not be smaller.
    ///
    /// # Errors
    /// `log.malformed`, `log.origin` or `log.signature` if `note` is not a checkpoint of this log;
    /// `log.rolled-back` if it is of a smaller tree than `position`.
    pub fn resume(key: VerifierKey, note: &str, position: Commit) -> Result<Self, LogError> {
        let newest = SignedCheckpoint::verify(note, &key)?;
        let found = newest.checkpoint().size;
        if found < position.size {
            return Err(LogError::RolledBack { expected: position.size, found });
        }
        Ok(Self { key, newest: Some(newest), position, edge: None })
    }

    /// Size and root of the tree of all entries that were taken.
    #[must_use]
    pub const fn position(&self) -> Commit {
        self.position
    }

    /// The newest checkpoint that [`Self::observe`] accepted.
    #[must_use]
    pub const fn newest(&self) -> Option<&SignedCheckpoint> {
        self.newest.as_ref()
    }

    /// The log's key.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Takes notice of the checkpoint `note`: whether it is a newer one. If it is refused, nothing changes.
    ///
    /// # Errors
    /// `log.malformed`, `log.origin` or `log.signature` if it is not a checkpoint of this log;
    /// `log.rolled-back` if an earlier one was larger; `log.consistency` if its tree does not extend the
    /// earlier one; `log.root-mismatch` or `log.incomplete` if the files do not make up its tree, so
    /// that this cannot be told; a storage reason if `read` fails.
    pub fn observe<R>(&mut self, read: R, note: &str) -> Result<bool, LogError>
    where
        R: Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError>,
    {
        let signed = SignedCheckpoint::verify(note, &self.key)?;
        if let Some(older) = &self.newest {
            let (expected, found) = (older.checkpoint().size, signed.checkpoint().size);
            if found < expected {
                return Err(LogError::RolledBack { expected, found });
            }
            if signed.checkpoint() == older.checkpoint() {
                return Ok(false);
            }
            let proof = Tiles::new(&read, found).consistency(expected, found)?;
            if let Err(error) = verify_consistency(older, &signed, &proof) {
                // Altered tiles look the same as a second head. The whole tree tells them apart.
                verify_log(&read, note, &self.key, |_, _| ())?;
                return Err(error);
            }
        }
        self.newest = Some(signed);
        Ok(true)
    }

    /// The next entries of the newest checkpoint's tree: at most 256, and no more than have `max_bytes`
    /// bytes, but at least one; `None` if all were taken.
    ///
    /// # Errors
    /// `log.root-mismatch` if entries and tiles do not lead to the checkpoint, or the entries taken
    /// before are not those of [`Self::position`]; `log.incomplete`, `log.malformed` or a storage reason
    /// if they cannot be read.
    pub fn next<R>(&mut self, read: R, max_bytes: usize) -> Result<Option<Chunk>, LogError>
    where
        R: Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError>,
    {
        let Some(newest) = &self.newest else { return Ok(None) };
        let Checkpoint { size, root, .. } = *newest.checkpoint();
        let Commit { size: first_index, root: known } = self.position;
        if first_index == size {
            return if known == root { Ok(None) } else { Err(LogError::RootMismatch) };
        }
        let edge = match self.edge.take() {
            Some(edge) => edge,
            None => Edge::load_within(&read, first_index, size)?,
        };
        if edge.commit() != self.position {
            return Err(LogError::RootMismatch);
        }
        let tiles = Tiles::new(&read, size);
        let entries = entries_from(&tiles, first_index, size, max_bytes)?;
        let next = edge.extend(&entries)?.0;
        self.edge = Some(edge);
        let Commit { size: end, root: reached } = next.commit();
        let proof = tiles.consistency(end, size)?;
        merkle::verify_consistency(end, size, &proof, &reached, &root)
            .map_err(|_| LogError::RootMismatch)?;
        Ok(Some(Chunk { first_index, entries, edge: next }))
    }

    /// The entries of `chunk` are taken: the next ones are those behind them. A chunk that does not begin
    /// where this follower is changes nothing.
    pub fn advance(&mut self, chunk: Chunk) {
        if chunk.first_index == self.position.size {
            self.position = chunk.edge.commit();
            self.edge = Some(chunk.edge);
        }
    }
}

/// Entries from `first` on, out of the one bundle that holds it.
fn entries_from<R>(
    tiles: &Tiles<R>,
    first: u64,
    size: u64,
    max_bytes: usize,
) -> Result<Vec<Vec<u8>>, LogError>
where
    R: Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError>,
{
    let missing = LogError::NoSuchEntry { index: first, size };
    let path = TilePath::in_tree(TileKind::Entries, first / TILE_WIDTH, size).ok_or(missing)?;
    let (found, bytes) = tiles.bundle(&path)?;
    let mut entries = parse_bundle(&bytes, found.width())?;
    entries.truncate(path.width().into());
    let skipped = usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX);
    let (mut total, mut taken) = (0_usize, Vec::new());
    for entry in entries.iter().skip(skipped) {
        total = total.saturating_add(entry.len());
        if total > max_bytes && !taken.is_empty() {
            break;
        }
        taken.push(entry.to_vec());
    }
    Ok(taken)
}

#[cfg(test)]
mod tests;
