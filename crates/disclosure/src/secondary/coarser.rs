//! Which category, made coarser, leaves no small cell.

use std::collections::{BTreeMap, BTreeSet};

use super::margins::TableRow;
use super::protect::Small;

/// The categories, by their places, of which a merge leaves no small count: its values become their
/// parents, or, where none of its values has one, all become one, which drops it from the table.
///
/// Looks at the finest rows only; the margins of the coarser table are sums of them, and with
/// nothing small there is nothing to hide.
#[must_use]
pub fn coarser(
    rows: &[TableRow],
    parents: &[BTreeMap<usize, usize>],
    threshold: u64,
    zeros_disclose: bool,
) -> Vec<usize> {
    let totals: Vec<BTreeSet<usize>> =
        parents.iter().map(|parents| parents.values().copied().collect()).collect();
    let is_finest = |row: &&TableRow| {
        let mut values = row.categories.iter().zip(&totals);
        values.all(|(value, totals)| value.is_some_and(|value| !totals.contains(&value)))
    };
    let finest: Vec<&TableRow> = rows.iter().filter(is_finest).collect();
    let small = Small { threshold, zeros_disclose };
    let clears = |&category: &usize| {
        let mut counts: BTreeMap<Vec<Option<usize>>, u64> = BTreeMap::new();
        for row in &finest {
            let merged = counts.entry(merge(&row.categories, category, parents)).or_default();
            *merged = merged.saturating_add(row.count);
        }
        counts.values().all(|count| !small.is(*count))
    };
    (0..parents.len()).filter(clears).collect()
}

fn merge(
    categories: &[Option<usize>],
    category: usize,
    parents: &[BTreeMap<usize, usize>],
) -> Vec<Option<usize>> {
    let mut merged = categories.to_vec();
    if let (Some(value), Some(parents)) = (merged.get_mut(category), parents.get(category)) {
        let parent = value.and_then(|value| parents.get(&value).copied());
        *value = if parents.is_empty() { None } else { parent.or(*value) };
    }
    merged
}
