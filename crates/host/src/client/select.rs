//! Which daemon would the docker CLI talk to? The CLI's own order of precedence, as a pure function.

use super::config::current_context;
use super::context::DEFAULT_CONTEXT;
use super::error::ClientError;
use std::path::{Path, PathBuf};

/// What was said on a docker command line. `None` means that the flag was not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CliFlags {
    /// `--context`.
    pub context: Option<String>,
    /// `-H`, `--host`.
    pub host: Option<String>,
    /// `--tls[=BOOL]`.
    pub tls: Option<bool>,
    /// `--tlsverify[=BOOL]`.
    pub tls_verify: Option<bool>,
    /// `--tlscacert`.
    pub ca: Option<PathBuf>,
    /// `--tlscert`.
    pub cert: Option<PathBuf>,
    /// `--tlskey`.
    pub key: Option<PathBuf>,
}

/// What surrounds a docker command line.
pub struct Surroundings<'a> {
    /// The environment: the value of a variable, `None` when it is not set.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The user's home directory.
    pub home: &'a Path,
    /// The text of `config.json` in [`config_dir`], `None` when there is no such file.
    pub config_json: Option<&'a str>,
}

/// What made the CLI choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// `--context` was given.
    ContextFlag,
    /// `--host` was given.
    HostFlag,
    /// `DOCKER_HOST` is set.
    DockerHost,
    /// `DOCKER_CONTEXT` is set.
    DockerContext,
    /// `currentContext` of `config.json`.
    ConfigFile,
    /// Nothing was said anywhere.
    Nothing,
}

/// How the CLI would use TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsUse {
    /// Not at all.
    Off,
    /// Encrypted, whoever the server is.
    Unverified,
    /// The server is verified against `ca.pem`.
    Verified,
}

/// How the default context reaches its daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The host with its port, such as `tcp://h:2376` or `unix:///var/run/docker.sock`.
    pub host: String,
    /// Whether and how TLS is used.
    pub tls: TlsUse,
    /// `ca.pem` as the CLI would open it.
    pub ca: PathBuf,
    /// `cert.pem` as the CLI would open it. Missing without having been named, it is skipped silently.
    pub cert: PathBuf,
    /// `key.pem`, likewise.
    pub key: PathBuf,
}

/// What the CLI would use, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The context's name, `default` for none.
    pub context: String,
    /// What decided it.
    pub because: Because,
    /// For `default`: where it leads. A named context says so itself, in its `meta.json`.
    pub reach: Option<Reach>,
    /// Variables and flags that are set and have no effect on this choice, for the person who
    /// wonders why.
    pub without_effect: Vec<&'static str>,
}

/// The CLI's configuration directory: `$DOCKER_CONFIG`, else `~/.docker`.
pub fn config_dir(env: &dyn Fn(&str) -> Option<String>, home: &Path) -> PathBuf {
    set(env, "DOCKER_CONFIG").map_or_else(|| home.join(".docker"), PathBuf::from)
}

/// What the docker CLI would talk to.
///
/// ```text
/// --context > --host > DOCKER_HOST > DOCKER_CONTEXT > config.json > default
/// ```
/// TLS flags and variables count for the `default` context only. An empty variable counts as unset.
/// docker 20.10 alone differs there: an empty `DOCKER_HOST` makes it choose `default`, and at an empty
/// `DOCKER_CONTEXT` it stops with `context "" does not exist`.
///
/// # Errors
/// [`ClientError::ConflictingChoice`] for `--host` with `--context`; [`ClientError::ConfigBroken`]
/// when `config.json` would have to decide and cannot be read.
pub fn select(flags: &CliFlags, around: &Surroundings<'_>) -> Result<Selection, ClientError> {
    if flags.context.is_some() && flags.host.is_some() {
        return Err(ClientError::ConflictingChoice);
    }
    let env = around.env;
    let dir = config_dir(env, around.home);
    let (context, because) = if let Some(name) = &flags.context {
        (name.clone(), Because::ContextFlag)
    } else if flags.host.is_some() {
        (DEFAULT_CONTEXT.to_owned(), Because::HostFlag)
    } else if set(env, "DOCKER_HOST").is_some() {
        (DEFAULT_CONTEXT.to_owned(), Because::DockerHost)
    } else if let Some(name) = set(env, "DOCKER_CONTEXT") {
        (name, Because::DockerContext)
    } else {
        match current_context(
            around.config_json.unwrap_or_default(),
            &dir.join("config.json"),
        )? {
            Some(name) => (name, Because::ConfigFile),
            None => (DEFAULT_CONTEXT.to_owned(), Because::Nothing),
        }
    };
    let reach = (context == DEFAULT_CONTEXT).then(|| reach(flags, env, &dir));
    let without_effect = without_effect(flags, env, because, reach.is_some());
    Ok(Selection {
        context,
        because,
        reach,
        without_effect,
    })
}

