//! One event.

use crate::register::sha384;

/// Something that was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub(super) register: Option<usize>,
    pub(super) kind: EventKind,
    pub(super) digest: [u8; 48],
    pub(super) data: Vec<u8>,
}

impl Event {
    /// Which of RTMR0 to 3 was extended; `None` for a remark, which extends nothing.
    #[must_use]
    pub const fn register(&self) -> Option<usize> {
        self.register
    }

    /// Its type.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        self.kind
    }

    /// What the register was extended by.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 48] {
        &self.digest
    }

    /// What the log says about it. Of most types this only describes what was measured.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Whether the digest is that of the data, or of the text that GRUB measured: what follows
    /// `grub_cmd: ` or `kernel_cmdline: `, without the zero byte at its end.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        let is_digest_of = |data: &[u8]| sha384([data]) == self.digest;
        let text = || {
            let data = self.data.strip_suffix(b"\0")?;
            let prefixes: [&[u8]; 2] = [b"grub_cmd: ", b"kernel_cmdline: "];
            prefixes.iter().find_map(|prefix| data.strip_prefix(*prefix))
        };
        is_digest_of(&self.data)
            || (self.kind == EventKind::IPL && text().is_some_and(is_digest_of))
    }
}

/// The type of an event (TCG PC Client Platform Firmware Profile 1.06, §10.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventKind(u32);

impl EventKind {
    /// EV_NO_ACTION: a remark that extends nothing.
    pub const NO_ACTION: Self = Self(0x3);
    /// EV_IPL: what a boot loader measured.
    pub const IPL: Self = Self(0xd);
    /// EV_EFI_HANDOFF_TABLES2: the map of memory.
    pub const HANDOFF_TABLES: Self = Self(0x8000_000b);
    /// EV_EFI_PLATFORM_FIRMWARE_BLOB2: a firmware volume.
    pub const FIRMWARE_BLOB: Self = Self(0x8000_000a);

    pub(super) const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its name in the profile; `None` if it has none.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(number, _)| *number == self.0).map(|(_, name)| *name)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Whether the profile says that the digest is of the data itself: EV_SEPARATOR,
    /// EV_EFI_VARIABLE_DRIVER_CONFIG, EV_EFI_ACTION.
    pub(super) const fn must_be_bound(self) -> bool {
        matches!(self.0, 0x4 | 0x8000_0001 | 0x8000_0007)
    }
}

const NAMES: &[(u32, &str)] = &[
    (0x0, "EV_PREBOOT_CERT"),
    (0x1, "EV_POST_CODE"),
    (0x3, "EV_NO_ACTION"),
    (0x4, "EV_SEPARATOR"),
    (0x5, "EV_ACTION"),
    (0x6, "EV_EVENT_TAG"),
    (0x7, "EV_S_CRTM_CONTENTS"),
    (0x8, "EV_S_CRTM_VERSION"),
    (0x9, "EV_CPU_MICROCODE"),
    (0xa, "EV_PLATFORM_CONFIG_FLAGS"),
    (0xb, "EV_TABLE_OF_DEVICES"),
    (0xc, "EV_COMPACT_HASH"),
    (0xd, "EV_IPL"),
    (0xe, "EV_IPL_PARTITION_DATA"),
    (0xf, "EV_NONHOST_CODE"),
    (0x10, "EV_NONHOST_CONFIG"),
    (0x11, "EV_NONHOST_INFO"),
    (0x12, "EV_OMIT_BOOT_DEVICE_EVENTS"),
    (0x13, "EV_POST_CODE2"),
    (0x8000_0001, "EV_EFI_VARIABLE_DRIVER_CONFIG"),
    (0x8000_0002, "EV_EFI_VARIABLE_BOOT"),
    (0x8000_0003, "EV_EFI_BOOT_SERVICES_APPLICATION"),
    (0x8000_0004, "EV_EFI_BOOT_SERVICES_DRIVER"),
    (0x8000_0005, "EV_EFI_RUNTIME_SERVICES_DRIVER"),
    (0x8000_0006, "EV_EFI_GPT_EVENT"),
    (0x8000_0007, "EV_EFI_ACTION"),
    (0x8000_0008, "EV_EFI_PLATFORM_FIRMWARE_BLOB"),
    (0x8000_0009, "EV_EFI_HANDOFF_TABLES"),
    (0x8000_000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"),
    (0x8000_000b, "EV_EFI_HANDOFF_TABLES2"),
    (0x8000_000c, "EV_EFI_VARIABLE_BOOT2"),
    (0x8000_000d, "EV_EFI_GPT_EVENT2"),
    (0x8000_0010, "EV_EFI_HCRTM_EVENT"),
    (0x8000_00e0, "EV_EFI_VARIABLE_AUTHORITY"),
    (0x8000_00e1, "EV_EFI_SPDM_FIRMWARE_BLOB"),
    (0x8000_00e2, "EV_EFI_SPDM_FIRMWARE_CONFIG"),
];
