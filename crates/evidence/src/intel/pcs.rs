//! Intel's Provisioning Certification Service (API version 4) and its caches (PCCS), which have the
//! same paths: what to ask them for a quote, and whether what they answer is authentic. Who asks is
//! not here: a verification never does.

use domain::Timestamp;
use domain::claims::Fmspc;
use domain::claims::intel::PckAuthority;

use super::authentic::{current, platform_key};
use super::chain::authority_name;
use super::collateral::percent_decoded;
use super::json::Window;
use super::signed::Signed;
use super::{Collateral, Quote, Root, Tee};
use crate::crl::RevocationList;
use crate::error::refuse_if;
use crate::signatures::KnownSignatures;
use crate::x509::Certificate;
use crate::{EvidenceError, Fetched, pem};

/// Intel's service itself.
pub const URL: &str = "https://api.trustedservices.intel.com";
/// Where Intel publishes the root's list: the distribution point in its certificates. Only caches
/// have a path for it.
pub const ROOT_CRL_URL: &str = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";

/// One thing that the service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// TCB info of a processor family.
    TcbInfo(Tee, Fmspc),
    /// The identity of the quoting enclave.
    QeIdentity(Tee),
    /// The list of an authority of platforms.
    PckCrl(PckAuthority),
    /// The root's list.
    RootCrl,
}

/// What a verification of `quote` needs. `collateral` holds the platform's certificate where the
/// quote does not.
///
/// # Errors
/// What is wrong with the platform's certificates.
pub fn needs(
    quote: &Quote,
    collateral: &Collateral,
    root: &Root,
) -> Result<Vec<Item>, EvidenceError> {
    let key = platform_key(quote, collateral, root, &mut KnownSignatures::default())?;
    let tee = quote.tee();
    Ok(vec![
        Item::RootCrl,
        Item::PckCrl(key.authority),
        Item::QeIdentity(tee),
        Item::TcbInfo(tee, key.extension.fmspc),
    ])
}

/// The certificates that came in the header of an answer, as PEM. The root issued each of them, so
/// that a cache holds no other.
///
/// # Errors
/// [`EvidenceError::CollateralMalformed`] or [`EvidenceError::Malformed`] for what holds none;
/// [`EvidenceError::Chain`], [`EvidenceError::UnknownRoot`] or [`EvidenceError::EmulatedPlatform`] for
/// one that `root` did not issue.
pub fn issuer_chain(header: &str, root: &Root) -> Result<Vec<u8>, EvidenceError> {
    let text = percent_decoded(header)?.into_bytes();
    for der in pem::certificates(&text)? {
        root.issued(&Certificate::from_der(&der)?, &mut KnownSignatures::default())?;
    }
    Ok(text)
}

