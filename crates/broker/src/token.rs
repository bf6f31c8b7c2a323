//! Attestation tokens: EAR (draft-ietf-rats-ear) as a JWT signed with ES256 (RFC 7515, RFC 7518
//! §3.4) by a key that lives as long as this process.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::claims::{Claims, Trust};
use domain::{Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use wire::kbs::RuntimeData;

use crate::BrokerError;

/// Issues tokens and reads them back.
#[derive(Debug)]
pub(crate) struct TokenKey {
    pair: EcdsaKeyPair,
    name: String,
}

/// What a token says that this broker acts on. Everything else in it is for other readers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ticket {
    /// The token's name, under which the broker holds what was attested.
    pub(crate) jti: String,
    /// The launch manifest, by digest.
    pub(crate) launch_manifest: Digest,
    /// Seconds since 1970, from which it is refused.
    exp: i64,
}

/// What a token is made from.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) ticket: &'a str,
    pub(crate) manifest: Digest,
    pub(crate) policy: Digest,
    pub(crate) claims: &'a Claims,
    pub(crate) runtime: &'a RuntimeData,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

impl TokenKey {
    /// A new key.
    ///
    /// # Errors
    /// [`BrokerError::Cryptography`].
    pub(crate) fn generate() -> Result<Self, BrokerError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| BrokerError::Cryptography)?;
        let name = Digest::of(pair.public_key().as_ref()).hex();
        Ok(Self { pair, name })
    }

    /// A token for `subject`, good for `lifetime_seconds` from `at`.
    ///
    /// # Errors
    /// [`BrokerError::Cryptography`].
    pub(crate) fn issue(
        &self,
        subject: &Subject<'_>,
        at: Timestamp,
        lifetime_seconds: i64,
    ) -> Result<String, BrokerError> {
        let header =
            Header { alg: "ES256".to_owned(), kid: self.name.clone(), typ: "JWT".to_owned() };
        let payload = payload(subject, at, lifetime_seconds);
        let signed = format!("{}.{}", part(&header)?, part(&payload)?);
        let signature = self
            .pair
            .sign(&SystemRandom::new(), signed.as_bytes())
            .map_err(|_| BrokerError::Cryptography)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What `token` says, if this key signed it. Whether its time is over is [`Ticket::check`]'s.
    ///
    /// # Errors
    /// [`BrokerError::SessionUnknown`] for the token of another run of the broker,
    /// [`BrokerError::Token`] for anything else that this key did not sign.
    pub(crate) fn read(&self, token: &str) -> Result<Ticket, BrokerError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(BrokerError::Token)?;
        let (header, payload) = signed.split_once('.').ok_or(BrokerError::Token)?;
        let header: Header = from_part(header)?;
        // The algorithm is ours, whatever the header says; `kid` only chooses the reason.
        if header.kid != self.name {
            return Err(BrokerError::SessionUnknown);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| BrokerError::Token)?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key().as_ref())
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| BrokerError::Token)?;
        from_part(payload)
    }
}

impl Ticket {
    /// What a token says whose signature nobody checked: for the log's pointer to what a refusal
    /// is about, never for a decision.
    pub(crate) fn unverified(token: &str) -> Option<Self> {
        from_part(token.split('.').nth(1)?).ok()
    }

    /// Refuses if the token's time is over.
    ///
    /// # Errors
    /// [`BrokerError::TokenExpired`].
    pub(crate) fn check(&self, at: Timestamp) -> Result<(), BrokerError> {
        if self.exp <= at.unix_seconds() { Err(BrokerError::TokenExpired) } else { Ok(()) }
    }
}

fn payload(subject: &Subject<'_>, at: Timestamp, lifetime_seconds: i64) -> serde_json::Value {
    // An emulated platform was compared with every expected value, but nothing vouches for it:
    // the tier "warning" of EAR §3.2.
    let status = match subject.claims.platform.trust() {
        Trust::Hardware => "affirming",
        Trust::Emulated => "warning",
    };
    json!({
        "eat_profile": "tag:github.com,2023:veraison/ear",
        "iat": at.unix_seconds(),
        "exp": at.plus_seconds(lifetime_seconds).unix_seconds(),
        "jti": subject.ticket,
        "launch_manifest": subject.manifest,
        "cnf": { "jwk": subject.runtime.tee_pubkey },
        "ear.verifier-id": { "developer": "cloister", "build": env!("CARGO_PKG_VERSION") },
        "submods": { "cpu0": {
            "ear.status": status,
            "ear.appraisal-policy-id": subject.policy,
            "ear.veraison.annotated-evidence": {
                "snp": subject.claims,
                "init_data": subject.manifest.hex(),
                "runtime_data_claims": subject.runtime,
            },
        }},
    })
}

fn part(value: &impl Serialize) -> Result<String, BrokerError> {
    let json = serde_json::to_vec(value).map_err(|_| BrokerError::Cryptography)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

fn from_part<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, BrokerError> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| BrokerError::Token)?;
    serde_json::from_slice(&json).map_err(|_| BrokerError::Token)
}
