//! Numbers, metrics and models as people read them.

use disclosure::{Bound, Metric, Model, Models, Ratio};

use crate::outcome::Outcome;
pub(super) use crate::report::short;

/// A whole number with commas between thousands.
pub(super) fn count(number: impl ToString) -> String {
    let digits = number.to_string();
    let places = (1..=digits.len()).rev();
    let mut text = String::with_capacity(digits.len());
    for (digit, place) in digits.chars().zip(places) {
        text.push(digit);
        if place > 1 && place % 3 == 1 {
            text.push(',');
        }
    }
    text
}

/// A share as a percentage of about three digits.
pub(super) fn percent(share: f64) -> String {
    let percentage = share * 100.0;
    let digits = match percentage {
        large if large >= 10.0 => 1,
        middle if middle >= 0.1 => 2,
        _ => 4,
    };
    let text = format!("{percentage:.digits$}");
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// At most `most` characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

pub(super) const fn metric(metric: Metric) -> &'static str {
    match metric {
        Metric::Loss => {
            "loss: the share of a column's values that a cell may be, averaged over cells"
        }
        Metric::GeometricLoss => "loss, columns joined by the geometric mean",
        Metric::NonUniformEntropy => "non-uniform entropy, in bits",
        Metric::Discernibility => "discernibility: the squares of the classes' sizes",
        Metric::AverageClassSize => "average size of a class",
        Metric::Precision => "precision: the mean share of the levels climbed",
        Metric::Height => "height: the sum of the levels",
    }
}

/// A model with what it demands and what was reached.
pub(super) struct Demanded {
    pub(super) model: String,
    pub(super) column: String,
    pub(super) demanded: String,
    pub(super) reached: String,
}

impl Demanded {
    pub(super) fn of(model: &Model, outcome: &Outcome<'_>) -> Self {
        let column = model.attribute().unwrap_or_default();
        let attributes = outcome.after.attributes.iter();
        let models = attributes.clone().find(|(name, _)| name == column).map(|(_, models)| models);
        let (name, demanded) = demand(model);
        let reached = match (model, models) {
            (Model::KAnonymity { .. }, _) => outcome.after.k().map(|k| format!("k = {}", count(k))),
            (_, Some(models)) => within_classes(model, models),
            (_, None) => None,
        };
        Self {
            model: name.to_owned(),
            column: column.to_owned(),
            demanded,
            reached: reached.unwrap_or_else(|| "holds in every class".to_owned()),
        }
    }
}

fn demand(model: &Model) -> (&'static str, String) {
    let most = |sign: &str, ratio: &Ratio| format!("{sign} ≤ {}", short(ratio.to_f64()));
    match model {
        Model::KAnonymity { k } => ("k-anonymity", format!("k ≥ {}", count(k))),
        Model::AlphaAnonymity { alpha, .. } => ("(α,k)-anonymity", most("α", alpha)),
        Model::DistinctLDiversity { l, .. } => ("distinct l-diversity", format!("l ≥ {l}")),
        Model::EntropyLDiversity { l, .. } => ("entropy l-diversity", format!("l ≥ {}", short(*l))),
        Model::RecursiveCLDiversity { c, l, .. } => {
            ("recursive (c,l)-diversity", format!("c = {}, l = {l}", short(c.to_f64())))
        }
        Model::TCloseness { t, .. } => ("t-closeness", most("t", t)),
        Model::BetaLikeness { beta, enhanced: false, .. } => ("basic β-likeness", most("β", beta)),
        Model::BetaLikeness { beta, .. } => ("enhanced β-likeness", most("β", beta)),
        Model::DeltaDisclosure { ratio, .. } => {
            ("δ-disclosure", format!("δ < {} (natural logarithm)", short(ratio.ln())))
        }
    }
}

/// What was reached, of models that look at a class alone. The others compare it with the whole table,
/// suppressed rows included, which the measures of the rows kept do not.
fn within_classes(model: &Model, models: &Models) -> Option<String> {
    match model {
        Model::AlphaAnonymity { .. } => Some(format!("α = {}", short(models.alpha.to_f64()))),
        Model::DistinctLDiversity { .. } => Some(format!("l = {}", models.distinct)),
        Model::EntropyLDiversity { .. } => Some(format!("l = {}", short(models.entropy))),
        Model::RecursiveCLDiversity { l, .. } => match models.recursive.get(l)? {
            Bound::Finite(c) => Some(format!("any c above {}", short(c.to_f64()))),
            Bound::Unbounded => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_commas() {
        for (number, text) in
            [(0_u64, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn percentages_have_about_three_digits() {
        let shares = [(1.0, "100 %"), (0.432_796, "43.3 %"), (0.01708, "1.71 %"), (0.2, "20 %")];
        for (share, text) in shares.into_iter().chain([(0.000_01, "0.001 %"), (0.0, "0 %")]) {
            assert_eq!(percent(share), text);
        }
    }

    #[test]
    fn long_texts_end_in_an_ellipsis() {
        assert_eq!(shortened("åäö", 3), "åäö");
        assert_eq!(shortened("åäöx", 3), "åä…");
    }
}
