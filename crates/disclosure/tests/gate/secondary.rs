//! Secondary disclosure: known cases, budgets, and systems that are none.

use std::collections::BTreeMap;

use disclosure::{
    Budget, CountCell, Margins, Protection, Remedy, Rounding, Seen, Sum, System, SystemError,
    TableRow, coarser, propose, protect,
};
use domain::Reason as _;

use Protection::{Exposed, Safe};

const fn exact(count: u64) -> CountCell {
    CountCell { count, seen: Seen::Exact }
}

const fn hidden(count: u64) -> CountCell {
    CountCell { count, seen: Seen::Hidden }
}

fn sum(parts: &[usize], total: usize) -> Sum {
    Sum { parts: parts.to_vec(), total }
}

fn system(cells: &[CountCell], sums: &[Sum]) -> System {
    System::new(cells.to_vec(), sums.to_vec()).unwrap()
}

/// `counts` in row-major order with all margins, `is_hidden` by place; the axes as long as `shape`.
pub(crate) fn with_margins(
    shape: &[usize],
    counts: &[u64],
    seen: impl Fn(&[Option<usize>], u64) -> Seen,
) -> Vec<TableRow> {
    let mut rows = BTreeMap::<Vec<Option<usize>>, u64>::new();
    for (place, count) in counts.iter().enumerate() {
        let mut rest = place;
        let mut values: Vec<usize> = Vec::new();
        for length in shape.iter().rev() {
            values.insert(0, rest % length);
            rest /= length;
        }
        for totals in 0..1_usize << shape.len() {
            let value =
                |(axis, value): (usize, &usize)| (totals >> axis & 1 == 0).then_some(*value);
            *rows.entry(values.iter().enumerate().map(value).collect()).or_default() += count;
        }
    }
    let row = |(categories, count): (Vec<Option<usize>>, u64)| {
        let seen = seen(&categories, count);
        TableRow { categories, count, seen }
    };
    rows.into_iter().map(row).collect()
}

pub(crate) fn flat(categories: usize) -> Vec<BTreeMap<usize, usize>> {
    vec![BTreeMap::new(); categories]
}

/// Hides the cells at these places of the inside of a table.
fn hiding(places: &[&[usize]]) -> impl Fn(&[Option<usize>], u64) -> Seen {
    let places: Vec<Vec<Option<usize>>> =
        places.iter().map(|place| place.iter().copied().map(Some).collect()).collect();
    move |categories, _| {
        if places.iter().any(|place| place == categories) { Seen::Hidden } else { Seen::Exact }
    }
}

/// The verdicts of a table's cells, by their categories.
fn verdicts(rows: &[TableRow], threshold: u64) -> Vec<(Vec<Option<usize>>, Protection)> {
    let margins = Margins::new(rows, &flat(rows[0].categories.len())).unwrap();
    let found = protect(margins.system(), threshold, false, Budget::default());
    found.into_iter().map(|(cell, found)| (rows[cell].categories.clone(), found)).collect()
}

fn verdict(rows: &[TableRow], threshold: u64, cell: [usize; 2]) -> Protection {
    let found = verdicts(rows, threshold);
    let found = found.iter().find(|(categories, _)| *categories == cell.map(Some));
    found.unwrap().1
}

#[test]
fn one_hidden_cell_of_a_table_with_margins_is_known() {
    let rows = with_margins(&[2, 2], &[3, 20, 20, 20], hiding(&[&[0, 0]]));
    assert_eq!(verdicts(&rows, 10), [(vec![Some(0), Some(0)], Exposed { least: 3, most: 3 })]);
}

#[test]
fn four_hidden_cells_of_a_block_have_frechet_bounds() {
    let all: [&[usize]; 4] = [&[0, 0], &[0, 1], &[1, 0], &[1, 1]];
    // Rows of 12 and 40, columns of 11 and 41: the first cell is max(0, 12 + 11 − 52) to 11.
    let rows = with_margins(&[2, 2], &[3, 9, 8, 32], hiding(&all));
    assert_eq!(verdict(&rows, 12, [0, 0]), Exposed { least: 0, most: 11 });
    assert_eq!(verdict(&rows, 11, [0, 0]), Safe);
    // Rows of 20 and 10, columns of 22 and 8: at least 20 + 22 − 30.
    let rows = with_margins(&[2, 2], &[14, 6, 8, 2], hiding(&all));
    assert_eq!(verdict(&rows, 21, [0, 0]), Exposed { least: 12, most: 20 });
}

