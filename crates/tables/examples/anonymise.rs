//! Prints how long the optimal anonymisation takes and how it grows with rows and columns.
//!
//! `cargo run --release -p tables --example anonymise [FOLDER [ROWS]]`: FOLDER has ARX's `adult.csv`
//! and `adult_hierarchy_<column>.csv` (separator `;`); without it a table of its shape is made up.
//! ROWS is the largest table (30 million, if there is memory).

mod adult;

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use disclosure::{
    Column, Distance, Hierarchy, Kind, Method, Metric, Model, Plan, Ratio, Sensitive, Table,
    anonymise,
};
use tables::{Dialect, read_csv};

const QUASI_IDENTIFIERS: [&str; 8] = [
    "sex",
    "age",
    "race",
    "marital-status",
    "education",
    "native-country",
    "workclass",
    "salary-class",
];
const SENSITIVE: &str = "occupation";
/// Distinct values of those columns in `adult.csv`, the sensitive one last, and the levels of their
/// hierarchies: 4,320 nodes.
const DISTINCT: [usize; 9] = [2, 72, 5, 7, 16, 41, 7, 2, 14];
const LEVELS: [u32; 8] = [2, 5, 2, 3, 4, 3, 3, 2];

/// ARX 3.9.2 on 2 such cores, on `adult.csv` and such scalings of it: rows, k, suppression in per
/// cent, milliseconds to anonymise (the best of five in one process at 30,162 rows, the only one at
/// 3 million, where it took 1.5 GB).
const ARX: [(usize, u64, u128, f64); 6] = [
    (30_162, 5, 0, 45.0),
    (30_162, 5, 1, 455.0),
    (30_162, 5, 100, 580.0),
    (3_000_000, 5, 0, 1_799.0),
    (3_000_000, 5, 1, 5_226.0),
    (3_000_000, 5, 100, 2_702.0),
];

const RUNS: u64 = 5;
/// Of larger tables only k-anonymity is shown.
const MOST_FOR_ALL: usize = 3_000_000;
/// Of codes, results and ranks, about, with room to spare.
const BYTES_PER_ROW: u64 = 200;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let folder = std::env::args_os().nth(1);
    let most = std::env::args().nth(2).map_or(Ok(30_000_000), |rows| rows.parse())?;
    let (table, hierarchies) = match &folder {
        Some(folder) => read(Path::new(folder))?,
        None => made_up()?,
    };
    println!("load average: {}", adult::first_line("/proc/loadavg"));
    println!("{HEADER}");
    let mut rows = table.rows();
    while rows <= most {
        let free = adult::free_memory()?;
        if u64::try_from(rows)? * BYTES_PER_ROW > free {
            println!("{rows:>9} not tried: {} MB of memory are free", free >> 20);
            break;
        }
        let scaled = scaled(&table, rows)?;
        for limit in [0, 1, 100] {
            run(&scaled, &hierarchies, Metric::Loss, limit, None)?;
        }
        if rows > MOST_FOR_ALL {
            break;
        }
        for metric in [Metric::NonUniformEntropy, Metric::Discernibility] {
            run(&scaled, &hierarchies, metric, 1, None)?;
        }
        for limit in [1, 100] {
            run(&scaled, &hierarchies, Metric::Loss, limit, Some(t_closeness()?))?;
        }
        rows = if rows < 100_000 { 300_000 } else { rows * 10 };
    }
    println!("columns, 30,162 rows:\n{HEADER}");
    for columns in [4, 6, 8] {
        run(&table, hierarchies.get(..columns).unwrap_or_default(), Metric::Loss, 1, None)?;
    }
    let (wide, hierarchies) = twelve(&table, &hierarchies)?;
    for columns in [10, 12] {
        run(&wide, hierarchies.get(..columns).unwrap_or_default(), Metric::Loss, 1, None)?;
    }
    Ok(())
}

const HEADER: &str = "     rows QI   nodes metric            models  k suppr.   best of 5  mean CPU  looked at  \
                      peak RSS  ARX's time";

fn t_closeness() -> Result<Model, Failure> {
    let t = Ratio::new(1, 5).ok_or("no ratio")?;
    Ok(Model::TCloseness { attribute: SENSITIVE.to_owned(), t, distance: Distance::Equal })
}

