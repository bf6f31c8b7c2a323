//! Running other programs: quiet when they succeed, their whole output when they fail.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Runs `command` and returns its standard output.
pub(crate) fn stdout(command: &mut Command) -> Result<Vec<u8>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| {
        format!("cannot start `{program}`; `make setup` installs what is needed")
    })?;
    if !output.status.success() {
        bail!(
            "`{program}` failed with {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(output.stdout)
}

/// Runs `command` with its output shown, as for a long build.
pub(crate) fn shown(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status().with_context(|| {
        format!("cannot start `{program}`; `make setup` installs what is needed")
    })?;
    if !status.success() {
        bail!("`{program}` failed with {status}");
    }
    Ok(())
}
