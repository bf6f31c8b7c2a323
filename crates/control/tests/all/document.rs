//! The checked-in OpenAPI document.

/// `cargo run -p control --example openapi > docs/openapi.json` brings it up to date.
#[test]
fn the_checked_in_document_is_the_one_that_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let checked_in = std::fs::read_to_string(path).unwrap();
    assert!(checked_in == control::openapi_json(), "docs/openapi.json is out of date");
}
