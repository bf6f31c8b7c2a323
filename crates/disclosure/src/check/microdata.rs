//! Rows of people: by the models that say how well they hide each other.

use super::Judged;
use super::judgement::Judgement;
use crate::classes::Classes;
use crate::finding::{Located, Problem};
use crate::measures::{Kind, Question, Ratio, Sensitive, measure};
use crate::roles::{ColumnRole, Roles, role_of};
use crate::rules::{Output, Shape};
use crate::vocabulary::DisclosureRisk;

/// k-anonymity, distinct l-diversity and t-closeness.
pub(super) fn judge(file: &Judged<'_>, found: &mut Judgement) {
    let quasi_identifiers = quasi_identifiers(file.output, file.roles);
    let names: Vec<&str> = quasi_identifiers.iter().map(String::as_str).collect();
    let smallest = smallest_class(file, &names, found);
    found.smallest([smallest].into_iter());
    let limits = file.rules.thresholds();
    if limits.l > 1 || limits.t_percent < 100 {
        sensitive(file, quasi_identifiers, found);
    }
    if file.output.records().is_none() {
        found.left_to_people(DisclosureRisk::Differencing);
    }
}

/// The columns by which others could know a person: those of the manifest, all that it does not
/// know, and those that the rules add. What is no microdata has none: its rows are groups already.
pub(crate) fn quasi_identifiers(output: &Output, roles: &Roles) -> Vec<String> {
    let Shape::Microdata { quasi_identifiers: added, .. } = output.shape() else {
        return Vec::new();
    };
    let counts = |column: &&str| {
        role_of(roles, column) == ColumnRole::QuasiIdentifier || added.iter().any(|a| a == column)
    };
    output.columns().filter(counts).map(str::to_owned).collect()
}

/// The k of the microdata, reported if it is too small.
fn smallest_class(file: &Judged<'_>, quasi_identifiers: &[&str], found: &mut Judgement) -> u64 {
    let k = file.rules.k();
    let classes = Classes::over(file.table, quasi_identifiers);
    let sizes = classes.as_ref().map_or(&[][..], Classes::sizes);
    let smallest = sizes.iter().copied().min().unwrap_or(0);
    if smallest < k {
        let small = sizes.iter().filter(|&&size| size < k);
        let rows = small.copied().fold(0, u64::saturating_add);
        let problem = Problem::KAnonymity { found: smallest, k, rows };
        found.note(Located::file(file.output.name(), problem));
    }
    smallest
}

/// Each sensitive column: enough values in each class, and no class far from the whole.
fn sensitive(file: &Judged<'_>, quasi_identifiers: Vec<String>, found: &mut Judgement) {
    let name = file.output.name();
    let is_sensitive = |column: &&str| {
        let known = role_of(file.roles, column) == ColumnRole::Sensitive;
        known && !quasi_identifiers.iter().any(|other| other == column)
    };
    let column = |name: &str| Sensitive { name: name.to_owned(), kind: Kind::Categorical };
    let question = Question {
        sensitive: file.output.columns().filter(is_sensitive).map(column).collect(),
        quasi_identifiers,
        ..Question::default()
    };
    let limits = file.rules.thresholds();
    let Ok(measures) = measure(file.table, &question) else {
        return found.note(Located::file(name, Problem::LDiversity { found: 0, l: limits.l }));
    };
    let t = Ratio::new(limits.t_percent.into(), 100);
    for (column, models) in &measures.attributes {
        if models.distinct < limits.l {
            let problem = Problem::LDiversity { found: models.distinct, l: limits.l };
            found.note(Located::column(name, column, problem));
        }
        if t.is_none_or(|t| models.equal > t) {
            let problem = Problem::TCloseness { t_percent: limits.t_percent };
            found.note(Located::column(name, column, problem));
        }
    }
}
