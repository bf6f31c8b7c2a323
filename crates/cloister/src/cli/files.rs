//! Files that commands read and write.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use domain::Timestamp;
use domain::dsse::Envelope;
use domain::keys::{PublicKey, SecretKey};
use seal::DatasetSecret;
use seal::rand_core::UnwrapErr;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::Failure;

/// The operating system's randomness. A system without any ends the program.
pub(super) fn rng() -> UnwrapErr<getrandom::SysRng> {
    UnwrapErr(getrandom::SysRng)
}

/// 16 random bytes, for an identifier.
pub(super) fn random_id() -> Result<[u8; 16], Failure> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)
        .map_err(|error| Failure::unusable_because("system.no-randomness", error.to_string()))?;
    Ok(bits)
}

/// The machine's time, in whole seconds.
pub(super) fn now() -> Result<Timestamp, Failure> {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .and_then(|seconds| Timestamp::from_unix_seconds(seconds).ok())
        .ok_or_else(|| Failure::unusable_because("system.clock", "the machine's clock is not set"))
}

/// The bytes of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| unreadable(path, &error))
}

/// The text of a file.
pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

/// A JSON file.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    serde_json::from_slice(&read(path)?).map_err(|error| malformed(path, &error))
}

/// A TOML file.
pub(super) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    toml::from_str(&read_text(path)?).map_err(|error| malformed(path, &error))
}

/// Somebody's private key, as PEM.
pub(super) fn secret_key(path: &Path) -> Result<SecretKey, Failure> {
    let pem = Zeroizing::new(read_text(path)?);
    SecretKey::from_pem(&pem).map_err(|error| malformed(path, &error))
}

/// A public key: `ed25519:` and hexadecimal digits, or the path of a PEM file.
pub(super) fn public_key(text: &str) -> Result<PublicKey, Failure> {
    if text.starts_with("ed25519:") {
        return text.parse().map_err(|error| malformed(Path::new(text), &error));
    }
    let path = Path::new(text);
    let pem = Zeroizing::new(read_text(path)?);
    PublicKey::from_pem(&pem)
        .or_else(|_| SecretKey::from_pem(&pem).map(|key| key.public()))
        .map_err(|error| malformed(path, &error))
}

/// A dataset secret's key file.
pub(super) fn dataset_secret(path: &Path) -> Result<DatasetSecret, Failure> {
    let content = Zeroizing::new(read(path)?);
    DatasetSecret::from_key_file(&content).map_err(|error| malformed(path, &error))
}

/// Writes a file, replacing what is there.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    fs::write(path, content).map_err(|error| unwritable(path, &error))
}

/// Writes a file so that whoever reads it finds the old content or the new one, whatever happens.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|error| unwritable(path, &error))
}

/// Writes a new file that only its owner may read; one that exists is left as it is.
pub(super) fn write_secret(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|error| unwritable(path, &error))
}

/// A signed statement as JSON with a final line break.
pub(super) fn envelope_json(envelope: &Envelope) -> Result<String, Failure> {
    serde_json::to_string_pretty(envelope)
        .map(|json| format!("{json}\n"))
        .map_err(|error| Failure::unusable("input.malformed", &error))
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::unusable_because(
        "input.unreadable",
        format!("`{}` cannot be read: {error}", path.display()),
    )
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::unusable_because(
        "output.unwritable",
        format!("`{}` cannot be written: {error}", path.display()),
    )
}

/// A file that was read and is not what it should be.
pub(super) fn malformed(path: &Path, error: &dyn std::error::Error) -> Failure {
    let detail = format!("`{}` cannot be used: {}", path.display(), super::answer::chain(error));
    Failure::unusable_because("input.malformed", detail)
}
