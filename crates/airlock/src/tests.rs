//! The airlock through its routes, over a real ledger and an emulated security processor.

mod deliver;
mod erase;
mod flips;
mod links;
mod release;
mod remember;
mod review;
mod world;
