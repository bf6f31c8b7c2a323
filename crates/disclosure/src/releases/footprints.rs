//! What one output shows: for each file the records behind each of its cells.

use std::collections::BTreeMap;

use domain::{Digest, Reason};

use super::records::{RecordSet, RecordSetError};

/// The records behind one file of an output. A cell's number is its place, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Footprint {
    /// Cells of a table with its margins, steps of a curve, groups of a mean. Cells may overlap;
    /// one may be empty.
    Table {
        /// The records that each released cell counts.
        cells: Vec<RecordSet>,
    },
    /// Rows about one record each.
    Microdata {
        /// The records that look alike in the file: disjoint, none empty. Records in none of them
        /// are not in the file.
        classes: Vec<RecordSet>,
    },
}

impl Footprint {
    /// The cells or classes.
    #[must_use]
    pub fn sets(&self) -> &[RecordSet] {
        match self {
            Self::Table { cells: sets } | Self::Microdata { classes: sets } => sets,
        }
    }
}

/// The records behind one output: what the ledger keeps of a release, inside the trusted side only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprints {
    population: u32,
    files: BTreeMap<String, Footprint>,
}

impl Footprints {
    /// The footprints of `files`, by file name, in a dataset of `population` records.
    ///
    /// # Errors
    /// [`FootprintsError`] for the first file that is not as [`Footprint`] says, or beyond bounds.
    pub fn new(
        population: u32,
        files: BTreeMap<String, Footprint>,
    ) -> Result<Self, FootprintsError> {
        if files.is_empty() || files.len() > MAX_FILES {
            return Err(FootprintsError::Files);
        }
        for (name, footprint) in &files {
            if name.is_empty() || name.len() > MAX_NAME_BYTES {
                return Err(FootprintsError::Name);
            }
            valid(population, name, footprint)?;
        }
        Ok(Self { population, files })
    }

    /// The number of records in the dataset.
    #[must_use]
    pub const fn population(&self) -> u32 {
        self.population
    }

    /// The files, by name.
    #[must_use]
    pub const fn files(&self) -> &BTreeMap<String, Footprint> {
        &self.files
    }

    /// The one encoding (`docs/formats/release-ledger.md`).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.population.to_be_bytes());
        bytes.extend(short(self.files.len()));
        for (name, footprint) in &self.files {
            bytes.extend(short(name.len()));
            bytes.extend(name.as_bytes());
            bytes.push(match footprint {
                Footprint::Table { .. } => TABLE,
                Footprint::Microdata { .. } => MICRODATA,
            });
            bytes.extend(long(footprint.sets().len()));
            for set in footprint.sets() {
                bytes.extend(long(set.as_bytes().len()));
                bytes.extend(set.as_bytes());
            }
        }
        bytes
    }

    /// The digest of the encoding: what the ledger's chain binds.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// Reads an encoding of footprints in a dataset of `population` records.
    ///
    /// # Errors
    /// [`FootprintsError`] for bytes that are not the one encoding of such footprints.
    pub fn parse(bytes: &[u8], population: u32) -> Result<Self, FootprintsError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(FootprintsError::Format)?;
        let mut reader = Reader { rest };
        if reader.long()? != population {
            return Err(FootprintsError::Population);
        }
        let mut files = BTreeMap::new();
        for _ in 0..reader.short()? {
            let length = reader.short()?;
            let name = String::from_utf8(reader.take(usize::from(length))?.to_vec());
            let name = name.map_err(|_| FootprintsError::Name)?;
            if files.last_key_value().is_some_and(|(last, _)| *last >= name) {
                return Err(FootprintsError::Order(name));
            }
            let footprint = reader.footprint(&name)?;
            files.insert(name, footprint);
        }
        if !reader.rest.is_empty() {
            return Err(FootprintsError::Trailing);
        }
        Self::new(population, files)
    }
}

fn valid(population: u32, name: &str, footprint: &Footprint) -> Result<(), FootprintsError> {
    let sets = footprint.sets();
    if sets.iter().any(|set| set.last().is_some_and(|last| last >= population)) {
        return Err(FootprintsError::Record(name.to_owned()));
    }
    let shown: u64 = sets.iter().map(RecordSet::len).sum();
    match footprint {
        Footprint::Table { .. } => {
            let most = u64::from(population).saturating_mul(MAX_CELLS_OF_A_RECORD);
            let within = sets.len() <= MAX_CELLS && shown <= most;
            if within { Ok(()) } else { Err(FootprintsError::Cells(name.to_owned())) }
        }
        Footprint::Microdata { classes } => {
            let disjoint = shown <= u64::from(population) && disjoint(classes);
            let proper = disjoint && !classes.iter().any(RecordSet::is_empty);
            if proper { Ok(()) } else { Err(FootprintsError::Classes(name.to_owned())) }
        }
    }
}

