//! The demo's second workload: visits by insurance plan, as a WebAssembly component.
//! Reads `/data/randhie.csv`, writes `/out/visits_by_plan.csv`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::ExitCode;

const HEADER: &str = "plan,coinsurance,people,visits_total,visits_mean\n";

#[derive(Default)]
struct Group {
    people: BTreeSet<u32>,
    person_years: u64,
    visits: u64,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("wasm-counts: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let text = fs::read_to_string("/data/randhie.csv")
        .map_err(|why| format!("cannot read /data/randhie.csv: {why}"))?;
    fs::write("/out/visits_by_plan.csv", table(&text)?)
        .map_err(|why| format!("cannot write /out/visits_by_plan.csv: {why}"))
}

/// `people` counts each person once; the mean is per person and year.
fn table(text: &str) -> Result<String, String> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let place = |name: &str| {
        let found = header.iter().position(|column| *column == name);
        found.ok_or_else(|| format!("no column `{name}`"))
    };
    let places = [place("plan")?, place("coins")?, place("zper")?, place("mdvis")?];

    let mut groups: BTreeMap<(u32, u32), Group> = BTreeMap::new();
    for (number, line) in lines.enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        let mut values = [0; 4];
        for (value, place) in values.iter_mut().zip(places) {
            *value = fields
                .get(place)
                .and_then(|field| field.parse().ok())
                .ok_or_else(|| format!("row {}: not a whole number", number + 1))?;
        }
        let [plan, coinsurance, person, visits] = values;
        let group = groups.entry((plan, coinsurance)).or_default();
        group.people.insert(person);
        group.person_years += 1;
        group.visits += u64::from(visits);
    }

    let mut out = HEADER.to_owned();
    for ((plan, coinsurance), group) in groups {
        let thousandths = (group.visits * 1000 + group.person_years / 2) / group.person_years;
        out += &format!(
            "{plan},{coinsurance},{},{},{}.{:03}\n",
            group.people.len(),
            group.visits,
            thousandths / 1000,
            thousandths % 1000,
        );
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_count_once() {
        let text = "plan,coins,zper,mdvis\n3,100,7,1\n3,100,7,2\n1,0,8,4\n";
        assert_eq!(
            table(text).unwrap(),
            HEADER.to_owned() + "1,0,1,4,4.000\n3,100,1,3,1.500\n"
        );
    }

    #[test]
    fn a_missing_column_is_named() {
        assert_eq!(table("plan,zper\n").unwrap_err(), "no column `coins`");
    }
}
