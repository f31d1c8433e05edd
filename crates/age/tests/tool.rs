//! Both ways with the real `age` and `age-keygen`. `cargo xtask test` installs them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use sealock_age::{Identity, Key, Lock, Recipient, open, seal};
use sealock_diag::Sensitive;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Lengths around the borders of chunks.
const LENGTHS: [usize; 6] = [0, 1, 65_535, 65_536, 65_537, 300_000];

/// A folder of one test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sealock-age-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn piped(words: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(words[0])
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask test`", words[0]));
    let mut writer = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        let _closed = writer.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?}: {said}");
    output.stdout
}

/// Runs age on a terminal of its own, where it asks for passphrases.
fn on_terminal(words: &str, arguments: &[&str]) {
    const SCRIPT: &str = r#"
import os, pty, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen = b""
while True:
    try:
        got = os.read(terminal, 4096)
    except OSError:
        break
    if not got:
        break
    seen += got
    if seen.rstrip().endswith(b":"):
        # Asked, and from now on not echoed.
        while termios.tcgetattr(terminal)[3] & termios.ECHO:
            pass
        os.write(terminal, sys.argv[1].encode() + b"\n")
        seen = b""
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"#;
    let mut all = vec!["timeout", "60", "python3", "-c", SCRIPT, words, "age"];
    all.extend(arguments);
    piped(&all, b"");
}

fn plain(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 253) as u8).collect()
}

fn draw() -> impl FnMut(&mut [u8]) {
    |buffer| aws_lc_rs::rand::fill(buffer).unwrap()
}

#[test]
fn for_recipients_both_ways() {
    let folder = Folder::new("recipients");
    let file = String::from_utf8(piped(&["age-keygen"], b"")).unwrap();
    std::fs::write(folder.path("key"), &file).unwrap();
    let identities = Identity::read_all(&file).unwrap();
    let recipient = identities[0].recipient();
    let named = piped(&["age-keygen", "-y", &folder.path("key")], b"");
    assert_eq!(
        String::from_utf8(named).unwrap().trim(),
        recipient.to_string()
    );

    let other = Identity::from_secret([3; 32]).unwrap().recipient();
    let both: [Recipient; 2] = [other, recipient];
    for length in LENGTHS {
        let plain = plain(length);
        let sealed = seal(&Lock::Recipients(&both), &plain, &mut draw()).unwrap();
        let theirs = piped(&["age", "-d", "-i", &folder.path("key")], &sealed);
        assert_eq!(theirs, plain, "age opens ours, {length}");
        let (one, two) = (other.to_string(), recipient.to_string());
        let sealed = piped(&["age", "-r", &one, "-r", &two], &plain);
        let ours = open(&Key::Identities(&identities), &sealed).unwrap();
        assert_eq!(ours.expose(), &plain, "we open age's, {length}");
    }
}

#[test]
fn with_a_passphrase_both_ways() {
    let folder = Folder::new("passphrase");
    let [from, to, back] = ["plain", "sealed", "back"].map(|name| folder.path(name));
    let words = Sensitive::new("correct hörse".to_owned());
    let plain = plain(70_000);
    std::fs::write(&from, &plain).unwrap();

    on_terminal(words.expose(), &["-p", "-o", &to, &from]);
    let ours = open(&Key::Passphrase(&words), &std::fs::read(&to).unwrap()).unwrap();
    assert_eq!(ours.expose(), &plain);

    let sealed = seal(&Lock::Passphrase(&words), &plain, &mut draw()).unwrap();
    std::fs::write(&to, sealed).unwrap();
    on_terminal(words.expose(), &["-d", "-o", &back, &to]);
    assert_eq!(std::fs::read(&back).unwrap(), plain);
}
