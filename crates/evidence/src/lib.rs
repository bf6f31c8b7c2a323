//! Verifies attestation evidence against given roots, collateral, time and reference values.
