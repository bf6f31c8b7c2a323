//! The catalogue of sealed datasets.

use domain::dataset::{Classification, Column};
use domain::ids::DatasetId;
use domain::{Digest, Timestamp};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqlitePool};
use utoipa::ToSchema;

use super::{Placed, Slice, count, integer, json, placed, text, time};
use crate::ControlError;

/// A sealed dataset, as its signed manifest describes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Dataset {
    /// The digest of its signed manifest's payload: its identity.
    #[schema(value_type = String)]
    pub(crate) digest: Digest,
    /// The name that its custodian gave it.
    #[schema(value_type = String)]
    pub(crate) id: DatasetId,
    /// One line for people.
    pub(crate) title: String,
    /// What the data are, where they come from, under which terms.
    pub(crate) description: String,
    /// How much harm a disclosure would do.
    #[schema(value_type = String)]
    pub(crate) classification: Classification,
    /// Rows over all tables.
    pub(crate) rows: u64,
    /// The columns: name, role and kind.
    #[schema(value_type = Vec<Object>)]
    pub(crate) columns: Vec<Column>,
    /// The folder of its ciphertext, below the configured one.
    pub(crate) folder: String,
    /// When it was registered here.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) registered: Timestamp,
    /// Where in the log the broker's decision stands.
    pub(crate) log_index: u64,
}

/// Keeps `dataset`; if it is there already, only its folder changes.
pub(crate) async fn put(pool: &SqlitePool, dataset: &Dataset) -> Result<(), ControlError> {
    let columns = serde_json::to_string(&dataset.columns).unwrap_or_default();
    let classification = serde_json::to_string(&dataset.classification).unwrap_or_default();
    sqlx::query(
        "insert into datasets (digest, id, title, description, classification, row_count,
                               columns, folder, registered, log_index)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         on conflict (digest) do update set folder = ?8",
    )
    .bind(dataset.digest.to_string())
    .bind(dataset.id.as_str())
    .bind(&dataset.title)
    .bind(&dataset.description)
    .bind(classification)
    .bind(integer(dataset.rows))
    .bind(columns)
    .bind(&dataset.folder)
    .bind(dataset.registered.unix_seconds())
    .bind(integer(dataset.log_index))
    .execute(pool)
    .await?;
    Ok(())
}

pub(crate) async fn find(
    pool: &SqlitePool,
    digest: Digest,
) -> Result<Option<Dataset>, ControlError> {
    let row = sqlx::query("select * from datasets where digest = ?1")
        .bind(digest.to_string())
        .fetch_optional(pool)
        .await?;
    Ok(row.as_ref().map(read).transpose()?)
}

pub(crate) async fn list(
    pool: &SqlitePool,
    slice: Slice,
) -> Result<Vec<Placed<Dataset>>, ControlError> {
    let rows =
        sqlx::query("select * from datasets where position < ?1 order by position desc limit ?2")
            .bind(slice.before)
            .bind(slice.limit)
            .fetch_all(pool)
            .await?;
    placed(&rows, read)
}

pub(super) fn read(row: &SqliteRow) -> Result<Dataset, sqlx::Error> {
    Ok(Dataset {
        digest: text(row, "digest")?,
        id: text(row, "id")?,
        title: row.try_get("title")?,
        description: row.try_get("description")?,
        classification: json(row, "classification")?,
        rows: count(row, "row_count")?,
        columns: json(row, "columns")?,
        folder: row.try_get("folder")?,
        registered: time(row, "registered")?,
        log_index: count(row, "log_index")?,
    })
}
