//! The emulated platform and its own root, re-signing of captured evidence, faulting stores, fixed clock.
