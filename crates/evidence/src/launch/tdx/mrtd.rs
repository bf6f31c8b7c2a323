//! MRTD: SHA-384 over a block for each page that is added and each chunk that is measured (Intel TDX
//! Module 1.5 ABI specification, TDH.MEM.PAGE.ADD and TDH.MR.EXTEND).

use aws_lc_rs::digest::{Context, SHA384};
use domain::claims::Measurement;

use super::super::digest::PAGE;
use super::metadata::{Metadata, Section};

/// KVM measures a page as soon as it has added it (Linux `arch/x86/kvm/vmx/tdx.c`,
/// `tdx_gmem_post_populate`). The out-of-tree kernels before it added all pages of a section first.
pub(super) fn of(metadata: &Metadata<'_>) -> Measurement {
    let mut context = Context::new(&SHA384);
    for section in &metadata.sections {
        add_section(&mut context, section);
    }
    let mut output = [0; 48];
    for (to, from) in output.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    Measurement::from_bytes(output)
}

fn add_section(context: &mut Context, section: &Section<'_>) {
    let mut pages = section.data.chunks(PAGE);
    let end = section.address.saturating_add(section.length);
    for address in (section.address..end).step_by(PAGE) {
        context.update(&block(b"MEM.PAGE.ADD", address));
        let data = pages.next().unwrap_or_default();
        if section.measured {
            extend_page(context, address, data);
        }
    }
}

fn extend_page(context: &mut Context, address: u64, data: &[u8]) {
    let mut page = [0; PAGE];
    for (to, from) in page.iter_mut().zip(data) {
        *to = *from;
    }
    let (chunks, _) = page.as_chunks::<CHUNK>();
    for (chunk, address) in chunks.iter().zip((address..).step_by(CHUNK)) {
        context.update(&block(b"MR.EXTEND", address));
        context.update(chunk);
    }
}

/// The name of the operation, padded to 16 bytes, the guest address, zeros.
fn block(name: &[u8], address: u64) -> [u8; 128] {
    let mut block = [0; 128];
    let address = address.to_le_bytes();
    let padding = std::iter::repeat_n(&0, 16_usize.saturating_sub(name.len()));
    for (to, from) in block.iter_mut().zip(name.iter().chain(padding).chain(&address)) {
        *to = *from;
    }
    block
}

/// What TDH.MR.EXTEND takes at a time.
const CHUNK: usize = 256;
