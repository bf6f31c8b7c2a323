//! Tests of the whole, against bundles that others made, mutants of them, and our own.

mod authority;
mod lab;
mod pinned;
mod vectors;
mod written;
