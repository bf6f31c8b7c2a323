//! What is said to one witness, and what its answer means.

use domain::{Digest, Reason, Timestamp};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, StatusCode, Url};
use tlog::WitnessKey;
use tlog::witness::AddCheckpoint;
use tokio::sync::oneshot;

use crate::worker::{Job, Message};

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    /// It has cosigned a tree of the log that is larger than the log is. Either the witness is wrong, or
    /// log and commit cell were both put back to an older state, or the log's key was used elsewhere.
    #[error(
        "it has cosigned {size} entries of this log, more than there are: was the log restored?"
    )]
    Ahead {
        /// The size of that tree.
        size: u64,
    },
    /// It answered twice that it cosigned another size last.
    #[error("it cosigned another checkpoint in between")]
    Conflict,
    /// There was no answer in time.
    #[error("it did not answer in time")]
    Late,
    /// The answer is longer than any, no text, or not what its status promises.
    #[error("its answer is malformed")]
    Malformed,
    /// The checkpoint is no longer waited for, and the proof for it cannot be had.
    #[error("the checkpoint is no longer waited for")]
    Moot,
    /// It refused.
    #[error("it answered with status {status}")]
    Refused {
        /// The HTTP status code.
        status: u16,
    },
    /// No connection, or it broke off.
    #[error("it cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It answered with no cosignature of this checkpoint by the key that the policy has for it.
    #[error("its cosignature is not of this checkpoint by the key in the policy")]
    WrongCosignature,
}

impl Reason for Silence {
    fn reason(&self) -> &'static str {
        match self {
            Self::Ahead { .. } => "witness.ahead",
            Self::Conflict => "witness.conflict",
            Self::Late => "witness.late",
            Self::Malformed => "witness.malformed-answer",
            Self::Moot => "witness.moot",
            Self::Refused { .. } => "witness.refused",
            Self::Unreachable(_) => "witness.unreachable",
            Self::WrongCosignature => "witness.wrong-cosignature",
        }
    }
}

/// One checkpoint and one witness.
pub(crate) struct Exchange<'a> {
    pub(crate) client: &'a Client,
    pub(crate) url: &'a Url,
    pub(crate) key: &'a WitnessKey,
    pub(crate) job: &'a Job,
}

/// Status 200 or 409.
enum Answer {
    Cosigned(Vec<String>),
    Conflict(u64),
}

impl Exchange<'_> {
    /// The witness's signature lines. `known` is the size that it is believed to have cosigned last.
    pub(crate) async fn run(&self, known: &mut u64) -> Result<Vec<String>, Silence> {
        let size = self.job.size;
        let mut answer = self.submit((*known).min(size)).await?;
        if let Answer::Conflict(other) = answer {
            if other > size {
                return Err(Silence::Ahead { size: other });
            }
            *known = other;
            answer = self.submit(other).await?;
        }
        match answer {
            Answer::Cosigned(lines) => {
                *known = size;
                Ok(lines)
            }
            Answer::Conflict(_) => Err(Silence::Conflict),
        }
    }

    async fn submit(&self, old_size: u64) -> Result<Answer, Silence> {
        let proof = self.proof(old_size).await?;
        let request = AddCheckpoint { old_size, proof, note: self.job.note.clone() };
        let request = self.client.post(self.url.clone()).body(request.to_string());
        let response = request.send().await;
        self.answer(response.map_err(|error| Silence::Unreachable(error.without_url()))?).await
    }

    /// From whoever waits for the quorum, who has the log.
    async fn proof(&self, old_size: u64) -> Result<Vec<Digest>, Silence> {
        if old_size == 0 || old_size == self.job.size {
            return Ok(Vec::new());
        }
        let (answer, proof) = oneshot::channel();
        let asked = self.job.asker.send(Message::Prove { old_size, answer });
        asked.map_err(|_| Silence::Moot)?;
        proof.await.map_err(|_| Silence::Moot)
    }

    async fn answer(&self, response: Response) -> Result<Answer, Silence> {
        let status = response.status();
        let of_size = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == SIZE);
        match status {
            StatusCode::OK => Ok(Answer::Cosigned(self.ours(&body(response).await?)?)),
            StatusCode::CONFLICT if of_size => {
                let size = parse_size(&body(response).await?).ok_or(Silence::Malformed)?;
                Ok(Answer::Conflict(size))
            }
            _ => Err(Silence::Refused { status: status.as_u16() }),
        }
    }

    /// The lines that are this witness's and right; it may have other keys, too.
    fn ours(&self, body: &str) -> Result<Vec<String>, Silence> {
        let right = |line: &&str| {
            let note = format!("{}\n{line}\n", self.job.text);
            // C2SP tlog-witness: an answer must say when.
            matches!(self.key.time_of(&note), Ok(Some(time)) if time > Timestamp::EPOCH)
        };
        let lines: Vec<String> = body.lines().filter(right).map(str::to_owned).collect();
        if lines.is_empty() { Err(Silence::WrongCosignature) } else { Ok(lines) }
    }
}

async fn body(mut response: Response) -> Result<String, Silence> {
    let mut body = Vec::new();
    let broken = |error: reqwest::Error| Silence::Unreachable(error.without_url());
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            return Err(Silence::Malformed);
        }
    }
    String::from_utf8(body).map_err(|_| Silence::Malformed)
}

/// Decimal without a leading zero, and a newline.
fn parse_size(body: &str) -> Option<u64> {
    let size: u64 = body.strip_suffix('\n')?.parse().ok()?;
    (format!("{size}\n") == body).then_some(size)
}

/// C2SP tlog-witness: how a witness marks the size in a 409.
const SIZE: &str = "text/x.tlog.size";
/// A few cosignatures, the longest of 2,420 bytes.
const MAX_BODY: usize = 32 << 10;
