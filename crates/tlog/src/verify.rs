//! What an auditor calls: functions of bytes and of the log's key, which hold no state.

use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::edge::Edge;
use crate::error::LogError;
use crate::merkle::{self, leaf_hash};
use crate::note::VerifierKey;
use crate::path::{TILE_WIDTH, TileKind, TilePath, parse_bundle, parse_hashes};
use crate::proof::LeafProof;
use crate::store::StoreError;
use crate::tiles::Tiles;

/// The fact that an entry is in a log.
///
/// INVARIANT: made by [`verify_inclusion`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Included {
    index: u64,
    checkpoint: SignedCheckpoint,
}

impl Included {
    /// The entry's index.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The checkpoint that covers it.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        self.checkpoint.checkpoint()
    }
}

/// Checks that `entry` is in the log `key`, at the index that `proof` names.
///
/// # Errors
/// `log.malformed`, `log.origin` or `log.signature` if the checkpoint is not this log's,
/// `log.inclusion` if the entry is not in its tree at that index.
pub fn verify_inclusion(
    entry: &[u8],
    proof: &LeafProof,
    key: &VerifierKey,
) -> Result<Included, LogError> {
    let signed = SignedCheckpoint::verify(&proof.checkpoint, key)?;
    let Checkpoint { size, root, .. } = signed.checkpoint();
    merkle::verify_inclusion(&leaf_hash(entry), proof.index, *size, &proof.hashes, root)?;
    Ok(Included { index: proof.index, checkpoint: signed })
}

/// Checks that the tree of `newer` extends the tree of `older`.
///
/// # Errors
/// `log.origin` if they are of different logs, `log.consistency` if it does not.
pub fn verify_consistency(
    older: &SignedCheckpoint,
    newer: &SignedCheckpoint,
    proof: &[domain::Digest],
) -> Result<(), LogError> {
    let (older, newer) = (older.checkpoint(), newer.checkpoint());
    if older.origin != newer.origin {
        let (expected, found) = (older.origin.clone(), newer.origin.clone());
        return Err(LogError::Origin { expected, found });
    }
    if older.size == 0 {
        // Every tree extends the empty one, and two checkpoints of one size must be equal.
        let empty = older.root == merkle::empty_root() && proof.is_empty();
        let extends = empty && (newer.size > 0 || newer.root == older.root);
        return extends.then_some(()).ok_or(LogError::Consistency);
    }
    merkle::verify_consistency(older.size, newer.size, proof, &older.root, &newer.root)
}

/// Checks a whole log: recomputes every hash from the entries and compares all tiles, and the root
/// with that of the checkpoint `note`. `on_entry` is given each entry with its index, in order; it
/// must not rely on them before this function has returned `Ok`.
///
/// # Errors
/// `log.malformed`, `log.origin` or `log.signature` if the checkpoint is not this log's,
/// `log.incomplete` if an object is missing, `log.root-mismatch` if entries, tiles and root do not
/// agree, a storage reason if `read` fails.
pub fn verify_log<R>(
    read: R,
    note: &str,
    key: &VerifierKey,
    mut on_entry: impl FnMut(u64, &[u8]),
) -> Result<SignedCheckpoint, LogError>
where
    R: Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError>,
{
    let signed = SignedCheckpoint::verify(note, key)?;
    let Checkpoint { size, root, .. } = *signed.checkpoint();
    let tiles = Tiles::new(read, size);
    let mut edge = Edge::default();
    for index in 0..size.div_ceil(TILE_WIDTH) {
        let Some(path) = TilePath::in_tree(TileKind::Entries, index, size) else {
            break;
        };
        let (found, bytes) = tiles.bundle(&path)?;
        let mut entries = parse_bundle(&bytes, found.width())?;
        entries.truncate(path.width().into());
        for (index, entry) in (index * TILE_WIDTH..).zip(&entries) {
            on_entry(index, entry);
        }
        edge = check_tiles(&edge, &entries, &tiles, size)?;
    }
    if edge.commit().root == root { Ok(signed) } else { Err(LogError::RootMismatch) }
}

/// Appends the entries of one bundle to `edge` and compares the tiles that then are as the whole
/// tree has them.
fn check_tiles<R>(
    edge: &Edge,
    entries: &[&[u8]],
    tiles: &Tiles<R>,
    size: u64,
) -> Result<Edge, LogError>
where
    R: Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError>,
{
    let (next, objects) = edge.extend(entries)?;
    for (path, bytes) in &objects.0 {
        let hashes = path.kind() != TileKind::Entries;
        if hashes
            && path.is_of_tree(size)
            && tiles.hashes(path)? != parse_hashes(bytes, path.width())?
        {
            return Err(LogError::RootMismatch);
        }
    }
    Ok(next)
}
