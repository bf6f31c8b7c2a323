//! A file tree in memory: what goes into an initrd or a container layer, in sorted order.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// One thing in a tree. Owner is always root, modification time always the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// A folder, mode 0755.
    Folder,
    /// A file with its permission bits.
    File { mode: u32, bytes: Vec<u8> },
    /// A symbolic link and its target.
    Link(String),
    /// A character device, mode 0600.
    Device { major: u32, minor: u32 },
}

/// Paths relative to the root without a leading slash; parents are added by themselves.
#[derive(Debug, Default)]
pub(crate) struct Tree(BTreeMap<String, Node>);

impl Tree {
    /// Adds one node; adding another node at the same path is an error.
    pub(crate) fn add(&mut self, path: &str, node: Node) -> Result<()> {
        let path = path.trim_start_matches('/');
        let mut at = 0;
        while let Some(next) = path.get(at..).and_then(|rest| rest.find('/')) {
            let parent = path.get(..at + next).unwrap_or_default();
            self.0.entry(parent.to_owned()).or_insert(Node::Folder);
            at += next + 1;
        }
        match self.0.insert(path.to_owned(), node.clone()) {
            Some(before) if before != node => bail!("two different things at `{path}`"),
            _ => Ok(()),
        }
    }

    /// Adds a folder.
    pub(crate) fn folder(&mut self, path: &str) -> Result<()> {
        self.add(path, Node::Folder)
    }

    /// Adds a file that anyone may read.
    pub(crate) fn file(&mut self, path: &str, bytes: Vec<u8>) -> Result<()> {
        self.add(path, Node::File { mode: 0o644, bytes })
    }

    /// Adds a program.
    pub(crate) fn program(&mut self, path: &str, bytes: Vec<u8>) -> Result<()> {
        self.add(path, Node::File { mode: 0o755, bytes })
    }

    /// Everything in byte order of the paths, so parents come before children.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(path, node)| (path.as_str(), node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_first() {
        let mut tree = Tree::default();
        tree.file("/a/b/c", vec![1]).unwrap();
        let paths: Vec<_> = tree.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["a", "a/b", "a/b/c"]);
    }

    #[test]
    fn a_path_is_used_once() {
        let mut tree = Tree::default();
        tree.file("a", vec![1]).unwrap();
        tree.file("a", vec![1]).unwrap();
        assert_eq!(tree.file("a", vec![2]).unwrap_err().to_string(), "two different things at `a`");
    }
}
