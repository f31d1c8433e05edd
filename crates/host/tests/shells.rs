//! What `client env` prints, evaluated by real shells.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use sealock_host::client::{Endpoint, Shell, env};
use std::path::Path;
use std::process::Command;

/// Paths as an enemy would choose them.
const HOSTILE: &[&str] = &[
    "/plain",
    "/with space",
    "/it's",
    "/''",
    "/a\\b\\\\",
    "/trailing\\",
    "/$(touch pwned)`id`$HOME${IFS}",
    "/\"double\"; rm -rf x #",
    "/*?[a]{b,c}~!!&|<>",
    "/’‘‚‛ curly",
    "/ünïcode/漢字",
    "/%PATH%^&",
];

fn endpoint() -> Endpoint {
    "tcp://build.example.org:2376".parse().unwrap()
}

fn evaluated(shell: &str, script: impl Fn(&str) -> String, speak: Shell) {
    for dir in HOSTILE {
        let text = env(
            Path::new(dir),
            &endpoint(),
            speak,
            "sealock client env alice",
        )
        .unwrap();
        let out = Command::new(shell)
            .args(["-c", &script(&text)])
            .env("DOCKER_CONTEXT", "elsewhere")
            .env("TEXT", &text)
            .current_dir(std::env::temp_dir())
            .output()
            .unwrap_or_else(|error| panic!("{shell}: {error}; run through: cargo xtask test"));
        assert!(
            out.stderr.is_empty(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        let got = String::from_utf8(out.stdout).unwrap();
        assert_eq!(
            got,
            format!("tcp://build.example.org:2376|1|{dir}|\n"),
            "{shell}: {text}"
        );
    }
}

#[test]
fn bash_reads_back_every_path() {
    let show = r#"; printf '%s|%s|%s|%s\n' "$DOCKER_HOST" "$DOCKER_TLS_VERIFY" "$DOCKER_CERT_PATH" "$DOCKER_CONTEXT""#;
    evaluated("bash", |_| format!("eval \"$TEXT\"{show}"), Shell::Bash);
    evaluated("sh", |text| format!("{text}\n:{show}"), Shell::Bash);
}

#[test]
fn fish_reads_back_every_path() {
    let show = r#"printf '%s|%s|%s|%s\n' "$DOCKER_HOST" "$DOCKER_TLS_VERIFY" "$DOCKER_CERT_PATH" "$DOCKER_CONTEXT""#;
    evaluated(
        "fish",
        |_| format!("printf '%s' \"$TEXT\" | source; {show}"),
        Shell::Fish,
    );
}
