//! What the certificate of a device's attestation key says about the device.

use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};

use super::claims::{Architecture, DeviceId, FirmwareId};
use crate::EvidenceError;
use crate::x509::{COMMON_NAME, Certificate, attribute};

/// The device, by the certificate of the key that signs its reports.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) product: String,
    pub(super) architecture: Architecture,
    pub(super) id: DeviceId,
    pub(super) firmware_id: FirmwareId,
}

impl Device {
    /// Reads the alternative name `NVIDIA:product:number` that SPDM requires (DSP0274 1.1 §10.6.1.3),
    /// the common name, which begins with the same product, and the firmware's identity.
    pub(super) fn of(leaf: &Certificate) -> Result<Self, EvidenceError> {
        let name = device_name(leaf)?;
        let mut parts = name.split(':');
        let (Some("NVIDIA"), Some(product), Some(number), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(EvidenceError::Malformed("device name"));
        };
        let common_name = attribute(leaf.subject(), COMMON_NAME);
        if common_name.and_then(|name| name.split(' ').next()) != Some(product) {
            return Err(EvidenceError::Malformed("device name"));
        }
        Ok(Self {
            architecture: Architecture::of_product(product)
                .ok_or(EvidenceError::GpuArchitecture)?,
            product: product.to_owned(),
            // Certificates have capitals.
            id: number
                .to_ascii_lowercase()
                .parse()
                .map_err(|_| EvidenceError::Malformed("device number"))?,
            firmware_id: firmware_id(leaf)?,
        })
    }
}

/// The subject alternative name of type `otherName` that DMTF defines for device information.
fn device_name(leaf: &Certificate) -> Result<String, EvidenceError> {
    const MALFORMED: EvidenceError = EvidenceError::Malformed("device name");
    let extension = leaf.extension(SUBJECT_ALT_NAME)?.ok_or(MALFORMED)?;
    let names = members(extension).ok_or(MALFORMED)?;
    let mut found = names.iter().filter_map(|name| {
        let [kind, value] = <[_; 2]>::try_from(elements(name.value())?).ok()?;
        let [text] = <[_; 1]>::try_from(elements(value.value())?).ok()?;
        (kind.decode_as::<ObjectIdentifier>().ok()? == DMTF_DEVICE_INFO)
            .then(|| std::str::from_utf8(text.value()).ok())?
    });
    match (found.next(), found.next()) {
        (Some(name), None) => Ok(name.to_owned()),
        _ => Err(MALFORMED),
    }
}

/// The FWID, in one of two forms under the same number: Hopper's CompositeDeviceID (version, key,
/// FWID; TCG DICE 2018 §7) and Blackwell's DiceTcbInfo (tagged fields, `[6]` a list of FWIDs of which
/// the first is the firmware's; TCG DICE Attestation Architecture §6.1.1).
fn firmware_id(leaf: &Certificate) -> Result<FirmwareId, EvidenceError> {
    const MALFORMED: EvidenceError = EvidenceError::Malformed("firmware identity");
    let extension = match (leaf.extension(DICE)?, leaf.extension(DICE_TCB_INFO)?) {
        (Some(extension), None) | (None, Some(extension)) => extension,
        _ => return Err(MALFORMED),
    };
    let fields = members(extension).ok_or(MALFORMED)?;
    let fwid = match fields.as_slice() {
        [version, _, fwid] if version.value() == [1] => Some(*fwid),
        _ => fields
            .iter()
            .find(|field| field.tag() == FWIDS)
            .and_then(|fwids| elements(fwids.value())?.first().copied()),
    };
    fwid.and_then(sha384).ok_or(MALFORMED)
}

/// FWID ::= SEQUENCE { hashAlg OBJECT IDENTIFIER, digest OCTET STRING }
fn sha384(fwid: AnyRef<'_>) -> Option<FirmwareId> {
    let [algorithm, digest] = <[_; 2]>::try_from(elements(fwid.value())?).ok()?;
    let known = algorithm.decode_as::<ObjectIdentifier>().ok()? == SHA384;
    if !known || fwid.tag() != Tag::Sequence || digest.tag() != Tag::OctetString {
        return None;
    }
    digest.value().try_into().ok().map(FirmwareId::from_bytes)
}

/// The members of the sequence `der`.
fn members(der: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let sequence = AnyRef::from_der(der).ok()?;
    if sequence.tag() == Tag::Sequence { elements(sequence.value()) } else { None }
}

/// The elements that `content` is made of.
fn elements(content: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(content).ok()?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        elements.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(elements)
}

const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// id-DMTF-device-info
const DMTF_DEVICE_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.412.274.1");
/// tcg-dice
const DICE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.5.4.1");
/// tcg-dice-TcbInfo
const DICE_TCB_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.133.5.4.1.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const FWIDS: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(6) };
