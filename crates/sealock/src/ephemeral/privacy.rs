//! What keeps the memory of this process from the disk.

use rustix::mm::{MlockAllFlags, mlockall, munlockall};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// While this lives, nothing of this process is written to a swap area, where the system allows that.
#[derive(Debug)]
pub(crate) struct Privacy {
    locked: bool,
}

impl Privacy {
    /// Forbids core dumps for good, for this process and what it starts, and locks its memory for the life of the value.
    pub(crate) fn begin() -> Self {
        forbid_dumps();
        // Under a limit the next allocation could be the one that ends us.
        let limited = getrlimit(Resource::Memlock).current.is_some();
        let may_lock = !limited || rustix::process::geteuid().is_root();
        let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
        Self {
            locked: may_lock && mlockall(flags).is_ok(),
        }
    }
}

impl Drop for Privacy {
    fn drop(&mut self) {
        if self.locked {
            let _stays_locked = munlockall();
        }
    }
}

/// One byte is smaller than any core file, so none is written; and unlike zero it also stops the kernel from piping the
/// dump to a program (core(5), `fs/coredump.c`).
fn forbid_dumps() {
    let old = getrlimit(Resource::Core);
    let least = old.maximum.map_or(1, |most| most.min(1));
    let none = Rlimit {
        current: Some(least),
        maximum: old.maximum,
    };
    // Lowering one's own limit is always allowed.
    let _lowered = setrlimit(Resource::Core, none);
}
