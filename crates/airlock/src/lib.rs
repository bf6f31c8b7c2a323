//! Opens sealed outputs for reviewers, re-checks them, and releases them with a receipt.