#[test]
fn hidden_cells_that_only_together_say_something_are_found() {
    // Rows 0 and 1 hide columns 0 and 1, and row 0 also column 2, which is alone in its column
    // within the hidden ones: the two columns less row 1 give away the cell.
    let places: [&[usize]; 5] = [&[0, 0], &[0, 1], &[0, 2], &[1, 0], &[1, 1]];
    let counts = [30, 30, 4, 30, 30, 50, 20, 20, 20];
    let rows = with_margins(&[3, 3], &counts, hiding(&places));
    assert_eq!(verdicts(&rows, 10), [(vec![Some(0), Some(2)], Exposed { least: 4, most: 4 })]);
}

#[test]
fn a_small_cell_that_is_shown_is_exposed() {
    let cells = [exact(4), exact(30), exact(0)];
    let found = protect(&system(&cells, &[]), 5, false, Budget::default());
    assert_eq!(found, [(0, Exposed { least: 4, most: 4 })]);
    let found = protect(&system(&cells, &[]), 5, true, Budget::default());
    assert_eq!(found[1], (2, Exposed { least: 0, most: 0 }));
}

#[test]
fn levels_of_margins_give_away_what_each_alone_would_not() {
    // Districts 10 and 11 of region 1, 20 and 21 of region 2. Hidden: district 10 and region 1.
    let parents = [BTreeMap::from([(10, 1), (11, 1), (20, 2), (21, 2)])];
    let row = |value, count, seen| TableRow { categories: vec![value], count, seen };
    let rows = |region| {
        [
            row(Some(10), 4, Seen::Hidden),
            row(Some(11), 30, Seen::Exact),
            row(Some(20), 25, Seen::Exact),
            row(Some(21), 25, region),
            row(Some(1), 34, Seen::Hidden),
            row(None, 84, Seen::Exact),
        ]
    };
    let margins = Margins::new(&rows(Seen::Exact), &parents).unwrap();
    // Region 2 has no row; its cell is there all the same.
    assert_eq!(margins.absent(), [[Some(2)]]);
    let found = protect(margins.system(), 10, false, Budget::default());
    assert_eq!(found, [(0, Exposed { least: 4, most: 4 })]);
    let margins = Margins::new(&rows(Seen::Hidden), &parents).unwrap();
    assert_eq!(protect(margins.system(), 10, false, Budget::default()), [(0, Safe)]);
}

/// `a + b`, `b + c` and `a + c` are at most 1 each, twice over: halves add up to 3, whole counts to 2.
fn two_triangles() -> System {
    let triangle = [hidden(1), hidden(0), hidden(0), hidden(0), hidden(1), hidden(0)];
    let mut cells = [triangle, triangle].concat();
    cells.extend([hidden(2), exact(1)]);
    let edge = |a, b, rest| sum(&[a, b, rest], 13);
    let triangle = |first| {
        [
            edge(first, first + 1, first + 3),
            edge(first + 1, first + 2, first + 4),
            edge(first, first + 2, first + 5),
        ]
    };
    let mut sums = [triangle(0), triangle(6)].concat();
    sums.push(sum(&[0, 1, 2, 6, 7, 8], 12));
    system(&cells, &sums)
}

#[test]
fn what_only_halves_would_hide_is_exposed() {
    let found = protect(&two_triangles(), 3, false, Budget::default());
    let total = found.iter().find(|(cell, _)| *cell == 12).unwrap();
    assert_eq!(total.1, Exposed { least: 0, most: 2 });
}

/// Counts without pattern, one in five of them small: a multiplicative generator.
fn many_counts(cells: usize) -> Vec<u64> {
    let mut state = 1_u64;
    let mut next = move || {
        state = state * 48_271 % 2_147_483_647;
        state
    };
    (0..cells).map(|_| if next() % 5 == 0 { next() % 10 } else { next() % 500 }).collect()
}

/// How many small cells of a large table are judged, and not.
fn judged(shape: &[usize], seen: fn(u64) -> Seen) -> (usize, usize) {
    let counts = many_counts(shape.iter().product());
    let rows = with_margins(shape, &counts, |_, count| seen(count));
    let margins = Margins::new(&rows, &flat(shape.len())).unwrap();
    let found = protect(margins.system(), 6, false, Budget::default());
    let unproved = found.iter().filter(|(_, found)| *found == Protection::Unproved).count();
    (found.len() - unproved, unproved)
}

const fn hide_small(count: u64) -> Seen {
    if count > 0 && count < 6 { Seen::Hidden } else { Seen::Exact }
}

#[test]
fn a_large_table_with_hidden_cells_is_decided() {
    assert_eq!(judged(&[100, 50], hide_small), (511, 0));
}

#[test]
fn a_larger_table_with_hidden_cells_is_decided() {
    assert_eq!(judged(&[100, 100], hide_small), (1047, 0));
}

