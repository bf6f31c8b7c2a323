//! Rows grouped by integer keys, in time that no choice of values can make quadratic: a table
//! addressed by the key where that is small, a sort where it is not. No hashing.

use crate::table::TableError;

/// A partition of rows that is refined column by column.
#[derive(Clone, Debug)]
pub(crate) struct Grouping {
    /// Rows of one group have one key, below `radix`.
    keys: Vec<u64>,
    radix: u64,
    /// Up to this radix a table is addressed by the key.
    widest: u64,
}

impl Grouping {
    /// All of `rows` rows in one group.
    pub(crate) fn whole(rows: usize) -> Self {
        let widest = u64::try_from(rows).map_or(MAX_SLOTS, |rows| {
            rows.saturating_mul(SLOTS_PER_ROW).clamp(MIN_SLOTS, MAX_SLOTS)
        });
        Self { keys: vec![0; rows], radix: 1, widest }
    }

    /// Splits each group by a column of codes below `distinct`. Columns share one mixed-radix key
    /// for as long as it stays narrow.
    pub(crate) fn refine(&mut self, codes: &[u32], distinct: usize) -> Result<(), TableError> {
        let distinct = u64::try_from(distinct).map_err(|_| TableError::TooLong)?.max(1);
        if self.radix.checked_mul(distinct).is_none_or(|radix| radix > self.widest) {
            self.radix = self.number()?;
        }
        // Groups and codes are each below 2^32, so that the product fits.
        self.radix = self.radix.checked_mul(distinct).ok_or(TableError::TooLong)?;
        for (key, &code) in self.keys.iter_mut().zip(codes) {
            *key = *key * distinct + u64::from(code);
        }
        Ok(())
    }

    /// The groups: for each row the number of its group, counted by first appearance, and for each
    /// group the number of its rows.
    pub(crate) fn finish(mut self) -> Result<(Vec<u32>, Vec<u64>), TableError> {
        let groups = self.number()?;
        let mut sizes = vec![0_u64; usize::try_from(groups).map_err(|_| TableError::TooLong)?];
        let mut of_row = Vec::with_capacity(self.keys.len());
        for &group in &self.keys {
            of_row.push(u32::try_from(group).map_err(|_| TableError::TooLong)?);
            let size = usize::try_from(group).ok().and_then(|at| sizes.get_mut(at));
            *size.ok_or(TableError::TooLong)? += 1;
        }
        Ok((of_row, sizes))
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

/// Four bytes each: as much memory as the keys themselves take twice, and no more.
const SLOTS_PER_ROW: u64 = 4;
const MIN_SLOTS: u64 = 1 << 16;
const MAX_SLOTS: u64 = 1 << 25;

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups of three columns, with a table of at most `widest` slots.
    fn groups(widest: u64) -> (Vec<u32>, Vec<u64>) {
        let columns = [[3_u32, 0, 3, 0, 3], [1, 1, 1, 2, 0], [7, 7, 7, 7, 7]];
        let mut grouping = Grouping { widest, ..Grouping::whole(5) };
        for column in columns {
            grouping.refine(&column, 9).unwrap();
        }
        grouping.finish().unwrap()
    }

    #[test]
    fn tables_and_sorting_number_groups_alike() {
        let expected = (vec![0, 1, 0, 2, 3], vec![2, 1, 1, 1]);
        for widest in [1, 9, 81, MAX_SLOTS] {
            assert_eq!(groups(widest), expected, "{widest}");
        }
    }

    #[test]
    fn keys_wider_than_a_table_are_grouped_by_sorting() {
        let far = u32::MAX - 1;
        let mut grouping = Grouping::whole(3);
        for _ in 0..4 {
            grouping.refine(&[far, 0, far], usize::try_from(u32::MAX).unwrap()).unwrap();
        }
        assert_eq!(grouping.finish().unwrap(), (vec![0, 1, 0], vec![2, 1]));
    }

    #[test]
    fn no_rows_are_no_groups() {
        let mut grouping = Grouping::whole(0);
        grouping.refine(&[], 0).unwrap();
        assert_eq!(grouping.finish().unwrap(), (vec![], vec![]));
    }
}
