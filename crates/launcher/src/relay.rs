//! The guest's way out: QEMU starts one relay per connection, with the guest at its standard input
//! and output.
//!
//! It is not trusted: the agent's TLS ends in the broker or the airlock.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::thread;
use std::time::Duration;

/// Carries bytes between this process's standard input and output and `target`, until `target`
/// closes. The caller then ends the process: a thread may still wait for input.
///
/// # Errors
/// No connection within ten seconds, or one that broke.
pub fn run(target: SocketAddr) -> io::Result<()> {
    // Files of their own: `Stdout` would hold back what does not end in a newline.
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    carry(input, output, target)
}

fn carry(
    mut input: impl Read + Send + 'static,
    mut output: impl Write,
    target: SocketAddr,
) -> io::Result<()> {
    let mut incoming = TcpStream::connect_timeout(&target, CONNECT_TIMEOUT)?;
    incoming.set_nodelay(true)?;
    let mut outgoing = incoming.try_clone()?;
    thread::spawn(move || {
        let ended = io::copy(&mut input, &mut outgoing);
        // The peer's end of this connection is what ends the relay; here is only half of it.
        let how = if ended.is_ok() { Shutdown::Write } else { Shutdown::Both };
        let _already_closed = outgoing.shutdown(how);
    });
    io::copy(&mut incoming, &mut output)?;
    output.flush()
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn both_directions_are_carried_to_their_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        let echo = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut received = Vec::new();
            stream.read_to_end(&mut received).unwrap();
            stream.write_all(&received).unwrap();
            received.len()
        });
        let sent: Vec<u8> = (0..1 << 20).map(|index: u32| index.to_le_bytes()[1]).collect();
        let mut returned = Vec::new();
        carry(io::Cursor::new(sent.clone()), &mut returned, target).unwrap();
        assert_eq!(echo.join().unwrap(), sent.len());
        assert!(returned == sent);
    }

    #[test]
    fn a_target_that_closes_ends_the_relay_though_input_stays_open() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        let once = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"bye").unwrap();
        });
        let (_stays_open, input) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut returned = Vec::new();
        carry(input, &mut returned, target).unwrap();
        once.join().unwrap();
        assert_eq!(returned, b"bye");
    }

    #[test]
    fn nobody_there_is_an_error() {
        let target = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = carry(io::empty(), Vec::new(), target).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
