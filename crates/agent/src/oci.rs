//! An OCI image layout (image-spec 1.1) inside a tar archive: one image, found by its digest.

use std::path::Path;

use domain::Digest;
use serde::Deserialize;

use crate::archive::Index;
use crate::unpack::{Limits, Unpacker};
use crate::{AgentError, WorkloadError};

/// The approved image, its layers still where they lie.
#[derive(Debug)]
pub struct Image {
    layout: Index,
    manifest: Vec<u8>,
    layers: Vec<Descriptor>,
    process: ImageProcess,
}

/// What the image's configuration says to start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageProcess {
    /// Entry point and command.
    pub command: Vec<String>,
    /// `NAME=value`.
    pub environment: Vec<String>,
    /// Where to start, absolute.
    pub folder: String,
}

impl Image {
    /// Finds the image with this manifest digest in the layout.
    ///
    /// # Errors
    /// [`WorkloadError::Digest`] if the layout names another image, [`WorkloadError::Layout`],
    /// [`WorkloadError::BlobDigest`].
    pub fn find(layout: Index, approved: &Digest) -> Result<Self, AgentError> {
        let index: ImageIndex = parse(&read(&layout, "index.json", MAX_JSON_BYTES)?)?;
        let descriptor = index.manifests.into_iter().find(|found| found.digest == *approved);
        let descriptor = descriptor.ok_or(WorkloadError::Digest)?;
        let manifest = descriptor.blob(&layout, MAX_JSON_BYTES)?;
        let parsed: Manifest = parse(&manifest)?;
        if parsed.layers.is_empty() || parsed.layers.len() > MAX_LAYERS {
            return Err(WorkloadError::Layout("the image has no layers or too many").into());
        }
        let config: Config = parse(&parsed.config.blob(&layout, MAX_JSON_BYTES)?)?;
        Ok(Self { layout, manifest, layers: parsed.layers, process: config.config.into() })
    }

    /// The manifest's bytes, which have the approved digest.
    #[must_use]
    pub fn manifest(&self) -> &[u8] {
        &self.manifest
    }

    /// What to start.
    #[must_use]
    pub const fn process(&self) -> &ImageProcess {
        &self.process
    }

