//! A type for each fixed-size field, so that one cannot be passed for another; lower-case
//! hexadecimal everywhere.

use crate::Digest;

/// Types of so many bytes each, written as lower-case hexadecimal, with no other spelling. For the
/// crates whose claims have fields of their own; they need `hex` and `serde`.
#[macro_export]
macro_rules! hex_fields {
    ($($(#[$doc:meta])* $name:ident, $length:literal;)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; $length]);

        impl $name {
            /// The field with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&::hex::encode(self.0))
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self, f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::claims::HexError;

            fn from_str(text: &str) -> Result<Self, $crate::claims::HexError> {
                if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    return Err($crate::claims::HexError);
                }
                let mut bytes = [0; $length];
                ::hex::decode_to_slice(text, &mut bytes).map_err(|_| $crate::claims::HexError)?;
                Ok(Self(bytes))
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::claims::HexError;

            fn try_from(text: String) -> Result<Self, $crate::claims::HexError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(field: $name) -> Self {
                field.to_string()
            }
        }
    )*};
}

hex_fields! {
    /// A launch digest (SHA-384).
    Measurement, 48;
    /// 32 bytes that the host binds to a guest at launch.
    HostData, 32;
    /// 64 bytes that the guest binds to a report.
    ReportData, 64;
    /// The identity of one chip; Turin uses the first 8 bytes.
    ChipId, 64;
    /// A guest owner's name for a family of guests.
    FamilyId, 16;
    /// A guest owner's name for an image.
    ImageId, 16;
    /// The SHA-384 of an ID key or an author key.
    KeyDigest, 48;
    /// A runtime measurement register of a TDX guest (RTMR).
    RuntimeMeasurement, 48;
    /// The measurement of a TDX module (MRSEAM).
    ModuleMeasurement, 48;
    /// The signer of a TDX module (MRSIGNERSEAM); zero for Intel's.
    ModuleSigner, 48;
    /// What a host binds to a TDX guest at launch (MRCONFIGID).
    ConfigId, 48;
    /// A TDX guest's owner (MROWNER).
    OwnerId, 48;
    /// What a TDX guest's owner configured (MROWNERCONFIG).
    OwnerConfig, 48;
    /// The measurement of the service guests bound to a TDX guest (MR_SERVICETD).
    ServiceTd, 48;
    /// Sixteen security versions of the TDX module and its platform (TEE_TCB_SVN).
    TeeTcbSvn, 16;
    /// Sixteen security versions of an SGX platform (CPUSVN).
    CpuSvn, 16;
    /// A family of Intel processors with one TCB history (FMSPC).
    Fmspc, 6;
    /// An Intel platform's identity towards Intel (PPID).
    Ppid, 16;
    /// The identity of an Intel provisioning certification enclave (PCEID).
    PceId, 2;
    /// The identity of one instance of a platform that can be extended.
    PlatformInstance, 16;
    /// The measurement of an SGX enclave (MRENCLAVE).
    EnclaveMeasurement, 32;
    /// The signer of an SGX enclave (MRSIGNER).
    EnclaveSigner, 32;
    /// ATTRIBUTES of an SGX enclave: flags, then XFRM.
    EnclaveAttributes, 16;
    /// CONFIGID of an SGX enclave.
    EnclaveConfigId, 64;
}

impl From<Digest> for HostData {
    fn from(digest: Digest) -> Self {
        Self(*digest.as_bytes())
    }
}

impl ReportData {
    /// A SHA-384 followed by 16 zero bytes, as the KBS protocol binds one.
    #[must_use]
    pub fn padded(digest: &[u8; 48]) -> Self {
        let mut bytes = [0; 64];
        for (to, from) in bytes.iter_mut().zip(digest) {
            *to = *from;
        }
        Self(bytes)
    }
}

impl ChipId {
    /// Whether the host masks the identity (MaskChipId).
    #[must_use]
    pub fn is_masked(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }
}

/// The text is not the field's bytes in lower-case hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not lower-case hexadecimal of the field's length")]
pub struct HexError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_one_spelling() {
        let text = "0a".repeat(48);
        assert_eq!(text.parse::<Measurement>(), Ok(Measurement::from_bytes([10; 48])));
        assert_eq!(text.to_uppercase().parse::<Measurement>(), Err(HexError));
        assert_eq!(text.parse::<HostData>(), Err(HexError));
    }

    #[test]
    fn a_digest_is_padded_with_zeros() {
        let data = ReportData::padded(&[7; 48]);
        assert_eq!(data.to_string(), format!("{}{}", "07".repeat(48), "00".repeat(16)));
    }
}
