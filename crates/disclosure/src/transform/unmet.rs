//! Whether a table that was transformed still satisfies its models.

use crate::anonymise::{DeltaValues, Distance, Model};
use crate::measures::{Bound, Measures, Models, Ratio};

/// The models that a table with these `measures` does not satisfy, each with what was measured.
///
/// Every number is that of the table measured: rows that were suppressed before are not in it, so
/// that shares and distances are to the whole of what leaves. A model of an attribute that was not
/// measured is not satisfied; a table without rows satisfies every model.
#[must_use]
pub fn unmet(models: &[Model], measures: &Measures) -> Vec<String> {
    if measures.rows == 0 {
        return Vec::new();
    }
    models.iter().filter_map(|model| fails(model, measures)).collect()
}

/// How `model` fails; none if it holds.
fn fails(model: &Model, measures: &Measures) -> Option<String> {
    if let Model::KAnonymity { k } = model {
        let found = measures.k().unwrap_or_default();
        return (found < *k).then(|| format!("k-anonymity with k = {k}: k is {found}"));
    }
    let name = model.attribute().unwrap_or_default();
    let models = measures.attributes.iter().find(|(other, _)| other == name);
    let Some((_, models)) = models else { return Some(format!("`{name}` was not measured")) };
    on_values(model, models).map(|found| format!("{found} of `{name}`"))
}

fn on_values(model: &Model, found: &Models) -> Option<String> {
    let above = |what: &str, bound: &Ratio, found: Option<Ratio>| match found {
        Some(found) if found <= *bound => None,
        Some(found) => Some(format!("{what} ≤ {}: it is {}", bound.to_f64(), found.to_f64())),
        None => Some(format!("{what} ≤ {}: the values have no order", bound.to_f64())),
    };
    match model {
        Model::KAnonymity { .. } => None,
        Model::AlphaAnonymity { alpha, .. } => above("α", alpha, Some(found.alpha)),
        Model::DistinctLDiversity { l, .. } => {
            (found.distinct < *l).then(|| format!("l ≥ {l}: it is {}", found.distinct))
        }
        Model::EntropyLDiversity { l, .. } => {
            (found.entropy < *l).then(|| format!("entropy l ≥ {l}: it is {}", found.entropy))
        }
        Model::RecursiveCLDiversity { c, l, .. } => {
            let needed = found.recursive.get(l).copied().unwrap_or(Bound::Unbounded);
            let holds = *l < 2 || needed < Bound::Finite(*c);
            (!holds).then(|| format!("recursive ({}, {l}): {}", c.to_f64(), beyond("c", needed)))
        }
        Model::TCloseness { t, distance, .. } => {
            let distance = match distance {
                Distance::Equal => Some(found.equal),
                Distance::Ordered => found.ordered,
                Distance::Hierarchical(_) => found.hierarchical,
            };
            above("t", t, distance)
        }
        Model::BetaLikeness { beta, enhanced: false, .. } => above("β", beta, Some(found.beta)),
        Model::BetaLikeness { beta, enhanced: true, .. } => {
            let holds = found.enhanced_beta <= Bound::Finite(*beta);
            let needs = || beyond("β", found.enhanced_beta);
            (!holds).then(|| format!("enhanced β ≤ {}: {}", beta.to_f64(), needs()))
        }
        Model::DeltaDisclosure { ratio, values, .. } => {
            let needed = match values {
                DeltaValues::Observed => Bound::Finite(found.delta_observed),
                DeltaValues::All => found.delta_strict,
            };
            let holds = matches!(needed, Bound::Finite(n) if n.to_f64() < ratio * (1.0 - ROUNDING));
            (!holds).then(|| format!("e^δ < {ratio}: {}", beyond("e^δ", needed)))
        }
    }
}

fn beyond(what: &str, bound: Bound) -> String {
    match bound {
        Bound::Finite(ratio) => format!("{what} is {}", ratio.to_f64()),
        Bound::Unbounded => format!("no {what} is enough"),
    }
}