    /// Unpacks all layers into `root`, an empty folder on a file system of its own.
    ///
    /// # Errors
    /// The variant of [`WorkloadError`] that names what is wrong with a layer.
    pub fn unpack(&self, root: &Path) -> Result<(), AgentError> {
        let mut unpacker = Unpacker::new(root, Limits::GUEST);
        for layer in &self.layers {
            // Hashed first, whole, then read from the same memory: the disk is the host's.
            let blob = layer.blob(&self.layout, MAX_LAYER_BYTES)?;
            match layer.media_type.as_str() {
                "application/vnd.oci.image.layer.v1.tar" => unpacker.tar(blob.as_slice())?,
                "application/vnd.oci.image.layer.v1.tar+gzip"
                | "application/vnd.docker.image.rootfs.diff.tar.gzip" => unpacker.gzip(&blob)?,
                _ => {
                    return Err(
                        WorkloadError::LayerMalformed("its media type is not supported").into()
                    );
                }
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct ImageIndex {
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: Digest,
    size: u64,
}

impl Descriptor {
    /// The blob, if its length and digest are the descriptor's.
    fn blob(&self, layout: &Index, limit: u64) -> Result<Vec<u8>, AgentError> {
        if self.size > limit {
            return Err(WorkloadError::LayerTooLarge { limit }.into());
        }
        let blob = read(layout, &format!("blobs/sha256/{}", self.digest.hex()), limit)?;
        if u64::try_from(blob.len()) == Ok(self.size) && Digest::of(&blob) == self.digest {
            Ok(blob)
        } else {
            Err(WorkloadError::BlobDigest.into())
        }
    }
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    config: ProcessConfig,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ProcessConfig {
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    env: Option<Vec<String>>,
    working_dir: Option<String>,
}

impl From<ProcessConfig> for ImageProcess {
    fn from(config: ProcessConfig) -> Self {
        let folder = config.working_dir.filter(|folder| folder.starts_with('/'));
        Self {
            command: [config.entrypoint.unwrap_or_default(), config.cmd.unwrap_or_default()]
                .concat(),
            environment: config.env.unwrap_or_default(),
            folder: folder.unwrap_or_else(|| "/".to_owned()),
        }
    }
}

fn read(layout: &Index, name: &str, limit: u64) -> Result<Vec<u8>, AgentError> {
    let content = layout.read(name, limit)?;
    content.ok_or_else(|| WorkloadError::Layout("a file of the image layout is missing").into())
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, AgentError> {
    serde_json::from_slice(json)
        .map_err(|_| WorkloadError::Layout("a document of the image layout cannot be read").into())
}

const MAX_JSON_BYTES: u64 = 1 << 20;
const MAX_LAYERS: usize = 128;
/// A layer is held in memory while it is unpacked.
const MAX_LAYER_BYTES: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Window;
    use crate::archive::tests::archive;
    use domain::Reason as _;
    use serde_json::{Value, json};
    use tar::EntryType::Regular;

    fn descriptor(media_type: &str, blob: &[u8]) -> Value {
        json!({"mediaType": media_type, "digest": Digest::of(blob), "size": blob.len()})
    }

    struct Layout {
        files: Vec<(String, Vec<u8>)>,
        manifest: Digest,
    }

    impl Layout {
        fn new(media_type: &str, layer: &[u8]) -> Self {
            let config = json!({"config": {
                "Entrypoint": ["/usr/bin/python3"], "Cmd": ["-V"], "Env": ["A=b"], "WorkingDir": "x",
            }});
            let config = config.to_string().into_bytes();
            let manifest = json!({
                "schemaVersion": 2,
                "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
                "layers": [descriptor(media_type, layer)],
            });
            let manifest = manifest.to_string().into_bytes();
            let index = json!({"manifests": [
                descriptor("application/vnd.oci.image.manifest.v1+json", &manifest),
            ]});
            let blob = |bytes: &[u8]| {
                (format!("blobs/sha256/{}", Digest::of(bytes).hex()), bytes.to_vec())
            };
            let files = vec![
                ("index.json".to_owned(), index.to_string().into_bytes()),
                blob(&manifest),
                blob(&config),
                blob(layer),
            ];
            Self { files, manifest: Digest::of(&manifest) }
        }

        fn find(&self, approved: &Digest) -> Result<Image, AgentError> {
            let entries: Vec<_> =
                self.files.iter().map(|(name, bytes)| (&**name, Regular, &**bytes)).collect();
            Image::find(Index::of(Window::whole(archive(&entries)).unwrap())?, approved)
        }
    }

    const TAR: &str = "application/vnd.oci.image.layer.v1.tar";

    #[test]
    fn the_approved_image_is_found_and_unpacked() {
        let mut layer = Vec::new();
        let mut file = archive(&[("etc/motd", Regular, b"hello")]);
        std::io::Seek::rewind(&mut file).unwrap();
        std::io::Read::read_to_end(&mut file, &mut layer).unwrap();
        let layout = Layout::new(TAR, &layer);
        let image = layout.find(&layout.manifest).unwrap();
        assert_eq!(image.process().command, ["/usr/bin/python3", "-V"]);
        assert_eq!(image.process().folder, "/");
        let root = tempfile::tempdir().unwrap();
        image.unpack(root.path()).unwrap();
        assert_eq!(std::fs::read(root.path().join("etc/motd")).unwrap(), b"hello");
    }

    #[test]
    fn a_moved_tag_is_another_digest() {
        let layout = Layout::new(TAR, b"layer");
        let refused = layout.find(&Digest::of(b"the approved one")).unwrap_err();
        assert_eq!(refused.reason(), "workload.digest");
    }

    #[test]
    fn altered_blobs_are_refused() {
        let mut layout = Layout::new(TAR, b"layer");
        layout.files[1].1.push(b' ');
        assert_eq!(layout.find(&layout.manifest).unwrap_err().reason(), "workload.blob-digest");

        let mut layout = Layout::new(TAR, b"layer");
        layout.files[3].1 = b"LAYER".to_vec();
        let image = layout.find(&layout.manifest).unwrap();
        let root = tempfile::tempdir().unwrap();
        assert_eq!(image.unpack(root.path()).unwrap_err().reason(), "workload.blob-digest");
    }

    #[test]
    fn missing_files_and_foreign_layers_are_refused() {
        let mut layout = Layout::new(TAR, b"layer");
        layout.files.remove(2);
        assert_eq!(layout.find(&layout.manifest).unwrap_err().reason(), "workload.layout");

        let layout = Layout::new("application/vnd.oci.image.layer.v1.tar+zstd", b"layer");
        let image = layout.find(&layout.manifest).unwrap();
        let root = tempfile::tempdir().unwrap();
        assert_eq!(image.unpack(root.path()).unwrap_err().reason(), "workload.layer-malformed");
    }
}
