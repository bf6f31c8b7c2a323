//! The sequencer: the one writer of a log, and the order of its durable writes.

use domain::Digest;
use domain::keys::SecretKey;

use crate::checkpoint::SignedCheckpoint;
use crate::edge::Edge;
use crate::error::LogError;
use crate::note::VerifierKey;
use crate::path::TilePath;
use crate::policy::{Policy, Witnessed};
use crate::proof::LeafProof;
use crate::store::{Commit, Store, StoreError};
use crate::tiles::Tiles;

/// An open log.
///
/// Without witnesses, [`Log::append`] is all that it takes. Where a quorum of witnesses has to cosign,
/// it is [`Log::commit`], asking them, and [`Log::cosign`].
///
/// After a failed [`Log::append`], or a [`Log::commit`] that was not cosigned, the log stays usable: what it shows is the last published
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
    /// writing it, or was not published yet.
    in_doubt: Option<Commit>,
    /// Committed and signed, and waiting for cosignatures. Then it is in doubt, too.
    pending: Option<Pending>,
    /// Full objects that may still have partial forms beside them.
    overgrown: Vec<TilePath>,
}

/// The published tree.
#[derive(Clone, Debug)]
struct Head {
    edge: Edge,
    checkpoint: SignedCheckpoint,
}

/// A tree that is to be published.
#[derive(Debug)]
struct Pending {
    head: Head,
    /// Its full objects that the published one has in part.
    filled: Vec<TilePath>,
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

/// What a commit has done: the entries have the indices from `first_index` on and are durable, but the
/// checkpoint that covers them is not published. Nothing that they record may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Index of the first of the entries.
    pub first_index: u64,
    /// What the witnesses have to cosign.
    pub checkpoint: SignedCheckpoint,
}

