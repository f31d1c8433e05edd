//! Where the links may lie, and where they do when a place is full, closed or somebody else's.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::process::{Outcome, call, run};

use super::{Desk, inventory, session};

const TELL: &str = "cat $DOCKER_CERT_PATH/key.pem >/dev/null && echo $DOCKER_CERT_PATH";

/// A session whose file systems are prepared by a script, in a mount namespace of its own.
fn after(desk: &Desk, script: &str, variables: &[(&str, &str)]) -> Outcome {
    let inner = desk.sealock.command(&session(&[], TELL));
    let script = format!("{script}\nexec \"$@\"");
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "/bin/sh", "-ec", &script, "sh"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .envs(variables.iter().copied());
    run(&mut command)
}

/// Every block and every inode of a new file system at this path is taken.
fn full(path: &str) -> String {
    format!(
        "mount -t tmpfs -o size=64k,nr_inodes=8 none {path}\n\
         dd if=/dev/zero of={path}/fill bs=4k 2>/dev/null || true\n\
         for n in 1 2 3 4 5 6 7 8 9; do mkdir {path}/$n 2>/dev/null || true; done\n"
    )
}

fn place_of(outcome: Outcome) -> PathBuf {
    let said = outcome.ok();
    Path::new(said.trim()).parent().unwrap().to_owned()
}

#[test]
fn a_full_place_is_passed_over() {
    let desk = Desk::new("full");
    assert_eq!(place_of(after(&desk, "", &[])), Path::new("/run"));
    let closed = "mount -t tmpfs -o ro none /run\n";
    assert_eq!(place_of(after(&desk, closed, &[])), Path::new("/dev/shm"));
    let shm_full = format!("{closed}{}", full("/dev/shm"));
    assert_eq!(place_of(after(&desk, &shm_full, &[])), Path::new("/tmp"));
    // Full of bytes only: links need none.
    let no_byte = format!(
        "{closed}mount -t tmpfs -o size=64k none /dev/shm\ndd if=/dev/zero of=/dev/shm/fill bs=4k 2>/dev/null || true\n"
    );
    assert_eq!(place_of(after(&desk, &no_byte, &[])), Path::new("/dev/shm"));
    let all_full = [full("/run"), full("/dev/shm"), full("/tmp")].concat();
    let outcome = after(&desk, &all_full, &[]).expect_code(1);
    assert!(outcome.stderr.contains("error[SL-U032]"), "{outcome}");
    for place in [
        "/run: No space left",
        "/dev/shm: No space left",
        "/tmp: No space left",
    ] {
        assert!(outcome.stderr.contains(place), "{outcome}");
    }
    // What was not handed out is not in the inventory.
    let (_, sessions) = inventory(&desk.sealock);
    assert_eq!(sessions.len(), 4);
}

#[test]
fn a_runtime_directory_counts_when_nobody_else_can_rename_in_it() {
    let desk = Desk::new("runtime");
    let directory = desk.scratch.join("runtime");
    let told = directory.display().to_string();
    let variables = [("XDG_RUNTIME_DIR", told.as_str())];
    std::fs::create_dir(&directory).unwrap();
    for (mode, owner, counts) in [
        (0o700, 0, true),
        (0o700, 65_534, false),
        (0o777, 0, false),
        (0o1777, 0, true),
    ] {
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(mode)).unwrap();
        chown(&directory, Some(owner), None).unwrap();
        let place = place_of(after(&desk, "", &variables));
        assert_eq!(
            place == directory,
            counts,
            "{mode:o} {owner}: {}",
            place.display()
        );
    }
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0);
}

#[test]
fn without_proc_the_memory_cannot_be_reached() {
    let desk = Desk::new("proc");
    let hidden = "mount -t tmpfs none /proc\n";
    let outcome = after(&desk, hidden, &[]).expect_code(1);
    assert!(outcome.stderr.contains("error[SL-U033]"), "{outcome}");
    assert!(outcome.stderr.contains("ca.pem"), "{outcome}");
    // The /proc of other processes is no better.
    let foreign = Command::new("unshare")
        .args(["--pid", "--fork", "--mount", "/bin/sh", "-ec"])
        .args(["exec \"$@\"", "sh"])
        .arg(desk.sealock.command(&[]).get_program())
        .args(desk.sealock.command(&session(&[], TELL)).get_args())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();
    let said = String::from_utf8(foreign.stderr).unwrap();
    assert_eq!(foreign.status.code(), Some(1), "{said}");
    assert!(said.contains("error[SL-U033]"), "{said}");
    let (_, sessions) = inventory(&desk.sealock);
    assert!(sessions.is_empty());
}

#[test]
fn swap_that_keeps_what_is_written_to_it_is_told_to_whom_it_concerns() {
    let desk = Desk::new("swap");
    let head = "Filename Type Size Used Priority";
    let table = |line: &str| {
        format!(
            "printf '{head}\\n{line} 1024 0 -2\\n' >/dev/shm/$$; mount --bind /dev/shm/$$ /proc/swaps; rm /dev/shm/$$\n"
        )
    };
    // Root's memory is never swapped.
    let outcome = after(&desk, &table("/dev/vda9 partition"), &[]).expect_code(0);
    assert_eq!(outcome.stderr, "");
    let everything = call(
        "chown",
        &["-R", "nobody", desk.scratch.path().to_str().unwrap()],
    );
    let _ = everything.ok();
    let nobody = "set -- setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"\n";
    for (line, told) in [
        ("/dev/vda9 partition", true),
        ("/swap.img file", true),
        ("/dev/zram7 partition", false),
    ] {
        let outcome = after(&desk, &format!("{}{nobody}", table(line)), &[]).expect_code(0);
        let device = line.split(' ').next().unwrap();
        let said = outcome
            .stderr
            .contains(&format!("this machine swaps to {device}, which"));
        assert_eq!(said, told, "{outcome}");
    }
}
