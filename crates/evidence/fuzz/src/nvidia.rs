//! An emulated GPU with its two manifests.

use std::fmt::Write as _;
use std::sync::LazyLock;

use evidence::nvidia::{GpuEvidence, Roots};
use testkit::nvidia::{Link, Signer};

use crate::created;

pub static DEVICE: LazyLock<Signer> = LazyLock::new(|| {
    let validity = (created(), created().plus_seconds(YEAR_S));
    let links = [
        Link::authority("GH100 Identity", validity),
        Link::authority("GH100 A01 GSP BROM", validity),
        Link::device("GH100", "48B02D51037534EE", &[0xf1; 48], validity),
    ];
    Signer::create(&Link::authority("Device Identity CA", validity), &links).expect("a signer")
});

pub static MANIFESTS: LazyLock<Signer> = LazyLock::new(|| {
    let validity = (created(), created().plus_seconds(YEAR_S));
    let links = [Link::authority("Reference Values", validity), Link::signer("Signer", validity)];
    Signer::create(&Link::authority("CoRIM signing Root CA", validity), &links).expect("a signer")
});

pub static ROOTS: LazyLock<Roots> =
    LazyLock::new(|| Roots::emulated(DEVICE.root(), MANIFESTS.root()).expect("roots"));

/// Everything before a report's signature.
#[must_use]
pub fn unsigned_report() -> Vec<u8> {
    let mut record = Vec::new();
    for index in 1..=64 {
        record.extend([index, 1, 51, 0, 1, 48, 0]);
        record.extend([index; 48]);
    }
    let mut opaque = Vec::new();
    let fields: [(u16, &[u8]); 7] = [
        (6, &[0x00, 0x9f, 0x00, 0x96, 0x01, 0, 0, 0]),
        (3, b"590.12\0"),
        (11, &[0xaa]),
        (15, b"885\0"),
        (20, &[0xf1; 48]),
        (21, &[0x55]),
        (34, &[1, 0]),
    ];
    for (kind, value) in fields {
        opaque.extend(kind.to_le_bytes());
        opaque.extend(u16::try_from(value.len()).unwrap_or_default().to_le_bytes());
        opaque.extend(value);
    }
    let length = u32::try_from(record.len()).unwrap_or_default().to_le_bytes();
    let parts: [&[u8]; 8] = [
        &[0x11, 0xe0, 0x01, 0xff],
        &[9; 32],
        &[0, 0x11, 0x60, 0, 0, 64],
        length.get(..3).unwrap_or_default(),
        &record,
        &[7; 32],
        &u16::try_from(opaque.len()).unwrap_or_default().to_le_bytes(),
        &opaque,
    ];
    parts.concat()
}

/// The evidence of a report that is signed here.
#[must_use]
pub fn evidence(unsigned: &[u8]) -> GpuEvidence {
    GpuEvidence {
        report: DEVICE.sign_report(unsigned).expect("signed"),
        certificates: DEVICE.certificates().to_vec(),
        stated: Default::default(),
    }
}

/// The driver's manifest before it is signed.
#[must_use]
pub fn unsigned_manifest() -> String {
    let mut text = format!(
        "<SoftwareIdentity{SWID}{HASH} corpus=\"false\" patch=\"false\" supplemental=\"false\" \
         tagId=\"t\">\n<Entity></Entity>\n<Meta colloquialVersion=\"590.12\" \
         product=\"GH100\"></Meta>\n<Payload>"
    );
    for index in 30..34_u8 {
        let value = format!("{:02x}", index + 1).repeat(48);
        let _ = write!(
            text,
            "<Resource active=\"True\" alternatives=\"1\" index=\"{index}\" size=\"48\" \
             type=\"Measurement\" h:Hash0=\"{value}\"></Resource>"
        );
    }
    text + "</Payload>\n</SoftwareIdentity>"
}

#[must_use]
pub fn signed_manifest(unsigned: &str) -> Option<String> {
    MANIFESTS.sign_manifest(unsigned, (SWID, HASH)).ok()
}

const YEAR_S: i64 = 365 * 24 * 60 * 60;
const SWID: &str = " xmlns=\"http://standards.iso.org/iso/19770/-2/2015/schema.xsd\"";
const HASH: &str = " xmlns:h=\"http://www.w3.org/2001/04/xmlenc#sha384\"";
