//! Cells into dictionary codes.

use std::borrow::Cow;

use disclosure::Column;
use polars::prelude::PlHashMap;

use crate::read::BLANKS;
use crate::{CsvError, Dialect};

/// The cells of one column in one part of a file, numbered as they stand: what they mean is looked at
/// once for each that is different.
#[derive(Debug, Default)]
pub(crate) struct Cells<'a> {
    codes: Vec<u32>,
    numbers: PlHashMap<&'a [u8], u32>,
    texts: Vec<&'a [u8]>,
    /// Neighbours are often equal.
    last: Option<(&'a [u8], u32)>,
}

impl<'a> Cells<'a> {
    pub(crate) fn push(&mut self, cell: &'a [u8]) {
        let code = match self.last {
            Some((last, code)) if last == cell => code,
            _ => *self.numbers.entry(cell).or_insert_with(|| {
                self.texts.push(cell);
                // As many cells as do not fit in 32 bits are refused as a table.
                u32::try_from(self.texts.len() - 1).unwrap_or(u32::MAX)
            }),
        };
        self.last = Some((cell, code));
        self.codes.push(code);
    }
}

/// The column of the cells in all `parts`; an empty cell and the dialect's null texts become the
/// missing value.
pub(crate) fn column(
    name: &str,
    dialect: &Dialect,
    parts: Vec<Cells<'_>>,
) -> Result<Column, CsvError> {
    let mut texts: Vec<(Cow<'_, str>, usize)> = Vec::new();
    for text in parts.iter().flat_map(|part| &part.texts) {
        let text = meaning(text, dialect).ok_or_else(|| not_utf8(&parts))?;
        texts.push((text, texts.len()));
    }
    texts.sort_unstable();
    let mut dictionary: Vec<String> = Vec::new();
    let mut code_of = vec![0; texts.len()];
    for same in texts.chunk_by(|(a, _), (b, _)| a == b) {
        let code = u32::try_from(dictionary.len()).map_err(|_| disclosure::TableError::TooLong)?;
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

/// What a cell stands for; none if that is not UTF-8.
fn meaning<'a>(cell: &'a [u8], dialect: &Dialect) -> Option<Cow<'a, str>> {
    let text = std::str::from_utf8(cell).ok()?;
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let text = match quoted {
        Some(text) if text.contains('"') => Cow::from(text.replace("\"\"", "\"")),
        Some(text) => Cow::from(text),
        None => Cow::from(text),
    };
    let text = match text {
        Cow::Borrowed(text) if dialect.trim => Cow::from(text.trim_matches(BLANKS)),
        Cow::Owned(text) if dialect.trim => Cow::from(text.trim_matches(BLANKS).to_owned()),
        text => text,
    };
    Some(if dialect.null_texts.contains(text.as_ref()) { Cow::from("") } else { text })
}

/// Names the first row with such a text.
fn not_utf8(parts: &[Cells<'_>]) -> CsvError {
    let is_text = |part: &Cells<'_>, code: u32| {
        let text = usize::try_from(code).ok().and_then(|code| part.texts.get(code));
        text.is_some_and(|text| std::str::from_utf8(text).is_ok())
    };
    let cells = parts.iter().flat_map(|part| part.codes.iter().map(move |&code| (part, code)));
    let row = (1..).zip(cells).find(|(_, (part, code))| !is_text(part, *code));
    CsvError::NotUtf8 { row: row.map_or(0, |(row, _)| row) }
}
