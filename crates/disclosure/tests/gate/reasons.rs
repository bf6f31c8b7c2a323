//! One row for each reason code, and what the report says beside it.

use crate::common::{checked, codes, file, nobody, of_kind, roles, rules};
use disclosure::{Checked, EntryKind, OutputEntry, Verdict, check};

const TABLE: &[u8] = b"site,sex,people,mean\n1,f,3,2.5\n1,m,9,1\n";
const ROWS: &[u8] = b"site,visits\n1,0\n1,2\n1,7\n";

fn table(bytes: &[u8]) -> Vec<OutputEntry> {
    vec![file("table.csv", bytes)]
}

fn archive(magic: &[u8]) -> Vec<OutputEntry> {
    table(&[magic, &[0; 64][..]].concat())
}

#[track_caller]
fn refuses(entries: &[OutputEntry], expected: &[&str]) {
    let checked = checked(entries);
    assert_eq!(codes(&checked), expected);
    assert_eq!(checked.report().verdict, Verdict::Refused);
    assert_eq!(checked.report().reason.as_ref().unwrap().as_str(), expected[0]);
    assert!(matches!(checked, Checked::Refused(_)), "something was released");
}

#[test]
fn what_is_no_plain_file_refuses_the_whole_output() {
    for (kind, code) in [
        (EntryKind::Symlink, "output.symlink"),
        (EntryKind::BlockDevice, "output.special-file"),
        (EntryKind::CharDevice, "output.special-file"),
        (EntryKind::Fifo, "output.special-file"),
        (EntryKind::Socket, "output.special-file"),
        (EntryKind::Other, "output.special-file"),
        (EntryKind::TooLarge { bytes: 201 }, "output.too-large"),
        (EntryKind::Regular { bytes: ROWS.to_vec(), links: 2 }, "output.hard-link"),
        (EntryKind::Regular { bytes: ROWS.to_vec(), links: 0 }, "output.hard-link"),
    ] {
        refuses(&[file("table.csv", TABLE), of_kind("rows.csv", kind)], &[code]);
    }
}

#[test]
fn paths_that_are_no_names_refuse_the_whole_output() {
    for path in ["../table.csv", "/table.csv", "a/b/c.csv", "Table.csv", "", "a//b.csv", "."] {
        refuses(&[file("rows.csv", ROWS), file(path, TABLE)], &["output.path"]);
    }
    refuses(&[file("rows.csv", ROWS), file("rows.csv", ROWS)], &["output.path"]);
    refuses(&[file("rows.csv", ROWS), of_kind("../x", EntryKind::Directory)], &["output.path"]);
}

#[test]
fn archives_refuse_the_whole_output_whatever_their_name() {
    for magic in [&b"PK\x03\x04"[..], b"\x1f\x8b", b"\xfd7zXZ\x00", b"BZh9", b"\x28\xb5\x2f\xfd"] {
        refuses(&archive(magic), &["output.archive"]);
    }
    refuses(&[file("rows.csv", ROWS), file("bomb.zip", b"PK\x03\x04")], &["output.archive"]);
}

#[test]
fn numbers_and_sizes_are_limited() {
    let folders = ["a", "b", "c", "d"].map(|name| of_kind(name, EntryKind::Directory));
    refuses(&[&folders[..], &table(TABLE)].concat(), &["output.too-many-files"]);
    refuses(&table(&[b'a'; 201]), &["output.too-large"]);
    let more = file("more.csv", &[b'a'; 200]);
    let other = file("other.csv", &[b'a'; 150]);
    refuses(&[more, other], &["output.too-large", "output.undeclared", "output.undeclared"]);
    refuses(
        &[file("rows.csv", b"site,visits\n1,1\n1,1\n1,1\n1,1\n1,1\n1,1\n1,1\n1,1\n1,1\n")],
        &["output.too-large"],
    );
}

#[test]
fn a_number_that_grows_when_written_plainly_counts_at_its_length() {
    let row = "1,1e23\n".repeat(8);
    refuses(&[file("rows.csv", format!("site,visits\n{row}").as_bytes())], &["output.too-large"]);
}

