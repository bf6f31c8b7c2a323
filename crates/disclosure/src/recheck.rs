//! The same check once more, by the airlock over a decrypted package.

use domain::{Digest, Reason};

use crate::check::{Checked, Released, decide};
use crate::entry::{EntryKind, OutputEntry};
use crate::finding::Located;
use crate::report::{CheckReport, Verdict};
use crate::roles::Roles;
use crate::rules::Rules;

/// Checks the files of a package again, as if nobody had: they must pass without a finding, be in
/// the canonical form byte for byte, and be the files that `claimed`, the report in the package,
/// says were released under these same rules and roles. The result holds `claimed`.
///
/// What `claimed` says of refused files cannot be checked again: they are not in the package.
///
/// # Errors
/// A [`RecheckError`] naming the first of these that does not hold.
pub fn recheck<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    claimed: &CheckReport,
    rules: &Rules,
    roles: &Roles,
) -> Result<Released, RecheckError> {
    let entries: Vec<OutputEntry> = files.into_iter().map(entry).collect();
    let (checked, first) = decide(&entries, rules, roles);
    consistent(claimed, checked.report())?;
    let released = match (checked, first) {
        (_, Some(found)) => return Err(refused(found)),
        (Checked::Refused(_), None) => return Err(RecheckError::ReportMismatch),
        (Checked::Released(released), None) => released,
    };
    for file in released.files() {
        let same = |entry: &OutputEntry| {
            entry.path == file.name().as_bytes() && content(entry) == Some(file.bytes())
        };
        if !entries.iter().any(same) {
            return Err(RecheckError::NotCanonical(file.name().to_owned()));
        }
    }
    if released.report().files != claimed.files {
        return Err(RecheckError::ReportMismatch);
    }
    Ok(released.under(claimed.clone()))
}

fn entry((name, bytes): (&str, &[u8])) -> OutputEntry {
    let kind = EntryKind::Regular { bytes: bytes.to_vec(), links: 1 };
    OutputEntry { path: name.as_bytes().to_vec(), kind }
}

fn content(entry: &OutputEntry) -> Option<&[u8]> {
    match &entry.kind {
        EntryKind::Regular { bytes, .. } => Some(bytes),
        _ => None,
    }
}

/// The claims that need no file: made under these rules and roles, and not against themselves.
fn consistent(claimed: &CheckReport, own: &CheckReport) -> Result<(), RecheckError> {
    let (expected, found) = (own.rules_digest, claimed.rules_digest);
    if expected != found {
        return Err(RecheckError::RulesMismatch { expected, found });
    }
    let (expected, found) = (own.roles_digest, claimed.roles_digest);
    if expected != found {
        return Err(RecheckError::RolesMismatch { expected, found });
    }
    let first = claimed.findings.first().map(|finding| &finding.code);
    let passed = claimed.verdict == Verdict::Passed;
    let bare = claimed.refused.is_empty() && claimed.findings_left_off == 0;
    let coherent = claimed.reason.as_ref() == first
        && passed == first.is_none()
        && (!passed || bare)
        && claimed.criteria == own.criteria;
    if coherent { Ok(()) } else { Err(RecheckError::ReportMismatch) }
}

fn refused(found: Located) -> RecheckError {
    RecheckError::Refused { code: found.problem.reason(), file: found.file }
}

/// Why the files of a package are not those that were released.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecheckError {
    /// A file passes, but is not in the form in which the gate writes it.
    #[error("file `{0}` is not in its canonical form")]
    NotCanonical(String),
    /// A file, or the package as a whole if the name is empty, does not pass the check.
    #[error("file `{file}` of the package does not pass the check: {code}")]
    Refused {
        /// The file.
        file: String,
        /// The first finding's code.
        code: &'static str,
    },
    /// The report names other files or contradicts itself.
    #[error("check report does not describe the files of the package")]
    ReportMismatch,
    /// The report was made under other column roles.
    #[error("check report was made under the column roles {found}, expected {expected}")]
    RolesMismatch {
        /// The digest of the roles given.
        expected: Digest,
        /// The digest in the report.
        found: Digest,
    },
    /// The report was made under other rules.
    #[error("check report was made under the rules {found}, expected {expected}")]
    RulesMismatch {
        /// The digest of the rules given.
        expected: Digest,
        /// The digest in the report.
        found: Digest,
    },
}

impl Reason for RecheckError {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotCanonical(_) => "output.not-canonical",
            Self::Refused { code, .. } => code,
            Self::ReportMismatch => "output.report-mismatch",
            Self::RolesMismatch { .. } => "output.roles-mismatch",
            Self::RulesMismatch { .. } => "output.rules-mismatch",
        }
    }
}
