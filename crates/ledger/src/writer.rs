//! Writing: all who wait go into one append, and where a quorum is configured it cosigns before anyone
//! is told that the entry is in the log.

use std::sync::{Arc, MutexGuard};

use domain::Leaf;
use domain::event::Action;
use domain::ids::EntryId;
use domain::leaf::{LeafError, PublishedSignature};
use domain::recorded::LogPlace;
use tlog::{LogError, MAX_ENTRY_LEN, SignedCheckpoint, Witnesses, leaf_hash};

use crate::records::Records;
use crate::state::State;
use crate::{Draft, Ledger, LedgerError};

/// Decisions that are in the log together or not at all, and behind them a signature that they publish.
/// With nothing, it is only the checkpoint that has to be acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Order {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) signature: Option<PublishedSignature>,
    /// The checkpoint is to be cosigned now, also if it was before.
    pub(crate) anew: bool,
}

impl Order {
    fn erases(&self) -> bool {
        self.drafts.iter().any(|draft| draft.event.action == Action::RecordErased)
    }
}

/// Where each of an order's decisions stands.
pub(crate) type Outcome = Result<Vec<LogPlace>, LedgerError>;

impl Ledger {
    /// Has `order` written with those of other threads, and waits until it is acknowledged.
    pub(crate) fn order(&self, order: Order) -> Outcome {
        let lost = || Err(LedgerError::Interrupted);
        self.queue.submit(order, |orders| self.write(orders), lost)
    }

    pub(crate) fn write(&self, orders: Vec<Order>) -> Vec<Outcome> {
        let (mut outcomes, mut orders) = (Vec::new(), orders.into_iter());
        loop {
            // After an erasure people have other pseudonyms: it ends an append.
            let mut together: Vec<Order> = Vec::new();
            while together.last().is_none_or(|last| !last.erases()) {
                let Some(order) = orders.next() else { break };
                together.push(order);
            }
            if together.is_empty() {
                return outcomes;
            }
            outcomes.extend(self.write_together(together));
        }
    }

    fn write_together(&self, orders: Vec<Order>) -> Vec<Outcome> {
        let count = orders.len();
        self.try_write(orders).unwrap_or_else(|error| {
            let error = Arc::new(error);
            (0..count).map(|_| Err(LedgerError::Shared(Arc::clone(&error)))).collect()
        })
    }

    /// One outcome for each order; or why none of them is acknowledged.
    fn try_write(&self, orders: Vec<Order>) -> Result<Vec<Outcome>, LedgerError> {
        self.state().catch_up(&self.records)?;
        // What an earlier failure left goes first: as long as the witnesses are away nothing more is
        // appended, so that what is refused now is not found in the log later.
        let anew = orders.iter().any(|order| order.anew);
        self.acknowledge_published()?;
        let mut state = self.state();
        let plan = Plan::make(&mut state, orders, &self.records);
        if plan.bytes.is_empty() {
            if let Some(witnesses) =
                self.witnesses.as_ref().filter(|_| anew && state.log.size() > 0)
            {
                let published = state.log.checkpoint().clone();
                state = self.cosign(state, witnesses.as_ref(), &published)?;
            }
            return Ok(plan.outcomes(state.log.size()));
        }
        let first_index = match &self.witnesses {
            None => state.log.append(&plan.bytes)?.first_index,
            Some(witnesses) => {
                let committed = state.log.commit(&plan.bytes)?;
                state = self.cosign(state, witnesses.as_ref(), &committed.checkpoint)?;
                committed.first_index
            }
        };
        for (leaf, bytes) in plan.leaves().zip(&plan.bytes) {
            state.take(leaf, leaf_hash(bytes), &self.records)?;
        }
        Ok(plan.outcomes(first_index))
    }

    /// Sees to it that the published checkpoint is cosigned.
    fn acknowledge_published(&self) -> Result<(), LedgerError> {
        let Some(witnesses) = &self.witnesses else {
            return Ok(());
        };
        let mut state = self.state();
        let published = state.log.checkpoint().clone();
        let known = state.cosigned.as_ref().map(|cosigned| cosigned.checkpoint());
        // In an empty log there is nothing that anything could rest on.
        if published.checkpoint().size == 0 || known == Some(published.checkpoint()) {
            return Ok(());
        }
        if let Ok(witnessed) = witnesses.policy().verify(published.note()) {
            state.cosigned = Some(witnessed);
            return Ok(());
        }
        self.cosign(state, witnesses.as_ref(), &published).map(drop)
    }

