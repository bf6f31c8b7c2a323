//! Every state that the log can get into in a few steps, not some of them: appends, each durable step of
//! which succeeds, fails, fails and yet is done, is done but not durable, or is the last that the process
//! does; restarts; power failures; old copies of objects, of the cell and of both; a second writer that
//! got past the lock, also within an append of the first.
//!
//! In each: what was acknowledged is at its index in whatever log is accepted, all checkpoints that ever
//! were to be seen are of its tree, and a log that nothing befell is not refused. The one exception is
//! the documented one: objects and cell that went back together; there a witness has to notice.

mod disk;
mod explore;

use std::collections::BTreeMap;

use disk::Fate;
use explore::{Explorer, Writer};

/// What was found.
#[derive(Debug, Default)]
struct Found {
    states: usize,
    transitions: usize,
    /// How often each reason refused a log to which something had happened.
    refusals: BTreeMap<&'static str, usize>,
    /// How often folder and cell went back together and the log was accepted without an entry that it had
    /// acknowledged, as long as it did not grow.
    shown_again: usize,
    /// How it ended when it grew: with the refusals of the witness.
    forgotten: BTreeMap<&'static str, usize>,
}

fn explore(base: usize, depth: u8, actions: fn(Action) -> bool) -> Found {
    let mut explorer = Explorer::new(base, actions);
    explorer.run(depth);
    let Found { states, transitions, refusals, shown_again, forgotten } = &explorer.found;
    println!(
        "from {base} entries, {depth} steps: {states} distinct states, {transitions} transitions; \
         refused {refusals:?}; folder and cell went back together, {shown_again} times shown again, \
         then noticed by the witness as {forgotten:?}"
    );
    explorer.found
}

/// Whether an action is of the first writer alone.
fn is_of_one(action: Action) -> bool {
    match action {
        Action::Append(writer, _, fault) | Action::Open(writer, fault) => {
            writer == Writer::First && !fault.is_some_and(|(_, fate)| fate.is_of_two())
        }
        _ => true,
    }
}

/// One step of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// So many entries; at the durable step of this number, this happens.
    Append(Writer, u8, Option<(usize, Fate)>),
    /// A process starts, in the place of the one before.
    Open(Writer, Option<(usize, Fate)>),
    /// The power fails.
    Power,
    /// Somebody copies objects, checkpoint and cell.
    Backup,
    RestoreObjects,
    RestoreCell,
}

#[test]
fn one_writer_and_all_faults() {
    let found = explore(0, 4, |action| is_of_one(action) && action != Action::Backup);
    assert!(found.refusals.is_empty() && found.forgotten.is_empty(), "{found:?}");
    assert!(found.states > 500, "{found:?}");
}

#[test]
fn old_copies_and_no_faults() {
    let found = explore(0, 7, |action| match action {
        Action::Append(_, _, Some(_)) | Action::Open(_, Some(_)) | Action::Power => false,
        _ => is_of_one(action),
    });
    assert!(found.refusals.contains_key("log.rolled-back"), "{found:?}");
    assert!(!found.forgotten.is_empty(), "{found:?}");
}

#[test]
fn old_copies_and_faults() {
    let found = explore(0, 5, |action| match action {
        Action::Append(_, 0 | 2, _) => false,
        _ => is_of_one(action),
    });
    assert!(found.refusals.contains_key("log.rolled-back"), "{found:?}");
}

#[test]
fn two_writers() {
    let found = explore(0, 5, |action| match action {
        Action::Append(_, count, fault) => count == 1 && fault.is_none_or(|(_, f)| f.is_of_two()),
        Action::Open(_, fault) => fault.is_none_or(|(_, fate)| fate.is_of_two()),
        Action::Power => true,
        _ => false,
    });
    assert!(found.refusals.contains_key("log.second-writer"), "{found:?}");
    assert!(found.forgotten.is_empty(), "{found:?}");
}

#[test]
fn at_the_border_of_a_tile() {
    let found = explore(255, 2, |action| match action {
        Action::Append(_, 0, _) | Action::Backup => false,
        _ => is_of_one(action),
    });
    assert!(found.states > 50, "{found:?}");
}

/// A running log whose folder is replaced by an old copy, which lacks a full tile that it no longer has in
/// its hands.
#[test]
fn old_copies_at_the_border_of_a_tile() {
    let found = explore(255, 5, |action| match action {
        Action::Append(_, count, None) => count == 1 && is_of_one(action),
        Action::Append(_, _, Some(_)) | Action::Open(_, Some(_)) | Action::Power => false,
        _ => is_of_one(action),
    });
    assert!(found.refusals.contains_key("log.rolled-back"), "{found:?}");
}
