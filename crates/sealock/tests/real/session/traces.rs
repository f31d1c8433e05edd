//! Whether a key has left a trace: everything that a session could write to is one block device, and all its blocks are
//! searched, those of deleted files among them. `kill -9` included.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::Scratch;
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{call, run};

use super::Live;
use crate::common::{Host, Sealock, report};

/// Somebody without rights: nobody.
const USER: u32 = 65_534;

/// A file system of its own in a file.
struct Disk {
    scratch: Scratch,
    image: PathBuf,
    root: PathBuf,
}

impl Disk {
    fn new() -> Self {
        let scratch = Scratch::new("disk");
        let (image, root) = (scratch.join("image"), scratch.join("root"));
        fs::File::create(&image).unwrap().set_len(48 << 20).unwrap();
        fs::create_dir(&root).unwrap();
        let (from, to) = (image.display().to_string(), root.display().to_string());
        let _made = call("mkfs.ext4", &["-q", "-F", &from]).ok();
        let _mounted = call("mount", &["-o", "loop", &from, &to]).ok();
        for folder in ["run", "shm", "tmp", "var-tmp", "work"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        Self {
            scratch,
            image,
            root,
        }
    }

    /// A command that finds every writable directory of the system on this disk, and everything else read-only.
    fn confine(&self, inner: &Command, user: u32) -> Command {
        let root = self.root.display();
        let script = format!(
            "mount -o remount,bind,ro /\n\
             for mount in $(awk '{{print $2}}' /proc/mounts | grep -v -e '^/$' -e ^/proc -e ^/sys -e ^/dev -e '{root}'); do\n\
               mount -o remount,bind,ro $mount 2>/dev/null || true\n\
             done\n\
             mount --bind {root}/shm /dev/shm\n\
             for pair in run:run tmp:tmp var-tmp:var/tmp; do mount --bind {root}/${{pair%:*}} /${{pair#*:}}; done\n\
             touch /usr/x 2>/dev/null && exit 99\n\
             touch /run/x /dev/shm/x /tmp/x\n\
             chmod 1777 /dev/shm /tmp\n\
             exec setpriv --reuid={user} --regid={user} --clear-groups \"$@\""
        );
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "/bin/sh", "-ec", &script, "sh"])
            .arg(inner.get_program())
            .args(inner.get_args())
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.root.join("work"))
            .env("TMPDIR", self.root.join("tmp"))
            .current_dir(self.root.join("work"));
        command
    }

    /// How often each of these is found in the blocks of the disk, once all is written.
    fn search(self, needles: &[Vec<u8>]) -> Vec<usize> {
        let _written = call("sync", &["-f", &self.root.display().to_string()]).ok();
        let _unmounted = call("umount", &[&self.root.display().to_string()]).ok();
        let script = "\
import sys
blocks = open(sys.argv[1], 'rb').read()
print(*(blocks.count(bytes.fromhex(needle)) for needle in sys.argv[2:]))
";
        let hex = |bytes: &Vec<u8>| -> String {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let outcome = run(Command::new("python3")
            .args(["-c", script])
            .arg(&self.image)
            .args(needles.iter().map(hex)));
        let counts = outcome.ok();
        drop(self.scratch);
        counts
            .split_whitespace()
            .map(|count| count.parse().unwrap())
            .collect()
    }
}

/// A key as it could lie somewhere: each line of its PEM, its DER, the private number itself and its hexadecimal digits.
fn forms(key: &Path) -> Vec<Vec<u8>> {
    let pem = fs::read(key).unwrap();
    let mut forms: Vec<Vec<u8>> = pem
        .split(|byte| *byte == b'\n')
        .filter(|line| line.len() > 32 && !line.starts_with(b"-"))
        .map(<[u8]>::to_vec)
        .collect();
    let der = Command::new("openssl")
        .args(["pkey", "-outform", "DER", "-in"])
        .arg(key)
        .output()
        .unwrap();
    assert!(der.status.success());
    let begin = [2, 1, 1, 4, 32];
    let at = der
        .stdout
        .windows(5)
        .position(|five| five == begin)
        .unwrap()
        + 5;
    let number = der.stdout[at..at + 32].to_vec();
    let digits: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
    forms.extend([der.stdout, number, digits.into_bytes()]);
    forms
}

fn leaves_no_trace(user: u32) {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let disk = Disk::new();
    let work = disk.root.join("work");
    let (from, to) = (host.sealock.home(), work.join("home"));
    let _copied = call("cp", &["-a", from.to_str().unwrap(), to.to_str().unwrap()]).ok();
    fs::copy(host.sealock.config(), work.join("sealock.toml")).unwrap();
    let everything = call("find", &[work.to_str().unwrap()]).ok();
    for path in everything.lines() {
        chown(path, Some(user), Some(user)).unwrap();
    }
    let sealock = Sealock::in_folder(&work);

    let docker = lab().docker_cli(Version::V28).display().to_string();
    let script = format!(
        "{docker} ps -q --no-trunc >ids && sort <$DOCKER_CERT_PATH/key.pem >/dev/null; \
         echo $DOCKER_CERT_PATH; echo $$; exec cat"
    );
    let mut secret = Vec::new();
    for killed in [false, true] {
        let words = super::session(&[], &script);
        let mut live = Live::of(disk.confine(&sealock.command(&words), user));
        let inside = Path::new("/proc")
            .join(live.command.to_string())
            .join("root")
            .join(live.directory.strip_prefix("/").unwrap());
        let ids = fs::read_to_string(work.join("ids")).unwrap();
        assert_eq!(ids.trim(), host.container.id);
        // Root mounts memory that is never swapped.
        assert_eq!(key_is_swappable(live.sealock.id()), user != 0);
        secret.push(forms(&inside.join("key.pem")));
        if killed {
            live.kill();
        } else {
            assert_eq!(live.end(), Some(0));
        }
    }
    let known = forms(&work.join("home/clients/alice/key.pem"));
    let all: Vec<Vec<u8>> = secret.concat().into_iter().chain(known).collect();
    let count = secret.concat().len();
    let found = disk.search(&all);
    report(&format!(
        "session: {count} forms of 2 keys on no block of 48 MiB, as user {user}; of a key that lies there {} of {} are found",
        found[count..].iter().filter(|found| **found > 0).count(),
        found.len() - count
    ));
    assert!(count >= 10, "{count}");
    assert!(found[..count].iter().all(|found| *found == 0), "{found:?}");
    // The search sees: the standing certificate's key does lie there, as lines of PEM.
    assert!(found[count] > 0 && found[count + 1] > 0, "{found:?}");
}

/// Whether the key that a process holds is one of the files that the kernel may swap.
fn key_is_swappable(process: u32) -> bool {
    let open: Vec<String> = fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .map(|target| target.display().to_string())
        .filter(|target| target.contains("key.pem"))
        .collect();
    let [key] = open.as_slice() else {
        panic!("one key, and not {open:?}");
    };
    key.starts_with("/memfd:")
}

#[test]
fn the_key_of_root_is_on_no_block_of_the_disk() {
    leaves_no_trace(0);
}

#[test]
fn the_key_of_somebody_without_rights_is_on_no_block_of_the_disk() {
    leaves_no_trace(USER);
}
