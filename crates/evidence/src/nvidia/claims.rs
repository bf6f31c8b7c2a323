//! What GPU evidence says, as types.

use std::collections::BTreeMap;
use std::fmt;

use domain::claims::Trust;
use serde::{Deserialize, Serialize};

pub use super::opaque::{Board, Feature};

/// What one device's evidence says. Alone it proves nothing; `Verified<GpuClaims>` says that
/// somebody checked, and opens no release path: a key is released to a guest, not to a GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GpuClaims {
    /// Whose root vouches for it.
    pub trust: Trust,
    /// Generation, by the certificate of the signing key.
    pub architecture: Architecture,
    /// Chip, as the certificate names it, such as `GH100`.
    pub product: String,
    /// The device's number, from the certificate.
    pub device: DeviceId,
    /// What the verifier put into the request.
    pub nonce: Nonce,
    /// Measurement of the first firmware, from the certificate; the report may state it too.
    pub firmware_id: FirmwareId,
    /// Version of the driver in the guest; switches have none.
    pub driver_version: Option<String>,
    /// Version of the firmware image on the board, as NVIDIA writes it.
    pub vbios_version: String,
    /// Whether the machine's GPUs and switches are joined by links in the clear.
    pub protected_pcie: Option<Setting>,
    /// How the device takes part in confidential computing, since driver 580.
    pub feature: Option<Feature>,
    /// Video decoder 0.
    pub nvdec0: Option<Setting>,
    /// The board.
    pub board: Board,
    /// All measurements by SPDM index; reference manifests count from one less.
    pub measurements: BTreeMap<u8, GpuMeasurement>,
    /// Reference manifests that the measurements agree with, by tag.
    pub compared_with: Vec<ComparedWith>,
    /// Types of opaque fields that are not read here.
    pub unread_fields: Vec<u16>,
}

/// A reference manifest with which measurements were compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparedWith {
    /// Its identity, `tagId` of ISO/IEC 19770-2.
    pub tag_id: String,
    /// The version that it is for.
    pub version: String,
    /// How many measurements it has values for.
    pub measurements: usize,
}

/// A generation of devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// H100, H200, GH200.
    Hopper,
    /// B100, B200, GB200 and later of the family.
    Blackwell,
    /// An NVSwitch of the third generation, which is no GPU.
    Ls10,
}

impl Architecture {
    /// By the chip's name in certificates.
    pub(super) fn of_product(product: &str) -> Option<Self> {
        let digits = |rest: &str| rest.len() == 3 && rest.bytes().all(|byte| byte.is_ascii_digit());
        match product {
            "GH100" => Some(Self::Hopper),
            "LS_10" => Some(Self::Ls10),
            _ => product.strip_prefix("GB").is_some_and(digits).then_some(Self::Blackwell),
        }
    }

    /// By NVIDIA's name in evidence files, in any case.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "HOPPER" => Some(Self::Hopper),
            "BLACKWELL" => Some(Self::Blackwell),
            "LS10" => Some(Self::Ls10),
            _ => None,
        }
    }
}

/// A switch of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// On.
    Enabled,
    /// Off.
    Disabled,
}

domain::hex_fields! {
    /// 32 bytes that a verifier chose for one request.
    Nonce, 32;
    /// One measurement of a device (SHA-384).
    GpuMeasurement, 48;
    /// SHA-384 of the first mutable firmware (FWID of TCG DICE).
    FirmwareId, 48;
    /// The number of one device.
    DeviceId, 8;
}

/// Which measurements differ, by the index of reference manifests, which starts at 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mismatches(u64);

impl Mismatches {
    /// How many indices manifests may have.
    pub(super) const INDICES: u8 = 64;

    pub(super) fn insert(&mut self, index: u8) {
        self.0 |= 1_u64.checked_shl(index.into()).unwrap_or(0);
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The indices, lowest first.
    pub fn indices(self) -> impl Iterator<Item = u8> {
        (0..Self::INDICES).filter(move |index| self.0 >> index & 1 == 1)
    }
}

impl fmt::Display for Mismatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, index) in self.indices().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{index}")?;
        }
        Ok(())
    }
}
