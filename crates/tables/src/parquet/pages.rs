//! Whether the lengths that a Parquet file states of itself agree: polars takes memory for what it is
//! told, and a claim of 2⁶⁰ values would end the program.

use std::io::Cursor;

use polars_parquet::parquet::metadata::{ColumnChunkMetadata, RowGroupMetadata};
use polars_parquet::parquet::page::CompressedPage;
use polars_parquet::parquet::read::{PageReader, read_metadata};

use super::{ParquetError, guarded};

/// Refuses `bytes` unless the pages of each of the columns named have as many values as there are rows.
pub(super) fn check(bytes: &[u8], columns: &[&str]) -> Result<(), ParquetError> {
    let metadata = guarded(|| Ok(read_metadata(&mut Cursor::new(bytes))?))?;
    let mut rows = 0_usize;
    for group in &metadata.row_groups {
        rows = rows.checked_add(group.num_rows()).ok_or(ParquetError::Lengths)?;
        for chunk in group.parquet_columns().iter().filter(|chunk| is_of(chunk, columns)) {
            check_chunk(bytes, group, chunk)?;
        }
    }
    if rows != metadata.num_rows {
        return Err(ParquetError::Lengths);
    }
    if u32::try_from(rows).is_err() {
        return Err(disclosure::TableError::TooLong.into());
    }
    Ok(())
}

fn is_of(chunk: &ColumnChunkMetadata, columns: &[&str]) -> bool {
    let path = &chunk.descriptor().path_in_schema;
    path.first().is_some_and(|name| columns.contains(&name.as_str()))
}

fn check_chunk(
    bytes: &[u8],
    group: &RowGroupMetadata,
    chunk: &ColumnChunkMetadata,
) -> Result<(), ParquetError> {
    let range = guarded(|| Ok(chunk.byte_range()))?;
    let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    let pages = bytes.get(place(range.start)..place(range.end)).ok_or(ParquetError::Lengths)?;
    let pages = Cursor::new(pages.to_vec().into());
    let mut pages = PageReader::new(pages, chunk, Vec::new(), bytes.len());
    let mut values = 0_usize;
    while let Some(page) = guarded(|| Ok(pages.next().transpose()?))? {
        if let CompressedPage::Data(page) = page {
            values = values.checked_add(page.num_values()).ok_or(ParquetError::Lengths)?;
        }
    }
    if values == group.num_rows() { Ok(()) } else { Err(ParquetError::Lengths) }
}
