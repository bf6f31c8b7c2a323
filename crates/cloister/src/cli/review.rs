//! Reviewing: the files are shown before a vote on them is signed.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use disclosure::CheckReport;
use domain::dsse::Envelope;
use domain::ids::{OutputId, PersonId};
use domain::keys::SecretKey;
use domain::output::OutputPackage;
use domain::review::{Review, Vote};
use domain::{Digest, canonical};
use serde_json::json;
use wire::airlock::{OutputContent, READ_OUTPUT_TYPE, ReadOutput};

use super::files::{now, secret_key};
use super::server::{AirlockOptions, ServerOptions};
use super::{Answer, Failure, Format, Outcome};

/// What `review` needs.
#[derive(Debug, Args)]
pub struct Reviewing {
    /// The output
    output: OutputId,
    /// Your name in the project
    #[arg(long)]
    reviewer: PersonId,
    /// Your private key (PEM)
    #[arg(long)]
    key: PathBuf,
    /// Your vote, if you have read the output before
    #[arg(long, requires = "package")]
    vote: Option<VoteOption>,
    /// Digest of the package that you have read
    #[arg(long, requires = "vote")]
    package: Option<Digest>,
    #[command(flatten)]
    airlock: AirlockOptions,
    #[command(flatten)]
    server: ServerOptions,
}

/// A vote on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum VoteOption {
    /// The output may leave
    Accept,
    /// It may not
    Reject,
}

impl From<VoteOption> for Vote {
    fn from(vote: VoteOption) -> Self {
        match vote {
            VoteOption::Accept => Self::Accept,
            VoteOption::Reject => Self::Reject,
        }
    }
}

pub(super) fn review(options: &Reviewing, format: Format) -> Outcome {
    let key = secret_key(&options.key)?;
    if let (Some(vote), Some(package)) = (options.vote, options.package) {
        return cast(options, &key, vote.into(), package);
    }
    let content = content(options, &key)?;
    let package = OutputPackage::from_bytes(&content.package)
        .map_err(|error| Failure::unusable("server.answer", &error))?;
    let digest = package.digest().map_err(|error| Failure::unusable("server.answer", &error))?;
    let files: Vec<_> = package
        .files
        .iter()
        .map(|file| json!({ "name": file.name, "content": file.content }))
        .collect();
    let json = json!({
        "verdict": "shown",
        "reason": null,
        "package": digest,
        "summary": content.summary,
        "report": package.report,
        "files": files,
    });
    let text = shown(&package, digest);
    if format == Format::Human && io::stdin().is_terminal() {
        eprintln!("{text}");
        return match asked()? {
            Some(vote) => cast(options, &key, vote, digest),
            None => Ok(Answer::new(json, "no vote was cast")),
        };
    }
    Ok(Answer::new(json, text))
}

/// The plaintext, asked for with a signature: it is for a reviewer of the project alone.
fn content(options: &Reviewing, key: &SecretKey) -> Result<OutputContent, Failure> {
    let request = ReadOutput {
        output: options.output.clone(),
        reviewer: options.reviewer.clone(),
        signed: now()?,
    };
    let payload = canonical::to_vec(&request)
        .map_err(|error| Failure::unusable("input.malformed", &error))?;
    let envelope = Envelope::sign(READ_OUTPUT_TYPE, &payload, key);
    let path = format!("/v0/outputs/{}/content", options.output);
    let answer = options.airlock.connect()?.post(&path, &json!(envelope))?;
    serde_json::from_value(answer).map_err(|error| Failure::unusable("server.answer", &error))
}

fn cast(options: &Reviewing, key: &SecretKey, vote: Vote, package: Digest) -> Outcome {
    let review = Review { package, reviewer: options.reviewer.clone(), vote, signed: now()? };
    let envelope = review.sign(key).map_err(|error| Failure::refused(&error))?;
    let path = format!("/v1/outputs/{}/reviews", options.output);
    let answer = options.server.connect()?.post(&path, &json!({ "review": envelope }))?;
    let text = format!("voted on {package}\n{answer:#}");
    Ok(Answer::new(answer, text))
}

/// The files for a person. Control characters, which could redraw a terminal, become escapes.
fn shown(package: &OutputPackage, digest: Digest) -> String {
    let mut text = String::new();
    if let Ok(report) = CheckReport::parse(package.report.as_bytes()) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "checks: {}", super::check::described(&report));
    }
    for file in &package.files {
        let _ = writeln!(text, "==== {} ({} bytes)", file.name, file.content.len());
        lines(&mut text, &file.content);
        if let Some(checked) = &file.checked {
            let _ = writeln!(text, "==== {} as it was checked; this does not leave", file.name);
            lines(&mut text, checked);
        }
    }
    let _ = write!(text, "====\nby {} for {}\npackage {digest}", package.author, package.project);
    text
}

/// Line by line, with what a terminal would not show spelled out.
fn lines(text: &mut String, content: &str) {
    for line in content.lines() {
        let _ = writeln!(text, "{}", line.escape_debug().to_string().replace("\\\"", "\""));
    }
}

fn asked() -> Result<Option<Vote>, Failure> {
    eprint!("accept, reject, or leave it? ");
    let mut line = String::new();
    io::stdin()
        .read_line(&mut line)
        .map_err(|error| Failure::unusable("input.unreadable", &error))?;
    Ok(match line.trim() {
        "accept" => Some(Vote::Accept),
        "reject" => Some(Vote::Reject),
        _ => None,
    })
}
