//! Control as its clients see it: over TLS, with a real database, between a broker and an airlock
//! that answer what a test tells them to.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod authz;
mod document;
mod erased;
mod input;
mod jobs;
mod outputs;
mod pages;
mod people;
mod projects;
mod rebuilt;
mod services;
mod workloads;
mod world;
