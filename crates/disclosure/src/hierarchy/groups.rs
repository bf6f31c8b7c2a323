//! Neighbours in an order into groups, and groups into larger ones.

use std::collections::BTreeSet;

use crate::hierarchy::{BuilderError, HierarchyError, ValueFault, check_values, with_ends};
use crate::table::Column;

/// An ordered list of values, of which so many neighbours are one on each level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    order: Vec<String>,
    /// For each level how many values a group has.
    sizes: Vec<usize>,
}

impl Groups {
    /// The values of `order`; on the first level as many of them are one as the first of `fan_outs`
    /// says, on the next as many of those groups as the second says, and so on. The last group of a
    /// level may have fewer.
    ///
    /// # Errors
    /// [`BuilderError::FanOut`] for a fan-out below 2, [`BuilderError::ListedTwice`].
    pub fn new(order: Vec<String>, fan_outs: &[usize]) -> Result<Self, BuilderError> {
        if order.is_empty() || fan_outs.is_empty() {
            return Err(BuilderError::NoLevels);
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = order.iter().find(|value| !seen.insert(*value)) {
            return Err(BuilderError::ListedTwice(twice.clone()));
        }
        let mut size = 1_usize;
        let mut sizes = Vec::with_capacity(fan_outs.len());
        for &fan_out in fan_outs {
            if fan_out < 2 {
                return Err(BuilderError::FanOut(fan_out));
            }
            size = size.saturating_mul(fan_out);
            sizes.push(size);
        }
        Ok(Self { order, sizes })
    }

    /// Rows of every value listed, in the column or not: they are what a group may stand for.
    pub(crate) fn rows(&self, column: &Column) -> Result<Vec<Vec<String>>, HierarchyError> {
        with_ends(self.sizes.len())?;
        let listed: BTreeSet<&String> = self.order.iter().collect();
        check_values(column, |value| {
            if listed.contains(value) { Ok(()) } else { Err(ValueFault::NotListed) }
        })?;
        let labels: Vec<Vec<String>> = self
            .sizes
            .iter()
            .map(|&size| {
                self.order
                    .chunks(size)
                    .flat_map(|group| std::iter::repeat_n(label(group), group.len()))
                    .collect()
            })
            .collect();
        let row = |(value, place): (&String, usize)| {
            let above = labels.iter().filter_map(|level| level.get(place).cloned());
            std::iter::once(value.clone()).chain(above).collect()
        };
        Ok(self.order.iter().zip(0..).map(row).collect())
    }
}

fn label(group: &[String]) -> String {
    match group {
        [only] => only.clone(),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::Builder;
    use crate::hierarchy::tests::{built, column};
    use domain::Reason as _;

    fn groups(order: &str, fan_outs: &[usize]) -> Result<Groups, BuilderError> {
        Groups::new(order.split(' ').map(str::to_owned).collect(), fan_outs)
    }

    #[test]
    fn neighbours_are_grouped() {
        let grades = Builder::Groups(groups("A B C D E", &[2, 2]).unwrap());
        let expected = [
            "A|A to B|A to D|*",
            "B|A to B|A to D|*",
            "C|C to D|A to D|*",
            "D|C to D|A to D|*",
            "E|E|E|*",
        ];
        // B and D are not in the table, and yet what `A to B` may stand for.
        assert_eq!(built(&grades, &["A", "C", "E"]), expected);
    }

    #[test]
    fn every_value_is_listed_once() {
        let grades = Builder::Groups(groups("A B", &[2]).unwrap());
        let error = grades.build(&column(&["A", "a"])).unwrap_err();
        let (column, value) = ("x".to_owned(), "a".to_owned());
        let fault = ValueFault::NotListed;
        assert_eq!(error, HierarchyError::Value { column, value, row: 2, fault });
        for (refused, reason) in [
            (groups("A B A", &[2]), "hierarchy.listed-twice"),
            (groups("A B", &[2, 1]), "hierarchy.fan-out"),
            (groups("A B", &[]), "hierarchy.no-levels"),
            (Groups::new(vec![], &[2]), "hierarchy.no-levels"),
        ] {
            assert_eq!(refused.unwrap_err().reason(), reason);
        }
    }
}
