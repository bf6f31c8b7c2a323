//! `log erase`: what is kept of people behind an entry becomes unreadable.

use std::path::Path;

use clap::Args;
use domain::event::Action;
use domain::ids::{EntryId, PersonId};
use ledger::{Entries, EraseError, Erased};
use serde_json::json;

use super::stopped::{Stopped, StoppedOptions, unusable};
use crate::cli::files::now;
use crate::cli::server::runtime;
use crate::cli::{Answer, Failure, Outcome};

pub(super) const EXAMPLE: &str = "Example:
  cloister log erase --folder /var/lib/cloister --origin example.org/log \\
      --entry entry-8f14e45fceea167a5a36dedd4bea2543 --by olga

The node must be stopped. `cloister log show` names an entry's record and says what can be read of it.
What else rests on the record stops with it:
  ProjectApproved    the project ends: nothing is launched or leaves for it any more
  LaunchAuthorised   its output cannot be reviewed any more, and its export cannot be fetched again
  JobFinished        the same, and if it has left, nothing more leaves of its dataset
  OutputReviewed     the vote does not count any more, and the export cannot be fetched again
  OutputExported     the export cannot be fetched again
Exports that somebody has fetched are out of reach, and so is every copy of the folder of record keys.";

/// What `erase` needs.
#[derive(Debug, Args)]
pub struct EraseOptions {
    #[command(flatten)]
    node: StoppedOptions,
    /// The entry whose record is erased
    #[arg(long)]
    entry: EntryId,
    /// Who orders it: the log keeps their pseudonym
    #[arg(long)]
    by: PersonId,
}

pub(super) fn run(options: &EraseOptions) -> Outcome {
    let Stopped { folder, ledger, .. } = options.node.open()?;
    let entries = ledger.entries().map_err(|error| unusable(&error.into()))?;
    let erased = match ledger.erase(&options.entry, options.by.clone(), now()?) {
        Ok(erased) => erased,
        // The database may still have it, if the first attempt ended there.
        Err(error @ EraseError::Already(_)) => {
            forget(&folder.database(), &entries, &options.entry)?;
            return Err(Failure::refused(&error));
        }
        Err(EraseError::Ledger(error)) => return Err(unusable(&error.into())),
        Err(error) => return Err(Failure::refused(&error)),
    };
    // CRASH: the ledger has nothing any more, control's database has; erasing again removes it.
    forget(&folder.database(), &entries, &options.entry)?;
    Ok(answer(&erased, &options.entry, &entries))
}

fn forget(database: &Path, entries: &Entries, name: &EntryId) -> Result<(), Failure> {
    let Some((index, entry)) = entries.named(name) else {
        return Ok(());
    };
    runtime()?
        .block_on(control::forget(database, *index, entry))
        .map(|_| ())
        .map_err(|error| unusable(&error.into()))
}

fn answer(erased: &Erased, name: &EntryId, entries: &Entries) -> Answer {
    let found = entries.named(name);
    let json = json!({
        "verdict": "erased",
        "reason": null,
        "entry": name,
        "index": found.map(|(index, _)| index),
        "log_index": erased.place.index,
        "objects": erased.objects,
        "same_person": erased.same_person,
    });
    let mut text =
        format!("erased: the record behind `{name}`; the log says so at {}", erased.place.index);
    for object in &erased.objects {
        text.push_str(&format!("\nunreadable now: {object}"));
    }
    if !erased.same_person.is_empty() {
        let indices: Vec<_> = erased.same_person.iter().map(ToString::to_string).collect();
        text.push_str(&format!(
            "\nthe same person is not named any more at {}; what they said there can still be read",
            indices.join(", ")
        ));
    }
    if let Some(what) = found.and_then(|(_, entry)| stops(entry.event.action)) {
        text.push_str(&format!("\n{what}"));
    }
    Answer::new(json, text)
}

/// What stops with the record of such an event.
const fn stops(action: Action) -> Option<&'static str> {
    match action {
        Action::ProjectApproved => Some("its project has ended"),
        Action::LaunchAuthorised => Some("its output cannot be reviewed or fetched any more"),
        Action::JobFinished => {
            Some("its output cannot be opened; if it has left, nothing more leaves of its dataset")
        }
        Action::OutputReviewed | Action::OutputExported => {
            Some("an export that rests on it cannot be fetched again")
        }
        _ => None,
    }
}
