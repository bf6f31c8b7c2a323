//! Sealed datasets.

use domain::Digest;
use domain::dataset::{Classification, Column, Kind, Role};
use domain::ids::DatasetId;
use serde::Deserialize;

use super::Moment;

/// `/v1/datasets/{digest}`.
#[derive(Debug, Deserialize)]
pub(crate) struct Dataset {
    pub(crate) digest: Digest,
    pub(crate) id: DatasetId,
    pub(crate) title: String,
    pub(crate) description: String,
    classification: Classification,
    pub(crate) rows: u64,
    pub(crate) columns: Vec<Column>,
    pub(crate) registered: Moment,
    pub(crate) log_index: u64,
}

impl Dataset {
    pub(crate) const fn classification(&self) -> &'static str {
        match self.classification {
            Classification::Public => "public",
            Classification::Internal => "internal",
            Classification::Confidential => "confidential",
            Classification::HighlyConfidential => "highly confidential",
        }
    }

    /// What a column can give away, in words.
    pub(crate) const fn role(column: &Column) -> &'static str {
        match column.role {
            Role::Identifier => "names the person: never leaves",
            Role::QuasiIdentifier => "may name the person together with others",
            Role::Sensitive => "sensitive",
            Role::Public => "harmless",
        }
    }

    /// How its values compare, in words.
    pub(crate) const fn kind(column: &Column) -> &'static str {
        match column.kind {
            Kind::Categorical => "categories",
            Kind::Ordered => "ordered",
            Kind::Numeric => "numbers",
        }
    }
}
