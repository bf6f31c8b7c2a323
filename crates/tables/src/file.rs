//! A table's file, in the format that its first bytes tell.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use disclosure::Table;
use domain::Reason;

use crate::parquet::{is_parquet, parquet_rows};
use crate::read::{about_rows, read_source, source_header};
use crate::source::Source;
use crate::{CsvError, Dialect, ParquetError, parquet_header, read_parquet};

/// Why a file is no table.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// As CSV.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// As Parquet.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
}

impl Reason for FileError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Csv(error) => error.reason(),
            Self::Parquet(error) => error.reason(),
        }
    }
}

/// A file of a table: Parquet if it begins so, else CSV, which is read piece by piece.
#[derive(Debug)]
pub struct TableFile(Content);

#[derive(Debug)]
enum Content {
    Csv(File),
    /// Of what is no file of the disk, such as a pipe.
    CsvText(Vec<u8>),
    Parquet(Vec<u8>),
}

impl TableFile {
    /// Opens the file.
    ///
    /// # Errors
    /// What the system gives.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        if !file.metadata()?.is_file() {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let parquet = is_parquet(&bytes);
            return Ok(Self(if parquet {
                Content::Parquet(bytes)
            } else {
                Content::CsvText(bytes)
            }));
        }
        let mut first = Vec::new();
        file.by_ref().take(8).read_to_end(&mut first)?;
        if !is_parquet(&first) {
            return Ok(Self(Content::Csv(file)));
        }
        file.read_to_end(&mut first)?;
        Ok(Self(Content::Parquet(first)))
    }

    fn source(&self) -> Result<Source<'_>, &[u8]> {
        match &self.0 {
            Content::Csv(file) => Ok(Source::File(file)),
            Content::CsvText(bytes) => Ok(Source::Bytes(bytes)),
            Content::Parquet(bytes) => Err(bytes),
        }
    }

    /// The names of the columns.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn names(&self, dialect: &Dialect) -> Result<Vec<String>, FileError> {
        match self.source() {
            Ok(csv) => Ok(source_header(csv, dialect)?),
            Err(parquet) => Ok(parquet_header(parquet)?),
        }
    }

    /// Reads the columns named, in that order.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read(&self, dialect: &Dialect, columns: &[&str]) -> Result<Table, FileError> {
        match self.source() {
            Ok(csv) => Ok(read_source(csv, dialect, columns)?),
            Err(parquet) => Ok(read_parquet(parquet, dialect, columns)?),
        }
    }

    /// About how many rows there are, without a look at all of them.
    pub(crate) fn about_rows(&self) -> Result<u64, FileError> {
        match self.source() {
            Ok(csv) => Ok(about_rows(csv)?),
            Err(parquet) => Ok(parquet_rows(parquet)?),
        }
    }
}
