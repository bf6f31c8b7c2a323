//! One response, and how it is judged.

use std::sync::OnceLock;

use domain::{Digest, Timestamp};
use testkit::stamps::{Forge, Forged, KeyKind, OpensslAuthority, Plan};
use timestamp::{Authorities, Request, StampError, Stamped, Token};

/// What is stamped.
pub(crate) const DATA: &[u8] = b"a checkpoint";
/// The nonce that is sent.
pub(crate) const NONCE: [u8; 16] = [0x11; 16];

/// A response with all that its judge is given.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) response: Vec<u8>,
    pub(crate) root: String,
    pub(crate) beside: String,
    /// Whether it is a stamp of the machine's time, not of the forge's.
    pub(crate) of_now: bool,
}

impl Case {
    pub(crate) fn new(name: &str, forged: &Forged, beside: bool) -> Self {
        Self {
            name: name.to_owned(),
            response: forged.response.clone(),
            root: forged.root(),
            beside: if beside { forged.beside() } else { String::new() },
            of_now: false,
        }
    }

    pub(crate) fn verdict(&self) -> Result<Stamped, StampError> {
        let authorities = Authorities::from_pem(self.root.as_bytes(), self.beside.as_bytes())?;
        Token::from_response(&self.response)?.answers(&request(), &authorities, latest())
    }
}

pub(crate) fn request() -> Request {
    Request::new(&Digest::of(DATA), &NONCE, Some("1.3.6.1.4.1.13762.3".parse().unwrap())).unwrap()
}

pub(crate) fn forge() -> &'static Forge {
    static FORGE: OnceLock<Forge> = OnceLock::new();
    FORGE.get_or_init(|| Forge::new("2026-11-20T12:00:00Z".parse().unwrap()).unwrap())
}

/// Ten minutes after the stamps of the forge.
pub(crate) fn latest() -> Timestamp {
    forge().time().plus_seconds(600)
}

/// A right answer with a key of this kind.
pub(crate) fn plan(key: KeyKind) -> Plan {
    forge().plan(&Digest::of(DATA), &NONCE, key)
}

pub(crate) fn forged(plan: &Plan) -> Forged {
    forge().carry_out(plan).unwrap()
}

/// What `openssl ts` answers to the request, and the root under which it does.
pub(crate) fn openssl(folder: &std::path::Path) -> (Vec<u8>, OpensslAuthority) {
    let authority = OpensslAuthority::create(folder, P256).unwrap();
    (authority.reply(request().as_der()).unwrap(), authority)
}

pub(crate) const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
