//! The state in which virtual processors start: the VMSA page of AMD 24593 (APM volume 2),
//! appendix B, table "VMSA Layout".

use super::digest::PAGE;
use super::{LaunchInputs, Vmm};

/// The VMSA page of a virtual processor that starts at `entry`.
pub(super) fn save_area(entry: u32, inputs: &LaunchInputs<'_>) -> [u8; PAGE] {
    let start = StartState::of(entry, inputs);
    let mut page = Page([0; PAGE]);
    for offset in [ES, DS, FS, GS] {
        page.segment(offset, 0, 0x93, 0);
    }
    page.segment(CS, 0xf000, start.cs_attributes, entry & 0xffff_0000);
    page.segment(SS, 0, start.ss_attributes, 0);
    page.segment(GDTR, 0, 0, 0);
    page.segment(LDTR, 0, 0x82, 0);
    page.segment(IDTR, 0, 0, 0);
    page.segment(TR, 0, start.tr_attributes, 0);
    page.u64(EFER, 0x1000); // SVME, which KVM turns on
    page.u64(CR4, 0x40); // MCE, which KVM turns on
    page.u64(CR0, 0x10);
    page.u64(DR7, 0x400);
    page.u64(DR6, 0xffff_0ff0);
    page.u64(RFLAGS, 2);
    page.u64(RIP, u64::from(entry & 0xffff));
    page.u64(G_PAT, 0x0007_0406_0007_0406);
    page.u64(RDX, start.rdx);
    page.u64(SEV_FEATURES, inputs.guest_features);
    page.u64(XCR0, 1);
    page.bytes(MXCSR, &start.mxcsr.to_le_bytes());
    page.bytes(X87_FCW, &start.x87_control.to_le_bytes());
    page.0
}

/// What monitors set differently.
struct StartState {
    cs_attributes: u16,
    ss_attributes: u16,
    tr_attributes: u16,
    rdx: u64,
    mxcsr: u32,
    x87_control: u16,
}

impl StartState {
    fn of(entry: u32, inputs: &LaunchInputs<'_>) -> Self {
        match inputs.vmm {
            Vmm::Qemu => Self {
                cs_attributes: 0x9b,
                ss_attributes: 0x93,
                tr_attributes: 0x8b,
                rdx: inputs.vcpu_type.signature().into(),
                mxcsr: 0x1f80,
                x87_control: 0x37f,
            },
            Vmm::Ec2 => Self {
                cs_attributes: if entry == super::BOOT_PROCESSOR_ENTRY { 0x9a } else { 0x9b },
                ss_attributes: 0x92,
                tr_attributes: 0x83,
                rdx: 0x600,
                mxcsr: 0,
                x87_control: 0,
            },
        }
    }
}

struct Page([u8; PAGE]);

impl Page {
    fn bytes(&mut self, offset: usize, bytes: &[u8]) {
        for (to, from) in self.0.iter_mut().skip(offset).zip(bytes) {
            *to = *from;
        }
    }

    fn u64(&mut self, offset: usize, value: u64) {
        self.bytes(offset, &value.to_le_bytes());
    }

    /// Selector, attributes, limit, base; the limit is that of real mode.
    fn segment(&mut self, offset: usize, selector: u16, attributes: u16, base: u32) {
        self.bytes(offset, &selector.to_le_bytes());
        self.bytes(offset + 2, &attributes.to_le_bytes());
        self.bytes(offset + 4, &0xffff_u32.to_le_bytes());
        self.bytes(offset + 8, &u64::from(base).to_le_bytes());
    }
}

const ES: usize = 0x000;
const CS: usize = 0x010;
const SS: usize = 0x020;
const DS: usize = 0x030;
const FS: usize = 0x040;
const GS: usize = 0x050;
const GDTR: usize = 0x060;
const LDTR: usize = 0x070;
const IDTR: usize = 0x080;
const TR: usize = 0x090;
const EFER: usize = 0x0d0;
const CR4: usize = 0x148;
const CR0: usize = 0x158;
const DR7: usize = 0x160;
const DR6: usize = 0x168;
const RFLAGS: usize = 0x170;
const RIP: usize = 0x178;
const G_PAT: usize = 0x268;
const RDX: usize = 0x310;
const SEV_FEATURES: usize = 0x3b0;
const XCR0: usize = 0x3e8;
const MXCSR: usize = 0x408;
const X87_FCW: usize = 0x410;
