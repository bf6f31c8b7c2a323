//! Why no node satisfies the models, and what the most general table does satisfy.

use crate::anonymise::{AnonymiseError, Model, Plan, Prepared};
use crate::measures::{Bound, Class, Counts, Ratio, alpha, closeness, delta, diversity, likeness};

/// The models that fail where every quasi-identifier is on its highest level, which in each model is
/// the best that can be had without suppression.
pub(super) fn explain(prepared: &Prepared, plan: &Plan) -> Result<AnonymiseError, AnonymiseError> {
    let (mut top, into) = prepared.base.roll_up(prepared.lattice.top(), &prepared.levels)?;
    top.count(&prepared.base, &into);
    let smallest = top.sizes.iter().min().copied().unwrap_or_default();
    let mut failing = Vec::new();
    for (model, demand) in plan.models.iter().zip(&prepared.problem.demands) {
        if let Model::KAnonymity { k } = model {
            if *k > smallest {
                failing.push(format!("k-anonymity with k = {k} fails; k = {smallest} is possible"));
            }
            continue;
        }
        let super::Demand::Values { attribute, demand: on_values, .. } = demand else { continue };
        let Some(counts) = top.counts.get(*attribute) else { continue };
        if !counts.classes().all(|class| on_values.holds(counts, class)) {
            failing.push(format!("{}; {}", name(model), nearest(on_values, counts)));
        }
    }
    if failing.is_empty() {
        failing.push(
            "each model holds on the most general table, but more rows would have to be suppressed \
             than the limit allows"
                .to_owned(),
        );
    }
    Ok(AnonymiseError::Impossible { failing })
}

fn name(model: &Model) -> String {
    let attribute = model.attribute().unwrap_or_default();
    let what = match model {
        Model::KAnonymity { k } => format!("k-anonymity with k = {k}"),
        Model::AlphaAnonymity { alpha, .. } => format!("α = {}", alpha.to_f64()),
        Model::DistinctLDiversity { l, .. } => format!("l-diversity with l = {l}"),
        Model::EntropyLDiversity { l, .. } => format!("entropy l-diversity with l = {l}"),
        Model::RecursiveCLDiversity { c, l, .. } => {
            format!("recursive ({}, {l})-diversity", c.to_f64())
        }
        Model::TCloseness { t, .. } => format!("t-closeness with t = {}", t.to_f64()),
        Model::BetaLikeness { beta, enhanced: false, .. } => {
            format!("β-likeness with β = {}", beta.to_f64())
        }
        Model::BetaLikeness { beta, enhanced: true, .. } => {
            format!("enhanced β-likeness with β = {}", beta.to_f64())
        }
        Model::DeltaDisclosure { ratio, .. } => {
            format!("δ-disclosure with δ = {:.4} (natural logarithm)", ratio.ln())
        }
    };
    format!("{what} of `{attribute}` fails")
}

/// The nearest value of the model's parameter that the most general table satisfies.
fn nearest(demand: &super::ValueDemand, counts: &Counts) -> String {
    let worst = |value: &dyn Fn(Class<'_>) -> Option<Ratio>| {
        counts.classes().filter_map(value).max().map_or(f64::NAN, Ratio::to_f64)
    };
    match demand {
        super::ValueDemand::Share(_) => {
            format!("α = {} is possible", worst(&alpha::largest_share))
        }
        super::ValueDemand::Distinct(_) => {
            let l = counts.classes().map(diversity::values_of).min().unwrap_or_default();
            format!("l = {l} is possible")
        }
        super::ValueDemand::Entropy(_) => {
            let l = counts.classes().map(diversity::effective_values).min_by(f64::total_cmp);
            format!("l = {} is possible", l.unwrap_or_default())
        }
        super::ValueDemand::Recursive(_, l) => {
            match counts.classes().map(|class| diversity::recursive_bound(class, *l)).max() {
                Some(Bound::Finite(c)) => format!("any c above {} is possible", c.to_f64()),
                _ => "no c is enough for this l".to_owned(),
            }
        }
        super::ValueDemand::Equal(_) => {
            let t = worst(&|class| closeness::equal_distance(counts, class));
            format!("t = {t} is possible")
        }
        super::ValueDemand::Ordered(_) => {
            let t = worst(&|class| closeness::ordered_distance(counts, class));
            format!("t = {t} is possible")
        }
        super::ValueDemand::Hierarchical(_, tree) => {
            format!("t = {} is possible", worst(&|class| tree.distance(counts, class)))
        }
        super::ValueDemand::Gain(_, enhanced) => match likeness::beta(counts) {
            (basic, _) if !enhanced => format!("β = {} is possible", basic.to_f64()),
            (_, Bound::Finite(beta)) => format!("β = {} is possible", beta.to_f64()),
            _ => "no β is enough".to_owned(),
        },
        super::ValueDemand::Delta(..) => {
            let ratio = worst(&|class| delta::largest_ratio(counts, class));
            format!(
                "any δ above {} (natural logarithm) is possible where no value is missing",
                ratio.ln()
            )
        }
    }
}
