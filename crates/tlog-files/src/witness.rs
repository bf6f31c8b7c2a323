//! What a witness remembers, in a folder: of each log the checkpoint that it cosigned last.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Digest;
use tlog::witness::{AddCheckpoint, Grown, WitnessRefusal};
use tlog::{Checkpoint, LogError, SignedCheckpoint, StoreError, VerifierKey};

use crate::disk::{Disk, Held, Os};
use crate::durable::{self, Writer, lock};
use crate::reader::CHECKPOINT;

/// The memory of one witness, locked for this process.
///
/// For each log there is `HASH/checkpoint`, HASH being SHA-256 of its origin: the note cosigned last, as
/// the log signed it. Beside it, `conflict-HASH` are notes of the same log that do not agree with
/// what was cosigned, the first few: whoever has two such notes can show that the log has two heads.
#[derive(Debug)]
pub struct WitnessFolder {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    writer: Writer,
    _lock: Box<dyn Held>,
}

impl WitnessFolder {
    /// Opens the memory in `folder`, or begins one.
    ///
    /// # Errors
    /// `log.second-writer` if it is open already, and a storage reason if it cannot be made.
    pub fn open(folder: &Path) -> Result<Self, LogError> {
        Self::open_on(Arc::new(Os), folder)
    }

    /// As [`Self::open`], on `disk`.
    pub(crate) fn open_on(disk: Arc<dyn Disk>, folder: &Path) -> Result<Self, LogError> {
        let writer = Writer::new(disk.clone(), folder)?;
        let lock = lock(&*disk, &folder.join(".lock"))?;
        Ok(Self { disk, folder: folder.to_owned(), writer, _lock: lock })
    }

    /// The checkpoint of the log `key` that was cosigned last; `None` if none ever was.
    ///
    /// # Errors
    /// The reasons of [`SignedCheckpoint::verify`] if the memory holds what the log did not sign,
    /// `log.incomplete` if it is lost, and a storage reason. Nothing is cosigned then: the witness no
    /// longer knows what it said.
    pub fn latest(&self, key: &VerifierKey) -> Result<Option<Checkpoint>, LogError> {
        let place = self.place(key);
        let path = place.join(CHECKPOINT);
        let Some(bytes) = durable::read(&*self.disk, &path)? else {
            // The folder is made with the first note in it.
            return match self.disk.names(&place, 1) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(durable::unavailable(&place, error).into()),
                Ok(_) => Err(LogError::Incomplete { path: path.display().to_string() }),
            };
        };
        let note = String::from_utf8(bytes).map_err(|_| malformed())?;
        Ok(Some(SignedCheckpoint::verify(&note, key)?.checkpoint().clone()))
    }

    /// Judges a request of the log `key` and, if it may be cosigned, remembers its checkpoint. With
    /// `Ok(Ok(_))` the memory is durable: only then may the cosignature leave.
    ///
    /// # Errors
    /// As [`Self::latest`].
    pub fn advance(
        &mut self,
        request: &AddCheckpoint,
        key: &VerifierKey,
    ) -> Result<Result<Grown, WitnessRefusal>, LogError> {
        let latest = self.latest(key)?;
        let judged = request.judge(key, latest.as_ref());
        let (place, note) = (self.place(key), request.note.as_bytes());
        match (&judged, latest) {
            (Ok(_), None) => self.writer.write_folder(&place, CHECKPOINT, note)?,
            // Written again even if it is the same: a write that failed may be seen and not be durable.
            (Ok(_), Some(_)) => self.writer.write_all(&[(place.join(CHECKPOINT), note)])?,
            (Err(WitnessRefusal::Inconsistent), Some(_)) => self.keep_conflict(&place, note)?,
            (Err(_), _) => {}
        }
        Ok(judged)
    }

    /// Signed by the log, or it would have been refused before.
    fn keep_conflict(&mut self, place: &Path, note: &[u8]) -> Result<(), StoreError> {
        if self.disk.names(place, MAX_FILES).is_ok_and(|names| names.len() >= MAX_FILES) {
            return Ok(());
        }
        let path = place.join(format!("conflict-{}", Digest::of(note).hex()));
        self.writer.write_all(&[(path, note)])
    }

    fn place(&self, key: &VerifierKey) -> PathBuf {
        self.folder.join(Digest::of(key.origin().as_bytes()).hex())
    }
}

fn malformed() -> LogError {
    LogError::Malformed { what: "checkpoint" }
}

