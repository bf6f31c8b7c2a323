//! An emulated GPU whose evidence is right, to be made wrong in one way by the tests beside.

use std::sync::OnceLock;

use domain::Reason as _;
use evidence::EvidenceError;
use evidence::nvidia::{
    Architecture, Devices, Expected, GpuEvidence, Nonce, References, Roots, Setting, verify,
};
use testkit::nvidia::{Link, Signer};

use crate::support::{created, now, time};

pub(crate) const NONCE: [u8; 32] = [9; 32];
pub(crate) const FIRMWARE: [u8; 48] = [0xf1; 48];
pub(crate) const DEVICE: &str = "48B02D51037534EE";

/// The parts of a report before they are put together and signed.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) request: Vec<u8>,
    pub(crate) response: [u8; 4],
    pub(crate) count: u8,
    pub(crate) blocks: Vec<Vec<u8>>,
    pub(crate) opaque: Vec<(u16, Vec<u8>)>,
}

impl Parts {
    pub(crate) fn right() -> Self {
        Self {
            request: [&[0x11, 0xe0, 0x01, 0xff], NONCE.as_slice(), &[0]].concat(),
            response: [0x11, 0x60, 0, 0],
            count: 64,
            blocks: (1..=64).map(|index| block(index, &[index; 48])).collect(),
            opaque: vec![
                (6, vec![0x00, 0x9f, 0x00, 0x96, 0x01, 0, 0, 0]),
                (3, b"590.12\0".to_vec()),
                (11, vec![0xaa]),
                (15, b"885\0".to_vec()),
                (20, FIRMWARE.to_vec()),
                (21, vec![0x55]),
                (34, vec![1, 0]),
            ],
        }
    }

    pub(crate) fn field(&mut self, kind: u16) -> &mut Vec<u8> {
        &mut self.opaque.iter_mut().find(|field| field.0 == kind).unwrap().1
    }

    /// Everything before the signature.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let record = self.blocks.concat();
        let mut opaque = Vec::new();
        for (kind, value) in &self.opaque {
            opaque.extend(kind.to_le_bytes());
            opaque.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
            opaque.extend(value);
        }
        [
            self.request.as_slice(),
            &self.response,
            &[self.count],
            &u32::try_from(record.len()).unwrap().to_le_bytes()[..3],
            &record,
            &[7; 32],
            &u16::try_from(opaque.len()).unwrap().to_le_bytes(),
            &opaque,
        ]
        .concat()
    }
}

pub(crate) fn block(index: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).unwrap();
    [&[index, 1, length + 3, 0, 1, length, 0], value].concat()
}

pub(crate) fn validity() -> (domain::Timestamp, domain::Timestamp) {
    (created(), time("2030-01-01T00:00:00Z"))
}

pub(crate) fn device_links() -> Vec<Link> {
    vec![
        Link::authority("GH100 Identity", validity()),
        Link::authority("GH100 A01 GSP BROM", validity()),
        Link::device("GH100", DEVICE, &FIRMWARE, validity()),
    ]
}

pub(crate) fn manifest_links() -> Vec<Link> {
    vec![Link::authority("Reference Values", validity()), Link::signer("L4 Signer", validity())]
}

pub(crate) fn device_root() -> Link {
    Link::authority("Device Identity CA", validity())
}

pub(crate) fn manifest_root() -> Link {
    Link::authority("CoRIM signing Root CA", validity())
}

pub(crate) fn device() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| Signer::create(&device_root(), &device_links()).unwrap())
}

pub(crate) fn manifests() -> &'static Signer {
    static SIGNER: OnceLock<Signer> = OnceLock::new();
    SIGNER.get_or_init(|| Signer::create(&manifest_root(), &manifest_links()).unwrap())
}

pub(crate) fn roots() -> Roots {
    Roots::emulated(device().root(), manifests().root()).unwrap()
}

pub(crate) fn evidence(signed: &[u8]) -> GpuEvidence {
    evidence_by(device(), signed)
}

pub(crate) fn evidence_by(signer: &Signer, signed: &[u8]) -> GpuEvidence {
    GpuEvidence {
        report: signer.sign_report(signed).unwrap(),
        certificates: signer.certificates().to_vec(),
        stated: Default::default(),
    }
}

pub(crate) fn expected() -> Expected {
    Expected {
        nonce: Nonce::from_bytes(NONCE),
        architecture: Architecture::Hopper,
        devices: Devices::Listed([DEVICE.to_ascii_lowercase().parse().unwrap()].into()),
        protected_pcie: Setting::Disabled,
    }
}

/// A manifest for `version` that has `values` of the measurements `indices`, unsigned.
pub(crate) fn manifest(version: &str, indices: std::ops::Range<u8>) -> String {
    let resources: String =
        indices.map(|index| resource(index, "True", &[[0; 48], [index + 1; 48]])).collect();
    format!(
        "<SoftwareIdentity{SWID}{HASH} corpus=\"false\" patch=\"false\" supplemental=\"false\" \
         tagId=\"t\">\n<Entity></Entity>\n<Meta colloquialVersion=\"{version}\" \
         product=\"GH100\"></Meta>\n<Payload>{resources}</Payload>\n</SoftwareIdentity>"
    )
}

pub(crate) fn resource(index: u8, active: &str, values: &[[u8; 48]]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let hashes: String = values
        .iter()
        .enumerate()
        .map(|(number, value)| format!(" h:Hash{number}=\"{}\"", hex(value)))
        .collect();
    format!(
        "<Resource active=\"{active}\" alternatives=\"{}\" index=\"{index}\" size=\"48\" \
         type=\"Measurement\"{hashes}></Resource>",
        values.len()
    )
}

pub(crate) fn sign(manifest: &str) -> String {
    manifests().sign_manifest(manifest, (SWID, HASH)).unwrap()
}

pub(crate) const SWID: &str = " xmlns=\"http://standards.iso.org/iso/19770/-2/2015/schema.xsd\"";
pub(crate) const HASH: &str = " xmlns:h=\"http://www.w3.org/2001/04/xmlenc#sha384\"";

pub(crate) fn driver() -> String {
    manifest("590.12", 30..40)
}

pub(crate) fn vbios() -> String {
    manifest("96.00.9f.00.01", 0..30)
}

/// `verified`, or why not.
pub(crate) fn answer(
    evidence: &GpuEvidence,
    expected: &Expected,
    driver: &str,
    vbios: &str,
) -> Result<(), EvidenceError> {
    let references = References { driver: driver.as_bytes(), vbios: vbios.as_bytes() };
    verify(evidence, expected, references, &roots(), now()).map(drop)
}

/// The answer about evidence, everything else being right.
pub(crate) fn reason(evidence: &GpuEvidence) -> &'static str {
    static SIGNED: OnceLock<(String, String)> = OnceLock::new();
    let (driver, vbios) = SIGNED.get_or_init(|| (sign(&driver()), sign(&vbios())));
    code(answer(evidence, &expected(), driver, vbios))
}

pub(crate) fn code(answer: Result<(), EvidenceError>) -> &'static str {
    answer.map_or_else(|error| error.reason(), |()| "verified")
}
