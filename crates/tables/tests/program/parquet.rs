//! Parquet files: the same table as from CSV, types as texts, refusals, and what is written.

use std::collections::BTreeSet;
use std::io::Cursor;

use domain::Reason as _;
use polars::prelude::*;
use tables::{Dialect, parquet_header, read_csv, read_parquet, write_parquet};

use crate::run::Bench;

fn written(columns: Vec<Column>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut frame = DataFrame::new_infer_height(columns).unwrap();
    ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
    bytes
}

fn cells(bytes: &[u8], dialect: &Dialect, column: &str) -> Vec<String> {
    let table = read_parquet(bytes, dialect, &[column]).unwrap();
    (0..table.rows()).map(|row| table.columns()[0].cell(row).unwrap().to_owned()).collect()
}

fn typed() -> Vec<u8> {
    let days = Column::new("day".into(), [Some(20_541_i32), None, Some(-1)]);
    let moments = Column::new("moment".into(), [0_i64, 1, 1_774_784_096_000_000]);
    let texts = |name: &str| Column::new(name.into(), ["b", "", "\"a\""]);
    let categories = DataType::from_categories(Categories::global());
    written(vec![
        texts("text"),
        texts("word").cast(&categories).unwrap(),
        Column::new("whole".into(), [Some(-7_i64), None, Some(39)]),
        Column::new("small".into(), [0_u8, 255, 39]),
        Column::new("real".into(), [Some(0.1), Some(5.0), None]),
        Column::new("truth".into(), [Some(true), Some(false), None]),
        days.cast(&DataType::Date).unwrap(),
        moments.cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap(),
        Column::full_null("nothing".into(), 3, &DataType::Null),
    ])
}

#[test]
fn every_type_has_its_texts() {
    let bytes = typed();
    let plain = Dialect::default();
    for (column, expected) in [
        ("text", ["b", "", "\"a\""]),
        ("word", ["b", "", "\"a\""]),
        ("whole", ["-7", "", "39"]),
        ("small", ["0", "255", "39"]),
        ("real", ["0.1", "5.0", ""]),
        ("truth", ["true", "false", ""]),
        ("day", ["2026-03-29", "", "1969-12-31"]),
        (
            "moment",
            [
                "1970-01-01 00:00:00.000000",
                "1970-01-01 00:00:00.000001",
                "2026-03-29 11:34:56.000000",
            ],
        ),
        ("nothing", ["", "", ""]),
    ] {
        assert_eq!(cells(&bytes, &plain, column), expected, "{column}");
    }
    let dialect = Dialect { trim: true, null_texts: ["255".into()].into(), ..plain };
    assert_eq!(cells(&bytes, &dialect, "small"), ["0", "", "39"]);
}

#[test]
fn what_has_no_text_is_refused_by_name() {
    let bytes = written(vec![
        Column::new(
            "list".into(),
            [Series::new("".into(), [1_i32]), Series::new("".into(), [2_i32])],
        ),
        Column::new("bytes".into(), [b"a".as_slice(), b"b"]),
        Column::new("age".into(), [1_i32, 2]),
    ]);
    assert_eq!(parquet_header(&bytes).unwrap(), ["list", "bytes", "age"]);
    let refused = |column: &str| {
        let error = read_parquet(&bytes, &Dialect::default(), &["age", column]).unwrap_err();
        (error.reason(), error.to_string())
    };
    for (column, what) in [("list", "lists"), ("bytes", "bytes")] {
        let (reason, detail) = refused(column);
        assert_eq!(reason, "parquet.type");
        assert!(detail.starts_with(&format!("column `{column}` has {what}; ")), "{detail}");
    }
    let (reason, detail) = refused("sex");
    assert_eq!(reason, "parquet.unknown-column");
    assert_eq!(detail, "there is no column `sex`; the file has `list`, `bytes`, `age`");
    // What is not asked for is not looked at.
    assert_eq!(cells(&bytes, &Dialect::default(), "age"), ["1", "2"]);
}

