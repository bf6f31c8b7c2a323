//! The program from outside: exit codes and the JSON that scripts rely on.

#[cfg(test)]
mod data;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod history;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod monitor;
#[cfg(test)]
mod projects;
#[cfg(test)]
mod rebuild;
#[cfg(test)]
mod records;
#[cfg(test)]
mod run;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod stamps;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod tdx;
