//! The rows of a CSV text (RFC 4180): a pass over its bytes that hands out cells and refuses whatever
//! a lenient reader would repair, because repairing a table loses people.

use memchr::{memchr, memchr3_iter};

use crate::CsvError;
use crate::source::{Source, Window};

/// What there is in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) rows: u64,
    /// Whether empty lines follow the last row.
    pub(crate) ends_blank: bool,
}

/// How rows are written, and where in the file the first one is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub(crate) separator: u8,
    /// The cells of a row.
    pub(crate) width: usize,
    /// The line of the first row.
    pub(crate) line: u64,
}

impl Rows {
    /// Checks the rows of `source` that begin at `from` or later and before `until`; where the next one
    /// begins stands beside what there is. Of each row `take` gets a text that begins with it, and
    /// where in that its cells end: each begins one byte behind the end of the one before, and is as
    /// it stands, quotation marks and all. An error may come after rows.
    pub(crate) fn of(
        self,
        source: Source<'_>,
        (from, until): (u64, u64),
        mut take: impl FnMut(&[u8], &[usize]),
    ) -> Result<(Shape, u64), CsvError> {
        let Self { separator, width, line } = self;
        let mut scan = Scan { separator, width, row: 1, line, ..Scan::default() };
        let mut ends = Vec::with_capacity(width);
        let mut window = Window::new(source, from);
        let mut is_last = false;
        while window.position() < until && !is_last {
            ends.clear();
            let length = match scan.plain_row(&window, &mut ends) {
                Some(length) => length,
                None => {
                    let mut tried = scan.clone();
                    let (length, has_ended) = tried.any_row(window.bytes(), &mut ends)?;
                    if !has_ended && window.grow().map_err(CsvError::Unreadable)? {
                        continue;
                    }
                    scan = tried;
                    is_last = !has_ended;
                    length
                }
            };
            if !ends.is_empty() {
                take(window.bytes(), &ends);
            }
            window.pass(length);
        }
        Ok((scan.finish()?, window.position()))
    }
}

#[derive(Clone, Debug, Default)]
struct Scan {
    separator: u8,
    width: usize,
    state: State,
    /// Cells that ended in this row.
    cells: usize,
    /// The row that is being read.
    row: u64,
    line: u64,
    /// The first of the empty lines just read: nothing may follow but more of them.
    blank: Option<(u64, u64)>,
    /// Line ends within the cells of this row.
    inner_lines: u64,
}

/// Where in a cell the scan is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Plain,
    Quoted,
    /// After a quotation mark in a quoted cell: its end, or half of a doubled mark.
    Mark,
    /// After a carriage return.
    Return,
    /// After a carriage return at the start of a cell.
    ReturnAtStart,
}

impl Scan {
    /// Where the cells of the first row end, and how long it is with its line end; none unless it is
    /// as most are: whole, without quotation marks, and no carriage return but before the line feed.
    fn plain_row(&mut self, window: &Window<'_>, ends: &mut Vec<usize>) -> Option<usize> {
        if self.blank.is_some() || matches!(self.separator, b'\n' | b'\r' | b'"') {
            return None;
        }
        let text = window.bytes();
        for at in memchr3_iter(self.separator, b'\n', b'"', text) {
            match text.get(at) {
                Some(b'\n') => {}
                Some(b'"') => return None,
                _ => {
                    ends.push(at);
                    continue;
                }
            }
            let cells = text.get(..at)?;
            let cells = cells.strip_suffix(b"\r").unwrap_or(cells);
            ends.push(cells.len());
            let is_odd = window.returns && memchr(b'\r', cells).is_some();
            if ends.len() != self.width || cells.is_empty() || is_odd {
                return None;
            }
            self.row += 1;
            self.line += 1;
            return Some(at + 1);
        }
        None
    }

    /// The same of a row or empty line, whatever it is like, and whether it ended; an empty line has no
    /// cells.
    fn any_row(&mut self, text: &[u8], ends: &mut Vec<usize>) -> Result<(usize, bool), CsvError> {
        ends.clear();
        for (at, &byte) in text.iter().enumerate() {
            let (state, cells, row) = (self.state, self.cells, self.row);
            self.byte(byte)?;
            if self.row > row {
                ends.push(at.saturating_sub(state.bytes_behind_cell()));
                return Ok((at + 1, true));
            }
            if self.cells > cells {
                ends.push(at);
            } else if byte == b'\n' && state != State::Quoted {
                return Ok((at + 1, true));
            }
        }
        if self.in_row() {
            ends.push(text.len().saturating_sub(self.state.bytes_behind_cell()));
        }
        Ok((text.len(), false))
    }

    /// Whether anything of a row was read that has not ended.
    fn in_row(&self) -> bool {
        !matches!(self.state, State::Start | State::ReturnAtStart) || self.cells > 0
    }

    #[inline]
    fn byte(&mut self, byte: u8) -> Result<(), CsvError> {
        let state = self.state;
        self.state = match (state, byte) {
            (State::Quoted, b'"') => State::Mark,
            (State::Quoted, _) => {
                self.inner_lines += u64::from(byte == b'\n');
                State::Quoted
            }
            (_, b'\n') => return self.end_of_row(),
            (State::Return | State::ReturnAtStart, _) => {
                return Err(CsvError::CarriageReturn { row: self.row, line: self.line });
            }
            (State::Start, b'\r') => State::ReturnAtStart,
            (_, b'\r') => State::Return,
            (State::Mark | State::Start, b'"') => State::Quoted,
            (_, b'"') => return Err(CsvError::Quotes { row: self.row, line: self.line }),
            (_, byte) if byte == self.separator => {
                self.cells += 1;
                State::Start
            }
            (State::Mark, _) => return Err(CsvError::Quotes { row: self.row, line: self.line }),
            _ => State::Plain,
        };
        Ok(())
    }

