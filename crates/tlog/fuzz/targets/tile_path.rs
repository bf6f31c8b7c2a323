//! Any object of a tree of any size: its name leads back to it, and trees agree about it.
#![no_main]

use tlog::TilePath;
use tlog::path::{TILE_WIDTH, TileKind};

libfuzzer_sys::fuzz_target!(|input: (Option<u8>, u64, u64)| {
    let (level, index, size) = input;
    let kind = level.map_or(TileKind::Entries, TileKind::Hashes);
    let Some(path) = TilePath::in_tree(kind, index, size) else {
        return;
    };
    assert!(path.is_of_tree(size) && (1..=256).contains(&path.width()));
    assert_eq!(path.is_full(), path.width() == 256);
    assert_eq!(path.full().is_full(), true);
    assert_eq!(read(&path.to_string()), Some((kind, index, path.width())));
    assert!(path.is_full() || path.to_string().starts_with(&(path.partials() + "/")));
    let level = level.unwrap_or(0);
    assert!(level < 8);
    // All that it covers is there.
    let covered = (index * TILE_WIDTH + u64::from(path.width()) - 1) << (8 * u32::from(level));
    assert!(covered < size);
});

/// Written from C2SP tlog-tiles alone.
fn read(path: &str) -> Option<(TileKind, u64, u16)> {
    let rest = path.strip_prefix("tile/")?;
    let (kind, rest) = rest.split_once('/')?;
    let kind = match kind {
        "entries" => TileKind::Entries,
        level => TileKind::Hashes(level.parse().ok()?),
    };
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok()?),
        None => (rest, 256),
    };
    let mut number: u64 = 0;
    let parts: Vec<&str> = index.split('/').collect();
    for (place, part) in parts.iter().enumerate() {
        let last = place + 1 == parts.len();
        let digits = if last { *part } else { part.strip_prefix('x')? };
        if digits.len() != 3 || (place == 0 && !last && digits == "000") {
            return None;
        }
        number = number.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some((kind, number, width))
}
