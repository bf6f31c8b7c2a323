//! Each kind of output: what passes, what people must look at, and what is refused with which code.

use crate::common::{codes, file, nobody, roles};
use disclosure::{
    CheckReport, Checked, DisclosureRisk, OutputCheck, PackedFile, Released, Rules, Status, audit,
    check, recheck,
};
use domain::Reason as _;

const HEAD: &str = r#"
version = 1
[tables]
threshold = 10
dominance = { n = 3, k_percent = 90 }
[microdata]
k = 3
l = 2
t_percent = 40
[limits]
file_types = ["csv", "svg", "txt"]
max_files = 8
max_file_bytes = 100_000
max_total_bytes = 300_000
max_depth = 2
max_rows = 200
max_columns = 20
max_cell_chars = 20
significant_digits = 6
"#;

/// The rules with one or more outputs declared.
fn with(outputs: &str) -> Rules {
    Rules::parse(format!("{HEAD}{outputs}").as_bytes()).unwrap()
}

fn refused_rules(outputs: &str) -> &'static str {
    Rules::parse(format!("{HEAD}{outputs}").as_bytes()).unwrap_err().reason()
}

#[track_caller]
fn released(rules: &Rules, files: &[(&str, &str)]) -> Released {
    let entries: Vec<_> = files.iter().map(|(name, text)| file(name, text.as_bytes())).collect();
    match check(&entries, rules, &roles(), &nobody()) {
        Checked::Released(released) => {
            assert_eq!(released.report().reason, None, "{:?}", released.report().findings);
            again(rules, &released);
            released
        }
        Checked::Refused(report) => panic!("{:?}", report.findings),
    }
}

/// What was released passes in the airlock and at whoever receives the export.
fn again(rules: &Rules, released: &Released) {
    let packed = released.files().iter().map(|file| PackedFile {
        name: file.name(),
        content: file.bytes(),
        checked: file.checked(),
    });
    assert_eq!(&recheck(packed, None, released.report(), rules, &roles()).unwrap(), released);
    let exported = released.files().iter().map(|file| (file.name(), file.bytes()));
    audit(exported, rules, &roles()).unwrap();
}

fn found(rules: &Rules, name: &str, text: &str) -> Vec<String> {
    codes(&check(&[file(name, text.as_bytes())], rules, &roles(), &nobody()))
}

fn text_of<'a>(released: &'a Released, name: &str) -> &'a str {
    let file = released.files().iter().find(|file| file.name() == name).unwrap();
    std::str::from_utf8(file.bytes()).unwrap()
}

const MEANS: &str = r#"
[[output]]
name = "means.csv"
kind = "table"
categories = ["site"]
counts = ["people"]
numbers = ["income_mean"]
[output.statistics.income_mean]
analysis = "Mean"
evidence = { sum = "sum", largest = "top1", largest_two = "top2", largest_n = "top3", negative = "neg" }
"#;
const MEANS_HEAD: &str = "site,people,income_mean,sum,top1,top2,top3,neg\n";

fn means(row: &str) -> Vec<String> {
    found(&with(MEANS), "means.csv", &format!("{MEANS_HEAD}{row}\n"))
}

#[test]
fn evidence_is_checked_and_never_leaves() {
    let rules = with(MEANS);
    let text = format!("{MEANS_HEAD}a,10,50,500,60,115,165,0\nb,20,5,100,10,18,25,0\n");
    let released = released(&rules, &[("means.csv", &text)]);
    assert_eq!(text_of(&released, "means.csv"), "site,people,income_mean\na,10,50\nb,20,5\n");
    let report = &released.report().files[0];
    assert_eq!(report.analyses, ["FrequencyTable", "Mean"]);
    let dominance = [OutputCheck::NKCheck, OutputCheck::PPercentCheck];
    assert!(dominance.iter().all(|check| report.checks.contains(check)));
    let kept = std::str::from_utf8(released.files()[0].checked().unwrap()).unwrap();
    assert!(kept.contains("115"), "{kept}");
}

