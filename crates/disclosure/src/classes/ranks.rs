//! Rows numbered by what they hold in several columns, in the order of the columns' codes: a bit for
//! each combination that there may be, and for each row the number of bits before its own. Where
//! there may be far more combinations than rows, rows are sorted. No hashing: no choice of values
//! can make it quadratic.

use std::thread;

use crate::table::TableError;

/// The rank of each row among the distinct combinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ranks {
    pub(crate) of_row: Vec<u32>,
    /// How many combinations there are.
    pub(crate) distinct: usize,
}

/// One column of the combinations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digit<'a> {
    /// A bound above its codes.
    pub(crate) distinct: usize,
    pub(crate) codes: Codes<'a>,
}

/// Where the codes of a column are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Codes<'a> {
    /// As they are.
    Plain(&'a [u32]),
    /// Some bits of each word are a place in `to`.
    Packed { words: &'a [u64], bits: Bits, to: &'a [u32] },
}

/// Where in a word a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    pub(crate) shift: u32,
    pub(crate) mask: u64,
}

impl Bits {
    /// How many codes there may be.
    pub(crate) fn places(self) -> usize {
        usize::try_from(self.mask).unwrap_or(usize::MAX).saturating_add(1)
    }

    pub(crate) const fn width(self) -> u32 {
        self.mask.count_ones()
    }

    pub(crate) fn of(self, word: u64) -> usize {
        usize::try_from((word >> self.shift) & self.mask).unwrap_or(usize::MAX)
    }
}