    /// Has `checkpoint`, the newest, cosigned and published. While witnesses are asked the state is free
    /// for readers, who leave what was committed alone.
    fn cosign<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        witnesses: &dyn Witnesses,
        checkpoint: &SignedCheckpoint,
    ) -> Result<MutexGuard<'a, State>, LedgerError> {
        let asking = Asking::begin(self, state);
        let size = checkpoint.checkpoint().size;
        let lines = witnesses.ask(checkpoint, &|older| self.state().log.consistency(older, size));
        let mut state = asking.end();
        let cosigned = state.log.cosign(&lines, witnesses.policy())?;
        state.cosigned = Some(cosigned.quorum?);
        Ok(state)
    }
}

/// While this is there, readers leave what was committed alone. Also if asking panics it is settled again
/// by whoever comes next.
struct Asking<'a> {
    ledger: &'a Ledger,
    ended: bool,
}

impl<'a> Asking<'a> {
    fn begin(ledger: &'a Ledger, mut state: MutexGuard<'a, State>) -> Self {
        state.asking = true;
        Self { ledger, ended: false }
    }

    /// The state, which no reader has had since: one would publish what was committed as it is, without
    /// the cosignatures, and take in its leaves before the writer does.
    fn end(mut self) -> MutexGuard<'a, State> {
        let mut state = self.ledger.state();
        state.asking = false;
        self.ended = true;
        state
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.ledger.state().asking = false;
        }
    }
}

/// What an append is to write.
struct Plan {
    /// The leaves of each order, or why it has none.
    orders: Vec<Result<Vec<Leaf>, LedgerError>>,
    /// Their bytes, one after the other.
    bytes: Vec<Vec<u8>>,
}

impl Plan {
    /// An order that cannot be written takes no number and does not keep the others from it.
    fn make(state: &mut State, orders: Vec<Order>, records: &Records) -> Self {
        let (mut bytes, mut next) = (Vec::new(), state.next.clone());
        let mut leaves_of = |order: Order| {
            let mut after = next.clone();
            let entry = |draft| after.entry(draft, &mut state.known, records);
            let entries = order.drafts.into_iter().map(entry);
            let mut leaves = entries
                .map(|entry| Ok(Leaf::Entry(Box::new(entry?))))
                .collect::<Result<Vec<_>, LedgerError>>()?;
            leaves.extend(order.signature.map(|signature| Leaf::Published(Box::new(signature))));
            let order_bytes = leaves.iter().map(to_bytes).collect::<Result<Vec<_>, _>>()?;
            bytes.extend(order_bytes);
            next = after;
            Ok(leaves)
        };
        let orders = orders.into_iter().map(&mut leaves_of).collect();
        Self { orders, bytes }
    }

    fn leaves(&self) -> impl Iterator<Item = Leaf> {
        self.orders.iter().flatten().flatten().cloned()
    }

    /// When the leaves stand from `first_index` on: where each order's decisions are.
    fn outcomes(self, first_index: u64) -> Vec<Outcome> {
        let mut index = first_index..;
        let mut place = |leaf: Leaf| {
            let index = index.next().unwrap_or(u64::MAX);
            name(leaf).map(|entry| LogPlace { entry, index })
        };
        let mut places =
            |leaves: Vec<Leaf>| leaves.into_iter().filter_map(&mut place).collect::<Vec<_>>();
        self.orders.into_iter().map(|order| order.map(&mut places)).collect()
    }
}

fn name(leaf: Leaf) -> Option<EntryId> {
    match leaf {
        Leaf::Entry(entry) => Some(entry.id),
        Leaf::Published(_) => None,
    }
}

fn to_bytes(leaf: &Leaf) -> Result<Vec<u8>, LedgerError> {
    let bytes = leaf.to_bytes().map_err(LeafError::Json)?;
    match bytes.len() {
        ..=MAX_ENTRY_LEN => Ok(bytes),
        length => Err(LogError::EntryTooLarge { length }.into()),
    }
}
