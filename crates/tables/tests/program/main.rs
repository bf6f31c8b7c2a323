//! `cloister-table` from outside: its JSON, its words, its refusals and exit codes.

#[cfg(test)]
mod anonymise;
#[cfg(test)]
mod hierarchies;
#[cfg(test)]
mod measure;
#[cfg(test)]
mod measure_properties;
#[cfg(test)]
mod page;
#[cfg(test)]
mod parquet;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod run;
#[cfg(test)]
mod transform;
#[cfg(test)]
mod vectors;
