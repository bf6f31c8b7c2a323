//! Progress lines from a port that whoever controls the host can write to.

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};
use wire::guest::Progress;

/// Reads [`Progress`] lines. What is no such line, or a longer one than the agent writes, is
/// dropped: progress decides nothing.
#[derive(Debug)]
pub(crate) struct ProgressLines<R> {
    port: R,
    line: Vec<u8>,
    too_long: bool,
}

impl<R: AsyncBufRead + Unpin> ProgressLines<R> {
    pub(crate) const fn new(port: R) -> Self {
        Self { port, line: Vec::new(), too_long: false }
    }

    /// The next line; none once the port is closed or broken. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<Progress> {
        loop {
            let bytes = self.port.fill_buf().await.ok().filter(|bytes| !bytes.is_empty())?;
            let newline = bytes.iter().position(|byte| *byte == b'\n');
            let part = bytes.get(..newline.unwrap_or(bytes.len())).unwrap_or_default();
            self.too_long |= self.line.len().saturating_add(part.len()) > MAX_LINE_BYTES;
            if !self.too_long {
                self.line.extend_from_slice(part);
            }
            let used = part.len().saturating_add(usize::from(newline.is_some()));
            self.port.consume(used);
            if newline.is_some()
                && let Some(progress) = self.finish_line()
            {
                return Some(progress);
            }
        }
    }

    fn finish_line(&mut self) -> Option<Progress> {
        let parsed = serde_json::from_slice(&self.line).ok().filter(|_| !self.too_long);
        self.line.clear();
        self.too_long = false;
        parsed
    }
}

/// A reason code and one sentence take a tenth of it.
const MAX_LINE_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::BufReader;
    use wire::guest::Step;

    async fn read(input: &[u8], buffer: usize) -> Vec<Progress> {
        let mut lines = ProgressLines::new(BufReader::with_capacity(buffer, input));
        let mut read = Vec::new();
        while let Some(progress) = lines.next().await {
            read.push(progress);
        }
        read
    }

    #[tokio::test]
    async fn senseless_long_and_unfinished_lines_are_dropped() {
        let booted = r#"{"progress":"step","step":"booted","uptime_ms":7}"#;
        let long = format!(
            r#"{{"progress":"done","uptime_ms":1,"peak_memory_kib":2{}}}"#,
            " ".repeat(5000)
        );
        let input = format!("\n{booted}\n\u{1b}[31m\n{{\n{long}\n{booted}\n{booted}");
        let expected = vec![Progress::Step { step: Step::Booted, uptime_ms: 7 }; 2];
        for buffer in [1, 10, 100_000] {
            assert_eq!(read(input.as_bytes(), buffer).await, expected);
        }
    }
}
