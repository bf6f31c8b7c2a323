//! Whom an output is about, found in the dataset by the gate itself.

use std::io::Read;

use crate::common::{codes, file};
use disclosure::{
    CheckReport, Checked, Dataset, Footprint, PackedFile, Released, Rules, Status, check, recheck,
    rehearse, roles_of,
};
use domain::Reason as _;
use domain::dataset::{Column, Kind, Role};

const HEAD: &str = r#"
version = 1
[tables]
threshold = 2
[microdata]
k = 2
[limits]
file_types = ["csv"]
max_files = 8
max_file_bytes = 100_000
max_total_bytes = 300_000
max_depth = 2
max_rows = 200
max_columns = 20
max_cell_chars = 20
significant_digits = 6
"#;

const TABLE: &str = r#"
[[output]]
name = "t.csv"
kind = "table"
categories = ["band", "sex"]
counts = ["people"]
[output.records.categories]
band = { from = "age", below = [[18, "child"], [200, "adult"]] }
sex = { cases = [{ when = { f = "1" }, is = "female" }, { is = "male" }] }
"#;

/// Eight people, two of them twice: `a` grows up, `b` does not.
const DATA: &str = "\
id,age,f,year
a,17.5,1,1
a,18.5,1,2
b,5,1,1
b,6,1,2
c,40,0,1
d,41.0,0,1
e,42,0,1
f,9,1,1
g,50,1,1
h,51,1,1
";

fn rules(outputs: &str) -> Rules {
    Rules::parse(format!("{HEAD}{outputs}").as_bytes()).unwrap()
}

fn manifest() -> Vec<Column> {
    let column = |(name, role): (&str, Role)| Column {
        name: name.to_owned(),
        role,
        kind: Kind::Categorical,
    };
    let quasi = ["age", "f", "year"].map(|name| (name, Role::QuasiIdentifier));
    [("id", Role::Identifier)].into_iter().chain(quasi).map(column).collect()
}

fn dataset(rules: &Rules, files: &[(&str, &str)]) -> Dataset {
    let files = files.iter().map(|(name, text)| {
        let read: Box<dyn Read + '_> = Box::new(text.as_bytes());
        (*name, read)
    });
    Dataset::read(files, &manifest(), rules).unwrap()
}

fn checked(rules: &Rules, name: &str, text: &str) -> Checked {
    let data = dataset(rules, &[("people.csv", DATA)]);
    check(&[file(name, text.as_bytes())], rules, &roles_of(&manifest()), &data)
}

#[track_caller]
fn released(rules: &Rules, name: &str, text: &str) -> Released {
    match checked(rules, name, text) {
        Checked::Released(released) => released,
        Checked::Refused(report) => panic!("{:?}", report.findings),
    }
}

fn sets(released: &Released) -> Vec<Vec<u32>> {
    let footprint = released.footprints().unwrap().files().values().next().unwrap();
    footprint.sets().iter().map(|set| set.records().collect()).collect()
}

const COUNTS: &str = "band,sex,people\nchild,female,3\nadult,female,3\nadult,male,3\n";

#[test]
fn the_gate_finds_the_people_behind_each_row_itself() {
    let released = released(&rules(TABLE), "t.csv", COUNTS);
    // By the order of the canonical rows. `a` is in two cells, once in each.
    assert_eq!(sets(&released), [vec![0, 6, 7], vec![2, 3, 4], vec![0, 1, 5]]);
    assert_eq!(released.footprints().unwrap().population(), 8);
    assert_eq!(released.report().files[0].status, Status::Pass);
    let digest = released.footprints().unwrap().digest();
    assert_eq!(released.report().records_digest, Some(digest));
}

#[test]
fn a_count_that_is_not_the_datas_is_refused() {
    for (from, to) in [
        ("adult,male,3", "adult,male,4"),
        ("child,female,3", "child,female,2"),
        ("child,female,3", "child,femme,3"),
    ] {
        let refused = checked(&rules(TABLE), "t.csv", &COUNTS.replace(from, to));
        assert_eq!(codes(&refused), ["output.count-mismatch"], "{to}");
        let found = &refused.report().findings[0];
        assert!(!found.detail.contains(char::is_numeric), "{}", found.detail);
    }
}

