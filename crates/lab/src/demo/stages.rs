//! The stages in order.

use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use airlock::export::{self, Trust};
use domain::Reason as _;
use evidence::launch::VcpuType;
use evidence::snp::Roots;
use serde_json::json;

use super::figures::Figures;
use super::{Console, Options, jobs};
use crate::LabError;
use crate::edition::LAB;
use crate::serve;
use crate::workspace::{Sealed, Signed, Workspace, signed_workloads};

/// What the demo leaves behind.
#[derive(Debug)]
pub struct Outcome {
    /// The exports that verified.
    pub exports: Vec<PathBuf>,
    /// The keys with which anyone verifies them.
    pub trust: PathBuf,
}

pub(super) async fn run(
    options: &Options,
    folder: &Path,
    console: &Console,
) -> Result<Outcome, LabError> {
    console.say("Cloister demo: nine stages on the RAND Health Insurance Experiment.");
    console.say("EMULATED PLATFORM: nothing here is confidential; the dataset is public.\n");
    let launcher = serve::launcher(serve::this_program()?, None).await?;
    let sealed = sealed(folder, console)?;
    let bare_boot = if options.figures {
        Some(launcher.bare_boot(Duration::from_secs(60)).await?)
    } else {
        None
    };
    let measurement = launcher.image.expected_measurement(VCPUS, VcpuType::EPYC_V4)?;
    let serving = serve::Options::embedded(sealed.node_folder());
    // The services run while this is held.
    let (_node, served) = serve::start(&serving, launcher).await?;
    let workspace = sealed.join(served, measurement)?;

    let (image, component) = signed_workloads(folder)?;
    let workloads = [&image, &component];
    let proposal = approved(&workspace, &workloads, console).await?;
    let mut finished = Vec::new();
    for signed in workloads {
        finished.push(jobs::run(&workspace, &proposal.project, &signed.workload, console).await?);
    }
    let exports = released(&workspace, folder, workloads.len(), console).await?;
    let trust = audited(&workspace, folder, &exports, console)?;

    let figures = bare_boot.map(|bare| {
        let to_key: Vec<Duration> = finished.iter().map(|job| job.to_key).collect();
        let memory = finished.iter().map(|job| job.agent_memory_kib).max().unwrap_or(0);
        Figures::of(bare, &to_key, memory)
    });
    let outcome = Outcome { exports, trust };
    end(&outcome, figures.as_ref(), console);
    Ok(outcome)
}

fn sealed(folder: &Path, console: &Console) -> Result<Sealed, LabError> {
    let began = Instant::now();
    let sealed = Sealed::new(folder)?;
    let manifest = sealed.dataset.manifest();
    let what = format!(
        "{}: {} rows, {} columns; LUKS2 and dm-verity, {} blocks of ciphertext",
        manifest.id,
        manifest.rows,
        manifest.columns.len(),
        manifest.verity.data_blocks,
    );
    console.stage(1, "sealed", began.elapsed(), &what);
    console.detail(&format!("header {}", manifest.header_digest));
    console.detail(&format!("verity root {}", manifest.verity.root_hash));
    Ok(sealed)
}

async fn approved(
    workspace: &Workspace,
    workloads: &[&Signed],
    console: &Console,
) -> Result<domain::project::Proposal, LabError> {
    let began = Instant::now();
    let proposal = workspace.approved(workloads).await?;
    let what = "by 1 of 1 custodians: dataset, 2 workloads, image, rules, expiry";
    console.stage(2, "approved", began.elapsed(), what);
    let digest = proposal.digest().map_err(|_| LabError::Made("the proposal's digest"))?;
    console.detail(&format!("proposal {digest}"));
    console.detail(&format!("guest image {}", workspace.measurement));
    Ok(proposal)
}