#[test]
fn broken_files_end_in_a_reason() {
    let whole = typed();
    let columns = ["text", "word", "whole", "real", "day"];
    let read = |bytes: &[u8]| read_parquet(bytes, &Dialect::default(), &columns);
    assert!(read(&whole).is_ok());
    for end in 0..whole.len() {
        assert_eq!(read(&whole[..end]).unwrap_err().reason(), "parquet.malformed", "{end}");
    }
    // A changed byte is another value, another name or type of a column, or no Parquet.
    let mut reasons = BTreeSet::new();
    for at in 0..whole.len() {
        for bit in [0, 3, 7] {
            let mut changed = whole.clone();
            changed[at] ^= 1 << bit;
            reasons.extend(read(&changed).err().map(|error| error.reason()));
        }
    }
    let expected = ["parquet.malformed", "parquet.type", "parquet.unknown-column"];
    assert_eq!(reasons, BTreeSet::from(expected));
}

const TABLE: &str = "age,sex,illness\n39,m,flu\n39,m,cold\n50,f,flu\n50,f,\n,f,cold\n";

/// `TABLE` with numbers for ages.
fn as_parquet() -> Vec<u8> {
    written(vec![
        Column::new("age".into(), [Some(39_i64), Some(39), Some(50), Some(50), None]),
        Column::new("sex".into(), ["m", "m", "f", "f", "f"]),
        Column::new("illness".into(), [Some("flu"), Some("cold"), Some("flu"), None, Some("cold")]),
    ])
}

#[test]
fn a_table_is_the_same_from_either_format() {
    let names = ["illness", "age", "sex"];
    let from_csv = read_csv(TABLE.as_bytes(), &Dialect::default(), &names).unwrap();
    let from_parquet = read_parquet(&as_parquet(), &Dialect::default(), &names).unwrap();
    assert_eq!(from_csv, from_parquet);
    let measured =
        |content: &[u8]| Bench::with(content).measure("--qi age,sex --sa illness").json();
    assert_eq!(measured(TABLE.as_bytes()), measured(&as_parquet()));
    let refused = Bench::with(as_parquet()).measure("--qi age,gender").unusable();
    assert_eq!(refused.0, "parquet.unknown-column");
}

#[test]
fn what_is_written_is_read_back() {
    let table = read_parquet(&as_parquet(), &Dialect::default(), &["age", "illness"]).unwrap();
    let mut bytes = Vec::new();
    write_parquet(&mut bytes, &table, "hidden", &[false, true, false, false, true]).unwrap();
    assert_eq!(read_parquet(&bytes, &Dialect::default(), &["age", "illness"]).unwrap(), table);
    assert_eq!(cells(&bytes, &Dialect::default(), "hidden"), ["0", "1", "0", "0", "1"]);
    let frame = ParquetReader::new(Cursor::new(&bytes)).finish().unwrap();
    assert_eq!(frame.column("illness").unwrap().null_count(), 1);
}

#[test]
fn anonymised_tables_are_parquet_if_their_name_says_so() {
    let bench = Bench::with(as_parquet());
    bench.write(
        "plan.toml",
        "[columns.age]\nrole = \"quasi-identifier\"\nhierarchy = { build = \"priority\" }\n\
         [columns.sex]\nrole = \"quasi-identifier\"\n\
         [[models]]\nname = \"k-anonymity\"\nk = 2\n\
         [search]\nmetric = \"loss\"\n",
    );
    let arguments = ["anonymise", "--json", "--input", "table.csv", "--config", "plan.toml"];
    for output in ["out.parquet", "out.csv"] {
        let ran = bench.run(&[arguments.as_slice(), &["--output", output]].concat());
        assert_eq!((ran.code, &ran.json()["measures"]["k"]), (0, &2.into()), "{ran:?}");
    }
    let columns = ["age", "sex", "suppressed"];
    let from_parquet = read_parquet(&bench.bytes("out.parquet"), &Dialect::default(), &columns);
    let from_csv = read_csv(&bench.bytes("out.csv"), &Dialect::default(), &columns);
    assert_eq!(from_parquet.unwrap(), from_csv.unwrap());
}
