//! The risks, of a table alone and those that are asked for.

use disclosure::{Measures, PopulationRisk, Ratio, Risk, SamplingFraction, Suda};
use serde_json::{Map, Value, json};

use super::{line, percent, short};

/// Risks that need more than the table, or more time than the rest.
#[derive(Clone, Debug, Default)]
pub struct Risks {
    /// Those of an attacker who has a table of the population.
    pub population: Option<PopulationRisk>,
    /// Special uniques.
    pub suda: Option<Suda>,
    /// The share of the population that is in the table, for the scores of special uniques.
    pub sampling_fraction: SamplingFraction,
}

/// Null for a table without rows. With a population the marketer's risk is that of matching it.
pub(super) fn to_json(measures: &Measures, risks: &Risks) -> Value {
    let Some(risk) = measures.risk else { return Value::Null };
    let population = risks.population.as_ref();
    json!({
        "prosecutor_max": risk.prosecutor_max.to_f64(),
        "prosecutor_average": risk.prosecutor_average,
        "journalist_max": population.map(|risk| risk.journalist_max.to_f64()),
        "journalist_average": population.map(|risk| risk.journalist_average),
        "marketer": population.map_or(risk.marketer, |risk| risk.marketer),
        "sample_uniques": risk.sample_uniques.to_f64(),
        "population_uniques": population.map(|risk| risk.uniques.to_f64()),
        "population_rows": population.map(|risk| risk.rows),
        "suda2": risks.suda.as_ref().map(|suda| suda_to_json(suda, risks.sampling_fraction)),
    })
}

fn suda_to_json(suda: &Suda, fraction: SamplingFraction) -> Value {
    let sizes = suda.sizes.iter().map(|(size, count)| (size.to_string(), json!(count)));
    let shares = suda.contributions().map(|(name, share)| {
        (name.to_owned(), json!(share.map(Ratio::to_f64).unwrap_or_default()))
    });
    let dis = suda.dis(fraction);
    json!({
        "max_size": suda.max_size,
        "records": suda.scores.len(),
        "sizes": sizes.collect::<Map<_, _>>(),
        "contributions": shares.collect::<Map<_, _>>(),
        "score_max": Ratio::new(suda.score_max(), 1).map(Ratio::to_f64),
        "score_mean": suda.score_mean().map(Ratio::to_f64),
        "sampling_fraction": fraction.share(),
        "dis": dis.map(|dis| json!({ "file": dis.file, "max": dis.max, "mean": dis.mean })),
    })
}

/// A line for each risk.
pub(super) fn write_lines(text: &mut String, risk: &Risk, risks: &Risks) {
    let mut lines = vec![
        ("largest risk of one person (1/k)", risk.prosecutor_max.to_f64()),
        ("average risk; a marketer's hits", risk.prosecutor_average),
        ("rows like no other", risk.sample_uniques.to_f64()),
    ];
    if let Some(risk) = &risks.population {
        lines.extend([
            ("with the population: largest risk", risk.journalist_max.to_f64()),
            ("with the population: average risk", risk.journalist_average),
            ("with the population: marketer's hits", risk.marketer),
            ("like no other of the population", risk.uniques.to_f64()),
        ]);
    }
    for (name, share) in lines {
        line(text, name, [percent(share)]);
    }
    if let Some(suda) = &risks.suda {
        write_suda(text, suda, risks.sampling_fraction);
    }
}

fn write_suda(text: &mut String, suda: &Suda, fraction: SamplingFraction) {
    text.push('\n');
    line(text, "rows with a special unique (SUDA2)", [suda.scores.len().to_string()]);
    for (size, count) in &suda.sizes {
        line(text, &format!("special uniques of size {size}"), [count.to_string()]);
    }
    let mean = suda.score_mean().map(Ratio::to_f64).unwrap_or_default();
    line(text, "largest score", [suda.score_max().to_string()]);
    line(text, "mean score over all rows", [short(mean)]);
    if let Some(dis) = suda.dis(fraction) {
        line(text, "DIS of the table", [percent(dis.file)]);
        line(text, "DIS-SUDA of a row, largest", [percent(dis.max)]);
        line(text, "DIS-SUDA of a row, mean", [percent(dis.mean)]);
    }
    for (name, share) in suda.contributions() {
        let share = share.map(Ratio::to_f64).unwrap_or_default();
        line(text, &format!("share of scores with `{name}`"), [percent(share)]);
    }
}
