//! A node that was chosen beforehand.

use crate::anonymise::{AnonymiseError, Anonymised, Plan, Prepared, apply};

/// Generalises `table` to `levels`, one for each quasi-identifier, without a look at the models:
/// nothing is searched and nothing suppressed. A quasi-identifier beyond the list stays on level 0.
///
/// # Errors
/// An [`AnonymiseError`]; [`AnonymiseError::NoLevel`] for a level that a hierarchy does not have.
pub fn recode(
    table: &crate::Table,
    plan: &Plan,
    levels: &[usize],
) -> Result<Anonymised, AnonymiseError> {
    let prepared = Prepared::new(table, plan)?;
    let mut chosen = Vec::with_capacity(plan.quasi_identifiers.len());
    for (at, (name, hierarchy)) in plan.quasi_identifiers.iter().enumerate() {
        let level = levels.get(at).copied().unwrap_or_default();
        if level >= hierarchy.levels() {
            return Err(AnonymiseError::NoLevel {
                column: name.clone(),
                level,
                highest: hierarchy.levels().saturating_sub(1),
            });
        }
        chosen.push(level);
    }
    let bytes: Vec<u8> = chosen.iter().filter_map(|&level| u8::try_from(level).ok()).collect();
    let (partition, _) =
        prepared.base.roll_up(super::levels::Levels::new(&bytes), &prepared.levels)?;
    let kept = vec![true; partition.sizes.len()];
    let score = prepared.problem.utility.score(&partition, &kept);
    let suppressed = vec![false; table.rows()];
    Ok(Anonymised {
        table: apply::apply(table, plan, &prepared.levels, &chosen, &suppressed)?,
        suppressed,
        classes: u64::try_from(kept.len()).unwrap_or(u64::MAX),
        score,
        lattice_size: prepared.lattice.size(),
        evaluated: 1,
        optimal: false,
        bound: 0.0,
        path: vec![(chosen.clone(), score)],
        levels: chosen,
    })
}
