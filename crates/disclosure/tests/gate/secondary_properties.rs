//! Secondary disclosure against looking at every table that agrees.

use disclosure::{
    Budget, CountCell, Margins, Protection, Remedy, Rounding, Seen, Sum, System, propose, protect,
};
use proptest::prelude::*;

use crate::secondary::{flat, with_margins};

/// Counts of cells that are no totals, which no table goes beyond in its bounded places.
const MOST: u64 = 12;

fn seen() -> impl Strategy<Value = u8> {
    prop_oneof![4 => Just(0_u8), 4 => Just(1), 1 => Just(2), 1 => Just(3), 1 => Just(4)]
}

fn see(how: u8, count: u64) -> Seen {
    match how {
        0 => Seen::Hidden,
        1 => Seen::Exact,
        2 => Rounding::Base5.seen(count),
        3 => Rounding::Midpoint6.seen(count),
        _ => Seen::Within { least: count.saturating_sub(1), most: count + 1 },
    }
}

/// Some counts, and totals of any earlier cells: margins of margins, overlapping and repeated ones.
fn systems() -> impl Strategy<Value = System> {
    let totals = prop::collection::vec(prop::collection::vec(any::<bool>(), 9), 1..6);
    (prop::collection::vec(0..4_u64, 2..5), totals, prop::collection::vec(seen(), 9)).prop_map(
        |(mut counts, totals, hows)| {
            let mut sums = Vec::new();
            for picked in totals {
                let parts: Vec<usize> = (0..counts.len()).filter(|cell| picked[*cell]).collect();
                if !parts.is_empty() {
                    sums.push(Sum { total: counts.len(), parts: parts.clone() });
                    counts.push(parts.iter().map(|part| counts[*part]).sum());
                }
            }
            let cell = |(count, how): (&u64, &u8)| {
                let seen = see(*how, *count);
                let within = shown_most(&CountCell { count: *count, seen }) <= MOST;
                // A larger one would bound its parts beyond what is tried.
                let seen = if within { seen } else { Seen::Hidden };
                CountCell { count: *count, seen }
            };
            System::new(counts.iter().zip(&hows).map(cell).collect(), sums).unwrap()
        },
    )
}

/// Tables of two and three dimensions with all margins.
fn tables() -> impl Strategy<Value = System> {
    let shapes = prop_oneof![
        Just(vec![2, 2]),
        Just(vec![2, 3]),
        Just(vec![3, 3]),
        Just(vec![2, 2, 2]),
        Just(vec![2, 2, 3]),
    ];
    let counts = prop::collection::vec(prop_oneof![3 => 0..3_u64, 1 => 0..6_u64], 12);
    (shapes, counts, prop::collection::vec(seen(), 36)).prop_map(|(shape, counts, hows)| {
        let cells: usize = shape.iter().product();
        let rows = with_margins(&shape, &counts[..cells], |categories, count| {
            let totals = categories.iter().filter(|value| value.is_none()).count();
            let place = categories.iter().flatten().fold(totals, |sum, value| sum * 5 + value);
            // Margins are mostly shown, the grand total always, so that there are finitely many.
            match totals {
                0 => see(hows[place % hows.len()], count),
                _ if totals == shape.len() => Seen::Exact,
                _ if hows[place % hows.len()] == 4 => Seen::Hidden,
                _ => Seen::Exact,
            }
        });
        Margins::new(&rows, &flat(shape.len())).unwrap().system().clone()
    })
}

/// The least and the most of each cell over all tables that agree and have no more than `MOST` in
/// cells that are no totals; by trying them all.
fn ranges(system: &System) -> Vec<(u64, u64)> {
    let (cells, sums) = (system.cells(), system.sums());
    let mut counts = vec![None; cells.len()];
    let mut ranges = vec![(u64::MAX, 0); cells.len()];
    let free: Vec<usize> =
        (0..cells.len()).filter(|cell| sums.iter().all(|sum| sum.total != *cell)).collect();
    try_all(system, &free, &mut counts, &mut ranges);
    ranges
}

/// What a cell can be at most by what is seen of it.
fn shown_most(cell: &CountCell) -> u64 {
    match cell.seen {
        Seen::Exact => cell.count,
        Seen::Within { most, .. } => most,
        Seen::Hidden => u64::MAX,
    }
}

