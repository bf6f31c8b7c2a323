//! What was measured, for programs and for people.

mod risk;
mod transform;

use std::fmt::Write as _;

use disclosure::{Bound, Measures, Models, Ratio};
pub use risk::Risks;
use serde_json::{Map, Value, json};
pub use transform::{kind, transformed_to_json};

/// The measures as JSON: of several attributes the worst, and each under `attributes`. What is
/// unbounded is the string `Infinity`, what does not apply is null.
#[must_use]
pub fn to_json(measures: &Measures) -> Value {
    to_json_with(measures, &Risks::default())
}

/// The measures as JSON, with further risks: of those not asked for it has null.
#[must_use]
pub fn to_json_with(measures: &Measures, risks: &Risks) -> Value {
    let mut report = people(measures, risks);
    let worst = measures.worst();
    let attributes: Map<String, Value> = measures
        .attributes
        .iter()
        .map(|(name, models)| (name.clone(), Value::Object(model_members(Some(models)))))
        .collect();
    if let Value::Object(members) = &mut report {
        members.insert("verdict".into(), json!("measured"));
        members.append(&mut model_members(worst.as_ref()));
        members.insert("attributes".into(), Value::Object(attributes));
    }
    report
}

/// Of that the classes and risks, which are of the quasi-identifiers alone.
pub(crate) fn people(measures: &Measures, risks: &Risks) -> Value {
    json!({
        "rows": measures.rows,
        "classes": measures.classes.as_ref().map_or(0, |classes| classes.count),
        "k": measures.k(),
        "class_sizes": sizes(measures),
        "risk": risk::to_json(measures, risks),
    })
}

fn model_members(models: Option<&Models>) -> Map<String, Value> {
    let number = |of: fn(&Models) -> Ratio| models.map(|models| of(models).to_f64());
    let bound = |of: fn(&Models) -> Bound| models.map_or(Value::Null, |models| finite(of(models)));
    let recursive = models.map(|models| {
        let c = models.recursive.iter().map(|(l, c)| (l.to_string(), finite(*c)));
        Value::Object(c.collect())
    });
    let observed = models.map(|models| models.delta_observed.to_f64().ln());
    let strict = models.map_or(Value::Null, |models| logarithm(models.delta_strict));
    let members = [
        ("alpha", json!(number(|models| models.alpha))),
        ("l", json!(models.map(|models| models.distinct))),
        ("entropy_l", json!(models.map(|models| models.entropy))),
        ("recursive_c_l", recursive.unwrap_or_else(|| json!({}))),
        (
            "t",
            json!({
                "equal": number(|models| models.equal),
                "ordered": models.and_then(|models| models.ordered).map(Ratio::to_f64),
                "hierarchical": models.and_then(|models| models.hierarchical).map(Ratio::to_f64),
            }),
        ),
        ("beta", json!(number(|models| models.beta))),
        ("enhanced_beta", bound(|models| models.enhanced_beta)),
        ("delta", json!({ "observed": observed, "strict": strict })),
        ("minority", json!(number(|models| models.minority))),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn sizes(measures: &Measures) -> Value {
    measures.classes.as_ref().map_or(Value::Null, |classes| {
        json!({
            "smallest": classes.smallest,
            "largest": classes.largest,
            "mean": classes.mean.to_f64(),
            "median": classes.median.to_f64(),
        })
    })
}

fn finite(bound: Bound) -> Value {
    match bound {
        Bound::Finite(ratio) => json!(ratio.to_f64()),
        Bound::Unbounded => json!("Infinity"),
    }
}

fn logarithm(bound: Bound) -> Value {
    match bound {
        Bound::Finite(ratio) => json!(ratio.to_f64().ln()),
        Bound::Unbounded => json!("Infinity"),
    }
}

/// The measures as lines: what each means in words, then a column for each sensitive attribute.
/// Further risks have lines where they were asked for.
#[must_use]
pub fn to_text(measures: &Measures, risks: &Risks) -> String {
    let (Some(classes), Some(risk)) = (&measures.classes, &measures.risk) else {
        return "0 rows: no classes, nothing to measure".to_owned();
    };
    let mut text = format!(
        "{} rows in {} classes of {} to {} (mean {}, median {})\n\n",
        measures.rows,
        classes.count,
        classes.smallest,
        classes.largest,
        short(classes.mean.to_f64()),
        short(classes.median.to_f64()),
    );
    line(&mut text, "k-anonymity: k", [classes.smallest.to_string()]);
    risk::write_lines(&mut text, risk, risks);
    if !measures.attributes.is_empty() {
        text.push('\n');
        line(&mut text, "", measures.attributes.iter().map(|(name, _)| name.clone()));
        for (name, of) in MODELS {
            let values = measures.attributes.iter().map(|(_, models)| of(models));
            line(&mut text, name, values);
        }
    }
    text
}

fn line(text: &mut String, name: &str, values: impl IntoIterator<Item = String>) {
    let values: String = values.into_iter().map(|value| format!("  {value:>14}")).collect();
    let _infallible = writeln!(text, "{name:<36}{values}");
}

type Shown = (&'static str, fn(&Models) -> String);

const MODELS: [Shown; 14] = [
    ("(α,k)-anonymity: α at most", |m| short(m.alpha.to_f64())),
    ("distinct l-diversity: l", |m| m.distinct.to_string()),
    ("entropy l-diversity: l", |m| short(m.entropy)),
    ("recursive (c,l): c above, l = 2", |m| recursive(m, 2)),
    ("recursive (c,l): c above, l = 3", |m| recursive(m, 3)),
    ("recursive (c,l): c above, l = 4", |m| recursive(m, 4)),
    ("t-closeness, equal distance: t", |m| short(m.equal.to_f64())),
    ("t-closeness, ordered distance: t", |m| distance(m.ordered)),
    ("t-closeness, hierarchical: t", |m| distance(m.hierarchical)),
    ("basic β-likeness: β", |m| short(m.beta.to_f64())),
    ("enhanced β-likeness: β", |m| bound(m.enhanced_beta, |beta| beta)),
    ("δ-disclosure, observed values: δ", |m| short(m.delta_observed.to_f64().ln())),
    ("δ-disclosure, all values: δ", |m| bound(m.delta_strict, f64::ln)),
    ("rows not of their class's majority", |m| percent(m.minority.to_f64())),
];

fn distance(t: Option<Ratio>) -> String {
    t.map_or("-".to_owned(), |t| short(t.to_f64()))
}

fn recursive(models: &Models, l: u64) -> String {
    bound(models.recursive.get(&l).copied().unwrap_or(Bound::Unbounded), |c| c)
}

fn bound(bound: Bound, of: fn(f64) -> f64) -> String {
    match bound {
        Bound::Finite(ratio) => short(of(ratio.to_f64())),
        Bound::Unbounded => "unbounded".to_owned(),
    }
}

pub(crate) fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn percent(share: f64) -> String {
    format!("{} %", short(share * 100.0))
}
