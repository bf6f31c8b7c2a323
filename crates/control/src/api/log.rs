//! `/log/`: the public log as files (C2SP tlog-tiles), for anyone.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::extract::Path;
use crate::{Control, ControlError};

/// Fetches the log's checkpoint
#[utoipa::path(get, path = "/log/checkpoint", tag = "log", security(()),
    responses((status = 200, content_type = "text/plain", body = String)))]
pub(super) async fn checkpoint(
    State(control): State<Arc<Control>>,
) -> Result<Response, ControlError> {
    serve(&control, PathBuf::from("checkpoint"), "text/plain; charset=utf-8").await
}

/// Fetches a tile or entry bundle
#[utoipa::path(get, path = "/log/tile/{path}", tag = "log", security(()),
    params(("path" = String, Path, description = "such as `entries/000` or `0/x001/234.p/5`")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
pub(super) async fn tile(
    State(control): State<Arc<Control>>,
    Path(path): Path<String>,
) -> Result<Response, ControlError> {
    if !is_tile(&path) {
        return Err(ControlError::NotFound);
    }
    serve(&control, PathBuf::from("tile").join(path), "application/octet-stream").await
}

/// Fetches a time stamp (`SIZE.tsr`, RFC 3161) or the checkpoint that was stamped (`SIZE.checkpoint`)
#[utoipa::path(get, path = "/log/stamps/{file}", tag = "log", security(()),
    params(("file" = String, Path, description = "such as `1234.tsr` or `1234.checkpoint`")),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
pub(super) async fn stamp(
    State(control): State<Arc<Control>>,
    Path(file): Path<String>,
) -> Result<Response, ControlError> {
    if !is_stamp(&file) {
        return Err(ControlError::NotFound);
    }
    serve(&control, PathBuf::from("stamps").join(file), "application/octet-stream").await
}

async fn serve(
    control: &Control,
    path: PathBuf,
    kind: &'static str,
) -> Result<Response, ControlError> {
    match tokio::fs::read(control.config.log_folder.join(path)).await {
        Ok(bytes) => Ok(([(header::CONTENT_TYPE, kind)], bytes).into_response()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(ControlError::NotFound),
        Err(error) => Err(error.into()),
    }
}

/// Whether `path` is `L/N` or `L/N.p/W` of C2SP tlog-tiles: `L` a level of 0 to 63 or `entries`,
/// `N` groups of three digits of which all but the last begin with `x`, `W` 1 to 255.
fn is_tile(path: &str) -> bool {
    let mut parts: Vec<&str> = path.split('/').collect();
    let level = parts.remove(0);
    let level_is_good = level == "entries" || is_number(level, 0, 63);
    let partial = parts.len().checked_sub(2).and_then(|at| parts.get(at)?.strip_suffix(".p"));
    if let Some(last) = partial {
        let width = parts.pop().unwrap_or_default();
        parts.pop();
        parts.push(last);
        if !is_number(width, 1, 255) {
            return false;
        }
    }
    let three_digits = |group: &str| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
    let index_is_good = match parts.split_last() {
        None => false,
        Some((last, groups)) => {
            three_digits(last)
                && groups.len() <= 6
                && groups.iter().all(|group| group.strip_prefix('x').is_some_and(three_digits))
        }
    };
    level_is_good && index_is_good
}

/// Whether `file` is `SIZE.tsr` or `SIZE.checkpoint`, the size in its one spelling.
fn is_stamp(file: &str) -> bool {
    let size = file.strip_suffix(".tsr").or_else(|| file.strip_suffix(".checkpoint"));
    size.is_some_and(|size| size.parse().is_ok_and(|value: u64| value.to_string() == size))
}

/// Whether `text` is a decimal number of `least` to `most` in its one spelling.
fn is_number(text: &str, least: u8, most: u8) -> bool {
    text.parse::<u8>()
        .is_ok_and(|value| (least..=most).contains(&value) && value.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::{is_stamp, is_tile};

    #[test]
    fn stamps_are_named_by_size() {
        for good in ["0.tsr", "1234.tsr", "1234.checkpoint", "18446744073709551615.tsr"] {
            assert!(is_stamp(good), "{good}");
        }
        for bad in [
            "",
            ".tsr",
            "01.tsr",
            "+1.tsr",
            "1.pem",
            "1",
            ".1.tsr.new",
            "../checkpoint",
            "1/../2.tsr",
        ] {
            assert!(!is_stamp(bad), "{bad}");
        }
    }

    #[test]
    fn paths_are_those_of_tlog_tiles_and_no_others() {
        for good in
            ["0/000", "entries/000", "63/x001/x234/067", "entries/001.p/44", "1/x001/000.p/255"]
        {
            assert!(is_tile(good), "{good}");
        }
        let bad = [
            "",
            "/",
            "0",
            "0/",
            "00/000",
            "64/000",
            "0/00",
            "0/0000",
            "0/001/000",
            "0/x001",
            "0/000.p",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/../000",
            "../checkpoint",
            "entries/../../x",
            "0/000/..",
            "0//000",
            "0/x00a/000",
            "data/000",
            ".lock",
            "0/000.p/1/2",
            "0/+01",
            "0/000.p/+1",
        ];
        for bad in bad {
            assert!(!is_tile(bad), "{bad}");
        }
    }
}
