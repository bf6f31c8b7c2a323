//! Releases dataset keys on verified evidence, approval and policy.
