//! `cloister job`: a researcher's signed request and what becomes of it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::Digest;
use domain::ids::{JobId, PersonId, ProjectId};
use domain::launch::JobRequest;
use serde_json::json;

use super::files::{random_id, secret_key};
use super::server::ServerOptions;
use super::{Answer, Failure, Outcome};

/// Commands on jobs.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Sign a job request and hand it to the server
    #[command(
        after_help = "Example:\n  cloister job start --project visits-2026 --workload sha256:… --author alice --key alice.key"
    )]
    Start(Start),
    /// Show a job, or all
    #[command(after_help = "Example:\n  cloister job status job-… --json")]
    Status {
        /// The job
        job: Option<JobId>,
        #[command(flatten)]
        server: ServerOptions,
    },
    /// Stop a job
    #[command(after_help = "Example:\n  cloister job cancel job-…")]
    Cancel {
        /// The job
        job: JobId,
        #[command(flatten)]
        server: ServerOptions,
    },
}

/// What `start` needs.
#[derive(Debug, Args)]
pub struct Start {
    /// The approved project
    #[arg(long)]
    project: ProjectId,
    /// Which of its workloads, by digest
    #[arg(long)]
    workload: Digest,
    /// Your name in the project
    #[arg(long)]
    author: PersonId,
    /// Your private key (PEM)
    #[arg(long)]
    key: PathBuf,
    /// The job's name; repeating a request with the same name starts nothing new
    #[arg(long)]
    job: Option<JobId>,
    #[command(flatten)]
    server: ServerOptions,
}

pub(super) fn run(command: JobCommand) -> Outcome {
    match command {
        JobCommand::Start(options) => start(options),
        JobCommand::Status { job, server } => {
            let path = job.map_or("/v1/jobs".to_owned(), |job| format!("/v1/jobs/{job}"));
            server.connect()?.show(&path)
        }
        JobCommand::Cancel { job, server } => {
            let path = format!("/v1/jobs/{job}/cancel");
            let answer = server.connect()?.post(&path, &json!({}))?;
            let text = format!("{answer:#}");
            Ok(Answer::new(answer, text))
        }
    }
}

fn start(options: Start) -> Outcome {
    let job = match options.job {
        Some(job) => job,
        None => JobId::from_random(random_id()?),
    };
    let request = JobRequest {
        job,
        project: options.project,
        workload: options.workload,
        author: options.author,
    };
    let key = secret_key(&options.key)?;
    let envelope = request.sign(&key).map_err(|error| Failure::refused(&error))?;
    let answer = options.server.connect()?.post("/v1/jobs", &json!({ "request": envelope }))?;
    let text = format!("started {}\n{answer:#}", request.job);
    Ok(Answer::new(answer, text))
}
