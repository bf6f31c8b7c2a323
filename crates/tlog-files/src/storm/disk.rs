//! A disk with a page cache: what was written is seen at once, and survives a power failure for sure
//! only when it was synced. Before that, any part of it may survive.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path};

use super::random::Random;

/// The content of a disk.
#[derive(Clone, Debug)]
pub(super) struct Content {
    nodes: BTreeMap<u64, Node>,
    next: u64,
    /// Whatever was ever to be seen under the name `checkpoint`, in this order.
    pub(super) published: Vec<Vec<u8>>,
}

#[derive(Clone, Debug)]
enum Node {
    File(FileNode),
    Folder(BTreeMap<String, Name>),
}

#[derive(Clone, Debug, Default)]
struct FileNode {
    seen: Vec<u8>,
    durable: Vec<u8>,
    /// Whether `durable` is what a power failure leaves: it was synced.
    synced: bool,
    /// An fsync failed, and the system has forgotten that there is something to write.
    dropped: bool,
}

/// What a name stands for now, and what it stood for since it was durable last.
#[derive(Clone, Debug, Default)]
struct Name {
    now: Option<u64>,
    /// The durable meaning, then those that followed it, all of which a power failure may leave.
    before: Vec<Option<u64>>,
}

impl Name {
    fn set(&mut self, node: Option<u64>) {
        let former = std::mem::replace(&mut self.now, node);
        self.before.push(former);
    }
}

impl Default for Content {
    fn default() -> Self {
        Self {
            nodes: BTreeMap::from([(ROOT, Node::Folder(BTreeMap::new()))]),
            next: ROOT + 1,
            published: vec![],
        }
    }
}

impl Content {
    pub(super) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.find(path).map(|node| &self.nodes[&node]) {
            Some(Node::File(file)) => Ok(file.seen.clone()),
            Some(Node::Folder(_)) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn is_folder(&self, path: &Path) -> bool {
        self.find(path).is_some_and(|node| matches!(self.nodes[&node], Node::Folder(_)))
    }

    pub(super) fn names(&self, folder: &Path, most: usize) -> io::Result<Vec<OsString>> {
        let folder = self.find(folder).ok_or(io::ErrorKind::NotFound)?;
        let Node::Folder(names) = &self.nodes[&folder] else {
            return Err(io::ErrorKind::NotADirectory.into());
        };
        let there = names.iter().filter(|(_, name)| name.now.is_some());
        Ok(there.take(most).map(|(name, _)| name.into()).collect())
    }

    /// Makes an empty file and says which node it is.
    pub(super) fn create(&mut self, path: &Path) -> io::Result<u64> {
        self.add(path, Node::File(FileNode::default()))
    }

    pub(super) fn create_folder(&mut self, path: &Path) -> io::Result<()> {
        self.add(path, Node::Folder(BTreeMap::new())).map(|_| ())
    }

    pub(super) fn write(&mut self, node: u64, bytes: &[u8]) {
        let Some(Node::File(file)) = self.nodes.get_mut(&node) else { panic!("no file") };
        file.seen.extend_from_slice(bytes);
        file.synced = false;
    }

    pub(super) fn sync_file(&mut self, node: u64) {
        let Some(Node::File(file)) = self.nodes.get_mut(&node) else { panic!("no file") };
        if !file.dropped {
            file.durable.clone_from(&file.seen);
            file.synced = true;
        }
    }

    /// An fsync that fails: some of it is on the disk, and the rest will never be. What is read after
    /// it is what was written, or what is on the disk.
    pub(super) fn drop_pages(&mut self, node: u64, random: &mut Random) {
        let Some(Node::File(file)) = self.nodes.get_mut(&node) else { panic!("no file") };
        file.durable = torn(file, random);
        if random.coin() {
            file.seen.clone_from(&file.durable);
        }
        file.dropped = true;
    }

    pub(super) fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        for name in self.names_mut(folder)?.values_mut() {
            name.before.clear();
        }
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        assert_eq!(from.parent(), to.parent(), "names of one folder");
        let node = self.find(from).ok_or(io::ErrorKind::NotFound)?;
        if self.is_folder(to) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if to.ends_with("checkpoint") {
            self.published.push(self.read(from)?);
        }
        self.names_mut(parent(to))?.entry(name(to)).or_default().set(Some(node));
        self.names_mut(parent(from))?.entry(name(from)).or_default().set(None);
        Ok(())
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        self.find(path).ok_or(io::ErrorKind::NotFound)?;
        self.names_mut(parent(path))?.entry(name(path)).or_default().set(None);
        Ok(())
    }

    /// Removes the files in a folder, all or `some` of them, and then, if all, the folder.
    pub(super) fn remove_folder(&mut self, folder: &Path, some: bool) -> io::Result<()> {
        for (number, name) in self.names_mut(folder)?.values_mut().enumerate() {
            if name.now.is_some() && (!some || number % 2 == 0) {
                name.set(None);
            }
        }
        if some { Ok(()) } else { self.remove_file(folder) }
    }

    /// The power fails. Of what was not synced any subset survives, torn anywhere.
    pub(super) fn lose_power(&mut self, random: &mut Random) {
        for node in self.nodes.values_mut() {
            match node {
                Node::File(file) => {
                    if !file.synced && !file.dropped {
                        file.durable = torn(file, random);
                    }
                    file.seen.clone_from(&file.durable);
                    (file.synced, file.dropped) = (true, false);
                }
                Node::Folder(names) => {
                    for name in names.values_mut() {
                        let mut any = std::mem::take(&mut name.before);
                        any.push(name.now);
                        name.now = any[random.below(any.len())];
                    }
                }
            }
        }
    }

    fn add(&mut self, path: &Path, node: Node) -> io::Result<u64> {
        if self.find(path).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let number = self.next;
        self.names_mut(parent(path))?.entry(name(path)).or_default().set(Some(number));
        self.nodes.insert(number, node);
        self.next += 1;
        Ok(number)
    }

    fn find(&self, path: &Path) -> Option<u64> {
        let mut at = ROOT;
        for part in path.components() {
            let Component::Normal(part) = part else { continue };
            let Node::Folder(names) = &self.nodes[&at] else { return None };
            at = names.get(part.to_str().unwrap())?.now?;
        }
        Some(at)
    }

    fn names_mut(&mut self, folder: &Path) -> io::Result<&mut BTreeMap<String, Name>> {
        let node = self.find(folder).ok_or(io::ErrorKind::NotFound)?;
        match self.nodes.get_mut(&node) {
            Some(Node::Folder(names)) => Ok(names),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }
}

/// What a disk may hold of a file that was not synced: the old content, the new, its beginning, or the
/// right length with a hole of zeros.
fn torn(file: &FileNode, random: &mut Random) -> Vec<u8> {
    let new = &file.seen;
    match random.below(4) {
        0 => file.durable.clone(),
        1 => new.clone(),
        2 => new[..random.below(new.len() + 1)].to_vec(),
        _ => {
            let (from, to) = (random.below(new.len() + 1), random.below(new.len() + 1));
            let mut holed = new.clone();
            holed[from.min(to)..from.max(to)].fill(0);
            holed
        }
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

const ROOT: u64 = 0;
