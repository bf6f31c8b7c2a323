//! Secondary disclosure: what a reader can work out about a count that is not shown.
//!
//! Released counts and their margins are equations over non-negative integers. A cell that is hidden
//! is protected only if the equations leave it room: [`protect`] calls a small cell safe when it has
//! found a whole table that agrees with everything a reader sees and in which that cell is not small.
//! [`propose`] says what would make a table safe. Definitions: `docs/disclosure.md`.

mod bounds;
mod coarser;
mod margins;
mod propose;
mod protect;
mod rounding;
mod search;
mod simplex;
mod system;
#[cfg(test)]
mod tests;
mod work;

pub use coarser::coarser;
pub use margins::{Margins, TableRow};
pub use propose::{Remedy, propose};
pub use protect::{Protection, protect};
pub use rounding::Rounding;
pub use system::{CountCell, Seen, Sum, System, SystemError};
pub use work::Budget;
