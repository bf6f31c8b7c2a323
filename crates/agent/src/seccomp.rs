//! The system calls that a workload may make: what Python and wasmtime need to compute on files.
//!
//! Everything else answers EPERM. Left out on purpose: sockets other than pairs, mounts, namespaces,
//! keys, bpf, perf, ptrace, io_uring, kexec, modules, time setting, raw IO, userfaultfd.

use serde_json::{Value, json};

/// The profile for the runtime's configuration.
#[must_use]
pub fn profile() -> Value {
    json!({
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": EPERM,
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [
            { "names": ALLOWED, "action": "SCMP_ACT_ALLOW" },
            // Threads and children, but no new namespace among the flags.
            { "names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [
                { "index": 0, "value": CLONE_NEW_ANY, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" },
            ] },
            // Its flags lie in memory, where a filter cannot look: libc falls back to `clone`.
            { "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS },
        ],
    })
}

const EPERM: u32 = 1;
const ENOSYS: u32 = 38;
/// `CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET` (linux/sched.h).
const CLONE_NEW_ANY: u64 = 0x7e02_0000;

#[rustfmt::skip]
const ALLOWED: &[&str] = &[
    // Files.
    "access", "chdir", "chmod", "close", "close_range", "copy_file_range", "creat", "dup", "dup2",
    "dup3", "faccessat", "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat",
    "fcntl", "fdatasync", "flock", "fstat", "fstatfs", "fsync", "ftruncate", "futimesat", "getcwd",
    "getdents", "getdents64", "getxattr", "fgetxattr", "lgetxattr", "listxattr", "flistxattr",
    "llistxattr", "link", "linkat", "lseek", "lstat", "mkdir", "mkdirat", "newfstatat", "open",
    "openat", "openat2", "pipe", "pipe2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev",
    "pwritev2", "read", "readahead", "readlink", "readlinkat", "readv", "rename", "renameat",
    "renameat2", "rmdir", "sendfile", "splice", "stat", "statfs", "statx", "symlink", "symlinkat",
    "sync_file_range", "tee", "truncate", "umask", "unlink", "unlinkat", "utime", "utimensat",
    "utimes", "write", "writev", "ioctl",
    // Memory.
    "brk", "madvise", "membarrier", "mincore", "mlock", "mmap", "mprotect", "mremap", "msync",
    "munlock", "munmap", "memfd_create",
    // Processes and threads.
    "arch_prctl", "execve", "execveat", "exit", "exit_group", "fork", "futex", "get_robust_list",
    "getcpu", "getegid", "geteuid", "getgid", "getgroups", "getpgid", "getpgrp", "getpid", "getppid",
    "getpriority", "getresgid", "getresuid", "getrlimit", "getrusage", "getsid", "gettid", "getuid",
    "kill", "pidfd_open", "prctl", "prlimit64", "restart_syscall", "rseq", "sched_getaffinity",
    "sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min",
    "sched_setaffinity", "sched_yield", "set_robust_list", "set_tid_address", "setpgid", "setsid",
    "setrlimit", "sysinfo", "tgkill", "times", "tkill", "uname", "vfork", "wait4", "waitid",
    // What the runtime itself does between loading this filter and starting the workload.
    "capget", "capset", "setgid", "setgroups", "setresgid", "setresuid", "setuid",
    // Signals, time, waiting, randomness.
    "alarm", "clock_getres", "clock_gettime", "clock_nanosleep", "epoll_create", "epoll_create1",
    "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2", "getitimer",
    "getrandom", "gettimeofday", "nanosleep", "pause", "poll", "ppoll", "pselect6", "rt_sigaction",
    "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend",
    "rt_sigtimedwait", "rt_tgsigqueueinfo", "select", "setitimer", "sigaltstack", "signalfd",
    "signalfd4", "time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime",
    "timer_settime", "timerfd_create", "timerfd_gettime", "timerfd_settime",
    // Pairs connect a process with itself; no other socket can be made.
    "socketpair", "recvfrom", "recvmsg", "sendmsg", "sendto", "shutdown",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_reach_out_or_up_is_not_on_the_list() {
        for name in [
            "socket",
            "connect",
            "bind",
            "mount",
            "umount2",
            "pivot_root",
            "unshare",
            "setns",
            "ptrace",
            "bpf",
            "keyctl",
            "add_key",
            "init_module",
            "finit_module",
            "kexec_load",
            "perf_event_open",
            "io_uring_setup",
            "userfaultfd",
            "clone",
            "clone3",
            "mknod",
            "mknodat",
            "process_vm_readv",
            "open_by_handle_at",
            "settimeofday",
            "reboot",
            "open_tree",
            "move_mount",
            "fsopen",
            "chroot",
            "iopl",
            "ioperm",
            "swapon",
        ] {
            assert!(!ALLOWED.contains(&name), "{name}");
        }
    }

    #[test]
    fn the_default_is_refusal_and_no_name_is_listed_twice() {
        let profile = profile();
        assert_eq!(profile["defaultAction"], "SCMP_ACT_ERRNO");
        let mut names = ALLOWED.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALLOWED.len());
    }
}
