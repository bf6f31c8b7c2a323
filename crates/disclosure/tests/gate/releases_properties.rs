//! Properties of the ledger, against a computation over plain sets.

use std::collections::{BTreeMap, BTreeSet};

use disclosure::{
    ExposureRule, Footprint, Footprints, FootprintsError, RecordSet, ReleaseError, ReleaseLimits,
    Releases,
};
use domain::{Digest, Reason as _};
use proptest::prelude::*;

use crate::releases::{package, project};

const PEOPLE: u32 = 14;
const THRESHOLD: u64 = 3;
const K: u64 = 2;

type Set = BTreeSet<u32>;

fn limits() -> ReleaseLimits {
    ReleaseLimits::new(THRESHOLD, K, u32::MAX).unwrap()
}

/// Disjoint cells: each record's cell, 0 for none. Few cells, so that they are often large enough.
fn partition() -> impl Strategy<Value = Vec<Set>> {
    (1_u32..5).prop_flat_map(|cells| {
        prop::collection::vec(0..=cells, PEOPLE as usize).prop_map(move |of_record| {
            (1..=cells)
                .map(|cell| (0..PEOPLE).filter(|r| of_record[*r as usize] == cell).collect())
                .filter(|set: &Set| !set.is_empty())
                .collect()
        })
    })
}

/// A partition and another that differs from it in few records, or is unrelated.
fn partitions() -> impl Strategy<Value = (Vec<Set>, Vec<Set>)> {
    let near = (partition(), prop::collection::vec((0..PEOPLE, 0_usize..5), 0..4)).prop_map(
        |(old, moves)| {
            let mut new = old.clone();
            for (record, to) in moves {
                new.iter_mut().for_each(|cell| {
                    cell.remove(&record);
                });
                if let Some(cell) = new.get_mut(to) {
                    cell.insert(record);
                }
            }
            new.retain(|cell| !cell.is_empty());
            (old, new)
        },
    );
    prop_oneof![2 => near, 1 => (partition(), partition())]
}

fn footprint(cells: &[Set], microdata: bool) -> Footprint {
    let sets = cells.iter().map(|cell| cell.iter().copied().collect()).collect();
    if microdata {
        Footprint::Microdata { classes: sets }
    } else {
        Footprint::Table { cells: sets }
    }
}

fn one(file: Footprint) -> Footprints {
    Footprints::new(PEOPLE, BTreeMap::from([("file.csv".to_owned(), file)])).unwrap()
}

fn rules(releases: &Releases, new: &Footprints) -> Option<Vec<(ExposureRule, u64)>> {
    match releases.judge(&project("p"), new, &limits()) {
        Ok(_) => None,
        Err(ReleaseError::Exposed(exposures)) => {
            Some(exposures.iter().map(|e| (e.rule(), e.records())).collect())
        }
        Err(other) => panic!("{other}"),
    }
}

fn admitted(releases: &mut Releases, new: &Footprints) -> bool {
    match releases.judge(&project("p"), new, &limits()) {
        Ok(judged) => releases.admit(judged, package("p")).is_ok(),
        Err(_) => false,
    }
}

fn empty() -> Releases {
    Releases::new(Digest::of(b"dataset"), PEOPLE)
}

fn small(records: usize, least: u64) -> bool {
    (1..least).contains(&(records as u64))
}

/// The records in no cell as a cell.
fn with_rest(cells: &[Set]) -> Vec<Set> {
    let rest: Set = (0..PEOPLE).filter(|r| !cells.iter().any(|cell| cell.contains(r))).collect();
    cells.iter().cloned().chain([rest]).filter(|cell| !cell.is_empty()).collect()
}

fn unions(cells: &[Set]) -> Vec<Set> {
    (0_u32..1 << cells.len())
        .map(|chosen| {
            let chosen = (0..cells.len()).filter(|cell| chosen & (1 << cell) != 0);
            chosen.flat_map(|cell| cells[cell].iter().copied()).collect()
        })
        .collect()
}

/// Whether a union of new cells and a union of old ones differ by 1 to threshold - 1 records;
/// of the table's cells neither none nor all are taken.
fn differ_by_few(table: &[Set], other: &[Set]) -> bool {
    let others = unions(other);
    unions(table)
        .iter()
        .filter(|a| !a.is_empty() && a.len() < PEOPLE as usize)
        .any(|a| others.iter().any(|b| small(a.symmetric_difference(b).count(), THRESHOLD)))
}

/// The same where classes may be smaller than the threshold: one of them, whole, is no difference
/// that the table makes.
fn differs_from_all_unions_by_few(table: &[Set], classes: &[Set]) -> bool {
    let others = unions(classes);
    let nearest = |a: &Set| others.iter().map(|b| a.symmetric_difference(b).count()).min();
    unions(table).iter().any(|a| nearest(a).is_some_and(|records| small(records, THRESHOLD)))
}

