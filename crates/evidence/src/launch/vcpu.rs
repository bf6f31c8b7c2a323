//! Processor models of QEMU, as far as they are measured: by their CPUID signature.

use std::fmt;
use std::str::FromStr;

use super::LaunchError;

/// A processor model of QEMU for EPYC, such as `EPYC-v4`, or any other by its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VcpuType {
    name: Option<&'static str>,
    signature: u32,
}

impl VcpuType {
    /// `EPYC-v4`, which starts on every generation.
    pub const EPYC_V4: Self = Self { name: Some("EPYC-v4"), signature: NAPLES };

    /// A processor with this CPUID Fn0000_0001_EAX.
    #[must_use]
    pub const fn from_signature(signature: u32) -> Self {
        Self { name: None, signature }
    }

    /// CPUID Fn0000_0001_EAX (AMD 25481): what a virtual processor starts with in RDX.
    pub(super) const fn signature(self) -> u32 {
        self.signature
    }
}

impl fmt::Display for VcpuType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#010x}", self.signature),
        }
    }
}

impl FromStr for VcpuType {
    type Err = LaunchError;

    fn from_str(text: &str) -> Result<Self, LaunchError> {
        MODELS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|&(name, signature)| Self { name: Some(name), signature })
            .ok_or(LaunchError::VcpuType)
    }
}

/// Extended family in bits 20 to 27, extended model 16 to 19, family 8 to 11, model 4 to 7,
/// stepping 0 to 3; families here are all above 15.
const fn signature(family: u32, model: u32, stepping: u32) -> u32 {
    (family - 0xf) << 20 | (model >> 4) << 16 | 0xf << 8 | (model & 0xf) << 4 | stepping
}

const NAPLES: u32 = signature(23, 1, 2);
const ROME: u32 = signature(23, 49, 0);
const MILAN: u32 = signature(25, 1, 1);
const GENOA: u32 = signature(25, 17, 0);
const TURIN: u32 = signature(26, 0, 0);

const MODELS: &[(&str, u32)] = &[
    ("EPYC", NAPLES),
    ("EPYC-v1", NAPLES),
    ("EPYC-v2", NAPLES),
    ("EPYC-IBPB", NAPLES),
    ("EPYC-v3", NAPLES),
    ("EPYC-v4", NAPLES),
    ("EPYC-Rome", ROME),
    ("EPYC-Rome-v1", ROME),
    ("EPYC-Rome-v2", ROME),
    ("EPYC-Rome-v3", ROME),
    ("EPYC-Milan", MILAN),
    ("EPYC-Milan-v1", MILAN),
    ("EPYC-Milan-v2", MILAN),
    ("EPYC-Genoa", GENOA),
    ("EPYC-Genoa-v1", GENOA),
    ("EPYC-Turin", TURIN),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_processors() {
        // CPUID leaf 1 of real machines: Naples 00800f12, Milan 00a00f11.
        assert_eq!("EPYC-v4".parse::<VcpuType>().unwrap().signature(), 0x0080_0f12);
        assert_eq!("epyc-milan".parse::<VcpuType>().unwrap().signature(), 0x00a0_0f11);
        assert_eq!("EPYC-v5".parse::<VcpuType>(), Err(LaunchError::VcpuType));
    }
}
