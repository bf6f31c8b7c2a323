//! The sequencer: the one writer of a log, and the order of its durable writes.

use domain::Digest;
use domain::keys::SecretKey;

use crate::checkpoint::SignedCheckpoint;
use crate::edge::{Edge, Objects};
use crate::error::LogError;
use crate::note::VerifierKey;
use crate::proof::LeafProof;
use crate::store::{Commit, Store, StoreError};
use crate::tiles::Tiles;

/// An open log.
///
/// After a failed [`Log::append`] the log stays usable: what it shows is the last published
/// checkpoint, and the next append first finds out what the failed one left behind, by the same
/// function as [`Log::open`]. Only if the storage shows another writer's work, or an older state
/// of the log, does it refuse every append for as long as that is so.
#[derive(Debug)]
pub struct Log<S> {
    store: S,
    key: VerifierKey,
    secret: SecretKey,
    head: Head,
    /// What the commit cell may hold instead of the head's commit: an append failed while or after
    /// writing it.
    in_doubt: Option<Commit>,
}

/// The published tree.
#[derive(Debug)]
struct Head {
    edge: Edge,
    checkpoint: SignedCheckpoint,
}

/// What an append has done: the entries have the indices from `first_index` on, are durable, and
/// the checkpoint, which is published, covers them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Index of the first of the entries.
    pub first_index: u64,
    /// The published checkpoint.
    pub checkpoint: SignedCheckpoint,
}

impl<S: Store> Log<S> {
    /// Opens the log in `store`, or begins one if there is none, under the name `origin`. Whatever
    /// an interrupted append left is completed if it was committed, and else disregarded.
    ///
    /// # Errors
    /// `log.rolled-back` if tree or commit cell are older than the other; `log.root-mismatch` or
    /// `log.consistency` if the tree is not the one that was committed or published;
    /// `log.incomplete`, `log.origin`, `log.signature`, `log.malformed` if what is stored is not
    /// this log; a storage reason if it cannot be read and written.
    pub fn open(mut store: S, origin: &str, secret: SecretKey) -> Result<Self, LogError> {
        let key = VerifierKey::new(origin, secret.public())?;
        let head = recover(&mut store, &key, &secret)?;
        Ok(Self { store, key, secret, head, in_doubt: None })
    }

    /// Appends `entries`, all or none. With `Ok` they are durable and in a published checkpoint:
    /// only then may what they record be done. With `Err` nothing may be done, but they may turn up
    /// in the log later: the outcome is unknown.
    ///
    /// # Errors
    /// `log.entry-too-large` before anything is written; `log.second-writer` or `log.rolled-back`
    /// if the storage has changed under the log; a storage reason if a write failed; and whatever
    /// [`Log::open`] refuses, if an append failed before.
    pub fn append(&mut self, entries: &[Vec<u8>]) -> Result<Appended, LogError> {
        self.settle()?;
        let first_index = self.size();
        if !entries.is_empty() {
            let (edge, objects) = self.head.edge.extend(entries)?;
            self.check_published()?;
            self.advance(edge, &objects)?;
        }
        Ok(Appended { first_index, checkpoint: self.head.checkpoint.clone() })
    }

    /// Number of entries in the published checkpoint.
    pub const fn size(&self) -> u64 {
        self.head.checkpoint.checkpoint().size
    }

