//! SUDA and the risks with a population against the definitions, looked up one by one in small random
//! tables, and what never changes them.

use std::collections::BTreeMap;

use disclosure::{
    Column, MeasureError, PopulationRisk, Ratio, SamplingFraction, Suda, SudaDis, Table,
};
use proptest::prelude::*;

/// A row of five quasi-identifiers, of which `0` is missing.
type Row = [u8; 5];

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    let row = (0..3_u8, 0..3_u8, 0..4_u8, 0..2_u8, 0..12_u8);
    prop::collection::vec(row.prop_map(|(a, b, c, d, e)| [a, b, c, d, e]), 0..most)
}

/// A table of the rows with the columns in the order given.
fn table_of(rows: &[Row], order: [usize; 5]) -> Table {
    let column = |at: usize| {
        let cell = |row: &Row| if row[at] == 0 { String::new() } else { row[at].to_string() };
        Column::encode(NAMES[at], &rows.iter().map(cell).collect::<Vec<_>>()).unwrap()
    };
    Table::new(order.map(column).into()).unwrap()
}

fn table(rows: &[Row]) -> Table {
    table_of(rows, [0, 1, 2, 3, 4])
}

fn names() -> Vec<String> {
    NAMES.map(str::to_owned).into()
}

fn suda(table: &Table, max_size: usize) -> Suda {
    Suda::of(table, &names(), max_size, &mut |_, _| ()).unwrap()
}

/// All that is reported, which does not speak of row numbers.
type Reported =
    (BTreeMap<usize, u64>, usize, u128, Option<Ratio>, Vec<(String, u128)>, Option<SudaDis>);

fn reported(suda: &Suda) -> Reported {
    let with = suda.scores_with.clone();
    let dis = suda.dis(SamplingFraction::default());
    (suda.sizes.clone(), suda.scores.len(), suda.score_max(), suda.score_mean(), with, dis)
}

/// The MSUs of each row: every set of columns is tried, and every set within it.
fn msus_by_hand(rows: &[Row], max_size: u32) -> Vec<Vec<u32>> {
    let agree = |a: &Row, b: &Row, set: u32| (0..5).all(|at| set >> at & 1 == 0 || a[at] == b[at]);
    let is_unique =
        |row: &Row, set: u32| rows.iter().filter(|other| agree(row, other, set)).count() == 1;
    let is_minimal = |row: &Row, set: u32| {
        (1..set).filter(|part| part & set == *part).all(|part| !is_unique(row, part))
    };
    let sets = || (1..32_u32).filter(|set| set.count_ones() <= max_size);
    let of_row =
        |row: &Row| sets().filter(|&set| is_unique(row, set) && is_minimal(row, set)).collect();
    rows.iter().map(of_row).collect()
}

fn score_by_hand(set: u32, max_size: u32) -> u128 {
    (set.count_ones()..max_size).map(|i| u128::from(5 - i)).product()
}

