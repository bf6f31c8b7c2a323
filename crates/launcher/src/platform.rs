//! How the security hardware is attached to a guest.

use std::error::Error;
use std::fmt::Debug;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use domain::claims::{GuestPolicy, HostData, Measurement, ReportData};
use wire::guest::REPORT_DATA_BYTES;

use crate::Machine;

/// How the security hardware is attached to a guest.
///
/// [`SnpPlatform`] is the real one. The emulated one is not here: the released program contains no
/// emulator. `lab` implements this trait with the security processor of `testkit`.
pub trait Platform: Debug + Send + Sync {
    /// What QEMU must set up around the guest.
    fn machine(&self) -> Machine;

    /// Plays the platform for a [`Machine::Plain`] guest on its virtio-serial port, on a thread of
    /// its own, until the port closes. [`serve_reports`] does the talking.
    ///
    /// # Errors
    /// The job then ends with [`crate::LauncherError::Platform`].
    fn attach(&self, launched: &LaunchedFacts, port: UnixStream) -> io::Result<()>;
}

/// AMD SEV-SNP: the guest asks the processor itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnpPlatform;

impl Platform for SnpPlatform {
    fn machine(&self) -> Machine {
        Machine::SevSnp
    }

    /// Nobody stands between the guest and its hardware: there is no port to serve.
    fn attach(&self, _: &LaunchedFacts, _: UnixStream) -> io::Result<()> {
        Ok(())
    }
}

/// What security hardware knows of a launch (AMD 56860 §8.17, LAUNCH_FINISH).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaunchedFacts {
    /// MEASUREMENT, from the files that QEMU is given, as an SEV-SNP launch measures them.
    pub measurement: Measurement,
    /// HOST_DATA, as the host chose it.
    pub host_data: HostData,
    /// POLICY, as the host chose it.
    pub policy: GuestPolicy,
}

/// Answers report requests ([`wire::guest::REPORT_DATA_BYTES`]) until the guest is gone. `answer`
/// makes the JSON of an `SnpEvidence` over the guest's REPORT_DATA.
///
/// # Errors
/// What `answer` gives; a request cut short; an answer longer than 4 GiB.
pub fn serve_reports<E>(
    mut port: UnixStream,
    mut answer: impl FnMut(ReportData) -> Result<Vec<u8>, E>,
) -> io::Result<()>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    while let Some(report_data) = request(&mut port)? {
        let evidence = answer(report_data).map_err(io::Error::other)?;
        let length = u32::try_from(evidence.len()).map_err(io::Error::other)?;
        port.write_all(&[&length.to_le_bytes(), evidence.as_slice()].concat())?;
    }
    Ok(())
}

/// The next request; none if the guest went away between two.
fn request(port: &mut UnixStream) -> io::Result<Option<ReportData>> {
    let mut bytes = [0; REPORT_DATA_BYTES];
    let (first, rest) = bytes.split_at_mut(1);
    match port.read(first) {
        Ok(0) => return Ok(None),
        // QEMU ended with an answer that the guest had not read.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
        Ok(_) => port.read_exact(rest)?,
        Err(error) => return Err(error),
    }
    Ok(Some(ReportData::from_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::thread;

    #[test]
    fn each_request_is_answered_with_its_length() {
        let (mut guest, port) = UnixStream::pair().unwrap();
        let server = thread::spawn(move || {
            serve_reports(port, |data| Ok::<_, Infallible>(vec![data.as_bytes()[0]; 3]))
        });
        for byte in [1, 2] {
            guest.write_all(&[byte; 64]).unwrap();
            let mut answer = [0; 7];
            guest.read_exact(&mut answer).unwrap();
            assert_eq!(answer, [3, 0, 0, 0, byte, byte, byte]);
        }
        drop(guest);
        server.join().unwrap().unwrap();
    }

    #[test]
    fn a_guest_that_leaves_with_an_answer_unread_is_no_error() {
        let (mut guest, port) = UnixStream::pair().unwrap();
        guest.write_all(&[1; 64]).unwrap();
        let (answered, wait) = std::sync::mpsc::channel();
        let server = thread::spawn(move || {
            serve_reports(port, |_| {
                answered.send(()).unwrap();
                Ok::<_, Infallible>(vec![0; 8])
            })
        });
        wait.recv().unwrap();
        guest.read_exact(&mut [0; 4]).unwrap();
        drop(guest);
        server.join().unwrap().unwrap();
    }

    #[test]
    fn half_a_request_and_a_failing_platform_are_errors() {
        let (mut guest, port) = UnixStream::pair().unwrap();
        guest.write_all(&[1; 10]).unwrap();
        drop(guest);
        let cut = serve_reports(port, |_| Ok::<_, Infallible>(Vec::new())).unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);

        let (mut guest, port) = UnixStream::pair().unwrap();
        guest.write_all(&[1; 64]).unwrap();
        let failed = serve_reports(port, |_| Err("no key")).unwrap_err();
        assert_eq!(failed.to_string(), "no key");
    }
}
