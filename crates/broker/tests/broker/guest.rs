//! What an enclave does: a second reading of the KBS protocol, from the other side.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrap as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Digest;
use domain::claims::{GuestPolicy, HostData, Measurement};
use serde_json::Value;
use testkit::emulated::Launch;
use wire::kbs::{
    Attestation, AttestationToken, Challenge, CompositeEvidence, InitData, Request, Response,
    RuntimeData, Tee, TeePubKey, VERSION, dataset_key_path, report_data,
};

use crate::world::{Answer, IMAGE, NO_HEADER, World, processor};

/// An enclave, and everything that can be wrong with it.
pub(crate) struct Guest {
    pub(crate) init_data: Option<String>,
    pub(crate) host_data: HostData,
    pub(crate) measurement: Measurement,
    pub(crate) policy: GuestPolicy,
    pub(crate) vmpl: u32,
    key: PrivateKey,
}

/// The cookie and the nonce of one session.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) cookie: String,
    pub(crate) nonce: String,
}

impl Guest {
    pub(crate) fn launched(init_data: &str) -> Self {
        Self {
            init_data: Some(init_data.to_owned()),
            host_data: HostData::from(Digest::of(init_data.as_bytes())),
            measurement: IMAGE,
            policy: GuestPolicy::new(0x3_0000),
            vmpl: 0,
            key: PrivateKey::generate(&ECDH_P256).unwrap(),
        }
    }

    pub(crate) async fn session(world: &World) -> Session {
        let request = Request {
            version: VERSION.to_owned(),
            tee: Tee::Snp,
            extra_params: Value::String(String::new()),
        };
        let answer = world.post("/kbs/v0/auth", NO_HEADER, &request).await;
        let cookie = answer.cookie.clone().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Session { cookie, nonce: answer.read::<Challenge>().nonce }
    }

    pub(crate) fn public_key(&self) -> TeePubKey {
        let point = self.key.compute_public_key().unwrap();
        let (x, y) = point.as_ref()[1..].split_at(32);
        TeePubKey::EC {
            crv: "P-256".to_owned(),
            alg: "ECDH-ES+A256KW".to_owned(),
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        }
    }

    /// The message of an enclave whose report binds `bound`.
    pub(crate) fn message(&self, nonce: &str, bound: &RuntimeData) -> Attestation {
        let launch = Launch {
            measurement: self.measurement,
            host_data: self.host_data,
            policy: self.policy,
        };
        let data = report_data("", bound).unwrap();
        let evidence = processor().evidence(&launch, data, self.vmpl).unwrap();
        let body = |body: &String| InitData { format: "toml".to_owned(), body: body.clone() };
        Attestation {
            init_data: self.init_data.as_ref().map(body),
            runtime_data: RuntimeData { nonce: nonce.to_owned(), tee_pubkey: self.public_key() },
            tee_evidence: CompositeEvidence {
                primary_evidence: serde_json::to_value(evidence).unwrap(),
                additional_evidence: String::new(),
            },
        }
    }

    pub(crate) fn attestation(&self, nonce: &str) -> Attestation {
        let bound = RuntimeData { nonce: nonce.to_owned(), tee_pubkey: self.public_key() };
        self.message(nonce, &bound)
    }

    pub(crate) async fn attest(&self, world: &World) -> Answer {
        let session = Self::session(world).await;
        send(world, &session, &self.attestation(&session.nonce)).await
    }

    pub(crate) async fn attested(&self, world: &World) -> String {
        self.attest(world).await.read::<AttestationToken>().token
    }

    /// The secret in a resource, if it is for this enclave.
    pub(crate) fn open(&self, answer: &Answer) -> Vec<u8> {
        let response: Response = answer.read();
        let wire: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(response.protected.alg, "ECDH-ES+A256KW");
        assert_eq!(response.protected.enc, "A256GCM");
        let epk = &response.protected.other_fields["epk"];
        assert_eq!((&epk["kty"], &epk["crv"]), (&"EC".into(), &"P-256".into()));
        let part = |name: &str| URL_SAFE_NO_PAD.decode(epk[name].as_str().unwrap()).unwrap();
        let point = [vec![4], part("x"), part("y")].concat();
        let point = UnparsedPublicKey::new(&ECDH_P256, point);
        let kek = agree(&self.key, point, (), |shared| {
            let other = b"\0\0\0\x0eECDH-ES+A256KW\0\0\0\0\0\0\0\0\0\0\x01\0";
            Ok(digest(&SHA256, &[&1_u32.to_be_bytes()[..], shared, other].concat()))
        });
        let mut key = [0; 32];
        let kek = AesKek::new(&AES_256, kek.unwrap().as_ref()).unwrap();
        kek.unwrap(&response.encrypted_key, &mut key).unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(&response.iv).unwrap();
        let aad = Aad::from(wire["protected"].as_str().unwrap());
        let mut text = [response.ciphertext, response.tag].concat();
        key.open_in_place(nonce, aad, &mut text).unwrap().to_vec()
    }
}

pub(crate) async fn send(world: &World, session: &Session, message: &Attestation) -> Answer {
    world.post("/kbs/v0/attest", ("cookie", &session.cookie), message).await
}

pub(crate) async fn fetch(world: &World, token: &str) -> Answer {
    fetch_path(world, token, &dataset_key_path(&world.dataset_digest())).await
}

pub(crate) async fn fetch_path(world: &World, token: &str, path: &str) -> Answer {
    let token = format!("Bearer {token}");
    world.get(&format!("/kbs/v0/resource/{path}"), ("authorization", &token)).await
}
