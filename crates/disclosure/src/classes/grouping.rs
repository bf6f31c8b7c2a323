//! Rows grouped by equal codes, groups numbered by first appearance.

use crate::classes::ranks::{Codes, Digit, Ranks};
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
        let digit = |&(codes, distinct)| Digit { distinct, codes: Codes::Plain(codes) };
        let columns: Vec<Digit<'_>> = columns.iter().map(digit).collect();
        let Ranks { of_row: mut ranks, distinct } = Ranks::of(rows, &columns)?;
        let mut sizes = Vec::with_capacity(distinct);
        // The number of each rank's group and 1, so that 0 is a group not met yet.
        let mut groups = vec![0_u32; distinct];
        for rank in &mut ranks {
            let group = usize::try_from(*rank).ok().and_then(|at| groups.get_mut(at));
            let group = group.ok_or(TableError::TooLong)?;
            if *group == 0 {
                sizes.push(0);
                *group = u32::try_from(sizes.len()).map_err(|_| TableError::TooLong)?;
            }
            *rank = *group - 1;
            let size = usize::try_from(*rank).ok().and_then(|at| sizes.get_mut(at));
            *size.ok_or(TableError::TooLong)? += 1;
        }
        Ok(Self { of_row: ranks, sizes })
    }

    /// How many slots a table addressed by keys may have: no more memory than the keys take twice.
    pub(crate) fn widest(rows: usize) -> usize {
        rows.saturating_mul(SLOTS_PER_ROW).clamp(MIN_SLOTS, MAX_SLOTS)
    }
}

const SLOTS_PER_ROW: usize = 4;
const MIN_SLOTS: usize = 1 << 16;
const MAX_SLOTS: usize = 1 << 25;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_numbered_by_first_appearance() {
        let columns = [[3_u32, 0, 3, 0, 3], [1, 1, 1, 2, 0], [7, 7, 7, 7, 7]];
        let columns = columns.each_ref().map(|codes| (codes.as_slice(), 9));
        let expected = Grouping { of_row: vec![0, 1, 0, 2, 3], sizes: vec![2, 1, 1, 1] };
        assert_eq!(Grouping::of(5, &columns).unwrap(), expected);
    }

    #[test]
    fn no_rows_are_no_groups() {
        let expected = Grouping { of_row: vec![], sizes: vec![] };
        assert_eq!(Grouping::of(0, &[(&[], 0)]).unwrap(), expected);
        assert_eq!(Grouping::of(2, &[]).unwrap().sizes, [2]);
    }
}
