//! What analysts use: tables read with polars, judged by `disclosure`.
//!
//! Begin with [`TableFile::read`], which turns a file into a `disclosure::Table`; `disclosure::measure`
//! answers questions about that, `disclosure::anonymise` makes a table of it as a [`Config`] says, and
//! [`report`] prints the answers. The program `cloister-table` is
//! [`cli::main`]. Definitions of what is measured: `docs/disclosure.md`.
//!
//! polars, which reads and writes Parquet, is in this crate alone: nothing that people must trust
//! links it. CSV is read by our own pass: a strict one must look at each byte in any case, and so it
//! encodes what it sees. Without the feature `polars` the crate is the readers alone, for fuzzing.
#![cfg_attr(
    not(feature = "polars"),
    expect(dead_code, reason = "the program is left out, and what it alone uses is not")
)]

#[cfg(feature = "polars")]
pub mod cli;
mod config;
mod encode;
mod error;
#[cfg(feature = "polars")]
mod file;
mod hierarchy_file;
#[cfg(feature = "polars")]
mod html;
#[cfg(feature = "polars")]
mod outcome;
#[cfg(feature = "polars")]
mod parquet;
mod read;
pub mod report;
mod shape;
mod source;
mod write;

pub use config::{Config, ConfigError, SourceError};
pub use error::CsvError;
#[cfg(feature = "polars")]
pub use file::{FileError, TableFile};
pub use hierarchy_file::{Layout, read_hierarchy};
#[cfg(feature = "polars")]
pub use parquet::{ParquetError, parquet_header, read_parquet, write_parquet};
pub use read::{Dialect, header, read_csv};
pub use write::write_csv;
