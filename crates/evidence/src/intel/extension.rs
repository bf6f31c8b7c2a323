//! What a platform's certificate says about it: the extension "SGX Extensions" (Intel SGX PCK
//! Certificate and Certificate Revocation List Profile Specification, §1.3.5).

use domain::claims::{CpuSvn, Fmspc, PceId, PlatformInstance, Ppid};
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use x509_cert::der::{Decode as _, Reader as _};

use crate::EvidenceError;
use crate::error::refuse_if;
use crate::x509::Certificate;

/// The values that a decision needs, and those that claims show.
#[derive(Clone, Debug)]
pub(super) struct SgxExtension {
    pub(super) ppid: Ppid,
    pub(super) fmspc: Fmspc,
    pub(super) pce_id: PceId,
    pub(super) pce_svn: u16,
    /// Versions of the sixteen components, each from its own field.
    pub(super) cpu_svn: CpuSvn,
    pub(super) instance: Option<PlatformInstance>,
    pub(super) dynamic_platform: Option<bool>,
    pub(super) cached_keys: Option<bool>,
    pub(super) smt_enabled: Option<bool>,
}

impl SgxExtension {
    pub(super) fn read(certificate: &Certificate) -> Result<Self, EvidenceError> {
        let der = certificate.extension(SGX_EXTENSIONS)?.ok_or(MALFORMED)?;
        let extension = Values::read(AnyRef::from_der(der).map_err(|_| MALFORMED)?)?;
        let tcb = Values::read(extension.required(TCB)?)?;
        let mut components = [0; 16];
        for (component, oid) in components.iter_mut().zip(COMPONENTS) {
            *component = tcb.required(oid)?.decode_as().map_err(|_| MALFORMED)?;
        }
        // The same sixteen values once more; a certificate that contradicts itself is none.
        refuse_if(octets::<16>(tcb.required(CPU_SVN)?)? != components, MALFORMED)?;
        let configuration = match extension.optional(CONFIGURATION)? {
            Some(value) => Values::read(value)?,
            None => Values(Vec::new()),
        };
        let instance = extension.optional(PLATFORM_INSTANCE)?.map(octets).transpose()?;
        Ok(Self {
            ppid: Ppid::from_bytes(octets(extension.required(PPID)?)?),
            fmspc: Fmspc::from_bytes(octets(extension.required(FMSPC)?)?),
            pce_id: PceId::from_bytes(octets(extension.required(PCE_ID)?)?),
            pce_svn: tcb.required(PCE_SVN)?.decode_as().map_err(|_| MALFORMED)?,
            cpu_svn: CpuSvn::from_bytes(components),
            instance: instance.map(PlatformInstance::from_bytes),
            dynamic_platform: configuration.flag(DYNAMIC_PLATFORM)?,
            cached_keys: configuration.flag(CACHED_KEYS)?,
            smt_enabled: configuration.flag(SMT_ENABLED)?,
        })
    }
}

/// A sequence of pairs of an identifier and a value.
struct Values<'a>(Vec<(ObjectIdentifier, AnyRef<'a>)>);

impl<'a> Values<'a> {
    fn read(sequence: AnyRef<'a>) -> Result<Self, EvidenceError> {
        let pairs: Vec<AnyRef<'a>> = sequence.decode_as().map_err(|_| MALFORMED)?;
        let pairs = pairs.into_iter().map(|pair| {
            pair.sequence(|reader| Ok((reader.decode()?, reader.decode()?)))
                .map_err(|_: x509_cert::der::Error| MALFORMED)
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    fn optional(&self, oid: ObjectIdentifier) -> Result<Option<AnyRef<'a>>, EvidenceError> {
        let mut found = self.0.iter().filter(|(name, _)| *name == oid);
        match (found.next(), found.next()) {
            (value, None) => Ok(value.map(|(_, value)| *value)),
            (_, Some(_)) => Err(MALFORMED),
        }
    }

    fn required(&self, oid: ObjectIdentifier) -> Result<AnyRef<'a>, EvidenceError> {
        self.optional(oid)?.ok_or(MALFORMED)
    }

    fn flag(&self, oid: ObjectIdentifier) -> Result<Option<bool>, EvidenceError> {
        let value = self.optional(oid)?;
        value.map(|value| value.decode_as().map_err(|_| MALFORMED)).transpose()
    }
}

fn octets<const N: usize>(value: AnyRef<'_>) -> Result<[u8; N], EvidenceError> {
    let octets: &OctetStringRef = value.decode_as().map_err(|_| MALFORMED)?;
    octets.as_bytes().try_into().map_err(|_| MALFORMED)
}

const MALFORMED: EvidenceError = EvidenceError::Malformed("SGX extensions");

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const SGX_EXTENSIONS: ObjectIdentifier = oid("1.2.840.113741.1.13.1");
const PPID: ObjectIdentifier = oid("1.2.840.113741.1.13.1.1");
const TCB: ObjectIdentifier = oid("1.2.840.113741.1.13.1.2");
const PCE_ID: ObjectIdentifier = oid("1.2.840.113741.1.13.1.3");
const FMSPC: ObjectIdentifier = oid("1.2.840.113741.1.13.1.4");
const PLATFORM_INSTANCE: ObjectIdentifier = oid("1.2.840.113741.1.13.1.6");
const CONFIGURATION: ObjectIdentifier = oid("1.2.840.113741.1.13.1.7");
const DYNAMIC_PLATFORM: ObjectIdentifier = oid("1.2.840.113741.1.13.1.7.1");
const CACHED_KEYS: ObjectIdentifier = oid("1.2.840.113741.1.13.1.7.2");
const SMT_ENABLED: ObjectIdentifier = oid("1.2.840.113741.1.13.1.7.3");
const PCE_SVN: ObjectIdentifier = oid("1.2.840.113741.1.13.1.2.17");
const CPU_SVN: ObjectIdentifier = oid("1.2.840.113741.1.13.1.2.18");
const COMPONENTS: [ObjectIdentifier; 16] = [
    oid("1.2.840.113741.1.13.1.2.1"),
    oid("1.2.840.113741.1.13.1.2.2"),
    oid("1.2.840.113741.1.13.1.2.3"),
    oid("1.2.840.113741.1.13.1.2.4"),
    oid("1.2.840.113741.1.13.1.2.5"),
    oid("1.2.840.113741.1.13.1.2.6"),
    oid("1.2.840.113741.1.13.1.2.7"),
    oid("1.2.840.113741.1.13.1.2.8"),
    oid("1.2.840.113741.1.13.1.2.9"),
    oid("1.2.840.113741.1.13.1.2.10"),
    oid("1.2.840.113741.1.13.1.2.11"),
    oid("1.2.840.113741.1.13.1.2.12"),
    oid("1.2.840.113741.1.13.1.2.13"),
    oid("1.2.840.113741.1.13.1.2.14"),
    oid("1.2.840.113741.1.13.1.2.15"),
    oid("1.2.840.113741.1.13.1.2.16"),
];
