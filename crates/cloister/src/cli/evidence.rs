//! `cloister evidence`: look at attestation evidence, or decide on it as a broker does.

mod azure;
mod intel;
mod nvidia;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use airlock::export::Trust as TrustFile;
use clap::{Args, Subcommand, ValueEnum};
use domain::claims::{ChipId, HostData, Measurement, ReportData, Trust};
use domain::{Digest, Timestamp};
use evidence::EvidenceError;
use evidence::snp::{
    Chips, Crl, Expected, Measurements, PlatformRules, Profile, Roots, SnpEvidence, TcbFloors,
    inspect, read_evidence, verify,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::files::{malformed, now, read, read_json, read_text, read_toml};
use super::{Answer, Failure, Outcome};
use crate::Edition;

/// Commands on evidence.
#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
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
For az-tdx-vtpm nonce and pcrs stand beside what a TDX guest has, again instead of report_data";

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
    /// A deployment's trust file; only a laboratory's program reads a root from it
    #[arg(long)]
    trust: Option<PathBuf>,
    /// The time at which everything must be valid, RFC 3339; the machine's time if absent
    #[arg(long)]
    at: Option<Timestamp>,
}

impl EvidenceOptions {
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

impl Kind {
    const fn is_azure(self) -> bool {
        matches!(self, Self::AzSnpVtpm | Self::AzTdxVtpm)
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

pub(super) fn run(command: EvidenceCommand, edition: &Edition) -> Outcome {
    match command {
        EvidenceCommand::Inspect { evidence, profile } => {
            evidence.check_event_log()?;
            let profile = match profile {
                ProfileOption::Production => Profile::Production,
                ProfileOption::Archive => Profile::Archive,
            };
            if let Some(tee) = intel::tee(evidence.kind) {
                return intel::inspect(&evidence, tee, profile);
            }
            if evidence.kind.is_azure() {
                return azure::inspect(&evidence, profile, edition);
            }
            if evidence.kind == Kind::NvidiaGpu {
                return nvidia::inspect(&evidence, profile);
            }
            let input = Input::read(&evidence, edition)?;
            let crls: Vec<_> = input.crls.iter().map(Vec::as_slice).collect();
            let floors = TcbFloors::published().map_err(|error| refused(&error))?;
            let inspected =
                inspect(&input.evidence, &floors, profile, &input.roots, &crls, input.at)
                    .map_err(|error| refused(&error))?;
            let claims = inspected.claims();
            let trust = claims.platform.trust();
            Ok(accepted("authentic", trust, json!(claims), inspected.warnings()))
        }
        EvidenceCommand::Verify { evidence, expect } => {
            evidence.check_event_log()?;
            if evidence.kind == Kind::Tdx {
                return intel::verify(&evidence, &expect);
            }
            if evidence.kind.is_azure() {
                return azure::verify(&evidence, &expect, edition);
            }
            let expected = expected(&expect)?;
            let input = Input::read(&evidence, edition)?;
            let crl = match input.crls.as_slice() {
                [] => Crl::EmulatedNone,
                [crl] => Crl::Given(crl),
                _ => return Err(Failure::unusable_because("evidence.crls", "give one `--crl`")),
            };
            let claims = verify(&input.evidence, &expected, &input.roots, crl, input.at)
                .map_err(|error| refused(&error))?;
            Ok(accepted("verified", claims.get().platform.trust(), json!(claims.get()), &[]))
        }
    }
}

struct Input {
    evidence: SnpEvidence,
    crls: Vec<Vec<u8>>,
    roots: Roots,
    at: Timestamp,
}

impl Input {
    fn read(options: &EvidenceOptions, edition: &Edition) -> Result<Self, Failure> {
        if options.kind != Kind::Snp {
            return Err(Failure::unusable_because(
                "evidence.unsupported-kind",
                "this version verifies SEV-SNP and TDX, also on Azure, and inspects SGX and NVIDIA",
            ));
        }
        if !options.collateral.is_empty() {
            return Err(Failure::unusable_because(
                "evidence.collateral",
                "evidence of the kind `snp` has no collateral; give lists as `--crl`",
            ));
        }
        let files =
            |paths: &[PathBuf]| paths.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>();
        let input = read(&options.input)?;
        let (certificates, crls) = (files(&options.certs)?, files(&options.crl)?);
        let trust = options.trust.as_deref().map(read_json::<TrustFile>).transpose()?;
        let roots = (edition.roots)(trust.as_ref()).map_err(|error| refused(&error))?;
        let at = options.at.map_or_else(now, Ok)?;
        let certificates: Vec<_> = certificates.iter().map(Vec::as_slice).collect();
        let evidence = read_evidence(&input, &certificates).map_err(|error| refused(&error))?;
        Ok(Self { evidence, crls, roots, at })
    }
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

/// The file of `--expect`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpected {
    measurements: BTreeSet<Measurement>,
    host_data: Digest,
    report_data: ReportData,
    chips: RawChips,
    floors: Option<PathBuf>,
    #[serde(default = "PlatformRules::none")]
    rules: PlatformRules,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawChips {
    Word(AnyChip),
    Listed(BTreeSet<ChipId>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AnyChip {
    Any,
}

fn expected(path: &Path) -> Result<Expected, Failure> {
    let raw: RawExpected = read_toml(path)?;
    let unusable = |error: EvidenceError| malformed(path, &error);
    Ok(Expected {
        measurements: Measurements::new(raw.measurements).map_err(unusable)?,
        host_data: HostData::from(raw.host_data),
        report_data: raw.report_data,
        floors: floors(path, raw.floors)?,
        chips: raw.chips.into(),
        rules: raw.rules,
    })
}

impl From<RawChips> for Chips {
    fn from(chips: RawChips) -> Self {
        match chips {
            RawChips::Word(AnyChip::Any) => Self::Any,
            RawChips::Listed(chips) => Self::Listed(chips),
        }
    }
}

/// The floors that the file `expect` names, beside it, or the built-in ones.
fn floors(expect: &Path, named: Option<PathBuf>) -> Result<TcbFloors, Failure> {
    let folder = expect.parent().unwrap_or(Path::new("."));
    let floors = match named {
        Some(floors) => TcbFloors::from_toml(&read_text(&folder.join(floors))?),
        None => TcbFloors::published(),
    };
    floors.map_err(|error| malformed(expect, &error))
}
