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
pub fn run(component: &Path, arguments: &[String]) -> Result<i32> {
    let engine = Engine::new(Config::new().epoch_interruption(true))?;
    let component = Component::from_file(&engine, component)?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
    let mut store = Store::new(&engine, Host::new(arguments)?);
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

struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
    limits: StoreLimits,
}

impl Host {
    fn new(arguments: &[String]) -> Result<Self> {
        let mut wasi = WasiCtx::builder();
        wasi.args(arguments)
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .allow_blocking_current_thread(true)
            .preopened_dir("/data", "/data", FsPerms::ReadOnly)?
            .preopened_dir("/out", "/out", FsPerms::ReadWrite)?;
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