#[test]
fn a_package_without_its_evidence_is_refused() {
    let rules = with(MEANS);
    let text = format!("{MEANS_HEAD}a,10,50,500,60,115,165,0\n");
    let released = released(&rules, &[("means.csv", &text)]);
    let bare = released.files().iter().map(|file| PackedFile {
        name: file.name(),
        content: file.bytes(),
        checked: None,
    });
    let error = recheck(bare, None, released.report(), &rules, &roles()).unwrap_err();
    assert_eq!(error.reason(), "output.malformed-table");
}

#[test]
fn dominance_is_exact_at_its_limits() {
    // The largest three are at most 90 % of the sum.
    assert_eq!(means("a,10,50,1000,400,700,900,0"), [""; 0]);
    assert_eq!(means("a,10,50,1000,400,700,900.0001,0"), ["output.dominance"]);
    // What is left without two is at least 10 % of the largest: 60 of 600.
    assert_eq!(means("a,10,50,700,600,640,630,0"), [""; 0]);
    assert_eq!(means("a,10,50,700,600,641,630,0"), ["output.p-percent"]);
    assert_eq!(means("a,10,50,1060,600,1000,950,0"), [""; 0]);
    assert_eq!(means("a,10,50,1059,600,1000,950,0"), ["output.p-percent"]);
}

#[test]
fn evidence_that_cannot_be_is_refused() {
    for row in [
        "a,10,50,,60,115,165,0",
        "a,10,50,500,,115,165,0",
        "a,10,50,500,60,115,165,",
        "a,10,50,500,60,115,165,0.5",
        "a,10,50,500,120,115,165,0",
        "a,10,50,100,60,115,90,0",
        "a,10,50,500,-60,115,165,0",
    ] {
        assert_eq!(means(row), ["output.evidence"], "{row}");
    }
}

#[test]
fn negative_contributions_are_left_to_people() {
    let text = format!("{MEANS_HEAD}a,10,50,500,60,115,165,2\n");
    let released = released(&with(MEANS), &[("means.csv", &text)]);
    let report = &released.report().files[0];
    assert_eq!(report.status, Status::Review);
    assert!(report.risks.contains(&DisclosureRisk::Dominance));
}

#[test]
fn a_statistic_says_what_it_is_checked_by() {
    let lacks = MEANS.replace("evidence = {", "# evidence = {");
    assert_eq!(refused_rules(&lacks), "rules.no-evidence");
    assert_eq!(refused_rules(&MEANS.replace("\"Mean\"", "\"Average\"")), "rules.analysis");
    let deviation = MEANS.replace("\"Mean\"", "\"StandardDeviation\"");
    assert_eq!(refused_rules(&deviation), "rules.no-evidence");
    assert_eq!(
        refused_rules(&MEANS.replace("statistics.income_mean", "statistics.other")),
        "rules.not-a-column"
    );
}

fn plain(statistic: &str) -> String {
    format!(
        "[[output]]\nname = \"t.csv\"\nkind = \"table\"\ncategories = [\"site\"]\n\
         counts = [\"people\"]\nnumbers = [\"x\"]\n{statistic}"
    )
}

#[test]
fn maxima_are_one_persons_and_modes_are_for_people_to_judge() {
    let maximum = with(&plain("statistics = { x = { analysis = \"Maximum\" } }"));
    assert_eq!(found(&maximum, "t.csv", "site,people,x\na,10,99\n"), ["output.endpoint"]);
    let median = with(&plain("statistics = { x = { analysis = \"Median\" } }"));
    released(&median, &[("t.csv", "site,people,x\na,10,99\n")]);
    let mode = with(&plain("statistics = { x = { analysis = \"ModeCalculation\" } }"));
    let released = released(&mode, &[("t.csv", "site,people,x\na,10,99\n")]);
    assert!(released.report().files[0].risks.contains(&DisclosureRisk::ClassDisclosure));
}

