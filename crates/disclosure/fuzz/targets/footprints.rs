//! Any bytes as footprints and as a set of records; what is read is judged beside what left before.
#![no_main]

use disclosure::{Footprints, RecordSet, ReleaseLimits, Releases};
use disclosure_fuzz::parts;
use domain::Digest;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [population, first, second] = parts(data);
    set(first);
    let population = population.try_into().map_or(24, u32::from_be_bytes);
    let read = [first, second].map(|bytes| Footprints::parse(bytes, population).ok());
    for (footprints, bytes) in read.iter().zip([first, second]) {
        let Some(footprints) = footprints else { continue };
        assert_eq!(footprints.to_bytes(), bytes);
        assert_eq!(footprints.population(), population);
    }
    if population <= 4096 {
        ledger(population, read.iter().flatten());
    }
});

fn set(bytes: &[u8]) {
    let Ok(set) = RecordSet::parse(bytes) else { return };
    assert_eq!(set.as_bytes(), bytes);
    // A run of any length takes a few bytes.
    if set.len() <= 1 << 16 {
        let records: Vec<u32> = set.records().collect();
        assert_eq!(records.len() as u64, set.len());
        assert!(records.is_sorted_by(|a, b| a < b));
        assert_eq!(records.into_iter().collect::<RecordSet>(), set);
    }
}

/// What is admitted replays to the same head.
fn ledger<'a>(population: u32, outputs: impl Iterator<Item = &'a Footprints>) {
    let dataset = Digest::of(b"dataset");
    let project = "project-1".parse().expect("a project");
    let limits = ReleaseLimits::new(3, 3, 10).expect("limits");
    let mut releases = Releases::new(dataset, population);
    let mut entries = Vec::new();
    for footprints in outputs {
        let Ok(admissible) = releases.judge(&project, footprints, &limits) else { continue };
        entries.push(releases.admit(admissible, Digest::of(b"package")).expect("an entry"));
    }
    let spent = u32::try_from(entries.len()).expect("two");
    let again = Releases::replay(dataset, population, entries, releases.head()).expect("a ledger");
    assert_eq!((again.head(), again.spent(&project)), (releases.head(), spent));
}
