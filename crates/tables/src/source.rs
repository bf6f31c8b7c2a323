//! Where a table's bytes come from: memory, or a file that is read piece by piece.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use memchr::memchr;

/// Bytes that several threads may read at once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    Bytes(&'a [u8]),
    File(&'a File),
}

impl Source<'_> {
    pub(crate) fn length(&self) -> io::Result<u64> {
        match self {
            Self::Bytes(bytes) => Ok(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            Self::File(file) => Ok(file.metadata()?.len()),
        }
    }

    /// Reads some bytes from `offset` on; none at the end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Bytes(bytes) => {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                let rest = bytes.get(offset..).unwrap_or_default();
                let some = rest.iter().zip(buffer);
                Ok(some.map(|(from, to)| *to = *from).count())
            }
            Self::File(file) => loop {
                match file.read_at(buffer, offset) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => return read,
                }
            },
        }
    }
}

/// A part of the source in memory, moved on by whoever reads it.
pub(crate) struct Window<'a> {
    source: Source<'a>,
    /// Where in the source that begins which was not read yet.
    next: u64,
    buffer: Vec<u8>,
    /// What of the buffer is in use.
    start: usize,
    end: usize,
    /// Whether there was a carriage return in anything read.
    pub(crate) returns: bool,
}

impl<'a> Window<'a> {
    /// Over the source from `from` on, without anything yet.
    pub(crate) const fn new(source: Source<'a>, from: u64) -> Self {
        Self { source, next: from, buffer: Vec::new(), start: 0, end: 0, returns: false }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Where in the source the window begins.
    pub(crate) fn position(&self) -> u64 {
        self.next.saturating_sub(u64::try_from(self.end - self.start).unwrap_or(u64::MAX))
    }

    /// Leaves so many bytes behind.
    pub(crate) fn pass(&mut self, bytes: usize) {
        self.start = self.end.min(self.start.saturating_add(bytes));
    }

    /// Reads on; whether there was more. What is in the window stays there.
    pub(crate) fn grow(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.buffer.len() {
            self.buffer.resize((2 * self.buffer.len()).max(BLOCK), 0);
        }
        let free = self.buffer.get_mut(self.end..).unwrap_or_default();
        let read = self.source.read_at(self.next, free)?;
        self.returns |= memchr(b'\r', free.get(..read).unwrap_or_default()).is_some();
        self.end += read;
        self.next = self.next.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read > 0)
    }
}

/// Read at once: stays in the second cache.
const BLOCK: usize = 1 << 18;
