//! What a shell evaluates to reach a daemon.

use super::endpoint::Endpoint;
use super::error::ClientError;
use sealock_diag::escape;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A shell whose way of quoting we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shell {
    /// bash, and every other POSIX shell.
    Bash,
    /// fish.
    Fish,
    /// PowerShell, on any system.
    PowerShell,
}

impl Shell {
    /// Every shell we speak.
    pub const ALL: [Self; 3] = [Self::Bash, Self::Fish, Self::PowerShell];

    /// The shell that a login shell's path (`$SHELL`) names; bash's quoting is also that of sh, dash,
    /// ksh and zsh. `None` for anything else.
    pub fn from_path(path: &str) -> Option<Self> {
        path.rsplit('/').next()?.parse().ok()
    }

    /// `text` as one literal word of this shell, whatever it holds.
    ///
    /// The text must be free of control characters; [`env()`] sees to it.
    pub(super) fn quote(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 2);
        out.push('\'');
        for c in text.chars() {
            match (self, c) {
                (Self::Bash, '\'') => out.push_str(r"'\''"),
                // fish alone gives the backslash a meaning inside single quotes.
                (Self::Fish, '\'' | '\\') => out.extend(['\\', c]),
                // PowerShell ends a literal at any of the typographic single quotes as well; each
                // stands for itself when doubled.
                (Self::PowerShell, '\'' | '\u{2018}'..='\u{201b}') => out.extend([c, c]),
                _ => out.push(c),
            }
        }
        out.push('\'');
        out
    }

    fn set(self, name: &str, value: &str) -> String {
        let value = self.quote(value);
        match self {
            Self::Bash => format!("export {name}={value};\n"),
            Self::Fish => format!("set -gx {name} {value};\n"),
            Self::PowerShell => format!("$Env:{name} = {value};\n"),
        }
    }

    fn unset(self, name: &str) -> String {
        match self {
            Self::Bash => format!("unset {name};\n"),
            Self::Fish => format!("set -e {name};\n"),
            Self::PowerShell => format!("Remove-Item Env:{name} -ErrorAction SilentlyContinue;\n"),
        }
    }

    fn how(self, command: &str) -> String {
        match self {
            Self::Bash => format!("# eval \"$({command})\"\n"),
            Self::Fish => format!("# {command} | source\n"),
            Self::PowerShell => format!("# {command} | Out-String | Invoke-Expression\n"),
        }
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bash => "bash",
            Self::Fish => "fish",
            Self::PowerShell => "powershell",
        })
    }
}

impl FromStr for Shell {
    type Err = ClientError;

    fn from_str(given: &str) -> Result<Self, ClientError> {
        match given {
            "bash" | "sh" | "dash" | "ksh" | "zsh" => Ok(Self::Bash),
            "fish" => Ok(Self::Fish),
            "powershell" | "pwsh" => Ok(Self::PowerShell),
            _ => Err(ClientError::Unknown {
                what: "shell",
                given: escape(given),
                known: "bash, fish and powershell".to_owned(),
            }),
        }
    }
}

/// What a shell evaluates so that every docker client started from it reaches `endpoint` with the
/// three files in `dir`.
///
/// `dir` must be absolute, since the shell moves on. `command` is the command line that printed this;
/// it is shown in the closing comment, which says how to use the output.
/// `DOCKER_CONTEXT` is unset although `DOCKER_HOST` outranks it: docker-py, compose and others weigh
/// them differently, and a shell with both set misleads its reader.
///
/// # Errors
/// [`ClientError::Unspeakable`] when the path is relative, not UTF-8 or holds control or invisible
/// characters.
pub fn env(
    dir: &Path,
    endpoint: &Endpoint,
    shell: Shell,
    command: &str,
) -> Result<String, ClientError> {
    let dir = speakable(dir)?;
    Ok([
        shell.set("DOCKER_HOST", &endpoint.to_string()),
        shell.set("DOCKER_TLS_VERIFY", "1"),
        shell.set("DOCKER_CERT_PATH", dir),
        shell.unset("DOCKER_CONTEXT"),
        "# To use this in the shell at hand:\n".to_owned(),
        shell.how(&escape(command)),
    ]
    .concat())
}

