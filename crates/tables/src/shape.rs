//! The shape of a CSV text (RFC 4180): a pass over its bytes that counts rows and refuses whatever
//! a lenient reader would repair, because repairing a table loses people.

use crate::CsvError;

/// The rows below the header, each of them as wide as it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape<'a> {
    /// The rows without line ends behind the last.
    pub(crate) body: &'a [u8],
    /// How many rows there are.
    pub(crate) rows: u64,
}

/// Checks `body`, the text below the header, which has `width` cells and ends before `line`.
pub(crate) fn shape(
    body: &[u8],
    separator: u8,
    width: usize,
    line: u64,
) -> Result<Shape<'_>, CsvError> {
    let mut scan = Scan { separator, width, row: 1, line, ..Scan::default() };
    for &byte in body {
        scan.byte(byte)?;
    }
    let rows = scan.finish()?;
    let end = body.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |at| at + 1);
    Ok(Shape { body: body.get(..end).unwrap_or_default(), rows })
}

#[derive(Debug, Default)]
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
        let at_start = matches!(self.state, State::Start | State::ReturnAtStart);
        self.state = State::Start;
        let line = self.line;
        self.line += 1 + std::mem::take(&mut self.inner_lines);
        if at_start && self.cells == 0 {
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

    /// The number of rows.
    fn finish(mut self) -> Result<u64, CsvError> {
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
            _ => Ok(self.row - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reason as _;

    fn rows(body: &str, width: usize) -> Result<u64, &'static str> {
        shape(body.as_bytes(), b',', width, 2).map(|shape| shape.rows).map_err(|e| e.reason())
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
            assert_eq!(rows(body, 2), Ok(expected), "{body:?}");
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
            assert_eq!(rows(body, 2), Err(reason), "{body:?}");
        }
        assert_eq!(rows("a\n\n", 1), Err("csv.blank-row"));
        assert_eq!(rows("a\n\"\"\n", 1), Ok(2));
    }

    #[test]
    fn a_refusal_names_row_and_line() {
        let error = shape(b"a,\"x\ny\"\nb\n", b',', 2, 2).unwrap_err();
        assert!(matches!(error, CsvError::Ragged { row: 2, line: 4, found: 1, expected: 2 }));
    }

    #[test]
    fn line_ends_behind_the_last_row_are_left_off() {
        assert_eq!(shape(b"a,b\r\n\r\n", b',', 2, 2).unwrap().body, b"a,b");
    }
}
