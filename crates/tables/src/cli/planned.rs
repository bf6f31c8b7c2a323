//! A table and the configuration that says what becomes of it.

use std::path::Path;

use disclosure::{Plan, Table};

use super::memory::{self, Work};
use super::{Unusable, files};
use crate::{Config, Dialect, TableFile};

/// A configuration beside the table that it is for.
pub(super) struct Planned<'a> {
    pub(super) config: Config,
    /// Where the hierarchies are.
    folder: &'a Path,
    input: &'a Path,
    file: TableFile,
    dialect: Dialect,
    pub(super) header: Vec<String>,
}

impl<'a> Planned<'a> {
    pub(super) fn read(input: &'a Path, config: &'a Path) -> Result<Self, Unusable> {
        let text = String::from_utf8(files::read(config)?).map_err(|_| Unusable {
            reason: "config.malformed",
            detail: format!("`{}` is not UTF-8", config.display()),
        })?;
        let folder = config.parent().unwrap_or(Path::new("."));
        let config = Config::parse(&text).map_err(|error| Unusable::by(&error))?;
        let file = files::table(input)?;
        let dialect = config.dialect().map_err(|error| Unusable::by(&error))?;
        let header = file.names(&dialect).map_err(|error| Unusable::by(&error))?;
        Ok(Self { config, folder, input, file, dialect, header })
    }

    /// The columns named.
    pub(super) fn table(&self, columns: &[&str]) -> Result<Table, Unusable> {
        memory::suffices_for_table(self.input, &self.file, columns.len(), Work::Anonymise)?;
        self.file.read(&self.dialect, columns).map_err(|error| Unusable::by(&error))
    }

    pub(super) fn plan(&self, table: &Table) -> Result<Plan, Unusable> {
        self.config.plan(table, self.folder).map_err(|error| Unusable::by(&error))
    }

    /// The hierarchy of the only column of `table`, if the configuration has one.
    pub(super) fn hierarchy(
        &self,
        table: &Table,
    ) -> Result<Option<disclosure::Hierarchy>, Unusable> {
        let Some(column) = table.columns().first() else { return Ok(None) };
        self.config.hierarchy(column, self.folder).map_err(|error| Unusable::by(&error))
    }

    /// What separates cells of the output.
    pub(super) fn separator(&self) -> Result<u8, Unusable> {
        self.config.output_separator().map_err(|error| Unusable::by(&error))
    }
}
