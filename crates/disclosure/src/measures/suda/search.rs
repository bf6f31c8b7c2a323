//! The search: sets of columns by size, and for each the rows that it makes unique.

use std::collections::BTreeMap;

use crate::classes::Grouping;
use crate::measures::MeasureError;
use crate::table::{Table, TableError};

/// The rows that can be unique, and those that keep them from it.
pub(super) struct Records {
    /// For each column its codes, of the rows that no other is like, then two of each larger class;
    /// and how many values it has.
    columns: Vec<(Vec<u32>, usize)>,
    /// How many records there are.
    count: usize,
    /// The row of the table that each of the first records is.
    pub(super) rows_of_singles: Vec<usize>,
    /// Rows of the table in classes of two.
    pub(super) paired: u64,
}

impl Records {
    pub(super) fn of(table: &Table, names: &[String]) -> Result<Self, TableError> {
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let column = table.column(name).ok_or_else(|| TableError::NoColumn(name.clone()))?;
            columns.push((column.codes(), column.dictionary().len()));
        }
        let Grouping { of_row, sizes } = Grouping::of(table.rows(), &columns)?;
        let (rows_of_singles, others) = representatives(&of_row, &sizes);
        let rows: Vec<usize> = rows_of_singles.iter().chain(&others).copied().collect();
        let of_records = |codes: &[u32]| -> Vec<u32> {
            rows.iter().filter_map(|&row| codes.get(row)).copied().collect()
        };
        Ok(Self {
            columns: columns
                .iter()
                .map(|&(codes, distinct)| (of_records(codes), distinct))
                .collect(),
            count: rows.len(),
            rows_of_singles,
            paired: sizes.iter().filter(|&&size| size == 2).sum(),
        })
    }

    /// The records among the first that are unique by the columns in `set`, without those `known`.
    fn unique_by(&self, set: u64, known: &Bits) -> Result<Bits, TableError> {
        let columns: Vec<(&[u32], usize)> = members(set)
            .filter_map(|at| self.columns.get(at))
            .map(|(c, d)| (c.as_slice(), *d))
            .collect();
        let Grouping { of_row, sizes } = Grouping::of(self.count, &columns)?;
        let is_alone =
            |group: u32| usize::try_from(group).is_ok_and(|at| sizes.get(at) == Some(&1));
        let singles = of_row.iter().take(self.rows_of_singles.len());
        Ok(singles.zip(known.iter()).map(|(&group, known)| !known && is_alone(group)).collect())
    }
}

/// The rows that are alone in their class, and the first two of every other.
fn representatives(of_row: &[u32], sizes: &[u64]) -> (Vec<usize>, Vec<usize>) {
    let (mut singles, mut others) = (Vec::new(), Vec::new());
    let mut taken = vec![0_u8; sizes.len()];
    for (row, &class) in of_row.iter().enumerate() {
        let Ok(class) = usize::try_from(class) else { continue };
        let (Some(size), Some(taken)) = (sizes.get(class), taken.get_mut(class)) else { continue };
        if *size == 1 {
            singles.push(row);
        } else if *taken < 2 {
            *taken += 1;
            others.push(row);
        }
    }
    (singles, others)
}

/// How far the search goes.
pub(super) struct Plan {
    columns: u32,
    /// The size of the largest sets, no more than there are columns.
    pub(super) max_size: usize,
    /// All sets up to that size.
    sets: u64,
}

impl Plan {
    /// Refused if it takes too long or too much memory for `singles` records that may be unique.
    pub(super) fn new(
        columns: usize,
        max_size: usize,
        singles: usize,
    ) -> Result<Self, MeasureError> {
        let refused = || MeasureError::TooManySubsets { columns, max_size };
        let count = u32::try_from(columns).ok().filter(|&count| count <= u64::BITS);
        let count = count.ok_or_else(refused)?;
        let max_size = max_size.min(columns);
        let words = u64::try_from(singles.div_ceil(64)).map_err(|_| refused())?;
        let (mut of_size, mut sets) = (1_u64, 0_u64);
        for (size, left) in (1..=u64::from(count)).zip((1..=u64::from(count)).rev()).take(max_size)
        {
            // A binomial coefficient is at most 2²⁰ times 64 before it is divided.
            of_size = of_size * left / size;
            sets += of_size;
            if sets > MAX_SETS || of_size.saturating_mul(words) > MAX_WORDS {
                return Err(refused());
            }
        }
        Ok(Self { columns: count, max_size, sets })
    }

