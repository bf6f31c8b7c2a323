//! The in-toto statement around a dataset manifest (in-toto Attestation Framework v1, `Statement`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DatasetManifest, PREDICATE_TYPE};

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: DatasetManifest,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    name: String,
    digest: BTreeMap<String, String>,
}

impl Statement {
    /// The one statement that is made of `manifest`. `data.img` is named by its verity root: a
    /// plain digest would cost a second pass of SHA-256 and say no more.
    pub(super) fn of(manifest: DatasetManifest) -> Self {
        let subject = |name: &str, algorithm: &str, hex: String| Subject {
            name: name.to_owned(),
            digest: BTreeMap::from([(algorithm.to_owned(), hex)]),
        };
        Self {
            kind: STATEMENT_TYPE.to_owned(),
            subject: vec![
                subject("header.img", "sha256", manifest.header_digest.hex()),
                subject("data.img", "dmVeritySha256", manifest.verity.root_hash.hex()),
            ],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: manifest,
        }
    }

    /// The manifest, if this is exactly the statement that would be made of it.
    pub(super) fn into_manifest(self) -> Option<DatasetManifest> {
        let expected = Self::of(self.predicate.clone());
        (self == expected).then_some(self.predicate)
    }
}
