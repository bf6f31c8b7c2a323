//! The same check once more, by the airlock over a decrypted package.

use domain::{Digest, Reason};

use crate::check::{Checked, Figures, Records, Released, Terms, decide};
use crate::entry::{EntryKind, OutputEntry};
use crate::finding::Located;
use crate::reader::Form;
use crate::releases::Footprints;
use crate::report::{CheckReport, Verdict};
use crate::roles::Roles;
use crate::rules::{Output, Rules, Shape};

/// A file of a package.
#[derive(Clone, Copy, Debug)]
pub struct PackedFile<'a> {
    /// Its name.
    pub name: &'a str,
    /// What leaves.
    pub content: &'a [u8],
    /// What was checked, where that is more: [`crate::CanonicalFile::checked`].
    pub checked: Option<&'a [u8]>,
}

/// Checks the files of a package again, as if nobody had: what was checked must pass without a
/// finding and make what leaves, byte for byte, and be the files that `claimed`, the report in the
/// package, says were released under these same rules and roles. `footprints` must say of each file
/// whose rules ask for it who is behind it, in agreement with its counts, and be those of the report.
/// The result holds `claimed`.
///
/// What `claimed` says of refused files cannot be checked again: they are not in the package.
///
/// # Errors
/// A [`RecheckError`] naming the first of these that does not hold.
pub fn recheck<'a>(
    files: impl IntoIterator<Item = PackedFile<'a>>,
    footprints: Option<&Footprints>,
    claimed: &CheckReport,
    rules: &Rules,
    roles: &Roles,
) -> Result<Released, RecheckError> {
    let files: Vec<PackedFile<'_>> = files.into_iter().collect();
    // A figure is drawn again, not read.
    let is_read = |file: &&PackedFile<'_>| {
        let figure = |output: &Output| matches!(output.shape(), Shape::Figure(_));
        !rules.output(file.name).is_some_and(figure)
    };
    let checked = |file: &PackedFile<'_>| entry(file.name, file.checked.unwrap_or(file.content));
    let entries: Vec<OutputEntry> = files.iter().filter(is_read).map(checked).collect();
    let (records, figures) = (Records::Found(footprints), files.iter().map(|file| file.name));
    let figures = Figures::Of(figures.collect());
    let terms = Terms { form: Form::Full, rules, roles, records, figures };
    let (checked, first) = decide(&entries, &terms);
    consistent(claimed, checked.report())?;
    let released = passed(checked, first)?;
    for file in released.files() {
        let same = |packed: &PackedFile<'_>| {
            (packed.name, packed.content, packed.checked)
                == (file.name(), file.bytes(), file.checked())
        };
        if !files.iter().any(same) {
            return Err(RecheckError::NotCanonical(file.name().to_owned()));
        }
    }
    let same = released.report().files == claimed.files
        && released.report().records_digest == claimed.records_digest
        && released.footprints() == footprints;
    if !same || released.files().len() != files.len() {
        return Err(RecheckError::ReportMismatch);
    }
    Ok(released.under(claimed.clone()))
}

/// Checks the files of an export, which hold nothing but what leaves: they must pass every check
/// that needs no more, without a finding, and be in the canonical form.
///
/// # Errors
/// [`RecheckError::Refused`], [`RecheckError::NotCanonical`], [`RecheckError::ReportMismatch`].
pub fn audit<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    rules: &Rules,
    roles: &Roles,
) -> Result<(), RecheckError> {
    let files: Vec<(&str, &[u8])> = files.into_iter().collect();
    let entries: Vec<OutputEntry> =
        files.iter().map(|(name, content)| entry(name, content)).collect();
    let figures = Figures::Of(files.iter().map(|(name, _)| *name).collect());
    let terms = Terms { form: Form::Released, rules, roles, records: Records::NotHere, figures };
    let (checked, first) = decide(&entries, &terms);
    let released = passed(checked, first)?;
    for file in released.files() {
        if !entries.contains(&entry(file.name(), file.bytes())) {
            return Err(RecheckError::NotCanonical(file.name().to_owned()));
        }
    }
    if released.files().len() == entries.len() { Ok(()) } else { Err(RecheckError::ReportMismatch) }
}

fn passed(checked: Checked, first: Option<Located>) -> Result<Released, RecheckError> {
    match (checked, first) {
        (_, Some(found)) => Err(refused(found)),
        (Checked::Refused(_), None) => Err(RecheckError::ReportMismatch),
        (Checked::Released(released), None) => Ok(released),
    }
}

fn entry(name: &str, bytes: &[u8]) -> OutputEntry {
    let kind = EntryKind::Regular { bytes: bytes.to_vec(), links: 1 };
    OutputEntry { path: name.as_bytes().to_vec(), kind }
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
