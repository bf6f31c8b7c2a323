//! The JSON area: the one text that is written, and the allow-list over any other (LUKS2
//! specification §3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::canonical;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::keyslot::Cost;
use super::{AREA_BYTES, COPY_BYTES, anti_forensic};
use crate::Error;

/// All that varies in the JSON of an admitted header.
pub(super) struct Metadata {
    pub(super) cost: Cost,
    pub(super) keyslot_salt: [u8; 32],
    pub(super) digest_salt: [u8; 32],
    pub(super) digest: [u8; 32],
}

impl Metadata {
    /// The text of the JSON area, as RFC 8785 spells it: the order of members must not depend on how
    /// a program was built.
    ///
    /// # Errors
    /// None in practice: every value here has a JSON form.
    pub(super) fn to_json(&self) -> Result<Vec<u8>, Error> {
        let json = json!({
            "keyslots": { "0": self.keyslot() },
            "tokens": {},
            "segments": { "0": segment() },
            "digests": { "0": self.key_digest() },
            "config": config(),
        });
        canonical::to_vec(&json).map_err(|_| Error::LuksMalformed)
    }

    /// Reads the text of a JSON area. The order of the checks is the order of harm: what is
    /// encrypted how, then who can open it, then the rest.
    ///
    /// # Errors
    /// One for each part of the header; [`Error::LuksMalformed`] for what is not such JSON.
    pub(super) fn from_json(text: &str) -> Result<Self, Error> {
        let json: Value = serde_json::from_str(text).map_err(|_| Error::LuksMalformed)?;
        let root = json.as_object().ok_or(Error::LuksMalformed)?;
        let parts = ["keyslots", "tokens", "segments", "digests", "config"];
        let [keyslots, tokens, segments, digests, configuration] = members(root, parts)?;
        check_segment(only(segments).ok_or(Error::LuksSegments)?)?;
        let keyslot = only(keyslots).ok_or(Error::LuksKeyslots)?;
        let metadata = Self {
            cost: read_cost(keyslot)?,
            keyslot_salt: bytes_at(keyslot, "/kdf/salt").ok_or(Error::LuksKeyslots)?,
            digest_salt: only(digests)
                .and_then(|digest| bytes_at(digest, "/salt"))
                .ok_or(Error::LuksDigests)?,
            digest: only(digests)
                .and_then(|digest| bytes_at(digest, "/digest"))
                .ok_or(Error::LuksDigests)?,
        };
        // Whatever else a part says is refused by comparison with what would have been written.
        let written = [
            (*keyslots == json!({ "0": metadata.keyslot() }), Error::LuksKeyslots),
            (*digests == json!({ "0": metadata.key_digest() }), Error::LuksDigests),
            (*tokens == json!({}), Error::LuksTokens),
            (*configuration == config(), Error::LuksConfig),
        ];
        match written.into_iter().find(|(equal, _)| !equal) {
            Some((_, error)) => Err(error),
            None => Ok(metadata),
        }
    }

    fn keyslot(&self) -> Value {
        json!({
            "type": "luks2",
            "key_size": 64,
            "af": { "type": "luks1", "stripes": anti_forensic::STRIPES, "hash": "sha256" },
            "area": {
                "type": "raw",
                "offset": (2 * COPY_BYTES).to_string(),
                "size": AREA_BYTES.to_string(),
                "encryption": CIPHER,
                "key_size": 64,
            },
            "kdf": {
                "type": "argon2id",
                "time": self.cost.time,
                "memory": self.cost.memory,
                "cpus": self.cost.cpus,
                "salt": STANDARD.encode(self.keyslot_salt),
            },
        })
    }

    fn key_digest(&self) -> Value {
        json!({
            "type": "pbkdf2",
            "keyslots": ["0"],
            "segments": ["0"],
            "hash": "sha256",
            "iterations": DIGEST_ITERATIONS,
            "salt": STANDARD.encode(self.digest_salt),
            "digest": STANDARD.encode(self.digest),
        })
    }
}

/// The digest by which a volume key is recognised: PBKDF2-HMAC-SHA-256 (RFC 8018 §5.2).
pub(super) fn key_digest(volume_key: &[u8; 64], salt: &[u8; 32]) -> [u8; 32] {
    let mut digest = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(volume_key, salt, DIGEST_ITERATIONS, &mut digest);
    digest
}

fn segment() -> Value {
    json!({
        "type": "crypt",
        "offset": "0",
        "size": "dynamic",
        "iv_tweak": "0",
        "encryption": CIPHER,
        "sector_size": 4096,
    })
}

fn config() -> Value {
    json!({
        "json_size": (COPY_BYTES - 4096).to_string(),
        "keyslots_size": AREA_BYTES.to_string(),
    })
}

fn check_segment(found: &Value) -> Result<(), Error> {
    if found.get("encryption").is_some_and(|cipher| cipher != CIPHER) {
        return Err(Error::LuksCipher);
    }
    if *found == segment() { Ok(()) } else { Err(Error::LuksSegments) }
}

/// What the key slot costs to guess: derivation, stripes, cipher of the area.
fn read_cost(keyslot: &Value) -> Result<Cost, Error> {
    let number = |pointer: &str| {
        let number = keyslot.pointer(pointer).and_then(Value::as_u64);
        number.and_then(|number| u32::try_from(number).ok()).ok_or(Error::LuksKeyslots)
    };
    if keyslot.pointer("/area/encryption").is_some_and(|cipher| cipher != CIPHER) {
        return Err(Error::LuksCipher);
    }
    if keyslot.pointer("/kdf/type").is_some_and(|kind| kind != "argon2id")
        || number("/af/stripes")? as usize != anti_forensic::STRIPES
        || number("/area/key_size")? != 64
    {
        return Err(Error::LuksWeakKeyslot);
    }
    let (time, memory) = (number("/kdf/time")?, number("/kdf/memory")?);
    Cost { time, memory, cpus: number("/kdf/cpus")? }.check()
}

/// The members of `object`, if these are all it has.
fn members<'a, const N: usize>(
    object: &'a Map<String, Value>,
    names: [&str; N],
) -> Result<[&'a Value; N], Error> {
    let found: Option<Vec<_>> = names.iter().map(|name| object.get(*name)).collect();
    let found = found.filter(|_| object.len() == N).ok_or(Error::LuksMalformed)?;
    found.try_into().map_err(|_| Error::LuksMalformed)
}

/// The value of the one member `0`.
fn only(object: &Value) -> Option<&Value> {
    object.as_object().filter(|members| members.len() == 1)?.get("0")
}

fn bytes_at(value: &Value, pointer: &str) -> Option<[u8; 32]> {
    STANDARD.decode(value.pointer(pointer)?.as_str()?).ok()?.try_into().ok()
}

const CIPHER: &str = "aes-xts-plain64";
/// The least that the format allows: the volume key is 512 random bits.
const DIGEST_ITERATIONS: u32 = 1000;
