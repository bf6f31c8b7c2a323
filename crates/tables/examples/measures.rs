//! Prints how long reading and measuring take for six quasi-identifiers and one sensitive column, and how
//! long looking for special uniques of up to three columns.
//!
//! `cargo run --release -p tables --example measures [FILE]`: FILE is ARX's `adult.csv` (separator
//! `;`); without it a table of its shape is made up. Each is scaled to 3 million rows as
//! pyCANON's figures were: rows drawn again, a tenth of their cells replaced by draws from the column.

use std::error::Error;
use std::time::{Duration, Instant};

use disclosure::{Kind, Question, Sensitive, Suda, measure};
use tables::{Dialect, read_csv};

const QUASI_IDENTIFIERS: [&str; 6] =
    ["age", "education", "marital-status", "occupation", "sex", "native-country"];
const SENSITIVE: &str = "salary-class";
/// Distinct values of those columns in `adult.csv`, the sensitive one last.
const DISTINCT: [u64; 7] = [72, 16, 7, 14, 2, 41, 2];

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1);
    let small = file.map_or_else(|| Ok(made_up()), std::fs::read_to_string)?;
    let columns = ("rows", "classes", "read", "9 measures", "rows/s", "SUDA2");
    let (rows, classes, read, measures, rate, suda) = columns;
    println!("{rows:>9} {classes:>8} {read:>9} {measures:>12} {rate:>10} {suda:>9}");
    run(&small)?;
    for rows in [300_000, 3_000_000] {
        run(&scaled(&small, rows))?;
    }
    println!("pyCANON 1.3.5 on such a machine: 16 CPU s for 30,162 rows after reading (issue 4)");
    Ok(())
}

fn run(text: &str) -> Result<(), Box<dyn Error>> {
    let dialect = Dialect { separator: b';', ..Dialect::default() };
    let columns: Vec<&str> = QUASI_IDENTIFIERS.into_iter().chain([SENSITIVE]).collect();
    let start = Instant::now();
    let table = read_csv(text.as_bytes(), &dialect, &columns)?;
    let read = start.elapsed();
    let question = Question {
        quasi_identifiers: QUASI_IDENTIFIERS.map(str::to_owned).to_vec(),
        sensitive: vec![Sensitive { name: SENSITIVE.to_owned(), kind: Kind::Categorical }],
        ..Question::default()
    };
    let (mut best, mut classes) = (Duration::MAX, 0);
    for _ in 0..5 {
        let start = Instant::now();
        let measures = measure(&table, &question)?;
        best = best.min(start.elapsed());
        classes = measures.classes.map_or(0, |classes| classes.count);
    }
    let start = Instant::now();
    Suda::of(&table, &question.quasi_identifiers, 3, &mut |_, _| ())?;
    let suda = start.elapsed();
    let rate = table.rows() as f64 / best.as_secs_f64() / 1e6;
    println!(
        "{:>9} {classes:>8} {:>6.0} ms {:>9.1} ms {rate:>8.0} M {:>6.0} ms",
        table.rows(),
        read.as_secs_f64() * 1e3,
        best.as_secs_f64() * 1e3,
        suda.as_secs_f64() * 1e3,
    );
    Ok(())
}

/// Rows of the file drawn again; a cell in ten is another draw from its column.
fn scaled(text: &str, rows: usize) -> String {
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default();
    let cells: Vec<Vec<&str>> = lines.map(|line| line.split(';').collect()).collect();
    let mut draws = Draws(42);
    let mut out = format!("{header}\n");
    let count = u64::try_from(cells.len()).unwrap_or(u64::MAX);
    for _ in 0..rows {
        let Some(row) = cells.get(draws.below_usize(count)) else { continue };
        for (at, cell) in row.iter().enumerate() {
            let other = (draws.below(10) == 0).then(|| cells.get(draws.below_usize(count)));
            let cell = other.flatten().and_then(|row| row.get(at)).unwrap_or(cell);
            out.push_str(if at > 0 { ";" } else { "" });
            out.push_str(cell);
        }
        out.push('\n');
    }
    out
}

/// A table of the shape of `adult.csv`: the lower of two draws, so that some values are frequent.
fn made_up() -> String {
    let mut draws = Draws(1);
    let mut out = format!("{};{SENSITIVE}\n", QUASI_IDENTIFIERS.join(";"));
    for _ in 0..30_162 {
        let cells = DISTINCT.map(|distinct| {
            let lower = draws.below(distinct).min(draws.below(distinct)).min(draws.below(distinct));
            format!("value {lower}")
        });
        out.push_str(&cells.join(";"));
        out.push('\n');
    }
    out
}

/// Numbers that are the same in every run (splitmix64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }

    fn below_usize(&mut self, bound: u64) -> usize {
        usize::try_from(self.below(bound)).unwrap_or(usize::MAX)
    }
}
