//! The airlock through its routes, over a real ledger and an emulated security processor.

#[path = "../../bundle/src/tests/authority.rs"]
mod authority;
mod deliver;
mod erase;
mod flips;
mod links;
mod publication;
mod release;
mod remember;
mod review;
mod statements;
mod world;
