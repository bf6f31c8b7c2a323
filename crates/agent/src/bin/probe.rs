//! An init for the test of the guest channel; not part of any image.

use agent::init::{self, Modules};
use agent::{AgentError, network, probe};

fn main() {
    match run() {
        Ok(()) => println!("probe: done"),
        Err(error) => println!("probe: failed: {error}"),
    }
    init::power_off()
}

fn run() -> Result<(), AgentError> {
    init::mount_basics()?;
    init::load_modules(Modules::BeforeKey)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| AgentError::System { what: "starting the runtime", source })?;
    runtime.block_on(async {
        network::bring_up().await?;
        probe::run().await
    })
}
