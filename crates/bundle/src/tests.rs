//! Tests of the whole, against bundles that others made and mutants of them.

mod pinned;
mod vectors;
