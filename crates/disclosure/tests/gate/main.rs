//! The gate from outside: every reason code, the rules' reader, the second look, the measures,
//! secondary disclosure, and properties.

#[cfg(test)]
mod anonymise;
#[cfg(test)]
mod anonymise_properties;
#[cfg(test)]
mod common;
#[cfg(test)]
mod hierarchy_properties;
#[cfg(test)]
mod known_faults;
#[cfg(test)]
mod measures;
#[cfg(test)]
mod measures_properties;
#[cfg(test)]
mod measures_risks;
#[cfg(test)]
mod measures_vectors;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod people;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reasons;
#[cfg(test)]
mod recheck;
#[cfg(test)]
mod releases;
#[cfg(test)]
mod releases_chain;
#[cfg(test)]
mod releases_properties;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod secondary;
#[cfg(test)]
mod secondary_properties;
#[cfg(test)]
mod transform;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod vocabulary;