#[test]
fn files_outside_the_rules_are_refused_by_name() {
    refuses(&[file("extra.csv", TABLE)], &["output.undeclared"]);
    refuses(&[file("notes.txt", b"hello")], &["output.file-type", "output.undeclared"]);
    refuses(&table(b"\x89PNG\r\n"), &["output.file-type"]);
    refuses(&table(b"%PDF-1.7"), &["output.file-type"]);
    refuses(&[], &["output.empty"]);
    refuses(&[of_kind("a", EntryKind::Directory)], &["output.empty"]);
}

#[test]
fn what_is_not_the_declared_table_is_malformed() {
    for bytes in [
        &b"site,sex,people,mean\n1,f,3\n"[..],
        b"site,sex,people,mean\n1,f,3,2,9\n",
        b"site,sex,people\n1,f,3\n",
        b"site,sex,people,mean,mean\n1,f,3,2,2\n",
        b"site,sex,people,mean,extra\n1,f,3,2,2\n",
        b"site,sex,people,Mean\n1,f,3,2\n",
        b"\n\n",
        b"site,sex,people,mean\n1,\xff,3,2\n",
        b"site,sex,people,mean\n1,f\0,3,2\n",
        b"site,sex,people,mean\n1,f\x07,3,2\n",
        b"site,sex,people,mean\n1,\"f\nm\",3,2\n",
        b"site,sex,people,mean\n1,=f,3,2\n",
        b"site,sex,people,mean\n1,+f,3,2\n",
        b"site,sex,people,mean\n1,-f,3,2\n",
        b"site,sex,people,mean\n1,@f,3,2\n",
        b"site,sex,people,mean\n1,f,,2\n",
        b"site,sex,people,mean\n1,f,3.5,2\n",
        b"site,sex,people,mean\n1,f,-3,2\n",
        b"site,sex,people,mean\n1,f,3,nan\n",
        b"site,sex,people,mean\n1,f,3,=2\n",
        b"site,sex,people,mean\n1,f,3,2\n1,f,4,2\n",
    ] {
        let text = bytes.escape_ascii().to_string();
        let checked = checked(&table(bytes));
        assert_eq!(codes(&checked), ["output.malformed-table"], "{text}");
        assert!(matches!(checked, Checked::Refused(_)));
    }
}

#[test]
fn a_malformed_table_says_where_and_why_and_not_what() {
    for (bytes, row, column, detail) in [
        (&b"site,sex,people,mean,mean\n1,f,3,2,2\n"[..], None, None, "header names a column twice"),
        (
            b"site,sex,people,mean\n1,f,3,2\n1,m,3\n",
            Some(2),
            None,
            "row has more or fewer cells than the header",
        ),
        (
            b"site,sex,people,mean\n1,=secret,3,2\n",
            Some(1),
            Some("sex"),
            "text cell begins with `=`, `+`, `-` or `@`",
        ),
    ] {
        let checked = checked(&table(bytes));
        let found = &checked.report().findings[0];
        assert_eq!((found.row, found.column.as_deref()), (row, column));
        assert_eq!(found.detail, detail);
    }
}

#[test]
fn a_table_without_rows_is_empty() {
    refuses(&table(b""), &["output.empty"]);
    refuses(&table(b"site,sex,people,mean\n"), &["output.empty"]);
}

#[test]
fn a_small_cell_is_named_and_its_file_alone_is_refused() {
    let small = b"site,sex,people,mean\n1,f,3,2.5\n1,m,2,1\n2,f,0,1\n";
    let checked = checked(&[file("table.csv", small), file("rows.csv", ROWS)]);
    let report = checked.report().clone();
    assert_eq!(report.reason.as_ref().unwrap().as_str(), "output.cell-below-threshold");
    let places: Vec<_> = report
        .findings
        .iter()
        .map(|f| (f.file.as_str(), f.row, f.column.as_deref(), f.detail.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            ("table.csv", Some(2), Some("people"), "cell counts 2, below the threshold of 3"),
            ("table.csv", Some(3), Some("people"), "cell counts 0, below the threshold of 3"),
        ]
    );
    assert_eq!(report.refused, ["table.csv"]);
    let Checked::Released(released) = checked else { panic!("the other file was not released") };
    let names: Vec<_> = released.files().iter().map(|file| file.name()).collect();
    assert_eq!(names, ["rows.csv"]);
    assert_eq!(released.report().files[0].smallest, 3);
}

