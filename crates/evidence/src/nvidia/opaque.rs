//! What NVIDIA puts into the opaque data of the answer: fields of a type, a length and a value.
//! Types and meanings as NVIDIA's own verifiers read them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::claims::{FirmwareId, Setting};
use super::spdm::Reader;
use crate::EvidenceError;

/// The fields, each at most once. Types that are not known here are kept by number: they are signed,
/// and new drivers add some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opaque {
    pub(super) driver_version: Option<String>,
    pub(super) vbios_version: String,
    pub(super) firmware_id: Option<FirmwareId>,
    /// Video decoder 0; its measurement means nothing where it is off.
    pub(super) nvdec0: Option<Setting>,
    pub(super) protected_pcie: Option<Setting>,
    pub(super) feature: Option<Feature>,
    pub(super) board: Board,
    pub(super) unread: Vec<u16>,
}

/// Which board it is: what NVIDIA names VBIOS manifests by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Board {
    /// Project, such as `G520`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Variant of the project, such as `0200`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_sku: Option<String>,
    /// Variant of the chip, such as `885`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chip_sku: Option<String>,
}

/// How the device takes part in confidential computing (feature flag, since driver 580).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// One GPU for one guest.
    SinglePassthrough,
    /// Several GPUs for one guest.
    MultiPassthrough,
    /// All GPUs and switches of a machine for one guest, links between them in the clear.
    ProtectedPcie,
}

impl Opaque {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let mut fields = fields(bytes)?;
        let mut take = |kind: u16| fields.remove(&kind);
        let opaque = Self {
            driver_version: take(DRIVER_VERSION).map(text).transpose()?,
            vbios_version: vbios_version(take(VBIOS_VERSION).ok_or(MALFORMED)?)?,
            firmware_id: take(FIRMWARE_ID)
                .map(|value| value.try_into().map(FirmwareId::from_bytes).map_err(|_| MALFORMED))
                .transpose()?,
            nvdec0: take(NVDEC0_STATUS).map(setting).transpose()?,
            protected_pcie: take(PROTECTED_PCIE_STATUS).map(setting).transpose()?,
            feature: take(FEATURE_FLAG).map(feature).transpose()?,
            board: Board {
                project: take(PROJECT).map(text).transpose()?,
                project_sku: take(PROJECT_SKU).map(text).transpose()?,
                chip_sku: take(CHIP_SKU).map(text).transpose()?,
            },
            unread: Vec::new(),
        };
        Ok(Self { unread: fields.into_keys().collect(), ..opaque })
    }
}

fn fields(bytes: &[u8]) -> Result<BTreeMap<u16, &[u8]>, EvidenceError> {
    let mut reader = Reader(bytes);
    let mut fields = BTreeMap::new();
    while !reader.0.is_empty() {
        let kind = u16::from_le_bytes(reader.array()?);
        if fields.insert(kind, reader.take_sized()?).is_some() {
            return Err(EvidenceError::Malformed("repeated opaque field"));
        }
    }
    Ok(fields)
}

/// Text, padded with zeros.
fn text(value: &[u8]) -> Result<String, EvidenceError> {
    let end = value.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
    let text = value.get(..end).ok_or(MALFORMED)?;
    if text.iter().all(u8::is_ascii_graphic) {
        String::from_utf8(text.to_vec()).map_err(|_| MALFORMED)
    } else {
        Err(MALFORMED)
    }
}

/// GPUs state four bytes, last first, and a fifth; switches state text. `96.00.9F.00.01`
fn vbios_version(value: &[u8]) -> Result<String, EvidenceError> {
    match <[u8; 8]>::try_from(value) {
        Ok([d, c, b, a, e, 0, 0, 0]) => Ok(format!("{a:02X}.{b:02X}.{c:02X}.{d:02X}.{e:02X}")),
        Ok(_) => Err(MALFORMED),
        Err(_) => text(value),
    }
}

fn setting(value: &[u8]) -> Result<Setting, EvidenceError> {
    match value {
        [0xaa] => Ok(Setting::Enabled),
        [0x55] => Ok(Setting::Disabled),
        _ => Err(MALFORMED),
    }
}

fn feature(value: &[u8]) -> Result<Feature, EvidenceError> {
    match value {
        [0, 0] => Ok(Feature::SinglePassthrough),
        [1, 0] => Ok(Feature::MultiPassthrough),
        [2, 0] => Ok(Feature::ProtectedPcie),
        _ => Err(MALFORMED),
    }
}

const MALFORMED: EvidenceError = EvidenceError::Malformed("opaque field");

const DRIVER_VERSION: u16 = 3;
const VBIOS_VERSION: u16 = 6;
const NVDEC0_STATUS: u16 = 11;
const CHIP_SKU: u16 = 15;
const PROJECT: u16 = 17;
const PROJECT_SKU: u16 = 18;
const FIRMWARE_ID: u16 = 20;
const PROTECTED_PCIE_STATUS: u16 = 21;
const FEATURE_FLAG: u16 = 36;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_written_as_nvidia_writes_them() {
        let bytes = [0x00, 0x9f, 0x00, 0x96, 0x1a, 0, 0, 0];
        assert_eq!(vbios_version(&bytes).unwrap(), "96.00.9F.00.1A");
        assert_eq!(vbios_version(b"96.10.55.00.01\0").unwrap(), "96.10.55.00.01");
        assert_eq!(vbios_version(&[0, 0, 0, 0, 0, 1, 0, 0]), Err(MALFORMED));
    }

    #[test]
    fn text_holds_no_control_characters() {
        assert_eq!(text(b"590.12\0\0").unwrap(), "590.12");
        assert_eq!(text(b"590\x0012"), Err(MALFORMED));
    }
}
