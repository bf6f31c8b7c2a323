//! The signature inside a reference manifest: XMLDSIG in the one form that NVIDIA uses. The single
//! reference is to the whole document (`URI=""`), so that no other element can be signed in its
//! place; whatever is not exactly of this form is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha384};

use super::canonical;
use super::xml::Element;
use crate::EvidenceError;
use crate::nvidia::chain::Path;
use crate::x509::Certificate;

/// Checks the signature of the document `root`, whose last element is `signature`, under the pinned
/// `authority`; answers with the path to the key that signed.
pub(super) fn verify(
    root: &Element<'_>,
    signature: &Element<'_>,
    authority: &Certificate,
) -> Result<Path, EvidenceError> {
    let [info, value, key] = <[_; 3]>::try_from(signature.elements()?).map_err(|_| MALFORMED)?;
    expect(info, "SignedInfo")?;
    expect(value, "SignatureValue")?;
    expect(key, "KeyInfo")?;
    let digest = signed_digest(info)?;
    if Sha384::digest(canonical::without(root, signature)).as_slice() != digest {
        return Err(EvidenceError::GpuRimSignature);
    }
    let path = Path::verify(&certificates(key)?, authority).map_err(|error| match error {
        EvidenceError::EmulatedPlatform | EvidenceError::Malformed(_) => error,
        _ => EvidenceError::GpuRimChain,
    })?;
    let signed = canonical::alone(&[root, signature], info);
    if path.signed(signed.as_bytes(), &base64(value)?) {
        Ok(path)
    } else {
        Err(EvidenceError::GpuRimSignature)
    }
}

/// The digest of the document, if `info` is `SignedInfo` with exactly the algorithms of [`verify`].
fn signed_digest(info: &Element<'_>) -> Result<Vec<u8>, EvidenceError> {
    let [canonicalization, method, reference] =
        <[_; 3]>::try_from(info.elements()?).map_err(|_| MALFORMED)?;
    expect_algorithm(canonicalization, "CanonicalizationMethod", C14N11)?;
    expect_algorithm(method, "SignatureMethod", ECDSA_SHA384)?;
    if !reference.is(XMLDSIG, "Reference")
        || reference.attribute("", "URI") != Some("")
        || reference.attributes.len() != 1
    {
        return Err(MALFORMED);
    }
    let [transforms, method, value] =
        <[_; 3]>::try_from(reference.elements()?).map_err(|_| MALFORMED)?;
    expect(transforms, "Transforms")?;
    let [enveloped, canonical] =
        <[_; 2]>::try_from(transforms.elements()?).map_err(|_| MALFORMED)?;
    expect_algorithm(enveloped, "Transform", ENVELOPED)?;
    expect_algorithm(canonical, "Transform", C14N11)?;
    expect_algorithm(method, "DigestMethod", SHA384)?;
    expect(value, "DigestValue")?;
    base64(value)
}

fn certificates(key: &Element<'_>) -> Result<Vec<Vec<u8>>, EvidenceError> {
    let [data] = <[_; 1]>::try_from(key.elements()?).map_err(|_| MALFORMED)?;
    expect(data, "X509Data")?;
    data.elements()?
        .into_iter()
        .map(|certificate| {
            expect(certificate, "X509Certificate")?;
            base64(certificate)
        })
        .collect()
}

/// Checks that `element` is `local` of XMLDSIG without attributes.
fn expect(element: &Element<'_>, local: &str) -> Result<(), EvidenceError> {
    let right = element.is(XMLDSIG, local) && element.attributes.is_empty();
    if right { Ok(()) } else { Err(MALFORMED) }
}

/// Checks that `element` is `local` of XMLDSIG, names `algorithm` and has no parameters.
fn expect_algorithm(
    element: &Element<'_>,
    local: &str,
    algorithm: &str,
) -> Result<(), EvidenceError> {
    let right = element.is(XMLDSIG, local)
        && element.attribute("", "Algorithm") == Some(algorithm)
        && element.attributes.len() == 1
        && element.children.is_empty();
    if right { Ok(()) } else { Err(MALFORMED) }
}

fn base64(element: &Element<'_>) -> Result<Vec<u8>, EvidenceError> {
    let text: String = element.text()?.split_ascii_whitespace().collect();
    STANDARD.decode(text).map_err(|_| MALFORMED)
}

const MALFORMED: EvidenceError = EvidenceError::Malformed("signature of a reference manifest");

pub(super) const XMLDSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const C14N11: &str = "http://www.w3.org/2006/12/xml-c14n11";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const ECDSA_SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
const SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";
