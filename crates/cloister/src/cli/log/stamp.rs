//! `cloister log stamp`: a time stamp of the published checkpoint.

use std::path::PathBuf;

use clap::Args;
use domain::{Digest, Timestamp};
use serde_json::json;
use tlog::SignedCheckpoint;

use super::source::Source;
use super::stamps::AuthorityOptions;
use super::{Log, failure};
use crate::cli::files::now;
use crate::cli::server::runtime;
use crate::cli::{Answer, Failure, Outcome};
use crate::stamping::{KeptStamp, StampFolder, StampingError, TimeAuthority};

/// Who stamps, and where the stamp goes.
#[derive(Debug, Args)]
pub struct StampOptions {
    /// The authority's address
    #[arg(long, value_name = "URL")]
    authority: String,
    #[command(flatten)]
    roots: AuthorityOptions,
    /// The folder of stamps: SIZE.tsr and the stamped note, SIZE.checkpoint, go there
    #[arg(long, value_name = "DIR")]
    stamps: PathBuf,
}

pub(super) fn run(log: &Log, options: &StampOptions) -> Outcome {
    let note = Source::open(&log.source)?.checkpoint()?;
    let key = log.believed.check(&note)?.key;
    let signed = SignedCheckpoint::verify(&note, &key).map_err(|error| failure(&error))?;
    let size = signed.checkpoint().size;
    let authorities = options.roots.authorities()?;
    let authority = TimeAuthority::new(&options.authority, authorities)
        .map_err(|error| Failure::unusable(domain::Reason::reason(&error), &error))?;
    // Asked once before anything depends on it: a clock that is not set is an error to be told.
    now()?;
    let clock = || now().unwrap_or(Timestamp::EPOCH);
    let digest = Digest::of(note.as_bytes());
    let stamp = runtime()?.block_on(authority.stamp(&digest, clock));
    let stamp = stamp.map_err(|error| stamping(&error))?;
    let kept = KeptStamp { size, note, response: stamp.response };
    StampFolder::new(&options.stamps).keep(&kept).map_err(|error| stamping(&error.into()))?;
    let (time, authority) = (stamp.stamped.time(), stamp.stamped.authority());
    let json = json!({
        "verdict": "stamped",
        "reason": null,
        "size": size,
        "time": time,
        "authority": authority,
    });
    Ok(Answer::new(json, format!("stamped: {size} entries at {time} by {authority}")))
}

/// What is wrong with the answer is a refusal; that there is none is no verdict.
fn stamping(error: &StampingError) -> Failure {
    match error {
        StampingError::Refused(error) => Failure::refused(error),
        _ => Failure::unusable(domain::Reason::reason(error), error),
    }
}

pub(super) const EXAMPLE: &str = "\
Example:
  cloister log stamp --policy policy.txt --url https://example.org/log \\
      --authority http://tsa.example.org/ --tsa-roots tsa.pem --stamps stamps

What is stamped is the whole note of the checkpoint with all its signatures, so the stamp holds for
the cosignatures, too. The response is as `openssl ts -verify -in` takes it:
  openssl ts -verify -in stamps/7.tsr -data stamps/7.checkpoint -CAfile tsa.pem";
