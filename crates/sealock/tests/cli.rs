//! The command line as users see it: help, explanations, completions, manual pages. Needs nothing but the binary.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::process::{Command, Output};

/// Runs the binary with nothing of this machine's environment, as wide as a classic terminal.
fn sealock(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealock"));
    command
        .env_clear()
        .env("HOME", "/nowhere")
        .env("COLUMNS", "80");
    command.args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Data of a command that works.
fn said(words: &[&str]) -> String {
    let output = sealock(words);
    assert!(output.status.success(), "{words:?}: {output:?}");
    assert!(output.stderr.is_empty(), "{words:?}: {output:?}");
    text(&output.stdout)
}

const COMMANDS: [&[&str]; 68] = [
    &[],
    &["demo"],
    &["up"],
    &["plan"],
    &["apply"],
    &["status"],
    &["down"],
    &["client"],
    &["client", "add"],
    &["client", "list"],
    &["client", "bundle"],
    &["client", "install"],
    &["client", "env"],
    &["client", "remove"],
    &["ca"],
    &["ca", "create"],
    &["ca", "show"],
    &["ca", "export"],
    &["ca", "rotate"],
    &["ca", "retire"],
    &["ca", "import"],
    &["ca", "scope"],
    &["ca", "scope", "add"],
    &["ca", "scope", "list"],
    &["ca", "crl"],
    &["ca", "crl", "publish"],
    &["ca", "crl", "show"],
    &["cert"],
    &["cert", "issue"],
    &["cert", "sign"],
    &["cert", "show"],
    &["cert", "list"],
    &["cert", "renew"],
    &["cert", "revoke"],
    &["cert", "verify"],
    &["service"],
    &["service", "add"],
    &["service", "list"],
    &["service", "show"],
    &["service", "remove"],
    &["registry"],
    &["registry", "trust"],
    &["registry", "list"],
    &["registry", "distrust"],
    &["check"],
    &["renew"],
    &["session"],
    &["rekey"],
    &["agent"],
    &["agent", "install"],
    &["agent", "remove"],
    &["gateway"],
    &["gateway", "reload"],
    &["gateway", "drain"],
    &["gateway", "upgrade"],
    &["policy"],
    &["policy", "check"],
    &["policy", "test"],
    &["policy", "explain"],
    &["policy", "show"],
    &["policy", "learned"],
    &["audit"],
    &["audit", "verify"],
    &["audit", "show"],
    &["backup"],
    &["restore"],
    &["explain"],
    &["completions"],
];

#[test]
fn help_of_every_command() {
    let mut pages = String::new();
    for words in COMMANDS {
        let page = said(&[words, &["--help"]].concat());
        assert!(page.is_ascii() || !page.contains('\u{1b}'), "{page}");
        pages.push_str(&format!(
            "$ sealock {}\n{page}\n",
            [words, &["--help"]].concat().join(" ")
        ));
    }
    insta::assert_snapshot!(pages);
}

#[test]
fn every_command_is_on_the_list() {
    let bash = said(&["completions", "bash"]);
    let known: Vec<String> = COMMANDS.iter().map(|words| words.join("__")).collect();
    for line in bash.lines() {
        // `sealock__client,add)` names a command and the one below it.
        let Some((parent, child)) = line
            .trim()
            .strip_suffix(')')
            .and_then(|case| case.split_once(','))
        else {
            continue;
        };
        let path: Vec<&str> = parent
            .split("__")
            .skip(1)
            .filter(|word| *word != "subcmd")
            .chain([child])
            .collect();
        if !parent.starts_with("sealock")
            || path.contains(&"help")
            || path == ["man"]
            // Other names of rekey.
            || ["hj", "hotel-juliet"].contains(&child)
            || parent.contains("help")
            || child.starts_with('$')
        {
            continue;
        }
        assert!(
            known.contains(&path.join("__")),
            "{path:?} is not in COMMANDS"
        );
    }
}

#[test]
fn silence_is_answered_with_help_and_exit_code_2() {
    for words in [&[][..], &["client"], &["ca"], &["cert"]] {
        let output = sealock(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(
            output.stdout.is_empty() && text(&output.stderr).contains("Usage:"),
            "{output:?}"
        );
    }
}

#[test]
fn version_is_data() {
    assert_eq!(
        said(&["--version"]),
        format!("sealock {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert_eq!(
        said(&["up", "--version"]),
        format!("sealock-up {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_code_is_explained() {
    insta::assert_snapshot!(said(&["explain", "SL-U004"]));
}

#[test]
fn every_code_is_explained_within_80_columns() {
    for line in said(&["explain"]).lines() {
        assert!(line.chars().count() <= 100, "{line}");
        let (code, _) = line.split_once(' ').unwrap();
        let page = said(&["explain", code]);
        let wide = page
            .lines()
            .skip(1)
            .find(|line| line.chars().count() > 80 && !line.starts_with(' '));
        assert_eq!(wide, None, "{page}");
    }
}

#[test]
fn codes_as_json() {
    let list: serde_json::Value = serde_json::from_str(&said(&["explain", "--json"])).unwrap();
    let codes = list["codes"].as_array().unwrap();
    assert!(codes.len() > 200);
    for entry in codes {
        for field in ["code", "title", "meaning", "remedy"] {
            assert!(
                entry[field].as_str().is_some_and(|text| !text.is_empty()),
                "{entry}"
            );
        }
    }
}

/// What a text tells people to type exists: every `sealock …` in an explanation is a command of today.
#[test]
fn explanations_name_commands_that_exist() {
    let page = ["errors", "findings"].map(|which| said(&["explain", "--markdown", which]));
    let page = page.concat();
    let mut broken = Vec::new();
    let mut in_remedy = false;
    let mut lines: Vec<&str> = Vec::new();
    for line in page.lines() {
        in_remedy ^= line == "```";
        lines.extend(
            line.split('`')
                .skip(1)
                .step_by(2)
                .filter_map(|code| code.strip_prefix("sealock ")),
        );
        if in_remedy {
            lines.extend(line.trim_start().strip_prefix("sealock "));
        }
    }
    assert!(lines.len() > 50);
    for line in lines {
        let words: Vec<&str> = line
            .split_whitespace()
            .take_while(|word| word.chars().all(|c| c.is_ascii_lowercase()))
            .collect();
        let Some(verb) = words.first() else { continue };
        let one = COMMANDS.iter().any(|known| known.first() == Some(verb)) || *verb == "man";
        let two = !["client", "ca", "cert"].contains(verb)
            || COMMANDS.contains(&words.get(..2).unwrap_or(&words[..]));
        if !one || !two {
            broken.push(line.to_owned());
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = said(&["completions", shell]);
        assert!(
            script.contains("sealock") && script.contains("verify"),
            "{shell}"
        );
    }
}

#[test]
fn mistakes_end_with_exit_code_2() {
    let mut transcript = String::new();
    for words in [
        &["statsu"][..],
        &["up", "--clinet", "alice"],
        &["client", "add"],
        &["status", "now"],
        &["--color", "pink", "status"],
        &["explain", "SL-U001", "--markdown"],
        &["cert", "verify", "chain.pem"],
        &["cert", "issue", "a", "--profile", "peer"],
        &["up", "--listen"],
        &["up", "--yes", "--yes"],
        &["completions", "cmd"],
        &["\u{1b}[2J"],
    ] {
        let output = sealock(words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(output.stdout.is_empty(), "{words:?}");
        transcript.push_str(&format!(
            "$ sealock {}\n{}\n",
            words.join(" ").escape_default(),
            text(&output.stderr)
        ));
    }
    insta::assert_snapshot!(transcript);
}
