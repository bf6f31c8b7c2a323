//! Turns a launch manifest into a running enclave.