    /// The published checkpoint.
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.head.checkpoint
    }

    /// What a verifier needs to know of this log.
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// The bytes of entry `index`.
    ///
    /// # Errors
    /// `log.no-such-entry`; `log.incomplete`, `log.malformed` or a storage reason if the log cannot
    /// be read.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, LogError> {
        self.tiles().entry(index)
    }

    /// The proof that entry `index` is in the published checkpoint, with that checkpoint.
    ///
    /// # Errors
    /// As [`Log::entry`].
    pub fn prove(&self, index: u64) -> Result<LeafProof, LogError> {
        let hashes = self.inclusion(index, self.size())?;
        Ok(LeafProof { index, hashes, checkpoint: self.head.checkpoint.note().to_owned() })
    }

    /// The hashes that prove entry `index` in the tree of the first `tree_size` entries.
    ///
    /// # Errors
    /// As [`Log::entry`].
    pub fn inclusion(&self, index: u64, tree_size: u64) -> Result<Vec<Digest>, LogError> {
        self.tiles().inclusion(index, tree_size)
    }

    /// The hashes that prove that the tree of `newer_size` entries extends that of `older_size`.
    ///
    /// # Errors
    /// As [`Log::entry`].
    pub fn consistency(&self, older_size: u64, newer_size: u64) -> Result<Vec<Digest>, LogError> {
        self.tiles().consistency(older_size, newer_size)
    }

    fn tiles(&self) -> Tiles<impl Fn(&crate::TilePath) -> Result<Option<Vec<u8>>, StoreError>> {
        Tiles::new(|path| self.store.read(path), self.size())
    }

    /// Clears a doubt that a failed append left.
    fn settle(&mut self) -> Result<(), LogError> {
        let Some(attempted) = self.in_doubt else {
            return Ok(());
        };
        let committed = self.store.committed()?;
        if committed != Some(attempted) && committed != Some(self.head.edge.commit()) {
            return Err(LogError::SecondWriter);
        }
        self.head = recover(&mut self.store, &self.key, &self.secret)?;
        self.in_doubt = None;
        Ok(())
    }

    /// Checks that the storage still shows the checkpoint that this log published last, so that an
    /// old copy that was put in its place is not extended.
    fn check_published(&self) -> Result<(), LogError> {
        let shown = self.store.checkpoint()?;
        let ours = &self.head.checkpoint;
        if shown.as_deref() == Some(ours.note().as_bytes()) {
            return Ok(());
        }
        let shown = shown.map(|note| verify_note(&note, &self.key)).transpose()?;
        let found = shown.as_ref().map_or(0, |shown| shown.checkpoint().size);
        match shown {
            // Somebody added signatures.
            Some(shown) if shown.checkpoint() == ours.checkpoint() => Ok(()),
            Some(_) if found > self.size() => Err(LogError::SecondWriter),
            _ => Err(LogError::RolledBack { expected: self.size(), found }),
        }
    }

    /// The order of durable writes. Every append goes through here, and acknowledges last.
    fn advance(&mut self, edge: Edge, objects: &Objects) -> Result<(), LogError> {
        let (older, newer) = (self.head.edge.commit(), edge.commit());
        // CRASH: nothing is written; the append did not happen.
        self.store.write(&objects.0)?;
        // CRASH (and within the write above): objects that no committed tree has. Nobody looks for
        // them, the next append replaces those in its way; the append did not happen.
        self.in_doubt = Some(newer);
        self.store.compare_and_swap(Some(older), newer)?;
        // CRASH: the append has happened, but nobody knows: recovery signs and publishes it.
        let checkpoint = SignedCheckpoint::sign(newer.size, newer.root, &self.key, &self.secret);
        // CRASH: the same. The signature made is lost, and no harm: it covers what is committed.
        self.store.publish(checkpoint.note().as_bytes())?;
        // CRASH: published, not acknowledged. The caller did nothing and may append again.
        self.head = Head { edge, checkpoint };
        self.in_doubt = None;
        for (path, _) in objects.0.iter().filter(|(path, _)| path.is_full()) {
            // What cannot be removed only takes up space: the full object is there already.
            let _ = self.store.remove_partials(path);
        }
        // CRASH: some partial objects that nobody needs stay.
        Ok(())
    }
}

/// Finds out what the log is, from the commit cell, and brings objects and checkpoint in line.
fn recover<S: Store>(
    store: &mut S,
    key: &VerifierKey,
    secret: &SecretKey,
) -> Result<Head, LogError> {
    let published = store.checkpoint()?.map(|note| verify_note(&note, key)).transpose()?;
    let shown = published.as_ref().map_or(0, |published| published.checkpoint().size);
    let committed = store.committed()?;
    let commit = match committed {
        None if published.is_none() => Edge::default().commit(),
        Some(commit) if commit.size >= shown => commit,
        // The cell is always written before the checkpoint: it is the cell that is old or lost.
        older => {
            let found = older.map_or(0, |older| older.size);
            return Err(LogError::RolledBack { expected: shown, found });
        }
    };
    let edge = load(store, commit, shown)?;
    check_extends(store, commit, published.as_ref())?;
    // A write that failed earlier may be seen here and yet not be durable. So it is written again:
    // what this function returns survives a crash.
    store.compare_and_swap(committed, commit)?;
    // CRASH: as after the same step of an append.
    let checkpoint = match published {
        // Kept as it is: it may carry signatures of others.
        Some(published) if shown == commit.size => published,
        _ => SignedCheckpoint::sign(commit.size, commit.root, key, secret),
    };
    store.publish(checkpoint.note().as_bytes())?;
    // CRASH: the log is in order.
    Ok(Head { edge, checkpoint })
}

/// The edge of the committed tree, whose objects were durable before it was committed.
fn load<S: Store>(store: &S, commit: Commit, shown: u64) -> Result<Edge, LogError> {
    let edge = match Edge::load(|path| store.read(path), commit.size) {
        // Objects that are missing together with the checkpoint that goes with them: an old copy.
        Err(LogError::Incomplete { .. }) if shown < commit.size => {
            return Err(LogError::RolledBack { expected: commit.size, found: shown });
        }
        loaded => loaded?,
    };
    if edge.commit() == commit { Ok(edge) } else { Err(LogError::RootMismatch) }
}

/// Checks that the committed tree extends the published one.
fn check_extends<S: Store>(
    store: &S,
    commit: Commit,
    published: Option<&SignedCheckpoint>,
) -> Result<(), LogError> {
    let Some(published) = published.map(SignedCheckpoint::checkpoint) else {
        return Ok(());
    };
    let tiles = Tiles::new(|path: &crate::TilePath| store.read(path), commit.size);
    let root = tiles.root(published.size)?;
    if root == published.root { Ok(()) } else { Err(LogError::Consistency) }
}

fn verify_note(note: &[u8], key: &VerifierKey) -> Result<SignedCheckpoint, LogError> {
    let note = str::from_utf8(note).map_err(|_| LogError::malformed("checkpoint"))?;
    SignedCheckpoint::verify(note, key)
}

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
