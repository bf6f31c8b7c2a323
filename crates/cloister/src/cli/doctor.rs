//! `cloister doctor`: what this machine can do, and what to install.

use std::fs::OpenOptions;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clap::Args;
use evidence::launch::VcpuType;
use launcher::GuestImage;
use reqwest::StatusCode;
use serde::Serialize;
use serde_json::json;
use tlog::Policy;
use tlog::policy::PolicyWitness;

use super::files::{malformed, read_text};
use super::server::runtime;
use super::{Answer, Failure, Outcome, answer};

/// What `doctor` needs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cloister doctor --json")]
pub struct DoctorOptions {
    /// The guest image's folder; that of `make image` if absent
    #[arg(long)]
    image: Option<PathBuf>,
    /// The policy of the log's witnesses, to see whether they answer
    #[arg(long, value_name = "FILE")]
    witnesses: Option<PathBuf>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    name: &'static str,
    /// Nothing runs without it.
    required: bool,
    ok: bool,
    detail: String,
    /// What to do if it is not there.
    advice: Option<&'static str>,
}

pub(super) fn run(options: &DoctorOptions) -> Outcome {
    let mut findings = vec![
        program("qemu", true, "qemu-system-x86_64", "--version", "install `qemu-system-x86`"),
        program("setpriv", true, "setpriv", "--version", "install `util-linux`"),
        program("erofs-utils", true, "mkfs.erofs", "--help", "install `erofs-utils`"),
        program(
            "cryptsetup",
            false,
            "cryptsetup",
            "--version",
            "install `cryptsetup-bin` to open sealed datasets with stock tools",
        ),
        kvm(),
        tsm(),
        image(options.image.as_deref()),
        disk(),
    ];
    if let Some(policy) = &options.witnesses {
        findings.extend(witnesses(policy)?);
    }
    let missing: Vec<_> = findings.iter().filter(|f| f.required && !f.ok).map(|f| f.name).collect();
    let text = findings.iter().map(line).collect::<Vec<_>>().join("\n");
    if missing.is_empty() {
        let json = json!({ "verdict": "ready", "reason": null, "findings": findings });
        return Ok(Answer::new(json, format!("{text}\nready")));
    }
    let json = json!({
        "verdict": "refused",
        "reason": "doctor.not-ready",
        "missing": missing,
        "findings": findings,
    });
    let text = format!("{text}\nnot ready: {} missing", missing.join(", "));
    Err(Failure::Refused(Answer::new(json, text)))
}

fn line(finding: &Finding) -> String {
    let mark = match (finding.ok, finding.required) {
        (true, _) => "ok     ",
        (false, true) => "missing",
        (false, false) => "absent ",
    };
    let advice = finding.advice.filter(|_| !finding.ok);
    let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
    format!("{mark} {:12} {}{advice}", finding.name, finding.detail)
}

fn program(
    name: &'static str,
    required: bool,
    program: &str,
    argument: &str,
    advice: &'static str,
) -> Finding {
    // Administrators' programs are not on everybody's path.
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let ran = Command::new(program).arg(argument).env("PATH", path).output();
    let detail = match &ran {
        Ok(output) => {
            let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
            String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned()
        }
        Err(error) => format!("`{program}` does not start: {error}"),
    };
    Finding { name, required, ok: ran.is_ok(), detail, advice: Some(advice) }
}

fn kvm() -> Finding {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/kvm");
    let detail = match &opened {
        Ok(_) => "/dev/kvm can be opened".to_owned(),
        Err(error) => format!("/dev/kvm: {error}"),
    };
    let advice = Some("guests are emulated in software, some ten times slower");
    Finding { name: "kvm", required: false, ok: opened.is_ok(), detail, advice }
}

fn tsm() -> Finding {
    let path = Path::new("/sys/kernel/config/tsm/report");
    let ok = path.exists();
    let detail = if ok { "this is a confidential guest" } else { "this is no confidential guest" };
    Finding { name: "tsm", required: false, ok, detail: detail.to_owned(), advice: None }
}

fn image(folder: Option<&Path>) -> Finding {
    let measured = || {
        let folder = folder.map_or_else(GuestImage::default_folder, |path| Ok(path.to_owned()))?;
        let image = GuestImage::open(&folder)?;
        let vcpus = NonZeroU32::MIN.saturating_add(1);
        image.expected_measurement(vcpus, VcpuType::EPYC_V4)
    };
    let measured: Result<_, launcher::LauncherError> = measured();
    let detail = match &measured {
        Ok(measurement) => format!("measurement {measurement} with 2 EPYC-v4"),
        Err(error) => answer::chain(error),
    };
    let advice = Some("run `make image`");
    Finding { name: "guest image", required: true, ok: measured.is_ok(), detail, advice }
}

fn disk() -> Finding {
    let free = rustix::fs::statvfs(".").map(|found| found.f_bavail.saturating_mul(found.f_frsize));
    let ok = free.is_ok_and(|bytes| bytes >= ENOUGH_BYTES);
    let detail = match free {
        Ok(bytes) => format!("{} MiB free in the current folder", bytes >> 20),
        Err(error) => error.to_string(),
    };
    let advice = Some("free 2 GiB: guests and sealing need room");
    Finding { name: "disk", required: false, ok, detail, advice }
}

/// Each witness of the policy. A request that is none is enough: whoever refuses it is there.
fn witnesses(path: &Path) -> Result<Vec<Finding>, Failure> {
    let policy: Policy = read_text(path)?.parse().map_err(|error| malformed(path, &error))?;
    let client =
        channel::web_client().map_err(|error| Failure::unusable("server.client", &error))?;
    let runtime = runtime()?;
    let finding = |witness: &PolicyWitness| {
        let url = witness.url.as_deref().unwrap_or("(no URL in the policy)");
        let place = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        let request = client.post(place).timeout(WITNESS_TIMEOUT).body("");
        let answer = runtime.block_on(async { request.send().await });
        let ok = answer.as_ref().is_ok_and(|answer| answer.status() == StatusCode::BAD_REQUEST);
        let said = match answer {
            Ok(answer) if ok => format!("refuses an empty request, {}", answer.status()),
            Ok(answer) => format!("answers {}", answer.status()),
            Err(error) => answer::chain(&error.without_url()),
        };
        let detail = format!("{} at {url} {said}", witness.name);
        let advice = Some("without a quorum of witnesses nothing is released");
        Finding { name: "witness", required: false, ok, detail, advice }
    };
    Ok(policy.witnesses().iter().map(finding).collect())
}

const WITNESS_TIMEOUT: Duration = Duration::from_secs(5);
const ENOUGH_BYTES: u64 = 2 << 30;
