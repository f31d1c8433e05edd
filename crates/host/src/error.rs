//! What can go wrong on a host, and what each of it means.

use sealock_diag::{Code, Diagnose, Entry};
use std::io;
use std::path::PathBuf;

/// An error about the daemon, its configuration or `sealock.toml`.
///
/// Text from outside is escaped where the error is made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// `sealock.toml` is not TOML.
    #[error("sealock.toml cannot be read")]
    DesiredSyntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser expected.
        problem: String,
    },
    /// A key that `sealock.toml` does not have.
    #[error("sealock.toml has no key `{key}`")]
    DesiredKey {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The key as written.
        key: String,
        /// The table it stands in.
        table: String,
        /// The key that was probably meant.
        meant: Option<&'static str>,
        /// The keys that exist there.
        known: &'static [&'static str],
    },
    /// A value that cannot be right.
    #[error("`{key}` in sealock.toml has a value that cannot be used")]
    DesiredValue {
        /// The file.
        path: PathBuf,
        /// Line, from 1; 0 when the value came from the command line.
        line: usize,
        /// The key.
        key: String,
        /// Presented and expected.
        problem: String,
        /// What to write instead.
        help: Option<String>,
    },
    /// `daemon.json` is broken: dockerd could not start with it.
    #[error("daemon.json is broken: dockerd cannot start with it")]
    ConfigBroken {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A key stands twice in `daemon.json`.
    #[error("`{key}` stands twice in daemon.json")]
    ConfigDuplicate {
        /// The file.
        path: PathBuf,
        /// Line of the second one.
        line: usize,
        /// The key.
        key: String,
    },
    /// The same thing is set by a flag and in `daemon.json`.
    #[error("`{key}` is set in daemon.json and on dockerd's command line")]
    Conflict {
        /// `daemon.json`.
        path: PathBuf,
        /// The key in the file.
        key: String,
        /// The flag that says it too.
        flag: String,
        /// Where the flag stands.
        origin: String,
    },
    /// dockerd was restarted and did not answer.
    #[error("dockerd did not come back after the change")]
    NotBack {
        /// What was waited for and how long.
        waited: String,
        /// dockerd's own words, or what the service manager says.
        said: String,
    },
    /// Somebody else listens where dockerd shall.
    #[error("{address} is taken")]
    PortTaken {
        /// The address wanted.
        address: String,
        /// Who has it.
        holder: String,
    },
    /// A daemon started by hand whose listeners stand on its command line.
    #[error("dockerd was started by hand with flags that belong in daemon.json")]
    HandFlags {
        /// The process.
        pid: u32,
        /// The flags.
        flags: Vec<String>,
        /// Where to put them.
        config: PathBuf,
    },
    /// No daemon.
    #[error("no Docker daemon was found on this host")]
    NoDaemon {
        /// What was looked at.
        looked: String,
    },
    /// A command failed.
    #[error("`{command}` failed")]
    Command {
        /// The command line.
        command: String,
        /// Exit status and what it said.
        said: String,
    },
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A unit file without a usable command.
    #[error("{unit} has no command that can be used")]
    Unit {
        /// The unit.
        unit: String,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The engine answered something unexpected.
    #[error("the engine's answer cannot be used")]
    Engine {
        /// The socket and the request.
        request: String,
        /// What came.
        said: String,
    },
    /// `live-restore` was asked for by SIGHUP and did not take.
    #[error("dockerd did not take over live-restore")]
    LiveRestore {
        /// What was expected of `/info`, and what it said.
        said: String,
    },
    /// `dockerd --validate` refuses the configuration.
    #[error("dockerd refuses the new configuration")]
    Validate {
        /// The command.
        command: String,
        /// dockerd's words.
        said: String,
    },
    /// Not enough rights.
    #[error("this needs the rights of the daemon's owner")]
    Rights {
        /// What was to be done.
        task: String,
        /// Our user id.
        uid: u32,
    },
    /// A file of our name that is not ours.
    #[error("{} exists and was not written by sealock", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// Neither names nor listeners: nothing to do.
    #[error("no address to listen on")]
    NoListen,
    /// The disk refused; the error below speaks for itself.
    #[error(transparent)]
    Disk(Box<sealock_change::Error>),
    /// The installed certificate, key or bundle is damaged.
    #[error("the installed server certificate is damaged")]
    Material {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

impl Diagnose for HostError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Disk(error) => return error.code(),
            Self::DesiredSyntax { .. } => "SL-H101",
            Self::DesiredKey { .. } => "SL-H102",
            Self::DesiredValue { .. } => "SL-H103",
            Self::ConfigBroken { .. } => "SL-H104",
            Self::ConfigDuplicate { .. } => "SL-H105",
            Self::Conflict { .. } => "SL-H106",
            Self::NotBack { .. } => "SL-H107",
            Self::PortTaken { .. } => "SL-H108",
            Self::HandFlags { .. } => "SL-H109",
            Self::NoDaemon { .. } => "SL-H110",
            Self::Command { .. } => "SL-H111",
            Self::Unreadable { .. } => "SL-H112",
            Self::Unit { .. } => "SL-H113",
            Self::Engine { .. } => "SL-H114",
            Self::LiveRestore { .. } => "SL-H115",
            Self::Validate { .. } => "SL-H116",
            Self::Rights { .. } => "SL-H117",
            Self::NotOurs { .. } => "SL-H118",
            Self::NoListen => "SL-H119",
            Self::Material { .. } => "SL-H120",
        })
    }

    fn location(&self) -> Option<String> {
        match self {
            Self::Disk(error) => error.location(),
            Self::DesiredSyntax {
                path, line, column, ..
            }
            | Self::ConfigBroken {
                path, line, column, ..
            } => Some(format!("{}:{line}:{column}", path.display())),
            Self::DesiredValue { line: 0, .. } => Some("the command line".into()),
            Self::DesiredKey { path, line, .. }
            | Self::DesiredValue { path, line, .. }
            | Self::ConfigDuplicate { path, line, .. } => {
                Some(format!("{}:{line}", path.display()))
            }
            Self::Conflict { path, origin, .. } => Some(format!("{} and {origin}", path.display())),
            Self::NotBack { waited, .. } => Some(waited.clone()),
            Self::HandFlags { pid, .. } => Some(format!("process {pid}")),
            Self::Unit { path, .. } | Self::Material { path, .. } => {
                Some(path.display().to_string())
            }
            Self::Engine { request, .. } => Some(request.clone()),
            Self::Validate { command, .. } => Some(command.clone()),
            Self::Rights { task, .. } => Some(task.clone()),
            Self::PortTaken { address, .. } => Some(address.clone()),
            Self::Unreadable { path, .. } | Self::NotOurs { path } => {
                Some(path.display().to_string())
            }
            Self::NoListen => Some("sealock.toml".into()),
            Self::NoDaemon { .. } | Self::Command { .. } => Some("this host".into()),
            Self::LiveRestore { .. } => Some("the running daemon".into()),
        }
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::Disk(error) => error.cause(),
            Self::DesiredSyntax { problem, .. }
            | Self::DesiredValue { problem, .. }
            | Self::ConfigBroken { problem, .. }
            | Self::Unit { problem, .. }
            | Self::Material { problem, .. } => Some(problem.clone()),
            Self::DesiredKey { table, known, .. } => {
                Some(format!("{table} knows {}", known.join(", ")))
            }
            Self::ConfigDuplicate { .. } => {
                Some("dockerd would take the last one; which one is meant cannot be known".into())
            }
            Self::Conflict { key, flag, .. } => Some(format!(
                "`{key}` in the file, `{flag}` as a flag; dockerd refuses to start with both"
            )),
            Self::NotBack { said, .. }
            | Self::Command { said, .. }
            | Self::Engine { said, .. }
            | Self::LiveRestore { said }
            | Self::Validate { said, .. } => Some(said.clone()),
            Self::PortTaken { holder, .. } => Some(format!("{holder} listens there")),
            Self::HandFlags { flags, .. } => {
                Some(format!("its command line has {}", flags.join(" ")))
            }
            Self::NoDaemon { looked } => Some(format!("looked at {looked}")),
            Self::Unreadable { source, .. } => Some(source.to_string()),
            Self::Rights { uid, .. } => Some(format!("running as user {uid}")),
            Self::NotOurs { .. } | Self::NoListen => None,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Disk(error) => error.help(),
            Self::DesiredKey { meant: Some(meant), .. } => Some(format!("write `{meant}`")),
            Self::DesiredValue { help, .. } => help.clone(),
            Self::ConfigBroken { path, .. } | Self::ConfigDuplicate { path, .. } => {
                Some(format!("mend {}, then\n  sealock apply", path.display()))
            }
            Self::Conflict { path, key, flag, origin } => Some(format!(
                "remove `{key}` from {}, or `{flag}` from {origin}, then\n  sealock apply",
                path.display()
            )),
            Self::PortTaken { .. } => Some("choose another one:\n  sealock up --listen ADDRESS:PORT".into()),
            Self::HandFlags { flags, config, .. } => Some(hand_help(flags, config)),
            Self::NoDaemon { .. } => Some(
                "say where it is:\n  sealock up --docker-socket /path/docker.sock --docker-config /path/daemon.json".into(),
            ),
            Self::Rights { .. } => Some("run it with sudo, or as the user of the rootless daemon".into()),
            Self::NotOurs { path } => Some(format!("look at it, and move it away if it is not needed:\n  mv {0} {0}.old", path.display())),
            Self::NoListen => Some("add one to sealock.toml:\n  [daemon]\n  listen = [\"0.0.0.0:2376\"]".into()),
            Self::Material { .. } => Some("sealock apply        issues a new one".into()),
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some("run it with sudo, or as the user of the rootless daemon".into())
            }
            _ => None,
        }
    }
}

