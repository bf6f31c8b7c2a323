//! `cloister dataset`: from plaintext to a sealed dataset that a broker holds the key of.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use domain::Reason as _;
use domain::dataset::SignedDataset;
use domain::dsse::Envelope;
use seal::{DatasetSecret, SealingPublicKey, WrappedDatasetKey};
use serde_json::json;
use wire::broker::RegisterDataset;

use super::files::{dataset_secret, malformed, now, public_key, rng, secret_key, write_secret};
use super::progress::percentages;
use super::server::ServerOptions;
use super::{Answer, Failure, Outcome};
use crate::sealing::{
    DatasetDescription, SealingError, check_secret, read_manifest, seal_folder, verify_folder,
};

/// Commands on datasets.
#[derive(Debug, Subcommand)]
pub enum DatasetCommand {
    /// Encrypt a folder of files and sign what it is
    ///
    /// The plaintext file system is built in a nameless file beside DIR, which needs as much room as
    /// the data; it is gone when the command ends, in whatever way it ends.
    #[command(after_help = SEAL_EXAMPLE)]
    Seal(Seal),
    /// Check signature, header and every block of a sealed dataset
    #[command(after_help = "Example:\n  cloister dataset verify sealed --signer custodian.pem")]
    Verify(Sealed),
    /// Check that a key file opens a sealed dataset
    #[command(
        after_help = "Example:\n  cloister dataset check-key sealed --signer custodian.pem --key dataset.key"
    )]
    CheckKey {
        #[command(flatten)]
        sealed: Sealed,
        /// The dataset's key file
        #[arg(long)]
        key: PathBuf,
    },
    /// Wrap a dataset's key to a broker and print the registration
    #[command(after_help = WRAP_EXAMPLE)]
    Wrap(Box<Wrap>),
    /// Wrap a dataset's key to a broker and register the dataset
    #[command(
        after_help = "Example:\n  cloister dataset register sealed --signer custodian.pem --key dataset.key --broker xwing:…"
    )]
    Register {
        #[command(flatten)]
        wrap: Box<Wrap>,
        /// Name of the sealed folder on the server, if it is not that of DIR
        #[arg(long)]
        folder: Option<String>,
        #[command(flatten)]
        server: ServerOptions,
    },
}

const SEAL_EXAMPLE: &str = "Example:
  cloister dataset seal ./people --out sealed --key people.secret \\
      --description people.toml --signer custodian.key