fn reach(flags: &CliFlags, env: &dyn Fn(&str) -> Option<String>, dir: &Path) -> Reach {
    let verify = flags
        .tls_verify
        .unwrap_or_else(|| set(env, "DOCKER_TLS_VERIFY").is_some());
    // `--tlsverify=false` turns TLS on all the same: giving the flag is what counts.
    let tls = flags.tls_verify.is_some()
        || verify
        || flags
            .tls
            .unwrap_or_else(|| set(env, "DOCKER_TLS").is_some());
    let files = set(env, "DOCKER_CERT_PATH").map_or_else(|| dir.to_owned(), PathBuf::from);
    let file =
        |flag: &Option<PathBuf>, name: &str| flag.clone().unwrap_or_else(|| files.join(name));
    let given = flags
        .host
        .clone()
        .or_else(|| set(env, "DOCKER_HOST"))
        .unwrap_or_default();
    Reach {
        host: host(given.trim(), tls),
        tls: match (tls, verify) {
            (false, _) => TlsUse::Off,
            (true, false) => TlsUse::Unverified,
            (true, true) => TlsUse::Verified,
        },
        ca: file(&flags.ca, "ca.pem"),
        cert: file(&flags.cert, "cert.pem"),
        key: file(&flags.key, "key.pem"),
    }
}

/// The host as the CLI completes it.
fn host(given: &str, tls: bool) -> String {
    // 2376 is only where TLS leads with no host at all: a host without a port gets 2375, whatever else is said.
    let port = "2375";
    let rest = match given.split_once("://") {
        None if given.is_empty() && tls => return "tcp://localhost:2376".to_owned(),
        None if given.is_empty() => return "unix:///var/run/docker.sock".to_owned(),
        None => given,
        Some(("tcp", rest)) => rest,
        Some(_) => return given.to_owned(),
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let has_port = authority.rsplit_once(':').is_some_and(|(before, after)| {
        !after.is_empty()
            && !after.contains(']')
            && (!before.contains(':') || before.ends_with(']'))
    });
    match (authority, has_port) {
        ("", _) => format!("tcp://localhost:{port}{path}"),
        (_, true) => format!("tcp://{authority}{path}"),
        (_, false) => format!("tcp://{}:{port}{path}", authority.trim_end_matches(':')),
    }
}

fn without_effect(
    flags: &CliFlags,
    env: &dyn Fn(&str) -> Option<String>,
    because: Because,
    default: bool,
) -> Vec<&'static str> {
    let mut out = Vec::new();
    let mut idle = |name: &'static str, present: bool| {
        if present {
            out.push(name);
        }
    };
    let host_set = set(env, "DOCKER_HOST").is_some();
    idle(
        "DOCKER_HOST",
        host_set && (!default || because == Because::HostFlag),
    );
    idle(
        "DOCKER_CONTEXT",
        because != Because::DockerContext && set(env, "DOCKER_CONTEXT").is_some(),
    );
    if !default {
        for name in ["DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH"] {
            idle(name, set(env, name).is_some());
        }
        idle("--tls", flags.tls.is_some());
        idle("--tlsverify", flags.tls_verify.is_some());
        idle("--tlscacert", flags.ca.is_some());
        idle("--tlscert", flags.cert.is_some());
        idle("--tlskey", flags.key.is_some());
    }
    out
}

