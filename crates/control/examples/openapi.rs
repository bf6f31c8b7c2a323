//! Prints the OpenAPI document: `cargo run -p control --example openapi > docs/openapi.json`.

fn main() {
    print!("{}", control::openapi_json());
}
