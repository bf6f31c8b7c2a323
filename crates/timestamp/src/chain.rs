//! From the signer's certificate to a root, by rustls's implementation of RFC 5280 §6, and what that
//! leaves to its callers.

use std::time::Duration;

use domain::Timestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage, VerifiedPath, anchor_from_trusted_cert};

use crate::attributes::Attributes;
use crate::certificate::Certificate;
use crate::signature::algorithms;
use crate::{Authorities, StampError};

/// Checks that `signer` was issued, by way of some of `embedded` and of those beside the token that the
/// signed attributes permit, by one of the roots, and that all were valid at `time`. The way from `signer`
/// to the root, both with it, DER.
pub(crate) fn verify(
    signer: &Certificate,
    embedded: &[Certificate],
    attributes: &Attributes,
    authorities: &Authorities,
    time: Timestamp,
) -> Result<Vec<Vec<u8>>, StampError> {
    let between: Vec<CertificateDer<'_>> = embedded
        .iter()
        .chain(&authorities.beside)
        .filter(|one| attributes.permit(one))
        .map(|one| one.as_der().clone())
        .collect();
    let anchors = authorities.roots.iter().map(|root| anchor_from_trusted_cert(root.as_der()));
    let anchors = anchors.collect::<Result<Vec<_>, _>>().map_err(reason)?;
    let at = UnixTime::since_unix_epoch(Duration::from_secs(
        u64::try_from(time.unix_seconds()).map_err(|_| StampError::Chain)?,
    ));
    let leaf = EndEntityCert::try_from(signer.as_der()).map_err(reason)?;
    // What the signer's says was looked at; an issuer's may be silent, or must allow it.
    let path = |path: &VerifiedPath<'_>| issuers_may(path, &authorities.roots, &anchors, time, at);
    let path = leaf
        .verify_for_usage(
            &algorithms(),
            &anchors,
            &between,
            at,
            KeyUsage::required_if_present(TIME_STAMPING),
            None,
            Some(&path),
        )
        .map_err(reason)?;
    let root = root_of(&path, &authorities.roots, &anchors).map_err(reason)?;
    let above = path.intermediate_certificates().map(|issuer| issuer.der().to_vec());
    Ok([signer.as_der().to_vec()]
        .into_iter()
        .chain(above)
        .chain([root.as_der().to_vec()])
        .collect())
}

/// What webpki does not look at: key usage of issuers; validity, constraints and path length of roots.
fn issuers_may(
    path: &VerifiedPath<'_>,
    roots: &[Certificate],
    anchors: &[TrustAnchor<'_>],
    time: Timestamp,
    at: UnixTime,
) -> Result<(), Error> {
    let mut below = 0;
    for issuer in path.intermediate_certificates() {
        let issuer = Certificate::from_der(&issuer.der()).map_err(|_| Error::BadDer)?;
        issuer.is_authority().map_err(|_| Error::EndEntityUsedAsCa)?;
        below += 1;
    }
    let root = root_of(path, roots, anchors)?;
    let limit = root.is_authority().map_err(|_| Error::EndEntityUsedAsCa)?;
    if limit.is_some_and(|limit| below > limit) {
        return Err(Error::PathLenConstraintViolated);
    }
    root.valid_at(time).map_err(|refused| match refused {
        StampError::CertificateExpired => Error::CertExpired { time: at, not_after: at },
        _ => Error::CertNotValidYet { time: at, not_before: at },
    })
}

/// The root at which a path ends.
fn root_of<'a>(
    path: &VerifiedPath<'_>,
    roots: &'a [Certificate],
    anchors: &[TrustAnchor<'_>],
) -> Result<&'a Certificate, Error> {
    let root = roots.iter().zip(anchors).find(|(_, anchor)| *anchor == path.anchor());
    root.map(|(root, _)| root).ok_or(Error::UnknownIssuer)
}

fn reason(error: Error) -> StampError {
    match error {
        Error::CertExpired { .. } => StampError::CertificateExpired,
        Error::CertNotValidYet { .. } => StampError::CertificateNotYetValid,
        Error::UnknownIssuer => StampError::UnknownAuthority,
        _ => StampError::Chain,
    }
}

/// id-kp-timeStamping, content of an OBJECT IDENTIFIER.
const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];