#[test]
fn a_large_rounded_table_is_decided() {
    assert_eq!(judged(&[100, 50], |count| Rounding::Midpoint6.seen(count)), (511, 0));
}

#[test]
fn a_large_rounded_table_of_three_dimensions_is_nearly_decided() {
    let (decided, undecided) = judged(&[25, 20, 20], |count| Rounding::Midpoint6.seen(count));
    assert_eq!(decided + undecided, 1047);
    assert!(undecided < 10, "{undecided}");
}

#[test]
fn a_hard_table_ends_with_its_budget() {
    let (decided, undecided) = judged(&[25, 20, 20], hide_small);
    assert_eq!(decided + undecided, 1047);
}

#[test]
fn rounded_values_stand_for_intervals() {
    for (rounding, counts) in [
        (Rounding::Base5, [(0, 0, 0, 2), (2, 0, 0, 2), (3, 5, 3, 7), (10, 10, 8, 12)].as_slice()),
        (Rounding::Midpoint6, &[(1, 3, 1, 6), (6, 3, 1, 6), (7, 9, 7, 12), (12, 9, 7, 12)]),
    ] {
        for &(count, released, least, most) in counts {
            assert_eq!(rounding.released(count), released);
            assert_eq!(rounding.seen(count), Seen::Within { least, most });
        }
    }
    assert_eq!(Rounding::Midpoint6.released(0), 0);
    assert_eq!(Rounding::Midpoint6.seen(0), Seen::Exact);
}

#[test]
fn a_rounded_part_is_known_from_an_exact_margin() {
    let rounded = CountCell { count: 8, seen: Rounding::Midpoint6.seen(8) };
    let alone = system(&[rounded, exact(20), exact(28)], &[]);
    assert_eq!(protect(&alone, 10, false, Budget::default()), [(0, Safe)]);
    let summed = system(&[rounded, exact(20), exact(28)], &[sum(&[0, 1], 2)]);
    let known = Exposed { least: 8, most: 8 };
    assert_eq!(protect(&summed, 10, false, Budget::default()), [(0, known)]);
}

#[test]
fn without_budget_nothing_is_proved() {
    let all: [&[usize]; 4] = [&[0, 0], &[0, 1], &[1, 0], &[1, 1]];
    let rows = with_margins(&[2, 2], &[3, 9, 8, 32], hiding(&all));
    let margins = Margins::new(&rows, &flat(2)).unwrap();
    let found = protect(margins.system(), 10, false, Budget { steps: 0 });
    assert!(found.iter().all(|(_, found)| *found == Protection::Unproved), "{found:?}");
    assert_eq!(found.len(), 3);
    assert!(propose(margins.system(), 10, false, Budget { steps: 0 }).is_empty());
}

#[test]
fn what_is_no_system_has_a_reason() {
    let two = vec![exact(3), exact(3)];
    let many = vec![exact(0); 200_001];
    let within = CountCell { count: 3, seen: Seen::Within { least: 4, most: 9 } };
    for (cells, sums, code) in [
        (&two, vec![sum(&[0], 2)], "secondary.unknown-cell"),
        (&two, vec![sum(&[7], 1)], "secondary.unknown-cell"),
        (&two, vec![sum(&[0, 0], 1)], "secondary.cell-twice"),
        (&two, vec![sum(&[0, 1], 1)], "secondary.cell-twice"),
        (&two, vec![sum(&[], 1)], "secondary.no-parts"),
        (&vec![exact(3), exact(4)], vec![sum(&[0], 1)], "secondary.sum-does-not-hold"),
        (&vec![within], vec![], "secondary.not-within"),
        (&vec![exact(1_000_000_000_000_001)], vec![], "secondary.count-too-large"),
        (&many, vec![], "secondary.too-large"),
    ] {
        let error = System::new(cells.clone(), sums).unwrap_err();
        assert_eq!(error.reason(), code);
    }
}

#[test]
fn what_is_no_table_has_a_reason() {
    let row = |categories: &[Option<usize>], count| TableRow {
        categories: categories.to_vec(),
        count,
        seen: Seen::Exact,
    };
    let parents = flat(1);
    let circle = vec![BTreeMap::from([(1, 2), (2, 1)])];
    for (rows, parents, code) in [
        (vec![row(&[None, None], 1)], &parents, "secondary.ragged-row"),
        (vec![row(&[Some(1)], 1), row(&[Some(1)], 1)], &parents, "secondary.row-twice"),
        (vec![row(&[Some(1)], 1)], &circle, "secondary.cyclic-parents"),
        (vec![row(&[Some(1)], 3), row(&[None], 2)], &parents, "secondary.contradiction"),
    ] {
        assert_eq!(Margins::new(&rows, parents).unwrap_err().reason(), code);
    }
}

