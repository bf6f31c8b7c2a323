//! The gate from outside: every reason code, the rules' reader, the second look, and properties.

#[cfg(test)]
mod common;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reasons;
#[cfg(test)]
mod recheck;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod vectors;
