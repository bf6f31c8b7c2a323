use std::collections::BTreeMap;
use std::io::Cursor;
use std::process::Command;

use domain::Reason as _;

use super::*;

fn parameters(blocks: u64) -> Parameters {
    let salt = std::array::from_fn(|i| u8::try_from(i * 7).unwrap());
    Parameters::new(blocks.try_into().unwrap(), Salt::from_bytes(salt)).unwrap()
}

fn data(blocks: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..blocks {
        bytes.extend_from_slice(&number.to_le_bytes());
        bytes.resize(bytes.len() + BLOCK_BYTES - 8, 0x5a);
    }
    bytes
}

fn tree(data: &[u8], parameters: Parameters) -> (Vec<u8>, Digest) {
    let mut written = BTreeMap::new();
    let mut builder = TreeBuilder::new(parameters, |offset, block: &Block| {
        assert_eq!(written.insert(offset, *block), None, "written twice");
        Ok(())
    });
    builder.push(data).unwrap();
    let root = builder.finish().unwrap();
    let bytes: Vec<u8> = written.into_values().flatten().collect();
    assert_eq!(bytes.len() as u64, parameters.hash_device_bytes());
    (bytes, root)
}

/// No level, a full block, one hash more than that, two levels, three levels with a gap.
const SIZES: [u64; 7] = [1, 2, 128, 129, 1000, 128 * 128, 128 * 128 + 130];

#[test]
fn equals_veritysetup() {
    if Command::new("veritysetup").arg("--version").output().is_err() {
        println!("skipped: veritysetup (cryptsetup-bin) is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (data_path, hash_path) = (folder.path().join("data.img"), folder.path().join("hash.img"));
    for blocks in SIZES {
        let (ours, root) = tree(&data(blocks), parameters(blocks));
        std::fs::write(&data_path, data(blocks)).unwrap();
        std::fs::write(&hash_path, []).unwrap();
        let uuid = &ours[16..32];
        let uuid = [0..4, 4..6, 6..8, 8..10, 10..16].map(|range| hex::encode(&uuid[range]));
        let output = Command::new("veritysetup")
            .arg("format")
            .args([&data_path, &hash_path])
            .args(["--hash", "sha256", "--data-block-size", "4096", "--hash-block-size", "4096"])
            .args(["--uuid", &uuid.join("-")])
            .args(["--salt", &hex::encode(parameters(blocks).salt.as_bytes())])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains(&root.hex()), "{blocks} blocks: {printed}");
        assert_eq!(std::fs::read(&hash_path).unwrap(), ours, "{blocks} blocks");
    }
}

#[test]
fn what_was_built_verifies() {
    for blocks in SIZES {
        let (hashes, root) = tree(&data(blocks), parameters(blocks));
        verify(&mut &*data(blocks), &mut Cursor::new(hashes), &parameters(blocks), &root).unwrap();
    }
}

#[test]
fn each_kind_of_change_has_its_reason() {
    let blocks = 300;
    let (hashes, root) = tree(&data(blocks), parameters(blocks));
    let reason = |data: &[u8], hashes: &[u8], root: &Digest| {
        let mut hashes = Cursor::new(hashes.to_vec());
        verify(&mut &*data, &mut hashes, &parameters(blocks), root).unwrap_err().reason()
    };
    for position in [0, 4096 * 150 + 7, 4096 * 300 - 1] {
        let mut changed = data(blocks);
        changed[position] ^= 1;
        assert_eq!(reason(&changed, &hashes, &root), "seal.verity-data");
    }
    for position in (0..hashes.len()).step_by(61) {
        let mut changed = hashes.clone();
        changed[position] ^= 1;
        assert_eq!(reason(&data(blocks), &changed, &root), "seal.verity-tree");
    }
    assert_eq!(reason(&data(blocks), &hashes, &Digest::of(b"")), "seal.verity-data");
    assert_eq!(reason(&data(299), &hashes, &root), "seal.data-length");
    assert_eq!(reason(&data(301), &hashes, &root), "seal.data-length");
    assert_eq!(reason(&[data(blocks), vec![0]].concat(), &hashes, &root), "seal.data-length");
    assert_eq!(reason(&data(blocks), &hashes[1..], &root), "seal.hash-length");
    assert_eq!(reason(&data(blocks), &[&*hashes, &[0]].concat(), &root), "seal.hash-length");
}

#[test]
fn more_blocks_than_can_be_counted_are_refused() {
    let refused = Parameters::new(NonZeroU64::MAX, Salt::from_bytes([0; 32])).unwrap_err();
    assert_eq!(refused.reason(), "seal.data-length");
}
