//! What holds for every command of the released program, and for the program as a file.

use std::fs;
use std::process::Command;

use crate::harness::program;

#[test]
fn every_command_explains_itself_with_an_example() {
    let (mut commands, mut without_example) = (Vec::new(), Vec::new());
    let mut groups = vec![Vec::new()];
    while let Some(path) = groups.pop() {
        let help = help(&path);
        let inner = subcommands(&help);
        if inner.is_empty() {
            if !["Example:", "Examples:"].iter().any(|word| help.contains(word)) {
                without_example.push(path.join(" "));
            }
            commands.push(path);
        } else {
            groups.extend(inner.into_iter().map(|name| [path.as_slice(), &[name]].concat()));
        }
    }
    assert!(commands.contains(&vec!["export".to_owned(), "verify".to_owned()]), "{commands:?}");
    assert!(commands.contains(&vec!["doctor".to_owned()]), "{commands:?}");
    assert!(without_example.is_empty(), "no example in the help of: {without_example:#?}");
}

fn help(path: &[String]) -> String {
    let output = Command::new(program("cloister")).args(path).arg("--help").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{path:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{path:?}");
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(!help.trim().is_empty(), "{path:?}");
    help
}

/// The names in the help's list of commands, without `help` itself.
fn subcommands(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    list.take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// The marker of emulated platforms cannot tell: the released program knows it too, to refuse it.
/// The emulator's own code can: its file names and symbols.
#[test]
fn the_released_program_contains_no_emulator() {
    assert!(mentions("cloister-lab", b"testkit"), "the search finds nothing where it must");
    assert!(!mentions("cloister", b"testkit"));
}

fn mentions(name: &str, word: &[u8]) -> bool {
    let bytes = fs::read(program(name)).unwrap();
    bytes.windows(word.len()).any(|window| window == word)
}
