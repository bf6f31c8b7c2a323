//! Prints how long reading and measuring take for six quasi-identifiers and one sensitive column, how
//! long looking for special uniques of up to three columns, and what polars and pyCANON take.
//!
//! `cargo run --release -p tables --example measures [--peers PYTHON] [FILE]`: FILE is ARX's
//! `adult.csv` (separator `;`); without it a table of its shape is made up. Each is scaled to 30
//! million rows as pyCANON's figures were: rows drawn again, a tenth of their cells replaced by draws
//! from the column. PYTHON has polars and pyCANON (`scripts/peers.sh`).

mod adult;

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use disclosure::{Column, Kind, Question, Sensitive, Suda, Table, measure};
use serde_json::Value;
use tables::{Dialect, TableFile, header, read_csv};

const QUASI_IDENTIFIERS: [&str; 6] =
    ["age", "education", "marital-status", "occupation", "sex", "native-country"];
const SENSITIVE: &str = "salary-class";
/// Distinct values of those columns in `adult.csv`, the sensitive one last.
const DISTINCT: [usize; 7] = [72, 16, 7, 14, 2, 41, 2];
/// Peers are not given more rows: they would take minutes, and much memory.
const MOST_FOR_PEERS: usize = 3_000_000;
/// Of text, codes and results, about, with room to spare.
const BYTES_PER_ROW: u64 = 300;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let (mut file, mut python) = (None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--peers" => python = arguments.next(),
            _ => file = Some(argument),
        }
    }
    let small = file.map_or_else(|| Ok(made_up()), std::fs::read_to_string)?;
    println!("load average: {}", adult::first_line("/proc/loadavg"));
    println!("{HEADER}");
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("table.csv");
    for rows in [None, Some(300_000), Some(3_000_000), Some(30_000_000)] {
        let free = adult::free_memory()?;
        if rows.is_some_and(|rows| u64::try_from(rows).unwrap_or(u64::MAX) * BYTES_PER_ROW > free) {
            println!("{:>9} not tried: {} MB of memory are free", rows.unwrap_or(0), free >> 20);
            continue;
        }
        let text = rows.map_or_else(|| Ok(small.clone()), |rows| scaled(&small, rows))?;
        std::fs::write(&path, text)?;
        let peers = match &python {
            Some(python) if rows.is_none_or(|rows| rows <= MOST_FOR_PEERS) => peers(python, &path)?,
            _ => Value::Null,
        };
        run(&path, &peers)?;
    }
    println!(
        "of peers the first is theirs, then how many times as long it is as ours; pyCANON's is processor time"
    );
    Ok(())
}

const HEADER: &str = "     rows classes | CSV ms polars       with categories | Parquet ms polars  with \
                      categories | 9 measures ms  M rows/s polars' group-by  pyCANON    | SUDA2 ms";

/// What `peers.py` says of the table.
fn peers(python: &str, path: &Path) -> Result<Value, Failure> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/peers.py");
    let output = Command::new(python).arg(script).arg(path).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The least time of three runs, and the last result.
fn best<T>(work: impl Fn() -> Result<T, Failure>) -> Result<(Duration, T), Failure> {
    let timed = || -> Result<(Duration, T), Failure> {
        let start = Instant::now();
        let result = work()?;
        Ok((start.elapsed(), result))
    };
    let (first, _) = timed()?;
    let (second, _) = timed()?;
    let (third, result) = timed()?;
    Ok((first.min(second).min(third), result))
}

fn run(path: &Path, peers: &Value) -> Result<(), Failure> {
    let dialect = Dialect { separator: b';', ..Dialect::default() };
    let load = |path: &Path| -> Result<Table, Failure> {
        let file = TableFile::open(path)?;
        let names = file.names(&dialect)?;
        let columns: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(file.read(&dialect, &columns)?)
    };
    let (csv, table) = best(|| load(path))?;
    let mut parquet = "-".to_owned();
    if !peers.is_null() {
        let (time, same) = best(|| load(&path.with_extension("csv.parquet")))?;
        // Types leave their mark on texts where polars takes them for numbers.
        if (same.rows(), same.columns().len()) != (table.rows(), table.columns().len()) {
            return Err("another table from Parquet".into());
        }
        let theirs = [beside(peers, "parquet", time), beside(peers, "parquet_encoded", time)];
        parquet = format!("{:>10.0} {}", ms(time), theirs.join(" "));
    }
    let question = Question {
        quasi_identifiers: QUASI_IDENTIFIERS.map(str::to_owned).to_vec(),
        sensitive: vec![Sensitive { name: SENSITIVE.to_owned(), kind: Kind::Categorical }],
        ..Question::default()
    };
    let (measures, measured) = best(|| Ok(measure(&table, &question)?))?;
    let classes = measured.classes.map_or(0, |classes| classes.count);
    if peers.get("classes").is_some_and(|theirs| *theirs != classes) {
        return Err("polars counts other classes".into());
    }
    let start = Instant::now();
    Suda::of(&table, &question.quasi_identifiers, 3, &mut |_, _| ())?;
    let suda = start.elapsed();
    let rate = table.rows() as f64 / measures.as_secs_f64() / 1e6;
    println!(
        "{:>9} {classes:>7} | {:>6.0} {} {} | {parquet:>36} | {:>13.1} {rate:>9.0} {} {} | {:>8.0}",
        table.rows(),
        ms(csv),
        beside(peers, "csv", csv),
        beside(peers, "csv_encoded", csv),
        ms(measures),
        beside(peers, "group_by", measures),
        beside(peers, "pycanon", measures),
        ms(suda),
    );
    Ok(())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A peer's milliseconds, and how many times as long that is as `ours`.
fn beside(peers: &Value, what: &str, ours: Duration) -> String {
    let theirs = peers.get(what).and_then(Value::as_f64).map(|seconds| seconds * 1e3);
    theirs.map_or_else(
        || format!("{:>12}", "-"),
        |theirs| format!("{theirs:>6.0} {:>4.1}x", theirs / ms(ours)),
    )
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
