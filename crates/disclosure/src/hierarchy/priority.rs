//! Frequent values stay longer than rare ones.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::hierarchy::{ANY, BuilderError, HierarchyError, per_value};
use crate::table::Column;

/// The rarest values become any value first, level by level in equal steps (ARX's hierarchies by
/// priority); of equally frequent ones the last by text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority {
    levels: usize,
}

impl Priority {
    /// With so many levels above the values themselves, or one for each value if those are fewer.
    ///
    /// # Errors
    /// [`BuilderError::NoLevels`] for 0.
    pub const fn new(levels: usize) -> Result<Self, BuilderError> {
        if levels == 0 { Err(BuilderError::NoLevels) } else { Ok(Self { levels }) }
    }

    pub(crate) fn rows(self, column: &Column) -> Result<Vec<Vec<String>>, HierarchyError> {
        let mut values: Vec<(&String, usize)> =
            column.dictionary().iter().zip(counts(column)).filter(|(v, _)| !v.is_empty()).collect();
        // Stable: the dictionary is in the order of the texts.
        values.sort_by_key(|(_, count)| Reverse(*count));
        let levels = self.levels.min(values.len());
        let stays_below: BTreeMap<&str, usize> = values
            .iter()
            .zip(0_usize..)
            .map(|((value, _), place)| {
                (value.as_str(), levels - place.saturating_mul(levels) / values.len())
            })
            .collect();
        per_value(column, levels.saturating_sub(1), |value| {
            let last = stays_below.get(value).copied().unwrap_or_default();
            let text = |level| if level < last { value } else { ANY };
            Ok((1..levels).map(|level| text(level).to_owned()).collect())
        })
    }
}

/// How many rows have each value of the dictionary.
fn counts(column: &Column) -> Vec<usize> {
    let mut counts = vec![0; column.dictionary().len()];
    for &code in column.codes() {
        if let Some(count) = usize::try_from(code).ok().and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::Builder;
    use crate::hierarchy::tests::built;
    use domain::Reason as _;

    #[test]
    fn rare_values_go_first_and_of_equals_the_last() {
        let cells = ["b", "c", "a", "c", "d", "c", "b", ""];
        let two = Builder::Priority(Priority::new(2).unwrap());
        assert_eq!(built(&two, &cells), ["||*", "a|*|*", "b|b|*", "c|c|*", "d|*|*"]);
        let many = Builder::Priority(Priority::new(10).unwrap());
        let expected = ["||||*", "a|a|*|*|*", "b|b|b|*|*", "c|c|c|c|*", "d|*|*|*|*"];
        assert_eq!(built(&many, &cells), expected);
    }

    #[test]
    fn one_value_has_one_step() {
        let builder = Builder::Priority(Priority::new(3).unwrap());
        assert_eq!(built(&builder, &["a", "a"]), ["a|*"]);
        assert_eq!(Priority::new(0).unwrap_err().reason(), "hierarchy.no-levels");
    }
}
