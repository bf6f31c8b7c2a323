//! Further transformations around the recoding of `anonymise`.

use std::collections::BTreeMap;

use chacha20::ChaCha20Rng;
use disclosure::{
    Anonymised, LocallyRecoded, Nulls, Plan, Question, Table, TransformError, Transformation,
    Transformed, flag_of, unmet,
};
use rand_core::SeedableRng as _;
use serde_json::{Map, Value, json};

use super::anonymise::{failure, said};
use super::interrupt::Interrupt;
use super::progress::Line;
use super::{Failure, Unusable};
use crate::Config;
use crate::config::Steps;
use crate::outcome::hierarchy;
use crate::report::{kind, transformed_to_json};

/// What is done to the table beside the search, and what has been done.
pub(super) struct Transformer<'a> {
    interrupt: &'a Interrupt,
    /// Those that are still to be done.
    steps: Steps,
    /// Whether the search's own result is not the last word.
    goes_beyond_search: bool,
    rng: ChaCha20Rng,
    /// Where the generator's seed comes from; none if chance has no part.
    randomness: Option<&'static str>,
    /// What was done, in its order.
    done: Vec<Value>,
    /// Columns that flag suppressed cells.
    flags: Vec<String>,
    /// The k that was reached, under both readings of a missing cell.
    reached: Option<Value>,
}

impl<'a> Transformer<'a> {
    pub(super) fn new(config: &Config, interrupt: &'a Interrupt) -> Result<Self, Unusable> {
        let steps = config.steps().map_err(|error| Unusable::by(&error))?;
        let given = config.seed().map_err(|error| Unusable::by(&error))?;
        let randomness = match given {
            _ if !steps.are_random() => None,
            Some(_) => Some("seed"),
            None => Some("system"),
        };
        let mut seed = given.unwrap_or_default();
        if randomness == Some("system") {
            getrandom::fill(&mut seed).map_err(|error| Unusable {
                reason: "system.randomness",
                detail: format!("the system gives no randomness: {error}"),
            })?;
        }
        let rng = ChaCha20Rng::from_seed(seed);
        let (done, flags) = (Vec::new(), Vec::new());
        let goes_beyond_search = steps.go_beyond_search();
        let reached = None;
        Ok(Self { interrupt, steps, goes_beyond_search, rng, randomness, done, flags, reached })
    }

    /// What comes before the recoding.
    pub(super) fn before(&mut self, table: Table) -> Result<Table, Failure> {
        let transformations = std::mem::take(&mut self.steps.before);
        self.apply(table, &[], &transformations)
    }

    /// The levels of quasi-identifiers, if they are not searched.
    pub(super) fn given_levels(&self, plan: &Plan) -> Option<Vec<usize>> {
        self.steps.global.levels(plan)
    }

    /// What comes after the recoding of `table`, and whether the models hold then.
    pub(super) fn after(
        &mut self,
        table: &Table,
        plan: &Plan,
        found: Anonymised,
    ) -> Result<Anonymised, Failure> {
        if !self.goes_beyond_search {
            return Ok(found);
        }
        self.done.push(
            json!({ "kind": "global-recoding", "levels_given": self.given_levels(plan).is_some() }),
        );
        let mut found = self.recoded_locally(table, plan, found)?;
        let transformations = std::mem::take(&mut self.steps.after);
        found.table = self.apply(found.table, &found.suppressed, &transformations)?;
        let kept: Vec<bool> = found.suppressed.iter().map(|suppressed| !suppressed).collect();
        let kept = found.table.filtered(&kept).map_err(|error| Unusable::by(&error))?;
        found.classes = self.recheck(&kept, plan)?;
        Ok(found)
    }

    fn recoded_locally(
        &mut self,
        table: &Table,
        plan: &Plan,
        mut found: Anonymised,
    ) -> Result<Anonymised, Failure> {
        let Some(keep) = self.steps.local else { return Ok(found) };
        let (mut line, interrupt) = (Line::new(), self.interrupt);
        let local = disclosure::recode_locally(table, plan, &found, keep, &mut |at| {
            line.show(|| format!("local recoding: {}", said(at)));
            interrupt.flow()
        });
        line.end();
        let LocallyRecoded { table, suppressed, rounds } = local.map_err(failure)?;
        let rounds = rounds.into_iter().map(|round| {
            let names = plan.quasi_identifiers.iter().map(|(name, _)| name);
            let levels: BTreeMap<&String, usize> = names.zip(round.levels).collect();
            json!({ "rows": round.rows, "kept": round.kept, "transformation": levels })
        });
        self.done.push(json!({
            "kind": "local-recoding",
            "rounds": rounds.collect::<Vec<_>>(),
            "suppressed_before": found.suppressed.iter().filter(|row| **row).count(),
            "suppressed_after": suppressed.iter().filter(|row| **row).count(),
        }));
        (found.table, found.suppressed) = (table, suppressed);
        Ok(found)
    }

