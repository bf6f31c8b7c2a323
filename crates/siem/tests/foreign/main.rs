//! Programs that nobody here wrote take our events: rsyslog over TLS, the OCSF schemas, OpenTelemetry's own
//! messages.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

mod forwarder;
mod restarts;
mod rsyslog;
mod scene;
mod schemas;
