//! What analysts use: tables read with polars, judged by `disclosure`.
//!
//! Begin with [`TableFile::read`], which turns a file into a `disclosure::Table`; `disclosure::measure`
//! answers questions about that, `disclosure::anonymise` makes a table of it as a [`Config`] says, and
//! [`report`] prints the answers. The program `cloister-table` is
//! [`cli::main`]. Definitions of what is measured: `docs/disclosure.md`.
//!
//! polars, which reads and writes Parquet, is in this crate alone: nothing that people must trust
//! links it. CSV is read by our own pass: a strict one must look at each byte in any case, and so it
//! encodes what it sees.

pub mod cli;
mod config;
mod encode;
mod error;
mod file;
mod hierarchy_file;
mod html;
mod outcome;
mod parquet;
mod read;
pub mod report;
mod shape;
mod source;
mod write;

pub use config::{Config, ConfigError, SourceError};
pub use error::CsvError;
pub use file::{FileError, TableFile};
pub use parquet::{ParquetError, parquet_header, read_parquet, write_parquet};
pub use read::{Dialect, header, read_csv};
pub use write::write_csv;
