//! The same services plus the emulated platform, for a laptop, demos and tests.

fn main() {}
