//! What a custodian says about a dataset before it is sealed, in TOML.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::Reason;
use domain::dataset::{Classification, Column, Custodians, DatasetManifest, Kind, PartError, Role};
use domain::ids::DatasetId;
use domain::keys::{KeyError, PublicKey};
use serde::Deserialize;

/// What the data do not say themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetDescription {
    /// The dataset's name.
    pub id: DatasetId,
    /// One line for people.
    pub title: String,
    /// What the data are, where they come from, under which terms.
    pub description: String,
    /// How much harm a disclosure would do.
    pub classification: Classification,
    /// By column. One that is missing here is a categorical quasi-identifier.
    pub columns: BTreeMap<String, ColumnDescription>,
    /// Who decides on uses.
    pub custodians: Custodians,
    /// Between the cells of a row of a `.csv` file.
    pub separator: u8,
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnDescription {
    /// What it can give away.
    pub role: Role,
    /// How its values compare.
    #[serde(default = "categorical")]
    pub kind: Kind,
}

const fn categorical() -> Kind {
    Kind::Categorical
}

impl DatasetDescription {
    /// Reads the file at `path`. Custodians are `ed25519:` keys or PEM files, relative to its folder.
    ///
    /// # Errors
    /// [`DescriptionError`].
    pub fn read(path: &Path) -> Result<Self, DescriptionError> {
        let toml = fs::read_to_string(path)
            .map_err(|error| DescriptionError::File(path.to_owned(), error))?;
        let raw: Raw = toml::from_str(&toml).map_err(DescriptionError::Toml)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let keys = raw.custodians.iter().map(|text| custodian(text, folder));
        let keys = keys.collect::<Result<BTreeSet<_>, _>>()?;
        Ok(Self {
            id: raw.id,
            title: raw.title,
            description: raw.description,
            classification: raw.classification,
            columns: raw.columns,
            custodians: Custodians::new(keys, raw.threshold)
                .map_err(DescriptionError::Custodians)?,
            separator: u8::try_from(raw.separator)
                .ok()
                .filter(u8::is_ascii)
                .ok_or(DescriptionError::Separator(raw.separator))?,
        })
    }

    /// The columns of the tables as the manifest lists them.
    pub(super) fn columns_of(&self, names: &[String]) -> Result<Vec<Column>, DescriptionError> {
        if let Some(absent) = self.columns.keys().find(|name| !names.contains(name)) {
            return Err(DescriptionError::NoSuchColumn(absent.clone()));
        }
        let column = |name: &String| {
            let said = self.columns.get(name).copied();
            let ColumnDescription { role, kind } = said.unwrap_or(UNDESCRIBED);
            Column { name: name.clone(), role, kind }
        };
        Ok(names.iter().map(column).collect())
    }

    /// The columns of a sealed dataset that this says nothing about: they were taken for
    /// quasi-identifiers, of which the custodian is to be warned.
    #[must_use]
    pub fn undescribed<'a>(&self, manifest: &'a DatasetManifest) -> Vec<&'a str> {
        let names = manifest.columns.iter().map(|column| column.name.as_str());
        names.filter(|name| !self.columns.contains_key(*name)).collect()
    }
}

fn custodian(text: &str, folder: &Path) -> Result<PublicKey, DescriptionError> {
    let refused = |error| DescriptionError::Key(text.to_owned(), error);
    if text.starts_with("ed25519:") {
        return text.parse().map_err(refused);
    }
    let path = folder.join(text);
    let pem = fs::read_to_string(&path).map_err(|error| DescriptionError::File(path, error))?;
    PublicKey::from_pem(&pem).map_err(refused)
}

/// The strictest that leaves the data usable.
const UNDESCRIBED: ColumnDescription =
    ColumnDescription { role: Role::QuasiIdentifier, kind: Kind::Categorical };

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: DatasetId,
    title: String,
    description: String,
    classification: Classification,
    custodians: Vec<String>,
    threshold: u32,
    #[serde(default = "comma")]
    separator: char,
    #[serde(default)]
    columns: BTreeMap<String, ColumnDescription>,
}

const fn comma() -> char {
    ','
}

/// Why a description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// No custodian, or a threshold that cannot be met.
    #[error("the description's custodians cannot decide")]
    Custodians(#[source] PartError),
    /// The description, or a PEM file that it names, cannot be read.
    #[error("`{path}` cannot be read", path = .0.display())]
    File(PathBuf, #[source] io::Error),
    /// A custodian's key is none.
    #[error("`{0}` is no custodian's public key")]
    Key(String, #[source] KeyError),
    /// A described column is in no table.
    #[error("no table has the described column `{0}`; correct its name or the `separator`")]
    NoSuchColumn(String),
    /// The separator is not one ASCII character.
    #[error("`{0}` is no separator: it is one ASCII character")]
    Separator(char),
    /// Not the expected TOML.
    #[error("the description cannot be read")]
    Toml(#[source] toml::de::Error),
}

impl Reason for DescriptionError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Custodians(_) => "description.custodians",
            Self::File(..) => "description.file",
            Self::Key(..) => "description.key",
            Self::NoSuchColumn(_) => "description.no-such-column",
            Self::Separator(_) => "description.separator",
            Self::Toml(_) => "description.malformed",
        }
    }
}
