//! The JSON of a bundle (sigstore `protobuf-specs`, `sigstore_bundle.proto`), read strictly: no
//! unknown and no repeated names, text where text is due. What the texts mean is `parse`'s business.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Bundle {
    pub(crate) media_type: Option<String>,
    pub(crate) verification_material: Option<Material>,
    pub(crate) message_signature: Option<MessageSignature>,
    pub(crate) dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Material {
    pub(crate) certificate: Option<Certificate>,
    pub(crate) x509_certificate_chain: Option<CertificateChain>,
    pub(crate) public_key: Option<PublicKeyHint>,
    pub(crate) tlog_entries: Option<Vec<Entry>>,
    pub(crate) timestamp_verification_data: Option<Timestamps>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Certificate {
    #[serde(default)]
    pub(crate) raw_bytes: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CertificateChain {
    #[serde(default)]
    pub(crate) certificates: Vec<Certificate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublicKeyHint {
    #[serde(default)]
    pub(crate) hint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Timestamps {
    pub(crate) rfc3161_timestamps: Option<Vec<SignedTimestamp>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SignedTimestamp {
    pub(crate) signed_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct MessageSignature {
    pub(crate) message_digest: Option<MessageDigest>,
    pub(crate) signature: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageDigest {
    pub(crate) algorithm: String,
    pub(crate) digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Envelope {
    pub(crate) payload_type: String,
    pub(crate) payload: String,
    pub(crate) signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvelopeSignature {
    pub(crate) sig: String,
    #[serde(default)]
    pub(crate) keyid: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Entry {
    #[serde(default)]
    pub(crate) log_index: Integer,
    pub(crate) log_id: LogId,
    pub(crate) kind_version: KindVersion,
    #[serde(default)]
    pub(crate) integrated_time: Integer,
    pub(crate) inclusion_promise: Option<Promise>,
    pub(crate) inclusion_proof: Option<Proof>,
    pub(crate) canonicalized_body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LogId {
    pub(crate) key_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KindVersion {
    pub(crate) kind: String,
    pub(crate) version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Promise {
    pub(crate) signed_entry_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Proof {
    #[serde(default)]
    pub(crate) log_index: Integer,
    pub(crate) root_hash: String,
    pub(crate) tree_size: Integer,
    #[serde(default)]
    pub(crate) hashes: Vec<String>,
    pub(crate) checkpoint: Option<Checkpoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    #[serde(default)]
    pub(crate) envelope: String,
}

/// A 64-bit integer: decimal text, as the JSON of protocol buffers writes it, or a JSON number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Integer(pub(crate) i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor)
    }
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = Integer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a 64-bit integer")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Integer, E> {
        Ok(Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Integer, E> {
        i64::try_from(value).map(Integer).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Integer, E> {
        let value: i64 = text.parse().map_err(E::custom)?;
        // `i64` also reads `+7` and `007`: one spelling only.
        if value.to_string() == text { Ok(Integer(value)) } else { Err(E::custom("not decimal")) }
    }
}

/// What every log entry says of itself first.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BodyHead {
    pub(crate) api_version: String,
    pub(crate) kind: String,
}
