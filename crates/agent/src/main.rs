//! The guest's init: report, attested channel, volumes, workload, checks, sealed output.

fn main() {}
