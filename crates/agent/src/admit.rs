//! Everything that the host carried in, held against the launch manifest before a key is asked for.

use disclosure::Rules;
use domain::Digest;
use domain::canonical::CanonicalError;
use domain::dataset::{DatasetError, DatasetManifest, SignedDataset};
use domain::dsse::Envelope;
use domain::launch::LaunchManifest;
use domain::project::WorkloadKind;
use seal::luks2::AdmittedHeader;

use crate::archive::{Index, Window, read_all};
use crate::inputs::Inputs;
use crate::oci::Image;
use crate::signature::SignedArtifact;
use crate::{AgentError, WorkloadError};

/// Inputs of which every byte that matters is the approved one.
#[derive(Debug)]
pub struct Admitted {
    /// The custodian's manifest.
    pub dataset: SignedDataset,
    /// The header that the manifest names, byte for byte, and on the allow-list.
    pub header: Header,
    /// The approved rules.
    pub rules: Rules,
    /// The approved program.
    pub program: Program,
    /// Its signature.
    pub signature: SignedArtifact,
}

/// A LUKS2 header that may be given to libcryptsetup.
#[derive(Debug)]
pub struct Header {
    bytes: Vec<u8>,
}

/// What is run.
#[derive(Debug)]
pub enum Program {
    /// An OCI image, its layers still on the disk.
    Container(Image),
    /// A wasm component.
    Component(Vec<u8>),
}

impl Admitted {
    /// Checks `inputs` against `manifest`, cheapest first.
    ///
    /// # Errors
    /// The variant of [`AgentError`] that names the first input that is not the approved one.
    pub fn check(inputs: Inputs, manifest: &LaunchManifest) -> Result<Self, AgentError> {
        let dataset = dataset(&inputs.dataset, manifest)?;
        let header = Header::admit(inputs.header, &dataset.manifest().header_digest)?;
        if Digest::of(&inputs.rules) != manifest.output_rules {
            return Err(AgentError::RulesDigest);
        }
        let rules = Rules::parse(&inputs.rules).map_err(AgentError::Rules)?;
        let program = Program::find(inputs.workload, manifest)?;
        let signature = SignedArtifact::verify(
            inputs.bundle.as_deref(),
            &manifest.workload.signer,
            program.signed_bytes(),
        )?;
        Ok(Self { dataset, header, rules, program, signature })
    }
}

fn dataset(envelope: &[u8], manifest: &LaunchManifest) -> Result<SignedDataset, AgentError> {
    let unreadable = |cause| DatasetError::Canonical(CanonicalError::NotJson(cause));
    let envelope: Envelope = serde_json::from_slice(envelope)
        .map_err(|cause| AgentError::DatasetManifest(unreadable(cause)))?;
    let dataset = DatasetManifest::verify(&envelope, &manifest.dataset_signer)
        .map_err(AgentError::DatasetManifest)?;
    if dataset.digest() == manifest.dataset { Ok(dataset) } else { Err(AgentError::DatasetOther) }
}

impl Header {
    /// The digest first: a parser sees only bytes that the custodian signed for, and the allow-list
    /// holds even against a custodian's tool that wrote a weak header.
    fn admit(bytes: Vec<u8>, expected: &Digest) -> Result<Self, AgentError> {
        if Digest::of(&bytes) != *expected {
            return Err(AgentError::DatasetHeaderDigest);
        }
        AdmittedHeader::parse(&bytes).map_err(AgentError::Seal)?;
        Ok(Self { bytes })
    }

    /// The header's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Program {
    fn find(workload: Window, manifest: &LaunchManifest) -> Result<Self, AgentError> {
        let approved = &manifest.workload.digest;
        match manifest.workload.kind {
            WorkloadKind::Container => {
                Ok(Self::Container(Image::find(Index::of(workload)?, approved)?))
            }
            WorkloadKind::Wasm => {
                let component = read_all(workload, MAX_COMPONENT_BYTES)?;
                if Digest::of(&component) == *approved {
                    Ok(Self::Component(component))
                } else {
                    Err(WorkloadError::Digest.into())
                }
            }
        }
    }

    /// What a signature is over: the image's manifest, or the component.
    fn signed_bytes(&self) -> &[u8] {
        match self {
            Self::Container(image) => image.manifest(),
            Self::Component(component) => component,
        }
    }

    /// The image's manifest for the receipt; empty for a component.
    #[must_use]
    pub fn image_manifest(&self) -> &[u8] {
        match self {
            Self::Container(image) => image.manifest(),
            Self::Component(_) => &[],
        }
    }
}

const MAX_COMPONENT_BYTES: u64 = 64 << 20;

#[cfg(test)]
mod tests;
