//! Reading a tree out of its tiles: hashes, proofs, entries.

use std::ops::Range;

use domain::Digest;

use crate::error::LogError;
use crate::merkle::{self, node_hash};
use crate::path::{TILE_HEIGHT, TILE_WIDTH, TileKind, TilePath, parse_bundle, parse_hashes};
use crate::store::StoreError;

/// The objects of a log of `size` entries, as `read` finds them.
///
/// What is read is checked for its form only. It is for the caller to compare it with a root.
#[derive(Debug)]
pub struct Tiles<R> {
    read: R,
    size: u64,
}

impl<R: Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError>> Tiles<R> {
    /// The log of which `read` yields the objects, and which has at least `size` entries.
    pub const fn new(read: R, size: u64) -> Self {
        Self { read, size }
    }

    /// The root of the tree of the first `tree_size` entries.
    ///
    /// # Errors
    /// `log.no-such-entry` if there are fewer; `log.incomplete`, `log.malformed` or a storage
    /// reason if its tiles cannot be read.
    pub fn root(&self, tree_size: u64) -> Result<Digest, LogError> {
        self.check_size(tree_size)?;
        if tree_size == 0 { Ok(merkle::empty_root()) } else { self.subtree(0..tree_size) }
    }

    /// The proof that entry `index` is in the tree of `tree_size` entries (RFC 9162 §2.1.3.1).
    ///
    /// # Errors
    /// As [`Self::root`].
    pub fn inclusion(&self, index: u64, tree_size: u64) -> Result<Vec<Digest>, LogError> {
        self.check_size(tree_size)?;
        if index >= tree_size {
            return Err(LogError::NoSuchEntry { index, size: tree_size });
        }
        let (mut proof, mut around) = (Vec::new(), 0..tree_size);
        while around.end - around.start > 1 {
            let middle = middle(&around);
            let (left, right) = (around.start..middle, middle..around.end);
            let (towards, beside) = if index < middle { (left, right) } else { (right, left) };
            proof.push(self.subtree(beside)?);
            around = towards;
        }
        proof.reverse();
        Ok(proof)
    }

    /// The proof that the tree of `newer_size` entries extends the one of `older_size`
    /// (RFC 9162 §2.1.4.1); empty if either has no entries or they are equal.
    ///
    /// # Errors
    /// As [`Self::root`], and `log.no-such-entry` if the older tree is larger.
    pub fn consistency(&self, older_size: u64, newer_size: u64) -> Result<Vec<Digest>, LogError> {
        self.check_size(newer_size)?;
        if older_size > newer_size {
            return Err(LogError::NoSuchEntry { index: older_size, size: newer_size });
        }
        if older_size == 0 {
            return Ok(Vec::new());
        }
        let (mut proof, mut around) = (Vec::new(), 0..newer_size);
        while around.end != older_size {
            let middle = middle(&around);
            let (left, right) = (around.start..middle, middle..around.end);
            let (towards, beside) =
                if older_size <= middle { (left, right) } else { (right, left) };
            proof.push(self.subtree(beside)?);
            around = towards;
        }
        // The verifier knows the older root, but no other subtree that ends where it does.
        if around.start > 0 {
            proof.push(self.subtree(around)?);
        }
        proof.reverse();
        Ok(proof)
    }

    /// The bytes of entry `index`.
    ///
    /// # Errors
    /// As [`Self::root`].
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, LogError> {
        let (before, entries) = self.bundle_with(index)?;
        let missing = LogError::NoSuchEntry { index, size: self.size };
        entries.into_iter().nth(before).ok_or(missing)
    }

    /// The entries from `index` to the end of its bundle, or of the log.
    ///
    /// # Errors
    /// As [`Self::root`].
    pub fn entries_from(&self, index: u64) -> Result<Vec<Vec<u8>>, LogError> {
        let (before, mut entries) = self.bundle_with(index)?;
        Ok(entries.split_off(before.min(entries.len())))
    }

    /// The entries of the bundle that has entry `index`, and how many of them precede it.
    fn bundle_with(&self, index: u64) -> Result<(usize, Vec<Vec<u8>>), LogError> {
        let missing = LogError::NoSuchEntry { index, size: self.size };
        let path = TilePath::in_tree(TileKind::Entries, index / TILE_WIDTH, self.size);
        let Some(path) = path.filter(|_| index < self.size) else {
            return Err(missing);
        };
        let (found, bundle) = self.bundle(&path)?;
        let entries = parse_bundle(&bundle, found.width())?.into_iter();
        let entries = entries.take(path.width().into()).map(<[u8]>::to_vec).collect();
        Ok((usize::try_from(index % TILE_WIDTH).unwrap_or(usize::MAX), entries))
    }

    /// The bundle `path`, or the full one that has taken its place, with the name of what was found.
    ///
    /// # Errors
    /// As [`Self::root`].
    pub fn bundle(&self, path: &TilePath) -> Result<(TilePath, Vec<u8>), LogError> {
        for path in [*path, path.full()] {
            if let Some(bytes) = (self.read)(&path)? {
                return Ok((path, bytes));
            }
        }
        Err(LogError::Incomplete { path: path.to_string() })
    }

    /// The hashes in the tile `path`, be it found by that name or as the beginning of the full one.
    ///
    /// # Errors
    /// As [`Self::root`].
    pub fn hashes(&self, path: &TilePath) -> Result<Vec<Digest>, LogError> {
        let (found, bytes) = self.bundle(path)?;
        let mut hashes = parse_hashes(&bytes, found.width())?;
        hashes.truncate(path.width().into());
        Ok(hashes)
    }

    /// The hash over `entries`, which is not empty and ends at the end of the tree in question or
    /// is complete. Recursion is at most 64 deep.
    fn subtree(&self, entries: Range<u64>) -> Result<Digest, LogError> {
        let length = entries.end - entries.start;
        if length.is_power_of_two() {
            return self.complete_subtree(entries.start, length.trailing_zeros());
        }
        let middle = middle(&entries);
        let left = self.subtree(entries.start..middle)?;
        Ok(node_hash(&left, &self.subtree(middle..entries.end)?))
    }

    /// The hash over the `2^height` entries from `start`, a multiple of that.
    fn complete_subtree(&self, start: u64, height: u32) -> Result<Digest, LogError> {
        let (level, inner) = (height / u32::from(TILE_HEIGHT), height % u32::from(TILE_HEIGHT));
        let level = u8::try_from(level).map_err(|_| LogError::malformed("tile"))?;
        let first = start >> (u32::from(level) * u32::from(TILE_HEIGHT));
        let kind = TileKind::Hashes(level);
        let path = TilePath::in_tree(kind, first / TILE_WIDTH, self.size)
            .ok_or(LogError::NoSuchEntry { index: start, size: self.size })?;
        let hashes = self.hashes(&path)?;
        let place = usize::try_from(first % TILE_WIDTH).unwrap_or(usize::MAX);
        let covered = hashes.get(place..).and_then(|rest| rest.get(..1 << inner));
        covered.map(merkle::root).ok_or(LogError::malformed("tile"))
    }

    const fn check_size(&self, tree_size: u64) -> Result<(), LogError> {
        if tree_size <= self.size {
            return Ok(());
        }
        Err(LogError::NoSuchEntry { index: tree_size - 1, size: self.size })
    }
}

/// Where RFC 9162 §2.1.1 splits a tree of at least two entries: after the largest power of two
/// below their number.
fn middle(entries: &Range<u64>) -> u64 {
    let last = entries.end - entries.start - 1;
    entries.start + (1 << last.ilog2())
}