#[test]
fn a_number_of_no_known_kind_is_left_to_people() {
    let released = released(&with(&plain("")), &[("t.csv", "site,people,x\na,10,99\n")]);
    let report = &released.report().files[0];
    assert_eq!(report.status, Status::Review);
    assert!(report.risks.contains(&DisclosureRisk::AuxiliaryInformation));
}

#[test]
fn degrees_of_freedom_are_checked_beside_a_deviation() {
    let rules = with(&plain(
        "statistics = { x = { analysis = \"StandardDeviation\", degrees_of_freedom = \"df\" } }",
    ));
    released(&rules, &[("t.csv", "site,people,x,df\na,11,9.5,10\n")]);
    assert_eq!(
        found(&rules, "t.csv", "site,people,x,df\na,11,9.5,9\n"),
        ["output.degrees-of-freedom"]
    );
}

#[test]
fn empty_cells_say_something_unless_the_rules_say_no() {
    let counts = "[[output]]\nname = \"t.csv\"\nkind = \"table\"\ncategories = [\"site\"]\ncounts = [\"people\"]\n";
    let text = "site,people\na,10\nb,0\n";
    let strict = check(&[file("t.csv", text.as_bytes())], &with(counts), &roles(), &nobody());
    assert_eq!(codes(&strict), ["output.cell-below-threshold"]);
    let finding = &strict.report().findings[0];
    assert_eq!(finding.check, Some(OutputCheck::PresenceOfZeroCheck));
    assert!(!finding.mitigations.is_empty());
    let lax =
        format!("{}{counts}", HEAD.replace("threshold = 10", "threshold = 10\nzeros = \"allow\""));
    released(&Rules::parse(lax.as_bytes()).unwrap(), &[("t.csv", text)]);
}

const ROUNDED: &str = "[[output]]\nname = \"t.csv\"\nkind = \"table\"\ncategories = [\"site\"]\ncounts = [\"people\"]\nrounding = \"base-5\"\n";

#[test]
fn the_gate_rounds_and_keeps_the_counts_for_the_second_look() {
    let rules = with(ROUNDED);
    let fives = released(&rules, &[("t.csv", "site,people\na,10\nb,13\nc,22\n")]);
    assert_eq!(text_of(&fives, "t.csv"), "site,people\na,10\nb,15\nc,20\n");
    // A count is judged as it was, not as it is shown.
    assert_eq!(found(&rules, "t.csv", "site,people\na,9\n"), ["output.cell-below-threshold"]);
    // A midpoint hides its neighbours: 7 to 12 look alike, and 12 is enough.
    let midpoints = with(&ROUNDED.replace("base-5", "midpoint-6"));
    let shown = released(&midpoints, &[("t.csv", "site,people\na,7\nb,13\n")]);
    assert_eq!(text_of(&shown, "t.csv"), "site,people\na,9\nb,15\n");
    assert_eq!(found(&midpoints, "t.csv", "site,people\na,6\n"), ["output.cell-below-threshold"]);
}

#[test]
fn the_gate_hides_small_counts_and_what_is_beside_them() {
    let rules = with(&plain("hidden = true\nstatistics = { x = { analysis = \"Median\" } }"));
    let shown = released(&rules, &[("t.csv", "site,people,x\na,10,4\nb,9,7\n")]);
    assert_eq!(text_of(&shown, "t.csv"), "site,people,x\na,10,4\nb,,\n");
    // Nothing is shown of a table of small counts, and its report says so.
    let nothing = released(&rules, &[("t.csv", "site,people,x\na,1,4\nb,9,7\n")]);
    assert_eq!(text_of(&nothing, "t.csv"), "site,people,x\na,,\nb,,\n");
    assert_eq!(nothing.report().files[0].smallest, 0);
    CheckReport::parse(&nothing.report().to_bytes()).unwrap();
    // Whoever writes a table does not choose what is hidden.
    assert_eq!(found(&rules, "t.csv", "site,people,x\na,,4\n"), ["output.malformed-table"]);
    let files = [("t.csv", &b"site,people,x\na,10,4\nb,,7\n"[..])];
    let error = audit(files, &rules, &roles()).unwrap_err();
    assert_eq!(error.reason(), "output.hidden-cell-shown");
}

