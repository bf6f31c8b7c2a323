//! Texts into dictionary codes.

use std::collections::HashMap;

use disclosure::Column;
use polars::prelude::StringChunked;

use crate::read::BLANKS;
use crate::{CsvError, Dialect};

/// Encodes one column; an empty cell and the dialect's null texts become the missing value.
///
/// None if a cell is absent, which a well-formed file never has.
pub(crate) fn encode(
    name: &str,
    cells: &StringChunked,
    dialect: &Dialect,
) -> Option<Result<Column, CsvError>> {
    let mut codes = Vec::with_capacity(cells.len());
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut dictionary: Vec<&str> = Vec::new();
    // Neighbours are often equal.
    let mut last = None;
    for cell in cells.iter() {
        let raw = cell?;
        if let Some((text, code)) = last
            && text == raw
        {
            codes.push(code);
            continue;
        }
        let text = meaning(raw, dialect);
        let code = match numbers.get(text) {
            Some(&code) => code,
            None => {
                let Ok(code) = u32::try_from(dictionary.len()) else {
                    return Some(Err(disclosure::TableError::TooLong.into()));
                };
                numbers.insert(text, code);
                dictionary.push(text);
                code
            }
        };
        codes.push(code);
        last = Some((raw, code));
    }
    let dictionary = dictionary.into_iter().map(str::to_owned).collect();
    Some(Column::from_codes(name, dictionary, codes).map_err(CsvError::from))
}

/// What a cell stands for.
fn meaning<'a>(raw: &'a str, dialect: &Dialect) -> &'a str {
    let text = if dialect.trim { raw.trim_matches(BLANKS) } else { raw };
    if dialect.null_texts.contains(text) { "" } else { text }
}