/// Stages 7 and 8: two reviewers see and accept each output, and it leaves.
async fn released(
    workspace: &Workspace,
    folder: &Path,
    expected: usize,
    console: &Console,
) -> Result<Vec<PathBuf>, LabError> {
    console.say("\n  review and release");
    let outputs = workspace.outputs().await?;
    if outputs.len() != expected {
        let found = outputs.len().to_string();
        return Err(LabError::Unexpected { what: "outputs", expected: "one per job", found });
    }
    let mut exports = Vec::new();
    for output in &outputs {
        let began = Instant::now();
        workspace.accept(output).await?;
        let what = format!("{} accepted by two reviewers", output.files.join(", "));
        console.stage(7, "checked", began.elapsed(), &what);
        for file in &output.refused {
            console.detail(&format!("refused by name: {} ({})", file.name, file.reason));
        }
        let began = Instant::now();
        let (exported, file) = workspace.export(output).await?;
        let place = folder.join(format!("{}.zip", exported.export));
        fs::write(&place, &file).map_err(|error| LabError::File(place.clone(), error))?;
        let what =
            format!("{} bytes, receipt in the log at index {}", file.len(), exported.log_index);
        console.stage(8, "exported", began.elapsed(), &what);
        exports.push(place);
    }
    if outputs.iter().all(|output| output.refused.is_empty()) {
        let (found, expected) = ("nothing".to_owned(), "output.cell-below-threshold");
        return Err(LabError::Unexpected { what: "refused files", expected, found });
    }
    Ok(exports)
}

/// Stage 9: offline, with public keys alone. The trust file's path.
fn audited(
    workspace: &Workspace,
    folder: &Path,
    exports: &[PathBuf],
    console: &Console,
) -> Result<PathBuf, LabError> {
    let began = Instant::now();
    let trust = &workspace.served.trust;
    let path = folder.join("trust.json");
    let refused = |error| LabError::File(path.clone(), error);
    let json = serde_json::to_vec_pretty(trust).map_err(|error| refused(error.into()))?;
    fs::write(&path, json).map_err(refused)?;
    for export in exports {
        audit(export, trust)?;
    }
    let log = trust.log().map_err(|_| LabError::Made("the log's key"))?;
    let checkpoint =
        tlog_files::verify_folder(&workspace.log_folder(), &log, |_, _| ()).map_err(|error| {
            let found = error.reason().to_owned();
            LabError::Unexpected { what: "the log", expected: "verified", found }
        })?;
    let entries = checkpoint.checkpoint().size;
    let what = format!("{} exports and the log of {entries} entries verified", exports.len());
    console.stage(9, "audited", began.elapsed(), &what);
    console.detail("without the emulated root: refused, evidence.emulated-platform");
    console.detail("with one byte flipped: refused");
    Ok(path)
}

/// An export must verify here, must not under AMD's roots, and must not with a byte flipped.
fn audit(path: &Path, trust: &Trust) -> Result<(), LabError> {
    let file = fs::read(path).map_err(|error| LabError::File(path.to_owned(), error))?;
    export::verify(&file, trust, &(LAB.roots)(Some(trust))?)?;
    let verdict = |file: &[u8], roots: &Roots| match export::verify(file, trust, roots) {
        Ok(_) => "verified".to_owned(),
        Err(error) => error.reason().to_owned(),
    };
    let found = verdict(&file, &Roots::amd());
    if found != "evidence.emulated-platform" {
        let what = "the export under AMD's roots";
        return Err(LabError::Unexpected { what, expected: "evidence.emulated-platform", found });
    }
    let mut altered = file;
    let middle = altered.len() / 2;
    if let Some(byte) = altered.get_mut(middle) {
        *byte ^= 1;
    }
    let found = verdict(&altered, &(LAB.roots)(Some(trust))?);
    if found == "verified" {
        return Err(LabError::Unexpected { what: "an altered export", expected: "refused", found });
    }
    Ok(())
}

fn end(outcome: &Outcome, figures: Option<&Figures>, console: &Console) {
    let took = console.elapsed().as_secs_f64();
    let mut lines = vec![String::new()];
    lines.extend(figures.map(Figures::lines).unwrap_or_default());
    lines.push(format!("  done in {took:.1} s"));
    lines.extend(outcome.exports.iter().map(|path| format!("  {}", path.display())));
    lines.push(
        "  verified: every link holds, on the EMULATED platform (not confidential)".to_owned(),
    );
    lines.push(format!(
        "  again, offline: cloister-lab export verify FILE.zip --trust {}",
        outcome.trust.display()
    ));
    let value = json!({
        "verdict": "verified",
        "platform": "emulated",
        "exports": outcome.exports,
        "trust": outcome.trust,
        "seconds": took,
        "figures": figures,
    });
    console.end(&value, &lines);
}

/// As many as the launcher gives a guest.
const VCPUS: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
