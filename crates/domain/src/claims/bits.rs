//! Bit fields of a report, kept whole: bits without an accessor stay visible in the number.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::HexError;

macro_rules! bit_fields {
    ($($(#[$doc:meta])* $name:ident { $($(#[$bit_doc:meta])* $bit:ident = $position:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u64);

        impl $name {
            /// The field with these bits.
            #[must_use]
            pub const fn new(bits: u64) -> Self {
                Self(bits)
            }

            /// All 64 bits.
            #[must_use]
            pub const fn bits(self) -> u64 {
                self.0
            }

            $(
                $(#[$bit_doc])*
                #[must_use]
                pub const fn $bit(self) -> bool {
                    self.0 & (1 << $position) != 0
                }
            )*
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl TryFrom<String> for $name {
            type Error = HexError;

            fn try_from(text: String) -> Result<Self, HexError> {
                let digits = text.strip_prefix("0x").ok_or(HexError)?;
                let field = u64::from_str_radix(digits, 16).map(Self).map_err(|_| HexError)?;
                if field.to_string() == text { Ok(field) } else { Err(HexError) }
            }
        }

        impl From<$name> for String {
            fn from(field: $name) -> Self {
                field.to_string()
            }
        }
    )*};
}

bit_fields! {
    /// What the guest's owner lets the host do (AMD 56860 §4.3, guest policy). Written `0x30000`.
    GuestPolicy {
        /// The host may run other threads on the guest's cores.
        smt = 16;
        /// A migration agent may be associated: it could read the guest.
        migrate_ma = 18;
        /// The host may read and write the guest's memory.
        debug = 19;
        /// The guest may run on one socket only.
        single_socket = 20;
    }
    /// How the platform is set up (AMD 56860 §7.3, PLATFORM_INFO).
    PlatformInfo {
        /// Simultaneous multithreading is on.
        smt_enabled = 0;
        /// All of memory is encrypted for non-guests, too.
        tsme_enabled = 1;
        /// Memory has error correction.
        ecc_enabled = 2;
        /// Power readings are off.
        rapl_disabled = 3;
        /// Other software cannot read the guest's ciphertext.
        ciphertext_hiding_enabled = 4;
        /// The memory was checked for aliases since the last reset and has none: the answer to
        /// BadRAM (AMD-SB-3015).
        alias_check_complete = 5;
    }
    /// ATTRIBUTES of a TDX guest (Intel 348551, TDX Module ABI, table "TD_PARAMS.ATTRIBUTES").
    TdAttributes {
        /// The host may read and write the guest's memory and registers.
        debug = 0;
        /// HGS+ profiling by the host.
        hgs_plus_profiling = 4;
        /// Performance profiling by the host.
        perf_profiling = 5;
        /// Telemetry profiling by the host.
        pmt_profiling = 6;
        /// Defence against single stepping.
        icssd = 16;
        /// A digest of the service guests is part of reports.
        servtd_ext = 17;
        /// Linear address space separation may be used.
        lass = 27;
        /// Access to memory that the guest has not accepted ends the guest, instead of raising an
        /// exception that the host can choose the moment of.
        sept_ve_disable = 28;
        /// A migration guest may move it to another machine.
        migratable = 29;
        /// Supervisor protection keys may be used.
        pks = 30;
        /// Key Locker may be used.
        key_locker = 31;
        /// The guest provisions devices (TDX Connect).
        tpa = 62;
        /// Performance counters may be used.
        perfmon = 63;
    }
    /// XFAM of a TDX guest: the extended features that may be used, as in XCR0 and IA32_XSS.
    Xfam {
        /// Advanced matrix extensions.
        amx = 18;
    }
    /// ATTRIBUTES of a TDX module (SEAMATTRIBUTES); zero in production.
    SeamAttributes {
        /// The module can be debugged.
        debug = 0;
    }
}

impl TdAttributes {
    /// Bits that must be zero (Intel 348551-008, TDX Module ABI, table 3.23): 1 to 3, 7 to 15, 23 to
    /// 26, 32 to 61.
    const RESERVED: u64 = 0x3fff_ffff_0780_ff8e;

    /// Whether a bit is set that no specification defines.
    #[must_use]
    pub const fn reserved(self) -> bool {
        self.0 & Self::RESERVED != 0
    }

    /// Whether the host may profile the guest in one of the ways.
    #[must_use]
    pub const fn profiling(self) -> bool {
        self.hgs_plus_profiling() || self.perf_profiling() || self.pmt_profiling()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_where_the_specification_has_them() {
        let policy = GuestPolicy::new(0xb_0000);
        assert!(policy.debug() && policy.smt() && !policy.migrate_ma());
        assert!(GuestPolicy::new(0x4_0000).migrate_ma());
        assert!(PlatformInfo::new(0x20).alias_check_complete());
    }

    #[test]
    fn reserved_attributes_of_a_guest_are_those_of_the_specification() {
        for bit in 0..64 {
            let reserved = matches!(bit, 1..=3 | 7..=15 | 23..=26 | 32..=61);
            assert_eq!(TdAttributes::new(1 << bit).reserved(), reserved, "bit {bit}");
        }
        assert!(TdAttributes::new(0x1000_0000).sept_ve_disable());
        assert!(TdAttributes::new(0x20).profiling());
    }

    #[test]
    fn a_field_has_one_spelling() {
        assert_eq!(serde_json::to_string(&GuestPolicy::new(0x3_0000)).unwrap(), "\"0x30000\"");
        for text in ["30000", "0X30000", "0x030000", "0x"] {
            assert_eq!(GuestPolicy::try_from(text.to_owned()), Err(HexError), "{text}");
        }
    }
}
