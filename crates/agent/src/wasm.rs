//! Running a wasm component (WASI 0.2, `wasi:cli/command`) inside the sandbox: `/data` to read,
//! `/out` to write, no network, no environment.

use std::path::Path;
use std::time::Duration;

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, Result, Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::p2::bindings::sync::Command;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxView, WasiView};

/// Runs the component to its end and returns its exit status.
///
/// # Errors
/// The component cannot be compiled or linked, or it traps.
pub fn run(component: &Path, arguments: &[String], doors: Doors<'_>) -> Result<i32> {
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    let component = Component::from_file(&engine, component)?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    let mut store = Store::new(&engine, Host::new(arguments, doors)?);
    store.limiter(|host| &mut host.limits);
    store.set_epoch_deadline(1);
    std::thread::spawn(move || {
        std::thread::sleep(DEADLINE); // the deadline itself: the next epoch interrupts the component
        engine.increment_epoch();
    });
    let command = Command::instantiate(&mut store, &component, &linker)?;
    match command.wasi_cli_run().call_run(&mut store) {
        Ok(Ok(())) => Ok(0),
        Ok(Err(())) => Ok(1),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(exit.0),
            None => Err(error),
        },
    }
}

/// The folders that a component sees as `/data` and `/out`.
#[derive(Clone, Copy, Debug)]
pub struct Doors<'a> {
    /// To read.
    pub data: &'a Path,
    /// To write.
    pub out: &'a Path,
}

impl Doors<'static> {
    /// Where they are in the sandbox.
    #[must_use]
    pub fn of_sandbox() -> Self {
        Self { data: Path::new("/data"), out: Path::new("/out") }
    }
}

struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
    limits: StoreLimits,
}

impl Host {
    fn new(arguments: &[String], doors: Doors<'_>) -> Result<Self> {
        let mut wasi = WasiCtx::builder();
        wasi.args(arguments)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .allow_blocking_current_thread(true)
            .preopened_dir(doors.data, "/data", FsPerms::ReadOnly)?
            .preopened_dir(doors.out, "/out", FsPerms::ReadWrite)?;
        let limits = StoreLimitsBuilder::new().memory_size(MAX_MEMORY_BYTES).build();
        Ok(Self { wasi: wasi.build(), table: ResourceTable::new(), limits })
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Shorter than the sandbox's own deadline, so that the component's end has an exit status.
const DEADLINE: Duration = Duration::from_secs(25 * 60);
const MAX_MEMORY_BYTES: usize = 512 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("component.wasm");
        std::fs::write(&component, bytes).unwrap();
        let doors = Doors { data: folder.path(), out: folder.path() };
        run(&component, &[], doors).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_command_does_not_run() {
        let garbage = failure(b"no wasm");
        assert!(garbage.starts_with("failed to parse"), "{garbage}");
        // A component (Component Model binary format) that exports nothing.
        let empty = failure(b"\0asm\x0d\0\x01\0");
        assert!(empty.contains("wasi:cli/run"), "{empty}");
        // A core module, as older compilers make them.
        let module = failure(b"\0asm\x01\0\0\0");
        assert!(module.starts_with("failed to parse"), "{module}");
    }
}
