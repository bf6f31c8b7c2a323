//! What would make a table safe.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::bounds::{Bounds, Interval, UNBOUNDED};
use super::protect::{Protection, Small, judge};
use super::rounding::Rounding;
use super::search::{Found, search};
use super::system::{Seen, System};
use super::work::{Budget, Work};

/// A change of what is shown that leaves every small cell safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Hide these cells too, by their places: the small ones that are shown, then as few people
    /// more as were found to be enough.
    Hide(Vec<usize>),
    /// Round every cell that is shown.
    Round(Rounding),
}

/// What would make `system` safe, each by itself; each was judged as [`super::protect`] judges.
/// Nothing if it is safe already, or if nothing was found within the budget.
#[must_use]
pub fn propose(
    system: &System,
    threshold: u64,
    zeros_disclose: bool,
    budget: Budget,
) -> Vec<Remedy> {
    let small = Small { threshold, zeros_disclose };
    let mut work = Work::new(budget);
    if is_safe(system, small, &mut work) {
        return Vec::new();
    }
    let share = work.budget().steps / 3;
    let rounded = [Rounding::Base5, Rounding::Midpoint6].into_iter().filter(|rounding| {
        let rounded = system.seen_as(|_, cell| match cell.seen {
            Seen::Hidden => Seen::Hidden,
            Seen::Exact | Seen::Within { .. } => rounding.seen(cell.count),
        });
        work.at_most(share, |work| is_safe(&rounded, small, work))
    });
    let rounded: Vec<Remedy> = rounded.map(Remedy::Round).collect();
    let hidden = hide(system, small, &mut work);
    hidden.map(Remedy::Hide).into_iter().chain(rounded).collect()
}

fn is_safe(system: &System, small: Small, work: &mut Work) -> bool {
    judge(system, small, work).iter().all(|(_, protection)| *protection == Protection::Safe)
}

/// Cells to hide: greedily, the cells of the cheapest table found in which each small cell is not
/// small, then without those that turn out to be superfluous.
fn hide(system: &System, small: Small, work: &mut Work) -> Option<Vec<usize>> {
    let is_shown =
        |place: usize| system.cells().get(place).map(|cell| cell.seen) != Some(Seen::Hidden);
    let shown_small = (0..).zip(system.cells()).filter(|(_, cell)| small.is(cell.count));
    let primary: BTreeSet<usize> =
        shown_small.map(|(place, _)| place).filter(|place| is_shown(*place)).collect();
    let mut hidden = primary.clone();
    let first = hiding(system, &hidden);
    let exposed = judge(&first, small, work)
        .into_iter()
        .filter(|(_, protection)| *protection != Protection::Safe)
        .map(|(cell, _)| cell)
        .collect::<Vec<usize>>();
    for cell in exposed {
        let changed = cheapest(&hiding(system, &hidden), cell, small, work)?;
        hidden.extend(changed.into_iter().filter(|cell| is_shown(*cell)));
    }
    if !is_safe(&hiding(system, &hidden), small, work) {
        return None;
    }
    let count = |place: &usize| system.cells().get(*place).map_or(0, |cell| cell.count);
    let mut dearest: Vec<usize> = hidden.difference(&primary).copied().collect();
    dearest.sort_by_key(|place| (Reverse(count(place)), *place));
    for place in dearest {
        hidden.remove(&place);
        if !is_safe(&hiding(system, &hidden), small, work) {
            hidden.insert(place);
        }
    }
    Some(hidden.into_iter().collect())
}

fn hiding(system: &System, hidden: &BTreeSet<usize>) -> System {
    system.seen_as(|place, cell| if hidden.contains(&place) { Seen::Hidden } else { cell.seen })
}

/// The cells that change in the cheapest table found in which `cell` is not small. Hidden cells may
/// change for nothing; those that are shown for their count. Totals only if nothing else helps, and
/// never a shown 0, which a reader might guess.
fn cheapest(system: &System, cell: usize, small: Small, work: &mut Work) -> Option<Vec<usize>> {
    let totals: BTreeSet<usize> = system.sums().iter().map(|sum| sum.total).collect();
    let truth: Vec<u64> = system.cells().iter().map(|cell| cell.count).collect();
    let cost = system.cells().iter().map(|cell| match cell.seen {
        Seen::Hidden => 0,
        Seen::Exact | Seen::Within { .. } => cell.count,
    });
    let cost: Vec<u64> = cost.collect();
    [false, true].into_iter().find_map(|with_totals| {
        let open = system.seen_as(|place, cell| {
            let may = cell.count > 0 && (with_totals || !totals.contains(&place));
            if may { Seen::Hidden } else { cell.seen }
        });
        let mut bounds = Bounds::of(&open);
        bounds.narrow(cell, Interval { least: small.threshold, most: UNBOUNDED }).ok()?;
        let share = work.budget().steps / 8;
        let found = work.at_most(share, |work| search(&open, bounds, &truth, &cost, work));
        let Ok(Found::Table(counts)) = found else { return None };
        let changed = (0..).zip(counts.iter().zip(&truth)).filter(|(_, (a, b))| a != b);
        Some(changed.map(|(place, _)| place).collect())
    })
}
