//! Parquet, with polars, into the table that `disclosure` measures, and back.

mod pages;

use std::io::{Cursor, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use disclosure::{Column, Table};
use polars::prelude::{
    ArrowDataType, ArrowSchema, Column as Series, DataFrame, DataType, IdxCa, IdxSize,
    NamedFrom as _, ParquetReader, ParquetWriter, PlSmallStr, PolarsError, SerReader as _,
    Series as Values, StringChunked,
};

use crate::Dialect;
use crate::encode::{Cells, Unencodable, column, meaning};

/// Why [`read_parquet`] refuses a file.
#[derive(Debug, thiserror::Error)]
pub enum ParquetError {
    /// Numbers of values that the file states do not agree.
    #[error("the Parquet file is malformed: it states lengths that do not agree")]
    Lengths,
    /// The file is not what its first bytes say, or holds what polars does not read.
    #[error("the Parquet file cannot be read")]
    Malformed(#[source] PolarsError),
    /// The file made polars panic, or has texts that are not UTF-8.
    #[error("the Parquet file is malformed")]
    Panicked,
    /// The encoded columns make no table.
    #[error("the cells cannot be encoded")]
    Table(#[from] disclosure::TableError),
    /// A column of lists, records, bytes, durations or times with a zone.
    #[error(
        "column `{name}` has {kind}; write it as texts, numbers, dates or times without a \
         zone"
    )]
    Type {
        /// The column.
        name: String,
        /// What its values are.
        kind: &'static str,
    },
    /// A column that the file does not have.
    #[error("there is no column `{name}`; the file has {}", crate::error::list(available))]
    UnknownColumn {
        /// What was asked for.
        name: String,
        /// The columns of the file.
        available: Vec<String>,
    },
}

impl domain::Reason for ParquetError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Lengths | Self::Malformed(_) | Self::Panicked => "parquet.malformed",
            Self::Table(error) => error.reason(),
            Self::Type { .. } => "parquet.type",
            Self::UnknownColumn { .. } => "parquet.unknown-column",
        }
    }
}

