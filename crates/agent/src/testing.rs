//! A launch with everything in order, for tests that spoil one thing of it.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use domain::dataset::{
    BlockSize, Cipher, Classification, Column, Custodians, DatasetManifest, HashAlgorithm, Kind,
    Role, Salt, Verity,
};
use domain::dsse::Envelope;
use domain::keys::SecretKey;
use domain::launch::{Deployment, LaunchManifest};
use domain::project::{Workload, WorkloadKind};
use domain::{Digest, Timestamp};
use getrandom::SysRng;
use seal::luks2::HeaderRandomness;
use seal::rand_core::UnwrapErr;
use seal::{DatasetSecret, VolumeKey};
use serde_json::{Value, from_value, json};
use sigstore_verify::crypto::KeyPair;
use zeroize::Zeroizing;

use crate::archive::Window;
use crate::disks::GivenManifest;
use crate::inputs::Inputs;

pub(crate) const COMPONENT: &[u8] = b"\0asm component";
pub(crate) const RULES: &[u8] = include_bytes!("../../../policies/disclosure/default.toml");

/// The custodian's signing key.
pub(crate) fn custodian() -> SecretKey {
    SecretKey::from_seed(&Zeroizing::new([1; 32]))
}

/// Inputs and the manifest that approves them.
pub(crate) struct Launch {
    pub(crate) manifest: LaunchManifest,
    pub(crate) dataset: DatasetManifest,
    pub(crate) inputs: Inputs,
}

impl Launch {
    pub(crate) fn new() -> Self {
        let header = header();
        let dataset = dataset(&header);
        let envelope = dataset.sign(&custodian()).unwrap();
        let signer = KeyPair::generate_ecdsa_p256().unwrap();
        let mut manifest = manifest();
        manifest.dataset = envelope.payload_digest().unwrap();
        manifest.workload.signer = signer.public_key_der().unwrap().to_pem();
        let inputs = Inputs {
            dataset: json(&envelope),
            header,
            rules: RULES.to_vec(),
            bundle: Some(bundle(&signer, COMPONENT)),
            workload: window(COMPONENT),
        };
        Self { manifest, dataset, inputs }
    }

    /// Replaces the header and lets the custodian sign for it.
    pub(crate) fn with_header(mut self, header: Vec<u8>) -> Self {
        self.dataset.header_digest = Digest::of(&header);
        let envelope = self.dataset.sign(&custodian()).unwrap();
        self.manifest.dataset = envelope.payload_digest().unwrap();
        self.inputs.dataset = json(&envelope);
        self.inputs.header = header;
        self
    }
}

pub(crate) fn json(envelope: &Envelope) -> Vec<u8> {
    serde_json::to_vec(envelope).unwrap()
}

pub(crate) fn window(content: &[u8]) -> Window {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, content).unwrap();
    Window::whole(file).unwrap()
}

/// A bundle as `cosign sign-blob` writes it.
pub(crate) fn bundle(signer: &KeyPair, artifact: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let signature = signer.sign(artifact).unwrap();
    let digest = encode(Digest::of(artifact).as_bytes());
    let bundle: Value = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": { "publicKey": { "hint": "hint" } },
        "messageSignature": {
            "messageDigest": { "algorithm": "SHA2_256", "digest": digest },
            "signature": encode(signature.as_bytes()),
        },
    });
    bundle.to_string().into_bytes()
}

/// The manifest as the manifest disk gives it.
pub(crate) fn given() -> GivenManifest {
    let manifest = manifest();
    let initdata = String::from_utf8(manifest.to_initdata().unwrap()).unwrap();
    GivenManifest { digest: Digest::of(initdata.as_bytes()), manifest, initdata }
}

fn manifest() -> LaunchManifest {
    let name = |name: &str| json!(name);
    let digest = Digest::of(b"not looked at by the agent");
    LaunchManifest {
        launch: from_value(name("launch-1")).unwrap(),
        job: from_value(name("job-1")).unwrap(),
        author: from_value(name("person-1")).unwrap(),
        project: from_value(name("project-1")).unwrap(),
        proposal: digest,
        dataset: digest,
        dataset_signer: custodian().public(),
        workload: Workload {
            name: "counts".to_owned(),
            kind: WorkloadKind::Wasm,
            digest: Digest::of(COMPONENT),
            signer: String::new(),
            arguments: Vec::new(),
        },
        output_rules: Digest::of(RULES),
        release_policy: digest,
        deployment: Deployment {
            broker_tls: digest,
            airlock_tls: digest,
            airlock_sealing: String::new(),
            log_origin: "log.example".to_owned(),
            log_key: custodian().public(),
        },
        expires: Timestamp::from_unix_seconds(1_900_000_000).unwrap(),
    }
}

fn header() -> Vec<u8> {
    let mut random = UnwrapErr(SysRng);
    let key = VolumeKey::draw(&mut random).unwrap();
    let secret = DatasetSecret::draw(&mut random);
    seal::luks2::write(&key, &secret, &HeaderRandomness::draw(&mut random)).unwrap()
}

fn dataset(header: &[u8]) -> DatasetManifest {
    let column = |name: &str, role| Column { name: name.to_owned(), role, kind: Kind::Categorical };
    DatasetManifest {
        id: from_value(json!("visits")).unwrap(),
        title: "Visits".to_owned(),
        description: "A test's.".to_owned(),
        classification: Classification::Public,
        rows: 2,
        columns: vec![column("person", Role::Identifier), column("site", Role::QuasiIdentifier)],
        files: Vec::new(),
        cipher: Cipher::AesXtsPlain64,
        header_digest: Digest::of(header),
        verity: Verity {
            root_hash: Digest::of(b"root"),
            salt: Salt::from_bytes([2; 32]),
            data_blocks: NonZeroU64::MIN,
            block_size: BlockSize,
            hash_algorithm: HashAlgorithm::Sha256,
        },
        custodians: Custodians::new(BTreeSet::from([custodian().public()]), 1).unwrap(),
        created: Timestamp::from_unix_seconds(1_700_000_000).unwrap(),
    }
}
