//! Names of tiles and entry bundles (C2SP tlog-tiles, "Merkle Tree" and "Log entries").

use std::fmt;

use domain::Digest;

use crate::error::LogError;

/// Hashes per tile and entries per bundle.
pub const TILE_WIDTH: u64 = 256;
/// The binary levels that one tile spans.
pub const TILE_HEIGHT: u8 = 8;

/// What an object holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Entries, each behind its length as 16 bits, big-endian.
    Entries,
    /// Hashes of 32 bytes at this level: each spans `256^level` entries. At most 7.
    Hashes(u8),
}

/// The name of one tile or bundle, full or partial.
///
/// INVARIANT: `1 ≤ width ≤ 256`, level ≤ 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    width: u16,
}

impl TilePath {
    /// The `index`-th object of its kind as a tree of `tree_size` entries has it; `None` if that
    /// tree has no such object.
    #[must_use]
    pub fn in_tree(kind: TileKind, index: u64, tree_size: u64) -> Option<Self> {
        let there = level_size(kind, tree_size)?.checked_sub(index.checked_mul(TILE_WIDTH)?)?;
        let width = u16::try_from(there.min(TILE_WIDTH)).ok()?;
        (width > 0).then_some(Self { kind, index, width })
    }

    /// The same object as a tree of `tree_size` entries has it; `None` if that tree has none.
    #[must_use]
    pub(crate) fn in_tree_of(&self, tree_size: u64) -> Option<Self> {
        Self::in_tree(self.kind, self.index, tree_size)
    }

    /// What the object holds.
    #[must_use]
    pub const fn kind(&self) -> TileKind {
        self.kind
    }

    /// The number of hashes or entries in it, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether a tree of `tree_size` entries has the object by this name.
    #[must_use]
    pub fn is_of_tree(&self, tree_size: u64) -> bool {
        self.in_tree_of(tree_size) == Some(*self)
    }

    /// Whether all 256 places are taken.
    #[must_use]
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == TILE_WIDTH
    }

    /// The same object with all 256 places taken.
    #[must_use]
    pub const fn full(&self) -> Self {
        Self { width: 256, ..*self }
    }

    /// The folder, below the log's prefix, that holds the partial forms of this object.
    #[must_use]
    pub fn partials(&self) -> String {
        format!("{}.p", self.full())
    }
}

/// How many hashes of 256^level entries (or entries) a tree has; `None` for a level above 7.
fn level_size(kind: TileKind, tree_size: u64) -> Option<u64> {
    match kind {
        TileKind::Entries => Some(tree_size),
        TileKind::Hashes(level) => tree_size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)),
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Entries => f.write_str("tile/entries/")?,
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        write_index(f, self.index)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// Three digits per path element, all but the last behind an `x`: `1234067` is `x001/x234/067`.
fn write_index(f: &mut fmt::Formatter<'_>, index: u64) -> fmt::Result {
    let (upper, last) = (index / 1000, index % 1000);
    if upper > 0 {
        write_upper(f, upper)?;
    }
    write!(f, "{last:03}")
}

fn write_upper(f: &mut fmt::Formatter<'_>, index: u64) -> fmt::Result {
    if index >= 1000 {
        write_upper(f, index / 1000)?;
    }
    write!(f, "x{:03}/", index % 1000)
}

/// The entries in a bundle of exactly `width` entries.
///
/// # Errors
/// `log.malformed` if the bytes are no such bundle.
pub fn parse_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, LogError> {
    let malformed = || LogError::malformed("entry bundle");
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(width.into());
    for _ in 0..width {
        let (length, after) = rest.split_first_chunk::<2>().ok_or_else(malformed)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or_else(malformed)?;
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() { Ok(entries) } else { Err(malformed()) }
}

/// The hashes in a tile of exactly `width` hashes.
///
/// # Errors
/// `log.malformed` if the bytes are no such tile.
pub fn parse_hashes(bytes: &[u8], width: u16) -> Result<Vec<Digest>, LogError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || hashes.len() != usize::from(width) {
        return Err(LogError::malformed("tile"));
    }
    Ok(hashes.iter().copied().map(Digest::from_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(kind: TileKind, index: u64, size: u64) -> String {
        TilePath::in_tree(kind, index, size).map_or_else(|| "-".to_owned(), |p| p.to_string())
    }

    #[test]
    fn names_are_those_of_the_specification() {
        use TileKind::{Entries, Hashes};
        // The example of 70,000 entries in C2SP tlog-tiles, "Partial Tiles".
        assert_eq!(path(Hashes(0), 272, 70_000), "tile/0/272");
        assert_eq!(path(Hashes(0), 273, 70_000), "tile/0/273.p/112");
        assert_eq!(path(Hashes(0), 274, 70_000), "-");
        assert_eq!(path(Hashes(1), 1, 70_000), "tile/1/001.p/17");
        assert_eq!(path(Hashes(2), 0, 70_000), "tile/2/000.p/1");
        assert_eq!(path(Hashes(3), 0, 70_000), "-");
        assert_eq!(path(Hashes(8), 0, u64::MAX), "-");
        assert_eq!(path(Entries, 1_234_067, u64::MAX), "tile/entries/x001/x234/067");
        assert_eq!(path(Entries, 1_000, u64::MAX), "tile/entries/x001/000");
        assert_eq!(path(Entries, 0, 256), "tile/entries/000");
        assert_eq!(path(Hashes(1), 0, 256), "tile/1/000.p/1");
        assert_eq!(path(Entries, 1, 256), "-");
    }

    #[test]
    fn a_bundle_has_exactly_its_entries() {
        assert_eq!(parse_bundle(b"\0\x01a\0\0", 2).unwrap(), [b"a".as_slice(), b""]);
        for (bytes, width) in
            [(b"\0\x01a\0\0".as_slice(), 1), (b"\0\x01a\0\0", 3), (b"\0\x02a", 1), (b"\0", 1)]
        {
            let error = parse_bundle(bytes, width).unwrap_err();
            assert_eq!(domain::Reason::reason(&error), "log.malformed");
        }
    }
}
