//! `cloister-lab demo`: all nine stages on real data, in a real guest, shown as they happen.

mod console;
mod figures;
mod jobs;
mod stages;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use tokio::runtime::Runtime;

use crate::LabError;
pub use console::Console;
pub use stages::Outcome;

/// What the demo is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where the demo works and leaves its export; emptied at the start
    #[arg(long, default_value = ".cloister/demo")]
    pub folder: PathBuf,
    /// Also measure a bare boot of the same kernel and print the figures that docs quote
    #[arg(long)]
    pub figures: bool,
}

/// Runs the demo. On Ctrl-C everything that was started is stopped and the work folder is emptied.
///
/// # Errors
/// [`LabError`]: the first stage that did not go as it must.
pub fn run(
    options: &Options,
    console: &mut Console,
    runtime: Runtime,
) -> Result<Outcome, LabError> {
    let folder = Folder::empty(&options.folder)?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = stages::run(options, folder.path(), console) => outcome,
            () = cloister::node::asked_to_stop() => Err(LabError::Interrupted),
        }
    });
    // Requests that are being answered are waited for: they write into the folder.
    drop(runtime);
    if outcome.is_ok() {
        folder.keep();
    }
    outcome
}

/// The demo's work folder: emptied before a run, and after one that did not finish.
struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Folder {
    /// Makes the folder anew. A folder that no demo made is left alone.
    fn empty(path: &Path) -> Result<Self, LabError> {
        let refused = |error| LabError::File(path.to_owned(), error);
        if path.exists() {
            if !path.join(MARKER).exists() && fs::read_dir(path).map_err(refused)?.next().is_some()
            {
                let why = "it exists and is not a demo's; choose another `--folder`";
                return Err(refused(io::Error::other(why)));
            }
            fs::remove_dir_all(path).map_err(refused)?;
        }
        fs::create_dir_all(path).map_err(refused)?;
        fs::write(path.join(MARKER), "made by cloister-lab demo, which empties it\n")
            .map_err(refused)?;
        let path = path.canonicalize().map_err(refused)?;
        Ok(Self { path, kept: false })
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing is left to be told: the run has already failed with its own reason.
            let _emptied = fs::remove_dir_all(&self.path);
        }
    }
}

const MARKER: &str = ".cloister-demo";
