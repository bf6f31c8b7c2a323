//! Estimates, tests and the parameters of models.

use super::judgement::Judgement;
use super::{Judged, contributions};
use crate::finding::{Located, Problem};
use crate::reader::Form;
use crate::rules::{Estimates, ModelType};
use crate::vocabulary::{DisclosureRisk, OutputCheck};

/// Enough degrees of freedom are left in each row, and a model is not made of people.
pub(super) fn judge(file: &Judged<'_>, estimates: &Estimates, found: &mut Judgement) {
    let name = file.output.name();
    if let Some(model) = estimates.model {
        if model.is_instance_based() && !estimates.allow_instance_based {
            found.note(Located::file(name, Problem::InstanceBased));
        }
        if !ModelType::is_parametric(model) {
            found.left_to_people(DisclosureRisk::ImplicitTables);
        }
    }
    for risk in estimates.analysis.statbarn().risks() {
        if *risk != DisclosureRisk::LowDOF {
            found.left_to_people(*risk);
        }
    }
    // The evidence does not leave, so that there is none to read in a released file.
    if file.form == Form::Released {
        return;
    }
    found.made(OutputCheck::MinimumDoFCheck);
    let mut all = Vec::with_capacity(file.table.rows());
    for (row, number) in (0..file.table.rows()).zip(1_u64..) {
        match contributions::degrees_of_freedom(file, row, &estimates.degrees_of_freedom) {
            Ok(left) => all.push(left),
            Err(problem) => {
                let column = &estimates.degrees_of_freedom;
                found.note(Located::cell(name, number, column, problem));
            }
        }
    }
    found.smallest(all.into_iter());
}