const MARGINS: &str = "[[output]]\nname = \"t.csv\"\nkind = \"table\"\ncategories = [\"site\", \"sex\"]\ncounts = [\"people\"]\ntotal = \"All\"\n";
const CROSS: &str = "site,sex,people\na,f,4\na,m,20\nb,f,30\nb,m,40\nc,f,11\nc,m,50\na,All,24\nb,All,70\nc,All,61\nAll,f,45\nAll,m,110\nAll,All,155\n";

/// The same table with ten more people in its small cell.
fn safe() -> String {
    CROSS
        .replace("a,f,4", "a,f,14")
        .replace("a,All,24", "a,All,34")
        .replace("All,f,45", "All,f,55")
        .replace("All,All,155", "All,All,165")
}

#[test]
fn as_many_cells_are_hidden_as_keep_one_from_being_worked_out() {
    let hides = with(&format!("{MARGINS}hidden = true\n"));
    let shown = released(&hides, &[("t.csv", CROSS)]);
    let text = text_of(&shown, "t.csv");
    let hidden: Vec<_> = text.lines().filter(|line| line.ends_with(',')).collect();
    // The small one, one more in its row, one more in its column, and the fourth corner.
    assert_eq!(hidden, ["a,f,", "a,m,", "c,f,", "c,m,"], "{text}");
}

#[test]
fn a_small_count_is_refused_with_what_would_make_it_pass() {
    let checked = check(&[file("t.csv", CROSS.as_bytes())], &with(MARGINS), &roles(), &nobody());
    assert_eq!(codes(&checked), ["output.cell-below-threshold"]);
    let [proposal] = checked.report().proposals.as_slice() else { panic!("no proposal") };
    assert_eq!(proposal.file, "t.csv");
    assert_eq!(proposal.hide, [1, 2, 5, 6]);
    assert!(proposal.merge.contains(&"site".to_owned()), "{proposal:?}");
    let notice = checked.report().notice(&with(MARGINS));
    assert!(!format!("{notice:?}").contains("hide"), "researchers see no counts and no cells");
}

#[test]
fn margins_that_do_not_add_up_are_refused() {
    let wrong = safe().replace("a,All,34", "a,All,35");
    assert_eq!(found(&with(MARGINS), "t.csv", &wrong), ["output.margins"]);
}

#[test]
fn an_absent_row_that_the_margins_count_is_a_row() {
    // c has 11 women; without that row the margins still say so, and 11 is enough.
    let absent = safe().replace("c,f,11\n", "");
    released(&with(MARGINS), &[("t.csv", &absent)]);
    // a has 4: the row is missing and the count is not.
    let given_away = CROSS.replace("a,f,4\n", "");
    assert_eq!(found(&with(MARGINS), "t.csv", &given_away), ["output.secondary-disclosure"]);
}

const SURVIVAL: &str = "[[output]]\nname = \"s.csv\"\nkind = \"survival\"\ncategories = [\"arm\"]\ntime = \"day\"\nat_risk = \"n\"\nevents = \"d\"\nnumbers = [\"s\"]\n";

#[test]
fn the_steps_of_a_survival_table_are_counts_too() {
    let rules = with(SURVIVAL);
    let table = |rows: &str| format!("arm,n,d,day,s\n{rows}");
    released(&rules, &[("s.csv", &table("a,40,10,0,1\na,30,0,20,0.7\na,20,10,100,0.5\n"))]);
    for (rows, code) in [
        ("a,40,10,0,1\na,35,0,20,0.7\n", "output.step-below-threshold"),
        ("a,40,3,0,1\n", "output.cell-below-threshold"),
        ("a,9,0,0,1\n", "output.cell-below-threshold"),
        ("a,40,0,0,1\na,60,0,1,1\n", "output.malformed-table"),
        ("a,40,0,,1\n", "output.malformed-table"),
        // Sorted for the package, the second would come before the first.
        ("a,40,10,7,1\na,30,0,07.0,1\n", "output.malformed-table"),
    ] {
        let codes = found(&rules, "s.csv", &table(rows));
        assert!(codes.iter().any(|found| found == code), "{rows}: {codes:?}");
    }
    // Arms are tables of their own.
    released(&rules, &[("s.csv", &table("a,40,10,0,1\nb,50,10,1,1\n"))]);
}

