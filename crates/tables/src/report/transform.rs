//! What a transformation did, and its limits.

use disclosure::{Change, Transformation, Transformed};
use serde_json::{Value, json};

/// The name of the transformation's kind in a configuration.
#[must_use]
pub fn kind(transformation: &Transformation) -> &'static str {
    match transformation {
        Transformation::TopCoding(_) => "top-coding",
        Transformation::BottomCoding(_) => "bottom-coding",
        Transformation::MicroAggregation { .. } => "micro-aggregation",
        Transformation::Noise { .. } => "noise",
        Transformation::RankSwapping { .. } => "rank-swapping",
        Transformation::Pram { .. } => "pram",
        Transformation::CellSuppression { .. } => "cell-suppression",
    }
}

/// What was done to each column; of cell suppression the cells, and how many there must be at least.
#[must_use]
pub fn transformed_to_json(transformation: &Transformation, transformed: &Transformed) -> Value {
    let mut json = json!({
        "kind": kind(transformation),
        "columns": transformed.changes.iter().map(change).collect::<Vec<_>>(),
        "limits": limits(transformation),
    });
    if let (Value::Object(members), Some(found)) = (&mut json, transformed.suppression) {
        members.insert("rows_at_risk".into(), json!(found.at_risk));
        members.insert("cells_suppressed".into(), json!(found.cells));
        // Each of those rows lacks at least one.
        members.insert("cells_at_least".into(), json!(found.at_risk));
        members.insert("approximate".into(), json!(found.cells > found.at_risk));
    }
    json
}

fn change(change: &Change) -> Value {
    json!({
        "column": change.column,
        "cells": change.cells,
        "changed": change.changed,
        "share_changed": share(change.changed, change.cells),
        "mean_absolute_change": change.numeric.map(|numeric| numeric.mean_absolute),
        "correlation": change.numeric.and_then(|numeric| numeric.correlation),
    })
}

fn share(part: u64, whole: u64) -> Option<f64> {
    disclosure::Ratio::new(part.into(), whole.into()).map(disclosure::Ratio::to_f64)
}

fn limits(transformation: &Transformation) -> &'static str {
    match transformation {
        Transformation::TopCoding(_) | Transformation::BottomCoding(_) => {
            "hides extremes alone: no model follows from it"
        }
        Transformation::MicroAggregation { .. } => {
            "rows of a group agree in these columns: others still tell them apart"
        }
        Transformation::Noise { .. } => {
            "no k, and no differential privacy: numbers are blurred, nobody is hidden among others"
        }
        Transformation::RankSwapping { .. } => {
            "no k: every value stays in the table, and near its row in rank"
        }
        Transformation::Pram { .. } => {
            "no k: each row may be true, and is with a known probability"
        }
        Transformation::CellSuppression { .. } => {
            "k alone: what the rows of a class have in common is still told of each"
        }
    }
}
