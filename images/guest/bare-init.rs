//! An init that says so and powers off: the guest's boot without any of our work,
//! against which `cloister-lab demo` states its own time.
#![no_std]
#![no_main]

use core::arch::{asm, naked_asm};

const WRITE: usize = 1;
const REBOOT: usize = 169;

#[unsafe(naked)]
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    naked_asm!("and rsp, -16", "call {main}", main = sym main)
}

extern "C" fn main() -> ! {
    let text = "bare init reached\n";
    system_call(WRITE, [1, text.as_ptr() as usize, text.len()]);
    // LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF of reboot(2)
    system_call(REBOOT, [0xfee1_dead, 0x2812_1969, 0x4321_fedc]);
    loop {}
}

fn system_call(number: usize, arguments: [usize; 3]) {
    // SAFETY: both calls only read memory that lives for the whole program.
    unsafe {
        asm!(
            "syscall",
            inout("rax") number => _,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            out("rcx") _,
            out("r11") _,
        );
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