const REGRESSION: &str = "[[output]]\nname = \"ols.csv\"\nkind = \"estimates\"\nanalysis = \"MultipleRegression\"\ncategories = [\"term\"]\nnumbers = [\"estimate\", \"error\"]\ndegrees_of_freedom = \"df\"\n";

#[test]
fn estimates_need_degrees_of_freedom() {
    let rules = with(REGRESSION);
    let enough = released(&rules, &[("ols.csv", "term,estimate,error,df\nage,0.5,0.1,10\n")]);
    assert_eq!(text_of(&enough, "ols.csv"), "term,estimate,error\nage,0.5,0.1\n");
    assert_eq!(enough.report().files[0].status, Status::Pass);
    assert_eq!(enough.report().files[0].smallest, 10);
    for (df, code) in [("9", "output.degrees-of-freedom"), ("", "output.evidence")] {
        let text = format!("term,estimate,error,df\nage,0.5,0.1,{df}\n");
        assert_eq!(found(&rules, "ols.csv", &text), [code]);
    }
}

#[test]
fn models_that_hold_people_are_refused() {
    let model = |kind: &str| {
        format!(
            "[[output]]\nname = \"m.csv\"\nkind = \"model\"\nmodel = \"{kind}\"\ncategories = \
             [\"term\"]\nnumbers = [\"weight\"]\ndegrees_of_freedom = \"df\"\n"
        )
    };
    let text = "term,weight,df\na,0.5,100\n";
    for kind in
        ["nearest-neighbours", "support-vector-machine", "gaussian-process", "kernel-density"]
    {
        assert_eq!(found(&with(&model(kind)), "m.csv", text), ["output.instance-based-model"]);
    }
    let status = |kind| released(&with(&model(kind)), &[("m.csv", text)]).report().files[0].status;
    assert_eq!(status("logistic-regression"), Status::Pass);
    assert_eq!(status("random-forest"), Status::Review);
    let allowed = format!("{}allow_instance_based = true\n", model("nearest-neighbours"));
    assert_eq!(
        released(&with(&allowed), &[("m.csv", text)]).report().files[0].status,
        Status::Review
    );
    assert_eq!(refused_rules(&model("horoscope")), "rules.malformed");
}

#[test]
fn microdata_keep_all_the_models_of_the_rules() {
    let rules = with(
        "[[output]]\nname = \"m.csv\"\nkind = \"microdata\"\ncategories = [\"site\"]\nnumbers = [\"visits\"]\n",
    );
    let rows = |a: [u8; 3], b: [u8; 3]| {
        let row = |(site, visits): (&str, u8)| format!("{site},{visits}\n");
        let a = a.map(|visits| row(("a", visits)));
        let b = b.map(|visits| row(("b", visits)));
        format!("site,visits\n{}{}", a.concat(), b.concat())
    };
    released(&rules, &[("m.csv", &rows([1, 2, 3], [1, 2, 2]))]);
    let same = found(&rules, "m.csv", &rows([1, 1, 1], [1, 1, 2]));
    assert_eq!(same, ["output.l-diversity"]);
    let apart = found(&rules, "m.csv", &rows([1, 2, 3], [4, 5, 6]));
    assert_eq!(apart, ["output.t-closeness"]);
}

#[test]
fn text_is_for_people_to_read() {
    let rules = with("[[output]]\nname = \"notes.txt\"\nkind = \"text\"\n");
    let shown = released(&rules, &[("notes.txt", "Hello  \r\nworld\n\n\n")]);
    assert_eq!(text_of(&shown, "notes.txt"), "Hello\nworld\n");
    let report = &shown.report().files[0];
    assert_eq!((report.status, report.bits), (Status::Review, 12 * 8));
    for text in ["a\u{200b}b", "a\tb", "a\u{202e}b", "a\u{7}"] {
        assert_eq!(found(&rules, "notes.txt", text), ["output.malformed-table"], "{text:?}");
    }
    assert_eq!(found(&rules, "notes.txt", " \n"), ["output.empty"]);
}

