//! The way of the search through the lattice.

use askama::Template;

use super::words::{count, short};
use crate::outcome::Outcome;

/// The tables that were the best when they were found.
pub(super) struct SearchPath {
    pub(super) steps: Vec<Step>,
    pub(super) evaluated: String,
    pub(super) lattice: String,
}

/// One of them.
pub(super) struct Step {
    /// The level of each quasi-identifier.
    pub(super) levels: Vec<usize>,
    pub(super) cost: String,
    score: f64,
}

impl SearchPath {
    pub(super) fn of(outcome: &Outcome<'_>) -> Self {
        let steps = outcome.found.path.iter().map(|(levels, score)| Step {
            levels: levels.clone(),
            cost: short(*score),
            score: *score,
        });
        Self {
            steps: steps.collect(),
            evaluated: count(outcome.found.evaluated),
            lattice: count(outcome.found.lattice_size),
        }
    }

    pub(super) fn chart(&self) -> PathChart {
        let scores = || self.steps.iter().map(|step| step.score);
        let (most, least) = (scores().fold(f64::MIN, f64::max), scores().fold(f64::MAX, f64::min));
        let range = if most > least { most - least } else { 1.0 };
        let step = WIDTH / float(self.steps.len().saturating_sub(1).max(1));
        let points: Vec<Point> = self
            .steps
            .iter()
            .zip(0..)
            .map(|(found, place)| Point {
                x: format!("{:.1}", LEFT + step * float(place)),
                y: format!("{:.1}", TOP + HEIGHT * (most - found.score) / range),
            })
            .collect();
        let line: Vec<String> =
            points.iter().map(|point| format!("{},{}", point.x, point.y)).collect();
        let costs: Vec<&str> = self.steps.iter().map(|step| step.cost.as_str()).collect();
        PathChart {
            described: format!("cost of each better table: {}", costs.join(", ")),
            line: line.join(" "),
            points,
            most: short(most),
            least: short(least),
            last: self.steps.len(),
        }
    }
}

/// A drawing of it.
#[derive(Template)]
#[template(path = "path.svg")]
pub(super) struct PathChart {
    described: String,
    line: String,
    points: Vec<Point>,
    most: String,
    least: String,
    last: usize,
}

struct Point {
    x: String,
    y: String,
}

#[expect(clippy::cast_precision_loss, reason = "a search finds few better tables")]
const fn float(number: usize) -> f64 {
    number as f64
}

const LEFT: f64 = 110.0;
const TOP: f64 = 14.0;
const WIDTH: f64 = 590.0;
const HEIGHT: f64 = 160.0;
