//! Cells into dictionary codes.

use std::borrow::Cow;
use std::collections::HashMap;

use disclosure::{Column, TableError};
use foldhash::fast::RandomState;

use crate::Dialect;
use crate::read::BLANKS;

/// The cells of one column in one part of a file, numbered as they stand: what they mean is looked at
/// once for each that is different.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    codes: Vec<u32>,
    texts: Vec<Box<[u8]>>,
    short: HashMap<u128, u32, RandomState>,
    long: HashMap<Box<[u8]>, u32, RandomState>,
    /// Neighbours are often equal.
    last: Option<(u128, u32)>,
}

impl Cells {
    /// The cell of `text` from `start` to `end`.
    pub(crate) fn push(&mut self, text: &[u8], start: usize, end: usize) {
        match key(text, start, end) {
            Some(key) => self.push_key(key, || text.get(start..end).unwrap_or_default().into()),
            None => self.push_long(text.get(start..end).unwrap_or_default()),
        }
    }

    /// A cell that `key` stands for and no other.
    pub(crate) fn push_key(&mut self, key: u128, cell: impl FnOnce() -> Box<[u8]>) {
        let code = match self.last {
            Some((last, code)) if last == key => code,
            _ => *self.short.entry(key).or_insert_with(|| number(&mut self.texts, cell())),
        };
        self.last = Some((key, code));
        self.codes.push(code);
    }

    /// A cell that no key stands for.
    pub(crate) fn push_long(&mut self, cell: &[u8]) {
        let code = self.long.get(cell).copied().unwrap_or_else(|| {
            let code = number(&mut self.texts, cell.into());
            self.long.insert(cell.into(), code);
            code
        });
        self.codes.push(code);
    }

    /// The same cells with other texts, in the order in which they were first met.
    pub(crate) fn with_texts(self, texts: Vec<Box<[u8]>>) -> Self {
        Self { texts, ..self }
    }
}

fn number(texts: &mut Vec<Box<[u8]>>, cell: Box<[u8]>) -> u32 {
    texts.push(cell);
    // As many cells as do not fit in 32 bits are refused as a table.
    u32::try_from(texts.len() - 1).unwrap_or(u32::MAX)
}

/// Bytes and length of a short cell in one number: quicker to compare and to hash than a text.
fn key(text: &[u8], start: usize, end: usize) -> Option<u128> {
    let cell = text.get(start..end).filter(|cell| cell.len() < KEY_BYTES)?;
    let length = u32::try_from(cell.len()).ok()?;
    let cell = match text.get(start..)?.first_chunk::<KEY_BYTES>() {
        // What is behind the cell is shifted out.
        Some(bytes) => {
            let behind = u128::BITS - 8 * length;
            u128::from_le_bytes(*bytes).checked_shl(behind).map_or(0, |cell| cell >> behind)
        }
        None => cell.iter().rev().fold(0, |cell, &byte| cell << 8 | u128::from(byte)),
    };
    Some(cell | u128::from(length) << (8 * (KEY_BYTES - 1)))
}

/// The last holds the length.
const KEY_BYTES: usize = 16;

/// Why cells are no column.
#[derive(Debug)]
pub(crate) enum Unencodable {
    /// The first row, counted from 1, whose cell is not UTF-8.
    NotUtf8(u64),
    Table(TableError),
}

impl From<TableError> for Unencodable {
    fn from(error: TableError) -> Self {
        Self::Table(error)
    }
}

/// The column of the cells in all `parts`, each of which stands for what `meaning` says: none if it is
/// not UTF-8, and the empty text for the missing value.
pub(crate) fn column(
    name: &str,
    parts: Vec<Cells>,
    meaning: impl Fn(&[u8]) -> Option<Cow<'_, str>>,
) -> Result<Column, Unencodable> {
    let mut texts: Vec<(Cow<'_, str>, usize)> = Vec::new();
    for text in parts.iter().flat_map(|part| &part.texts) {
        let text = meaning(text).ok_or_else(|| not_utf8(&parts))?;
        texts.push((text, texts.len()));
    }
    texts.sort_unstable();
    let mut dictionary: Vec<String> = Vec::new();
    let mut code_of = vec![0; texts.len()];
    for same in texts.chunk_by(|(a, _), (b, _)| a == b) {
        let code = u32::try_from(dictionary.len()).map_err(|_| TableError::TooLong)?;
        for (_, place) in same {
            code_of.get_mut(*place).into_iter().for_each(|of| *of = code);
        }
        dictionary.extend(same.first().map(|(text, _)| text.clone().into_owned()));
    }
    let mut codes = Vec::with_capacity(parts.iter().map(|part| part.codes.len()).sum());
    let mut code_of = code_of.as_slice();
    for part in parts {
        let (of_part, others) = code_of.split_at(part.texts.len().min(code_of.len()));
        let code = |code: u32| of_part.get(usize::try_from(code).ok()?).copied();
        codes.extend(part.codes.into_iter().map(|own| code(own).unwrap_or(u32::MAX)));
        code_of = others;
    }
    Ok(Column::from_codes(name, dictionary, codes)?)
}

/// What a cell of a CSV file stands for, without the marks around it; none if that is not UTF-8.
pub(crate) fn csv_meaning<'a>(cell: &'a [u8], dialect: &Dialect) -> Option<Cow<'a, str>> {
    let text = std::str::from_utf8(cell).ok()?;
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let text = match quoted {
        Some(text) if text.contains('"') => Cow::from(text.replace("\"\"", "\"")),
        Some(text) => Cow::from(text),
        None => Cow::from(text),
    };
    Some(meaning(text, dialect))
}

/// What a text stands for, as `dialect` says: the empty text is the missing value.
pub(crate) fn meaning<'a>(text: Cow<'a, str>, dialect: &Dialect) -> Cow<'a, str> {
    let text = match text {
        Cow::Borrowed(text) if dialect.trim => Cow::from(text.trim_matches(BLANKS)),
        Cow::Owned(text) if dialect.trim => Cow::from(text.trim_matches(BLANKS).to_owned()),
        text => text,
    };
    if dialect.null_texts.contains(text.as_ref()) { Cow::from("") } else { text }
}

/// Names the first row with such a text.
fn not_utf8(parts: &[Cells]) -> Unencodable {
    let is_text = |part: &Cells, code: u32| {
        let text = usize::try_from(code).ok().and_then(|code| part.texts.get(code));
        text.is_some_and(|text| std::str::from_utf8(text).is_ok())
    };
    let cells = parts.iter().flat_map(|part| part.codes.iter().map(move |&code| (part, code)));
    let row = (1..).zip(cells).find(|(_, (part, code))| !is_text(part, *code));
    Unencodable::NotUtf8(row.map_or(0, |(row, _)| row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_one_cell() {
        let text = b"ab,ab\0,,0123456789abcde,0123456789abcdef,ab";
        let cells = [(0, 2), (3, 6), (7, 7), (8, 23), (24, 40), (41, 43)];
        let keys = cells.map(|(start, end)| key(text, start, end));
        assert_eq!(keys.map(|key| key.is_some()), [true, true, true, true, false, true]);
        // Beside the end of the text as elsewhere.
        assert_eq!(keys[0], keys[5]);
        let different = std::collections::BTreeSet::from(keys);
        assert_eq!(different.len(), 5);
    }
}
