//! Prints how long a new table is compared with everything released before, and what the ledger
//! takes in memory.
//!
//! `cargo run --release -p disclosure --example differencing [ROWS]...`: made-up records with the
//! columns of ARX's `adult.csv`; each release is a table over two or three of them, coarsened. Cells
//! below the threshold are suppressed, and others with them until enough people are in none.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::time::{Duration, Instant};

use disclosure::{Footprint, Footprints, RecordSet, ReleaseError, ReleaseLimits, Releases};
use domain::Digest;
use domain::ids::ProjectId;

/// Distinct values of the columns: age, workclass, education, marital status, occupation, race,
/// sex, country, salary class.
const DISTINCT: [u64; 9] = [72, 8, 16, 7, 14, 5, 2, 41, 2];
/// Records of `adult.csv`.
const ORIGINALS: u64 = 30_162;
/// Values are coarsened by groups of so many.
const GROUPS: [u64; 3] = [1, 4, 8];
const CELLS: std::ops::Range<usize> = 20..90;
const EARLIER: [u32; 3] = [10, 100, 1_000];
const THRESHOLD: u64 = 10;
/// The aim of issue 4, over 3 million rows against 1,000 releases.
const AIM: Duration = Duration::from_secs(1);

fn main() -> Result<(), Box<dyn Error>> {
    let rows: Vec<u32> = std::env::args().skip(1).map(|n| n.parse()).collect::<Result<_, _>>()?;
    let rows = if rows.is_empty() { vec![30_000, 300_000, 3_000_000] } else { rows };
    println!(
        "{:>9} {:>8} {:>8} {:>8} {:>10} {:>10} {:>10} {:>9} {:>6}",
        "rows", "earlier", "refused", "cells", "judge med", "judge max", "admit", "memory", "aim/t"
    );
    for rows in rows {
        run(rows)?;
    }
    Ok(())
}

fn run(rows: u32) -> Result<(), Box<dyn Error>> {
    let mut draws = Draws(42);
    let columns = records(rows, &mut draws);
    let limits = ReleaseLimits::new(THRESHOLD, THRESHOLD, u32::MAX).ok_or("limits")?;
    let project: ProjectId = "bench".parse()?;
    let base = resident();
    let mut releases = Releases::new(Digest::of(b"made up"), rows);
    let (mut seen, mut refused) = (BTreeSet::new(), 0_u32);
    for earlier in EARLIER {
        let mut judged_in = Vec::new();
        let (mut admit, mut cells) = (Duration::ZERO, 0);
        while releases.spent(&project) < earlier {
            let Some(new) = table(rows, &columns, &mut draws, &mut seen)? else { continue };
            let start = Instant::now();
            let judged = releases.judge(&project, &new, &limits);
            judged_in.push(start.elapsed());
            match judged {
                Ok(judged) => {
                    cells = new.files().values().map(|file| file.sets().len()).sum();
                    let start = Instant::now();
                    releases.admit(judged, new.digest())?;
                    admit = start.elapsed();
                }
                Err(ReleaseError::Exposed(_)) => refused += 1,
                Err(other) => return Err(other.into()),
            }
        }
        // The last ones met about as many releases as the line says.
        let mut last = judged_in.split_off(judged_in.len().saturating_sub(9));
        last.sort_unstable();
        let median = last.get(last.len() / 2).copied().unwrap_or_default();
        let most = last.last().copied().unwrap_or_default();
        println!(
            "{rows:>9} {earlier:>8} {refused:>8} {cells:>8} {:>7.1} ms {:>7.1} ms {:>7.1} ms {:>6} MB {:>6.1}",
            median.as_secs_f64() * 1e3,
            most.as_secs_f64() * 1e3,
            admit.as_secs_f64() * 1e3,
            resident().saturating_sub(base) / 1024,
            AIM.as_secs_f64() / median.as_secs_f64(),
        );
    }
    Ok(())
}

/// Columns of `rows` records: as many as in `adult.csv` are made up, of the others each is one of
/// those again with a tenth of its cells drawn anew, as the other benchmarks scale that file.
fn records(rows: u32, draws: &mut Draws) -> Vec<Vec<u64>> {
    let mut columns = vec![Vec::new(); DISTINCT.len()];
    for row in 0..u64::from(rows) {
        let of = usize::try_from(draws.below(ORIGINALS)).unwrap_or_default();
        for (column, &distinct) in columns.iter_mut().zip(&DISTINCT) {
            let copied =
                if row < ORIGINALS || draws.below(10) == 0 { None } else { column.get(of) };
            let value = copied.copied().unwrap_or_else(|| draws.skewed(distinct));
            column.push(value);
        }
    }
    columns
}

/// A table that was not drawn yet, of about 60 cells; none if this draw is not one.
fn table(
    rows: u32,
    columns: &[Vec<u64>],
    draws: &mut Draws,
    seen: &mut BTreeSet<Vec<(usize, u64)>>,
) -> Result<Option<Footprints>, Box<dyn Error>> {
    let mut chosen = BTreeMap::new();
    for _ in 0..2 + draws.below(2) {
        let column = usize::try_from(draws.below(9))?;
        let group = GROUPS.get(usize::try_from(draws.below(3))?).copied().unwrap_or(1);
        chosen.insert(column, group);
    }
    let chosen: Vec<(usize, u64)> = chosen.into_iter().collect();
    // Half of the tables are about some of the records: those at or above a value of one column.
    let filter = usize::try_from(draws.below(9))?;
    let half = DISTINCT.get(filter).copied().unwrap_or(2) / 2;
    let least = if draws.below(2) == 0 { 0 } else { draws.below(half + 1) };
    let about = columns.get(filter).ok_or("column")?;
    let most: u64 = chosen
        .iter()
        .filter_map(|&(column, group)| Some(DISTINCT.get(column)?.div_ceil(group)))
        .product();
    if !CELLS.contains(&usize::try_from(most)?)
        || !seen.insert(chosen.iter().copied().chain([(filter, least)]).collect())
    {
        return Ok(None);
    }
    let mut cells: BTreeMap<Vec<u64>, Vec<u32>> = BTreeMap::new();
    for (row, _) in (0..rows).zip(about).filter(|(_, value)| **value >= least) {
        let value = |&(column, group): &(usize, u64)| {
            Some(columns.get(column)?.get(usize::try_from(row).ok()?)? / group)
        };
        cells.entry(chosen.iter().filter_map(value).collect()).or_default().push(row);
    }
    Ok(Some(Footprints::new(rows, [("table.csv".to_owned(), suppressed(cells))].into())?))
}

/// The cells at or above the threshold; where cells are
/// suppressed, so are the smallest others until enough people are in none.
fn suppressed(cells: BTreeMap<Vec<u64>, Vec<u32>>) -> Footprint {
    let mut cells: Vec<Vec<u32>> = cells.into_values().collect();
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.len()));
    let mut hidden = 0;
    let enough = |records: usize| u64::try_from(records).is_ok_and(|n| n >= THRESHOLD);
    while let Some(least) = cells.last()
        && (!enough(least.len()) || (hidden > 0 && !enough(hidden)))
    {
        hidden += least.len();
        cells.pop();
    }
    let sets: Vec<RecordSet> = cells.into_iter().map(RecordSet::from_iter).collect();
    Footprint::Table { cells: sets }
}

/// The resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Small values are more frequent, as they are in `adult.csv`.
    fn skewed(&mut self, bound: u64) -> u64 {
        self.below(bound) * self.below(bound) / bound
    }
}
