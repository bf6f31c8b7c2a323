//! The program from outside: exit codes and the JSON that scripts rely on.

mod data;
mod evidence;
mod logs;
mod projects;
mod run;
mod servers;