    fn apply(
        &mut self,
        mut table: Table,
        suppressed: &[bool],
        transformations: &[Transformation],
    ) -> Result<Table, Failure> {
        for transformation in transformations {
            let (mut line, interrupt) = (Line::new(), self.interrupt);
            let transformed = disclosure::transform(
                &table,
                suppressed,
                transformation,
                &mut self.rng,
                &mut |at| {
                    line.show(|| format!("{}: {} of {}", kind(transformation), at.done, at.of));
                    interrupt.flow()
                },
            );
            line.end();
            let transformed = transformed.map_err(|error| match error {
                TransformError::TooFewRows { .. } => Failure::Refused(Unusable::by(&error)),
                other => Failure::Unusable(Unusable::by(&other)),
            })?;
            self.done.push(transformed_to_json(transformation, &transformed));
            let Transformed { table: after, changes, suppression } = transformed;
            if suppression.is_some() {
                self.flags.extend(changes.iter().map(|change| flag_of(&change.column)));
            }
            table = after;
        }
        Ok(table)
    }

    /// Measures the rows that are `kept` as someone sees them who reads the flags, too, and gives
    /// the number of classes.
    fn recheck(&mut self, kept: &Table, plan: &Plan) -> Result<u64, Failure> {
        let names = plan.quasi_identifiers.iter().map(|(name, _)| name);
        let question = Question {
            quasi_identifiers: names.chain(&self.flags).cloned().collect(),
            sensitive: plan.sensitive.clone(),
            hierarchies: plan.models.iter().filter_map(hierarchy).collect(),
            ..Question::default()
        };
        let measures =
            disclosure::measure(kept, &question).map_err(|error| Unusable::by(&error))?;
        let unmet = unmet(&plan.models, &measures);
        if !unmet.is_empty() {
            return Err(Failure::Refused(Unusable {
                reason: "anonymise.models-unmet",
                detail: format!(
                    "after the transformations models do not hold: {}",
                    unmet.join("; ")
                ),
            }));
        }
        let wildcard = Question {
            nulls: Nulls::Wildcard,
            sensitive: Vec::new(),
            hierarchies: BTreeMap::new(),
            ..question
        };
        // Where too many rows with missing cells overlap there is no answer.
        let wildcard = disclosure::measure(kept, &wildcard).ok().and_then(|measures| measures.k());
        self.reached = Some(json!({ "k_value": measures.k(), "k_wildcard": wildcard }));
        Ok(measures.classes.map_or(0, |classes| classes.count))
    }

    /// Adds what was done to the report.
    pub(super) fn report(&self, json: &mut Value) {
        if let Value::Object(members) = json {
            let mut own: Map<String, Value> = Map::new();
            own.insert("transformations".into(), Value::Array(self.done.clone()));
            own.insert("randomness".into(), json!(self.randomness));
            own.insert("rechecked".into(), json!(self.reached));
            members.append(&mut own);
        }
    }

    /// What was done, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let column = |column: &Value| {
            let number = |member: &str| column.get(member).and_then(Value::as_u64).unwrap_or(0);
            let name = column.get("column").and_then(Value::as_str).unwrap_or_default();
            format!("`{name}` ({} of {} cells changed)", number("changed"), number("cells"))
        };
        let rows = |done: &Value, member: &str| done.get(member).and_then(Value::as_u64);
        let line = |done: &Value| {
            let kind = done.get("kind").and_then(Value::as_str)?;
            if let Some(before) = rows(done, "suppressed_before") {
                let after = rows(done, "suppressed_after").unwrap_or_default();
                return Some(format!("{kind}: {before} suppressed rows became {after}"));
            }
            let columns = done.get("columns").and_then(Value::as_array);
            let columns = columns?.iter().map(column).collect::<Vec<_>>().join(", ");
            Some(format!("{kind}: {columns}"))
        };
        self.done.iter().filter_map(line).collect()
    }
}
