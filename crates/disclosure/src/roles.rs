//! Column roles: what a column can tell about a person, as its custodian signed it.

use std::collections::BTreeMap;

use domain::dataset::Column;
pub use domain::dataset::Role as ColumnRole;

/// The role of each column, from the custodian's signed dataset manifest and from nowhere else.
/// A column that is absent counts as [`ColumnRole::QuasiIdentifier`].
pub type Roles = BTreeMap<String, ColumnRole>;

/// The roles that a custodian signed for the columns of one dataset.
#[must_use]
pub fn roles_of(columns: &[Column]) -> Roles {
    columns.iter().map(|column| (column.name.clone(), column.role)).collect()
}

/// The roles that hold when a job read several datasets: the strictest one for each name.
#[must_use]
pub fn merge_roles(datasets: impl IntoIterator<Item = Roles>) -> Roles {
    let mut merged = Roles::new();
    for (column, role) in datasets.into_iter().flatten() {
        merged.entry(column).and_modify(|held| *held = role.min(*held)).or_insert(role);
    }
    merged
}

/// The role of `column`, an unknown one being a quasi-identifier.
pub(crate) fn role_of(roles: &Roles, column: &str) -> ColumnRole {
    roles.get(column).copied().unwrap_or(ColumnRole::QuasiIdentifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_role_wins_whatever_the_order() {
        let public = Roles::from([("age".into(), ColumnRole::Public)]);
        let quasi = Roles::from([("age".into(), ColumnRole::QuasiIdentifier)]);
        for order in [[public.clone(), quasi.clone()], [quasi, public]] {
            assert_eq!(role_of(&merge_roles(order), "age"), ColumnRole::QuasiIdentifier);
        }
        assert_eq!(role_of(&Roles::new(), "anything"), ColumnRole::QuasiIdentifier);
    }
}
