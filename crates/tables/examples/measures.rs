//! Prints how long reading and measuring take for six quasi-identifiers and one sensitive column, and how
//! long looking for special uniques of up to three columns.
//!
//! `cargo run --release -p tables --example measures [FILE]`: FILE is ARX's `adult.csv` (separator
//! `;`); without it a table of its shape is made up. Each is scaled to 3 million rows as
//! pyCANON's figures were: rows drawn again, a tenth of their cells replaced by draws from the column.

mod adult;

use std::error::Error;
use std::time::{Duration, Instant};

use disclosure::{Column, Kind, Question, Sensitive, Suda, measure};
use tables::{Dialect, header, read_csv};

const QUASI_IDENTIFIERS: [&str; 6] =
    ["age", "education", "marital-status", "occupation", "sex", "native-country"];
const SENSITIVE: &str = "salary-class";
/// Distinct values of those columns in `adult.csv`, the sensitive one last.
const DISTINCT: [usize; 7] = [72, 16, 7, 14, 2, 41, 2];

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1);
    let small = file.map_or_else(|| Ok(made_up()), std::fs::read_to_string)?;
    let columns = ("rows", "classes", "read", "9 measures", "rows/s", "SUDA2");
    let (rows, classes, read, measures, rate, suda) = columns;
    println!("{rows:>9} {classes:>8} {read:>9} {measures:>12} {rate:>10} {suda:>9}");
    run(&small)?;
    for rows in [300_000, 3_000_000] {
        run(&scaled(&small, rows)?)?;
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

/// `text` with so many rows drawn from it.
fn scaled(text: &str, rows: usize) -> Result<String, Box<dyn Error>> {
    let dialect = Dialect { separator: b';', ..Dialect::default() };
    let names = header(text.as_bytes(), &dialect)?;
    let columns: Vec<&str> = names.iter().map(String::as_str).collect();
    let table = read_csv(text.as_bytes(), &dialect, &columns)?;
    let codes: Vec<&[u32]> = table.columns().iter().map(Column::codes).collect();
    let drawn = adult::scaled(&codes, rows);
    let texts: Vec<(&[String], Vec<u32>)> =
        table.columns().iter().map(Column::dictionary).zip(drawn).collect();
    Ok(to_csv(&columns, &texts))
}

fn made_up() -> String {
    let columns = adult::made_up(&DISTINCT);
    let texts: Vec<(&[String], Vec<u32>)> =
        columns.iter().map(|(texts, codes)| (texts.as_slice(), codes.clone())).collect();
    let names: Vec<&str> = QUASI_IDENTIFIERS.into_iter().chain([SENSITIVE]).collect();
    to_csv(&names, &texts)
}

fn to_csv(names: &[&str], columns: &[(&[String], Vec<u32>)]) -> String {
    let mut out = names.join(";");
    for row in 0..columns.first().map_or(0, |(_, codes)| codes.len()) {
        out.push('\n');
        for (at, (texts, codes)) in columns.iter().enumerate() {
            let code = codes.get(row).and_then(|&code| usize::try_from(code).ok());
            out.push_str(if at > 0 { ";" } else { "" });
            out.push_str(code.and_then(|code| texts.get(code)).map_or("", String::as_str));
        }
    }
    out
}
