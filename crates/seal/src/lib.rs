//! Sealed dataset and sealed output formats: LUKS2, dm-verity, HPKE envelopes.
