use domain::Reason as _;
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;

/// IEEE 1619-2018 Annex B, vectors 10 and 14 (XTS-AES-256, 512-byte data units): the data unit
/// number and the ciphertext of 00 01 … ff 00 01 … ff.
const IEEE_1619: [(u64, [&str; 12]); 2] = [
    (
        0xff,
        [
            "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b5d31e276f8fe4a8d66b317f9",
            "ac683f44680a86ac35adfc3345befecb4bb188fd5776926c49a3095eb108fd1098baec70aaa66999a72a82f2",
            "7d848b21d4a741b0c5cd4d5fff9dac89aeba122961d03a757123e9870f8acf1000020887891429ca2a3e7a7d",
            "7df7b10355165c8b9a6d0a7de8b062c4500dc4cd120c0f7418dae3d0b5781c34803fa75421c790dfe1de1834",
            "f280d7667b327f6c8cd7557e12ac3a0f93ec05c52e0493ef31a12d3d9260f79a289d6a379bc70c50841473d1",
            "a8cc81ec583e9645e07b8d9670655ba5bbcfecc6dc3966380ad8fecb17b6ba02469a020a84e18e8f84252070",
            "c13e9f1f289be54fbc481457778f616015e1327a02b140f1505eb309326d68378f8374595c849d84f4c333ec",
            "4423885143cb47bd71c5edae9be69a2ffeceb1bec9de244fbe15992b11b77c040f12bd8f6a975a44a0f90c29",
            "a9abc3d4d893927284c58754cce294529f8614dcd2aba991925fedc4ae74ffac6e333b93eb4aff0479da9a41",
            "0e4450e0dd7ae4c6e2910900575da401fc07059f645e8b7e9bfdef33943054ff84011493c27b3429eaedb4ed",
            "5376441a77ed43851ad77f16f541dfd269d50d6a5f14fb0aab1cbb4c1550be97f7ab4066193c4caa773dad38",
            "014bd2092fa755c824bb5e54c4f36ffda9fcea70b9c6e693e148c151",
        ],
    ),
    (
        0xffffffffff,
        [
            "64497e5a831e4a932c09be3e5393376daa599548b816031d224bbf50a818ed2350eae7e96087c8a0db51ad29",
            "0bd00c1ac1620857635bf246c176ab463be30b808da548081ac847b158e1264be25bb0910bbc926471080894",
            "15d45fab1b3d2604e8a8eff1ae4020cfa39936b66827b23f371b92200be90251e6d73c5f86de5fd4a9507819",
            "33d79a28272b782a2ec313efdfcc0628f43d744c2dc2ff3dcb66999b50c7ca895b0c64791eeaa5f29499fb1c",
            "026f84ce5b5c72ba1083cddb5ce45434631665c333b60b11593fb253c5179a2c8db813782a004856a1653011",
            "e93fb6d876c18366dd8683f53412c0c180f9c848592d593f8609ca736317d356e13e2bff3a9f59cd9aeb19cd",
            "482593d8c46128bb32423b37a9adfb482b99453fbe25a41bf6feb4aa0bef5ed24bf73c762978025482c13115",
            "e4015aac992e5613a3b5c2f685b84795cb6e9b2656d8c88157e52c42f978d8634c43d06fea928f2822e465aa",
            "6576e9bf419384506cc3ce3c54ac1a6f67dc66f3b30191e698380bc999b05abce19dc0c6dcc2dd001ec535ba",
            "18deb2df1a101023108318c75dc98611a09dc48a0acdec676fabdf222f07e026f059b672b56e5cbc8e1d21bb",
            "d867dd927212054681d70ea737134cdfce93b6f82ae22423274e58a0821cc5502e2d0ab4585e94de6975be5e",
            "0b4efce51cd3e70c25a1fbbbd609d273ad5b0d59631c531f6a0a57b9",
        ],
    ),
];
const IEEE_1619_KEY: &str = concat!(
    "2718281828459045235360287471352662497757247093699959574966967627",
    "3141592653589793238462643383279502884197169399375105820974944592",
);

fn key(bytes: &[u8]) -> VolumeKey {
    VolumeKey::from_bytes(Zeroizing::new(bytes.try_into().unwrap())).unwrap()
}

#[test]
fn gives_the_published_ciphertext() {
    let xts = Xts::new(&key(&hex::decode(IEEE_1619_KEY).unwrap()));
    let plaintext: Vec<u8> = (0..=255).chain(0..=255).collect();
    for (unit, ciphertext) in IEEE_1619 {
        let mut data = plaintext.clone();
        xts.encrypt_sectors::<512>(&mut data, unit).unwrap();
        assert_eq!(hex::encode(&data), ciphertext.concat());
        xts.decrypt_sectors::<512>(&mut data, unit).unwrap();
        assert_eq!(data, plaintext);
    }
}

/// IEEE 1619 §5.3.1 and §5.2 word for word: one block at a time, the mask as a byte string.
fn naive_encrypt(key: &[u8], data: &mut [u8], first_sector: u64) {
    let aes = |key: &[u8], block: &mut [u8]| {
        let mut array = Block::try_from(&*block).unwrap();
        Aes256::new_from_slice(key).unwrap().encrypt_block(&mut array);
        block.copy_from_slice(&array);
    };
    for (sector, bytes) in data.chunks_mut(SECTOR_BYTES).enumerate() {
        let unit = (first_sector + sector as u64) * 8;
        let mut mask = [0; 16];
        mask[..8].copy_from_slice(&unit.to_le_bytes());
        aes(&key[32..], &mut mask);
        for block in bytes.chunks_mut(16) {
            (0..16).for_each(|i| block[i] ^= mask[i]);
            aes(&key[..32], block);
            (0..16).for_each(|i| block[i] ^= mask[i]);
            let mut carry = 0;
            for byte in &mut mask {
                let next = *byte >> 7;
                *byte = (*byte << 1) | carry;
                carry = next;
            }
            mask[0] ^= carry * 0x87;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn equals_the_naive_reference(
        bytes in any::<[[u8; 32]; 2]>().prop_filter("halves differ", |[a, b]| a != b),
        seed in any::<u8>(),
        sectors in 1_usize..4,
        first_sector in prop_oneof![0_u64..64, Just((1 << 61) - 8), 1_u64 << 29..1 << 33],
    ) {
        let plaintext: Vec<u8> =
            (0..=250_u8).cycle().take(sectors * SECTOR_BYTES).map(|byte| byte ^ seed).collect();
        let xts = Xts::new(&key(bytes.as_flattened()));
        let mut expected = plaintext.clone();
        naive_encrypt(bytes.as_flattened(), &mut expected, first_sector);
        let mut data = plaintext.clone();
        xts.encrypt(&mut data, first_sector).unwrap();
        prop_assert_eq!(&data, &expected);
        xts.decrypt(&mut data, first_sector).unwrap();
        prop_assert_eq!(data, plaintext);
    }
}

#[test]
fn partial_sectors_and_positions_beyond_the_tweak_are_refused() {
    let xts = Xts::new(&key(&hex::decode(IEEE_1619_KEY).unwrap()));
    for (length, first_sector) in [(4095, 0), (1, 0), (4096, 1 << 61), (8192, u64::MAX)] {
        let refused = xts.encrypt(&mut vec![0; length], first_sector).unwrap_err();
        assert_eq!(refused.reason(), "seal.data-length");
    }
    xts.encrypt(&mut [], 0).unwrap();
}
