//! `hierarchy` of a column: a file, or how it is built.

mod builders;

use std::fmt;
use std::path::Path;

use disclosure::{BuilderError, Column, Hierarchy, HierarchyError};
use domain::Reason;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::hierarchy_file::{Layout, read_hierarchy};
use builders::RawBuilder;

/// `"file.csv"`, `{ file = …, separator = … }` or `{ build = … }`.
#[derive(Clone, Debug)]
pub(super) enum RawHierarchy {
    File(RawFile),
    Build(RawBuilder),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    file: String,
    /// Found out, if absent.
    separator: Option<char>,
}

impl RawHierarchy {
    /// The hierarchy of `column`; files are looked for in `folder`. `separator` and `trim` are those
    /// of the table.
    pub(super) fn of(
        &self,
        column: &Column,
        folder: &Path,
        separator: u8,
        trim: bool,
    ) -> Result<Hierarchy, SourceError> {
        match self {
            Self::Build(raw) => Ok(raw.builder()?.build(column)?),
            Self::File(RawFile { file, separator: stated }) => {
                let byte = |stated| super::ascii(stated).ok_or(SourceError::Separator(stated));
                let stated = stated.map(byte).transpose()?;
                let bytes = std::fs::read(folder.join(file))
                    .map_err(|error| SourceError::Unreadable { file: file.clone(), error })?;
                let layout = Layout { file, stated, separator, trim };
                read_hierarchy(&layout, &bytes, column)
            }
        }
    }
}

impl<'de> Deserialize<'de> for RawHierarchy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FileOrTable)
    }
}

/// By hand, because an untagged enum would not say what is wrong with a table.
struct FileOrTable;

impl<'de> Visitor<'de> for FileOrTable {
    type Value = RawHierarchy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a file, or a table with `file` or `build`")
    }

    fn visit_str<E: serde::de::Error>(self, file: &str) -> Result<Self::Value, E> {
        Ok(RawHierarchy::File(RawFile { file: file.to_owned(), separator: None }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let table = toml::Table::deserialize(MapAccessDeserializer::new(map))?;
        let is_built = table.contains_key("build");
        let value = toml::Value::Table(table);
        if is_built {
            RawBuilder::deserialize(value).map(RawHierarchy::Build).map_err(A::Error::custom)
        } else {
            RawFile::deserialize(value).map(RawHierarchy::File).map_err(A::Error::custom)
        }
    }
}

/// Why a column has no hierarchy.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The levels of a builder are none.
    #[error(transparent)]
    Builder(#[from] BuilderError),
    /// It cannot be built for the column's values.
    #[error(transparent)]
    Built(#[from] HierarchyError),
    /// A file that is not CSV.
    #[error("`{file}` cannot be read as CSV")]
    Csv {
        /// The file.
        file: String,
        /// Why.
        #[source]
        error: csv::Error,
    },
    /// Keys of a builder that do not go together.
    #[error("{0}")]
    Keys(&'static str),
    /// A file that is no hierarchy.
    #[error("`{file}` is no hierarchy{}", .line.map(|line| format!(" (line {line})")).unwrap_or_default())]
    NoHierarchy {
        /// The file.
        file: String,
        /// The line at fault, counted from 1.
        line: Option<u64>,
        /// Why.
        #[source]
        error: HierarchyError,
    },
    /// A separator that is none.
    #[error("`{0}` is no separator; it is one ASCII character")]
    Separator(char),
    /// A file that cannot be read.
    #[error("cannot read `{file}`")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        #[source]
        error: std::io::Error,
    },
}

impl Reason for SourceError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Builder(error) => error.reason(),
            Self::Built(error) | Self::NoHierarchy { error, .. } => error.reason(),
            Self::Csv { .. } => "hierarchy.malformed",
            Self::Keys(_) => "hierarchy.keys",
            Self::Separator(_) => "config.separator",
            Self::Unreadable { .. } => "config.unreadable-hierarchy",
        }
    }
}