    /// What an MSU of `size` counts: at most 19!, since there are no more than 2²⁰ sets, so that sums over
    /// all rows and sets stay far below 2¹²⁸.
    fn score(&self, size: usize) -> u128 {
        let columns = u128::from(self.columns);
        (0..columns)
            .skip(size)
            .take(self.max_size.saturating_sub(size))
            .map(|i| columns - i)
            .product()
    }
}

/// What the search found.
pub(super) struct Found {
    /// MSUs of size 1, 2 and so on.
    pub(super) sizes: Vec<u64>,
    /// The score of each record that may be unique.
    pub(super) scores: Vec<u128>,
    /// For each column the score of the MSUs with it.
    pub(super) scores_with: Vec<u128>,
}

pub(super) fn search(
    records: &Records,
    plan: &Plan,
    watch: &mut dyn FnMut(u64, u64),
) -> Result<Found, TableError> {
    let singles = records.rows_of_singles.len();
    let mut found = Found {
        sizes: Vec::with_capacity(plan.max_size),
        scores: vec![0; singles],
        scores_with: vec![0; records.columns.len()],
    };
    // By no column at all no row is told apart.
    let mut smaller = BTreeMap::from([(0_u64, Bits::none(singles))]);
    let mut looked_at = 0;
    for size in 1..=plan.max_size {
        let (score, mut msus, mut level) = (plan.score(size), 0, BTreeMap::new());
        for set in smaller.keys().flat_map(|&set| extensions(set, plan.columns)) {
            let mut unique = Bits::none(singles);
            subsets(set)
                .filter_map(|subset| smaller.get(&subset))
                .for_each(|bits| unique.add(bits));
            if unique.count() < singles {
                let minimal = records.unique_by(set, &unique)?;
                msus += found.note(set, &minimal, score);
                unique.add(&minimal);
            }
            if size < plan.max_size {
                level.insert(set, unique);
            }
            looked_at += 1;
            watch(looked_at, plan.sets);
        }
        found.sizes.push(msus);
        smaller = level;
    }
    Ok(found)
}

impl Found {
    /// Notes the set as an MSU of these records; how many they are.
    fn note(&mut self, set: u64, records: &Bits, score: u128) -> u64 {
        let mut count = 0_u64;
        for (_, total) in records.iter().zip(&mut self.scores).filter(|(unique, _)| *unique) {
            *total += score;
            count += 1;
        }
        for at in members(set) {
            if let Some(total) = self.scores_with.get_mut(at) {
                *total += score * u128::from(count);
            }
        }
        count
    }
}

/// The columns in a set, which is a bit for each.
fn members(set: u64) -> impl Iterator<Item = usize> {
    (0..64_usize).filter(move |at| set >> at & 1 == 1)
}

/// The sets with one column less.
fn subsets(set: u64) -> impl Iterator<Item = u64> {
    members(set).map(move |at| set & !(1 << at))
}

/// The sets with one column more, which comes after all of `set`: each set is made once.
fn extensions(set: u64, columns: u32) -> impl Iterator<Item = u64> {
    (u64::BITS - set.leading_zeros()..columns).map(move |at| set | 1 << at)
}

/// A bit for each record.
struct Bits {
    words: Vec<u64>,
    length: usize,
}

impl Bits {
    fn none(length: usize) -> Self {
        Self { words: vec![0; length.div_ceil(64)], length }
    }

    fn iter(&self) -> impl Iterator<Item = bool> {
        let bits = |word: &u64| {
            let word = *word;
            (0..64).map(move |at| word >> at & 1 == 1)
        };
        self.words.iter().flat_map(bits).take(self.length)
    }

    fn add(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, more)| *word |= more);
    }

    fn count(&self) -> usize {
        self.iter().map(usize::from).sum()
    }
}

impl FromIterator<bool> for Bits {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let (mut words, mut length) = (Vec::new(), 0);
        for bit in bits {
            if length % 64 == 0 {
                words.push(0);
            }
            if let Some(word) = words.last_mut() {
                *word |= u64::from(bit) << (length % 64);
            }
            length += 1;
        }
        Self { words, length }
    }
}

/// Seconds over 30,000 rows, minutes over millions.
const MAX_SETS: u64 = 1 << 20;
/// 256 MiB for the sets of one size, two of which are held.
const MAX_WORDS: u64 = 1 << 25;
