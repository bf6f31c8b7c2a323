//! Sizes and lengths above which an output is refused.

use super::file::LimitsSection;
use super::{RulesError, in_range};

/// Sizes and lengths above which an output is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries of any kind below the output folder.
    pub max_files: u64,
    /// Bytes of one file, as written by the workload and as rewritten by the gate.
    pub max_file_bytes: u64,
    /// Bytes of all files together.
    pub max_total_bytes: u64,
    /// Parts of a path.
    pub max_depth: u64,
    /// Rows of one file, the header not counted.
    pub max_rows: u64,
    /// Columns of one file.
    pub max_columns: u64,
    /// Characters of one text cell.
    pub max_cell_chars: u64,
    /// Significant digits of a number; the rest is rounded away.
    pub significant_digits: u32,
}

impl Limits {
    /// Checks each limit against a ceiling that keeps the gate's own memory and arithmetic safe.
    pub(super) fn parse(file: &LimitsSection) -> Result<Self, RulesError> {
        if file.file_types.is_empty() {
            return Err(RulesError::NoFileType);
        }
        in_range("limits.significant_digits", file.significant_digits.into(), 1, 15)?;
        Ok(Self {
            max_files: in_range("limits.max_files", file.max_files, 1, 1_000)?,
            max_file_bytes: in_range("limits.max_file_bytes", file.max_file_bytes, 1, 1 << 26)?,
            max_total_bytes: in_range("limits.max_total_bytes", file.max_total_bytes, 1, 1 << 28)?,
            max_depth: in_range("limits.max_depth", file.max_depth, 1, 8)?,
            max_rows: in_range("limits.max_rows", file.max_rows, 1, 1_000_000)?,
            max_columns: in_range("limits.max_columns", file.max_columns, 1, 256)?,
            max_cell_chars: in_range("limits.max_cell_chars", file.max_cell_chars, 1, 256)?,
            significant_digits: file.significant_digits,
        })
    }
}