/// Far above the relative error of the logarithms and divisions behind a float.
const ROUNDING: f64 = 1e-12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::Hierarchy;
    use crate::measures::{Kind, Order, Question, Sensitive, measure};
    use crate::table::{Column, Table};

    /// Classes `a` (2 rows: x, x) and `b` (3 rows: x, y, z); illnesses as in `docs/disclosure.md`.
    fn measures() -> Measures {
        let column = |name: &str, text: &str| {
            let cells: Vec<String> = text.chars().map(String::from).collect();
            Column::encode(name, &cells).unwrap()
        };
        let table = Table::new(vec![column("q", "aabbb"), column("s", "xxxyz")]).unwrap();
        let tree = ["x", "y", "z"].map(|value| vec![value.to_owned(), "*".to_owned()]);
        let question = Question {
            quasi_identifiers: vec!["q".into()],
            sensitive: vec![Sensitive { name: "s".into(), kind: Kind::Ordered(Order::ByText) }],
            hierarchies: [("s".to_owned(), Hierarchy::new(&tree).unwrap())].into(),
            ..Question::default()
        };
        measure(&table, &question).unwrap()
    }

    fn ratio(numerator: u128, denominator: u128) -> Ratio {
        Ratio::new(numerator, denominator).unwrap()
    }

    #[test]
    fn each_model_holds_at_what_was_measured_and_not_beyond() {
        let measures = measures();
        let s = || "s".to_owned();
        let hundredths = |t: u128| ratio(t, 100);
        let t = |t, distance| Model::TCloseness { attribute: s(), t: hundredths(t), distance };
        let tree = || Hierarchy::new(&[vec!["x".into()]]).unwrap();
        let beta = |beta, enhanced| Model::BetaLikeness { attribute: s(), beta, enhanced };
        let delta = |ratio, values| Model::DeltaDisclosure { attribute: s(), ratio, values };
        let recursive = |c, l| Model::RecursiveCLDiversity { attribute: s(), c, l };
        // Shares p = (3, 1, 1)/5; q = (1, 0, 0) in the first class, (1, 1, 1)/3 in the second.
        let pairs = [
            (Model::KAnonymity { k: 2 }, Model::KAnonymity { k: 3 }),
            (
                Model::AlphaAnonymity { attribute: s(), alpha: ratio(1, 1) },
                Model::AlphaAnonymity { attribute: s(), alpha: ratio(99, 100) },
            ),
            (
                Model::DistinctLDiversity { attribute: s(), l: 1 },
                Model::DistinctLDiversity { attribute: s(), l: 2 },
            ),
            (
                Model::EntropyLDiversity { attribute: s(), l: 1.0 },
                Model::EntropyLDiversity { attribute: s(), l: 1.1 },
            ),
            (recursive(ratio(1, 1), 1), recursive(ratio(100, 1), 2)),
            (t(40, Distance::Equal), t(39, Distance::Equal)),
            // Ordered: (2/5 + 1/5) / 2 = 0.3.
            (t(30, Distance::Ordered), t(29, Distance::Ordered)),
            (t(40, Distance::Hierarchical(tree())), t(39, Distance::Hierarchical(tree()))),
            (beta(ratio(2, 3), false), beta(ratio(66, 100), false)),
            // p = 3/5 may gain no more than −ln p = 0.51, and gains 2/3.
            (beta(ratio(2, 3), false), beta(ratio(2, 1), true)),
            // The largest ratio is 9/5; strictly below is demanded.
            (delta(1.81, DeltaValues::Observed), delta(1.8, DeltaValues::Observed)),
            (delta(1.81, DeltaValues::Observed), delta(100.0, DeltaValues::All)),
        ];
        for (holds, fails) in pairs {
            assert_eq!(unmet(std::slice::from_ref(&holds), &measures), [""; 0], "{holds:?}");
            assert_eq!(unmet(std::slice::from_ref(&fails), &measures).len(), 1, "{fails:?}");
        }
    }

    #[test]
    fn what_was_not_measured_does_not_hold() {
        let model = Model::DistinctLDiversity { attribute: "t".into(), l: 1 };
        assert_eq!(unmet(&[model], &measures()), ["`t` was not measured"]);
    }
}
