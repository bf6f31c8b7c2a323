//! What holds for every input: no panic, no dependence on the order of rows, one fixed point.

use crate::common::{checked, file, nobody, roles};
use disclosure::{
    Checked, Classes, Column, OutputEntry, PackedFile, Rules, Table, audit, check, recheck,
};
use proptest::prelude::*;

/// The test rules with room for larger inputs.
fn wide() -> Rules {
    let text = crate::common::RULES.replace("= 200", "= 100000").replace("= 300", "= 100000");
    Rules::parse(text.replace("max_rows = 8", "max_rows = 1000").as_bytes()).unwrap()
}

fn csv(header: &str, rows: &[Vec<String>]) -> Vec<u8> {
    let mut text = format!("{header}\n");
    for row in rows {
        let quoted: Vec<String> = row.iter().map(|cell| format!("\"{cell}\"")).collect();
        text += &(quoted.join(",") + "\r\n");
    }
    text.into_bytes()
}

/// Rows of a table: labels that repeat often, counts around the threshold, numbers of any form.
fn table_rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    let count = prop_oneof![39 => (3_u32..2000).prop_map(|n| n.to_string()), 1 => "[0-9]{1,2}"];
    let number = "(-?[0-9]{1,6}(\\.[0-9]{0,9})?(e-?[0-9])?)?";
    let label = prop_oneof![19 => "[a-c]{1,2}([,ö<6 ][a-c])?|", 1 => "[a-c ]{0,4}"];
    let row = (label, "[mf]?", count, number);
    let row = row.prop_map(|(site, sex, people, mean)| vec![site, sex, people, mean]);
    prop::collection::vec(row, 1..12)
}

fn microdata_rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    let row = ("[ab]?", "[0-9]{0,3}").prop_map(|(site, visits)| vec![site, visits]);
    prop::collection::vec(row, 1..24)
}

/// Everything about a check that may not depend on the order of rows: all but the row numbers.
#[derive(Debug, PartialEq)]
struct Outcome {
    files: Vec<Vec<u8>>,
    findings: Vec<[String; 3]>,
}

fn outcome(entries: &[OutputEntry]) -> Outcome {
    let checked = check(entries, &wide(), &roles(), &nobody());
    let report = checked.report().clone();
    let files = match checked {
        Checked::Released(released) => {
            released.files().iter().map(|file| file.bytes().to_vec()).collect()
        }
        Checked::Refused(_) => Vec::new(),
    };
    let mut findings: Vec<_> =
        report.findings.into_iter().map(|f| [f.file, f.code.to_string(), f.detail]).collect();
    findings.sort();
    Outcome { files, findings }
}

proptest! {
    #[test]
    fn the_order_of_rows_never_changes_the_result(
        (rows, shuffled) in table_rows().prop_flat_map(|rows| {
            (Just(rows.clone()), Just(rows).prop_shuffle())
        }),
        (people, reordered) in microdata_rows().prop_flat_map(|rows| {
            (Just(rows.clone()), Just(rows).prop_shuffle())
        }),
    ) {
        let entries = |rows: &[Vec<String>], people: &[Vec<String>]| [
            file("table.csv", &csv("site,sex,people,mean", rows)),
            file("rows.csv", &csv("site,visits", people)),
        ];
        prop_assert_eq!(
            outcome(&entries(&rows, &people)),
            outcome(&entries(&shuffled, &reordered))
        );
    }

    #[test]
    fn what_passed_passes_again_with_the_same_bytes(rows in table_rows(), people in microdata_rows()) {
        let entries = [
            file("table.csv", &csv("site,sex,people,mean", &rows)),
            file("rows.csv", &csv("site,visits", &people)),
        ];
        if let Checked::Released(released) = check(&entries, &wide(), &roles(), &nobody()) {
            let files = released.files().iter().map(|file| PackedFile {
                name: file.name(),
                content: file.bytes(),
                checked: file.checked(),
            });
            let again = recheck(files, None, released.report(), &wide(), &roles()).unwrap();
            prop_assert_eq!(&again, &released);
            let files = released.files().iter().map(|file| (file.name(), file.bytes()));
            audit(files, &wide(), &roles()).unwrap();
        }
    }

    #[test]
    fn no_bytes_panic_as_an_output(
        path in prop_oneof![Just(b"table.csv".to_vec()), any::<Vec<u8>>()],
        bytes in prop_oneof![
            any::<Vec<u8>>(),
            any::<Vec<u8>>().prop_map(|tail| [b"site,sex,people,mean\n".to_vec(), tail].concat()),
            "site,sex,people,mean\n([-a-z0-9\",.eE\r\n=\\x00]{0,40}\n){0,8}".prop_map(String::into_bytes),
        ],
        links in any::<u64>(),
    ) {
        let kind = disclosure::EntryKind::Regular { bytes, links };
        let checked = checked(&[OutputEntry { path, kind }]);
        let report = checked.report();
        prop_assert_eq!(report.files.is_empty(), matches!(checked, Checked::Refused(_)));
        let parsed = disclosure::CheckReport::parse(&report.to_bytes()).unwrap();
        prop_assert_eq!(&parsed, report);
    }

    #[test]
    fn no_bytes_panic_as_rules(
        bytes in any::<Vec<u8>>(),
        at in any::<prop::sample::Index>(),
        line in "[a-z_]{1,12} = ([0-9]{1,30}|\"[^\n]{0,9}\"|\\[\\])\n",
    ) {
        let _ = Rules::parse(&bytes);
        let mut lines: Vec<&str> = crate::common::RULES.lines().collect();
        let position = at.index(lines.len());
        lines[position] = &line;
        if let Ok(rules) = Rules::parse(lines.join("\n").as_bytes()) {
            prop_assert!(rules.threshold() >= 2 && rules.k() >= 2);
        }
    }

    #[test]
    fn class_sizes_are_those_of_counting_by_hand(rows in microdata_rows()) {
        let column = |at: usize, name| {
            let cells: Vec<String> = rows.iter().map(|row| row[at].clone()).collect();
            Column::encode(name, &cells).unwrap()
        };
        let table = Table::new(vec![column(0, "site"), column(1, "visits")]).unwrap();
        let classes = Classes::over(&table, &["site", "visits"]).unwrap();
        let by_hand = rows.iter().map(|row| rows.iter().filter(|&other| other == row).count());
        prop_assert_eq!(classes.smallest(), by_hand.min().map(|size| size as u64));
        for (row, &class) in rows.iter().zip(classes.of_row()) {
            let size = rows.iter().filter(|&other| other == row).count() as u64;
            prop_assert_eq!(classes.sizes()[class as usize], size);
        }
    }
}
