//! Tests of the whole, against bundles that others made, mutants of them, and our own.

mod authority;
mod form;

mod keyless;
mod lab;
mod logged;
mod mutants;
mod pinned;
mod root;
mod second_opinion;
mod vectors;
mod written;
