//! Small files of the form that TDX launches are made of: firmware with metadata, a kernel with PE and
//! setup headers. Their measurements are known (`evidence`, `tdx_launch`); neither starts anything.

/// Firmware as OVMF has it: variables, 12 KiB of code, metadata and table near the end. Memory is added
/// for code, `variables`, each of `temporary` (address and length) and the hand-off block, in this order.
/// Variables and lengths must be whole pages.
#[must_use]
pub fn firmware(variables: &[u8], temporary: &[(u64, u64)]) -> Vec<u8> {
    let mut image = pattern(variables.len().saturating_add(CODE.into()), 251);
    put(&mut image, 0, variables);
    let (length, code) = (image.len() as u64, u64::from(CODE));
    let code_start = length.saturating_sub(code);
    let address = |offset: u64| (1_u64 << 32).saturating_sub(length).saturating_add(offset);
    let mut sections = vec![
        section(code_start, code, address(code_start), code, 0, 1),
        section(0, code_start, address(0), code_start, 1, 0),
    ];
    sections
        .extend(temporary.iter().map(|&(address, length)| section(0, 0, address, length, 3, 0)));
    sections.push(section(0, 0, 0x80_9000, 0x2000, 2, 0));
    let sections = sections.concat();
    let mut descriptor = b"TDVF".to_vec();
    descriptor.extend(field(sections.len() as u64 + 16));
    descriptor.extend(field(1));
    descriptor.extend(field(sections.len() as u64 / 32));
    descriptor.extend(sections);
    let end = image.len();
    put(&mut image, end.saturating_sub(0x400), &descriptor);
    put(&mut image, end.saturating_sub(32 + TABLE.len()), &TABLE);
    image
}

/// A kernel of 8 KiB as Linux makes it: a PE image whose headers leave room for the setup header.
#[must_use]
pub fn kernel() -> Vec<u8> {
    let mut image = pattern(0x2000, 249);
    put(&mut image, 0, b"MZ");
    put(&mut image, 0x3c, &field(0x40));
    put(&mut image, 0x40, &[0; 0x108]);
    put(&mut image, 0x40, b"PE\0\0\x64\x86\x02");
    put(&mut image, 0x54, &[0xa0, 0, 6, 2]);
    put(&mut image, 0x58, &[0x0b, 0x02]);
    let optional_header = [
        (32, 0x1000),
        (36, 0x200),
        (56, 0x4000),
        (60, 0x600),
        (64, 0x1234_5678),
        (68, 10),
        (108, 6),
    ];
    for (offset, value) in optional_header {
        put(&mut image, 0x58 + offset, &field(value));
    }
    for (header, name, offset, length) in
        [(0xf8, b".data", 0x1800, 0x800), (0x120, b".text", 0x600, 0x1200)]
    {
        put(&mut image, header, name);
        let fields = [(8, length), (12, offset), (16, length), (20, offset), (36, 0x6000_0020)];
        for (place, value) in fields {
            put(&mut image, header + place, &field(value));
        }
    }
    put(&mut image, 0x202, b"HdrS\x0f\x02");
    put(&mut image, 0x211, &[1]);
    put(&mut image, 0x236, &[0x7f, 0]);
    image
}

fn section(
    offset: u64,
    raw_length: u64,
    address: u64,
    length: u64,
    kind: u64,
    attributes: u64,
) -> Vec<u8> {
    let mut section = [field(offset), field(raw_length)].concat();
    section.extend(address.to_le_bytes());
    section.extend(length.to_le_bytes());
    section.extend(field(kind));
    section.extend(field(attributes));
    section
}

/// The low 32 bits.
fn field(value: u64) -> [u8; 4] {
    let [a, b, c, d, ..] = value.to_le_bytes();
    [a, b, c, d]
}

fn pattern(length: usize, modulus: u8) -> Vec<u8> {
    (0..modulus).cycle().take(length).collect()
}

fn put(image: &mut [u8], offset: usize, bytes: &[u8]) {
    for (to, from) in image.iter_mut().skip(offset).zip(bytes) {
        *to = *from;
    }
}

const CODE: u16 = 0x3000;
/// Where the metadata is, under its GUID; the footer of the table, under its own.
const TABLE: [u8; 40] = [
    0x00, 0x04, 0, 0, 22, 0, 0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47, 0x86, 0x5e, 0x46,
    0x85, 0xa7, 0xbf, 0x8e, 0xc2, 40, 0, 0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45, 0xba,
    0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d,
];
