//! Workloads that were uploaded.

use domain::ids::PersonId;
use domain::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqlitePool};
use utoipa::ToSchema;

use super::{Placed, Slice, count, integer, json, placed, text, time};
use crate::ControlError;

/// An uploaded workload.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Workload {
    /// What proposals name: of the component, or of the OCI image manifest.
    #[schema(value_type = String)]
    pub(crate) digest: Digest,
    /// Of the uploaded bytes.
    #[serde(skip)]
    pub(crate) content: Digest,
    /// What the bytes are.
    pub(crate) kind: UploadKind,
    /// How many bytes.
    pub(crate) bytes: u64,
    /// Whether the signature was uploaded, too.
    pub(crate) bundle: bool,
    /// Who may replace it.
    #[serde(skip)]
    pub(crate) owner: PersonId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) uploaded: Timestamp,
}

/// What an uploaded file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UploadKind {
    /// A WASI component.
    Component,
    /// A tar archive of an OCI image layout.
    ImageLayout,
}

/// Keeps `workload`; other content under its digest takes the former's place, without its bundle.
pub(crate) async fn put(pool: &SqlitePool, workload: &Workload) -> Result<(), ControlError> {
    sqlx::query(
        "insert into workloads (digest, content, kind, bytes, owner, uploaded)
         values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (digest) do update
         set content = ?2, kind = ?3, bytes = ?4, bundle = 0, owner = ?5, uploaded = ?6",
    )
    .bind(workload.digest.to_string())
    .bind(workload.content.to_string())
    .bind(serde_json::to_string(&workload.kind).unwrap_or_default())
    .bind(integer(workload.bytes))
    .bind(workload.owner.as_str())
    .bind(workload.uploaded.unix_seconds())
    .execute(pool)
    .await?;
    Ok(())
}

pub(crate) async fn set_bundle(pool: &SqlitePool, digest: Digest) -> Result<(), ControlError> {
    sqlx::query("update workloads set bundle = 1 where digest = ?1")
        .bind(digest.to_string())
        .execute(pool)
        .await?;
    Ok(())
}

pub(crate) async fn find(
    pool: &SqlitePool,
    digest: Digest,
) -> Result<Option<Workload>, ControlError> {
    let row = sqlx::query("select * from workloads where digest = ?1")
        .bind(digest.to_string())
        .fetch_optional(pool)
        .await?;
    Ok(row.as_ref().map(read).transpose()?)
}

pub(crate) async fn list(
    pool: &SqlitePool,
    slice: Slice,
) -> Result<Vec<Placed<Workload>>, ControlError> {
    let rows =
        sqlx::query("select * from workloads where position < ?1 order by position desc limit ?2")
            .bind(slice.before)
            .bind(slice.limit)
            .fetch_all(pool)
            .await?;
    placed(&rows, read)
}

fn read(row: &SqliteRow) -> Result<Workload, sqlx::Error> {
    Ok(Workload {
        digest: text(row, "digest")?,
        content: text(row, "content")?,
        kind: json(row, "kind")?,
        bytes: count(row, "bytes")?,
        bundle: row.try_get("bundle")?,
        owner: text(row, "owner")?,
        uploaded: time(row, "uploaded")?,
    })
}