/// Which flags go where, line by line.
fn hand_help(flags: &[String], config: &std::path::Path) -> String {
    let mut help = format!(
        "start dockerd without them; in {} write instead",
        config.display()
    );
    let hosts: Vec<String> = flags
        .iter()
        .filter_map(|flag| flag.strip_prefix("-H "))
        .map(|host| format!("{host:?}"))
        .collect();
    if !hosts.is_empty() {
        help.push_str(&format!("\n  \"hosts\": [{}]", hosts.join(", ")));
    }
    if flags.iter().any(|flag| flag.starts_with("--tls")) {
        help.push_str("\n  (nothing for the --tls flags: sealock writes them)");
    }
    help
}

/// Every code of this crate but those of [`crate::client`].
pub const CATALOGUE: &[Entry] = &[
    Entry {
        code: Code("SL-H101"),
        title: "sealock.toml cannot be read",
        meaning: "The file that says what this host shall look like is not valid TOML. Nothing is planned from a file that can only be read in part, because the missing half might be the one that keeps a door shut.",
        remedy: "Go to the line and column shown and mend the syntax; `sealock plan` checks it without changing anything.",
    },
    Entry {
        code: Code("SL-H102"),
        title: "sealock.toml has a key that does not exist",
        meaning: "A misspelt key would silently mean the default. Unknown keys are therefore refused, with the line and, where one is close, the key that was probably meant.",
        remedy: "Correct or remove the key. A new file with every key explained is what `sealock up` writes.",
    },
    Entry {
        code: Code("SL-H103"),
        title: "sealock.toml has a value that cannot be used",
        meaning: "The key exists, but its value has the wrong type or form. A listen address needs host and port, such as 0.0.0.0:2376 or [::]:2376; a life is a number with s, m, h, d or y.",
        remedy: "Write the value in the form that the message shows.",
    },
    Entry {
        code: Code("SL-H104"),
        title: "daemon.json is broken",
        meaning: "dockerd reads its configuration as strict JSON: no comments, no trailing commas, an object at the top. With a broken file a running daemon goes on, but the next start fails, so it has to be mended before anything is changed.",
        remedy: "Mend the place shown, check with `dockerd --validate` (Docker 23 and later), then `sealock apply`.",
    },
    Entry {
        code: Code("SL-H105"),
        title: "a key stands twice in daemon.json",
        meaning: "JSON readers disagree about which of two equal keys counts; dockerd takes the last. Changing one of them could leave the other in force.",
        remedy: "Remove the one that is not meant, then `sealock apply`.",
    },
    Entry {
        code: Code("SL-H106"),
        title: "the same directive is a flag and a key of daemon.json",
        meaning: "dockerd refuses to start when a directive is given both on its command line and in daemon.json, even when both say the same. The running daemon was started before one of them was added; it would not survive its next restart.",
        remedy: "Keep one of the two. Packaged units already say `-H fd://`, so `hosts` usually has to leave daemon.json.",
    },
    Entry {
        code: Code("SL-H107"),
        title: "dockerd did not come back after the change",
        meaning: "The daemon was restarted with the new configuration and did not answer on its unix socket in time. The cause shown is dockerd's own last error. The old configuration is put back and started again.",
        remedy: "Read the cause; `journalctl -u docker -n 50` shows more.",
    },
    Entry {
        code: Code("SL-H108"),
        title: "the port is taken by another process",
        meaning: "Something other than dockerd listens on the wanted address. dockerd would fail to start, so nothing was changed.",
        remedy: "Stop the other process, or choose another port with `sealock up --listen ADDRESS:PORT`.",
    },
    Entry {
        code: Code("SL-H109"),
        title: "dockerd was started by hand with flags that belong in daemon.json",
        meaning: "Nobody but you knows how this daemon is started, so its command line cannot be changed from here, and dockerd refuses to start when a flag and a key of daemon.json say the same thing.",
        remedy: "Move the flags shown into daemon.json, restart dockerd without them, then `sealock apply`.",
    },
    Entry {
        code: Code("SL-H110"),
        title: "no Docker daemon was found",
        meaning: "There is neither a docker unit of systemd, nor a snap, nor an init script, nor a process that answers on the docker socket.",
        remedy: "Install Docker, or point at the daemon with `--docker-socket` and `--docker-config`.",
    },
    Entry {
        code: Code("SL-H111"),
        title: "a command of the system failed",
        meaning: "sealock asks the service manager to reload and restart units. The command shown ended with an error; its own words are the cause.",
        remedy: "Run the command by hand to see more.",
    },
    Entry {
        code: Code("SL-H112"),
        title: "a file cannot be read",
        meaning: "A file that decides how the daemon runs exists but cannot be read, so what would happen to it cannot be planned.",
        remedy: "Run as root, or as the user of the rootless daemon; check the file's owner and mode.",
    },
    Entry {
        code: Code("SL-H113"),
        title: "the unit has no command that can be used",
        meaning: "The docker unit's files were read, and no single ExecStart of dockerd came out of them. sealock repeats the unit's command with its own flags, so it has to know it exactly.",
        remedy: "Look at `systemctl cat docker.service`; there must be one ExecStart line after the last empty `ExecStart=`.",
    },
    Entry {
        code: Code("SL-H114"),
        title: "the engine's answer cannot be used",
        meaning: "Something answered on the docker socket, but not as the Engine API does.",
        remedy: "Check with `docker version` that it is a Docker daemon; another socket can be named with `--docker-socket`.",
    },
    Entry {
        code: Code("SL-H115"),
        title: "dockerd did not take over live-restore",
        meaning: "live-restore keeps containers alive while dockerd restarts, and dockerd takes it over by SIGHUP. It was asked to and still says otherwise, so a restart now would stop the containers. Nothing is restarted.",
        remedy: "Look for `Reloaded configuration` in the daemon's log. With `live-restore = false` in sealock.toml the containers are stopped knowingly.",
    },
    Entry {
        code: Code("SL-H116"),
        title: "dockerd refuses the new configuration",
        meaning: "Before the restart dockerd was asked to check the new configuration (with `--validate`; before 23.0 by a start that stops after reading it), and it refused. The running daemon was not touched; the files are put back.",
        remedy: "The cause is dockerd's own message. Mend what it names, then `sealock apply`.",
    },
    Entry {
        code: Code("SL-H117"),
        title: "this needs the rights of the daemon's owner",
        meaning: "The daemon's configuration and its keys belong to root, or to the user who runs a rootless daemon.",
        remedy: "Run the command with sudo, or as that user.",
    },
    Entry {
        code: Code("SL-H118"),
        title: "a file of the same name was not written by sealock",
        meaning: "sealock writes one drop-in of its own and never overwrites a file of somebody else's.",
        remedy: "Look at the file, move it away if it is not needed, then `sealock apply`.",
    },
    Entry {
        code: Code("SL-H119"),
        title: "no address to listen on",
        meaning: "The daemon shall be reachable over the network, and no address was given for it.",
        remedy: "Put `listen = [\"0.0.0.0:2376\"]` under `[daemon]` in sealock.toml, or use `sealock up --listen`.",
    },
    Entry {
        code: Code("SL-H120"),
        title: "the installed server certificate is damaged",
        meaning: "Certificate, key and bundle lie together in one folder that is swapped as a whole. One of them is missing or empty, so the daemon could not start again.",
        remedy: "`sealock apply` issues and installs a new set.",
    },
];

