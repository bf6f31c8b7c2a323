//! The ledger of releases: an attack for each rule, and what must not be refused.

#![expect(clippy::single_range_in_vec_init, reason = "a cell is a list of ranges of records")]

use std::ops::Range;

use disclosure::{
    Exposure, ExposureRule, Footprint, Footprints, ReleaseError, ReleaseLimits, Releases,
};
use domain::ids::ProjectId;
use domain::{Digest, Reason as _};

/// Records of the dataset: 0 to 499 are women, the rest are men.
const PEOPLE: u32 = 1_000;

pub(crate) fn limits() -> ReleaseLimits {
    ReleaseLimits::new(10, 5, 3).unwrap()
}

pub(crate) fn project(name: &str) -> ProjectId {
    name.parse().unwrap()
}

pub(crate) fn table(cells: &[&[Range<u32>]]) -> Footprint {
    Footprint::Table { cells: sets(cells) }
}

fn microdata(classes: &[&[Range<u32>]]) -> Footprint {
    Footprint::Microdata { classes: sets(classes) }
}

fn sets(sets: &[&[Range<u32>]]) -> Vec<disclosure::RecordSet> {
    sets.iter().map(|ranges| ranges.iter().cloned().flatten().collect()).collect()
}

pub(crate) fn output(files: &[(&str, Footprint)]) -> Footprints {
    let files = files.iter().map(|(name, file)| ((*name).to_owned(), file.clone())).collect();
    Footprints::new(PEOPLE, files).unwrap()
}

