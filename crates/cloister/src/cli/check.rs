//! `cloister output check`: the enclave's output checks, beforehand and offline.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use clap::Args;
use disclosure::{CheckReport, EntryKind, Limits, OutputEntry, Roles, Rules, Verdict};
use domain::Reason as _;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, openat, statat};

use super::files::{public_key, read};
use super::{Answer, Failure, Outcome};
use crate::sealing::read_manifest;

/// What `check` needs.
#[derive(Debug, Args)]
pub struct Check {
    /// The folder with what would be in /out
    dir: PathBuf,
    /// The project's output rules (TOML)
    #[arg(long)]
    rules: PathBuf,
    /// A sealed dataset's folder: its columns' roles apply. Without it every column counts as a
    /// quasi-identifier
    #[arg(long, requires = "signer")]
    dataset: Option<PathBuf>,
    /// Who signed the dataset: PEM file or `ed25519:…`
    #[arg(long, requires = "dataset")]
    signer: Option<String>,
}

pub(super) fn check(options: &Check) -> Outcome {
    let rules = Rules::parse(&read(&options.rules)?)
        .map_err(|error| Failure::unusable(error.reason(), &error))?;
    let roles = roles(options)?;
    let entries = walk(&options.dir, rules.limits()).map_err(|error| {
        let detail = format!("`{}` cannot be read: {error}", options.dir.display());
        Failure::unusable_because("input.unreadable", detail)
    })?;
    let checked = disclosure::check(&entries, &rules, &roles);
    let report = checked.report();
    let json = serde_json::to_value(report)
        .map_err(|error| Failure::unusable("input.malformed", &error))?;
    let answer = Answer::new(json, described(report));
    match report.verdict {
        Verdict::Passed => Ok(answer),
        Verdict::Refused => Err(Failure::Refused(answer)),
    }
}

fn roles(options: &Check) -> Result<Roles, Failure> {
    let (Some(dataset), Some(signer)) = (&options.dataset, &options.signer) else {
        return Ok(Roles::new());
    };
    let (_, signed) = read_manifest(dataset, &public_key(signer)?)
        .map_err(|error| Failure::unusable(error.reason(), &error))?;
    Ok(disclosure::roles_of(&signed.manifest().columns))
}

fn described(report: &CheckReport) -> String {
    let mut text = match report.verdict {
        Verdict::Passed => "passed".to_owned(),
        Verdict::Refused if report.files.is_empty() => "refused".to_owned(),
        Verdict::Refused => "refused in part".to_owned(),
    };
    for file in &report.files {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\npasses   {}: {} rows, smallest {}",
            file.name, file.rows, file.smallest
        );
    }
    for finding in &report.findings {
        let _ = write!(text, "\nrefused  {}: {} ({})", finding.file, finding.detail, finding.code);
    }
    if report.findings_left_off > 0 {
        let _ = write!(text, "\nand {} more findings", report.findings_left_off);
    }
    text
}

/// What is below `dir`, with the duties that `disclosure` gives a walker: no link is followed, no
/// device opened, nothing read that is over its limit.
fn walk(dir: &Path, limits: &Limits) -> io::Result<Vec<OutputEntry>> {
    let mut walk = Walk { limits, entries: Vec::new(), bytes: 0 };
    walk.folder(&openat(CWD, dir, FOLDER.difference(OFlags::NOFOLLOW), Mode::empty())?, &[], 1)?;
    Ok(walk.entries)
}

struct Walk<'a> {
    limits: &'a Limits,
    entries: Vec<OutputEntry>,
    bytes: u64,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &OwnedFd, path: &[u8], depth: u64) -> io::Result<()> {
        let mut names = Vec::new();
        for entry in Dir::read_from(folder)? {
            let name = entry?.file_name().to_owned();
            if !matches!(name.to_bytes(), b"." | b"..") {
                names.push(name);
            }
        }
        names.sort();
        for name in names {
            if self.is_full() {
                break;
            }
            let below: &[u8] = if path.is_empty() { b"" } else { b"/" };
            let path = [path, below, name.to_bytes()].concat();
            let found = statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW)?;
            let kind = match FileType::from_raw_mode(found.st_mode) {
                FileType::RegularFile => self.file(openat(folder, &name, FILE, Mode::empty())?)?,
                FileType::Directory => EntryKind::Directory,
                FileType::Symlink => EntryKind::Symlink,
                FileType::BlockDevice => EntryKind::BlockDevice,
                FileType::CharacterDevice => EntryKind::CharDevice,
                FileType::Fifo => EntryKind::Fifo,
                FileType::Socket => EntryKind::Socket,
                FileType::Unknown => EntryKind::Other,
            };
            let descend = kind == EntryKind::Directory && depth <= self.limits.max_depth;
            self.entries.push(OutputEntry { path: path.clone(), kind });
            if descend {
                let inner = openat(folder, &name, FOLDER, Mode::empty())?;
                self.folder(&inner, &path, depth.saturating_add(1))?;
            }
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.entries.len() as u64 > self.limits.max_files
            || self.bytes > self.limits.max_total_bytes
    }

    fn file(&mut self, file: OwnedFd) -> io::Result<EntryKind> {
        let found = fstat(&file)?;
        let size = u64::try_from(found.st_size).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(size);
        if size > self.limits.max_file_bytes {
            return Ok(EntryKind::TooLarge { bytes: size });
        }
        let mut bytes = Vec::new();
        File::from(file).take(self.limits.max_file_bytes).read_to_end(&mut bytes)?;
        Ok(EntryKind::Regular { bytes, links: found.st_nlink })
    }
}

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const FILE: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
