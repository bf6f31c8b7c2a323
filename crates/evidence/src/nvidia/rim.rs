//! Reference manifests: what NVIDIA says that the measurements of one driver or one VBIOS should be
//! (TCG RIM Information Model 1.01 as SWID tags, ISO/IEC 19770-2), signed inside.

mod canonical;
mod signature;
mod xml;

use std::collections::BTreeMap;

use domain::Timestamp;

use super::chain::Path;
use super::claims::{Architecture, ComparedWith, GpuClaims, GpuMeasurement, Mismatches, Setting};
use crate::EvidenceError;
use crate::x509::Certificate;
use xml::Element;

/// A manifest whose signature holds under the pinned root. There is no other: an unsigned one cannot
/// become a value of this type.
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    tag_id: String,
    product: String,
    version: String,
    /// Accepted values of each active measurement, by index from 0.
    golden: BTreeMap<u8, Vec<GpuMeasurement>>,
    signer: Path,
}

/// What a manifest is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Component {
    Driver,
    Vbios,
}

impl Manifest {
    /// Reads and verifies a manifest: signature, path to `authority`, content. Dates are
    /// [`Self::valid_at`]'s.
    pub(super) fn verify(bytes: &[u8], authority: &Certificate) -> Result<Self, EvidenceError> {
        let root = Element::parse(bytes)?;
        let plain = |name: &str| matches!(root.attribute("", name), Some("false" | "False"));
        if !root.is(SWID, "SoftwareIdentity")
            || !["corpus", "patch", "supplemental"].into_iter().all(plain)
        {
            return Err(MALFORMED);
        }
        let [entity, meta, payload, signature] =
            <[_; 4]>::try_from(root.elements()?).map_err(|_| MALFORMED)?;
        let signature_last = signature.is(signature::XMLDSIG, "Signature");
        let named = [(entity, "Entity"), (meta, "Meta"), (payload, "Payload")];
        if !signature_last || !named.into_iter().all(|(element, name)| element.is(SWID, name)) {
            return Err(MALFORMED);
        }
        let signer = signature::verify(&root, signature, authority)?;
        Ok(Self {
            tag_id: required(&root, "tagId")?,
            product: required(meta, "product")?,
            version: required(meta, "colloquialVersion")?,
            golden: golden(payload)?,
            signer,
        })
    }

    /// Whether every certificate of the signer is valid at `at`.
    pub(super) fn valid_at(&self, at: Timestamp) -> Result<(), EvidenceError> {
        self.signer.valid_at(at).map_err(|error| match error {
            EvidenceError::Expired => EvidenceError::GpuRimExpired,
            EvidenceError::NotYetValid => EvidenceError::GpuRimNotYetValid,
            other => other,
        })
    }

    /// Which component of the device with `claims` the manifest is of.
    pub(super) fn component(&self, claims: &GpuClaims) -> Result<Component, EvidenceError> {
        // Manifests write `LS10` where certificates write `LS_10`.
        let product = match claims.architecture {
            Architecture::Ls10 => "LS10",
            Architecture::Hopper | Architecture::Blackwell => claims.product.as_str(),
        };
        let is = |version: &str| self.version.eq_ignore_ascii_case(version);
        if self.product != product {
            Err(EvidenceError::GpuRimVersion)
        } else if claims.driver_version.as_deref().is_some_and(is) {
            Ok(Component::Driver)
        } else if is(&claims.vbios_version) {
            Ok(Component::Vbios)
        } else {
            Err(EvidenceError::GpuRimVersion)
        }
    }

    pub(super) fn summary(&self) -> ComparedWith {
        ComparedWith {
            tag_id: self.tag_id.clone(),
            version: self.version.clone(),
            measurements: self.golden.len(),
        }
    }
}

/// The attribute `name`, which must not be empty.
fn required(element: &Element<'_>, name: &str) -> Result<String, EvidenceError> {
    let value = element.attribute("", name).filter(|value| !value.is_empty());
    value.map(str::to_owned).ok_or(MALFORMED)
}

/// Compares every active measurement of `manifests` with the device's. As NVIDIA does, the one of
/// video decoder 0 is left out where the device says that the decoder is off.
pub(super) fn compare(manifests: &[Manifest], claims: &GpuClaims) -> Result<(), EvidenceError> {
    let mut golden = BTreeMap::new();
    for (index, values) in manifests.iter().flat_map(|manifest| &manifest.golden) {
        if golden.insert(*index, values).is_some() {
            return Err(EvidenceError::GpuRimConflict);
        }
    }
    let mut mismatches = Mismatches::default();
    for (index, values) in golden {
        let off = index == NVDEC0_INDEX && claims.nvdec0 == Some(Setting::Disabled);
        // Manifests count from 0, SPDM from 1.
        let measured = claims.measurements.get(&index.saturating_add(1));
        if !off && !measured.is_some_and(|measured| values.contains(measured)) {
            mismatches.insert(index);
        }
    }
    if mismatches.is_empty() { Ok(()) } else { Err(EvidenceError::GpuMeasurement(mismatches)) }
}

fn golden(payload: &Element<'_>) -> Result<BTreeMap<u8, Vec<GpuMeasurement>>, EvidenceError> {
    let mut seen = std::collections::BTreeSet::new();
    let mut golden = BTreeMap::new();
    for resource in payload.elements()? {
        let (index, active, values) = measurement(resource).ok_or(MALFORMED)?;
        if !seen.insert(index) {
            return Err(EvidenceError::Malformed("repeated index in a reference manifest"));
        }
        if active {
            golden.insert(index, values);
        }
    }
    if golden.is_empty() { Err(MALFORMED) } else { Ok(golden) }
}

/// Index, whether it is to be compared, and the accepted values: as many as `alternatives` says.
fn measurement(resource: &Element<'_>) -> Option<(u8, bool, Vec<GpuMeasurement>)> {
    let value = |name| resource.attribute("", name);
    let right = resource.is(SWID, "Resource")
        && resource.children.is_empty()
        && value("type") == Some("Measurement")
        && value("size") == Some("48");
    let active = match value("active")? {
        "True" => true,
        "False" => false,
        _ => return None,
    };
    let index = value("index")?.parse().ok().filter(|index| *index < Mismatches::INDICES)?;
    let alternatives: usize = value("alternatives")?.parse().ok()?;
    let hashes = resource.attributes.iter().filter(|one| one.name.namespace == SHA384).count();
    if !right || alternatives == 0 || alternatives != hashes {
        return None;
    }
    let hash = |number| resource.attribute(SHA384, &format!("Hash{number}"))?.parse().ok();
    Some((index, active, (0..alternatives).map(hash).collect::<Option<_>>()?))
}

const MALFORMED: EvidenceError = EvidenceError::Malformed("reference manifest");

const SWID: &str = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd";
const SHA384: &str = "http://www.w3.org/2001/04/xmlenc#sha384";

/// Where driver manifests have the video decoder.
const NVDEC0_INDEX: u8 = 35;
