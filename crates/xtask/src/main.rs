//! Tidy rules, dependency fences and the guest image.

fn main() {}