/// The opposite of [`env()`]: what a shell evaluates to forget the daemon again.
pub fn env_unset(shell: Shell, command: &str) -> String {
    [
        shell.unset("DOCKER_HOST"),
        shell.unset("DOCKER_TLS_VERIFY"),
        shell.unset("DOCKER_CERT_PATH"),
        "# To use this in the shell at hand:\n".to_owned(),
        shell.how(&escape(command)),
    ]
    .concat()
}

/// The path as text that is safe to show and to quote.
pub(super) fn speakable(path: &Path) -> Result<&str, ClientError> {
    path.to_str()
        .filter(|text| path.is_absolute() && escape(text) == *text)
        .ok_or_else(|| ClientError::Unspeakable {
            path: escape(&path.to_string_lossy()),
        })
}

#[cfg(test)]
mod tests {
    use super::{Shell, env, env_unset};
    use crate::client::Endpoint;
    use std::path::Path;

    fn endpoint() -> Endpoint {
        "tcp://build.example.org:2376".parse().unwrap()
    }

    #[test]
    fn quoting_follows_the_rules_of_each_shell() {
        for (text, bash, fish, powershell) in [
            ("a b", "'a b'", "'a b'", "'a b'"),
            ("it's", r"'it'\''s'", r"'it\'s'", "'it''s'"),
            (r"a\b", r"'a\b'", r"'a\\b'", r"'a\b'"),
            ("$(x)", "'$(x)'", "'$(x)'", "'$(x)'"),
            ("‘’‚‛", "'‘’‚‛'", "'‘’‚‛'", "'‘‘’’‚‚‛‛'"),
            ("", "''", "''", "''"),
        ] {
            assert_eq!(Shell::Bash.quote(text), bash);
            assert_eq!(Shell::Fish.quote(text), fish);
            assert_eq!(Shell::PowerShell.quote(text), powershell);
        }
    }

    #[test]
    fn powershell_text_is_what_it_should_be() {
        let text = env(
            Path::new("/home/a/.docker"),
            &endpoint(),
            Shell::PowerShell,
            "sealock client env a",
        );
        assert_eq!(
            text.unwrap(),
            "$Env:DOCKER_HOST = 'tcp://build.example.org:2376';\n\
             $Env:DOCKER_TLS_VERIFY = '1';\n\
             $Env:DOCKER_CERT_PATH = '/home/a/.docker';\n\
             Remove-Item Env:DOCKER_CONTEXT -ErrorAction SilentlyContinue;\n\
             # To use this in the shell at hand:\n\
             # sealock client env a | Out-String | Invoke-Expression\n"
        );
    }

    #[test]
    fn unspeakable_paths_are_refused() {
        use std::os::unix::ffi::OsStrExt;
        for raw in [
            &b"/a\nb"[..],
            b"/a\x1b[2J",
            b"/\xff",
            b"relative",
            b"/zero\xe2\x80\x8bwidth",
            b"",
        ] {
            let path = Path::new(std::ffi::OsStr::from_bytes(raw));
            assert!(
                env(path, &endpoint(), Shell::Bash, "x").is_err(),
                "{path:?}"
            );
        }
    }

    #[test]
    fn a_hostile_command_line_stays_a_comment() {
        let text = env(
            Path::new("/d"),
            &endpoint(),
            Shell::Bash,
            "sealock\ntouch pwned",
        )
        .unwrap();
        assert!(text.lines().all(|line| !line.starts_with("touch")));
    }

    #[test]
    fn shells_are_known_by_name_and_path() {
        assert_eq!(Shell::from_path("/usr/bin/zsh"), Some(Shell::Bash));
        assert_eq!(Shell::from_path("/usr/bin/fish"), Some(Shell::Fish));
        assert_eq!(Shell::from_path("/opt/pwsh"), Some(Shell::PowerShell));
        assert_eq!(Shell::from_path("/bin/tcsh"), None);
        for shell in Shell::ALL {
            assert_eq!(shell.to_string().parse::<Shell>().unwrap(), shell);
            assert!(!env_unset(shell, "x").is_empty());
        }
    }
}
