//! A witness of logs (C2SP tlog-witness): `POST /add-checkpoint` is answered with a cosignature if the
//! checkpoint extends what this witness cosigned before of the same log, which is durable by then.
//!
//! The decision is `tlog::witness`, the memory `tlog_files::WitnessFolder`; here is HTTP alone.
//! Requests are not authenticated but by the log's signature, and answers carry their own, so that
//! plain HTTP suffices.

mod signer;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use domain::{Reason, Timestamp};
use tlog::witness::{AddCheckpoint, WitnessRefusal};
use tlog::{LogError, VerifierKey, WitnessKey};
use tlog_files::WitnessFolder;

pub use signer::{Signer, SignerError};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Told of each answer, for the operator's log.
pub type Observer = Arc<dyn Fn(&Answered) + Send + Sync>;

/// What was answered to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The first line of the checkpoint.
    pub origin: String,
    /// The size that was cosigned, or the reason code of the refusal.
    pub outcome: Result<u64, &'static str>,
}

/// A witness: its key, the logs that it watches, and its memory.
pub struct Witness {
    key: WitnessKey,
    signer: Signer,
    logs: BTreeMap<String, VerifierKey>,
    folder: Mutex<WitnessFolder>,
    clock: Clock,
    observer: Observer,
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Witness {
    /// The witness `name` with the key of `signer`, of the logs `logs`.
    ///
    /// # Errors
    /// `log.malformed` if the name cannot be that of a key.
    pub fn new(
        name: &str,
        signer: impl Into<Signer>,
        logs: impl IntoIterator<Item = VerifierKey>,
        folder: WitnessFolder,
        clock: Clock,
        observer: Observer,
    ) -> Result<Self, LogError> {
        let signer = signer.into();
        let key = signer.key(name)?;
        let logs = logs.into_iter().map(|log| (log.origin().to_owned(), log)).collect();
        Ok(Self { key, signer, logs, folder: Mutex::new(folder), clock, observer })
    }

    /// What verifiers need to know of it.
    #[must_use]
    pub const fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// The cosignature's line, if the request may be cosigned.
    fn answer(&self, body: &[u8]) -> Result<String, Refused> {
        let request = str::from_utf8(body).map_err(|_| WitnessRefusal::Malformed);
        let request = request.and_then(str::parse::<AddCheckpoint>);
        let answer = match &request {
            Ok(request) => self.cosign(request),
            Err(refusal) => Err((*refusal).into()),
        };
        let origin = request.map_or_else(|_| String::new(), |request| request.origin().to_owned());
        let outcome = answer.as_ref().map(|(_, size)| *size).map_err(Refused::reason);
        (self.observer)(&Answered { origin, outcome });
        answer.map(|(line, _)| line)
    }

    /// The line and the size.
    fn cosign(&self, request: &AddCheckpoint) -> Result<(String, u64), Refused> {
        let log = self.logs.get(request.origin()).ok_or(WitnessRefusal::UnknownLog)?;
        // One request at a time, from the comparison to the cosignature.
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        let grown = folder.advance(request, log)??;
        let sign = |statement: &[u8]| self.signer.sign(statement).map_err(Refused::from);
        let line = grown.cosign(&self.key, (self.clock)(), sign)?;
        Ok((line, grown.checkpoint().size))
    }
}

/// `/add-checkpoint` of `witness`.
pub fn router(witness: Arc<Witness>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(witness)
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: axum::body::Bytes) -> Response {
    // The memory blocks on the disk.
    match tokio::task::spawn_blocking(move || witness.answer(&body)).await {
        Ok(Ok(line)) => line.into_response(),
        Ok(Err(refused)) => refused.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Why there is no cosignature.
#[derive(Debug)]
enum Refused {
    Request(WitnessRefusal),
    /// The witness cannot tell what it cosigned, or not keep it.
    Memory(LogError),
    Signer(SignerError),
}

impl From<SignerError> for Refused {
    fn from(error: SignerError) -> Self {
        Self::Signer(error)
    }
}

impl From<WitnessRefusal> for Refused {
    fn from(refusal: WitnessRefusal) -> Self {
        Self::Request(refusal)
    }
}

impl From<LogError> for Refused {
    fn from(error: LogError) -> Self {
        Self::Memory(error)
    }
}

impl Refused {
    fn reason(&self) -> &'static str {
        match self {
            Self::Request(refusal) => refusal.reason(),
            Self::Memory(error) => error.reason(),
            Self::Signer(error) => error.reason(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Request(refusal @ WitnessRefusal::Conflict { size }) => {
                (status(refusal), SIZE, format!("{size}\n")).into_response()
            }
            Self::Request(refusal) => (status(refusal), format!("{refusal}\n")).into_response(),
            // What is wrong with the memory is the operator's business.
            Self::Memory(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "the witness cannot use its memory\n")
                    .into_response()
            }
            Self::Signer(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "the witness cannot sign\n").into_response()
            }
        }
    }
}

fn status(refusal: WitnessRefusal) -> StatusCode {
    StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

const SIZE: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/x.tlog.size")];
/// A proof of 63 hashes and a note with many signatures.
const MAX_BODY: usize = 64 << 10;

#[cfg(test)]
mod tests;
