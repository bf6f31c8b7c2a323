//! How much a workload could say by choosing what is in a file: the bits of freedom left.
//!
//! Names, columns, the order of rows and the spelling of numbers are the gate's. What is left to the
//! workload are labels, counts and digits. The figure is a bound from above: text that is longer than
//! it has to be carries what its letters can, a number what its digits can.

use crate::rules::{Limits, Output};
use crate::table::Table;

/// The bits that the cells of `table` can carry, rounded up, minus what sorting the rows takes.
pub(crate) fn bits(output: &Output, table: &Table, limits: &Limits) -> u64 {
    let mut milli = 0_u64;
    for name in output.categories() {
        let letters = table.column(name).map_or(0, |column| {
            let cells = (0..table.rows()).filter_map(|row| column.cell(row));
            cells.map(|cell| cell.chars().count()).sum()
        });
        milli = milli.saturating_add(count(letters).saturating_mul(MILLIBITS_OF_A_LETTER));
    }
    let rows = count(table.rows());
    let counts = count(output.counts().len()).saturating_mul(MILLIBITS_OF_A_COUNT);
    let digits = u64::from(limits.significant_digits).saturating_mul(MILLIBITS_OF_A_DIGIT);
    let number = digits.saturating_add(MILLIBITS_OF_SIGN_AND_POINT);
    let numbers = count(output.numbers().len()).saturating_mul(number);
    milli = milli.saturating_add(rows.saturating_mul(counts.saturating_add(numbers)));
    // n! orders are one: log2 n! is at least the sum of the whole parts of log2 i.
    let orders: u64 = (1..=rows).map(|i| u64::from(i.ilog2())).sum();
    milli.div_ceil(1_000).saturating_sub(orders)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// log2 of the letters, digits and signs of any script that a label may hold: 2^17 is more.
const MILLIBITS_OF_A_LETTER: u64 = 17_000;
/// log2 10, rounded up.
const MILLIBITS_OF_A_DIGIT: u64 = 3_322;
/// A count is below 10^15.
const MILLIBITS_OF_A_COUNT: u64 = 15 * MILLIBITS_OF_A_DIGIT;
/// A sign, and one of 48 places for the point.
const MILLIBITS_OF_SIGN_AND_POINT: u64 = 6_585;
