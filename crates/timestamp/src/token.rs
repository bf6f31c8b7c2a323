//! A token, and what it proves.

use std::time::Duration;

use domain::{Digest, Timestamp};
use x509_cert::der::asn1::ObjectIdentifier;

use crate::certificate::Certificate;
use crate::info::Info;
use crate::signed::Signed;
use crate::{Authorities, Request, StampError, chain, response, signature};

/// A time stamp token (RFC 3161 §2.4.2), of which nothing was verified.
#[derive(Clone, Debug)]
pub struct Token {
    der: Vec<u8>,
    signed: Signed,
    info: Info,
}

/// What an authority under one of the given roots says: the bytes with the expected digest existed at
/// this time.
///
/// INVARIANT: made by [`Token::verify`] and [`Token::answers`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    time: Timestamp,
    accuracy: Option<Duration>,
    serial: String,
    policy: String,
    authority: String,
    path: Vec<Vec<u8>>,
}

impl Token {
    /// The token of an authority's response, as it comes over HTTP.
    ///
    /// # Errors
    /// `timestamp.rejected…`, `timestamp.waiting` or `timestamp.revocation-…` if the authority gave
    /// none; those of [`Token::from_der`].
    pub fn from_response(response: &[u8]) -> Result<Self, StampError> {
        Self::from_der(&response::token_of(response)?)
    }

    /// A token without a response around it.
    ///
    /// # Errors
    /// `timestamp.malformed`; `timestamp.content-type` if it is a signature over something else;
    /// `timestamp.signers` if it has not exactly one; `timestamp.algorithm` for another digest than
    /// SHA-256, SHA-384 or SHA-512; `timestamp.signed-attributes` if one is missing.
    pub fn from_der(der: &[u8]) -> Result<Self, StampError> {
        if der.len() > response::MAX_RESPONSE {
            return Err(StampError::Malformed("token"));
        }
        let signed = Signed::from_der(der)?;
        if signed.content_type != ID_TST_INFO
            || signed.signer.attributes.content_type != ID_TST_INFO
        {
            return Err(StampError::ContentType);
        }
        let info = Info::from_der(&signed.content)?;
        Ok(Self { der: der.to_vec(), signed, info })
    }

    /// The token's bytes.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Checks that the token answers `request`, as whoever made the request must: as
    /// [`Token::verify`], and nonce and policy are those asked for.
    ///
    /// # Errors
    /// [`StampError`].
    pub fn answers(
        &self,
        request: &Request,
        authorities: &Authorities,
        latest: Timestamp,
    ) -> Result<Stamped, StampError> {
        let stamped = self.verify(request.digest(), authorities, latest)?;
        if self.info.nonce.as_deref() != Some(request.nonce()) {
            return Err(StampError::Nonce);
        }
        if request.policy().is_some_and(|asked| asked.0 != self.info.policy) {
            return Err(StampError::Policy);
        }
        Ok(stamped)
    }

    /// Checks that an authority under one of the roots says that the bytes with this `digest` existed at
    /// a time that is not after `latest`: the verifier's own, and as much more as clocks may differ. A
    /// nonce is not looked at: it says something to who asked.
    ///
    /// # Errors
    /// [`StampError`].
    pub fn verify(
        &self,
        digest: &Digest,
        authorities: &Authorities,
        latest: Timestamp,
    ) -> Result<Stamped, StampError> {
        let (signer, info) = (&self.signed.signer, &self.info);
        let certificate = self.signer(authorities)?;
        if signer.hash.of(&self.signed.content).as_ref() != signer.attributes.message_digest {
            return Err(StampError::MessageDigest);
        }
        let message = &signer.attributes.signed;
        signature::verify(certificate, &signer.algorithm, signer.hash, message, &signer.signature)?;
        certificate.is_for_stamps()?;
        let (embedded, attributes) = (&self.signed.certificates, &signer.attributes);
        let path = chain::verify(certificate, embedded, attributes, authorities, info.time)?;
        info.is_of(digest)?;
        if info.authority.as_ref().is_some_and(|name| !certificate.has_name(name)) {
            return Err(StampError::AuthorityName);
        }
        if info.time > latest {
            return Err(StampError::Future { stamped: info.time, latest });
        }
        Ok(Stamped {
            time: info.time,
            accuracy: info.accuracy,
            serial: hex::encode(&info.serial),
            policy: info.policy.to_string(),
            authority: certificate.subject().to_string(),
            path,
        })
    }

    /// The signer's certificate: the one that the signer names and the signed attributes bind.
    fn signer<'a>(&'a self, authorities: &'a Authorities) -> Result<&'a Certificate, StampError> {
        let signer = &self.signed.signer;
        let mut named = self
            .signed
            .certificates
            .iter()
            .chain(&authorities.beside)
            .filter(|certificate| certificate.is(&signer.id))
            .peekable();
        named.peek().ok_or(StampError::CertificateMissing)?;
        named
            .find(|certificate| signer.attributes.bind(certificate))
            .ok_or(StampError::SigningCertificate)
    }
}

impl Stamped {
    /// When, by the authority's clock, in whole seconds: a fraction is dropped.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// How far off the authority's clock may be, if it says so.
    #[must_use]
    pub const fn accuracy(&self) -> Option<Duration> {
        self.accuracy
    }

    /// The stamp's serial number, in hexadecimal digits.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The policy under which the authority stamps, an object identifier.
    #[must_use]
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The subject of the signer's certificate (RFC 4514).
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The certificates from the signer's to the root's, both included, DER: what others need in order to
    /// believe this authority.
    #[must_use]
    pub fn path(&self) -> &[Vec<u8>] {
        &self.path
    }

    /// Checks that stamp and cosignature of one checkpoint are at most `bound_s` seconds apart, in
    /// either order: then neither clock is far off, unless both are.
    ///
    /// # Errors
    /// `timestamp.drift`.
    pub fn is_within(&self, bound_s: u64, cosigned: Timestamp) -> Result<(), StampError> {
        let apart = self.time.unix_seconds().abs_diff(cosigned.unix_seconds());
        if apart <= bound_s {
            return Ok(());
        }
        Err(StampError::Drift { stamped: self.time, cosigned, bound_s })
    }
}

const ID_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