fn run(
    table: &Table,
    hierarchies: &[(String, Hierarchy)],
    metric: Metric,
    limit: u128,
    model: Option<Model>,
) -> Result<(), Failure> {
    let k = 5;
    let models = if model.is_some() { "k,t=0.2" } else { "k" };
    let plan = Plan {
        quasi_identifiers: hierarchies.to_vec(),
        sensitive: vec![Sensitive { name: SENSITIVE.to_owned(), kind: Kind::Categorical }],
        models: [Model::KAnonymity { k }].into_iter().chain(model).collect(),
        metric,
        suppression_limit: Ratio::new(limit, 100).ok_or("no ratio")?,
        method: Method::Optimal,
    };
    // The peak of this process from here on.
    std::fs::write("/proc/self/clear_refs", "5")?;
    let (mut best, mut nodes, mut evaluated) = (Duration::MAX, 0, 0);
    let before = cpu_ms()?;
    for _ in 0..RUNS {
        let start = Instant::now();
        let found = anonymise(table, &plan, &mut |_| ControlFlow::Continue(()))?;
        best = best.min(start.elapsed());
        (nodes, evaluated) = (found.lattice_size, found.evaluated);
    }
    let best = best.as_secs_f64() * 1e3;
    let cpu = (cpu_ms()? - before) / RUNS;
    let measured = |&&(rows, its_k, suppression, _): &&(usize, u64, u128, f64)| {
        (rows, its_k, suppression) == (table.rows(), k, limit)
            && (models, metric, hierarchies.len()) == ("k", Metric::Loss, 8)
    };
    let arx = ARX
        .iter()
        .find(measured)
        .map_or_else(String::new, |(.., arx)| format!("{arx:>6.0} ms, {:.1} times", arx / best));
    println!(
        "{:>9} {:>2} {nodes:>7} {:<17} {models:<7} {k:>1} {limit:>5} % {best:>8.1} ms {cpu:>6} ms \
         {evaluated:>10} \
         {:>6} MB  {arx}",
        table.rows(),
        hierarchies.len(),
        format!("{metric:?}"),
        peak_mb()?,
    );
    Ok(())
}

fn read(folder: &Path) -> Result<(Table, Vec<(String, Hierarchy)>), Failure> {
    let dialect = Dialect { separator: b';', ..Dialect::default() };
    let columns: Vec<&str> = QUASI_IDENTIFIERS.into_iter().chain([SENSITIVE]).collect();
    let table = read_csv(&std::fs::read(folder.join("adult.csv"))?, &dialect, &columns)?;
    let hierarchy = |name: &str| -> Result<(String, Hierarchy), Failure> {
        let file = folder.join(format!("adult_hierarchy_{name}.csv"));
        let text = std::fs::read_to_string(file)?;
        let row = |line: &str| line.split(';').map(|cell| cell.trim().to_owned()).collect();
        Ok((name.to_owned(), Hierarchy::new(&text.lines().map(row).collect::<Vec<_>>())?))
    };
    let hierarchies = QUASI_IDENTIFIERS.into_iter().map(hierarchy).collect::<Result<_, _>>()?;
    Ok((table, hierarchies))
}

fn made_up() -> Result<(Table, Vec<(String, Hierarchy)>), Failure> {
    let names = QUASI_IDENTIFIERS.into_iter().chain([SENSITIVE]);
    let columns = names
        .zip(adult::made_up(&DISTINCT))
        .map(|(name, (texts, codes))| Column::from_codes(name, texts, codes));
    let table = Table::new(columns.collect::<Result<_, _>>()?)?;
    let hierarchies = QUASI_IDENTIFIERS.into_iter().zip(DISTINCT).zip(LEVELS);
    let hierarchies = hierarchies
        .map(|((name, distinct), levels)| Ok((name.to_owned(), intervals(distinct, levels)?)));
    Ok((table, hierarchies.collect::<Result<_, Failure>>()?))
}

/// Groups of neighbours, on each level about as many times larger, up to all.
fn intervals(distinct: usize, levels: u32) -> Result<Hierarchy, Failure> {
    let width = |level: u32| {
        (2..distinct).find(|w| w.pow(levels - 1) >= distinct).unwrap_or(distinct).pow(level)
    };
    let path = |value: usize| {
        let above = (1..levels).map(|level| format!("group {}", value / width(level)));
        [format!("value {value}")].into_iter().chain(above).collect()
    };
    Ok(Hierarchy::new(&(0..distinct).map(path).collect::<Vec<_>>())?)
}

fn scaled(table: &Table, rows: usize) -> Result<Table, Failure> {
    if rows == table.rows() {
        return Ok(table.clone());
    }
    let codes: Vec<&[u32]> = table.columns().iter().map(Column::codes).collect();
    let columns = table.columns().iter().zip(adult::scaled(&codes, rows)).map(|(column, codes)| {
        Column::from_codes(column.name(), column.dictionary().to_vec(), codes)
    });
    Ok(Table::new(columns.collect::<Result<_, _>>()?)?)
}

/// Four columns more: the values of sex, race, marital status and work class of other rows.
fn twelve(
    table: &Table,
    hierarchies: &[(String, Hierarchy)],
) -> Result<(Table, Vec<(String, Hierarchy)>), Failure> {
    let (mut columns, mut all) = (table.columns().to_vec(), hierarchies.to_vec());
    for (name, hierarchy) in hierarchies.iter().filter(|(_, hierarchy)| hierarchy.levels() <= 3) {
        let other = format!("other {name}");
        let Some(column) = table.column(name).filter(|_| all.len() < 12) else { continue };
        let mut codes = column.codes().to_vec();
        codes.rotate_left(all.len());
        columns.push(Column::from_codes(&other, column.dictionary().to_vec(), codes)?);
        all.push((other, hierarchy.clone()));
    }
    Ok((Table::new(columns)?, all))
}

/// Of all threads, in steps of a hundredth of a second: says more than the clock where others work.
fn cpu_ms() -> Result<u64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<u64> = behind_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<u64>() * 10)
}

fn peak_mb() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.ok_or("no peak")?.parse::<u64>()? / 1024)
}
