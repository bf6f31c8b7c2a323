//! What the writer knows of the log.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::thread;

use domain::event::{Actor, Entry};
use domain::ids::EntryId;
use domain::leaf::PublishedSignature;
use domain::{Digest, Leaf};
use tlog::merkle::{GrowingTree, leaf_hash};
use tlog::{LeafProof, Log, LogError, SignedCheckpoint, Witnessed};
use tlog_files::FileStore;

use crate::entries::History;
use crate::known::Known;
use crate::records::{Person, Records};
use crate::{Draft, LedgerError};

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) log: Log<FileStore>,
    pub(crate) next: Next,
    /// The newest checkpoint that a quorum cosigned, if one is asked for.
    pub(crate) cosigned: Option<Witnessed>,
    /// Witnesses are being asked about what was committed.
    pub(crate) asking: bool,
    /// Every entry that the log is known to hold.
    pub(crate) history: History,
    /// Every published signature that it is known to hold.
    pub(crate) published: BTreeMap<u64, PublishedSignature>,
    /// What the entries say of people and of erasures.
    pub(crate) known: Known,
    /// The tree of the leaves that were read: as many as it has.
    tree: GrowingTree,
}

/// The sequence number of each actor's next entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Next(BTreeMap<Actor, u64>);

impl Next {
    /// The entry of a draft, which takes its actor's next number.
    pub(crate) fn entry(
        &mut self,
        draft: Draft,
        known: &mut Known,
        records: &Records,
    ) -> Result<Entry, LedgerError> {
        let project = draft.event.project.clone();
        let who = draft.person.map(|person| Person { person, project });
        let entry = Entry {
            id: EntryId::from_random(random_bits()?),
            sequence: self.0.get(&draft.actor).copied().unwrap_or_default(),
            time: draft.time,
            actor: draft.actor,
            // CRASH: a pseudonym that no entry has; nobody looks for it.
            person: who.map(|who| known.pseudonym(who, records)).transpose()?,
            event: draft.event,
        };
        self.count(&entry);
        Ok(entry)
    }

    fn count(&mut self, entry: &Entry) {
        self.0.insert(entry.actor, entry.sequence.saturating_add(1));
    }
}

impl State {
    pub(crate) fn new(log: Log<FileStore>) -> Self {
        Self {
            log,
            next: Next::default(),
            cosigned: None,
            asking: false,
            history: History::default(),
            published: BTreeMap::new(),
            known: Known::default(),
            tree: GrowingTree::default(),
        }
    }

    /// Lets the log finish or discard what a failed append left behind, and reads what is new. An
    /// append whose outcome was unknown may have come through: then its entry counts. While witnesses
    /// are asked, what was committed is left alone. What was read must be what the log has signed.
    pub(crate) fn catch_up(&mut self, records: &Records) -> Result<(), LedgerError> {
        if self.asking {
            return Ok(());
        }
        self.log.append(&[])?;
        while self.tree.size() < self.log.size() {
            for (leaf, hash) in parsed(&self.next_leaves()?)? {
                self.take(leaf, hash, records)?;
            }
        }
        if self.tree.root() == self.log.checkpoint().checkpoint().root {
            Ok(())
        } else {
            Err(LogError::RootMismatch.into())
        }
    }

    /// The leaves that were not read yet, some thousands at most.
    fn next_leaves(&self) -> Result<Vec<Vec<u8>>, LedgerError> {
        let mut leaves = Vec::new();
        while leaves.len() < LEAVES_AT_ONCE {
            let next =
                self.tree.size().saturating_add(u64::try_from(leaves.len()).unwrap_or(u64::MAX));
            if next >= self.log.size() {
                break;
            }
            leaves.extend(self.log.entries_from(next)?);
        }
        Ok(leaves)
    }

    /// Takes in the next leaf, which has this hash.
    pub(crate) fn take(
        &mut self,
        leaf: Leaf,
        hash: Digest,
        records: &Records,
    ) -> Result<(), LedgerError> {
        let index = self.tree.size();
        match leaf {
            Leaf::Entry(entry) => {
                self.known.note(&entry, self.history.entries(), records)?;
                self.next.count(&entry);
                self.history.push(index, *entry);
            }
            Leaf::Published(signature) => drop(self.published.insert(index, *signature)),
        }
        self.tree.push(hash);
        Ok(())
    }

    /// The newest checkpoint that is acknowledged.
    pub(crate) fn newest(&self) -> &SignedCheckpoint {
        let cosigned = self.cosigned.as_ref().map(Witnessed::signed);
        cosigned.unwrap_or_else(|| self.log.checkpoint())
    }

    /// The leaf at `index` and its proof against this checkpoint.
    pub(crate) fn prove(
        &self,
        index: u64,
        checkpoint: &SignedCheckpoint,
    ) -> Result<(Vec<u8>, LeafProof), LedgerError> {
        let hashes = self.log.inclusion(index, checkpoint.checkpoint().size)?;
        let proof = LeafProof { index, hashes, checkpoint: checkpoint.note().to_owned() };
        Ok((self.log.entry(index)?, proof))
    }

    /// Whether entry `index` is in a checkpoint that a quorum cosigned.
    pub(crate) fn is_cosigned(&self, index: u64) -> bool {
        self.cosigned.as_ref().is_some_and(|cosigned| index < cosigned.checkpoint().size)
    }
}

/// Each leaf with its hash, for the caller to hold against the log's root. Parsing is what takes time when a long log is read, so all cores do it.
fn parsed(leaves: &[Vec<u8>]) -> Result<Vec<(Leaf, Digest)>, LedgerError> {
    let parse = |leaves: &[Vec<u8>]| {
        let each = leaves.iter().map(|leaf| Ok((Leaf::from_bytes(leaf)?, leaf_hash(leaf))));
        each.collect::<Result<Vec<_>, LedgerError>>()
    };
    if leaves.len() < LEAVES_PER_THREAD {
        return parse(leaves);
    }
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let chunks = leaves.chunks(leaves.len().div_ceil(threads));
        let spawn = |chunk| thread::Builder::new().spawn_scoped(scope, move || parse(chunk));
        let threads: Vec<_> = chunks.map(|chunk| (chunk, spawn(chunk))).collect();
        let mut all = Vec::with_capacity(leaves.len());
        for (chunk, thread) in threads {
            // Without a thread, here.
            let theirs = thread.ok().and_then(|thread| thread.join().ok());
            all.extend(theirs.unwrap_or_else(|| parse(chunk))?);
        }
        Ok(all)
    })
}

const LEAVES_AT_ONCE: usize = 16 << 10;
const LEAVES_PER_THREAD: usize = 1 << 10;

fn random_bits() -> Result<[u8; 16], LedgerError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(LedgerError::Random)?;
    Ok(bits)
}
