//! `cloister evidence`: look at attestation evidence, or decide on it as a broker does.
//!
//! One module per kind of evidence; the dispatch below names each of them.

mod azure;
mod cache;
mod fetch;
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
    /// Fetch what vendors publish about evidence into a folder; the one of these that uses a network
    #[command(after_help = fetch::EXAMPLE)]
    Fetch(fetch::FetchOptions),
    /// Say whether evidence is authentic, and what it claims; opens no release path
    #[command(after_help = INSPECT_EXAMPLE)]
    Inspect {
        #[command(flatten)]
        evidence: EvidenceOptions,
        /// production refuses what a release would refuse; archive only warns of what may have become
        /// of it since: never of signature, chain or form
        #[arg(long, default_value = "production")]
        profile: ProfileOption,
    },
    /// Decide on evidence: every expected value is compared
    #[command(after_help = VERIFY_EXAMPLE)]
    Verify {
        #[command(flatten)]
        evidence: EvidenceOptions,
        /// What the evidence must show (TOML, see below)
        #[arg(long)]
        expect: PathBuf,
    },
}

const INSPECT_EXAMPLE: &str = "Examples:
  cloister evidence inspect --kind snp --input report.bin --certs vcek.der --at 2026-11-20T12:00:00Z
  cloister evidence inspect --kind snp --input evidence.json --crl milan.crl --profile archive --json
  cloister evidence inspect --kind tdx --input quote.dat --collateral tcbInfo.json \\
      --collateral qeIdentity.json --crl root.crl --crl pck.crl --at 2026-11-20T12:00:00Z
  cloister evidence inspect --kind nvidia-gpu --input report.txt --certs chain.pem --collateral vbios.xml";

const VERIFY_EXAMPLE: &str = "Example:
  cloister evidence verify --kind snp --input evidence.json --crl milan.crl --expect expect.toml

What is expected:
  measurements = [\"…\"]     # 96 hexadecimal digits each, as printed by `measure snp`
  host_data = \"sha256:…\"   # digest of the launch manifest
  report_data = \"…\"        # 128 hexadecimal digits
  chips = \"any\"            # or a list of chip ids
  floors = \"minimum-tcb.toml\" # optional: stricter or newer than the built-in ones
  [rules.guest]              # optional: all of [rules] as [platform] in docs/cloister.toml

What is expected of a TDX guest; identities in hexadecimal, attributes as 0x…:
  measurements = [\"…\"]     # MRTD
  rtmrs = [\"…\", \"…\", \"…\", \"…\"]
  mrconfigid, mrowner, mrownerconfig, report_data, td_attributes, xfam
  modules = \"any\"          # or a list of MRSEAM
  families = \"any\"         # or a list of FMSPC
  platforms = \"any\"        # or a list of PPID
  tcb = \"minimum-tcb-intel.toml\" # optional: stricter or newer than the built-in one

What is expected of a machine on Azure (az-snp-vtpm), whose processor binds the claims of the TPM:
  measurements, host_data, chips, floors as above, and instead of report_data
  nonce = \"…\"              # hexadecimal: what the TPM's quote was asked for with
  pcrs = [[\"…\", …]]        # sets of 24 SHA-256 values, PCR 0 to 23; one set must match
For az-tdx-vtpm nonce and pcrs stand beside what a TDX guest has, again instead of report_data

What is expected of an SGX enclave; identities in hexadecimal as `evidence inspect` prints them:
  mrenclaves = \"any\"       # or a list of MRENCLAVE
  mrsigners = [\"…\"]        # MRSIGNER, at least one
  isv_prod_id = 1          # exactly
  isv_svn = 3              # at least, as config_svn = 0
  attributes = \"…\", attributes_mask = \"…\" # compared where the mask is 1
  isv_ext_prod_id, isv_family_id, config_id, misc_select, report_data # exactly
  families, platforms, tcb # as for a TDX guest

What is expected of GPUs; both reference manifests are given as --collateral:
  nonce = \"…\"              # 64 hexadecimal digits that the report was asked for with
  architecture = \"hopper\"  # or \"blackwell\"
  devices = \"any\"          # or a list of device numbers
  protected_pcie = \"disabled\" # or \"enabled\"";

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
