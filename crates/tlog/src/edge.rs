//! The right edge of the tree: what it takes to append, and the objects that an append writes.

use domain::Digest;

use crate::MAX_ENTRY_LEN;
use crate::error::LogError;
use crate::merkle::{self, leaf_hash, node_hash};
use crate::path::{TILE_HEIGHT, TILE_WIDTH, TileKind, TilePath, parse_bundle};
use crate::store::{Commit, StoreError};
use crate::tiles::Tiles;

/// The partial tile of each level and the partial bundle of a tree of `size` entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    size: u64,
    /// INVARIANT: the tile of level `l` holds the last `(size >> 8 l) % 256` hashes of that level.
    tiles: Vec<Vec<Digest>>,
    /// The last `size % 256` entries, each behind its length.
    bundle: Vec<u8>,
}

/// Tiles and bundles by name.
pub(crate) struct Objects(pub(crate) Vec<(TilePath, Vec<u8>)>);

impl Edge {
    /// Reads the edge of the tree of `size` entries. Its entries are checked against its leaf
    /// hashes; its root is for the caller to compare.
    pub(crate) fn load<R>(read: R, size: u64) -> Result<Self, LogError>
    where
        R: Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError>,
    {
        Self::load_within(read, size, size)
    }

    /// The same out of the objects of a tree of `tree_size` entries, which is not smaller: `size` itself
    /// need never have been published.
    pub(crate) fn load_within<R>(read: R, size: u64, tree_size: u64) -> Result<Self, LogError>
    where
        R: Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError>,
    {
        let tiles = Tiles::new(read, tree_size);
        let held = |path: &TilePath| path.in_tree_of(tree_size).unwrap_or(*path);
        let mut edge = Self { size, ..Self::default() };
        for level in 0..LEVELS {
            let mut hashes = Vec::new();
            if let Some(path) = edge.partial(TileKind::Hashes(level), size) {
                hashes = tiles.hashes(&held(&path))?;
                hashes.truncate(path.width().into());
            }
            edge.tiles.push(hashes);
        }
        if let Some(path) = edge.partial(TileKind::Entries, size) {
            let (found, bytes) = tiles.bundle(&held(&path))?;
            let mut entries = parse_bundle(&bytes, found.width())?;
            entries.truncate(path.width().into());
            entries.iter().for_each(|entry| push_framed(&mut edge.bundle, entry));
            let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
            if edge.tiles.first() != Some(&leaves) {
                return Err(LogError::RootMismatch);
            }
        }
        Ok(edge)
    }

    /// The edge after `entries`, and every object that the larger tree has and this one has not.
    pub(crate) fn extend<E: AsRef<[u8]>>(
        &self,
        entries: &[E],
    ) -> Result<(Self, Objects), LogError> {
        let (mut next, mut objects) = (self.clone(), Vec::new());
        for entry in entries {
            next.push_entry(entry.as_ref(), &mut objects)?;
        }
        if let Some(path) = next.partial(TileKind::Entries, self.size) {
            objects.push((path, next.bundle.clone()));
        }
        for (level, hashes) in (0..LEVELS).zip(&next.tiles) {
            if let Some(path) = next.partial(TileKind::Hashes(level), self.size) {
                objects.push((path, encode(hashes)));
            }
        }
        Ok((next, Objects(objects)))
    }

    /// Size and root of the tree.
    pub(crate) fn commit(&self) -> Commit {
        // From right to left: the complete subtrees that the tree consists of, smallest first.
        let mut right: Option<Digest> = None;
        for hashes in &self.tiles {
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let width = 1 << rest.len().trailing_zeros();
                let (before, subtree) = rest.split_at(rest.len() - width);
                let left = merkle::root(subtree);
                right = Some(right.map_or(left, |right| node_hash(&left, &right)));
                rest = before;
            }
        }
        Commit { size: self.size, root: right.unwrap_or_else(merkle::empty_root) }
    }

    /// The last full object of each kind.
    pub(crate) fn last_full(&self) -> Vec<TilePath> {
        let kinds = (0..LEVELS).map(TileKind::Hashes).chain([TileKind::Entries]);
        kinds.filter_map(|kind| just_filled(kind, self.size)).collect()
    }

    fn push_entry(
        &mut self,
        entry: &[u8],
        objects: &mut Vec<(TilePath, Vec<u8>)>,
    ) -> Result<(), LogError> {
        if entry.len() > MAX_ENTRY_LEN {
            return Err(LogError::EntryTooLarge { length: entry.len() });
        }
        push_framed(&mut self.bundle, entry);
        self.size += 1;
        let mut hash = leaf_hash(entry);
        for level in 0..LEVELS {
            if self.tiles.len() <= level.into() {
                self.tiles.push(Vec::new());
            }
            let Some(tile) = self.tiles.get_mut(usize::from(level)) else {
                break;
            };
            tile.push(hash);
            if u64::try_from(tile.len()) != Ok(TILE_WIDTH) {
                break;
            }
            if level == 0 {
                let bundle = std::mem::take(&mut self.bundle);
                objects
                    .extend(just_filled(TileKind::Entries, self.size).map(|path| (path, bundle)));
            }
            let path = just_filled(TileKind::Hashes(level), self.size);
            objects.extend(path.map(|path| (path, encode(tile))));
            // A full tile is one hash of the level above, and leaves an empty one behind.
            hash = merkle::root(&std::mem::take(tile));
        }
        Ok(())
    }

    /// The partial object of this kind, if there is one, and it is another than at `older_size`
    /// (or that is the size of this tree).
    fn partial(&self, kind: TileKind, older_size: u64) -> Option<TilePath> {
        let shift = level_shift(kind);
        let new = older_size == self.size || self.size >> shift > older_size >> shift;
        let path = TilePath::in_tree(kind, (self.size >> shift) / TILE_WIDTH, self.size)?;
        new.then_some(path)
    }
}

/// The full object of this kind that the last entry of a tree of `size` entries has completed.
fn just_filled(kind: TileKind, size: u64) -> Option<TilePath> {
    let filled = (size >> level_shift(kind)) / TILE_WIDTH;
    TilePath::in_tree(kind, filled.checked_sub(1)?, size)
}

fn level_shift(kind: TileKind) -> u32 {
    match kind {
        TileKind::Entries => 0,
        TileKind::Hashes(level) => u32::from(level) * u32::from(TILE_HEIGHT),
    }
}

/// Adds an entry behind its length; entries that are too long were refused before.
fn push_framed(bundle: &mut Vec<u8>, entry: &[u8]) {
    let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
}

fn encode(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().map(|hash| *hash.as_bytes()).collect::<Vec<_>>().concat()
}

/// Tile levels of a tree of up to 2^64 entries.
const LEVELS: u8 = 8;