const FIGURE: &str = "[[output]]\nname = \"t.csv\"\nkind = \"histogram\"\ncategories = [\"site\"]\ncounts = [\"people\"]\n[[output]]\nname = \"t.svg\"\nkind = \"figure\"\nsource = \"t.csv\"\nx = \"site\"\ny = \"people\"\nstyle = \"bars\"\n";

#[test]
fn figures_are_drawn_by_the_gate_from_what_passed() {
    let rules = with(FIGURE);
    let drawn = released(&rules, &[("t.csv", "site,people\nb<c,10\na,30\n")]);
    let svg = text_of(&drawn, "t.svg");
    assert!(svg.starts_with("<svg ") && svg.contains(">b&lt;c</text>"), "{svg}");
    let reordered = released(&rules, &[("t.csv", "site,people\na,30\nb<c,10\n")]);
    assert_eq!(text_of(&reordered, "t.svg"), svg);
    // One that the workload draws is nobody's figure, and takes nothing else with it.
    let entries = [file("t.csv", b"site,people\na,30\n"), file("t.svg", svg.as_bytes())];
    let checked = check(&entries, &rules, &roles(), &nobody());
    assert_eq!(codes(&checked), ["output.figure-written"]);
    assert_eq!(checked.report().refused, ["t.svg"]);
    assert_eq!(checked.report().files.len(), 1);
    // What is left passes in the airlock, where nothing is drawn that is not in the package.
    let Checked::Released(left) = &checked else { panic!("{checked:?}") };
    again(&rules, left);
    // Nothing is drawn of what did not pass.
    let small = check(&[file("t.csv", b"site,people\na,3\n")], &rules, &roles(), &nobody());
    assert!(matches!(small, Checked::Refused(_)));
}

#[test]
fn an_exported_figure_is_the_drawing_of_its_table() {
    let rules = with(FIGURE);
    let drawn = released(&rules, &[("t.csv", "site,people\na,30\n")]);
    let table = text_of(&drawn, "t.csv");
    let other = text_of(&drawn, "t.svg").replace("<rect", "<rect id=\"x\"");
    let files = [("t.csv", table.as_bytes()), ("t.svg", other.as_bytes())];
    assert_eq!(audit(files, &rules, &roles()).unwrap_err().reason(), "output.figure-written");
    // A drawing may be absent, as any file may, but not its table.
    audit([("t.csv", table.as_bytes())], &rules, &roles()).unwrap();
    let alone = [("t.svg", text_of(&drawn, "t.svg").as_bytes())];
    assert_eq!(audit(alone, &rules, &roles()).unwrap_err().reason(), "output.figure-written");
}

#[test]
fn figures_and_histograms_fit_their_source() {
    assert_eq!(refused_rules(&FIGURE.replace("y = \"people\"", "y = \"site\"")), "rules.figure");
    assert_eq!(
        refused_rules(&FIGURE.replace("source = \"t.csv\"", "source = \"u.csv\"")),
        "rules.figure"
    );
    assert_eq!(refused_rules(&FIGURE.replace("[\"site\"]", "[\"site\", \"sex\"]")), "rules.figure");
}

#[test]
fn the_choice_left_to_a_workload_is_counted() {
    let rules = with(&plain(""));
    let bits = |text: &str| released(&rules, &[("t.csv", text)]).report().files[0].bits;
    let one = bits("site,people,x\na,10,99\n");
    let two = bits("site,people,x\na,10,99\nb,10,99\n");
    // A letter, a count and a number in a row; the order of two rows is nobody's choice.
    assert_eq!(one, (17_000_u64 + 15 * 3_322 + 6 * 3_322 + 6_585).div_ceil(1_000));
    assert!(two < 2 * one && two > one);
}
