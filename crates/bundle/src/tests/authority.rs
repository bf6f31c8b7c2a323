//! A time stamp authority (RFC 3161) made of `openssl ts`: a program that is not ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// An authority with a root of its own.
pub(crate) struct Authority {
    folder: tempfile::TempDir,
    requests: AtomicU32,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let authority = Self { folder: tempfile::tempdir().unwrap(), requests: AtomicU32::new(0) };
        authority.write("ca.cnf", CA);
        authority.write("tsa.cnf", TSA);
        authority.write("serial", "01\n");
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        authority.openssl(&format!(
            "req -x509 {key} -keyout root.key -out root.pem -days 3650 -config ca.cnf \
             -subj /CN=Root -extensions root"
        ));
        authority.openssl(&format!(
            "req -new {key} -keyout tsa.key -out tsa.csr -config ca.cnf -subj /CN=Authority"
        ));
        authority.openssl(
            "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -set_serial 2 -days 3650 \
             -out tsa.pem -extfile ca.cnf -extensions tsa",
        );
        authority
    }

    /// The authority's certificate and its root, DER.
    pub(crate) fn chain(&self) -> Vec<Vec<u8>> {
        ["tsa", "root"]
            .iter()
            .map(|name| {
                self.openssl(&format!("x509 -in {name}.pem -outform DER -out {name}.der"));
                fs::read(self.path(&format!("{name}.der"))).unwrap()
            })
            .collect()
    }

    /// A response over `bytes`, as of now by the system's clock.
    pub(crate) fn stamp(&self, bytes: &[u8]) -> Vec<u8> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let (data, query, response) =
            (format!("{number}.data"), format!("{number}.tsq"), format!("{number}.tsr"));
        self.write(&data, bytes);
        self.openssl(&format!("ts -query -data {data} -sha256 -out {query}"));
        self.openssl(&format!(
            "ts -reply -config tsa.cnf -section tsa -queryfile {query} -out {response}"
        ));
        fs::read(self.path(&response)).unwrap()
    }

    /// A P-256 key in PKCS #8, DER.
    pub(crate) fn signing_key(&self) -> Vec<u8> {
        self.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out signer.pem");
        // `genpkey` itself writes another form in DER.
        self.openssl("pkcs8 -topk8 -nocrypt -in signer.pem -outform DER -out signer.der");
        fs::read(self.path("signer.der")).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.folder.path()).join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .output()
            .expect("no `openssl`: run `make setup`");
        assert!(
            output.status.success(),
            "openssl {arguments}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

const CA: &str = "[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:TRUE
subjectKeyIdentifier = hash
[tsa]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
";

const TSA: &str = "[tsa]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
";
