//! Survival and hazard tables: a row for each moment, of which the next one is the rest.

use std::collections::BTreeMap;

use super::Judged;
use super::judgement::Judgement;
use crate::cell;
use crate::decimal::Decimal;
use crate::finding::{Located, Problem, TableFault};
use crate::rules::SurvivalTable;
use crate::vocabulary::OutputCheck;

/// One moment of one group.
struct Moment {
    row: u64,
    at_risk: u64,
    events: u64,
}

/// Each number at risk, each number of events, and each number of people who leave between two
/// moments (ACRO's `survival_table`) is 0 or at the threshold: the differences of a survival table
/// are a table themselves.
pub(super) fn judge(file: &Judged<'_>, survival: &SurvivalTable, found: &mut Judgement) {
    found.made(OutputCheck::MinimumThresholdCheck);
    found.made(OutputCheck::StatbarnDataCheck);
    let mut all = Vec::with_capacity(file.table.rows());
    for moments in groups(file, survival, found).into_values() {
        let later = moments.iter().skip(1).map(Some).chain([None]);
        for (moment, next) in moments.iter().zip(later) {
            let threshold = file.rules.threshold();
            let mut note = |column: &str, problem| {
                found.note(Located::cell(file.output.name(), moment.row, column, problem));
            };
            let [at_risk, events] = &survival.counts;
            all.push(moment.at_risk);
            if moment.at_risk < threshold {
                let problem = Problem::CellBelowThreshold { count: moment.at_risk, threshold };
                note(at_risk, problem);
            }
            if (1..threshold).contains(&moment.events) {
                let problem = Problem::CellBelowThreshold { count: moment.events, threshold };
                note(events, problem);
            }
            let Some(people) = moment.at_risk.checked_sub(next.map_or(0, |next| next.at_risk))
            else {
                note(at_risk, Problem::Malformed(TableFault::Survival));
                continue;
            };
            if (1..threshold).contains(&people) {
                note(at_risk, Problem::StepBelowThreshold { people, threshold });
            }
        }
    }
    found.smallest(all.into_iter());
}

/// The moments of each group, in the order of time.
fn groups(
    file: &Judged<'_>,
    survival: &SurvivalTable,
    found: &mut Judgement,
) -> BTreeMap<Vec<String>, Vec<Moment>> {
    let text = |name: &str, row| {
        file.table.column(name).and_then(|column| column.cell(row)).unwrap_or_default()
    };
    let mut groups: BTreeMap<Vec<String>, Vec<(Decimal, Moment)>> = BTreeMap::new();
    for (row, number) in (0..file.table.rows()).zip(1_u64..) {
        let [at_risk, events] =
            survival.counts.each_ref().map(|name| cell::count(text(name, row)).unwrap_or(0));
        let Some(time) = Decimal::parse(text(&survival.time, row)) else {
            let problem = Problem::Malformed(TableFault::Survival);
            found.note(Located::cell(file.output.name(), number, &survival.time, problem));
            continue;
        };
        let key = file.output.categories().iter().map(|name| text(name, row).to_owned()).collect();
        let moment = Moment { row: number, at_risk, events };
        groups.entry(key).or_default().push((time, moment));
    }
    let mut in_order = |mut moments: Vec<(Decimal, Moment)>| {
        moments.sort_by(|(a, _), (b, _)| a.order(*b));
        // Of two rows at one time the order of the file would say which is the rest of which.
        for pair in moments.windows(2) {
            let [(time, _), (next, moment)] = pair else { continue };
            if time.order(*next).is_eq() {
                let problem = Problem::Malformed(TableFault::Survival);
                let (name, time) = (file.output.name(), &survival.time);
                found.note(Located::cell(name, moment.row, time, problem));
            }
        }
        moments.into_iter().map(|(_, moment)| moment).collect()
    };
    groups.into_iter().map(|(key, moments)| (key, in_order(moments))).collect()
}
