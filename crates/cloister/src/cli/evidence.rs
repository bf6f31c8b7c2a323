//! `cloister evidence`: look at attestation evidence, or decide on it as a broker does.
//!
//! One module per kind of evidence; the dispatch below names each of them.

mod azure;
mod cache;
mod fetch;
mod help;
mod intel;
mod nvidia;
mod sgx;
mod snp;
mod tdx;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use domain::Timestamp;
use domain::claims::Trust;
use evidence::EvidenceError;
use evidence::snp::Profile;
use serde_json::{Value, json};

use super::files::{now, read};
use super::{Answer, Failure, Outcome};
use crate::Edition;

/// Commands on evidence.
#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// Fetch what vendors publish about evidence into a folder (uses a network)
    #[command(after_help = help::FETCH)]
    Fetch(fetch::FetchOptions),
    /// Say whether evidence is authentic, and what it claims; opens no release path
    #[command(after_help = help::INSPECT)]
    Inspect {
        #[command(flatten)]
        evidence: EvidenceOptions,
        /// production refuses what a release would refuse; archive only warns of what may have become
        /// of it since: never of signature, chain or form
        #[arg(long, default_value = "production")]
        profile: ProfileOption,
    },
    /// Decide on evidence: every expected value is compared
    #[command(after_help = help::VERIFY)]
    Verify {
        #[command(flatten)]
        evidence: EvidenceOptions,
        /// What the evidence must show (TOML, see below)
        #[arg(long)]
        expect: PathBuf,
    },
}

/// The evidence and what it is judged by.
#[derive(Debug, Args)]
pub struct EvidenceOptions {
    /// Which kind of hardware
    #[arg(long)]
    kind: Kind,
    /// The evidence: report or quote (raw, hexadecimal or base64), or JSON that holds it
    #[arg(long)]
    input: PathBuf,
    /// Certificates of the chain, DER or PEM; the vendor's published ones may be left out
    #[arg(long)]
    certs: Vec<PathBuf>,
    /// The vendor's revocation list (DER; for Intel also PEM, base64 or hexadecimal), repeatable
    #[arg(long)]
    crl: Vec<PathBuf>,
    /// Intel's collateral in any order: TCB info and QE identity as served, signing chains, lists, or
    /// the one file that dcap-qvl writes; for Azure also quotes, where they are files of their own;
    /// NVIDIA's reference manifests (XML)
    #[arg(long)]
    collateral: Vec<PathBuf>,
    /// The event log of the TDX guest (/sys/firmware/acpi/tables/data/CCEL): it must explain the RTMRs
    #[arg(long)]
    event_log: Option<PathBuf>,
    /// Folder that `evidence fetch` filled: what fits is taken from it, besides the options above
    #[arg(long)]
    cache: Option<PathBuf>,
    /// A deployment's trust file; only a laboratory's program reads a root from it
    #[arg(long)]
    trust: Option<PathBuf>,
    /// The time at which everything must be valid, RFC 3339; the machine's time if absent
    #[arg(long)]
    at: Option<Timestamp>,
}

/// Kinds of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// AMD SEV-SNP
    Snp,
    /// Intel TDX
    Tdx,
    /// Intel SGX
    Sgx,
    /// Azure: SEV-SNP behind a virtual TPM
    AzSnpVtpm,
    /// Azure: TDX behind a virtual TPM
    AzTdxVtpm,
    /// NVIDIA confidential computing
    NvidiaGpu,
}

impl EvidenceOptions {
    /// The time at which everything must be valid.
    fn at(&self) -> Result<Timestamp, Failure> {
        self.at.map_or_else(now, Ok)
    }

    /// An event log explains the RTMRs of a TDX quote and nothing else.
    fn check_event_log(&self) -> Result<(), Failure> {
        if self.event_log.is_some() && self.kind != Kind::Tdx {
            return Err(Failure::unusable_because(
                "evidence.event-log-kind",
                "`--event-log` is about the quote of a TDX guest: `--kind tdx`",
            ));
        }
        Ok(())
    }
}

/// How strictly to inspect.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ProfileOption {
    /// As a release would
    Production,
    /// As for a record of the past
    Archive,
}

impl From<ProfileOption> for Profile {
    fn from(option: ProfileOption) -> Self {
        match option {
            ProfileOption::Production => Self::Production,
            ProfileOption::Archive => Self::Archive,
        }
    }
}

pub(super) fn run(command: EvidenceCommand, edition: &Edition) -> Outcome {
    match command {
        EvidenceCommand::Fetch(options) => fetch::run(&options, edition),
        EvidenceCommand::Inspect { evidence, profile } => {
            inspect(&evidence, profile.into(), edition)
        }
        EvidenceCommand::Verify { evidence, expect } => verify(&evidence, &expect, edition),
    }
}

fn inspect(options: &EvidenceOptions, profile: Profile, edition: &Edition) -> Outcome {
    options.check_event_log()?;
    match options.kind {
        Kind::Snp => snp::inspect(options, profile, edition),
        Kind::Tdx => tdx::inspect(options, profile),
        Kind::Sgx => sgx::inspect(options, profile),
        Kind::AzSnpVtpm => azure::snp::inspect(options, profile, edition),
        Kind::AzTdxVtpm => azure::tdx::inspect(options, profile),
        Kind::NvidiaGpu => nvidia::inspect(options, profile),
    }
}

fn verify(options: &EvidenceOptions, expect: &Path, edition: &Edition) -> Outcome {
    options.check_event_log()?;
    match options.kind {
        Kind::Snp => snp::verify(options, expect, edition),
        Kind::Tdx => tdx::verify(options, expect),
        Kind::Sgx => sgx::verify(options, expect),
        Kind::AzSnpVtpm => azure::snp::verify(options, expect, edition),
        Kind::AzTdxVtpm => azure::tdx::verify(options, expect),
        Kind::NvidiaGpu => nvidia::verify(options, expect),
    }
}

/// The contents of files.
fn files(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
    paths.iter().map(|path| read(path)).collect()
}

fn slices(files: &[Vec<u8>]) -> Vec<&[u8]> {
    files.iter().map(Vec::as_slice).collect()
}

fn refused(error: &EvidenceError) -> Failure {
    use domain::Reason as _;
    let detail = super::answer::chain(error);
    let json = json!({
        "verdict": "refused",
        "reason": error.reason(),
        "detail": detail,
        "warnings": [],
        "claims": {},
    });
    Failure::Refused(Answer::new(json, format!("refused: {detail} ({})", error.reason())))
}

fn accepted(verdict: &str, trust: Trust, claims: Value, warnings: &[EvidenceError]) -> Answer {
    use domain::Reason as _;
    let codes: Vec<_> = warnings.iter().map(EvidenceError::reason).collect();
    let json = json!({
        "verdict": verdict,
        "reason": null,
        "platform": trust,
        "warnings": codes,
        "claims": claims,
    });
    let mut text = verdict.to_owned();
    if trust == Trust::Emulated {
        text.push_str(": emulated platform, not confidential");
    }
    for warning in warnings {
        text = format!("{text}\nwarning: {warning} ({})", warning.reason());
    }
    if let Value::Object(members) = claims {
        for (name, value) in members {
            text = format!("{text}\n{name:17} {value}");
        }
    }
    Answer::new(json, text)
}