/// Of one log: who has its key must not fill the disk.
const MAX_FILES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;
    use domain::keys::SecretKey;
    use tlog::Log;
    use zeroize::Zeroizing;

    use crate::FileStore;

    const ORIGIN: &str = "log.example/witnessed";

    struct Scene {
        folder: tempfile::TempDir,
        key: VerifierKey,
    }

    impl Scene {
        fn new() -> Self {
            let key = VerifierKey::new(ORIGIN, secret().public()).unwrap();
            Self { folder: tempfile::tempdir().unwrap(), key }
        }

        fn witness(&self) -> Result<WitnessFolder, LogError> {
            WitnessFolder::open(&self.folder.path().join("witness"))
        }

        /// The log in the folder `name`.
        fn log(&self, name: &str) -> Log<FileStore> {
            let path = |what: &str| self.folder.path().join(format!("{name}-{what}"));
            let store = FileStore::open(&path("log"), &path("cell")).unwrap();
            Log::open(store, ORIGIN, secret()).unwrap()
        }
    }

    fn secret() -> SecretKey {
        SecretKey::from_seed(&Zeroizing::new([3; 32]))
    }

    fn grown(log: &mut Log<FileStore>, entry: &[u8], old_size: u64) -> AddCheckpoint {
        log.append(&[entry.to_vec()]).unwrap();
        let proof = match old_size {
            0 => Vec::new(),
            old => log.consistency(old, log.size()).unwrap(),
        };
        AddCheckpoint { old_size, proof, note: log.checkpoint().note().to_owned() }
    }

    #[test]
    fn what_was_cosigned_is_remembered_by_the_next_process() {
        let scene = Scene::new();
        let mut log = scene.log("a");
        let first = grown(&mut log, b"1", 0);
        let mut witness = scene.witness().unwrap();
        assert_eq!(witness.latest(&scene.key).unwrap(), None);
        let size = |judged: Result<Grown, WitnessRefusal>| judged.unwrap().checkpoint().size;
        assert_eq!(size(witness.advance(&first, &scene.key).unwrap()), 1);
        assert_eq!(scene.witness().unwrap_err().reason(), "log.second-writer");
        drop(witness);
        let mut witness = scene.witness().unwrap();
        assert_eq!(witness.latest(&scene.key).unwrap().unwrap().size, 1);
        let second = grown(&mut log, b"2", 1);
        assert_eq!(size(witness.advance(&second, &scene.key).unwrap()), 2);
        // An older state of the log is not cosigned any more.
        let refused = witness.advance(&first, &scene.key).unwrap();
        assert_eq!(refused.unwrap_err(), WitnessRefusal::Conflict { size: 2 });
    }

    #[test]
    fn a_second_head_is_refused_and_kept() {
        let scene = Scene::new();
        let (mut one, mut other) = (scene.log("a"), scene.log("b"));
        let mut witness = scene.witness().unwrap();
        witness.advance(&grown(&mut one, b"1", 0), &scene.key).unwrap().unwrap();
        let place = witness.place(&scene.key);
        grown(&mut other, b"other", 0);
        for entry in 0..30_u8 {
            let fork = grown(&mut other, &[entry], 1);
            let refused = witness.advance(&fork, &scene.key).unwrap().unwrap_err();
            assert_eq!(refused, WitnessRefusal::Inconsistent);
            let kept = place.join(format!("conflict-{}", Digest::of(fork.note.as_bytes()).hex()));
            assert_eq!(kept.exists(), usize::from(entry) + 1 < MAX_FILES, "{entry}");
        }
        assert_eq!(witness.latest(&scene.key).unwrap().unwrap().size, 1);
    }

    #[test]
    fn an_altered_memory_cosigns_nothing() {
        let scene = Scene::new();
        let mut log = scene.log("a");
        let first = grown(&mut log, b"1", 0);
        let mut witness = scene.witness().unwrap();
        witness.advance(&first, &scene.key).unwrap().unwrap();
        let path = witness.place(&scene.key).join("checkpoint");
        let second = grown(&mut log, b"2", 1);
        for (content, reason) in [
            (first.note.replace("\n1\n", "\n0\n"), "log.signature"),
            (first.note.replace(ORIGIN, "log.example/other"), "log.origin"),
            (String::new(), "log.malformed"),
        ] {
            std::fs::write(&path, &content).unwrap();
            let refused = witness.advance(&second, &scene.key).unwrap_err();
            assert_eq!(refused.reason(), reason, "{content}");
        }
        // A note that is lost is not one that there never was.
        std::fs::remove_file(&path).unwrap();
        let other = grown(&mut scene.log("b"), b"other", 0);
        for request in [&first, &second, &other] {
            let refused = witness.advance(request, &scene.key).unwrap_err();
            assert_eq!(refused.reason(), "log.incomplete");
        }
    }
}
