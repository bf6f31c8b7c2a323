//! A project with an output of every kind, and a dataset of 24 people.

use std::io::Read;
use std::sync::LazyLock;

use disclosure::{
    CanonicalFile, Checked, Dataset, EntryKind, Footprints, OutputEntry, PackedFile, Released,
    Roles, Rules, audit, check, recheck, rehearse, roles_of,
};
use domain::dataset::{Column, Kind, Role};

/// The files of the project: the last two are drawn by the gate.
pub const FILES: [&str; 11] = [
    "table.csv",
    "margins.csv",
    "means.csv",
    "bands.csv",
    "rows.csv",
    "people.csv",
    "survival.csv",
    "estimates.csv",
    "notes.txt",
    "bars.svg",
    "steps.svg",
];

/// As the project's rules are read; the words in capitals are what [`rules`] chooses.
pub const RULES: &str = r#"
version = 1
[tables]
threshold = 3
zeros = "ZEROS"
[microdata]
k = 3
l = 2
t_percent = 90
[limits]
file_types = ["csv", "svg", "txt"]
max_files = 12
max_file_bytes = 16384
max_total_bytes = 65536
max_depth = 2
max_rows = 40
max_columns = 12
max_cell_chars = 24
significant_digits = 6

[[output]]
name = "table.csv"
kind = "table"
categories = ["site", "sex"]
counts = ["people"]
numbers = ["mean"]

[[output]]
name = "margins.csv"
kind = "table"
categories = ["site", "sex"]
counts = ["people"]
total = "All"
parents = { site = { w1 = "h1", w2 = "h1", w3 = "h2", w4 = "h2" } }
hidden = HIDDEN
ROUNDING

[[output]]
name = "means.csv"
kind = "table"
categories = ["site"]
counts = ["people"]
numbers = ["income"]
[output.statistics.income]
analysis = "Mean"
evidence = { sum = "s", largest = "l1", largest_two = "l2", largest_n = "ln", negative = "neg" }

[[output]]
name = "bands.csv"
kind = "table"
categories = ["band", "sex"]
counts = ["people"]
[output.records.categories]
band = { from = "age", below = [[18, "child"], [200, "adult"]] }
sex = { cases = [{ when = { f = "1" }, is = "female" }, { is = "male" }] }

[[output]]
name = "rows.csv"
kind = "microdata"
categories = ["site"]
numbers = ["visits"]

[[output]]
name = "people.csv"
kind = "microdata"
categories = ["band", "plan"]
[output.records]
first = "age"
[output.records.categories]
band = { from = "age", below = [[18, "child"], [200, "adult"]] }

[[output]]
name = "survival.csv"
kind = "survival"
categories = ["site"]
time = "day"
at_risk = "n"
events = "d"

[[output]]
name = "estimates.csv"
kind = "estimates"
analysis = "MultipleRegression"
categories = ["term"]
numbers = ["beta"]
degrees_of_freedom = "df"

[[output]]
name = "notes.txt"
kind = "text"

[[output]]
name = "bars.svg"
kind = "figure"
source = "table.csv"
x = "site"
y = "people"
style = "bars"

[[output]]
name = "steps.svg"
kind = "figure"
source = "margins.csv"
x = "site"
y = "people"
style = "steps"
"#;

/// The rules in which the bits of `choice` hide, round and allow empty cells.
#[must_use]
pub fn rules(choice: u8) -> &'static Rules {
    &ALL[usize::from(choice) % ALL.len()]
}

static ALL: LazyLock<Vec<Rules>> = LazyLock::new(|| {
    let rounding = ["", "rounding = \"base-5\"", "rounding = \"midpoint-6\""];
    let rules = |choice: usize| {
        let text = RULES
            .replace("ZEROS", ["refuse", "allow"][choice % 2])
            .replace("HIDDEN", ["true", "false"][choice / 2 % 2])
            .replace("ROUNDING", rounding[choice / 4]);
        Rules::parse(text.as_bytes()).expect("rules")
    };
    (0..12).map(rules).collect()
});

/// The manifest's columns.
#[must_use]
pub fn manifest() -> Vec<Column> {
    let column = |(name, role): (&str, Role)| Column {
        name: name.to_owned(),
        role,
        kind: Kind::Categorical,
    };
    let roles = [
        ("id", Role::Identifier),
        ("age", Role::QuasiIdentifier),
        ("f", Role::QuasiIdentifier),
        ("site", Role::QuasiIdentifier),
        ("plan", Role::Sensitive),
        ("visits", Role::Sensitive),
    ];
    roles.into_iter().map(column).collect()
}

static ROLES: LazyLock<Roles> = LazyLock::new(|| roles_of(&manifest()));

/// Six people of each band and sex.
#[must_use]
pub fn people() -> String {
    let person = |number: usize| {
        let age = if number % 4 < 2 { 9 + number % 8 } else { 40 + number };
        format!("p{number},{age},{},{}\n", number % 2, ["x", "y", "z"][number % 3])
    };
    std::iter::once("id,age,f,plan\n".to_owned()).chain((0..24).map(person)).collect()
}

static DATASET: LazyLock<Dataset> =
    LazyLock::new(|| dataset(&[("people.csv", people().as_bytes())], rules(0)).expect("people"));

/// The people of `files`.
///
/// # Errors
/// As [`Dataset::read`].
pub fn dataset(files: &[(&str, &[u8])], rules: &Rules) -> Result<Dataset, disclosure::PeopleError> {
    let files = files.iter().map(|&(name, bytes)| {
        let read: Box<dyn Read + '_> = Box::new(bytes);
        (name, read)
    });
    Dataset::read(files, &manifest(), rules)
}