/// A variable that is set and not empty: the CLI makes no difference between empty and unset.
fn set(env: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    env(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Because, CliFlags, Selection, Surroundings, TlsUse, host, select};
    use std::path::Path;

    fn chosen(flags: &CliFlags, vars: &[(&str, &str)], config: Option<&str>) -> Selection {
        let env = |name: &str| {
            vars.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let around = Surroundings {
            env: &env,
            home: Path::new("/h"),
            config_json: config,
        };
        select(flags, &around).unwrap()
    }

    fn context(name: &str) -> CliFlags {
        CliFlags {
            context: Some(name.to_owned()),
            ..CliFlags::default()
        }
    }

    fn to_host(name: &str) -> CliFlags {
        CliFlags {
            host: Some(name.to_owned()),
            ..CliFlags::default()
        }
    }

    #[test]
    fn precedence_is_the_cli_s() {
        let config = r#"{"currentContext":"conf"}"#;
        let all = [("DOCKER_HOST", "tcp://e"), ("DOCKER_CONTEXT", "envc")];
        for (flags, vars, config, name, because) in [
            (
                context("flag"),
                &all[..],
                Some(config),
                "flag",
                Because::ContextFlag,
            ),
            (
                to_host("tcp://f"),
                &all[..],
                Some(config),
                "default",
                Because::HostFlag,
            ),
            (
                CliFlags::default(),
                &all[..],
                Some(config),
                "default",
                Because::DockerHost,
            ),
            (
                CliFlags::default(),
                &all[1..],
                Some(config),
                "envc",
                Because::DockerContext,
            ),
            (
                CliFlags::default(),
                &[],
                Some(config),
                "conf",
                Because::ConfigFile,
            ),
            (
                CliFlags::default(),
                &[("DOCKER_HOST", ""), ("DOCKER_CONTEXT", "")],
                Some(config),
                "conf",
                Because::ConfigFile,
            ),
            (
                CliFlags::default(),
                &[],
                Some("{}"),
                "default",
                Because::Nothing,
            ),
            (CliFlags::default(), &[], None, "default", Because::Nothing),
        ] {
            let got = chosen(&flags, vars, config);
            assert_eq!((got.context.as_str(), got.because), (name, because));
        }
        let both = CliFlags {
            host: Some("h".to_owned()),
            ..context("c")
        };
        let around = Surroundings {
            env: &|_| None,
            home: Path::new("/h"),
            config_json: None,
        };
        assert!(select(&both, &around).is_err());
        let broken = Surroundings {
            env: &|_| None,
            home: Path::new("/h"),
            config_json: Some("{"),
        };
        assert!(select(&CliFlags::default(), &broken).is_err());
        assert!(
            select(&to_host("h"), &broken).is_ok(),
            "config.json has no say here"
        );
    }

    #[test]
    fn tls_switches_count_for_the_default_context_only() {
        let verify = |value| CliFlags {
            tls_verify: Some(value),
            ..CliFlags::default()
        };
        let tls = |value| CliFlags {
            tls: Some(value),
            ..CliFlags::default()
        };
        for (flags, vars, expected) in [
            (CliFlags::default(), &[][..], TlsUse::Off),
            (
                CliFlags::default(),
                &[("DOCKER_TLS_VERIFY", "0")][..],
                TlsUse::Verified,
            ),
            (
                CliFlags::default(),
                &[("DOCKER_TLS_VERIFY", "")],
                TlsUse::Off,
            ),
            (
                CliFlags::default(),
                &[("DOCKER_TLS", "1")],
                TlsUse::Unverified,
            ),
            (
                CliFlags::default(),
                &[("DOCKER_CERT_PATH", "/c")],
                TlsUse::Off,
            ),
            (verify(false), &[], TlsUse::Unverified),
            (verify(true), &[], TlsUse::Verified),
            (tls(true), &[], TlsUse::Unverified),
            (tls(false), &[("DOCKER_TLS", "1")], TlsUse::Off),
            (tls(true), &[("DOCKER_TLS_VERIFY", "1")], TlsUse::Verified),
        ] {
            assert_eq!(
                chosen(&flags, vars, None).reach.unwrap().tls,
                expected,
                "{flags:?} {vars:?}"
            );
        }
        let named = chosen(
            &context("c"),
            &[
                ("DOCKER_TLS_VERIFY", "1"),
                ("DOCKER_HOST", "h"),
                ("DOCKER_CERT_PATH", "/c"),
            ],
            None,
        );
        assert_eq!(named.reach, None);
        assert_eq!(
            named.without_effect,
            ["DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"]
        );
    }

    #[test]
    fn files_come_from_the_cert_path_or_the_config_directory() {
        let ca = |vars: &[(&str, &str)]| chosen(&CliFlags::default(), vars, None).reach.unwrap().ca;
        assert_eq!(ca(&[]), Path::new("/h/.docker/ca.pem"));
        assert_eq!(ca(&[("DOCKER_CONFIG", "/d")]), Path::new("/d/ca.pem"));
        assert_eq!(
            ca(&[("DOCKER_CONFIG", "/d"), ("DOCKER_CERT_PATH", "/c")]),
            Path::new("/c/ca.pem")
        );
        let flag = CliFlags {
            ca: Some("/f.pem".into()),
            ..CliFlags::default()
        };
        assert_eq!(
            chosen(&flag, &[("DOCKER_CERT_PATH", "/c")], None)
                .reach
                .unwrap()
                .ca,
            Path::new("/f.pem")
        );
    }

    #[test]
    fn hosts_are_completed_as_the_cli_does() {
        for (given, tls, expected) in [
            ("", false, "unix:///var/run/docker.sock"),
            ("", true, "tcp://localhost:2376"),
            ("tcp://h", false, "tcp://h:2375"),
            ("tcp://h", true, "tcp://h:2375"),
            ("h:1", true, "tcp://h:1"),
            ("tcp://[::1]", true, "tcp://[::1]:2375"),
            ("tcp://[::1]:7", true, "tcp://[::1]:7"),
            ("tcp://h/prefix", true, "tcp://h:2375/prefix"),
            ("tcp://", true, "tcp://localhost:2375"),
            ("unix:///x.sock", true, "unix:///x.sock"),
            ("ssh://u@h", false, "ssh://u@h"),
        ] {
            assert_eq!(host(given, tls), expected, "{given:?}");
        }
    }
}
