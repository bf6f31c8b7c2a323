//! Persons and their logins.

use domain::ids::PersonId;
use domain::keys::PublicKey;
use domain::{Digest, Timestamp};
use serde::Serialize;
use sqlx::{Row as _, SqlitePool};
use utoipa::ToSchema;

use super::{optional_text, text, time};
use crate::ControlError;
use crate::app::people::NewPerson;
use crate::authz::Role;

/// Who is logged in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct Login {
    /// The pseudonym under which the log knows the person.
    #[schema(value_type = String)]
    pub(crate) person: PersonId,
    /// The person's name, which never leaves control.
    pub(crate) name: String,
    /// What the person may do.
    pub(crate) role: Role,
    /// The person's signing key, `ed25519:…`, if known.
    #[schema(value_type = Option<String>)]
    pub(crate) key: Option<PublicKey>,
    /// When the login ends.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) expires: Timestamp,
}

pub(crate) async fn put(
    pool: &SqlitePool,
    person: &PersonId,
    new: &NewPerson,
    at: Timestamp,
) -> Result<(), ControlError> {
    sqlx::query(
        "insert into persons (id, name, role, key, created) values (?1, ?2, ?3, ?4, ?5)
         on conflict (id) do update set name = ?2, role = ?3, key = ?4",
    )
    .bind(person.as_str())
    .bind(&new.name)
    .bind(new.role.name())
    .bind(new.key.map(|key| key.to_string()))
    .bind(at.unix_seconds())
    .execute(pool)
    .await?;
    Ok(())
}

/// Keeps a login, unless there is no such person.
pub(crate) async fn add_login(
    pool: &SqlitePool,
    person: &PersonId,
    token: Digest,
    expires: Timestamp,
) -> Result<bool, ControlError> {
    let done = sqlx::query(
        "insert into logins (token, person, expires) select ?1, id, ?3 from persons where id = ?2",
    )
    .bind(token.hex())
    .bind(person.as_str())
    .bind(expires.unix_seconds())
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn revoke(
    pool: &SqlitePool,
    person: &PersonId,
    at: Timestamp,
) -> Result<u64, ControlError> {
    let done = sqlx::query("update logins set revoked = ?2 where person = ?1 and revoked is null")
        .bind(person.as_str())
        .bind(at.unix_seconds())
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}

/// The person whose token has this digest, if it is valid at `at`.
pub(crate) async fn find(
    pool: &SqlitePool,
    token: Digest,
    at: Timestamp,
) -> Result<Option<Login>, ControlError> {
    let row = sqlx::query(
        "select id, name, role, key, expires from logins join persons on persons.id = person
         where token = ?1 and expires > ?2 and revoked is null",
    )
    .bind(token.hex())
    .bind(at.unix_seconds())
    .fetch_optional(pool)
    .await?;
    let read = |row: sqlx::sqlite::SqliteRow| {
        Ok(Login {
            person: text(&row, "id")?,
            name: row.try_get("name")?,
            role: text(&row, "role")?,
            key: optional_text(&row, "key")?,
            expires: time(&row, "expires")?,
        })
    };
    row.map(read).transpose()
}
