//! The search and the relaxation against each other: neither knows how the other works.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::bounds::{Bounds, Interval, UNBOUNDED};
use super::search::{Found, search};
use super::simplex::{Relaxation, Tableau, component};
use super::work::Work;
use super::*;

/// Tables of `shape` with all margins, of which some cells are hidden, rounded or shown.
fn tables(shape: [usize; 3]) -> impl Strategy<Value = System> {
    let cells: usize = shape.iter().product();
    let counts = prop::collection::vec(0..9_u64, cells);
    (counts, prop::collection::vec(0..10_u8, cells), 0..8_usize).prop_map(
        move |(counts, hows, hidden_margin)| {
            let mut rows = BTreeMap::<Vec<Option<usize>>, (u64, u8)>::new();
            for (place, (count, how)) in counts.iter().zip(&hows).enumerate() {
                let [_, b, c] = shape;
                let values = [place / (b * c), place / c % b, place % c];
                for totals in 0..8_usize {
                    let value = |axis: usize| (totals >> axis & 1 == 0).then_some(values[axis]);
                    let row = rows.entry((0..3).map(value).collect()).or_default();
                    let margin = if totals == hidden_margin { 0 } else { 9 };
                    *row = (row.0 + count, if totals == 0 { *how } else { margin });
                }
            }
            let row = |(categories, (count, how))| {
                let seen = match how {
                    0..=5 => Seen::Hidden,
                    6 => Rounding::Base5.seen(count),
                    _ => Seen::Exact,
                };
                TableRow { categories, count, seen }
            };
            let rows: Vec<TableRow> = rows.into_iter().map(row).collect();
            Margins::new(&rows, &[const { BTreeMap::new() }; 3]).unwrap().system().clone()
        },
    )
}

fn truth(system: &System) -> Vec<u64> {
    system.cells().iter().map(|cell| cell.count).collect()
}

fn narrowed(system: &System) -> Bounds<'_> {
    let mut bounds = Bounds::of(system);
    bounds.propagate(&mut ample()).unwrap();
    bounds
}

fn ample() -> Work {
    Work::new(Budget::default())
}

/// Whether a table that agrees has at least `enough` in `cell`; none if that would take long.
fn is_possible(system: &System, cell: usize, enough: u64) -> Option<bool> {
    let mut bounds = Bounds::of(system);
    if bounds.narrow(cell, Interval { least: enough, most: UNBOUNDED }).is_err() {
        return Some(false);
    }
    let cost = vec![0; system.cells().len()];
    let mut work = Work::new(Budget { steps: 10_000 });
    let found = search(system, bounds, &truth(system), &cost, &mut work).ok()?;
    if let Found::Table(counts) = &found {
        assert!(system.agrees(counts) && counts[cell] >= enough);
    }
    Some(found != Found::Nothing)
}

fn free(system: &System) -> Vec<usize> {
    let bounds = narrowed(system);
    (0..system.cells().len()).filter(|cell| !bounds.interval(*cell).is_fixed()).collect()
}

/// Raises each free cell to `enough`, or as far as interval arithmetic leaves room; all cells of a
/// component in one tableau, one after another.
fn relaxed(system: &System, enough: u64) -> Vec<(usize, u64, Relaxation)> {
    let bounds = narrowed(system);
    let mut tableaus = BTreeMap::new();
    let raise = |cell: usize| {
        let component = component(system, &bounds, cell);
        let tableau = tableaus.entry(component[0]).or_insert_with(|| {
            Tableau::new(system, &bounds, &component, &mut ample()).unwrap().unwrap()
        });
        let enough = enough.min(bounds.interval(cell).most);
        let found = tableau.raise(cell, enough, &truth(system), &mut ample()).unwrap();
        (cell, enough, found)
    };
    free(system).into_iter().map(raise).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn in_two_dimensions_the_relaxation_is_exact(system in tables([1, 3, 4]), enough in 1..25_u64) {
        for (cell, enough, found) in relaxed(&system, enough) {
            match found {
                Relaxation::AtMost(most) => {
                    prop_assert!(most < enough);
                    prop_assert_ne!(is_possible(&system, cell, most), Some(false));
                    prop_assert_ne!(is_possible(&system, cell, most + 1), Some(true));
                }
                Relaxation::Reached(counts) => {
                    prop_assert!(system.agrees(&counts) && counts[cell] >= enough);
                }
                other => prop_assert!(false, "{cell}: {other:?}"),
            }
        }
    }

    #[test]
    fn in_three_the_relaxation_is_never_below_the_truth(
        system in tables([2, 2, 3]), enough in 1..25_u64,
    ) {
        for (cell, enough, found) in relaxed(&system, enough) {
            match found {
                Relaxation::AtMost(most) => {
                    prop_assert!(most < enough);
                    prop_assert_ne!(is_possible(&system, cell, most + 1), Some(true));
                }
                Relaxation::Reached(counts) => {
                    prop_assert!(system.agrees(&counts) && counts[cell] >= enough);
                }
                Relaxation::NotWhole => {}
                Relaxation::Overflow => prop_assert!(false, "{cell}: numbers too large"),
            }
        }
    }
}