    fn end_of_row(&mut self) -> Result<(), CsvError> {
        let is_blank = !self.in_row();
        self.state = State::Start;
        let line = self.line;
        self.line += 1 + std::mem::take(&mut self.inner_lines);
        if is_blank {
            self.blank.get_or_insert((self.row, line));
            return Ok(());
        }
        if let Some((row, line)) = self.blank {
            return Err(CsvError::BlankRow { row, line });
        }
        let (row, found, expected) = (self.row, self.cells + 1, self.width);
        if found != expected {
            return Err(CsvError::Ragged { row, line, found, expected });
        }
        self.cells = 0;
        self.row += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<Shape, CsvError> {
        let (row, line) = (self.row, self.line);
        match self.state {
            State::Quoted => return Err(CsvError::Unclosed { row, line }),
            State::Return => return Err(CsvError::CarriageReturn { row, line }),
            _ => {}
        }
        if self.state != State::Start || self.cells > 0 {
            // The last row may lack a line end.
            self.end_of_row()?;
        }
        match self.blank {
            // Of one column, an empty line may be a missing value.
            Some((row, line)) if self.width == 1 => Err(CsvError::BlankRow { row, line }),
            blank => Ok(Shape { rows: self.row - 1, ends_blank: blank.is_some() }),
        }
    }
}

impl State {
    /// Bytes since the end of the cell that a line end would belong to.
    const fn bytes_behind_cell(self) -> usize {
        match self {
            Self::Return | Self::ReturnAtStart => 1,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    fn shape(body: &str, width: usize) -> Result<Shape, CsvError> {
        taken(body, width, |_, _| {})
    }

    fn taken(
        body: &str,
        width: usize,
        take: impl FnMut(&[u8], &[usize]),
    ) -> Result<Shape, CsvError> {
        let rows = Rows { separator: b',', width, line: 2 };
        let (shape, end) = rows.of(Source::Bytes(body.as_bytes()), (0, u64::MAX), take)?;
        assert_eq!(end, u64::try_from(body.len()).unwrap());
        Ok(shape)
    }

    fn count(body: &str, width: usize) -> Result<u64, &'static str> {
        shape(body, width).map(|shape| shape.rows).map_err(|e| e.reason())
    }

    #[test]
    fn rows_are_counted() {
        for (body, expected) in [
            ("", 0),
            ("a,b", 1),
            ("a,b\n", 1),
            ("a,b\r\nc,d\r\n\r\n\n", 2),
            (",\n,", 2),
            ("\"a,\"\"\nb\",c\nd,\"\"\n", 2),
            ("a b,'c'\n", 1),
        ] {
            assert_eq!(count(body, 2), Ok(expected), "{body:?}");
        }
    }

    #[test]
    fn what_a_reader_would_repair_is_refused() {
        for (body, reason) in [
            ("a\n", "csv.ragged"),
            ("a,b\nc,d,e\n", "csv.ragged"),
            ("a,b\n\nc,d\n", "csv.blank-row"),
            ("a,b\n\r\nc,d\n", "csv.blank-row"),
            ("a,5\" pipe\n", "csv.quotes"),
            ("a,\"b\"c\n", "csv.quotes"),
            ("a,\"b\" \n", "csv.quotes"),
            ("a, \"b\"\n", "csv.quotes"),
            ("a,\"b\nc,d\n", "csv.unclosed-quote"),
            ("a,b\rc,d\n", "csv.carriage-return"),
            ("a,b\r\r\n", "csv.carriage-return"),
            ("a,b\r", "csv.carriage-return"),
        ] {
            assert_eq!(count(body, 2), Err(reason), "{body:?}");
        }
        assert_eq!(count("a\n\n", 1), Err("csv.blank-row"));
        assert_eq!(count("a\n\"\"\n", 1), Ok(2));
    }

    #[test]
    fn a_refusal_names_row_and_line() {
        let error = shape("a,\"x\ny\"\nb\n", 2).unwrap_err();
        assert!(matches!(error, CsvError::Ragged { row: 2, line: 4, found: 1, expected: 2 }));
    }

    #[test]
    fn cells_end_before_separators_and_line_ends() {
        for (body, expected) in [
            ("a,b\nc,\r\n", vec!["a", "b", "c", ""]),
            ("\"a,\"\"\nb\",c\r\n,\r\n\n", vec!["\"a,\"\"\nb\"", "c", "", ""]),
            ("a,b\n,\r", vec!["a", "b", "", ""]),
            ("a,\"b\"", vec!["a", "\"b\""]),
        ] {
            let mut cells = Vec::new();
            let take = |text: &[u8], ends: &[usize]| {
                let mut start = 0;
                for &end in ends {
                    cells.push(String::from_utf8(text[start..end].to_vec()).unwrap());
                    start = end + 1;
                }
            };
            taken(body, 2, take).unwrap();
            assert_eq!(cells, expected, "{body:?}");
        }
        assert!(shape("a,b\n\n", 2).unwrap().ends_blank);
    }
}
