//! Listings in pages, newest first.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ControlError;
use crate::db::{Placed, Slice};

/// Which page is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// How many items at most.
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// One page of a listing.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The items, newest first.
    pub(super) items: Vec<T>,
    /// The `cursor` of the next page; null at the end.
    pub(super) next: Option<String>,
}

const fn fifty() -> u32 {
    50
}

impl PageQuery {
    /// The part of a table that is wanted; one more than the page, to see whether it is the last.
    pub(super) fn slice(&self) -> Result<Slice, ControlError> {
        self.check_limit()?;
        let before = match &self.cursor {
            None => i64::MAX,
            Some(cursor) => cursor.parse().map_err(|_| other_listing())?,
        };
        Ok(Slice { before, limit: self.limit + 1 })
    }

    /// The page of what [`Self::slice`] found.
    pub(super) fn page<T>(&self, found: Vec<Placed<T>>) -> Page<T> {
        let more = found.len() > self.size();
        let placed: Vec<_> = found.into_iter().take(self.size()).collect();
        let next = placed.last().filter(|_| more).map(|(position, _)| position.to_string());
        Page { items: placed.into_iter().map(|(_, item)| item).collect(), next }
    }

    /// The page of a listing that is held whole and whose items have names.
    pub(super) fn page_of<T>(
        &self,
        all: Vec<T>,
        name: impl Fn(&T) -> String,
    ) -> Result<Page<T>, ControlError> {
        self.check_limit()?;
        let start = match &self.cursor {
            None => 0,
            Some(cursor) => {
                all.iter().position(|item| name(item) == *cursor).ok_or_else(other_listing)? + 1
            }
        };
        let more = all.len() > start + self.size();
        let items: Vec<T> = all.into_iter().skip(start).take(self.size()).collect();
        let next = items.last().filter(|_| more).map(name);
        Ok(Page { items, next })
    }

    fn check_limit(&self) -> Result<(), ControlError> {
        if (1..=200).contains(&self.limit) {
            Ok(())
        } else {
            Err(ControlError::Malformed("`limit` is 1 to 200".to_owned()))
        }
    }

    fn size(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }
}

fn other_listing() -> ControlError {
    ControlError::Malformed("`cursor` is not from this listing".to_owned())
}