/// In the memory of the runs: a few bytes may be of a population of billions.
fn disjoint(classes: &[RecordSet]) -> bool {
    let mut runs: Vec<(u32, u32)> = classes.iter().flat_map(RecordSet::runs).collect();
    runs.sort_unstable();
    runs.is_sorted_by(|(_, last), (next, _)| last < next)
}

/// A record, cell, atom or block number as an index.
pub(crate) const fn index(number: u32) -> usize {
    number as usize
}

// INVARIANT: `new` bounds what is counted here far below these widths.
fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

fn long(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], FootprintsError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(FootprintsError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FootprintsError> {
        self.take(N)?.try_into().map_err(|_| FootprintsError::Truncated)
    }

    fn short(&mut self) -> Result<u16, FootprintsError> {
        self.array().map(u16::from_be_bytes)
    }

    fn long(&mut self) -> Result<u32, FootprintsError> {
        self.array().map(u32::from_be_bytes)
    }

    fn footprint(&mut self, name: &str) -> Result<Footprint, FootprintsError> {
        let [kind] = self.array()?;
        let count = self.long()?;
        // Nothing is allocated for a count alone: each set takes four bytes at least.
        let mut sets = Vec::new();
        for _ in 0..count {
            let length = self.long()?;
            let set = RecordSet::parse(self.take(index(length))?);
            sets.push(set.map_err(|source| FootprintsError::Set(name.to_owned(), source))?);
        }
        match kind {
            TABLE => Ok(Footprint::Table { cells: sets }),
            MICRODATA => Ok(Footprint::Microdata { classes: sets }),
            _ => Err(FootprintsError::Format),
        }
    }
}

/// Why files or bytes are not [`Footprints`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FootprintsError {
    /// More cells than a table may have, or a record in more of them than it may be.
    #[error("table `{0}` has too many cells")]
    Cells(String),
    /// Classes that overlap or are empty.
    #[error("classes of `{0}` overlap or are empty")]
    Classes(String),
    /// No file, or too many.
    #[error("footprints are of no file or of too many")]
    Files,
    /// Bytes of another format or version.
    #[error("bytes are not footprints")]
    Format,
    /// A file name that is empty, too long or not UTF-8.
    #[error("file name in footprints is empty, too long or not UTF-8")]
    Name,
    /// A file that does not follow the one before it.
    #[error("file `{0}` of footprints is out of order")]
    Order(String),
    /// Footprints in a dataset with another number of records.
    #[error("footprints are of a dataset with another number of records")]
    Population,
    /// A record that the dataset does not have.
    #[error("file `{0}` has a record that the dataset does not have")]
    Record(String),
    /// A set of records that is not in its encoding.
    #[error("file `{0}` has a set of records that cannot be read")]
    Set(String, #[source] RecordSetError),
    /// Bytes after the last file.
    #[error("bytes follow the footprints")]
    Trailing,
    /// The bytes end too early.
    #[error("footprints end too early")]
    Truncated,
}

impl Reason for FootprintsError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Cells(_) => "footprints.cells",
            Self::Classes(_) => "footprints.classes",
            Self::Files => "footprints.files",
            Self::Format => "footprints.format",
            Self::Name => "footprints.name",
            Self::Order(_) => "footprints.order",
            Self::Population => "footprints.population",
            Self::Record(_) => "footprints.record",
            Self::Set(_, source) => source.reason(),
            Self::Trailing => "footprints.trailing",
            Self::Truncated => "footprints.truncated",
        }
    }
}

const MAGIC: &[u8] = b"cloister-footprints/1\n";
const TABLE: u8 = 0;
const MICRODATA: u8 = 1;
/// As many as the output rules allow.
const MAX_FILES: usize = 1_000;
const MAX_NAME_BYTES: usize = 1_024;
const MAX_CELLS: usize = 1 << 16;
/// On average over the records: a table of d dimensions with all margins has 2^d.
const MAX_CELLS_OF_A_RECORD: u64 = 64;
