//! `openssl ts` as an authority: in a folder, and over HTTP on the loopback interface.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// A root and a signer below it, made by openssl in a folder: `root.pem`, `signer.pem`.
#[derive(Clone, Debug)]
pub struct OpensslAuthority {
    folder: PathBuf,
}

impl OpensslAuthority {
    /// New keys in `folder`, the signer's as `openssl genpkey` makes it with `key`, such as
    /// `["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]`.
    ///
    /// # Errors
    /// If openssl is not there, or what it says.
    pub fn create(folder: &Path, key: &[&str]) -> io::Result<Self> {
        let authority = Self { folder: folder.to_owned() };
        fs::write(folder.join("openssl.cnf"), CONFIGURATION)?;
        fs::write(folder.join("serial"), "01\n")?;
        authority.openssl(&[
            "genpkey",
            "-out",
            "root.key",
            "-algorithm",
            "EC",
            "-pkeyopt",
            P256,
        ])?;
        authority.openssl(&[&["genpkey", "-out", "signer.key"], key].concat())?;
        authority.openssl(&[
            "req",
            "-x509",
            "-new",
            "-key",
            "root.key",
            "-out",
            "root.pem",
            "-days",
            "3650",
            "-subj",
            "/CN=openssl test root",
            "-config",
            "openssl.cnf",
            "-extensions",
            "root",
        ])?;
        authority.openssl(&[
            "req",
            "-new",
            "-key",
            "signer.key",
            "-out",
            "signer.csr",
            "-subj",
            "/CN=openssl test authority",
            "-config",
            "openssl.cnf",
        ])?;
        authority.openssl(&[
            "x509",
            "-req",
            "-in",
            "signer.csr",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-set_serial",
            "2",
            "-days",
            "3650",
            "-extfile",
            "openssl.cnf",
            "-extensions",
            "signer",
            "-out",
            "signer.pem",
        ])?;
        Ok(authority)
    }

    /// The same, with an accuracy of whole seconds: sigstore-tsa reads no fraction of one.
    ///
    /// # Errors
    /// If the configuration cannot be written.
    pub fn in_whole_seconds(self) -> io::Result<Self> {
        let whole = CONFIGURATION.replace(", millisecs:500, microsecs:100", "");
        fs::write(self.path("openssl.cnf"), whole)?;
        Ok(self)
    }

    /// A file of its folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The root, as PEM.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn root(&self) -> io::Result<Vec<u8>> {
        fs::read(self.path("root.pem"))
    }

    /// The signer's certificate, as PEM.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn signer(&self) -> io::Result<Vec<u8>> {
        fs::read(self.path("signer.pem"))
    }

    /// The response of `openssl ts -reply` to a request, both DER.
    ///
    /// # Errors
    /// What openssl says.
    pub fn reply(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        fs::write(self.path("q.tsq"), request)?;
        self.openssl(&[
            "ts",
            "-reply",
            "-config",
            "openssl.cnf",
            "-section",
            "tsa",
            "-queryfile",
            "q.tsq",
            "-out",
            "r.tsr",
        ])?;
        fs::read(self.path("r.tsr"))
    }

    /// Runs openssl in the folder; what it prints.
    ///
    /// # Errors
    /// What it says if it fails.
    pub fn openssl(&self, arguments: &[&str]) -> io::Result<String> {
        let output = Command::new("openssl").args(arguments).current_dir(&self.folder).output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if output.status.success() { Ok(said) } else { Err(io::Error::other(said)) }
    }

    /// Answers requests over HTTP until the program ends, one at a time. Whatever is not a request for a
    /// time stamp gets status 400.
    ///
    /// # Errors
    /// If no port of the loopback interface can be had.
    pub fn serve(self) -> io::Result<SocketAddr> {
        let serving = self.serve_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = serving.address;
        std::mem::forget(serving);
        Ok(address)
    }

    /// Answers requests at `address` until what is returned is dropped.
    ///
    /// # Errors
    /// If that cannot be listened on.
    pub fn serve_at(self, address: SocketAddr) -> io::Result<Serving> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&ended);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if asked.load(Ordering::SeqCst) {
                    return;
                }
                // A client that went away is its own affair.
                let _gone = self.answer(stream);
            }
        });
        Ok(Serving { address, ended, thread: Some(thread) })
    }

    fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        let (head, body) = loop {
            if let Some((head, body)) = whole(&request) {
                break (head, body);
            }
            let read = stream.read(&mut chunk)?;
            if read == 0 {
                return Ok(());
            }
            request.extend_from_slice(chunk.get(..read).unwrap_or_default());
        };
        let head = head.to_ascii_lowercase();
        let asked = head.starts_with("post ")
            && head.contains("content-type: application/timestamp-query\r\n");
        let reply = if asked { self.reply(&body) } else { Err(io::ErrorKind::InvalidInput.into()) };
        let (status, kind, body) = match reply {
            Ok(body) => ("200 OK", "application/timestamp-reply", body),
            Err(_) => ("400 Bad Request", "text/plain", b"no\n".to_vec()),
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), &body].concat())
    }
}

/// An authority that answers; once this is dropped, nobody listens there any more.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// Where it answers.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // It waits for a connection, and looks then.
        let _woken = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _joined = thread.join();
        }
    }
}

/// Head and body of a request, once both are there.
fn whole(request: &[u8]) -> Option<(String, Vec<u8>)> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n")?.checked_add(4)?;
    let (head, body) = request.split_at_checked(end)?;
    let head = String::from_utf8_lossy(head).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    (body.len() >= length.unwrap_or_default()).then(|| (head, body.to_vec()))
}

const P256: &str = "ec_paramgen_curve:P-256";

/// `certs` stays empty: with it openssl 3.0 writes a set of certificates that is not sorted.
const CONFIGURATION: &str = "\
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
[tsa]
serial = serial
crypto_device = builtin
signer_cert = signer.pem
signer_key = signer.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.13762.3
other_policies = 1.3.6.1.4.1.13762.4
digests = sha256
accuracy = secs:1, millisecs:500, microsecs:100
ess_cert_id_chain = no
ess_cert_id_alg = sha256
tsa_name = yes
";
