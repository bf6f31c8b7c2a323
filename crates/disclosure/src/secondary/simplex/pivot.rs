//! Solving the rows for other variables.

use super::{Column, Row, Tableau};
use crate::secondary::work::{Spent, Work};

impl Tableau {
    /// Solves each row for a variable, all at their values; rows that follow from others go. None
    /// on overflow.
    pub(super) fn solve_rows(&mut self, work: &mut Work) -> Result<Option<()>, Spent> {
        let mut solved = 0;
        while let Some(row) = self.rows.get(solved) {
            let Some(column) = self.best_column(row) else {
                self.rows.swap_remove(solved);
                continue;
            };
            if self.exchange(solved, column, 0, work)?.is_none() {
                return Ok(None);
            }
            // What left is not a variable but the row's own difference, which stays 0.
            self.columns.swap_remove(column);
            for row in &mut self.rows {
                row.entries.swap_remove(column);
            }
            solved += 1;
        }
        Ok(Some(()))
    }

    /// The column whose entry is smallest, so that numbers stay small, and of those the one farthest
    /// from its bounds, which is least in the way.
    fn best_column(&self, row: &Row) -> Option<usize> {
        let filled = (0..).zip(row.entries.iter().zip(&self.columns));
        let filled = filled.filter(|(_, (entry, _))| **entry != 0);
        let best = filled.min_by_key(|(_, (entry, Column { variable, value }))| {
            let range = self.range(*variable);
            let above = range.most.map_or(u64::MAX, |most| most.abs_diff(*value));
            let room = above.min(value.abs_diff(range.least));
            (entry.unsigned_abs(), std::cmp::Reverse(room), *variable)
        });
        best.map(|(column, _)| column)
    }

    /// Moves `column` by `distance`, which nothing stops. None on overflow.
    pub(super) fn shift(&mut self, column: usize, up: bool, distance: i128) -> Option<()> {
        let distance = i64::try_from(distance).ok()?;
        let change = if up { distance } else { distance.checked_neg()? };
        let moved = self.columns.get_mut(column)?;
        moved.value = moved.value.checked_add(change)?;
        for row in &mut self.rows {
            let entry = *row.entries.get(column)?;
            row.value = row.value.checked_sub(entry.checked_mul(change)?)?;
        }
        Some(())
    }

    /// Solves `row` for the variable of `column`; the variable it was solved for leaves the basis
    /// with the value `bound`. None on overflow.
    pub(super) fn exchange(
        &mut self,
        row: usize,
        column: usize,
        bound: i64,
        work: &mut Work,
    ) -> Result<Option<()>, Spent> {
        let filled = |row: &Row| row.entries.iter().filter(|entry| **entry != 0).count();
        let all = self.rows.len().saturating_mul(self.columns.len());
        let entry = |row: &Row| row.entries.get(column).map_or(0, |entry| entry.unsigned_abs());
        let steps = match self.rows.get(row) {
            Some(pivot_row) if entry(pivot_row) == self.scale.unsigned_abs() => {
                let touched = self.rows.iter().filter(|row| entry(row) != 0).count();
                all.min(touched * filled(pivot_row))
            }
            _ => all,
        };
        work.spend(self.rows.len() + self.columns.len() + steps)?;
        Ok(self.pivot(row, column, bound))
    }

    fn pivot(&mut self, row: usize, column: usize, bound: i64) -> Option<()> {
        let entering = *self.columns.get(column)?;
        // Values as if the entering variable were 0: they change like any other column.
        for row in &mut self.rows {
            let entry = *row.entries.get(column)?;
            row.value = row.value.checked_add(entry.checked_mul(entering.value)?)?;
        }
        let scale = self.scale;
        let pivot_row = self.rows.get_mut(row)?;
        let pivot = *pivot_row.entries.get(column)?;
        let leaving = pivot_row.basic.replace(entering.variable);
        if pivot < 0 {
            pivot_row.entries.iter_mut().for_each(|entry| *entry = -*entry);
            pivot_row.value = -pivot_row.value;
        }
        *pivot_row.entries.get_mut(column)? = scale.checked_mul(pivot.signum())?;
        let pivot = pivot.checked_abs()?;
        let pivot_row = pivot_row.clone();
        let filled = (0..).zip(&pivot_row.entries).filter(|(_, entry)| **entry != 0);
        let filled: Vec<(usize, i64)> = filled.map(|(place, entry)| (place, *entry)).collect();
        let others = (0..).zip(&mut self.rows).filter(|(place, _)| *place != row);
        for (_, other) in others {
            let factor = std::mem::take(other.entries.get_mut(column)?);
            if pivot != scale {
                other.rescale(pivot, scale, factor, &pivot_row)?;
            } else if factor != 0 {
                other.eliminate(scale, factor, &filled, pivot_row.value)?;
            }
        }
        self.scale = pivot;
        for row in &mut self.rows {
            let entry = *row.entries.get(column)?;
            row.value = row.value.checked_sub(entry.checked_mul(bound)?)?;
        }
        // In a row that was not solved yet nothing leaves; the caller drops the column.
        let variable = leaving.unwrap_or(entering.variable);
        *self.columns.get_mut(column)? = Column { variable, value: bound };
        Some(())
    }
}

impl Row {
    /// Subtracts `factor` times the pivot row where that has entries.
    fn eliminate(
        &mut self,
        scale: i64,
        factor: i64,
        filled: &[(usize, i64)],
        value: i64,
    ) -> Option<()> {
        let less = |entry: i64, pivot: i64| {
            let change = i128::from(factor) * i128::from(pivot) / i128::from(scale);
            entry.checked_sub(i64::try_from(change).ok()?)
        };
        for &(place, pivot) in filled {
            let entry = self.entries.get_mut(place)?;
            *entry = less(*entry, pivot)?;
        }
        self.value = less(self.value, value)?;
        Some(())
    }

    /// The same where the basis' determinant changes from `scale` to `pivot`.
    fn rescale(&mut self, pivot: i64, scale: i64, factor: i64, other: &Self) -> Option<()> {
        let scaled = |entry: i64, of_pivot: i64| {
            let difference =
                i128::from(pivot) * i128::from(entry) - i128::from(factor) * i128::from(of_pivot);
            i64::try_from(difference / i128::from(scale)).ok()
        };
        for (entry, of_pivot) in self.entries.iter_mut().zip(&other.entries) {
            *entry = scaled(*entry, *of_pivot)?;
        }
        self.value = scaled(self.value, other.value)?;
        Some(())
    }
}