fn may_be(cell: &CountCell, count: u64) -> bool {
    match cell.seen {
        Seen::Exact => count == cell.count,
        Seen::Hidden => true,
        Seen::Within { least, most } => (least..=most).contains(&count),
    }
}

fn try_all(system: &System, free: &[usize], counts: &mut [Option<u64>], found: &mut [(u64, u64)]) {
    // A total that is shown already has too much, whatever the rest is.
    let too_much = system.sums().iter().any(|sum| {
        let parts: u64 = sum.parts.iter().filter_map(|part| counts[*part]).sum();
        parts > shown_most(&system.cells()[sum.total])
    });
    if too_much {
        return;
    }
    let Some((cell, rest)) = free.split_first() else {
        return record(system, counts, found);
    };
    for count in (0..=MOST).filter(|count| may_be(&system.cells()[*cell], *count)) {
        counts[*cell] = Some(count);
        try_all(system, rest, counts, found);
    }
    counts[*cell] = None;
}

fn record(system: &System, counts: &[Option<u64>], found: &mut [(u64, u64)]) {
    let mut counts = counts.to_vec();
    while counts.contains(&None) {
        for sum in system.sums() {
            let parts: Option<Vec<u64>> = sum.parts.iter().map(|part| counts[*part]).collect();
            counts[sum.total] = counts[sum.total].or(parts.map(|parts| parts.iter().sum()));
        }
    }
    let counts: Vec<u64> = counts.into_iter().flatten().collect();
    let holds =
        |sum: &Sum| sum.parts.iter().map(|part| counts[*part]).sum::<u64>() == counts[sum.total];
    let agrees = system.cells().iter().zip(&counts).all(|(cell, count)| may_be(cell, *count));
    if agrees && system.sums().iter().all(holds) {
        for ((least, most), count) in found.iter_mut().zip(&counts) {
            (*least, *most) = ((*least).min(*count), (*most).max(*count));
        }
    }
}

fn agrees_with_every_table(
    system: &System,
    threshold: u64,
    zeros: bool,
) -> Result<(), TestCaseError> {
    let ranges = ranges(system);
    let found = protect(system, threshold, zeros, Budget::default());
    let small =
        system.cells().iter().filter(|cell| cell.count < threshold && (zeros || cell.count > 0));
    prop_assert_eq!(found.len(), small.count());
    for (cell, protection) in found {
        let (least, most) = ranges[cell];
        match protection {
            Protection::Safe => prop_assert!(most >= threshold, "cell {cell} is at most {most}"),
            Protection::Exposed { least: no_less, most: no_more } => {
                prop_assert!(no_more < threshold);
                prop_assert!(no_less <= least && most <= no_more, "{cell}: {least} to {most}");
            }
            Protection::Unproved => prop_assert!(false, "cell {cell} is not decided"),
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_system_is_judged_as_by_all_its_tables(
        system in systems(), threshold in 1..5_u64, zeros in any::<bool>(),
    ) {
        agrees_with_every_table(&system, threshold, zeros)?;
    }

    #[test]
    fn tables_are_judged_as_by_all_their_completions(
        system in tables(), threshold in 1..6_u64, zeros in any::<bool>(),
    ) {
        agrees_with_every_table(&system, threshold, zeros)?;
    }

    #[test]
    fn what_is_proposed_is_safe(system in tables(), threshold in 2..6_u64) {
        for proposed in propose(&system, threshold, false, Budget { steps: 1_000_000 }) {
            let seen = |(place, cell): (usize, &CountCell)| match &proposed {
                Remedy::Hide(cells) if cells.contains(&place) => Seen::Hidden,
                Remedy::Round(rounding) if cell.seen != Seen::Hidden => rounding.seen(cell.count),
                Remedy::Hide(_) | Remedy::Round(_) => cell.seen,
            };
            let cells = system.cells().iter().enumerate();
            let cells = cells.map(|(place, cell)| CountCell { seen: seen((place, cell)), ..*cell });
            let changed = System::new(cells.collect(), system.sums().to_vec()).unwrap();
            let found = protect(&changed, threshold, false, Budget::default());
            prop_assert!(found.iter().all(|(_, found)| *found == Protection::Safe), "{found:?}");
        }
    }
}
