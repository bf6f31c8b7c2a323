//! What a laboratory works on: the dataset, the rules, and two programs that real cosign signs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use domain::project::{Workload, WorkloadKind};
use serde::Deserialize;

use crate::LabError;

/// The compressed dataset that the project carries.
const DATASET: &[u8] = include_bytes!("../../../../images/demo-data/randhie.csv.xz");
/// What its custodian says about it.
pub(super) const DESCRIPTION: &str = include_str!("../../../../images/demo-data/dataset.toml");
/// What may leave (TOML).
pub const RULES: &[u8] = include_bytes!("../../../../policies/disclosure/demo.toml");

/// A program with its cosign signature.
#[derive(Debug)]
pub struct Signed {
    /// The program, as a proposal names it.
    pub workload: Workload,
    /// The image layout as a tar archive, or the component.
    pub program: PathBuf,
    /// The sigstore bundle.
    pub bundle: Vec<u8>,
}

/// Writes the plaintext table into `folder`.
pub(super) fn unpack_dataset(folder: &Path) -> Result<(), LabError> {
    let packed = folder.join("randhie.csv.xz");
    fs::write(&packed, DATASET).map_err(|error| LabError::File(packed.clone(), error))?;
    run("xz", Command::new("xz").arg("--decompress").arg(&packed))
}

/// The demo's two programs, signed by a key that is made for this run: the container, which is also
/// told to write a table that is too fine, and the component.
///
/// # Errors
/// [`LabError`] if they were not built or cosign is missing.
pub fn signed_workloads(folder: &Path) -> Result<(Signed, Signed), LabError> {
    let workloads = cache()?.join("workloads");
    let summary = workloads.join("workloads.json");
    let text = fs::read(&summary).map_err(|error| LabError::File(summary.clone(), error))?;
    let built: Built = serde_json::from_slice(&text)
        .map_err(|error| LabError::File(summary, io::Error::from(error)))?;
    let cosign = Cosign::new(folder)?;
    let image = Signed {
        workload: cosign.workload(
            "visits and spending by group",
            WorkloadKind::Container,
            built.analysis.digest,
            // Also writes a table that is too fine on purpose.
            vec!["--unsafe".to_owned()],
        ),
        program: workloads.join(&built.analysis.archive),
        bundle: cosign.sign(&workloads.join(&built.analysis.signed), "analysis")?,
    };
    let component = Signed {
        workload: cosign.workload(
            "visits by plan",
            WorkloadKind::Wasm,
            built.wasm_counts.digest,
            Vec::new(),
        ),
        program: workloads.join(&built.wasm_counts.file),
        bundle: cosign.sign(&workloads.join(&built.wasm_counts.file), "wasm-counts")?,
    };
    Ok((image, component))
}

/// Where images, workloads and tools were put by `cargo xtask`.
fn cache() -> Result<PathBuf, LabError> {
    let image = launcher::GuestImage::default_folder()?;
    Ok(image.parent().map(Path::to_owned).unwrap_or_default())
}

/// `workloads.json` of `cargo xtask workloads`, as far as the demo reads it.
#[derive(Deserialize)]
struct Built {
    analysis: BuiltImage,
    #[serde(rename = "wasm-counts")]
    wasm_counts: BuiltComponent,
}

#[derive(Deserialize)]
struct BuiltImage {
    archive: String,
    signed: String,
    digest: Digest,
}

#[derive(Deserialize)]
struct BuiltComponent {
    file: String,
    digest: Digest,
}

/// Debian's cosign with a key pair of its own.
#[derive(Debug)]
pub struct Cosign {
    program: PathBuf,
    folder: PathBuf,
    public_key: String,
}

impl Cosign {
    /// Makes a key pair in `folder`.
    ///
    /// # Errors
    /// [`LabError::Tool`].
    pub fn new(folder: &Path) -> Result<Self, LabError> {
        let program = cache()?.join("bin/cosign");
        let folder = folder.to_owned();
        let mut generate = Command::new(&program);
        generate.args(["generate-key-pair", "--output-key-prefix", "demo"]).current_dir(&folder);
        run("cosign", generate.env("COSIGN_PASSWORD", ""))?;
        let path = folder.join("demo.pub");
        let public_key = fs::read_to_string(&path).map_err(|error| LabError::File(path, error))?;
        Ok(Self { program, folder, public_key })
    }

    /// A workload for a proposal, to be signed by this key.
    #[must_use]
    pub fn workload(
        &self,
        name: &str,
        kind: WorkloadKind,
        digest: Digest,
        arguments: Vec<String>,
    ) -> Workload {
        let name = name.to_owned();
        Workload { name, kind, digest, signer: self.public_key.clone(), arguments }
    }

    /// The sigstore bundle over `file`.
    ///
    /// # Errors
    /// [`LabError::Tool`].
    pub fn sign(&self, file: &Path, name: &str) -> Result<Vec<u8>, LabError> {
        let bundle = self.folder.join(format!("{name}.bundle.json"));
        let mut sign = Command::new(&self.program);
        sign.args(["sign-blob", "--yes", "--new-bundle-format", "--tlog-upload=false"])
            .arg("--key")
            .arg(self.folder.join("demo.key"))
            .arg("--bundle")
            .arg(&bundle)
            .arg(file);
        run("cosign", sign.env("COSIGN_PASSWORD", ""))?;
        fs::read(&bundle).map_err(|error| LabError::File(bundle, error))
    }
}

/// Runs a tool and keeps what it prints for the case that it fails.
fn run(name: &'static str, command: &mut Command) -> Result<(), LabError> {
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| LabError::Tool(name, error))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(LabError::Tool(name, io::Error::other(said)))
}

/// Text in base64, as the messages between processes carry it.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
