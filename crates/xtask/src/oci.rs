//! A container image as an OCI image layout (OCI image specification 1.1), byte for byte the
//! same every time: layers are plain tar, sorted, owned by root and dated to the epoch.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::cache;
use crate::tree::{Node, Tree};

/// A finished image: the files of the layout, and the digest that names it.
#[derive(Debug)]
pub(crate) struct Layout {
    files: Tree,
    /// SHA-256 of the manifest, the image's digest, in hexadecimal.
    pub(crate) digest: String,
}

/// Builds an image of `layers`, lowest first, that starts `entry`.
pub(crate) fn layout(layers: &[Tree], entry: &[&str]) -> Result<Layout> {
    let mut files = Tree::default();
    let mut blob = |bytes: Vec<u8>, media: &str| -> Result<Value> {
        let digest = cache::sha256(&bytes);
        let size = bytes.len();
        files.file(&format!("blobs/sha256/{digest}"), bytes)?;
        let media = format!("application/vnd.oci.image.{media}");
        Ok(json!({"digest": format!("sha256:{digest}"), "mediaType": media, "size": size}))
    };
    let mut descriptors = Vec::new();
    for layer in layers {
        descriptors.push(blob(tar(layer)?, "layer.v1.tar")?);
    }
    let diff_ids: Vec<&Value> = descriptors.iter().map(|layer| &layer["digest"]).collect();
    let config = json!({
        "architecture": "amd64",
        "config": {"Entrypoint": entry, "Env": ["PATH=/usr/bin"], "User": "65534:65534", "WorkingDir": "/"},
        "os": "linux",
        "rootfs": {"diff_ids": diff_ids, "type": "layers"},
    });
    let config = blob(serde_json::to_vec(&config)?, "config.v1+json")?;
    let manifest = json!({
        "config": config,
        "layers": descriptors,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "schemaVersion": 2,
    });
    let manifest = serde_json::to_vec(&manifest)?;
    let digest = cache::sha256(&manifest);
    let size = manifest.len();
    blob(manifest, "manifest.v1+json")?;
    let index = json!({
        "manifests": [{
            "annotations": {"org.opencontainers.image.ref.name": "latest"},
            "digest": format!("sha256:{digest}"),
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "size": size,
        }],
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "schemaVersion": 2,
    });
    files.file("index.json", serde_json::to_vec(&index)?)?;
    files.file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec())?;
    Ok(Layout { files, digest })
}

impl Layout {
    /// Writes the layout as a folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        for (path, node) in self.files.iter() {
            if let Node::File { bytes, .. } = node {
                cache::write(&folder.join(path), bytes)?;
            }
        }
        Ok(())
    }

    /// The layout as one tar file, as the guest receives it on a raw device.
    pub(crate) fn archive(&self) -> Result<Vec<u8>> {
        tar(&self.files)
    }
}

/// A POSIX ustar archive of `tree`.
fn tar(tree: &Tree) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, node) in tree.iter() {
        let mut header = tar::Header::new_ustar();
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(0);
        match node {
            Node::Folder => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_mode(0o755);
                archive.append_data(&mut header, format!("{path}/"), &[][..])?;
            }
            Node::File { mode, bytes } => {
                header.set_entry_type(tar::EntryType::Regular);
                header.set_mode(*mode);
                header.set_size(bytes.len().try_into()?);
                archive.append_data(&mut header, path, bytes.as_slice())?;
            }
            Node::Link(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_mode(0o777);
                archive.append_link(&mut header, path, target)?;
            }
            Node::Device { .. } => anyhow::bail!("no device belongs in a container: `{path}`"),
        }
    }
    Ok(archive.into_inner()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_tree_gives_the_same_digest() {
        let build = || {
            let mut tree = Tree::default();
            tree.file("etc/name", b"x".to_vec()).unwrap();
            tree.add("link", Node::Link("etc/name".to_owned())).unwrap();
            layout(&[tree], &["/run"]).unwrap()
        };
        let (one, two) = (build(), build());
        assert_eq!(one.archive().unwrap(), two.archive().unwrap());
        assert_eq!(one.digest.len(), 64);
        assert_eq!(one.digest, two.digest);
        let paths: Vec<_> = one.files.iter().map(|(path, _)| path).collect();
        assert_eq!(paths.first(), Some(&"blobs"));
        assert!(paths.contains(&format!("blobs/sha256/{}", one.digest).as_str()));
    }
}