pub(crate) fn package(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

/// A ledger with these outputs, each released to a project of its own under loose limits.
fn after(outputs: &[Footprints]) -> Releases {
    let loose = ReleaseLimits::new(2, 2, 1).unwrap();
    let mut releases = Releases::new(Digest::of(b"dataset"), PEOPLE);
    for (output, number) in outputs.iter().zip(0..) {
        let judged = releases.judge(&project(&format!("p{number}")), output, &loose).unwrap();
        releases.admit(judged, package(&format!("package {number}"))).unwrap();
    }
    releases
}

fn one(file: Footprint) -> Footprints {
    output(&[("new.csv", file)])
}

fn earlier(file: Footprint) -> Footprints {
    output(&[("old.csv", file)])
}

fn judge(releases: &Releases, new: &Footprints) -> Result<(), Vec<Exposure>> {
    match releases.judge(&project("mine"), new, &limits()) {
        Ok(_) => Ok(()),
        Err(ReleaseError::Exposed(exposures)) => Err(exposures),
        Err(other) => panic!("{other}"),
    }
}

/// The rule and count of the only exposure, after checking that its text holds no count.
fn exposed(releases: &Releases, new: &Footprints) -> (ExposureRule, u64, String) {
    let exposures = judge(releases, new).unwrap_err();
    assert_eq!(exposures.len(), 1, "{exposures:#?}");
    let exposure = &exposures[0];
    (exposure.rule(), exposure.records(), exposure.to_string())
}

fn refused_as(outputs: &[Footprints], new: Footprint) -> (ExposureRule, u64) {
    let (rule, records, _) = exposed(&after(outputs), &one(new));
    (rule, records)
}

/// Women by age: a hundred of each ten years, seven of them exactly 30.
#[test]
fn women_aged_30_and_over_then_31_and_over() {
    let releases = after(&[earlier(table(&[&[100..500], &[500..1000]]))]);
    let over_31 = one(table(&[&[107..500], &[500..1000]]));
    let (rule, records, text) = exposed(&releases, &over_31);
    assert_eq!((rule, records), (ExposureRule::Difference, 7));
    assert_eq!(rule.reason(), "output.difference-isolates");
    let of = package("package 0");
    assert_eq!(
        text,
        format!(
            "cell 0 of `new.csv` differs by too few records from cell 0 of `old.csv` in the release {of}"
        )
    );
    // The other way round, and where ten differ it may go.
    let (rule, ..) = exposed(
        &after(&[earlier(table(&[&[107..500], &[500..1000]]))]),
        &one(table(&[&[100..500], &[500..1000]])),
    );
    assert_eq!(rule, ExposureRule::Difference);
    assert_eq!(judge(&releases, &one(table(&[&[110..500], &[500..1000]]))), Ok(()));
}

#[test]
fn nearly_the_same_cohort_is_a_difference_both_ways() {
    // Four left, five came: sums differ by those nine alone.
    let old = earlier(table(&[&[0..300]]));
    assert_eq!(
        refused_as(std::slice::from_ref(&old), table(&[&[4..305]])),
        (ExposureRule::Difference, 9)
    );
    assert_eq!(judge(&after(&[old]), &one(table(&[&[4..306]]))), Ok(()));
}

#[test]
fn everybody_but_a_few() {
    // Everybody is counted by the dataset's own description.
    let (rule, records) = refused_as(&[], table(&[&[0..400], &[400..994]]));
    assert_eq!((rule, records), (ExposureRule::Complement, 6));
    assert_eq!(rule.reason(), "output.complement-isolates");
}

#[test]
fn neither_in_the_old_cell_nor_in_the_new_one() {
    // 500 women before, now 495 men: five people are neither.
    let old = earlier(table(&[&[0..500]]));
    assert_eq!(
        refused_as(std::slice::from_ref(&old), table(&[&[505..1000]])),
        (ExposureRule::Complement, 5)
    );
    // In both: 505 and 500 of 1000.
    assert_eq!(refused_as(&[old], table(&[&[495..1000]])), (ExposureRule::Complement, 5));
}

#[test]
fn two_cells_and_a_few_more_are_one_cell() {
    let old = earlier(table(&[&[0..100], &[100..200]]));
    let (rule, records) = refused_as(std::slice::from_ref(&old), table(&[&[0..203]]));
    assert_eq!((rule, records), (ExposureRule::Union, 3));
    assert_eq!(rule.reason(), "output.union-isolates");
    // A few less: the cells that it touches, less the cell.
    assert_eq!(refused_as(&[old], table(&[&[0..197]])), (ExposureRule::Union, 3));
    // The same with the union in the new output.
    let old = earlier(table(&[&[0..203]]));
    assert_eq!(refused_as(&[old], table(&[&[0..100], &[100..200]])), (ExposureRule::Union, 3));
}

#[test]
fn age_bands_moved_by_a_year_add_up_to_one_year() {
    // Ten-year bands, then bands one year later. Nobody is below 20; twelve are 20, and three are
    // 40: counting from the youngest, two bands less two bands are those three.
    let old = earlier(table(&[&[0..200], &[200..500], &[500..1000]]));
    let (rule, records) = refused_as(&[old], table(&[&[0..212], &[212..503], &[503..1000]]));
    assert_eq!((rule, records), (ExposureRule::Difference, 3));
    // With a fourth band neither side of the cut is a single cell.
    let old = earlier(table(&[&[0..200], &[200..500], &[500..800], &[800..1000]]));
    let new = table(&[&[0..212], &[212..503], &[503..820], &[820..1000]]);
    assert_eq!(refused_as(&[old], new), (ExposureRule::Union, 3));
}

#[test]
fn cells_of_two_earlier_releases_are_taken_from_a_third() {
    let wards = [earlier(table(&[&[0..300]])), output(&[("b.csv", table(&[&[300..600]]))])];
    let releases = after(&wards);
    let exposures = judge(&releases, &one(table(&[&[0..604]]))).unwrap_err();
    assert_eq!(exposures.len(), 1, "{exposures:#?}");
    assert_eq!((exposures[0].rule(), exposures[0].records()), (ExposureRule::Union, 4));
    let packages: Vec<_> = exposures[0].earlier().iter().map(|e| e.package.unwrap()).collect();
    assert_eq!(packages, [package("package 0"), package("package 1")]);
}

/// Two tables leave thirty people, of whom an extract shows twenty-five: five remain. No two of the
/// three releases say so.
#[test]
fn what_two_tables_leave_is_compared_with_an_extract() {
    let old = [earlier(table(&[&[0..600]])), output(&[("rows.csv", microdata(&[&[0..25]]))])];
    let both = one(table(&[&[0..30, 600..1000]]));
    for (number, alone) in old.iter().enumerate() {
        assert_eq!(judge(&after(std::slice::from_ref(alone)), &both), Ok(()), "{number}");
    }
    let exposures = judge(&after(&old), &both).unwrap_err();
    assert_eq!((exposures[0].rule(), exposures[0].records()), (ExposureRule::Difference, 5));
    let files: Vec<_> =
        exposures[0].earlier().iter().map(|earlier| earlier.file.as_str()).collect();
    assert_eq!((exposures[0].file(), &files[..]), ("new.csv", &["old.csv", "rows.csv"][..]));
}

#[test]
fn a_margin_of_another_file_gives_away_a_suppressed_cell() {
    let files = output(&[
        ("cells.csv", table(&[&[0..300], &[300..493], &[500..1000]])),
        ("margins.csv", table(&[&[0..500], &[500..1000]])),
    ]);
    // By itself the first leaves out seven, and so it does beside its own margin.
    let exposures = judge(&after(&[]), &files).unwrap_err();
    assert_eq!(exposures[0].rule(), ExposureRule::Complement);
    let (rule, records, text) =
        exposed(&after(&[]), &one(table(&[&[0..300], &[300..493], &[0..500], &[500..1000]])));
    assert_eq!((rule, records), (ExposureRule::Difference, 7));
    assert_eq!(
        text,
        "cell 2 of `new.csv` differs by too few records from cell 0, 1 of `new.csv` in the same output"
    );
    // Suppressed together with others they are not alone.
    let wide = one(table(&[&[0..300], &[300..490], &[0..500], &[500..1000]]));
    assert_eq!(judge(&after(&[]), &wide), Ok(()));
}

#[test]
fn files_of_one_output_are_compared_too() {
    let both = output(&[
        ("a.csv", table(&[&[100..500], &[0..100], &[500..1000]])),
        ("b.csv", table(&[&[107..500], &[0..107], &[500..1000]])),
    ]);
    let exposures = judge(&after(&[]), &both).unwrap_err();
    assert!(exposures.iter().all(|e| e.rule() == ExposureRule::Difference && e.records() == 7));
    assert_eq!(exposures[0].earlier()[0].package, None);
    assert_eq!(exposures[0].earlier()[0].file, "a.csv");
    assert_eq!(exposures[0].file(), "b.csv");
}

#[test]
fn two_extracts_that_share_few_people_in_a_class() {
    // The same people by age, then by region: three are the only ones of their age and region.
    let old = earlier(microdata(&[&[0..500], &[500..1000]]));
    let (rule, records) =
        refused_as(std::slice::from_ref(&old), microdata(&[&[0..503], &[503..1000]]));
    assert_eq!((rule, records), (ExposureRule::JointClasses, 3));
    assert_eq!(rule.reason(), "output.joint-classes");
    // Absent is a class: four of a class were left out, or only four were left in.
    let absent = refused_as(std::slice::from_ref(&old), microdata(&[&[4..500], &[506..1000]]));
    assert_eq!(absent, (ExposureRule::JointClasses, 4));
    assert_eq!(judge(&after(&[old]), &one(microdata(&[&[0..505], &[505..1000]]))), Ok(()));
}

#[test]
fn a_table_less_classes_of_microdata() {
    // Classes of five are below the threshold of tables, and may be.
    let classes: Vec<Vec<Range<u32>>> =
        (0..200).map(|class| vec![class * 5..class * 5 + 5]).collect();
    let classes: Vec<&[Range<u32>]> = classes.iter().map(Vec::as_slice).collect();
    let rows = earlier(microdata(&classes));
    let releases = after(std::slice::from_ref(&rows));
    assert_eq!(judge(&releases, &one(table(&[&[0..500], &[500..1000]]))), Ok(()));
    let (rule, records, _) = exposed(&releases, &one(table(&[&[0..502], &[502..1000]])));
    assert_eq!((rule, records), (ExposureRule::Union, 2));
    // Microdata after the table.
    let releases = after(&[earlier(table(&[&[0..502], &[502..1000]]))]);
    let (rule, records, _) = exposed(&releases, &one(microdata(&classes)));
    assert_eq!((rule, records), (ExposureRule::Union, 2));
}

#[test]
fn too_few_by_themselves() {
    assert_eq!(refused_as(&[], table(&[&[0..9], &[9..1000]])), (ExposureRule::Cell, 9));
    assert_eq!(refused_as(&[], microdata(&[&[0..4], &[4..1000]])), (ExposureRule::Class, 4));
    assert_eq!(refused_as(&[], microdata(&[&[0..996]])), (ExposureRule::Complement, 4));
    assert_eq!(ExposureRule::Cell.reason(), "output.cell-below-threshold");
    assert_eq!(ExposureRule::Class.reason(), "output.k-anonymity");
}

/// Two cross-tabulations whose cells overlap in few people, or nearly hold one another: nothing
/// can be computed of those overlaps.
#[test]
fn ordinary_tables_over_other_variables_may_go() {
    let old = earlier(table(&[&[0..990], &[990..1000]]));
    let releases = after(std::slice::from_ref(&old));
    // A cell of 12 has one person, and another all but one, in the earlier small cell.
    let new = one(table(&[&[0..11, 999..1000], &[11..500, 990..991], &[500..990, 991..999]]));
    assert_eq!(judge(&releases, &new), Ok(()));
    let small = one(table(&[&[0..8, 990..1000], &[8..990]]));
    assert_eq!(exposed(&releases, &small).1, 8, "nested: the difference is known");
}

#[test]
fn a_table_with_all_its_margins_may_go_once_and_again() {
    let cells: [&[Range<u32>]; 9] = [
        &[0..100],
        &[100..500],
        &[500..620],
        &[620..1000],
        &[0..500],
        &[500..1000],
        &[0..100, 500..620],
        &[100..500, 620..1000],
        &[0..1000],
    ];
    let whole = one(table(&cells));
    let releases = after(std::slice::from_ref(&whole));
    assert_eq!(judge(&releases, &whole), Ok(()));
    let margin = one(table(&[&[0..500], &[500..1000], &[]]));
    assert_eq!(judge(&releases, &margin), Ok(()));
    let rows = one(microdata(&[&[0..500], &[500..1000]]));
    assert_eq!(judge(&after(std::slice::from_ref(&rows)), &rows), Ok(()));
}