/// A regular file.
#[must_use]
pub fn file(path: &[u8], bytes: &[u8]) -> OutputEntry {
    let kind = EntryKind::Regular { bytes: bytes.to_vec(), links: 1 };
    OutputEntry { path: path.to_vec(), kind }
}

/// Checks `entries` under `rules`, and what must hold of whatever the verdict is.
pub fn judge(entries: &[OutputEntry], rules: &Rules) {
    judge_over(entries, rules, &DATASET);
}

/// The same over other people.
pub fn judge_over(entries: &[OutputEntry], rules: &Rules, dataset: &Dataset) {
    let checked = check(entries, rules, &ROLES, dataset);
    let report = checked.report();
    let parsed = disclosure::CheckReport::parse(&report.to_bytes()).expect("a report");
    assert_eq!(&parsed, report);
    assert_eq!(report.reason.as_ref(), report.findings.first().map(|found| &found.code));
    let Checked::Released(released) = &checked else {
        return assert!(report.files.is_empty());
    };
    if report.reason.is_none() {
        assert_eq!(rehearse(entries, rules, &ROLES).reason, None);
    }
    leaves(released, rules);
    stays(released, rules, dataset);
    small_groups(released, rules);
}

/// It passes in the airlock and at whoever receives the export.
fn leaves(released: &Released, rules: &Rules) {
    let packed = released.files().iter().map(|file| PackedFile {
        name: file.name(),
        content: file.bytes(),
        checked: file.checked(),
    });
    let footprints = released.footprints();
    if let Some(footprints) = footprints {
        let population = footprints.population();
        assert_eq!(
            &Footprints::parse(&footprints.to_bytes(), population).expect("one"),
            footprints
        );
    }
    let again = recheck(packed, footprints, released.report(), rules, &ROLES).expect("a package");
    assert_eq!(&again, released);
    let exported = released.files().iter().map(|file| (file.name(), file.bytes()));
    audit(exported, rules, &ROLES).expect("an export");
}

/// Checked again, what was checked becomes the same files; a drawing that was refused may be there now.
fn stays(released: &Released, rules: &Rules, dataset: &Dataset) {
    let entries: Vec<OutputEntry> = written(released)
        .map(|released| {
            let bytes = released.checked().unwrap_or(released.bytes());
            file(released.name().as_bytes(), bytes)
        })
        .collect();
    match check(&entries, rules, &ROLES, dataset) {
        Checked::Released(again) => assert!(written(&again).eq(written(released))),
        Checked::Refused(report) => panic!("{:?}", report.findings),
    }
}

fn written(released: &Released) -> impl Iterator<Item = &CanonicalFile> {
    released.files().iter().filter(|file| !file.name().ends_with(".svg"))
}

/// No cell of the plain table is below the threshold, and no row of the plain microdata is rarer than
/// k, counted from the bytes that leave.
fn small_groups(released: &Released, rules: &Rules) {
    for file in released.files() {
        let text = std::str::from_utf8(file.bytes()).expect("UTF-8");
        let rows: Vec<&str> = text.lines().skip(1).collect();
        // Neither last cell can hold a comma.
        let last = |row: &str, from_end: usize| {
            let cell = row.rsplit(',').nth(from_end);
            cell.map(|cell| cell.trim_matches('"').to_owned()).expect("a cell")
        };
        let site = |row: &str| row.rsplit_once(',').map(|(site, _)| site.to_owned());
        match file.name() {
            "table.csv" => {
                for row in &rows {
                    let count: u64 = last(row, 1).parse().expect("a count");
                    assert!(count >= rules.threshold(), "{row}");
                }
            }
            "rows.csv" => {
                for row in &rows {
                    let alike = rows.iter().filter(|other| site(other) == site(row));
                    assert!(alike.count() as u64 >= rules.k(), "{row}");
                }
            }
            _ => {}
        }
    }
}

/// A content of each of [`FILES`] that passes; the drawings are left to the gate.
#[must_use]
pub fn right_files() -> [Vec<u8>; 11] {
    let texts: [&str; 11] = [
        "site,sex,people,mean\na,f,7,1.5\na,m,12,2\n\"b, c\",f,3,-0.25\n",
        "site,sex,people\n\
         w1,f,9\nw1,m,1\nw2,f,8\nw2,m,12\nw3,f,7\nw3,m,9\nw4,f,6\nw4,m,8\n\
         h1,f,17\nh1,m,13\nh2,f,13\nh2,m,17\nAll,f,30\nAll,m,30\n\
         w1,All,10\nw2,All,20\nw3,All,16\nw4,All,14\nh1,All,30\nh2,All,30\nAll,All,60\n",
        "site,people,income,s,l1,l2,ln,neg\na,10,50,500,60,115,115,0\nb,20,5,100,10,18,18,0\n",
        "band,sex,people\nchild,female,6\nchild,male,6\nadult,female,6\nadult,male,6\n",
        "site,visits\n1,0\n1,2\n1,7\n2,0\n2,2\n2,3\n",
        "",
        "site,n,d,day\na,40,10,0\na,30,0,20\na,20,10,100\n",
        "term,beta,df\nage,0.5,40\nsex,-1.25e-3,40\n",
        "Means by site.\nNothing else.\n",
        "",
        "",
    ];
    let mut files = texts.map(|text| text.as_bytes().to_vec());
    let rows = people().lines().skip(1).map(person_row).collect::<String>();
    files[5] = format!("band,plan\n{rows}").into_bytes();
    files
}

fn person_row(person: &str) -> String {
    let cells: Vec<&str> = person.split(',').collect();
    let age: u32 = cells[1].parse().expect("an age");
    format!("{},{}\n", if age < 18 { "child" } else { "adult" }, cells[3])
}