/// 1 / F of each row's class, or the reason why there is none.
fn population_by_hand(sample: &[Row], population: &[Row]) -> Result<Vec<f64>, MeasureError> {
    let count = |rows: &[Row], row: &Row| rows.iter().filter(|other| *other == row).count();
    let chance = |row: &Row| match (count(sample, row), count(population, row)) {
        (_, 0) => Err(MeasureError::NotInPopulation),
        (here, there) if there < here => Err(MeasureError::MoreThanPopulation),
        (_, there) => Ok(1.0 / there as f64),
    };
    sample.iter().map(chance).collect()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

proptest! {
    #[test]
    fn suda_finds_what_trying_every_set_finds(rows in rows(24), max_size in 1..6_u32) {
        let found = suda(&table(&rows), max_size as usize);
        let by_hand = msus_by_hand(&rows, max_size);
        let mut sizes: BTreeMap<usize, u64> = (1..=max_size as usize).map(|size| (size, 0)).collect();
        let mut with = [0_u128; 5];
        for set in by_hand.iter().flatten() {
            *sizes.get_mut(&(set.count_ones() as usize)).unwrap() += 1;
            let score = |at: usize| u128::from(set >> at & 1) * score_by_hand(*set, max_size);
            with.iter_mut().zip(0..).for_each(|(total, at)| *total += score(at));
        }
        let score = |sets: &Vec<u32>| sets.iter().map(|&set| score_by_hand(set, max_size)).sum();
        let scores: Vec<(usize, u128)> = by_hand.iter().map(score).enumerate().collect();
        let scores: Vec<(usize, u128)> = scores.into_iter().filter(|(_, score)| *score > 0).collect();
        prop_assert_eq!(&found.sizes, &sizes);
        prop_assert_eq!(&found.scores, &scores);
        let ours: Vec<u128> = found.scores_with.iter().map(|(_, score)| *score).collect();
        prop_assert_eq!(ours, with);
    }

    #[test]
    fn the_order_of_rows_and_columns_never_matters_to_suda(
        (rows, shuffled) in rows(40).prop_flat_map(|rows| {
            (Just(rows.clone()), Just(rows).prop_shuffle())
        }),
        order in Just([0, 1, 2, 3, 4]).prop_shuffle(),
        max_size in 1..6_usize,
    ) {
        let expected = reported(&suda(&table(&rows), max_size));
        prop_assert_eq!(&reported(&suda(&table(&shuffled), max_size)), &expected);
        prop_assert_eq!(&reported(&suda(&table_of(&rows, order), max_size)), &expected);
    }

    #[test]
    fn rows_that_all_come_twice_have_no_special_uniques(rows in rows(40), times in 2..4_usize) {
        let found = suda(&table(&rows.repeat(times)), 5);
        prop_assert!(found.scores.is_empty());
        prop_assert!(found.sizes.values().all(|&count| count == 0));
    }

    #[test]
    fn more_copies_of_what_is_not_unique_change_no_msu(rows in rows(40)) {
        let copies = |row: &&Row| rows.iter().filter(|other| other == row).count() > 1;
        let more: Vec<Row> = rows.iter().chain(rows.iter().filter(copies)).copied().collect();
        let (once, more) = (suda(&table(&rows), 5), suda(&table(&more), 5));
        prop_assert_eq!(&once.scores, &more.scores);
        prop_assert_eq!(once.sizes, more.sizes);
    }

    #[test]
    fn risks_in_a_population_are_those_of_the_definition(
        sample in rows(20), others in rows(20),
    ) {
        let population = [&sample[..], &others[..]].concat();
        let found = PopulationRisk::of(&table(&sample), &table(&population), &names()).unwrap();
        let chances = population_by_hand(&sample, &population).unwrap();
        prop_assert_eq!(found.is_some(), !sample.is_empty());
        if let Some(found) = found {
            let mean = chances.iter().sum::<f64>() / chances.len() as f64;
            let largest = chances.iter().copied().fold(0.0, f64::max);
            prop_assert!(near(found.journalist_max.to_f64(), largest));
            prop_assert!(near(found.marketer, mean));
            let certain = chances.iter().filter(|chance| **chance == 1.0).count();
            prop_assert!(near(found.uniques.to_f64(), certain as f64 / chances.len() as f64));
            let mut classes = sample.clone();
            classes.sort_unstable();
            classes.dedup();
            let matched = population.iter().filter(|row| classes.contains(row)).count();
            let by_class = classes.len() as f64 / matched as f64;
            prop_assert!(near(found.journalist_average, mean.max(by_class)));
        }
    }

    #[test]
    fn any_two_tables_are_a_sample_and_its_population_or_refused(
        sample in prop::collection::vec((0..2_u8, 0..2_u8), 1..6),
        population in prop::collection::vec((0..2_u8, 0..2_u8), 1..12),
    ) {
        let rows = |pairs: &[(u8, u8)]| -> Vec<Row> {
            pairs.iter().map(|&(a, b)| [a, b, 1, 1, 1]).collect()
        };
        let (sample, population) = (rows(&sample), rows(&population));
        let found = PopulationRisk::of(&table(&sample), &table(&population), &names());
        let expected = population_by_hand(&sample, &population);
        prop_assert_eq!(found.is_ok(), expected.is_ok());
        if let (Err(found), Err(expected)) = (found, expected) {
            // Where both are so, either may be said.
            let count = |rows: &[Row], row: &Row| rows.iter().filter(|other| *other == row).count();
            let lacks = sample.iter().any(|row| count(&population, row) == 0);
            let more = sample.iter().any(|row| {
                (1..count(&sample, row)).contains(&count(&population, row))
            });
            prop_assert!(found == expected || lacks && more, "{:?} {:?}", found, expected);
        }
    }

    #[test]
    fn the_order_of_rows_never_matters_to_a_population(
        sample in rows(20),
        (population, shuffled) in rows(30).prop_flat_map(|rows| {
            (Just(rows.clone()), Just(rows).prop_shuffle())
        }),
        times in 2..4_usize,
    ) {
        let of = |sample: &[Row], population: &[Row]| {
            PopulationRisk::of(&table(sample), &table(population), &names()).unwrap()
        };
        let in_order = [&sample[..], &population[..]].concat();
        let turned = [&shuffled[..], &sample[..]].concat();
        let once = of(&sample, &in_order);
        prop_assert_eq!(&of(&sample, &turned), &once);
        let backwards: Vec<Row> = sample.iter().rev().copied().collect();
        prop_assert_eq!(&of(&backwards, &in_order), &once);
        // With every person of the population there several times, each is found so much less.
        let repeated = of(&sample, &in_order.repeat(times));
        if let (Some(once), Some(repeated)) = (once, repeated) {
            let (numerator, denominator) = once.journalist_max.parts();
            let less = Ratio::new(numerator, denominator * times as u128).unwrap();
            prop_assert_eq!(repeated.journalist_max, less);
            prop_assert!(near(repeated.marketer * times as f64, once.marketer));
        }
    }
}
