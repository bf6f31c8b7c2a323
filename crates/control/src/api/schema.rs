//! Shapes that other crates define, as the OpenAPI document shows them.

use utoipa::ToSchema;

/// A refusal (RFC 9457), `application/problem+json`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; the value is `wire::Problem`")]
pub(crate) struct Problem {
    /// The stable reason code, such as `approval.expired`.
    reason: String,
    /// One sentence for people.
    detail: String,
}

/// A signed statement (DSSE v1).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; the value is `domain::dsse::Envelope`")]
#[schema(rename_all = "camelCase")]
pub(crate) struct Envelope {
    /// Base64.
    payload: String,
    /// What the payload is.
    payload_type: String,
    /// The signatures over type and payload.
    signatures: Vec<EnvelopeSignature>,
}

/// One signature of an [`Envelope`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct EnvelopeSignature {
    /// A hint at the key.
    keyid: String,
    /// Base64.
    sig: String,
}
