//! Sets of records, compressed: the runs of consecutive record ids, each as a gap and a length.

use domain::Reason;

/// A set of records of a dataset. A record's id is its row in the sealed dataset, counted from 0.
///
/// A set has exactly one encoding. A run of ids is a number in LEB128 (shortest form): twice the
/// count of ids skipped since the run before it, plus 1 if the run is longer than one id; then
/// follows its length less 2, in LEB128 too. One id in sixty takes one byte for each; a run of any
/// length takes a few bytes. The encoding is part of the signed ledger, so that it is defined here
/// and not by the version of a library.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordSet {
    len: u64,
    bytes: Vec<u8>,
}

impl RecordSet {
    /// Reads an encoding.
    ///
    /// # Errors
    /// [`RecordSetError`] for bytes that are not the one encoding of a set.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordSetError> {
        let mut runs = Runs { rest: bytes, last: None };
        let mut len = 0;
        while let Some((first, last)) = runs.read()? {
            len += u64::from(last - first) + 1;
        }
        Ok(Self { len, bytes: bytes.to_vec() })
    }

    /// The one encoding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The number of records.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no record.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The ids, ascending.
    pub fn records(&self) -> impl Iterator<Item = u32> {
        self.runs().flat_map(|(first, last)| first..=last)
    }

    /// The greatest id.
    pub(crate) fn last(&self) -> Option<u32> {
        self.runs().last().map(|(_, last)| last)
    }

    /// The first and last id of each run, ascending.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (u32, u32)> {
        let mut runs = Runs { rest: &self.bytes, last: None };
        // INVARIANT: `bytes` were parsed or written here, so that reading them finds no error.
        std::iter::from_fn(move || runs.read().ok().flatten())
    }

    fn push(&mut self, previous: Option<u32>, first: u32, last: u32) {
        let gap = u64::from(previous.map_or(first, |previous| first - previous - 1));
        let more = u64::from(last - first);
        self.len += more + 1;
        write(&mut self.bytes, gap * 2 + more.min(1));
        if let Some(beyond_two) = more.checked_sub(1) {
            write(&mut self.bytes, beyond_two);
        }
    }
}

impl FromIterator<u32> for RecordSet {
    /// The set of these ids, in any order; an id given twice counts once.
    fn from_iter<I: IntoIterator<Item = u32>>(ids: I) -> Self {
        let mut ids: Vec<u32> = ids.into_iter().collect();
        if !ids.is_sorted() {
            ids.sort_unstable();
        }
        ids.dedup();
        let (mut set, mut previous) = (Self::default(), None);
        for run in ids.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
            if let (Some(&first), Some(&last)) = (run.first(), run.last()) {
                set.push(previous, first, last);
                previous = Some(last);
            }
        }
        set
    }
}

/// Reads run after run.
struct Runs<'a> {
    rest: &'a [u8],
    last: Option<u32>,
}

impl Runs<'_> {
    fn read(&mut self) -> Result<Option<(u32, u32)>, RecordSetError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let head = self.number()?;
        let first = match self.last {
            None => head / 2,
            // A gap of nothing would be one run in two pieces.
            Some(_) if head / 2 == 0 => return Err(RecordSetError::Split),
            Some(last) => u64::from(last) + head / 2 + 1,
        };
        let last = if head % 2 == 0 { first } else { first + self.number()? + 1 };
        let first = u32::try_from(first).map_err(|_| RecordSetError::TooLarge)?;
        let last = u32::try_from(last).map_err(|_| RecordSetError::TooLarge)?;
        self.last = Some(last);
        Ok(Some((first, last)))
    }

    /// A number in LEB128, at most five bytes: 35 bits.
    fn number(&mut self) -> Result<u64, RecordSetError> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let (&byte, rest) = self.rest.split_first().ok_or(RecordSetError::Truncated)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let shortest = byte != 0 || shift == 0;
                return if shortest { Ok(value) } else { Err(RecordSetError::Padded) };
            }
        }
        Err(RecordSetError::TooLarge)
    }
}

fn write(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = (number & 0x7f).to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

/// Why bytes are not a [`RecordSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordSetError {
    /// A number that is not in its shortest form.
    #[error("number in a record set is not in its shortest form")]
    Padded,
    /// Two runs with no gap between them.
    #[error("run of a record set is split")]
    Split,
    /// A record id above 32 bits.
    #[error("record id does not fit in 32 bits")]
    TooLarge,
    /// The bytes end within a run.
    #[error("record set ends within a run")]
    Truncated,
}

impl Reason for RecordSetError {
    fn reason(&self) -> &'static str {
        match self {
            Self::Padded => "footprints.number-padded",
            Self::Split => "footprints.run-split",
            Self::TooLarge => "footprints.record-too-large",
            Self::Truncated => "footprints.truncated",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_one_encoding() {
        let set: RecordSet = [9, 2, 3, 4, 9, 200].into_iter().collect();
        assert_eq!(set.as_bytes(), [2 * 2 + 1, 1, 4 * 2, 0xfc, 2]);
        assert_eq!(set.len(), 5);
        assert_eq!(set.records().collect::<Vec<_>>(), [2, 3, 4, 9, 200]);
        assert_eq!(RecordSet::parse(set.as_bytes()), Ok(set));
        let ends: RecordSet = [0, u32::MAX].into_iter().collect();
        assert_eq!(RecordSet::parse(ends.as_bytes()), Ok(ends));
    }

    #[test]
    fn other_encodings_are_refused() {
        for (bytes, error) in [
            (&[0x80, 0][..], RecordSetError::Padded),
            (&[0, 0], RecordSetError::Split),
            (&[0x80], RecordSetError::Truncated),
            (&[1], RecordSetError::Truncated),
            (&[0xfe, 0xff, 0xff, 0xff, 0x7f], RecordSetError::TooLarge),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 1], RecordSetError::TooLarge),
        ] {
            assert_eq!(RecordSet::parse(bytes), Err(error), "{bytes:?}");
        }
    }
}