/// What came of the cosignatures that were given to [`Log::cosign`].
#[derive(Debug)]
pub struct Cosigned {
    /// The published checkpoint that the policy believes; acknowledging takes this value. Or
    /// `log.quorum`, or another reason of [`Policy::verify`]; then nothing was published.
    pub quorum: Result<Witnessed, LogError>,
    /// Lines that are no cosignature of this checkpoint by a witness of the policy. They are not kept.
    pub ignored: Vec<String>,
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
        // Whoever wrote before may not have come to the end of these.
        let overgrown = head.edge.last_full();
        Ok(Self { store, key, secret, head, in_doubt: None, pending: None, overgrown })
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
            let pending = self.prepare(entries)?;
            self.show(pending)?;
        }
        Ok(Appended { first_index, checkpoint: self.head.checkpoint.clone() })
    }

    /// Makes `entries` durable, all or none, and signs the tree without publishing it: that is left to
    /// [`Log::cosign`]. What was committed before and not cosigned is published as it is.
    ///
    /// # Errors
    /// As [`Log::append`], with the same meaning.
    pub fn commit(&mut self, entries: &[Vec<u8>]) -> Result<Committed, LogError> {
        self.settle()?;
        let first_index = self.size();
        if entries.is_empty() {
            return Ok(Committed { first_index, checkpoint: self.head.checkpoint.clone() });
        }
        let pending = self.prepare(entries)?;
        let checkpoint = pending.head.checkpoint.clone();
        self.pending = Some(pending);
        Ok(Committed { first_index, checkpoint })
    }

    /// Adds `lines`, signature lines that witnesses gave, to the checkpoint that was committed last and,
    /// if `policy` believes it then, publishes it. Without a commit since, it is the published
    /// checkpoint that is cosigned, anew or for the first time.
    ///
    /// # Errors
    /// As [`Log::append`]. A quorum that is missing is no error here: see [`Cosigned::quorum`].
    pub fn cosign(&mut self, lines: &[String], policy: &Policy) -> Result<Cosigned, LogError> {
        let mut pending = match self.pending.take() {
            Some(pending) => pending,
            None => {
                self.settle()?;
                self.check_published()?;
                Pending { head: self.head.clone(), filled: Vec::new() }
            }
        };
        let (checkpoint, ignored) = policy.add(&pending.head.checkpoint, lines)?;
        let quorum = policy.verify(checkpoint.note());
        pending.head.checkpoint = checkpoint;
        if quorum.is_ok() {
            self.in_doubt = Some(pending.head.edge.commit());
            // CRASH: the cosignatures are lost, and no harm: witnesses give them again.
            self.show(pending)?;
        }
        Ok(Cosigned { quorum, ignored })
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

    /// The entries from `index` to the end of its bundle: at most 256. Reading a log by these is some
    /// hundred times as fast as by single entries.
    ///
    /// # Errors
    /// As [`Log::entry`].
    pub fn entries_from(&self, index: u64) -> Result<Vec<Vec<u8>>, LogError> {
        self.tiles().entries_from(index)
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

    /// The hashes that prove that the tree of `newer_size` entries extends that of `older_size`. The
    /// newer one may be what was committed last.
    ///
    /// # Errors
    /// As [`Log::entry`].
    pub fn consistency(&self, older_size: u64, newer_size: u64) -> Result<Vec<Digest>, LogError> {
        let head = self.pending.as_ref().map_or(&self.head, |pending| &pending.head);
        let size = head.checkpoint.checkpoint().size;
        Tiles::new(|path: &TilePath| self.store.read(path), size)
            .consistency(older_size, newer_size)
    }

    fn tiles(&self) -> Tiles<impl Fn(&TilePath) -> Result<Option<Vec<u8>>, StoreError>> {
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
        self.pending = None;
        self.head = recover(&mut self.store, &self.key, &self.secret)?;
        self.in_doubt = None;
        Ok(())
    }

    /// Checks that the storage still shows the checkpoint that this log published last, so that an
    /// old copy that was put in its place is not extended. Signatures that others added are kept.
    fn check_published(&mut self) -> Result<(), LogError> {
        let shown = self.store.checkpoint()?;
        let ours = &self.head.checkpoint;
        if shown.as_deref() == Some(ours.note().as_bytes()) {
            return Ok(());
        }
        let shown = shown.map(|note| verify_note(&note, &self.key)).transpose()?;
        let found = shown.as_ref().map_or(0, |shown| shown.checkpoint().size);
        match shown {
            Some(shown) if shown.checkpoint() == ours.checkpoint() => {
                self.head.checkpoint = shown;
                Ok(())
            }
            Some(_) if found > self.size() => Err(LogError::SecondWriter),
            _ => Err(LogError::RolledBack { expected: self.size(), found }),
        }
    }

    /// The order of durable writes, first half: up to what has to be published. Together with
    /// [`Log::show`] every append goes through here.
    fn prepare(&mut self, entries: &[Vec<u8>]) -> Result<Pending, LogError> {
        let (edge, objects) = self.head.edge.extend(entries)?;
        self.check_published()?;
        let (older, newer) = (self.head.edge.commit(), edge.commit());
        // CRASH: nothing is written; the append did not happen.
        self.store.write(&objects.0)?;
        // CRASH (and within the write above): objects that no committed tree has. Nobody looks for
        // them, the next append replaces those in its way; the append did not happen.
        self.in_doubt = Some(newer);
        self.store.compare_and_swap(Some(older), newer)?;
        // CRASH: the append has happened, but nobody knows: recovery signs and publishes it.
        let checkpoint = SignedCheckpoint::sign(newer.size, newer.root, &self.key, &self.secret);
        // CRASH: the same. The signature made is lost, and no harm: it covers what is committed. So it
        // is while witnesses are asked: they may have cosigned a checkpoint that nobody published.
        let grew = |path: &TilePath| path.is_full() && path.in_tree_of(older.size).is_some();
        let filled = objects.0.into_iter().map(|(path, _)| path).filter(grew).collect();
        Ok(Pending { head: Head { edge, checkpoint }, filled })
    }

    /// The second half, which acknowledges last.
    fn show(&mut self, pending: Pending) -> Result<(), LogError> {
        self.store.publish(pending.head.checkpoint.note().as_bytes())?;
        // CRASH: published, not acknowledged. The caller did nothing and may append again.
        self.head = pending.head;
        self.in_doubt = None;
        self.overgrown.extend(pending.filled);
        self.collect();
        // CRASH: some partial objects that nobody needs stay until the next append.
        Ok(())
    }

    /// Removes some partial objects that full ones have replaced. An append leaves one of a kind behind;
    /// removing all 256 at once would hold up whoever waits for that append.
    fn collect(&mut self) {
        while let Some(full) = self.overgrown.last() {
            // What cannot be removed only takes up space: the full object is there already.
            if !self.store.remove_partials(full, PARTIALS_PER_APPEND).unwrap_or(true) {
                return;
            }
            self.overgrown.pop();
        }
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
    let tiles = Tiles::new(|path: &TilePath| store.read(path), commit.size);
    let root = tiles.root(published.size)?;
    if root == published.root { Ok(()) } else { Err(LogError::Consistency) }
}

/// Twice as many as an append of one entry writes.
const PARTIALS_PER_APPEND: usize = 4;

fn verify_note(note: &[u8], key: &VerifierKey) -> Result<SignedCheckpoint, LogError> {
    let note = str::from_utf8(note).map_err(|_| LogError::malformed("checkpoint"))?;
    SignedCheckpoint::verify(note, key)
}

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
