//! Time stamps: recorded ones, made ones that are wrong in one way, and programs that others wrote.

#[cfg(test)]
mod accepted;
#[cfg(test)]
mod altered;
#[cfg(test)]
mod bytes;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod others;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod vectors;