#[cfg(test)]
pub(crate) mod tests {
    use super::{CATALOGUE, HostError};
    use sealock_diag::Diagnose;
    use std::collections::BTreeSet;
    use std::io;
    use std::path::PathBuf;

    fn one_of_each() -> Vec<HostError> {
        let path = PathBuf::from("/etc/x");
        let text = String::from;
        vec![
            HostError::DesiredSyntax {
                path: path.clone(),
                line: 1,
                column: 2,
                problem: text("p"),
            },
            HostError::DesiredKey {
                path: path.clone(),
                line: 3,
                key: text("lisen"),
                table: text("[daemon]"),
                meant: Some("listen"),
                known: &["listen"],
            },
            HostError::DesiredValue {
                path: path.clone(),
                line: 0,
                key: text("k"),
                problem: text("p"),
                help: None,
            },
            HostError::ConfigBroken {
                path: path.clone(),
                line: 1,
                column: 2,
                problem: text("p"),
            },
            HostError::ConfigDuplicate {
                path: path.clone(),
                line: 1,
                key: text("k"),
            },
            HostError::Conflict {
                path: path.clone(),
                key: text("hosts"),
                flag: text("-H fd://"),
                origin: text("docker.service"),
            },
            HostError::NotBack {
                waited: text("60 s"),
                said: text("x"),
            },
            HostError::PortTaken {
                address: text("0.0.0.0:2376"),
                holder: text("process 7 (nginx)"),
            },
            HostError::HandFlags {
                pid: 3,
                flags: vec![text("-H unix:///s")],
                config: path.clone(),
            },
            HostError::NoDaemon { looked: text("x") },
            HostError::Command {
                command: text("c"),
                said: text("s"),
            },
            HostError::Unreadable {
                path: path.clone(),
                source: io::Error::from(io::ErrorKind::PermissionDenied),
            },
            HostError::Unit {
                unit: text("docker.service"),
                path: path.clone(),
                problem: text("p"),
            },
            HostError::Engine {
                request: text("r"),
                said: text("s"),
            },
            HostError::LiveRestore { said: text("s") },
            HostError::Validate {
                command: text("c"),
                said: text("s"),
            },
            HostError::Rights {
                task: text("t"),
                uid: 1000,
            },
            HostError::NotOurs { path: path.clone() },
            HostError::NoListen,
            HostError::Material {
                path,
                problem: text("p"),
            },
        ]
    }

    #[test]
    fn every_error_is_explained_and_every_explanation_is_used() {
        let raised: BTreeSet<_> = one_of_each().iter().map(|error| error.code().0).collect();
        let explained: BTreeSet<_> = CATALOGUE.iter().map(|entry| entry.code.0).collect();
        assert_eq!(raised, explained);
    }

    #[test]
    fn headlines_are_lowercase_without_a_full_stop() {
        for error in one_of_each() {
            let headline = error.to_string();
            assert!(!headline.ends_with('.'), "{headline}");
            assert!(
                !headline.chars().next().unwrap().is_uppercase(),
                "{headline}"
            );
        }
    }
}