/// What the ledger is asked for, word by word, where it can be computed from sizes.
fn literally_isolates(new: &[Set], old: &[Set]) -> bool {
    let few = |set: Set| small(set.len(), THRESHOLD);
    let everybody: Set = (0..PEOPLE).collect();
    let union =
        |cells: &mut dyn Iterator<Item = &Set>| -> Set { cells.flatten().copied().collect() };
    new.iter().any(|n| {
        let inside = union(&mut old.iter().filter(|o| o.is_subset(n)));
        let touched = union(&mut old.iter().filter(|o| !o.is_disjoint(n)));
        few(&everybody - n)
            || few(n - &inside)
            || (touched.is_superset(n) && few(&touched - n))
            || old.iter().any(|o| {
                (o.is_subset(n) && few(n - o))
                    || (n.is_subset(o) && few(o - n))
                    || (n.is_disjoint(o) && few(&(&everybody - n) - o))
                    || (n | o == everybody && few(n & o))
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, max_global_rejects: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn two_tables_are_judged_as_by_trying_all_unions((old, new) in partitions()) {
        let mut releases = empty();
        prop_assume!(admitted(&mut releases, &one(footprint(&old, false))));
        let (old, new_cells) = (with_rest(&old), with_rest(&new));
        let alone = new_cells.iter().any(|cell| small(cell.len(), THRESHOLD));
        let expected = alone || differ_by_few(&new_cells, &old);
        let found = rules(&releases, &one(footprint(&new, false)));
        prop_assert_eq!(found.is_some(), expected, "{:?}", found);
        for (_, records) in found.into_iter().flatten() {
            prop_assert!((1..THRESHOLD).contains(&records));
        }
        prop_assert!(expected || !literally_isolates(&new, &old));
    }

    #[test]
    fn two_extracts_are_judged_by_their_joint_classes((old, new) in partitions()) {
        let mut releases = empty();
        prop_assume!(admitted(&mut releases, &one(footprint(&old, true))));
        let (old, new_classes) = (with_rest(&old), with_rest(&new));
        let alone = new_classes.iter().any(|class| small(class.len(), K));
        let joint = new_classes.iter().any(|a| old.iter().any(|b| small((a & b).len(), K)));
        let found = rules(&releases, &one(footprint(&new, true)));
        prop_assert_eq!(found.is_some(), alone || joint);
    }

    #[test]
    fn a_table_and_an_extract_are_judged_alike_in_both_orders((rows, table) in partitions()) {
        let (rows_file, table_file) = (one(footprint(&rows, true)), one(footprint(&table, false)));
        let (mut rows_first, mut table_first) = (empty(), empty());
        prop_assume!(admitted(&mut rows_first, &rows_file));
        prop_assume!(admitted(&mut table_first, &table_file));
        let expected = differs_from_all_unions_by_few(&with_rest(&table), &with_rest(&rows));
        prop_assert_eq!(rules(&rows_first, &table_file).is_some(), expected);
        prop_assert_eq!(rules(&table_first, &rows_file).is_some(), expected);
    }

    /// Cells of any overlap: nothing that the words refuse is let through, and the order
    /// of cells is irrelevant.
    #[test]
    fn overlapping_cells_are_judged_by_the_floor_and_in_any_order(
        old in prop::collection::vec(prop::collection::btree_set(0..PEOPLE, 0..14), 0..4),
        (new, shuffled) in prop::collection::vec(prop::collection::btree_set(0..PEOPLE, 0..14), 1..4)
            .prop_flat_map(|new| (Just(new.clone()), Just(new).prop_shuffle())),
    ) {
        let mut releases = empty();
        prop_assume!(admitted(&mut releases, &one(footprint(&old, false))));
        let pairs = |cells: &[Set], others: &[Set]| cells.iter().any(|cell| {
            others.iter().any(|other| literally_isolates(
                std::slice::from_ref(cell), std::slice::from_ref(other)))
        });
        let found = rules(&releases, &one(footprint(&new, false)));
        prop_assert!(found.is_some() || !(pairs(&new, &old) || pairs(&new, &new)));
        let again = rules(&releases, &one(footprint(&shuffled, false)));
        prop_assert_eq!(found.is_some(), again.is_some());
    }

    /// Whatever was admitted may be released again, in parts too, and a replay judges alike.
    #[test]
    fn a_ledger_of_many_releases_replays_and_repeats(
        outputs in prop::collection::vec((partition(), any::<bool>()), 1..8),
        new in partition(),
    ) {
        let (mut releases, mut entries) = (empty(), Vec::new());
        let outputs: Vec<_> = outputs.iter().map(|(cells, rows)| one(footprint(cells, *rows))).collect();
        for output in &outputs {
            if let Ok(judged) = releases.judge(&project("p"), output, &limits()) {
                entries.push((output, releases.admit(judged, package("p")).unwrap()));
            }
        }
        for (output, _) in &entries {
            prop_assert_eq!(rules(&releases, output), None);
        }
        let head = releases.head();
        let kept = entries.into_iter().map(|(_, entry)| entry);
        let replayed = Releases::replay(Digest::of(b"dataset"), PEOPLE, kept, head).unwrap();
        let new = one(footprint(&new, false));
        prop_assert_eq!(rules(&replayed, &new), rules(&releases, &new));
    }

    #[test]
    fn footprints_have_one_encoding(
        tables in prop::collection::btree_map("[a-c]{1,3}", partition(), 1..4),
        microdata in any::<bool>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        tail in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        let files = tables.iter().map(|(name, cells)| (name.clone(), footprint(cells, microdata)));
        let footprints = Footprints::new(PEOPLE, files.collect()).unwrap();
        let bytes = footprints.to_bytes();
        prop_assert_eq!(Footprints::parse(&bytes, PEOPLE), Ok(footprints));
        let mut changed = bytes.clone();
        changed[at.index(bytes.len())] = byte;
        changed.extend(tail);
        for changed in [&changed[..], &changed[..at.index(changed.len())]] {
            if let Ok(read) = Footprints::parse(changed, PEOPLE) {
                prop_assert_eq!(&read.to_bytes()[..], changed);
            }
        }
    }

    #[test]
    fn no_bytes_panic_as_footprints_or_sets(bytes in any::<Vec<u8>>()) {
        if let Ok(set) = RecordSet::parse(&bytes) {
            prop_assert_eq!(set.as_bytes(), &bytes[..]);
            if bytes.len() < 3 {
                prop_assert_eq!(set.records().collect::<RecordSet>(), set);
            }
        }
        let whole = [b"cloister-footprints/1\n\0\0\0\x0e".to_vec(), bytes].concat();
        if let Ok(read) = Footprints::parse(&whole, PEOPLE) {
            prop_assert_eq!(read.to_bytes(), whole);
        }
    }

    #[test]
    fn a_set_of_records_keeps_its_records(
        records in prop::collection::btree_set(prop_oneof![0..60_u32, any::<u32>()], 0..40),
    ) {
        let set: RecordSet = records.iter().rev().copied().collect();
        prop_assert_eq!(set.len(), records.len() as u64);
        prop_assert!(set.records().eq(records.iter().copied()));
        prop_assert_eq!(RecordSet::parse(set.as_bytes()), Ok(set));
    }
}

#[test]
fn files_that_are_no_footprints_are_refused() {
    let set = |records: &[u32]| records.iter().copied().collect::<RecordSet>();
    let table = |records: &[u32]| Footprint::Table { cells: vec![set(records)] };
    let new = |files: &[(&str, Footprint)]| {
        let files = files.iter().map(|(name, file)| ((*name).to_owned(), file.clone()));
        Footprints::new(PEOPLE, files.collect()).unwrap_err()
    };
    assert_eq!(new(&[]).reason(), "footprints.files");
    assert_eq!(new(&[("", table(&[0]))]).reason(), "footprints.name");
    assert_eq!(new(&[("a", table(&[PEOPLE]))]), FootprintsError::Record("a".into()));
    let twice = Footprint::Microdata { classes: vec![set(&[0, 1]), set(&[1])] };
    assert_eq!(new(&[("a", twice)]).reason(), "footprints.classes");
    let within =
        Footprint::Microdata { classes: vec![(0..9).collect(), set(&[10, 12]), set(&[4])] };
    assert_eq!(new(&[("a", within)]).reason(), "footprints.classes");
    let nobody = Footprint::Microdata { classes: vec![set(&[])] };
    assert_eq!(new(&[("a", nobody)]).reason(), "footprints.classes");
    let often = Footprint::Table { cells: vec![(0..PEOPLE).collect(); 65] };
    assert_eq!(new(&[("a", often)]).reason(), "footprints.cells");
}

/// Classes are compared in the memory that their runs take, whatever the population is said to be.
#[test]
fn interleaved_classes_of_billions_are_footprints() {
    let classes = vec![[7, 3, u32::MAX - 1].into_iter().collect(), [4, 8].into_iter().collect()];
    let files = [("a".to_owned(), Footprint::Microdata { classes })];
    let footprints = Footprints::new(u32::MAX, files.into()).unwrap();
    assert_eq!(Footprints::parse(&footprints.to_bytes(), u32::MAX), Ok(footprints));
}

#[test]
fn bytes_that_are_no_footprints_are_refused_with_their_reason() {
    let files = ["a", "b"].map(|name| (name.to_owned(), footprint(&[Set::from([1, 2])], false)));
    let good = Footprints::new(PEOPLE, files.into()).unwrap().to_bytes();
    let code = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        Footprints::parse(&bytes, PEOPLE).unwrap_err().reason()
    };
    assert_eq!(code(&|bytes| bytes[0] ^= 1), "footprints.format");
    assert_eq!(code(&|bytes| bytes[25] += 1), "footprints.population");
    assert_eq!(code(&|bytes| bytes[30] = b'b'), "footprints.order");
    assert_eq!(code(&|bytes| bytes[30] = 0xff), "footprints.name");
    assert_eq!(code(&|bytes| bytes[31] = 2), "footprints.format");
    assert_eq!(code(&|bytes| bytes.push(0)), "footprints.trailing");
    assert_eq!(code(&|bytes| bytes.truncate(40)), "footprints.truncated");
    assert_eq!(code(&|bytes| bytes[41] = 0xff), "footprints.truncated");
    assert_eq!(Footprints::parse(&good, PEOPLE - 1), Err(FootprintsError::Population));
}
