//! What is no plain file with a declared name is sorted out before anything is read.

use std::collections::BTreeSet;

use crate::canonical::CanonicalFile;
use crate::entry::{EntryKind, OutputEntry};
use crate::finding::{Findings, Located, Problem};
use crate::magic::{self, Foreign};
use crate::name;
use crate::rules::{Limits, Output, Rules};

/// Sorts out what is not a plain file with a declared name.
pub(super) fn screen<'a>(
    entries: &'a [OutputEntry],
    rules: &'a Rules,
) -> (Vec<(&'a Output, &'a [u8])>, Findings) {
    let mut findings = totals(entries, rules.limits());
    let mut candidates = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in entries {
        let printable = name::printable(&entry.path);
        let mut add = |problem| findings.push(Located::file(&printable, problem));
        let path = match name::parse(&entry.path, rules.limits().max_depth) {
            Ok(path) => Some(path),
            Err(error) => {
                add(Problem::Path(error));
                None
            }
        };
        if !seen.insert(entry.path.as_slice()) {
            add(Problem::PathTwice);
        }
        let Some(bytes) = plain_bytes(&entry.kind, rules.limits(), &mut add) else {
            continue;
        };
        let Some(path) = path else { continue };
        if !rules.allows_type_of(path) {
            add(Problem::FileType("the name's ending"));
        }
        match rules.output(path) {
            Some(output) => candidates.push((output, bytes)),
            None => add(Problem::Undeclared),
        }
    }
    (candidates, findings)
}

/// The bytes of a regular file that may be read as text; what else it is goes to `add`.
fn plain_bytes<'a>(
    kind: &'a EntryKind,
    limits: &Limits,
    add: &mut impl FnMut(Problem),
) -> Option<&'a [u8]> {
    let problem = match kind {
        EntryKind::Regular { bytes, links } => return regular(bytes, *links, limits, add),
        EntryKind::TooLarge { bytes } => file_too_large(*bytes, limits),
        EntryKind::Directory => return None,
        EntryKind::Symlink => Problem::Symlink,
        EntryKind::BlockDevice => Problem::SpecialFile("block device"),
        EntryKind::CharDevice => Problem::SpecialFile("character device"),
        EntryKind::Fifo => Problem::SpecialFile("named pipe"),
        EntryKind::Socket => Problem::SpecialFile("socket"),
        EntryKind::Other => Problem::SpecialFile("unknown kind of file"),
    };
    add(problem);
    None
}

fn regular<'a>(
    bytes: &'a [u8],
    links: u64,
    limits: &Limits,
    add: &mut impl FnMut(Problem),
) -> Option<&'a [u8]> {
    if links != 1 {
        add(Problem::HardLink(links));
    }
    let foreign = magic::sniff(bytes);
    match foreign {
        Some(Foreign::Archive(format)) => add(Problem::Archive(format)),
        Some(Foreign::Other(format)) => add(Problem::FileType(format)),
        None => {}
    }
    let too_large = length(bytes) > limits.max_file_bytes;
    if too_large {
        add(file_too_large(length(bytes), limits));
    }
    (foreign.is_none() && !too_large).then_some(bytes)
}

/// Numbers and bytes over all entries.
fn totals(entries: &[OutputEntry], limits: &Limits) -> Findings {
    let mut findings = Findings::default();
    let size = |entry: &OutputEntry| match &entry.kind {
        EntryKind::Regular { bytes, .. } => length(bytes),
        EntryKind::TooLarge { bytes } => *bytes,
        _ => 0,
    };
    let is_file = |entry: &OutputEntry| entry.kind != EntryKind::Directory;
    if !entries.iter().any(is_file) {
        findings.push(Located::whole(Problem::Empty));
    }
    let (found, limit) = (u64::try_from(entries.len()).unwrap_or(u64::MAX), limits.max_files);
    if found > limit {
        findings.push(Located::whole(Problem::TooManyFiles { found, limit }));
    }
    let total = entries.iter().map(size).fold(0, u64::saturating_add);
    if let Some(problem) = total_too_large(total, limits) {
        findings.push(Located::whole(problem));
    }
    findings
}

/// Rewriting a number in plain digits can lengthen it, so the limits hold for the result too.
pub(super) fn oversize(passed: &[CanonicalFile], limits: &Limits) -> Option<Located> {
    for file in passed {
        if length(file.bytes()) > limits.max_file_bytes {
            let problem = file_too_large(length(file.bytes()), limits);
            return Some(Located::file(file.name(), problem));
        }
    }
    let total = passed.iter().map(|file| length(file.bytes())).fold(0, u64::saturating_add);
    total_too_large(total, limits).map(Located::whole)
}

const fn file_too_large(found: u64, limits: &Limits) -> Problem {
    Problem::TooLarge { what: "bytes of one file", found, limit: limits.max_file_bytes }
}

fn total_too_large(found: u64, limits: &Limits) -> Option<Problem> {
    let limit = limits.max_total_bytes;
    (found > limit).then_some(Problem::TooLarge { what: "bytes of all files", found, limit })
}

pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