#[test]
fn classes_below_k_refuse_microdata() {
    let checked = checked(&[file("rows.csv", b"site,visits\n1,0\n1,2\n1,7\n2,1\n2,1\n")]);
    assert_eq!(codes(&checked), ["output.k-anonymity"]);
    assert_eq!(
        checked.report().findings[0].detail,
        "smallest class has 2 rows, below k = 3; 2 rows are in such classes"
    );
}

#[test]
fn a_column_unknown_to_the_manifest_is_a_quasi_identifier() {
    let mut roles = roles();
    roles.remove("visits");
    let checked = check(&[file("rows.csv", ROWS)], &rules(), &roles, &nobody());
    assert_eq!(codes(&checked), ["output.k-anonymity"]);
}

#[test]
fn rules_can_add_a_quasi_identifier_and_take_none_away() {
    let declared = crate::common::RULES.replace(
        "numbers = [\"visits\"]",
        "numbers = [\"visits\"]\nquasi_identifiers = [\"visits\"]",
    );
    let rules = disclosure::Rules::parse(declared.as_bytes()).unwrap();
    let refused = check(&[file("rows.csv", ROWS)], &rules, &roles(), &nobody());
    assert_eq!(codes(&refused), ["output.k-anonymity"]);
    let passed =
        check(&[file("rows.csv", b"site,visits\n1,2\n1,2\n1,2\n")], &rules, &roles(), &nobody());
    assert_eq!(passed.report().files[0].quasi_identifiers, ["site", "visits"]);
}

#[test]
fn an_identifier_never_leaves() {
    let declared = crate::common::RULES.replace("[\"visits\"]", "[\"zper\"]");
    let rules = disclosure::Rules::parse(declared.as_bytes()).unwrap();
    let rows = file("rows.csv", b"site,zper\n1,5\n1,5\n1,5\n");
    let checked = check(&[rows], &rules, &roles(), &nobody());
    assert_eq!(codes(&checked), ["output.identifier-column"]);
    assert_eq!(checked.report().findings[0].column.as_deref(), Some("zper"));
}

#[test]
fn what_leaves_is_rewritten() {
    let odd = b"mean,people,sex,site\r\n1e0,9,m,1\r\n002.50004,\"3\",f,1";
    let Checked::Released(released) = checked(&table(odd)) else { panic!("refused") };
    assert_eq!(released.files()[0].bytes(), TABLE);
    assert_eq!(released.report().verdict, Verdict::Passed);
    assert_eq!(released.report().reason, None);
    assert_eq!(released.report().files[0].sha256, released.files()[0].sha256());
}

#[test]
fn an_attack_beside_a_good_file_releases_nothing() {
    let link = of_kind("link", EntryKind::Symlink);
    let checked = checked(&[file("table.csv", TABLE), link]);
    assert_eq!(codes(&checked), ["output.symlink"]);
    assert_eq!(checked.report().refused, ["table.csv"]);
    assert!(checked.report().files.is_empty());
    assert!(matches!(checked, Checked::Refused(_)));
}

#[test]
fn findings_of_all_files_are_collected_attacks_first() {
    refuses(
        &[
            file("rows.csv", b"site,visits\n1,1\n"),
            file("table.csv", b"site,sex,people,mean\n1,f,1,2\n"),
            of_kind("z", EntryKind::Fifo),
        ],
        &["output.special-file", "output.k-anonymity", "output.cell-below-threshold"],
    );
}

#[test]
fn the_notice_holds_no_count_and_no_text_of_the_workload() {
    let small = file("table.csv", b"site,sex,people,mean\n1,f,2,2.5\n");
    let leak = file("patient-17-has-gout.csv", b"x");
    let checked = checked(&[small, leak, file("rows.csv", ROWS)]);
    let notice = checked.report().notice(&rules());
    let json = String::from_utf8(domain::canonical::to_vec(&notice).unwrap()).unwrap();
    assert_eq!(
        json,
        r#"{"codes":["output.undeclared"],"reason":"output.undeclared","refused":{"table.csv":["output.cell-below-threshold"]},"released":["rows.csv"],"verdict":"refused"}"#
    );
}
