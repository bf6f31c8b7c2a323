//! The folder in which `evidence fetch` keeps what vendors publish, and from which inspections and
//! decisions take what fits (docs/evidence-cache.md). Names come from a fixed alphabet; nothing that a
//! server sent is part of one.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use domain::Digest;
use evidence::EvidenceError;
use evidence::intel::{Collateral, Quote, Root, pcs};
use evidence::snp::{Report, kds};
use tempfile::{NamedTempFile, PersistError};

use crate::cli::Failure;
use crate::cli::files::{unreadable, unwritable};

/// The folder.
pub(super) struct Cache(PathBuf);

impl Cache {
    /// One to fill: it need not be there yet.
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// One to take from. A folder that is not there is a slip of the pen, not an empty cache.
    fn open(folder: &Path) -> Result<Self, Failure> {
        fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        Ok(Self::new(folder))
    }

    /// A file, if it is there.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let path = self.0.join(name);
        match fs::read(&path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(&path, &error)),
        }
    }

    /// Puts a file there, whole or not at all.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), Failure> {
        let path = self.0.join(name);
        let folder = path.parent().unwrap_or(&self.0);
        // CRASH: before the rename the old file is there, after it the new one; a file under a
        // temporary name is never read.
        stage(folder, content)
            .and_then(|staged| staged.persist(&path).map_err(|PersistError { error, .. }| error))
            .and_then(|_| fs::File::open(folder)?.sync_all())
            .map_err(|error| unwritable(&path, &error))
    }

    /// Puts a chain of Intel's there, under its digest: an old document keeps the chain that it was
    /// signed with.
    pub(super) fn write_chain(&self, pem: &[u8]) -> Result<(), Failure> {
        let digest = Digest::of(pem);
        self.write(&format!("{CHAINS}/{}.pem", hex::encode(digest.as_bytes())), pem)
    }

    /// The chains of Intel's.
    pub(super) fn chains(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let folder = self.0.join(CHAINS);
        let unreadable = |error: io::Error| unreadable(&folder, &error);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut chains = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "pem") {
                chains.push(crate::cli::files::read(&path)?);
            }
        }
        Ok(chains)
    }
}

/// The content on the disk, under a name that nobody looks for.
fn stage(folder: &Path, content: &[u8]) -> io::Result<NamedTempFile> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(Permissions::from_mode(0o644)) // public data, for services of other users
        .tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// What the folder has for a report of AMD's: certificates and lists.
#[derive(Default)]
pub(super) struct ForReport {
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) lists: Vec<Vec<u8>>,
}

impl ForReport {
    /// A report that cannot be read, or does not name its processor, has nothing here: what is wrong
    /// with it is the verification's to say.
    pub(super) fn find(
        folder: Option<&Path>,
        report: Result<Report, EvidenceError>,
    ) -> Result<Self, Failure> {
        let mut found = Self::default();
        let Some(cache) = folder.map(Cache::open).transpose()? else { return Ok(found) };
        let Ok(report) = report else { return Ok(found) };
        let items = report.generation().and_then(|generation| match generation {
            Some(generation) => kds::needs(&report, generation),
            None => Ok(Vec::new()),
        });
        for item in items.unwrap_or_default() {
            let Some(content) = cache.read(&item.file())? else { continue };
            match item.is_certificates() {
                true => found.certificates.push(content),
                false => found.lists.push(content),
            }
        }
        Ok(found)
    }
}

impl ForReport {
    /// Adds what was found. Lists that were given stand alone: a decision takes one.
    pub(super) fn add_to(self, certificates: &mut Vec<Vec<u8>>, lists: &mut Vec<Vec<u8>>) {
        certificates.extend(self.certificates);
        if lists.is_empty() {
            lists.extend(self.lists);
        }
    }
}

/// What the folder has for a quote of Intel's, whose own certificates may be in `collateral`.
pub(super) fn for_quote(
    folder: Option<&Path>,
    quote: &Quote,
    collateral: &Collateral,
    root: &Root,
) -> Result<Vec<Vec<u8>>, Failure> {
    let Some(cache) = folder.map(Cache::open).transpose()? else { return Ok(Vec::new()) };
    let Ok(items) = pcs::needs(quote, collateral, root) else { return Ok(Vec::new()) };
    let mut found = cache.chains()?;
    for item in items {
        found.extend(cache.read(&item.file())?);
    }
    Ok(found)
}

const CHAINS: &str = "intel/chains";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_before_the_rename_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        assert_eq!(cache.read("amd/crl.der").unwrap(), None);
        cache.write("amd/crl.der", b"old").unwrap();
        let staged = stage(&folder.path().join("amd"), b"new").unwrap();
        let (_, left_behind) = staged.keep().unwrap();
        assert_eq!(cache.read("amd/crl.der").unwrap().unwrap(), b"old");
        assert!(left_behind.exists());
        cache.write("amd/crl.der", b"new").unwrap();
        assert_eq!(cache.read("amd/crl.der").unwrap().unwrap(), b"new");
        let mode = fs::metadata(folder.path().join("amd/crl.der")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
    }

    #[test]
    fn chains_have_the_names_of_their_digests() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        assert!(cache.chains().unwrap().is_empty());
        for chain in [b"one", b"two", b"one"] {
            cache.write_chain(chain).unwrap();
        }
        stage(&folder.path().join(CHAINS), b"three").unwrap().keep().unwrap();
        assert_eq!(cache.chains().unwrap().len(), 2);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("amd"), "a file").unwrap();
        let failure = Cache::new(folder.path()).write("amd/crl.der", b"new").unwrap_err();
        let Failure::Unusable { reason, detail } = failure else { panic!("{failure:?}") };
        assert_eq!(reason, "output.unwritable");
        assert!(detail.contains("amd/crl.der"), "{detail}");
    }
}
