//! Writes the first inputs of every target below the folder that `CLOISTER_FUZZ_SEEDS` names. It is a
//! target itself, to be built like the others; there is nothing to fuzz in it.
#![no_main]

use disclosure::{CheckRecord, Checked, Footprint, Footprints, RecordSet, Roles, check};
use disclosure_fuzz::gate::{FILES, RULES, dataset, file, people, right_files, rules};
use disclosure_fuzz::input::{Seeds, write_seeds};
use disclosure_fuzz::joined;
use domain::Digest;

libfuzzer_sys::fuzz_target!(init: write_seeds(all()), |_data: &[u8]| {});

fn all() -> Seeds {
    vec![
        ("rules", rules_seeds()),
        ("output", output_seeds()),
        ("report", report_seeds()),
        ("footprints", footprint_seeds()),
        ("people", people_seeds()),
        ("hierarchy", hierarchy_seeds()),
    ]
}

fn rules_seeds() -> Vec<Vec<u8>> {
    let toml = RULES
        .replace("ZEROS", "allow")
        .replace("HIDDEN", "true")
        .replace("ROUNDING", "rounding = \"base-5\"");
    let (head, _) = RULES.split_once("[[output]]").expect("a head");
    let each = RULES.split("[[output]]").skip(1).map(|output| format!("{head}[[output]]{output}"));
    std::iter::once(toml)
        .chain(each.map(|text| {
            text.replace("ZEROS", "refuse").replace("HIDDEN", "false").replace("ROUNDING", "")
        }))
        .map(|toml| joined(&[toml.as_bytes(), b"a,f,7,1.5\na,m,12,2\n"]))
        .collect()
}

/// All files under each choice of the rules, and each file alone.
fn output_seeds() -> Vec<Vec<u8>> {
    let files = right_files();
    let all = |choice: u8, other: &[u8], kept: &dyn Fn(usize) -> bool| {
        let contents = files.iter().enumerate();
        let contents = contents.map(|(at, file)| if kept(at) { file.as_slice() } else { b"" });
        let choice = [choice];
        let parts: Vec<&[u8]> = [&choice[..], other].into_iter().chain(contents).collect();
        joined(&parts)
    };
    let whole = (0..12).map(|choice| all(choice, b"\0folder", &|_| true));
    let single = (0..FILES.len()).map(|only| all(0, b"", &|at| at == only));
    whole.chain(single).collect()
}

fn report_seeds() -> Vec<Vec<u8>> {
    let people = people();
    let dataset = dataset(&[("people.csv", people.as_bytes())], rules(0)).expect("people");
    let files = right_files();
    let entries = FILES.iter().zip(&files).filter(|(_, content)| !content.is_empty());
    let mut entries: Vec<_> =
        entries.map(|(name, content)| file(name.as_bytes(), content)).collect();
    let checked = |entries: &[_]| match check(entries, rules(0), &Roles::new(), &dataset) {
        Checked::Released(released) => released.report().clone(),
        Checked::Refused(report) => report,
    };
    let right = checked(&entries);
    entries.extend([file(b"table.csv.gz", b"\x1f\x8b\x08"), file(b"../x", b"x")]);
    let record = CheckRecord::of(&right, Digest::of(b"package"), "fuzz 0");
    vec![right.to_bytes(), checked(&entries).to_bytes(), record.to_bytes().expect("a record")]
}

fn footprint_seeds() -> Vec<Vec<u8>> {
    let set = |ids: std::ops::Range<u32>| ids.collect::<RecordSet>();
    let of = |name: &str, footprint: Footprint| {
        Footprints::new(24, [(name.to_owned(), footprint)].into()).expect("footprints").to_bytes()
    };
    let cells = vec![set(0..6), set(6..12), set(12..24), (0..24).step_by(2).collect()];
    let table = of("t.csv", Footprint::Table { cells });
    let rows = of("m.csv", Footprint::Microdata { classes: vec![set(0..12), set(12..24)] });
    let population = 24_u32.to_be_bytes();
    vec![
        joined(&[&population, &table, &rows]),
        joined(&[&population, &rows, &rows]),
        joined(&[&population, set(3..9).as_bytes(), b""]),
    ]
}

fn people_seeds() -> Vec<Vec<u8>> {
    let people = people();
    vec![
        joined(&[&[0], people.as_bytes(), b""]),
        joined(&[&[4], people.as_bytes(), people.as_bytes()]),
        joined(&[&[0], b"age,f\n5,1\n5,1\n", people.as_bytes()]),
    ]
}

fn hierarchy_seeds() -> Vec<Vec<u8>> {
    let rows = b"1;low;*\n2;low;*\n3;high;*\n;;*\n".as_slice();
    let numbers = "18\n19.5\n\n64\n65\n18\n1e1\n-3";
    let dates = "2026-01-31\n2024-02-29\n\n1999-12-01";
    [
        ("w 0 - 90 5 10 20", numbers),
        ("w 0 0 - 0.5 1", numbers),
        ("c 18 35 65;65", numbers),
        ("m *rr_", "81667\n81671\nE11.9\n"),
        ("m *ll0", "7\n123\nåbc"),
        ("m *r", "7\n123"),
        ("d m q y d", dates),
        ("d y", dates),
        ("g 2,2 A B C D E", "A\nC\nE"),
        ("p 3", "a\nb\na\nc\n\nc\nc"),
    ]
    .into_iter()
    .map(|(spec, cells)| joined(&[spec.as_bytes(), rows, cells.as_bytes()]))
    .collect()
}
