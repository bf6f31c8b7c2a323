//! Measures from outside: what a question may not ask, kinds, readings and missing values.

use disclosure::{
    Bound, Column, Hierarchy, Kind, MeasureError, Measures, Nulls, Question, Ratio, Reading,
    Sensitive, Table, measure,
};
use domain::Reason as _;

/// A table of lines; the first has the names, cells are separated by spaces and `-` is missing.
pub(crate) fn table(lines: &[&str]) -> Table {
    let cells: Vec<Vec<&str>> = lines.iter().map(|line| line.split(' ').collect()).collect();
    let column = |(at, name): (usize, &&str)| {
        let cells: Vec<String> = cells[1..].iter().map(|row| row[at].replace('-', "")).collect();
        Column::encode(name, &cells).unwrap()
    };
    Table::new(cells[0].iter().enumerate().map(column).collect()).unwrap()
}

/// A question with categorical attributes, each alone.
pub(crate) fn question(quasi_identifiers: &[&str], sensitive: &[&str]) -> Question {
    let of = |&name: &&str| Sensitive { name: name.to_owned(), kind: Kind::Categorical };
    Question {
        quasi_identifiers: quasi_identifiers.iter().map(|&name| name.to_owned()).collect(),
        sensitive: sensitive.iter().map(of).collect(),
        ..Question::default()
    }
}

pub(crate) fn ratio(numerator: u128, denominator: u128) -> Ratio {
    Ratio::new(numerator, denominator).unwrap()
}

fn refusal(table: &Table, question: &Question) -> MeasureError {
    measure(table, question).unwrap_err()
}

const PEOPLE: &[&str] =
    &["age sex ward illness", "3 f a flu", "3 f b flu", "4 m a flu", "4 m a cold", "4 m b burn"];

fn measured(question: &Question) -> Measures {
    measure(&table(PEOPLE), question).unwrap()
}

#[test]
fn one_attribute_in_the_classes_of_the_quasi_identifiers() {
    let found = measured(&question(&["age", "sex"], &["illness"]));
    let classes = found.classes.as_ref().unwrap();
    assert_eq!((found.rows, found.k(), classes.count, classes.largest), (5, Some(2), 2, 3));
    assert_eq!((classes.mean, classes.median), (ratio(5, 2), ratio(5, 2)));
    let risk = found.risk.unwrap();
    assert_eq!((risk.prosecutor_max, risk.sample_uniques), (ratio(1, 2), Ratio::ZERO));
    assert!((risk.prosecutor_average - 0.4).abs() < 1e-15);
    let models = found.worst().unwrap();
    assert_eq!((models.alpha, models.distinct), (ratio(1, 1), 1));
    assert_eq!(models.recursive.values().copied().collect::<Vec<_>>(), [Bound::Unbounded; 2]);
    // p = (1/5 burn, 1/5 cold, 3/5 flu); q = (0, 0, 1) and (1/3, 1/3, 1/3).
    assert_eq!((models.equal, models.ordered), (ratio(2, 5), None));
    assert_eq!((models.beta, models.enhanced_beta), (ratio(2, 3), Bound::Unbounded));
    assert_eq!((models.delta_observed, models.delta_strict), (ratio(9, 5), Bound::Unbounded));
}

#[test]
fn several_attributes_alone_and_joint() {
    let mut both = question(&["age"], &["illness", "ward"]);
    let alone = measured(&both);
    assert_eq!(alone.attributes[1].1.alpha, ratio(2, 3));
    assert_eq!(alone.worst().unwrap().alpha, ratio(1, 1));
    both.reading = Reading::Joint;
    let joint = measured(&both);
    // Who knows that the person is 4 and in ward b knows the burn; k is still of the age alone.
    assert_eq!((joint.k(), joint.attributes[0].1.distinct), (Some(2), 1));
    assert_eq!(joint.attributes[1].1.alpha, ratio(1, 1));
}

