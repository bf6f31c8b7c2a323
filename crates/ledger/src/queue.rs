//! One thread at a time does the work of all who wait for it.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Items that wait, and outcomes that were not fetched yet.
///
/// Whoever comes while nobody works takes everything that waits and works; the others sleep until their
/// outcome is there or nobody works any more. So nothing is left lying, and there is no thread that could
/// end unnoticed.
#[derive(Debug)]
pub(crate) struct Queue<T, O> {
    inner: Mutex<Inner<T, O>>,
    /// Outcomes are there, and nobody works.
    changed: Condvar,
}

#[derive(Debug)]
struct Inner<T, O> {
    next_ticket: u64,
    waiting: Vec<(u64, T)>,
    done: BTreeMap<u64, O>,
    working: bool,
}

impl<T, O> Queue<T, O> {
    pub(crate) const fn new() -> Self {
        let inner =
            Inner { next_ticket: 0, waiting: Vec::new(), done: BTreeMap::new(), working: false };
        Self { inner: Mutex::new(inner), changed: Condvar::new() }
    }

    /// Has `item` done by `work`, in this thread or another that waits here, and returns its outcome.
    ///
    /// `work` gets all items that wait, in the order in which they came, and gives one outcome for
    /// each; it is never called twice at a time. If it panics, this goes on in its thread, and the
    /// outcome of the others is `lost`.
    pub(crate) fn submit(
        &self,
        item: T,
        work: impl FnOnce(Vec<T>) -> Vec<O>,
        lost: fn() -> O,
    ) -> O {
        let mut inner = self.lock();
        let ticket = inner.next_ticket;
        inner.next_ticket += 1;
        inner.waiting.push((ticket, item));
        while inner.working {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
            if let Some(outcome) = inner.done.remove(&ticket) {
                return outcome;
            }
        }
        // Nobody took the item, or there would be an outcome.
        inner.working = true;
        let (tickets, items) = std::mem::take(&mut inner.waiting).into_iter().unzip();
        drop(inner);
        let mut turn = Turn { queue: self, ours: ticket, tickets, outcomes: Vec::new(), lost };
        turn.outcomes = work(items);
        drop(turn);
        self.lock().done.remove(&ticket).unwrap_or_else(lost)
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T, O>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends with an outcome for everyone, also if the work panics.
struct Turn<'a, T, O> {
    queue: &'a Queue<T, O>,
    ours: u64,
    tickets: Vec<u64>,
    outcomes: Vec<O>,
    lost: fn() -> O,
}

impl<T, O> Drop for Turn<'_, T, O> {
    fn drop(&mut self) {
        let mut inner = self.queue.lock();
        let mut outcomes = std::mem::take(&mut self.outcomes).into_iter();
        for &ticket in &self.tickets {
            let outcome = outcomes.next().unwrap_or_else(self.lost);
            // Nobody comes to fetch the outcome of a thread that panics.
            if ticket != self.ours || !std::thread::panicking() {
                inner.done.insert(ticket, outcome);
            }
        }
        inner.working = false;
        drop(inner);
        self.queue.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    fn lost() -> Option<u64> {
        None
    }

    /// Waits until so many items wait.
    fn await_waiting(queue: &Queue<u64, Option<u64>>, count: usize) {
        while queue.lock().waiting.len() < count {
            thread::yield_now();
        }
    }

    #[test]
    fn everyone_gets_the_own_outcome_and_work_is_never_done_twice_at_a_time() {
        let queue = Queue::new();
        let (working, batches) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for thread in 0..16_u64 {
                let (queue, working, batches) = (&queue, &working, &batches);
                scope.spawn(move || {
                    for item in 0..500 {
                        let item = thread * 1000 + item;
                        let work = |items: Vec<u64>| {
                            assert_eq!(working.fetch_add(1, Ordering::SeqCst), 0);
                            batches.fetch_add(1, Ordering::SeqCst);
                            let outcomes = items.into_iter().map(|item| Some(item * 2)).collect();
                            assert_eq!(working.fetch_sub(1, Ordering::SeqCst), 1);
                            outcomes
                        };
                        assert_eq!(queue.submit(item, work, lost), Some(item * 2));
                    }
                });
            }
        });
        let inner = queue.lock();
        assert!(inner.done.is_empty() && inner.waiting.is_empty() && !inner.working);
        assert!(batches.load(Ordering::SeqCst) <= 8000);
    }

    #[test]
    fn who_waits_is_taken_together_in_order() {
        let queue = Queue::new();
        let seen = Mutex::new(Vec::new());
        let work = |items: Vec<u64>| {
            seen.lock().unwrap().push(items.clone());
            items.into_iter().map(Some).collect::<Vec<_>>()
        };
        thread::scope(|scope| {
            queue.submit(
                0,
                |items| {
                    for item in 1..=8 {
                        let (queue, work) = (&queue, &work);
                        scope.spawn(move || assert_eq!(queue.submit(item, work, lost), Some(item)));
                        await_waiting(queue, usize::try_from(item).unwrap());
                    }
                    work(items)
                },
                lost,
            );
        });
        assert_eq!(*seen.lock().unwrap(), [vec![0], (1..=8).collect()]);
    }

    #[test]
    fn a_panic_hangs_nobody_and_the_queue_goes_on() {
        let queue = Queue::new();
        let together = Barrier::new(2);
        thread::scope(|scope| {
            let leader = scope.spawn(|| {
                queue.submit(
                    1,
                    |_| {
                        together.wait();
                        await_waiting(&queue, 3);
                        // One that waits takes the three, and breaks down with them.
                        vec![Some(1)]
                    },
                    lost,
                )
            });
            together.wait();
            let broken: Vec<_> = (0..3)
                .map(|item| {
                    scope.spawn({
                        let queue = &queue;
                        move || queue.submit(item, |_| panic!("injected"), lost)
                    })
                })
                .collect();
            assert_eq!(leader.join().unwrap(), Some(1));
            let outcomes: Vec<_> = broken.into_iter().map(|thread| thread.join().ok()).collect();
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_none()).count(), 1);
            assert_eq!(outcomes.iter().filter(|outcome| **outcome == Some(None)).count(), 2);
        });
        assert_eq!(queue.submit(7, |items| items.into_iter().map(Some).collect(), lost), Some(7));
        assert!(queue.lock().done.is_empty());
    }

    #[test]
    fn too_few_outcomes_are_lost_ones() {
        let queue = Queue::new();
        assert_eq!(queue.submit(1, |_| Vec::new(), lost), None);
    }
}
