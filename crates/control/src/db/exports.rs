//! What left, so that the right people may fetch it again.

use domain::claims::Trust;
use domain::ids::{ExportId, OutputId, PersonId, ProjectId};
use sqlx::{Row as _, SqlitePool};
use wire::airlock::Exported;

use super::{integer, text};
use crate::ControlError;

pub(crate) async fn put(
    pool: &SqlitePool,
    exported: &Exported,
    output: &OutputId,
    project: &ProjectId,
    platform: Trust,
) -> Result<(), ControlError> {
    sqlx::query(
        "insert into exports (export, output, project, sha256, log_index, platform, bundle)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (export) do nothing",
    )
    .bind(exported.export.as_str())
    .bind(output.as_str())
    .bind(project.as_str())
    .bind(exported.sha256.to_string())
    .bind(integer(exported.log_index))
    .bind(serde_json::to_string(&platform).unwrap_or_default())
    .bind(exported.bundle)
    .execute(pool)
    .await?;
    Ok(())
}

/// The export in which `output` left, if it did, and whether a bundle was published with it.
pub(crate) async fn of_output(
    pool: &SqlitePool,
    output: &OutputId,
) -> Result<Option<(ExportId, bool)>, ControlError> {
    let row = sqlx::query("select export, bundle from exports where output = ?1")
        .bind(output.as_str())
        .fetch_optional(pool)
        .await?;
    let read = |row| Ok((text(&row, "export")?, row.try_get("bundle")?));
    row.map(read).transpose().map_err(ControlError::Database)
}

/// Whether there is such an export, of a project that `person` takes part in if one is given.
pub(crate) async fn is_visible(
    pool: &SqlitePool,
    export: &ExportId,
    person: Option<&PersonId>,
) -> Result<bool, ControlError> {
    let row = sqlx::query(
        "select 1 from exports where export = ?1
         and (?2 is null or exists (select 1 from members
                                    where members.project = exports.project and person = ?2))",
    )
    .bind(export.as_str())
    .bind(person.map(PersonId::as_str))
    .fetch_optional(pool)
    .await?;
    Ok(row.is_some())
}