#[test]
fn a_margin_and_a_label_above_others_stand_for_all_of_them() {
    let margins =
        TABLE.replace("counts = [\"people\"]", "counts = [\"people\"]\ntotal = \"All\"").replace(
            "[output.records.categories]",
            "[output.records]\nfirst = \"year\"\n[output.records.categories]",
        );
    let text =
        "band,sex,people\nchild,female,3\nadult,female,2\nadult,male,3\nAll,female,5\nAll,All,8\n";
    // That no boy is there is what the margins say; these rules let them.
    let lax = |outputs: &str| {
        let text = format!("{HEAD}{outputs}");
        Rules::parse(text.replace("threshold = 2", "threshold = 2\nzeros = \"allow\"").as_bytes())
            .unwrap()
    };
    assert_eq!(codes(&checked(&rules(&margins), "t.csv", text)), ["output.secondary-disclosure"]);
    let all = released(&lax(&margins), "t.csv", text);
    assert_eq!(sets(&all)[0], [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(sets(&all)[1], [0, 1, 5, 6, 7]);
    let parents = margins.replace(
        "total = \"All\"",
        "parents = { band = { child = \"anybody\", adult = \"anybody\" } }",
    );
    let text = "band,sex,people\nanybody,female,5\nanybody,male,3\n";
    let above = released(&rules(&parents), "t.csv", text);
    assert_eq!(sets(&above), [vec![0, 1, 5, 6, 7], vec![2, 3, 4]]);
}

#[test]
fn people_in_two_cells_leave_no_margin_that_adds_up() {
    let margins = TABLE.replace("counts = [\"people\"]", "counts = [\"people\"]\ntotal = \"All\"");
    let text = format!("{COUNTS}All,All,8\n");
    assert_eq!(codes(&checked(&rules(&margins), "t.csv", &text)), ["output.margins"]);
}

const ROWS: &str = r#"
[[output]]
name = "m.csv"
kind = "microdata"
categories = ["band", "sex"]
numbers = ["visits"]
[output.records]
first = "year"
[output.records.categories]
band = { from = "age", below = [[18, "child"], [200, "adult"]] }
sex = { cases = [{ when = { f = "1" }, is = "female" }, { is = "male" }] }
"#;

/// `visits` is known to the manifest, so that it is no quasi-identifier.
fn microdata(outputs: &str, text: &str) -> Checked {
    let rules = rules(outputs);
    let mut roles = roles_of(&manifest());
    roles.insert("visits".into(), Role::Sensitive);
    let data = dataset(&rules, &[("people.csv", DATA)]);
    check(&[file("m.csv", text.as_bytes())], &rules, &roles, &data)
}

#[test]
fn microdata_are_one_row_for_each_person() {
    let text = "band,sex,visits\nchild,female,1\nchild,female,2\nadult,male,0\nadult,male,5\n";
    let Checked::Released(released) = microdata(ROWS, text) else { panic!("refused") };
    assert_eq!(sets(&released), [vec![2, 3, 4], vec![0, 1, 5]]);
    assert!(matches!(released.footprints().unwrap().files()["m.csv"], Footprint::Microdata { .. }));
    // Four rows, three people.
    let more = format!("{text}child,female,2\nchild,female,7\n");
    assert_eq!(codes(&microdata(ROWS, &more)), ["output.count-mismatch"]);
    // Without a first row `a` would be in two classes.
    let all = ROWS.replace("first = \"year\"\n", "");
    let both = format!("{text}adult,female,2\nadult,female,3\n");
    assert_eq!(codes(&microdata(&all, &both)), ["output.no-records"]);
    // A number is derived from nothing, so that it cannot be what people are known by.
    let known = ROWS.replace(
        "numbers = [\"visits\"]",
        "numbers = [\"visits\"]\nquasi_identifiers = [\"visits\"]",
    );
    let same = text.replace(",2\n", ",1\n").replace(",5\n", ",0\n");
    assert_eq!(codes(&microdata(&known, &same)), ["output.no-records"]);
}

#[test]
fn a_dataset_that_lacks_the_columns_says_so() {
    let rules = rules(TABLE);
    let data = dataset(&rules, &[("other.csv", "id,weight\na,1\n")]);
    let entries = [file("t.csv", COUNTS.as_bytes())];
    let refused = check(&entries, &rules, &roles_of(&manifest()), &data);
    assert_eq!(codes(&refused), ["output.no-records"]);
}

#[test]
fn people_keep_their_numbers_in_every_file_and_for_every_rule() {
    let rules = rules(TABLE);
    let (first, second) = DATA.split_at(DATA.find("c,40").unwrap());
    let second = format!("id,age,f,year\n{second}");
    let split = dataset(&rules, &[("1.csv", first), ("2.csv", &second)]);
    assert_eq!(split.population(), 8);
    let entries = [file("t.csv", COUNTS.as_bytes())];
    let halves = check(&entries, &rules, &roles_of(&manifest()), &split);
    let Checked::Released(halves) = halves else { panic!("refused") };
    assert_eq!(sets(&halves), sets(&released(&rules, "t.csv", COUNTS)));
}

#[test]
fn what_is_no_table_is_no_dataset_to_find_people_in() {
    let rules = rules(TABLE);
    for text in ["id,age,f\na,1\n", "id,age,f\na,\u{0},x,y\n", "id,id,age,f\na,b,1,1\n"] {
        let read: Box<dyn Read + '_> = Box::new(text.as_bytes());
        let error = Dataset::read([("x.csv", read)], &manifest(), &rules).unwrap_err();
        assert_eq!(error.reason(), "dataset.not-a-table", "{text:?}");
    }
}

#[test]
fn rules_leave_nobody_out_without_a_word() {
    let code = |from: &str, to: &str| {
        let text = format!("{HEAD}{}", TABLE.replace(from, to));
        Rules::parse(text.as_bytes()).unwrap_err().reason()
    };
    assert_eq!(code("[[18, \"child\"], [200", "[[200, \"child\"], [18"), "rules.derivation");
    assert_eq!(code(", { is = \"male\" }", ""), "rules.derivation");
    assert_eq!(code("band = {", "bond = {"), "rules.not-a-column");
    let wanted = format!("{HEAD}[releases]\nrecords = \"required\"\n{TABLE}");
    Rules::parse(wanted.as_bytes()).unwrap();
    let silent = wanted.split("[output.records").next().unwrap();
    assert_eq!(Rules::parse(silent.as_bytes()).unwrap_err().reason(), "rules.no-records");
}

fn again(released: &Released, change: impl Fn(&mut CheckReport), told: bool) -> &'static str {
    let packed = released.files().iter().map(|file| PackedFile {
        name: file.name(),
        content: file.bytes(),
        checked: file.checked(),
    });
    let mut report = released.report().clone();
    change(&mut report);
    let footprints = released.footprints().filter(|_| told);
    let roles = roles_of(&manifest());
    match recheck(packed, footprints, &report, &rules(TABLE), &roles) {
        Ok(same) => {
            assert_eq!(&same, released);
            "passed"
        }
        Err(error) => error.reason(),
    }
}

#[test]
fn the_second_look_holds_the_footprints_against_the_counts() {
    let rules = rules(TABLE);
    let released = released(&rules, "t.csv", COUNTS);
    assert_eq!(again(&released, |_| {}, true), "passed");
    assert_eq!(again(&released, |_| {}, false), "output.no-records");
    assert_eq!(
        again(&released, |report| report.records_digest = None, true),
        "output.report-mismatch"
    );
}

#[test]
fn without_the_data_nothing_can_be_released() {
    let rules = rules(TABLE);
    let entries = [file("t.csv", COUNTS.replace("adult,male,3", "adult,male,4").as_bytes())];
    let report = rehearse(&entries, &rules, &roles_of(&manifest()));
    assert_eq!(report.reason, None);
    assert_eq!(report.records_digest, None);
}