The description:
  id = \"people\"
  title = \"People of the 2026 survey\"
  description = \"Who was asked, when, under which terms\"
  classification = \"confidential\"   # public, internal, confidential, highly-confidential
  custodians = [\"custodian.pem\"]    # PEM files or ed25519:… keys
  threshold = 1                       # how many of them must approve a use
  separator = \",\"                    # of .csv files
  [columns.age]
  role = \"quasi-identifier\"          # identifier, quasi-identifier, sensitive, public
  kind = \"numeric\"                   # categorical, ordered, numeric";

const WRAP_EXAMPLE: &str = "Example:
  cloister dataset wrap sealed --signer custodian.pem --key people.secret --broker xwing:…";

/// What `seal` needs.
#[derive(Debug, Args)]
pub struct Seal {
    /// The folder with the plaintext files
    source: PathBuf,
    /// Where the sealed dataset goes
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The dataset's key file, 32 random bytes; made if it does not exist. Keep it apart from DIR
    #[arg(long)]
    key: PathBuf,
    /// What the dataset is (TOML, see below)
    #[arg(long)]
    description: PathBuf,
    /// The custodian's private key (PEM)
    #[arg(long)]
    signer: PathBuf,
}

/// A sealed dataset and who must have signed it.
#[derive(Debug, Args)]
pub struct Sealed {
    /// The sealed dataset's folder
    dir: PathBuf,
    /// The custodian's public key: PEM file or `ed25519:…`
    #[arg(long)]
    signer: String,
}

/// What `wrap` needs.
#[derive(Debug, Args)]
pub struct Wrap {
    #[command(flatten)]
    sealed: Sealed,
    /// The dataset's key file
    #[arg(long)]
    key: PathBuf,
    /// The broker's sealing key, `xwing:…`, from a place that you trust
    #[arg(long)]
    broker: SealingPublicKey,
}

pub(super) fn run(command: DatasetCommand) -> Outcome {
    match command {
        DatasetCommand::Seal(options) => seal(&options),
        DatasetCommand::Verify(sealed) => {
            let signer = public_key(&sealed.signer)?;
            let dataset = verify_folder(&sealed.dir, &signer, &mut percentages("verifying"));
            Ok(described("verified", &sealed.dir, &dataset.map_err(failure)?, &[]))
        }
        DatasetCommand::CheckKey { sealed, key } => {
            let (_, dataset) = manifest(&sealed)?;
            check_secret(&sealed.dir, &dataset, &dataset_secret(&key)?).map_err(failure)?;
            Ok(described("opens", &sealed.dir, &dataset, &[]))
        }
        DatasetCommand::Wrap(options) => {
            let registration = wrapped(&options)?;
            let json = serde_json::to_value(&registration)
                .map_err(|error| Failure::unusable("input.malformed", &error))?;
            let text = format!("{json:#}");
            Ok(Answer::new(json, text))
        }
        DatasetCommand::Register { wrap, folder, server } => register(&wrap, folder, &server),
    }
}

fn seal(options: &Seal) -> Outcome {
    let description = DatasetDescription::read(&options.description)
        .map_err(|error| Failure::unusable(error.reason(), &error))?;
    let signer = secret_key(&options.signer)?;
    let secret = secret_or_new(&options.key)?;
    let dataset = seal_folder(
        &options.source,
        &options.out,
        &secret,
        &description,
        &signer,
        now()?,
        &mut rng(),
        &mut percentages("sealing"),
    )
    .map_err(failure)?;
    let warnings: Vec<_> = description
        .undescribed(dataset.manifest())
        .into_iter()
        .map(|column| format!("column `{column}` is not described: taken for a quasi-identifier"))
        .collect();
    Ok(described("sealed", &options.out, &dataset, &warnings))
}

fn secret_or_new(path: &Path) -> Result<DatasetSecret, Failure> {
    if path.exists() {
        return dataset_secret(path);
    }
    let secret = DatasetSecret::draw(&mut rng());
    write_secret(path, secret.expose())?;
    Ok(secret)
}

fn manifest(sealed: &Sealed) -> Result<(Envelope, SignedDataset), Failure> {
    read_manifest(&sealed.dir, &public_key(&sealed.signer)?).map_err(failure)
}

/// The registration, once the key is known to open the dataset.
fn wrapped(options: &Wrap) -> Result<RegisterDataset, Failure> {
    let (manifest, dataset) = manifest(&options.sealed)?;
    let secret = dataset_secret(&options.key)?;
    check_secret(&options.sealed.dir, &dataset, &secret).map_err(failure)?;
    let wrapped = WrappedDatasetKey::wrap(&secret, &options.broker, &dataset.digest(), &mut rng())
        .map_err(|error| Failure::refused(&error))?;
    let wrapped_key = serde_json::to_value(&wrapped)
        .ok()
        .and_then(|text| text.as_str().map(str::to_owned))
        .ok_or_else(|| malformed(&options.key, &std::fmt::Error))?;
    Ok(RegisterDataset { manifest, signer: dataset.signer(), wrapped_key })
}

fn register(options: &Wrap, folder: Option<String>, server: &ServerOptions) -> Outcome {
    let registration = wrapped(options)?;
    let own_name = || {
        let path = options.sealed.dir.canonicalize().ok()?;
        Some(path.file_name()?.to_str()?.to_owned())
    };
    let folder = folder.or_else(own_name).ok_or_else(|| {
        Failure::unusable_because("input.folder", "the folder has no name; give `--folder`")
    })?;
    let body = json!({
        "manifest": registration.manifest,
        "signer": registration.signer,
        "wrapped_key": registration.wrapped_key,
        "folder": folder,
    });
    let answer = server.connect()?.post("/v1/datasets", &body)?;
    let text = format!("registered\n{answer:#}");
    Ok(Answer::new(answer, text))
}

fn described(verdict: &str, dir: &Path, dataset: &SignedDataset, warnings: &[String]) -> Answer {
    let manifest = dataset.manifest();
    let bytes = manifest.verity.data_blocks.get() * 4096;
    let json = json!({
        "verdict": verdict,
        "reason": null,
        "digest": dataset.digest(),
        "folder": dir,
        "id": manifest.id,
        "title": manifest.title,
        "rows": manifest.rows,
        "columns": manifest.columns.len(),
        "bytes": bytes,
        "signer": dataset.signer(),
        "created": manifest.created,
        "warnings": warnings,
    });
    let mut text = format!(
        "{verdict}: {} ({}), {} rows, {} columns, {bytes} bytes\n{}",
        manifest.id,
        manifest.title,
        manifest.rows,
        manifest.columns.len(),
        dataset.digest(),
    );
    for warning in warnings {
        text.push_str("\nwarning: ");
        text.push_str(warning);
    }
    Answer::new(json, text)
}

/// What cannot be read or run is no verdict on the dataset.
fn failure(error: SealingError) -> Failure {
    match error {
        SealingError::File(..)
        | SealingError::Mkfs(_)
        | SealingError::MkfsMissing(_)
        | SealingError::Description(_)
        | SealingError::Seal(seal::Error::Io(_)) => Failure::unusable(error.reason(), &error),
        _ => Failure::refused(&error),
    }
}
