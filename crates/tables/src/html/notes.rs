//! What a reader must know before using the table.

use super::words::{count, percent, short};
use crate::outcome::Outcome;

pub(super) fn all(outcome: &Outcome<'_>) -> Vec<String> {
    let found = outcome.found;
    let mut notes = Vec::new();
    if !found.optimal {
        notes.push(format!(
            "The search was heuristic: a table of lower cost than {} may exist. None costs less \
             than {}.",
            short(found.score),
            short(found.bound),
        ));
    }
    if outcome.after.rows == 0 {
        notes.push("Every row is suppressed: nothing is left of the table.".to_owned());
    } else if outcome.suppressed() > 0 {
        notes.push(format!(
            "{} of {} rows are suppressed ({}): their quasi-identifiers and sensitive values are \
             empty cells. What is below under “after” is of the other rows.",
            count(outcome.suppressed()),
            count(outcome.table.rows()),
            percent(share(outcome.suppressed(), outcome.table.rows())),
        ));
    }
    if !outcome.left_out.is_empty() {
        notes.push(format!(
            "Left out, being identifiers or without a role: {}.",
            outcome.left_out.join(", "),
        ));
    }
    let levelled = levelled(outcome);
    if !levelled.is_empty() {
        notes.push(format!(
            "On its highest level, so that little or nothing is left to use: {}.",
            levelled.join(", "),
        ));
    }
    let public = public(outcome);
    if !public.is_empty() {
        notes.push(format!(
            "Written as they are, in suppressed rows, too, and counted in no risk: {}.",
            public.join(", "),
        ));
    }
    notes
}

/// Columns on the highest of several levels.
fn levelled<'a>(outcome: &Outcome<'a>) -> Vec<&'a str> {
    let columns = outcome.plan.quasi_identifiers.iter().zip(&outcome.found.levels);
    columns
        .filter(|((_, hierarchy), level)| **level > 0 && **level + 1 == hierarchy.levels())
        .map(|((name, _), _)| name.as_str())
        .collect()
}

/// Columns that are neither quasi-identifiers nor sensitive.
fn public<'a>(outcome: &Outcome<'a>) -> Vec<&'a str> {
    let plan = outcome.plan;
    let names = outcome.table.columns().iter().map(disclosure::Column::name);
    let has_role = |name: &str| {
        plan.quasi_identifiers.iter().any(|(other, _)| other == name)
            || plan.sensitive.iter().any(|other| other.name == name)
    };
    names.filter(|name| !has_role(name)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rows are below 2^32")]
fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}