/// Whether a file begins as Parquet does, whatever its name.
pub(crate) fn is_parquet(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// The names of the columns of the Parquet file `bytes`.
///
/// # Errors
/// [`ParquetError`].
pub fn parquet_header(bytes: &[u8]) -> Result<Vec<String>, ParquetError> {
    Ok(names(&*schema(bytes)?))
}

/// The number of rows that the Parquet file `bytes` states.
pub(crate) fn parquet_rows(bytes: &[u8]) -> Result<u64, ParquetError> {
    let rows = guarded(|| ParquetReader::new(Cursor::new(bytes)).num_rows())?;
    Ok(u64::try_from(rows).unwrap_or(u64::MAX))
}

fn schema(bytes: &[u8]) -> Result<Arc<ArrowSchema>, ParquetError> {
    guarded(|| ParquetReader::new(Cursor::new(bytes)).schema())
}

fn names(schema: &ArrowSchema) -> Vec<String> {
    schema.iter_names().map(ToString::to_string).collect()
}

/// Reads the columns named, in that order, out of the Parquet file `bytes`. Every cell becomes a text:
/// numbers in their shortest form (`39`, `0.5`, `1e300`), dates as `2026-03-29`, truth values as `true`
/// and `false`. A null is a missing value, and so are the empty text and `dialect`'s null texts.
///
/// # Errors
/// A [`ParquetError`].
pub fn read_parquet(
    bytes: &[u8],
    dialect: &Dialect,
    columns: &[&str],
) -> Result<Table, ParquetError> {
    let schema = schema(bytes)?;
    for &name in columns {
        let Some(field) = schema.get(name) else {
            return Err(ParquetError::UnknownColumn {
                name: name.into(),
                available: names(&schema),
            });
        };
        if !has_texts(field.dtype()) {
            let kind = name_of(field.dtype());
            return Err(ParquetError::Type { name: name.into(), kind });
        }
    }
    pages::check(bytes, columns)?;
    let names = columns.iter().map(|&name| name.to_owned()).collect();
    let reader = || ParquetReader::new(Cursor::new(bytes)).with_columns(Some(names)).finish();
    let frame = guarded(reader)?;
    let series = columns.iter().map(|name| frame.column(name).map_err(ParquetError::Malformed));
    Ok(Table::new(encoded(&series.collect::<Result<Vec<_>, _>>()?, dialect)?)?)
}

/// The columns in their order, half of them at a time.
fn encoded(series: &[&Series], dialect: &Dialect) -> Result<Vec<Column>, ParquetError> {
    let all = |series: &[&Series]| -> Result<Vec<Column>, ParquetError> {
        series.iter().map(|series| encode(series, dialect)).collect()
    };
    let (first, second) = series.split_at(series.len() / 2);
    thread::scope(|scope| {
        let second = scope.spawn(|| all(second));
        let mut columns = all(first)?;
        columns.extend(second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        Ok(columns)
    })
}

fn encode(series: &Series, dialect: &Dialect) -> Result<Column, ParquetError> {
    match numbers(series)? {
        Some((cells, firsts)) => {
            let few = guarded(|| series.take(&IdxCa::from_vec(PlSmallStr::EMPTY, firsts)))?;
            let few = guarded(|| few.strict_cast(&DataType::String))?;
            let texts = few.str().map_err(ParquetError::Malformed)?.iter();
            let texts = texts.map(|text| text.unwrap_or_default().as_bytes().into()).collect();
            named(series, cells.with_texts(texts), dialect)
        }
        None => {
            let texts = guarded(|| series.strict_cast(&DataType::String))?;
            let cells = texts.str().map_err(ParquetError::Malformed).map(texts_of)?;
            named(series, cells, dialect)
        }
    }
}

fn named(series: &Series, cells: Cells, dialect: &Dialect) -> Result<Column, ParquetError> {
    column(series.name(), vec![cells], |cell| {
        Some(meaning(std::str::from_utf8(cell).ok()?.into(), dialect))
    })
    .map_err(|error| match error {
        Unencodable::NotUtf8(_) => ParquetError::Panicked,
        Unencodable::Table(error) => ParquetError::Table(error),
    })
}

/// The cells of a column of numbers, dates or truth values, without texts, and a row that has each:
/// each value is made a text once. None for other columns.
fn numbers(series: &Series) -> Result<Option<(Cells, Vec<IdxSize>)>, ParquetError> {
    let (mut cells, mut firsts) = (Cells::default(), Vec::new());
    let mut push = |(row, number): (IdxSize, Option<u64>)| {
        let first = || {
            firsts.push(row);
            Box::default()
        };
        cells.push_key(number.map_or(u128::MAX, u128::from), first);
    };
    let physical = guarded(|| Ok(series.to_physical_repr()))?;
    match physical.dtype() {
        DataType::Float32 | DataType::Float64 => {
            let wide = guarded(|| physical.strict_cast(&DataType::Float64))?;
            let values = wide.f64().map_err(ParquetError::Malformed)?;
            (0..).zip(values.iter().map(|value| Some(value?.to_bits()))).for_each(&mut push);
        }
        DataType::UInt64 => {
            let values = physical.u64().map_err(ParquetError::Malformed)?;
            (0..).zip(values.iter()).for_each(&mut push);
        }
        kind if kind.is_bool()
            || kind.is_integer() && !matches!(series.dtype(), DataType::Decimal(..)) =>
        {
            let wide = guarded(|| physical.strict_cast(&DataType::Int64))?;
            let values = wide.i64().map_err(ParquetError::Malformed)?;
            (0..).zip(values.iter().map(|value| Some(value?.cast_unsigned()))).for_each(&mut push);
        }
        _ => return Ok(None),
    }
    Ok(Some((cells, firsts)))
}

/// polars holds short texts in the words that stand for them.
fn texts_of(texts: &StringChunked) -> Cells {
    let mut cells = Cells::default();
    for array in texts.downcast_iter() {
        for (view, text) in array.views().iter().zip(array.iter()) {
            match text {
                None => cells.push_key(0, Box::default),
                Some(text) if view.is_inline() => {
                    cells.push_key(view.as_u128(), || text.as_bytes().into());
                }
                Some(text) => cells.push_long(text.as_bytes()),
            }
        }
    }
    cells
}

/// What the values of a column are that have no text.
fn name_of(kind: &ArrowDataType) -> &'static str {
    use ArrowDataType as Kind;
    match kind {
        Kind::Timestamp(_, Some(_)) => "times with a zone",
        Kind::List(_) | Kind::LargeList(_) | Kind::FixedSizeList(..) | Kind::Map(..) => "lists",
        Kind::Struct(_) => "records",
        Kind::Binary | Kind::LargeBinary | Kind::BinaryView | Kind::FixedSizeBinary(_) => "bytes",
        Kind::Duration(_) => "durations",
        _ => "values of an unknown type",
    }
}

/// Whether the values of such a column have a text. Times with a zone would need its rules.
fn has_texts(kind: &ArrowDataType) -> bool {
    use ArrowDataType as Kind;
    match kind {
        Kind::Dictionary(_, values, _) => has_texts(values),
        Kind::Null
        | Kind::Boolean
        | Kind::Int8
        | Kind::Int16
        | Kind::Int32
        | Kind::Int64
        | Kind::UInt8
        | Kind::UInt16
        | Kind::UInt32
        | Kind::UInt64
        | Kind::Float32
        | Kind::Float64
        | Kind::Decimal(..)
        | Kind::Date32
        | Kind::Date64
        | Kind::Time32(_)
        | Kind::Time64(_)
        | Kind::Timestamp(_, None)
        | Kind::Utf8
        | Kind::LargeUtf8
        | Kind::Utf8View => true,
        _ => false,
    }
}

/// Writes what [`crate::write_csv`] writes, as texts (`flag` as a number) and a missing value as null.
///
/// # Errors
/// What polars gives.
pub fn write_parquet(
    out: impl Write,
    table: &Table,
    flag: &str,
    flagged: &[bool],
) -> Result<(), PolarsError> {
    let texts = |column: &Column| -> Values {
        let cell = |row| column.cell(row).filter(|cell| !cell.is_empty());
        let cells: Vec<Option<&str>> = (0..table.rows()).map(cell).collect();
        Values::new(column.name().into(), cells)
    };
    let mut series: Vec<Series> =
        table.columns().iter().map(|column| texts(column).into()).collect();
    let flags: Vec<u8> = flagged.iter().map(|&flagged| flagged.into()).collect();
    series.push(Values::new(flag.into(), flags).into());
    ParquetWriter::new(out).finish(&mut DataFrame::new(table.rows(), series)?)?;
    Ok(())
}

/// What `read` gives. polars panics on some malformed files.
fn guarded<T>(read: impl FnOnce() -> Result<T, PolarsError>) -> Result<T, ParquetError> {
    catch_unwind(AssertUnwindSafe(read))
        .map_err(|_| ParquetError::Panicked)?
        .map_err(ParquetError::Malformed)
}

const MAGIC: &[u8] = b"PAR1";
