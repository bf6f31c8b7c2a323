//! Running the program.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A folder in which the program is run.
pub(crate) struct Bench(TempDir);

/// What the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Bench {
    /// With a file `table.csv`.
    pub(crate) fn with(content: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("table.csv"), content).unwrap();
        Self(folder)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(name)).unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.path().join(name).exists()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        run_in(self.0.path(), arguments)
    }

    /// Runs with so many kilobytes of memory at most, as a shell limits it.
    pub(crate) fn limited(&self, kilobytes: &str, arguments: &[&str]) -> Ran {
        let mut shell = Command::new("sh");
        shell.args(["-c", "ulimit -v $0 && exec \"$@\"", kilobytes, PROGRAM]);
        ran(shell.args(arguments).current_dir(self.0.path()))
    }

    /// Measures `table.csv` with the arguments, split at spaces, and answers in JSON.
    pub(crate) fn measure(&self, arguments: &str) -> Ran {
        let fixed = ["measure", "--input", "table.csv", "--json"];
        self.run(&fixed.into_iter().chain(arguments.split(' ')).collect::<Vec<_>>())
    }
}

pub(crate) fn run_in(folder: &Path, arguments: &[&str]) -> Ran {
    ran(Command::new(PROGRAM).args(arguments).current_dir(folder))
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_cloister-table");

fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        output: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The reason code and the sentence of a command that could not be done.
    pub(crate) fn unusable(&self) -> (String, String) {
        let json = self.json();
        assert_eq!((self.code, &json["verdict"]), (2, &"unusable".into()), "{self:?}");
        let text = |member: &str| json[member].as_str().unwrap().to_owned();
        (text("reason"), text("detail"))
    }
}
