//! `wasm-runner COMPONENT [ARGUMENT]…`: runs inside the sandbox, never outside it.

use std::path::PathBuf;
use std::process::ExitCode;

use agent::wasm::Doors;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(component) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: wasm-runner COMPONENT [ARGUMENT]...");
        return ExitCode::from(2);
    };
    let arguments: Vec<String> = std::iter::once("component".to_owned()).chain(arguments).collect();
    match agent::wasm::run(&component, &arguments, Doors::of_sandbox()) {
        Ok(status) => ExitCode::from(u8::try_from(status).unwrap_or(1)),
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(TRAPPED)
        }
    }
}

/// The component did not end by itself; as a shell shows SIGABRT.
const TRAPPED: u8 = 134;
