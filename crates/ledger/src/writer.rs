//! Writing: all who wait go into one append, and where a quorum is configured it cosigns before anyone
//! is told that the entry is in the log.

use std::sync::{Arc, MutexGuard};

use domain::event::Entry;
use domain::recorded::LogPlace;
use tlog::{LogError, MAX_ENTRY_LEN, SignedCheckpoint, Witnesses};

use crate::state::{Next, State};
use crate::{Draft, Ledger, LedgerError};

/// Decisions that are in the log together or not at all. With none, it is only the checkpoint that has to
/// be acknowledged.
pub(crate) type Order = Vec<Draft>;
/// Where each of an order's decisions stands.
pub(crate) type Outcome = Result<Vec<LogPlace>, LedgerError>;

impl Ledger {
    /// Has `order` written with those of other threads, and waits until it is acknowledged.
    pub(crate) fn order(&self, order: Order) -> Outcome {
        let lost = || Err(LedgerError::Interrupted);
        self.queue.submit(order, |orders| self.write(orders), lost)
    }

    pub(crate) fn write(&self, orders: Vec<Order>) -> Vec<Outcome> {
        let count = orders.len();
        self.try_write(orders).unwrap_or_else(|error| {
            let error = Arc::new(error);
            (0..count).map(|_| Err(LedgerError::Shared(Arc::clone(&error)))).collect()
        })
    }

    /// One outcome for each order; or why none of them is acknowledged.
    fn try_write(&self, orders: Vec<Order>) -> Result<Vec<Outcome>, LedgerError> {
        self.state().catch_up()?;
        // What an earlier failure left goes first: as long as the witnesses are away nothing more is
        // appended, so that what is refused now is not found in the log later.
        self.acknowledge_published()?;
        let mut state = self.state();
        let plan = Plan::make(&state, orders);
        if plan.leaves.is_empty() {
            return Ok(plan.outcomes(state.log.size()));
        }
        let first_index = match &self.witnesses {
            None => state.log.append(&plan.leaves)?.first_index,
            Some(witnesses) => {
                let committed = state.log.commit(&plan.leaves)?;
                state = self.cosign(state, witnesses.as_ref(), &committed.checkpoint)?;
                committed.first_index
            }
        };
        state.next = plan.next.clone();
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
        mut state: MutexGuard<'a, State>,
        witnesses: &dyn Witnesses,
        checkpoint: &SignedCheckpoint,
    ) -> Result<MutexGuard<'a, State>, LedgerError> {
        state.asking = true;
        drop(state);
        let asking = Asking(self);
        let size = checkpoint.checkpoint().size;
        let lines = witnesses.ask(checkpoint, &|older| self.state().log.consistency(older, size));
        drop(asking);
        let mut state = self.state();
        let cosigned = state.log.cosign(&lines, witnesses.policy())?;
        state.cosigned = Some(cosigned.quorum?);
        Ok(state)
    }
}

/// Also if asking panics, what was committed is settled again by whoever comes next.
struct Asking<'a>(&'a Ledger);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.state().asking = false;
    }
}

/// What an append is to write.
struct Plan {
    /// The entries of each order, or why it has none.
    orders: Vec<Result<Vec<Entry>, LedgerError>>,
    leaves: Vec<Vec<u8>>,
    /// The sequence numbers after it.
    next: Next,
}

impl Plan {
    /// An order that cannot be written takes no number and does not keep the others from it.
    fn make(state: &State, orders: Vec<Order>) -> Self {
        let (mut leaves, mut next) = (Vec::new(), state.next.clone());
        let mut entries_of = |order: Order| {
            let mut after = next.clone();
            let entries = order.into_iter().map(|draft| after.entry(draft));
            let entries = entries.collect::<Result<Vec<_>, _>>()?;
            let order_leaves = entries.iter().map(leaf).collect::<Result<Vec<_>, _>>()?;
            leaves.extend(order_leaves);
            next = after;
            Ok(entries)
        };
        let orders = orders.into_iter().map(&mut entries_of).collect();
        Self { orders, leaves, next }
    }

    /// When the leaves stand from `first_index` on.
    fn outcomes(self, first_index: u64) -> Vec<Outcome> {
        let mut index = first_index..;
        let mut place =
            |entry: Entry| LogPlace { entry: entry.id, index: index.next().unwrap_or(u64::MAX) };
        let mut places =
            |entries: Vec<Entry>| entries.into_iter().map(&mut place).collect::<Vec<_>>();
        self.orders.into_iter().map(|order| order.map(&mut places)).collect()
    }
}

fn leaf(entry: &Entry) -> Result<Vec<u8>, LedgerError> {
    let leaf = entry.to_leaf().map_err(LedgerError::Entry)?;
    match leaf.len() {
        ..=MAX_ENTRY_LEN => Ok(leaf),
        length => Err(LogError::EntryTooLarge { length }.into()),
    }
}