impl Ranks {
    /// Ranks `rows` rows, the first column the most significant.
    pub(crate) fn of(rows: usize, columns: &[Digit<'_>]) -> Result<Self, TableError> {
        Self::within(rows, columns, rows.saturating_mul(BITS_PER_ROW).max(FEW_BITS))
    }

    /// With at most so many bits.
    fn within(rows: usize, columns: &[Digit<'_>], bits: usize) -> Result<Self, TableError> {
        let most = u64::try_from(bits).unwrap_or(u64::MAX);
        let mut keys = vec![0_u64; rows];
        let mut radix = 1_u64;
        let mut batch = Vec::with_capacity(columns.len());
        for digit in columns {
            let distinct = u64::try_from(digit.distinct).map_err(|_| TableError::TooLong)?.max(1);
            if radix.checked_mul(distinct).is_none_or(|radix| radix > most) {
                append(&mut keys, &std::mem::take(&mut batch));
                radix = rank(&mut keys, radix, most)?;
            }
            // Ranks and codes are each below 2^32, so that the product fits.
            radix = radix.checked_mul(distinct).ok_or(TableError::TooLong)?;
            batch.push((*digit, distinct));
        }
        append(&mut keys, &batch);
        let distinct = rank(&mut keys, radix, most)?;
        let distinct = usize::try_from(distinct).map_err(|_| TableError::TooLong)?;
        // Ranks are fewer than the rows, and those are numbered by 32 bits.
        let of_row = keys.into_iter().map(|key| u32::try_from(key).unwrap_or(u32::MAX)).collect();
        Ok(Self { of_row, distinct })
    }
}

/// Appends columns to the keys of all rows, so many rows at a time that they stay in the cache.
fn append(keys: &mut [u64], columns: &[(Digit<'_>, u64)]) {
    in_parts(keys, |first, keys| {
        for (keys, at) in keys.chunks_mut(CHUNK).zip((first..).step_by(CHUNK)) {
            for (digit, distinct) in columns {
                digit.append(*distinct, at, keys);
            }
        }
    });
}

impl Digit<'_> {
    /// To the keys of the rows from `first` on.
    fn append(&self, distinct: u64, first: usize, keys: &mut [u64]) {
        match self.codes {
            Codes::Plain(codes) => {
                let codes = codes.get(first..).unwrap_or_default();
                for (key, &code) in keys.iter_mut().zip(codes) {
                    *key = *key * distinct + u64::from(code);
                }
            }
            Codes::Packed { words, bits, to } => {
                let words = words.get(first..).unwrap_or_default();
                for (key, &word) in keys.iter_mut().zip(words) {
                    let code = to.get(bits.of(word)).copied().unwrap_or_default();
                    *key = *key * distinct + u64::from(code);
                }
            }
        }
    }
}

/// Replaces keys below `radix` by their ranks; how many there are.
fn rank(keys: &mut [u64], radix: u64, most: u64) -> Result<u64, TableError> {
    let far = radix > most.saturating_mul(SORTING_TAKES);
    let ranks = if far { by_sorting(keys)? } else { by_bits(keys, radix)? };
    // Later keys are multiples of this number.
    Ok(ranks.max(1))
}

/// 64 keys: which of them there are, and how many there are before them.
#[derive(Clone, Copy, Default)]
struct Block {
    met: u64,
    before: u32,
}

fn by_bits(keys: &mut [u64], radix: u64) -> Result<u64, TableError> {
    let blocks = usize::try_from(radix.div_ceil(64)).map_err(|_| TableError::TooLong)?;
    let mut blocks = vec![Block::default(); blocks];
    for &key in &*keys {
        if let Some(block) = blocks.get_mut(place(key)) {
            block.met |= 1 << (key % 64);
        }
    }
    let mut ranks = 0_u32;
    for block in &mut blocks {
        block.before = ranks;
        ranks = ranks.checked_add(block.met.count_ones()).ok_or(TableError::TooLong)?;
    }
    in_parts(keys, |_, keys| {
        for key in keys {
            let block = blocks.get(place(*key)).copied().unwrap_or_default();
            let below = block.met & ((1 << (*key % 64)) - 1);
            *key = u64::from(block.before) + u64::from(below.count_ones());
        }
    });
    Ok(ranks.into())
}

fn place(key: u64) -> usize {
    usize::try_from(key / 64).unwrap_or(usize::MAX)
}

fn by_sorting(keys: &mut [u64]) -> Result<u64, TableError> {
    let mut sorted: Vec<(u64, usize)> = keys.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    let mut ranks = 0_u64;
    for same in sorted.chunk_by(|(a, _), (b, _)| a == b) {
        for (_, row) in same {
            *keys.get_mut(*row).ok_or(TableError::TooLong)? = ranks;
        }
        ranks += 1;
    }
    Ok(ranks)
}

/// Does `work` on parts of the keys, given the first row of each, at the same time where there are
/// so many that it pays.
fn in_parts(keys: &mut [u64], work: impl Fn(usize, &mut [u64]) + Sync) {
    if keys.len() < MANY_ROWS {
        return work(0, keys);
    }
    let (work, part) = (&work, keys.len().div_ceil(THREADS));
    thread::scope(|scope| {
        for (keys, first) in keys.chunks_mut(part).zip((0..).step_by(part)) {
            scope.spawn(move || work(first, keys));
        }
    });
}

/// As many bits take as long to clear and count as the rows take.
const BITS_PER_ROW: usize = 64;
const FEW_BITS: usize = 1 << 16;
/// So many times as long as that takes sorting.
const SORTING_TAKES: u64 = 8;
/// Rows whose keys and codes fit in the first cache.
const CHUNK: usize = 1 << 11;
/// More do not pay: the memory is what is busy.
const THREADS: usize = 2;
const MANY_ROWS: usize = 1 << 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_follow_the_codes_however_they_are_found() {
        let columns = [[3_u32, 0, 3, 0, 3], [1, 1, 1, 2, 0], [7, 7, 7, 7, 7]];
        let columns =
            columns.each_ref().map(|codes| Digit { distinct: 9, codes: Codes::Plain(codes) });
        let expected = Ranks { of_row: vec![3, 0, 3, 1, 2], distinct: 4 };
        for bits in [1, 9, 81, 729] {
            assert_eq!(Ranks::within(5, &columns, bits).unwrap(), expected, "{bits}");
        }
    }

    #[test]
    fn packed_codes_are_replaced() {
        let words = [0b01_10, 0b00_11, 0b01_10];
        let packed = |shift, to| Digit {
            distinct: 8,
            codes: Codes::Packed { words: &words, bits: Bits { shift, mask: 3 }, to },
        };
        let ranks = Ranks::of(3, &[packed(0, &[0, 0, 7, 5]), packed(2, &[4, 2])]).unwrap();
        assert_eq!(ranks, Ranks { of_row: vec![1, 0, 1], distinct: 2 });
    }

    #[test]
    fn wide_codes_are_sorted() {
        let far = u32::MAX - 1;
        let codes = [far, 0, far];
        let distinct = usize::try_from(u32::MAX).unwrap();
        let columns = [Digit { distinct, codes: Codes::Plain(&codes) }; 4];
        let expected = Ranks { of_row: vec![1, 0, 1], distinct: 2 };
        assert_eq!(Ranks::of(3, &columns).unwrap(), expected);
    }

    #[test]
    fn many_rows_are_ranked_in_parts() {
        let rows = u32::try_from(MANY_ROWS).unwrap() + 5;
        let codes: Vec<u32> = (0..rows).map(|row| row % 7).collect();
        let columns = [Digit { distinct: 7, codes: Codes::Plain(&codes) }; 3];
        let ranks = Ranks::of(codes.len(), &columns).unwrap();
        assert_eq!((ranks.of_row, ranks.distinct), (codes, 7));
    }

    #[test]
    fn no_rows_and_no_columns() {
        assert!(Ranks::of(0, &[]).unwrap().of_row.is_empty());
        assert_eq!(Ranks::of(2, &[]).unwrap(), Ranks { of_row: vec![0, 0], distinct: 1 });
    }
}
