//! `cloister key`: the Ed25519 keys with which people sign, and keys of witnesses.

use std::path::PathBuf;

use clap::Subcommand;
use domain::Reason as _;
use domain::keys::SecretKey;
use serde_json::json;
use tlog::VerifierKey;
use witness::Signer;
use zeroize::Zeroizing;

use super::files::{public_key, write, write_secret};
use super::{Answer, Failure, Outcome};

/// Commands on keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key pair
    #[command(after_help = "Example:\n  cloister key generate --out alice.key --public alice.pem")]
    Generate {
        /// Where the private key goes (PKCS #8 PEM, readable by you alone); must not exist yet
        #[arg(long)]
        out: PathBuf,
        /// Where the public key goes (PEM), to hand out
        #[arg(long)]
        public: Option<PathBuf>,
    },
    /// Make an ML-DSA-44 key for `log witness`, which a quantum computer does not break
    #[command(
        after_help = "Example:\n  cloister key generate-ml-dsa --out witness.key\n\n`cloister log witness` prints the public key."
    )]
    GenerateMlDsa {
        /// Where the private key goes (PKCS #8 PEM, readable by you alone); must not exist yet
        #[arg(long)]
        out: PathBuf,
    },
    /// Print a public key in both of its forms
    #[command(
        after_help = "Examples:\n  cloister key show alice.pem\n  cloister key show ed25519:… --log example.org/log   # for a `log` line of a policy"
    )]
    Show {
        /// PEM file, private or public, or `ed25519:…`
        key: String,
        /// Also as the key of the log of this name (C2SP signed-note), as policies have it
        #[arg(long, value_name = "ORIGIN")]
        log: Option<String>,
    },
}

pub(super) fn run(command: KeyCommand) -> Outcome {
    match command {
        KeyCommand::Generate { out, public } => {
            let mut seed = Zeroizing::new([0; 32]);
            getrandom::fill(seed.as_mut_slice()).map_err(|error| {
                Failure::unusable_because("system.no-randomness", error.to_string())
            })?;
            let key = SecretKey::from_seed(&seed);
            write_secret(&out, key.to_pem().map_err(|error| malformed(&error))?.as_bytes())?;
            let pem = key.public().to_pem().map_err(|error| malformed(&error))?;
            if let Some(public) = public {
                write(&public, pem.as_bytes())?;
            }
            let text = format!("{}\nprivate key in {}", key.public(), out.display());
            Ok(Answer::new(json!({ "public": key.public(), "file": out }), text))
        }
        KeyCommand::GenerateMlDsa { out } => {
            let pem = Signer::generate_ml_dsa_44().and_then(|signer| signer.to_pem());
            let pem = pem.map_err(|error| Failure::unusable(error.reason(), &error))?;
            write_secret(&out, pem.as_bytes())?;
            let text = format!("private key in {}", out.display());
            Ok(Answer::new(json!({ "file": out }), text))
        }
        KeyCommand::Show { key, log } => {
            let key = public_key(&key)?;
            let pem = key.to_pem().map_err(|error| malformed(&error))?;
            let log = log.map(|name| VerifierKey::new(&name, key)).transpose();
            let log = log.map_err(|error| Failure::unusable(error.reason(), &error))?;
            let log = log.map(|log| log.to_string());
            let json = json!({ "public": key, "id": key.id(), "pem": pem, "log": log });
            let text = format!("{key}\n{pem}{}", log.unwrap_or_default());
            Ok(Answer::new(json, text))
        }
    }
}

fn malformed(error: &domain::keys::KeyError) -> Failure {
    Failure::unusable("key.malformed", error)
}
