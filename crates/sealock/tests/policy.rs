//! `sealock policy` as users see it. Needs nothing but the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const POLICY: &str = "version = 1\n\n[[grants]]\nto = \"cn:alice\"\nrole = \"observer\"\n";

/// A folder of this test's own.
struct Desk(PathBuf);

impl Desk {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("policy-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.0.join(name), content).unwrap();
        self
    }

    /// Runs `sealock policy` here; gives the exit code, the data and the talk.
    fn policy(&self, words: &[&str]) -> (i32, String, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new(env!("CARGO_BIN_EXE_sealock"))
            .env_clear()
            .env("HOME", "/nowhere")
            .current_dir(&self.0)
            .arg("policy")
            .args(words)
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    }
}

#[test]
fn a_policy_is_good_or_its_line_is_named() {
    let desk = Desk::new("check");
    desk.file("p.toml", POLICY)
        .file("typing.toml", POLICY.replace("observer", "observr"))
        .file("bytes.toml", b"\xff\xfe");
    let (code, said, _) = desk.policy(&["check", "p.toml"]);
    assert_eq!(code, 0);
    assert!(said.starts_with("good"), "{said}");
    let (code, _, talk) = desk.policy(&["check", "typing.toml"]);
    assert_eq!(code, 1);
    assert!(
        talk.contains("SL-A034")
            && talk.contains("typing.toml, line 5")
            && talk.contains("observer"),
        "{talk}"
    );
    let (code, _, talk) = desk.policy(&["check", "bytes.toml"]);
    assert_eq!(code, 1);
    assert!(talk.contains("SL-U112"), "{talk}");
}

#[test]
fn a_request_is_explained_and_the_exit_code_is_the_answer() {
    let desk = Desk::new("explain");
    desk.file("p.toml", POLICY);
    let ask = |who: &str, method: &str, target: &str| {
        desk.policy(&["explain", "p.toml", "--as", who, method, target])
    };
    let (code, said, _) = ask("cn:alice", "GET", "/v1.41/containers/json");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("allowed by grant 1"), "{said}");
    let (code, said, _) = ask("cn:alice", "DELETE", "/v1.41/containers/web");
    assert_eq!(code, 3, "{said}");
    assert!(
        said.contains("SL-A062") && said.contains("container web"),
        "{said}"
    );
    let (code, said, _) = ask("cn:bob", "GET", "/v1.41/containers/json");
    assert_eq!(code, 3, "{said}");
    let (code, _, talk) = ask("cn:alice", "GET", "/v1.41/containers/../json");
    assert_eq!(code, 1);
    assert!(
        talk.contains("SL-U113") && talk.contains("SL-A002"),
        "{talk}"
    );
}

#[test]
fn cases_hold_or_are_named() {
    let desk = Desk::new("test");
    let case = |expect: &str| {
        format!(
            "[[case]]\nas = \"cn:alice\"\nrequest = \"DELETE /containers/web\"\nexpect = \"{expect}\"\n"
        )
    };
    desk.file("p.toml", POLICY)
        .file("good.toml", case("deny"))
        .file("bad.toml", case("allow"));
    let (code, said, talk) = desk.policy(&["test", "p.toml", "good.toml"]);
    assert_eq!(code, 0, "{said}{talk}");
    let (code, said, talk) = desk.policy(&["test", "p.toml", "bad.toml"]);
    assert_eq!(code, 3, "{said}{talk}");
    assert!(said.contains("SL-A062"), "{said}{talk}");
}
