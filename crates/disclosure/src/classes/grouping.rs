//! Rows grouped by integer keys, in time that no choice of values can make quadratic: a table
//! addressed by the key where that is small, a sort where it is not. No hashing.

use crate::table::TableError;

/// A partition of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grouping {
    /// For each row the number of its group, counted by first appearance.
    pub(crate) of_row: Vec<u32>,
    /// For each group the number of its rows.
    pub(crate) sizes: Vec<u64>,
}

impl Grouping {
    /// Groups `rows` rows by equal codes in every column, given with a bound above its codes.
    pub(crate) fn of(rows: usize, columns: &[(&[u32], usize)]) -> Result<Self, TableError> {
        Keys::new(rows, Self::widest(rows)).group(columns)
    }

    /// How many slots a table addressed by keys may have: no more memory than the keys take twice.
    pub(crate) fn widest(rows: usize) -> usize {
        rows.saturating_mul(SLOTS_PER_ROW).clamp(MIN_SLOTS, MAX_SLOTS)
    }
}

/// A partition that is refined column by column.
struct Keys {
    /// Rows of one group have one key, below `radix`.
    keys: Vec<u64>,
    radix: u64,
    /// Up to this radix a table is addressed by the key.
    widest: u64,
}

impl Keys {
    /// All rows in one group.
    fn new(rows: usize, widest: usize) -> Self {
        Self { keys: vec![0; rows], radix: 1, widest: u64::try_from(widest).unwrap_or(u64::MAX) }
    }

    /// Columns share one mixed-radix key for as long as it stays narrow.
    fn group(mut self, columns: &[(&[u32], usize)]) -> Result<Grouping, TableError> {
        let mut batch = Vec::with_capacity(columns.len());
        for &(codes, distinct) in columns {
            let distinct = u64::try_from(distinct).map_err(|_| TableError::TooLong)?.max(1);
            if self.radix.checked_mul(distinct).is_none_or(|radix| radix > self.widest) {
                self.refine(&std::mem::take(&mut batch));
                self.number()?;
            }
            // Groups and codes are each below 2^32, so that the product fits.
            self.radix = self.radix.checked_mul(distinct).ok_or(TableError::TooLong)?;
            batch.push((codes, distinct));
        }
        self.refine(&batch);
        self.finish()
    }

    /// Appends columns to the keys, so many rows at a time that they stay in the cache.
    fn refine(&mut self, batch: &[(&[u32], u64)]) {
        for (keys, at) in self.keys.chunks_mut(CHUNK).zip(0..) {
            for (codes, distinct) in batch {
                let codes = codes.chunks(CHUNK).nth(at).unwrap_or_default();
                for (key, &code) in keys.iter_mut().zip(codes) {
                    *key = *key * distinct + u64::from(code);
                }
            }
        }
    }

    fn finish(mut self) -> Result<Grouping, TableError> {
        let groups = self.number()?;
        let mut sizes = vec![0_u64; usize::try_from(groups).map_err(|_| TableError::TooLong)?];
        let mut of_row = Vec::with_capacity(self.keys.len());
        for &group in &self.keys {
            of_row.push(u32::try_from(group).map_err(|_| TableError::TooLong)?);
            let size = usize::try_from(group).ok().and_then(|at| sizes.get_mut(at));
            *size.ok_or(TableError::TooLong)? += 1;
        }
        Ok(Grouping { of_row, sizes })
    }

    /// Replaces keys by the numbers of their groups; how many there are.
    fn number(&mut self) -> Result<u64, TableError> {
        if self.radix > self.widest {
            self.sort()?;
        }
        let slots = usize::try_from(self.radix).map_err(|_| TableError::TooLong)?;
        // A slot holds the number of its group and 1, so that 0 is a group not met yet.
        let mut slots = vec![0_u32; slots];
        let mut groups = 0_u32;
        for key in &mut self.keys {
            let slot = usize::try_from(*key).ok().and_then(|at| slots.get_mut(at));
            let slot = slot.ok_or(TableError::TooLong)?;
            if *slot == 0 {
                groups = groups.checked_add(1).ok_or(TableError::TooLong)?;
                *slot = groups;
            }
            *key = u64::from(*slot) - 1;
        }
        self.radix = u64::from(groups).max(1);
        Ok(u64::from(groups))
    }

    /// Replaces keys by their ranks, which are fewer than the rows.
    fn sort(&mut self) -> Result<(), TableError> {
        let mut sorted: Vec<(u64, usize)> = self.keys.iter().copied().zip(0..).collect();
        sorted.sort_unstable();
        let mut rank = 0_u64;
        for group in sorted.chunk_by(|(a, _), (b, _)| a == b) {
            for (_, row) in group {
                *self.keys.get_mut(*row).ok_or(TableError::TooLong)? = rank;
            }
            rank += 1;
        }
        self.radix = rank.max(1);
        Ok(())
    }
}

const SLOTS_PER_ROW: usize = 4;
const MIN_SLOTS: usize = 1 << 16;
const MAX_SLOTS: usize = 1 << 25;
/// Rows whose keys and codes fit in the first cache.
const CHUNK: usize = 1 << 11;

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups of three columns, with a table of at most `widest` slots.
    fn groups(widest: usize) -> Grouping {
        let columns = [[3_u32, 0, 3, 0, 3], [1, 1, 1, 2, 0], [7, 7, 7, 7, 7]];
        let columns = columns.each_ref().map(|codes| (codes.as_slice(), 9));
        Keys::new(5, widest).group(&columns).unwrap()
    }

    #[test]
    fn tables_and_sorting_number_groups_alike() {
        let expected = Grouping { of_row: vec![0, 1, 0, 2, 3], sizes: vec![2, 1, 1, 1] };
        for widest in [1, 9, 81, MAX_SLOTS] {
            assert_eq!(groups(widest), expected, "{widest}");
        }
    }

    #[test]
    fn keys_wider_than_a_table_are_grouped_by_sorting() {
        let far = u32::MAX - 1;
        let codes = [far, 0, far];
        let columns = [(codes.as_slice(), usize::try_from(u32::MAX).unwrap()); 4];
        let expected = Grouping { of_row: vec![0, 1, 0], sizes: vec![2, 1] };
        assert_eq!(Grouping::of(3, &columns).unwrap(), expected);
    }

    #[test]
    fn rows_beyond_one_chunk_are_grouped_too() {
        let codes: Vec<u32> = (0..10_000).map(|row| row % 3).collect();
        let grouping = Grouping::of(10_000, &[(&codes, 3), (&codes, 3)]).unwrap();
        assert_eq!((grouping.of_row, grouping.sizes), (codes, vec![3_334, 3_333, 3_333]));
    }

    #[test]
    fn no_rows_are_no_groups() {
        let expected = Grouping { of_row: vec![], sizes: vec![] };
        assert_eq!(Grouping::of(0, &[(&[], 0)]).unwrap(), expected);
        assert_eq!(Grouping::of(2, &[]).unwrap().sizes, [2]);
    }
}
