//! The airlock's second look: each way in which a package can differ from what was released.

use crate::common::{checked, file, roles, rules};
use disclosure::{
    CheckReport, Checked, ColumnRole, PackedFile, RecheckError, Released, Rules, Verdict, recheck,
};
use domain::Reason as _;

const ROWS: &[u8] = b"site,visits\n1,0\n1,2\n1,7\n";
const SMALL: &[u8] = b"site,sex,people,mean\n1,f,2,2.5\n";

/// One file released and one refused.
fn released() -> Released {
    match checked(&[file("rows.csv", ROWS), file("table.csv", SMALL)]) {
        Checked::Released(released) => released,
        Checked::Refused(report) => panic!("{report:?}"),
    }
}

fn packed<'a>((name, content): (&'a str, &'a [u8])) -> PackedFile<'a> {
    PackedFile { name, content, checked: None }
}

fn code(files: &[(&str, &[u8])], claimed: &CheckReport) -> &'static str {
    let files = files.iter().copied().map(packed);
    recheck(files, None, claimed, &rules(), &roles()).unwrap_err().reason()
}

#[test]
fn what_was_released_passes_and_keeps_its_report() {
    let released = released();
    let parsed = CheckReport::parse(&released.report().to_bytes()).unwrap();
    let files = released.files().iter().map(|file| packed((file.name(), file.bytes())));
    let again = recheck(files, None, &parsed, &rules(), &roles()).unwrap();
    assert_eq!(again, released);
    assert_eq!(again.report().refused, ["table.csv"]);
}

#[test]
fn other_bytes_or_files_are_refused() {
    let report = released().report().clone();
    assert_eq!(
        code(&[("rows.csv", b"site,visits\n1,2\n1,0\n1,7\n")], &report),
        "output.not-canonical"
    );
    assert_eq!(
        code(&[("rows.csv", b"site,visits\n1,0\n1,2\n1,8\n")], &report),
        "output.report-mismatch"
    );
    assert_eq!(code(&[("rows.csv", b"site,visits\n1,0\n1,2\n")], &report), "output.k-anonymity");
    assert_eq!(
        code(&[("rows.csv", ROWS), ("table.csv", SMALL)], &report),
        "output.cell-below-threshold"
    );
    assert_eq!(code(&[("rows.csv", ROWS), ("x.csv", b"")], &report), "output.undeclared");
    assert_eq!(code(&[("../rows.csv", ROWS)], &report), "output.path");
    assert_eq!(code(&[], &report), "output.empty");
}

#[test]
fn other_rules_or_roles_are_refused() {
    let released = released();
    let files = [packed(("rows.csv", ROWS))];
    let looser = Rules::parse(crate::common::RULES.replace("k = 3", "k = 2").as_bytes()).unwrap();
    let error = recheck(files, None, released.report(), &looser, &roles()).unwrap_err();
    assert_eq!(error.reason(), "output.rules-mismatch");
    let mut public = roles();
    public.insert("site".into(), ColumnRole::Public);
    let error = recheck(files, None, released.report(), &rules(), &public).unwrap_err();
    assert_eq!(error.reason(), "output.roles-mismatch");
}

#[test]
fn a_report_that_contradicts_itself_is_refused() {
    let change = |edit: fn(&mut CheckReport)| {
        let mut report = released().report().clone();
        edit(&mut report);
        recheck([packed(("rows.csv", ROWS))], None, &report, &rules(), &roles()).unwrap_err()
    };
    for edit in [
        (|r| r.verdict = Verdict::Passed) as fn(&mut CheckReport),
        |r| r.reason = None,
        |r| r.findings.clear(),
        |r| r.criteria.k = 2,
        |r| r.files.clear(),
        |r| r.files[0].rows = 4,
    ] {
        assert_eq!(change(edit), RecheckError::ReportMismatch);
    }
}

#[test]
fn only_the_canonical_spelling_of_a_report_is_read() {
    let mut bytes = released().report().to_bytes();
    bytes.push(b'\n');
    assert_eq!(CheckReport::parse(&bytes).unwrap_err().reason(), "format.not-canonical");
}
