//! The TOML form of the rules, before anything in it is believed.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RulesFile {
    pub(crate) version: u64,
    pub(crate) tables: TablesSection,
    pub(crate) microdata: MicrodataSection,
    pub(crate) limits: LimitsSection,
    #[serde(default)]
    pub(crate) output: Vec<OutputSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TablesSection {
    pub(crate) threshold: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MicrodataSection {
    pub(crate) k: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsSection {
    pub(crate) file_types: Vec<FileType>,
    pub(crate) max_files: u64,
    pub(crate) max_file_bytes: u64,
    pub(crate) max_total_bytes: u64,
    pub(crate) max_depth: u64,
    pub(crate) max_rows: u64,
    pub(crate) max_columns: u64,
    pub(crate) max_cell_chars: u64,
    pub(crate) significant_digits: u32,
}

/// A file type that the gate can read and write again. There is no other way to name one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FileType {
    Csv,
}

impl FileType {
    /// The ending of its file names.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Csv => ".csv",
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum OutputSection {
    Table {
        name: String,
        categories: Vec<String>,
        counts: Vec<String>,
        #[serde(default)]
        numbers: Vec<String>,
    },
    Microdata {
        name: String,
        categories: Vec<String>,
        #[serde(default)]
        numbers: Vec<String>,
        #[serde(default)]
        quasi_identifiers: Vec<String>,
    },
}
