//! All of the SQL, one file per aggregate. Rows become typed values here or are refused.

pub(crate) mod datasets;
pub(crate) mod decided;
pub(crate) mod erased;
pub(crate) mod exports;
pub(crate) mod jobs;
pub(crate) mod people;
pub(crate) mod projects;
pub(crate) mod rebuild;
pub(crate) mod workloads;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use domain::{ReasonCode, Timestamp};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row as _, SqlitePool};

use crate::ControlError;

/// Opens and migrates the database. Its files are for this user alone: they name people.
pub(crate) async fn open(file: &Path) -> Result<SqlitePool, ControlError> {
    open_with(file, SqliteJournalMode::Wal).await
}

async fn open_with(file: &Path, journal: SqliteJournalMode) -> Result<SqlitePool, ControlError> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(journal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10));
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
    sqlx::migrate!("./migrations").run(&pool).await?;
    Ok(pool)
}

/// Which part of a listing is wanted, newest first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice {
    /// Only what is older than this position.
    pub(crate) before: i64,
    /// How many at most.
    pub(crate) limit: u32,
}

/// A listed value and its position.
pub(crate) type Placed<T> = (i64, T);

fn placed<T>(
    rows: &[SqliteRow],
    read: impl Fn(&SqliteRow) -> Result<T, sqlx::Error>,
) -> Result<Vec<Placed<T>>, ControlError> {
    rows.iter()
        .map(|row| Ok((row.try_get("position")?, read(row)?)))
        .collect::<Result<_, sqlx::Error>>()
        .map_err(ControlError::Database)
}

/// The text column `name` as a `T`.
fn text<T>(row: &SqliteRow, name: &str) -> Result<T, sqlx::Error>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let value: String = row.try_get(name)?;
    value.parse().map_err(|cause| unreadable(name, cause))
}

fn optional_text<T>(row: &SqliteRow, name: &str) -> Result<Option<T>, sqlx::Error>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let value: Option<String> = row.try_get(name)?;
    value.map(|value| value.parse().map_err(|cause| unreadable(name, cause))).transpose()
}

/// The JSON column `name` as a `T`.
fn json<T: serde::de::DeserializeOwned>(row: &SqliteRow, name: &str) -> Result<T, sqlx::Error> {
    let value: String = row.try_get(name)?;
    serde_json::from_str(&value).map_err(|cause| unreadable(name, cause))
}

fn time(row: &SqliteRow, name: &str) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_unix_seconds(row.try_get(name)?).map_err(|cause| unreadable(name, cause))
}

fn count(row: &SqliteRow, name: &str) -> Result<u64, sqlx::Error> {
    let value: i64 = row.try_get(name)?;
    u64::try_from(value).map_err(|cause| unreadable(name, cause))
}

fn optional_count(row: &SqliteRow, name: &str) -> Result<Option<u64>, sqlx::Error> {
    let value: Option<i64> = row.try_get(name)?;
    value.map(|value| u64::try_from(value).map_err(|cause| unreadable(name, cause))).transpose()
}

/// SQLite's integers end at 2^63, and no count of ours gets there.
fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unreadable(name: &str, cause: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: name.to_owned(), source: Box::new(cause) }
}

fn reason(row: &SqliteRow, name: &str) -> Result<Option<ReasonCode>, sqlx::Error> {
    let value: Option<String> = row.try_get(name)?;
    value.map(|value| value.try_into().map_err(|cause| unreadable(name, cause))).transpose()
}
