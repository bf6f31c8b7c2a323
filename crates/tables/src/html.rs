//! An anonymised table's report as one page: no script, nothing from elsewhere, drawings as SVG with
//! a table beside each.

mod bars;
mod histogram;
mod notes;
mod path;
mod recoding;
mod words;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use disclosure::{Measures, Ratio};
use sha2::{Digest as _, Sha256};

use crate::outcome::Outcome;
use bars::{Bars, Group};
use histogram::Histogram;
use path::SearchPath;
use recoding::Recoding;
use words::{Demanded, count, percent};

/// What a run was given, in words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given<'a> {
    /// The name of the input.
    pub(crate) input: &'a str,
    /// The name of the output.
    pub(crate) output: &'a str,
    /// What was done beside the search, a line each.
    pub(crate) steps: &'a [String],
}

/// The page.
///
/// # Errors
/// None that the template can have.
pub(crate) fn page(outcome: &Outcome<'_>, given: Given<'_>) -> Result<String, askama::Error> {
    Page::of(outcome, given)?.render()
}

#[derive(Template)]
#[template(path = "anonymised.html")]
struct Page<'a> {
    given: Given<'a>,
    version: &'static str,
    style: &'static str,
    style_digest: String,
    /// Numbers that say most, each with what it is.
    facts: Vec<(String, &'static str)>,
    notes: Vec<String>,
    models: Vec<Demanded>,
    metric: &'static str,
    limit: String,
    risks: Vec<RiskRow>,
    risk_chart: String,
    recodings: Vec<Recoding>,
    loss_chart: String,
    histogram: Histogram,
    histogram_chart: String,
    path: SearchPath,
    path_chart: String,
}

/// One risk, before and after.
struct RiskRow {
    name: &'static str,
    meaning: &'static str,
    before: f64,
    after: f64,
}

impl RiskRow {
    fn shown(&self) -> [String; 2] {
        [self.before, self.after].map(percent)
    }
}

impl<'a> Page<'a> {
    fn of(outcome: &Outcome<'_>, given: Given<'a>) -> Result<Self, askama::Error> {
        let risks = risks(&outcome.before, &outcome.after);
        let recodings = recoding::all(outcome);
        let histogram = Histogram::of(outcome);
        let path = SearchPath::of(outcome);
        Ok(Self {
            given,
            version: env!("CARGO_PKG_VERSION"),
            style: STYLE,
            style_digest: STANDARD.encode(Sha256::digest(STYLE)),
            facts: facts(outcome),
            notes: notes::all(outcome),
            models: outcome.plan.models.iter().map(|model| Demanded::of(model, outcome)).collect(),
            metric: words::metric(outcome.plan.metric),
            limit: percent(outcome.plan.suppression_limit.to_f64()),
            risk_chart: risk_chart(&risks).render()?,
            risks,
            loss_chart: loss_chart(&recodings).render()?,
            recodings,
            histogram_chart: histogram.chart().render()?,
            histogram,
            path_chart: path.chart().render()?,
            path,
        })
    }
}

fn facts(outcome: &Outcome<'_>) -> Vec<(String, &'static str)> {
    let k = outcome.after.k().map_or_else(|| "none".to_owned(), count);
    vec![
        (count(outcome.after.rows), "rows kept"),
        (count(outcome.suppressed()), "rows suppressed"),
        (count(outcome.found.classes), "classes"),
        (k, "rows in the smallest class (k)"),
        (words::short(outcome.found.score), "cost"),
    ]
}

fn risks(before: &Measures, after: &Measures) -> Vec<RiskRow> {
    let row = |name, meaning, of: fn(&disclosure::Risk) -> f64| RiskRow {
        name,
        meaning,
        before: before.risk.as_ref().map_or(0.0, of),
        after: after.risk.as_ref().map_or(0.0, of),
    };
    vec![
        row(
            "Prosecutor, largest",
            "chance of finding the person who is found most easily",
            |risk| risk.prosecutor_max.to_f64(),
        ),
        row("Prosecutor, average", "the same chance, averaged over all rows", |risk| {
            risk.prosecutor_average
        }),
        row("Marketer", "share of all rows that is found by matching every row", |risk| {
            risk.marketer
        }),
        row("Unique rows", "share of rows that no other row is like", |risk| {
            Ratio::to_f64(risk.sample_uniques)
        }),
    ]
}

fn risk_chart(risks: &[RiskRow]) -> Bars {
    let group = |row: &RiskRow| Group {
        label: row.name.to_owned(),
        bars: vec![("before", row.before), ("after", row.after)],
    };
    Bars::new("risk", "Risk before and after", risks.iter().map(group).collect())
}

fn loss_chart(recodings: &[Recoding]) -> Bars {
    let group = |recoding: &Recoding| Group {
        label: recoding.name.clone(),
        bars: vec![("after", recoding.loss)],
    };
    Bars::new("loss", "Loss of each column", recodings.iter().map(group).collect())
}

const STYLE: &str = include_str!("html/style.css");