#[test]
fn a_hierarchy_brings_values_nearer_and_equal_numbers_together() {
    let rows = table(&["age days", "3 1", "3 1.0", "4 2", "4 9", "4 01"]);
    let mut asked = question(&["age"], &["days"]);
    asked.sensitive[0].kind = Kind::Numeric;
    assert_eq!(measure(&rows, &asked).unwrap().worst().unwrap().hierarchical, None);
    // Of 1, 01 and 1.0 the first text is 01; that the others are elsewhere changes nothing.
    let paths = ["01 few *", "1 few *", "1.0 many *", "2 few *", "9 many *"];
    let paths = paths.map(|path| path.split(' ').map(str::to_owned).collect::<Vec<_>>());
    asked.hierarchies.insert("days".to_owned(), Hierarchy::new(&paths).unwrap());
    let found = measure(&rows, &asked).unwrap().worst().unwrap();
    // p = (3, 1, 1) / 5 of 1, 2, 9; q = (1, 0, 0): 1/5 goes to 2, half the way, and 1/5 to 9.
    assert_eq!((found.hierarchical, found.equal), (Some(ratio(3, 10)), ratio(2, 5)));
}

#[test]
fn a_table_without_rows_has_no_classes() {
    let found = measure(&table(&["age illness"]), &question(&["age"], &["illness"])).unwrap();
    assert_eq!((found.rows, found.k(), found.risk, found.worst()), (0, None, None, None));
}

#[test]
fn without_a_sensitive_attribute_there_are_classes_and_risks() {
    let found = measured(&question(&["ward"], &[]));
    assert_eq!((found.k(), found.worst()), (Some(2), None));
    assert_eq!(measured(&question(&[], &["illness"])).k(), Some(5));
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let people = table(PEOPLE);
    for (asked, code) in [
        (question(&["age", "agee"], &["illness"]), "table.no-column"),
        (question(&["age"], &["ilness"]), "table.no-column"),
        (question(&["age", "age"], &["illness"]), "measure.column-twice"),
        (question(&["age"], &["age"]), "measure.column-twice"),
        (question(&["age"], &["illness", "illness"]), "measure.column-twice"),
    ] {
        assert_eq!(refusal(&people, &asked).reason(), code, "{asked:?}");
    }
    let mut generalised = question(&["age"], &["illness"]);
    let flu = Hierarchy::new(&[vec!["flu".to_owned(), "*".to_owned()]]).unwrap();
    generalised.hierarchies.insert("ward".to_owned(), flu.clone());
    assert_eq!(refusal(&people, &generalised).reason(), "measure.not-sensitive");
    generalised.hierarchies = [("illness".to_owned(), flu)].into();
    assert_eq!(refusal(&people, &generalised).reason(), "hierarchy.no-value");
    let mut numeric = question(&["age"], &["illness"]);
    numeric.sensitive[0].kind = Kind::Numeric;
    assert_eq!(refusal(&people, &numeric).reason(), "measure.not-a-number");
}

#[test]
fn a_missing_value_is_a_value_unless_it_is_a_wildcard() {
    let rows = table(&["age sex illness", "3 f flu", "3 f cold", "3 - flu", "- f flu", "5 - cold"]);
    let mut asked = question(&["age", "sex"], &["illness"]);
    let value = measure(&rows, &asked).unwrap();
    assert_eq!((value.k(), value.classes.unwrap().count), (Some(1), 4));
    asked.nulls = Nulls::Wildcard;
    let wildcard = measure(&rows, &asked).unwrap();
    // A woman of 3 is one of four; the row without an age may be of a woman whose age no one has.
    let classes = wildcard.classes.unwrap();
    assert_eq!((classes.smallest, classes.largest, classes.count), (1, 4, 4));
    // Two of the four rows have 4 candidates; those with a missing value are alone.
    let average = wildcard.risk.unwrap().prosecutor_average;
    assert!((average - (2.0 / 4.0 + 3.0) / 5.0).abs() < 1e-15, "{average}");
    assert_eq!(wildcard.risk.unwrap().sample_uniques, ratio(3, 5));
    let sensitive = table(&["age illness", "3 flu", "3 -"]);
    let mut asked = question(&["age"], &["illness"]);
    assert_eq!(measure(&sensitive, &asked).unwrap().worst().unwrap().distinct, 2);
    asked.nulls = Nulls::Wildcard;
    assert_eq!(refusal(&sensitive, &asked).reason(), "measure.sensitive-null");
}

#[test]
fn a_class_that_only_a_completion_has_is_measured() {
    // Who knows that a person is `a` and `x` sees the first two rows, which have one illness.
    let rows = table(&["u v illness", "a - flu", "- x flu", "a - cold", "- x flu", "a - flu"]);
    let mut asked = question(&["u", "v"], &["illness"]);
    asked.nulls = Nulls::Wildcard;
    let found = measure(&rows, &asked).unwrap();
    assert_eq!(found.k(), Some(2));
    assert_eq!(found.worst().unwrap().alpha, ratio(1, 1));
}
