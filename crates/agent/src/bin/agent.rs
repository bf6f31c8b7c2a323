//! `/init` of the guest: one process, one thread, one job, power-off.

use agent::progress::Reporter;
use agent::{AgentError, init, job};

fn main() {
    let mounted = init::mount_basics();
    let mut reporter = Reporter::open();
    match mounted.and_then(|()| run(&mut reporter)) {
        Ok(()) => reporter.done(),
        Err(error) => reporter.refused(&error),
    }
    init::power_off()
}

fn run(reporter: &mut Reporter) -> Result<(), AgentError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| AgentError::System { what: "starting the runtime", source })?;
    runtime.block_on(job::run(reporter))
}
