//! The emulated platform: the launcher of `lab` answers on a virtio-serial port. Its evidence is
//! signed under roots that say so, and only who passes those roots to the verifier believes it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};

use domain::claims::ReportData;
use evidence::snp::SnpEvidence;
use wire::guest::EMULATED_PLATFORM_PORT;

use crate::platform::Platform;
use crate::{AgentError, ports};

/// The port, opened once and kept open.
#[derive(Debug)]
pub struct EmulatedPort {
    port: File,
}

impl EmulatedPort {
    /// The port, if the launcher gave the guest one.
    #[must_use]
    pub fn open() -> Option<Self> {
        let path = ports::find(EMULATED_PLATFORM_PORT)?;
        let port = OpenOptions::new().read(true).write(true).open(path).ok()?;
        Some(Self { port })
    }
}

impl Platform for EmulatedPort {
    fn evidence(&mut self, report_data: ReportData) -> Result<SnpEvidence, AgentError> {
        ask(&mut self.port, report_data).map_err(AgentError::system("asking the emulated platform"))
    }
}

fn ask(port: &mut (impl Read + Write), report_data: ReportData) -> io::Result<SnpEvidence> {
    port.write_all(report_data.as_bytes())?;
    let mut length = [0; 4];
    port.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MAX_ANSWER_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut answer = Vec::new();
    port.take(length.into()).read_to_end(&mut answer)?;
    Ok(serde_json::from_slice(&answer)?)
}

/// A report and two certificates take a tenth of it.
const MAX_ANSWER_BYTES: u32 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    struct Port {
        asked: Vec<u8>,
        answer: io::Cursor<Vec<u8>>,
    }

    impl Read for Port {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.answer.read(buffer)
        }
    }

    impl Write for Port {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.asked.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn port(length: u32, body: &[u8]) -> Port {
        let answer = [&length.to_le_bytes(), body].concat();
        Port { asked: Vec::new(), answer: io::Cursor::new(answer) }
    }

    #[test]
    fn one_question_one_answer() {
        let evidence = SnpEvidence { report: vec![1; 1184], vek: vec![2; 3], ask: vec![3; 4] };
        let body = serde_json::to_vec(&evidence).unwrap();
        let mut port = port(body.len().try_into().unwrap(), &body);
        let answer = ask(&mut port, ReportData::from_bytes([9; 64])).unwrap();
        assert_eq!(answer.report, evidence.report);
        assert_eq!(port.asked, [9; 64]);
    }

    #[test]
    fn long_short_and_senseless_answers_are_errors() {
        let ask =
            |mut port: Port| ask(&mut port, ReportData::from_bytes([0; 64])).unwrap_err().kind();
        assert_eq!(ask(port(MAX_ANSWER_BYTES + 1, b"")), io::ErrorKind::FileTooLarge);
        assert_eq!(ask(port(100, b"{}")), io::ErrorKind::InvalidData);
        assert_eq!(ask(port(2, b"{}")), io::ErrorKind::InvalidData);
    }
}
