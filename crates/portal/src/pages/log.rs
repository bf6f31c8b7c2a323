//! `/log`.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use tlog::Checkpoint;

use super::{Frame, Page, Place};
use crate::api::Api;
use crate::error::PortalError;
use crate::model::checkpoint;
use crate::session::Session;

#[derive(Template)]
#[template(path = "log.html")]
pub(super) struct Log {
    frame: Frame,
    /// Absent while the log is empty.
    checkpoint: Option<Checkpoint>,
    host: String,
}

pub(super) async fn show(
    State(api): State<Api>,
    session: Session,
    headers: HeaderMap,
) -> Result<Page<Log>, PortalError> {
    let checkpoint = newest(&api).await?;
    let frame = session.frame(Place::Log);
    Ok(Page::of(Log { frame, checkpoint, host: host(&headers) }))
}

/// What the log says about itself; `None` before its first entry.
pub(super) async fn newest(api: &Api) -> Result<Option<Checkpoint>, PortalError> {
    match api.public_text("/log/checkpoint").await {
        Err(PortalError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
        note => checkpoint(&note?).map(Some),
    }
}

/// The name under which the reader reached this server; it becomes part of a command.
fn host(headers: &HeaderMap) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .filter(|host| !host.is_empty() && host.bytes().all(plain))
        .map_or_else(|| "HOST:PORT".to_owned(), str::to_owned)
}