impl Item {
    /// Path and query below the service's address.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::TcbInfo(tee, fmspc) => {
                format!("/{}/certification/v4/tcb?fmspc={fmspc}", tee_name(*tee))
            }
            Self::QeIdentity(tee) => format!("/{}/certification/v4/qe/identity", tee_name(*tee)),
            Self::PckCrl(authority) => {
                let ca = ca_name(*authority);
                format!("/sgx/certification/v4/pckcrl?ca={ca}&encoding=der")
            }
            Self::RootCrl => "/sgx/certification/v4/rootcacrl".to_owned(),
        }
    }

    /// The headers of an answer, one of which holds the certificates that vouch for it.
    #[must_use]
    pub const fn chain_headers(&self) -> &'static [&'static str] {
        match self {
            Self::TcbInfo(..) => &["TCB-Info-Issuer-Chain", "SGX-TCB-Info-Issuer-Chain"],
            Self::QeIdentity(_) => &["SGX-Enclave-Identity-Issuer-Chain"],
            Self::PckCrl(_) => &["SGX-PCK-CRL-Issuer-Chain"],
            Self::RootCrl => &[],
        }
    }

    /// The name of the file in a cache: lower-case letters, digits, `-`, `.` and one `/`.
    #[must_use]
    pub fn file(&self) -> String {
        match self {
            Self::TcbInfo(tee, fmspc) => format!("intel/tcb-info-{}-{fmspc}.json", tee_name(*tee)),
            Self::QeIdentity(tee) => format!("intel/qe-identity-{}.json", tee_name(*tee)),
            Self::PckCrl(authority) => format!("intel/pck-crl-{}.der", ca_name(*authority)),
            Self::RootCrl => "intel/root-crl.der".to_owned(),
        }
    }

    /// Checks that `answer` is this item, authentic under `root` and valid at `at`. `certificates`
    /// are those that came with it, in any form that [`Collateral::read`] takes.
    ///
    /// # Errors
    /// What is wrong with it, as a verification would say it.
    pub fn check(
        &self,
        answer: &[u8],
        certificates: &[&[u8]],
        root: &Root,
        at: Timestamp,
    ) -> Result<Fetched, EvidenceError> {
        let mut collateral = Collateral::read(certificates.iter().copied())?;
        match self {
            Self::TcbInfo(tee, fmspc) => {
                const WHAT: &str = "TCB info";
                collateral.add(answer)?;
                let [info] = collateral.tcb_infos.as_slice() else { return Err(other(WHAT)) };
                let right = info.value.tee == *tee && info.value.fmspc == *fmspc.as_bytes();
                refuse_if(!right, other(WHAT))?;
                let until =
                    document(WHAT, info, info.value.window, &collateral.certificates, root, at)?;
                Ok(Fetched { content: answer.to_vec(), until })
            }
            Self::QeIdentity(tee) => {
                const WHAT: &str = "QE identity";
                collateral.add(answer)?;
                let [of] = collateral.qe_identities.as_slice() else { return Err(other(WHAT)) };
                refuse_if(of.value.tee != Some(*tee), other(WHAT))?;
                let until =
                    document(WHAT, of, of.value.window, &collateral.certificates, root, at)?;
                Ok(Fetched { content: answer.to_vec(), until })
            }
            Self::PckCrl(authority) => {
                let issuer = authority_of(*authority, &collateral.certificates, root, at)?;
                list(answer, &issuer, at)
            }
            Self::RootCrl => list(answer, &root.certificate, at),
        }
    }
}

/// Checks a signed document; the moment until which it is valid.
fn document<T>(
    what: &'static str,
    document: &Signed<T>,
    window: Window,
    certificates: &[Vec<u8>],
    root: &Root,
    at: Timestamp,
) -> Result<Timestamp, EvidenceError> {
    document.signer(what, certificates, root, at, &mut KnownSignatures::default())?.valid_at(at)?;
    current(what, window, at)?;
    Ok(window.next_update)
}

/// Checks a list, which is kept as DER. Caches answer in hexadecimal.
fn list(answer: &[u8], issuer: &Certificate, at: Timestamp) -> Result<Fetched, EvidenceError> {
    let der = hex::decode(answer.trim_ascii()).unwrap_or_else(|_| answer.to_vec());
    let list = RevocationList::from_der(&der)?;
    list.signed_by(issuer, &mut KnownSignatures::default())?;
    list.current_at(at)?;
    Ok(Fetched { content: der, until: list.next_update()? })
}

/// The certificate of an authority of platforms, verified up to `root`.
fn authority_of(
    authority: PckAuthority,
    certificates: &[Vec<u8>],
    root: &Root,
    at: Timestamp,
) -> Result<Certificate, EvidenceError> {
    for der in certificates {
        let certificate = Certificate::from_der(der)?;
        if root.names(&certificate, authority_name(authority)) {
            root.issued(&certificate, &mut KnownSignatures::default())?;
            certificate.is_authority()?;
            certificate.valid_at(at)?;
            return Ok(certificate);
        }
    }
    Err(EvidenceError::CollateralMissing("certificate of the list's issuer"))
}

const fn other(what: &'static str) -> EvidenceError {
    EvidenceError::CollateralMismatch(what)
}

const fn tee_name(tee: Tee) -> &'static str {
    match tee {
        Tee::Sgx => "sgx",
        Tee::Tdx => "tdx",
    }
}

const fn ca_name(authority: PckAuthority) -> &'static str {
    match authority {
        PckAuthority::Platform => "platform",
        PckAuthority::Processor => "processor",
    }
}
