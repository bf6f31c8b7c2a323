//! Quotes as files and messages hold them.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use super::quote::Quote;
use crate::EvidenceError;

/// Reads a quote: raw, in hexadecimal (with or without `0x`), in base64, or as the member `quote`
/// or `td_quote` of JSON, where it is text of either kind or a list of numbers; the JSON may hold
/// it in a member `evidence`.
///
/// # Errors
/// Those of [`Quote::parse`].
pub fn read_quote(input: &[u8]) -> Result<Quote, EvidenceError> {
    let Some(text) = std::str::from_utf8(input).ok().map(str::trim) else {
        return Quote::parse(input);
    };
    if let Ok(json) = serde_json::from_str::<Value>(text)
        && let Some(quote) = in_json(&json)
    {
        return Quote::parse(&quote);
    }
    Quote::parse(&decoded(text).unwrap_or_else(|| input.to_vec()))
}

fn in_json(json: &Value) -> Option<Vec<u8>> {
    let holder = json.get("evidence").filter(|evidence| evidence.is_object()).unwrap_or(json);
    match holder.get("td_quote").or_else(|| holder.get("quote"))? {
        Value::String(text) => decoded(text.trim()),
        Value::Array(numbers) => numbers
            .iter()
            .map(|number| number.as_u64().and_then(|number| u8::try_from(number).ok()))
            .collect(),
        _ => None,
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    hex::decode(text.strip_prefix("0x").unwrap_or(text))
        .ok()
        .or_else(|| STANDARD.decode(text).ok())
        .or_else(|| URL_SAFE.decode(text).ok())
}