#[test]
fn absent_rows_are_hidden_with_the_count_that_is_left() {
    let row = |a: Option<usize>, b: Option<usize>, count| TableRow {
        categories: vec![a, b],
        count,
        seen: Seen::Exact,
    };
    let mut rows = vec![
        row(Some(0), Some(0), 20),
        row(Some(0), None, 24),
        row(Some(1), Some(0), 30),
        row(Some(1), None, 30),
        row(Some(1), Some(2), 0),
    ];
    // (1, 1) is not there either, but nothing is left for it; (0, 1) and (0, 2) have 4 together.
    rows.push(row(Some(0), Some(1), 0));
    let margins = Margins::new(&rows, &flat(2)).unwrap();
    assert_eq!(margins.absent(), [[Some(0), Some(2)], [Some(1), Some(1)]]);
    let counts: Vec<u64> = margins.system().cells()[6..].iter().map(|cell| cell.count).collect();
    assert_eq!(counts, [4, 0]);
    let found = protect(margins.system(), 10, false, Budget::default());
    assert_eq!(found, [(6, Exposed { least: 4, most: 4 })]);
    rows.pop();
    rows.push(row(Some(1), Some(1), 0));
    let error = Margins::new(&rows, &flat(2)).unwrap_err();
    assert_eq!(error, SystemError::AbsentRow { categories: vec![Some(0), Some(1)] });
    assert_eq!(error.reason(), "secondary.absent-row");
}

#[test]
fn a_margin_of_margins_is_used_though_those_between_are_absent() {
    // Inside and grand total only: the hidden cell is what the rest leaves.
    let mut rows = with_margins(&[2, 2], &[3, 20, 20, 20], hiding(&[&[0, 0]]));
    rows.retain(|row| {
        row.categories.iter().all(Option::is_some) == row.categories.iter().any(Option::is_some)
    });
    assert_eq!(rows.len(), 5);
    let found = verdicts(&rows, 10);
    assert_eq!(found, [(vec![Some(0), Some(0)], Exposed { least: 3, most: 3 })]);
}

#[test]
fn the_cheapest_block_is_hidden_with_the_small_cell() {
    let counts = [3, 40, 12, 50, 60, 70, 15, 80, 11];
    let rows = with_margins(&[3, 3], &counts, |_, _| Seen::Exact);
    let margins = Margins::new(&rows, &flat(2)).unwrap();
    let proposed = propose(margins.system(), 10, false, Budget::default());
    let Some(Remedy::Hide(cells)) = proposed.first() else { panic!("{proposed:?}") };
    let counts: Vec<u64> = cells.iter().map(|cell| rows[*cell].count).collect();
    assert_eq!(counts, [3, 12, 15, 11]);
    assert!(propose(margins.system(), 3, false, Budget::default()).is_empty());
}

#[test]
fn rounding_is_proposed_where_it_is_enough() {
    let rows = with_margins(&[2, 2], &[4, 40, 40, 50], |_, _| Seen::Exact);
    let margins = Margins::new(&rows, &flat(2)).unwrap();
    let rounded = |threshold| {
        let proposed = propose(margins.system(), threshold, false, Budget::default());
        proposed.into_iter().filter(|found| matches!(found, Remedy::Round(_))).collect::<Vec<_>>()
    };
    // 4 becomes 5, which is 3 to 7, or 3, which is 1 to 6.
    let (base5, midpoint6) = (Remedy::Round(Rounding::Base5), Remedy::Round(Rounding::Midpoint6));
    assert_eq!(rounded(6), [base5.clone(), midpoint6]);
    assert_eq!(rounded(7), [base5]);
    assert_eq!(rounded(8), []);
}

#[test]
fn a_category_is_named_whose_merge_leaves_nothing_small() {
    let rows = with_margins(&[2, 2], &[3, 20, 30, 4], |_, _| Seen::Exact);
    assert_eq!(coarser(&rows, &flat(2), 10, false), [0, 1]);
    let rows = with_margins(&[2, 2], &[3, 20, 4, 40], |_, _| Seen::Exact);
    assert_eq!(coarser(&rows, &flat(2), 10, false), [1]);
    // Values 0 and 1 are parts of 9: one level up they are still there, merged.
    let parents = [BTreeMap::from([(0, 9), (1, 9)]), BTreeMap::new()];
    assert_eq!(coarser(&rows, &parents, 8, false), [1]);
    assert_eq!(coarser(&rows, &parents, 7, false), [0, 1]);
}
