//! The one command. `cloister` and `cloister-lab` are this library with another [`Edition`].

pub mod cli;
pub mod edition;
pub mod node;
pub mod sealing;
pub mod stamping;

pub use edition::Edition;
