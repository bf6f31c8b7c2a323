//! A table's file, in the format that its first bytes tell.

use disclosure::Table;
use domain::Reason;

use crate::parquet::{is_parquet, parquet_header, parquet_rows, read_parquet};
use crate::{CsvError, Dialect, ParquetError, header, read_csv};

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

/// The names of the columns in the file `bytes`: Parquet if it begins so, else CSV.
///
/// # Errors
/// [`FileError`].
pub fn names(bytes: &[u8], dialect: &Dialect) -> Result<Vec<String>, FileError> {
    if is_parquet(bytes) { Ok(parquet_header(bytes)?) } else { Ok(header(bytes, dialect)?) }
}

/// Reads the columns named, in that order, out of the file `bytes`: Parquet if it begins so, else CSV.
///
/// # Errors
/// [`FileError`].
pub fn read(bytes: &[u8], dialect: &Dialect, columns: &[&str]) -> Result<Table, FileError> {
    if is_parquet(bytes) {
        Ok(read_parquet(bytes, dialect, columns)?)
    } else {
        Ok(read_csv(bytes, dialect, columns)?)
    }
}

/// No less than the rows of the file `bytes`, without a look at what is in them. A Parquet file that
/// cannot be read is said to have none.
pub(crate) fn rows_at_most(bytes: &[u8]) -> u64 {
    if is_parquet(bytes) {
        return parquet_rows(bytes).unwrap_or(0);
    }
    let lines = bytes.iter().filter(|&&byte| byte == b'\n').map(|_| 1_u64).sum::<u64>();
    lines + 1
}
