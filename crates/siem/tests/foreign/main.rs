//! Programs that nobody here wrote take our events: rsyslog over TLS, the OCSF schemas, OpenTelemetry's own
//! messages.

mod forwarder;
mod restarts;
mod rsyslog;
mod scene;
mod schemas;
