//! dockerd's command line: what it says, and the same line with our listeners and TLS.

use crate::unit::{Word, quote, words};
use std::collections::BTreeMap;

/// Flags of dockerd that concern TLS, long names.
const TLS_FLAGS: [&str; 5] = ["tls", "tlsverify", "tlscacert", "tlscert", "tlskey"];

/// A command as a service manager would run it: every word kept as written, and known as meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    pieces: Vec<Piece>,
}

/// What was written as one word; a lone `$NAME` may mean none or several words.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    raw: String,
    meant: Vec<String>,
    variable: bool,
}

/// A flag found on the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The long name: `host` for `-H`.
    pub name: String,
    /// Its value, where the flag takes one and it is there.
    pub value: Option<String>,
    /// As it stands on the line.
    pub written: String,
}

/// Where a host entry listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Sockets passed by the service manager.
    Passed,
    /// A unix socket.
    Unix(String),
    /// A TCP address, as written after `tcp://`.
    Tcp(String),
    /// Something else (`npipe://`).
    Other(String),
}

impl Endpoint {
    /// Reads a value of `-H` or an item of `hosts`; a bare `host:port` is TCP, as dockerd has it.
    pub fn parse(text: &str) -> Self {
        match text.trim().split_once("://") {
            Some(("fd", _)) => Self::Passed,
            Some(("unix", "")) => Self::Unix("/var/run/docker.sock".into()),
            Some(("unix", path)) => Self::Unix(path.into()),
            Some(("tcp", address)) => Self::Tcp(address.into()),
            Some(_) => Self::Other(text.trim().into()),
            None => Self::Tcp(text.trim().into()),
        }
    }
}

impl CommandLine {
    /// Reads an `ExecStart` value; `$NAME` and `${NAME}` are looked up in `environment`.
    pub fn of_unit(exec_start: &str, environment: &BTreeMap<String, String>) -> Self {
        let pieces = words(exec_start)
            .into_iter()
            .map(|Word { raw, value }| match lone_variable(&raw) {
                Some(name) => Piece {
                    meant: words(environment.get(name).map_or("", String::as_str))
                        .into_iter()
                        .map(|w| w.value)
                        .collect(),
                    raw,
                    variable: true,
                },
                None => Piece {
                    raw,
                    meant: vec![expanded(&value, environment)],
                    variable: false,
                },
            })
            .collect();
        Self { pieces }
    }

    /// The command line of a running process.
    pub fn of_process(argv: &[String]) -> Self {
        let pieces = argv
            .iter()
            .map(|word| Piece {
                raw: quote(word),
                meant: vec![word.clone()],
                variable: false,
            })
            .collect();
        Self { pieces }
    }

    /// The program, without systemd's prefixes (`-`, `@`, `:`, `+`, `!`).
    pub fn program(&self) -> Option<&str> {
        let first = self.pieces.first()?.meant.first()?;
        Some(first.trim_start_matches(['-', '@', ':', '+', '!']))
    }

    /// The words that the program gets, expanded.
    pub fn arguments(&self) -> Vec<String> {
        self.pieces
            .iter()
            .skip(1)
            .flat_map(|piece| piece.meant.clone())
            .collect()
    }

    /// As written.
    pub fn raw(&self) -> String {
        self.pieces
            .iter()
            .map(|piece| piece.raw.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The flags, in order.
    pub fn flags(&self) -> Vec<Flag> {
        scan(&self.arguments())
            .into_iter()
            .map(|found| found.flag)
            .collect()
    }

    /// The last value of a flag, by long name.
    pub fn value(&self, name: &str) -> Option<String> {
        self.flags()
            .into_iter()
            .rev()
            .find(|flag| flag.name == name)
            .and_then(|flag| flag.value)
    }

    /// Whether the flag is on the line.
    pub fn has(&self, name: &str) -> bool {
        self.flags().iter().any(|flag| flag.name == name)
    }

    /// The values of `-H`.
    pub fn hosts(&self) -> Vec<String> {
        self.flags()
            .into_iter()
            .filter(|flag| flag.name == "host")
            .filter_map(|flag| flag.value)
            .collect()
    }

    /// The TLS flags, as written.
    pub fn tls_flags(&self) -> Vec<Flag> {
        self.flags()
            .into_iter()
            .filter(|flag| TLS_FLAGS.contains(&flag.name.as_str()))
            .collect()
    }

    /// The line without TLS flags and TCP listeners, and the variables whose value had to be written
    /// out because part of it had to go.
    pub fn quiet(&self) -> (Self, Vec<String>) {
        self.without_flags(|flag| {
            let tcp = flag.name == "host"
                && flag
                    .value
                    .as_deref()
                    .is_some_and(|value| matches!(Endpoint::parse(value), Endpoint::Tcp(_)));
            tcp || TLS_FLAGS.contains(&flag.name.as_str())
        })
    }

    fn without_flags(&self, goes: impl Fn(&Flag) -> bool) -> (Self, Vec<String>) {
        let arguments = self.arguments();
        let mut gone = vec![false; arguments.len()];
        for found in scan(&arguments)
            .into_iter()
            .filter(|found| goes(&found.flag))
        {
            for slot in gone.iter_mut().skip(found.first).take(found.count) {
                *slot = true;
            }
        }
        let mut pieces: Vec<Piece> = self.pieces.first().cloned().into_iter().collect();
        let mut inlined = Vec::new();
        let mut at = 0;
        for piece in self.pieces.iter().skip(1) {
            let count = piece.meant.len();
            let marks = gone.get(at..at + count).unwrap_or_default();
            at += count;
            if !marks.contains(&true) {
                pieces.push(piece.clone());
                continue;
            }
            if piece.variable {
                inlined.push(piece.raw.clone());
            }
            for (word, _) in piece.meant.iter().zip(marks).filter(|(_, gone)| !**gone) {
                pieces.push(Piece {
                    raw: quote(word),
                    meant: vec![word.clone()],
                    variable: false,
                });
            }
        }
        (Self { pieces }, inlined)
    }

    /// The same line without `-H fd://`.
    pub(crate) fn without_passed_sockets(&self) -> Self {
        self.without_flags(|flag| {
            flag.name == "host"
                && flag
                    .value
                    .as_deref()
                    .is_some_and(|value| Endpoint::parse(value) == Endpoint::Passed)
        })
        .0
    }

    /// The same line with more words at its end.
    pub fn and(mut self, more: impl IntoIterator<Item = String>) -> Self {
        self.pieces.extend(more.into_iter().map(|word| Piece {
            raw: quote(&word),
            meant: vec![word],
            variable: false,
        }));
        self
    }
}

struct Found {
    flag: Flag,
    first: usize,
    count: usize,
}

/// Finds flags as pflag does, as far as dockerd's own need it.
fn scan(arguments: &[String]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(word) = arguments.get(at) {
        let next = arguments.get(at + 1);
        let (name, attached) = match word.strip_prefix("--") {
            Some("") => break,
            Some(long) => match long.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (long.to_owned(), None),
            },
            None => match word.strip_prefix('-').and_then(short) {
                Some(pair) => pair,
                None => {
                    at += 1;
                    continue;
                }
            },
        };
        let takes_next = attached.is_none() && takes_value(&name) && next.is_some();
        let count = if takes_next { 2 } else { 1 };
        let value = attached.or_else(|| takes_next.then(|| next.cloned()).flatten());
        let written = arguments.get(at..at + count).unwrap_or_default().join(" ");
        found.push(Found {
            flag: Flag {
                name,
                value,
                written,
            },
            first: at,
            count,
        });
        at += count;
    }
    found
}

/// A cluster of one-letter flags: the last one may carry a value (`-Hfd://`, `-DH`).
fn short(cluster: &str) -> Option<(String, Option<String>)> {
    let rest = cluster.trim_start_matches(['D', 'v', 'h']);
    let Some(letter) = rest.chars().next() else {
        return cluster.starts_with('D').then(|| ("debug".into(), None));
    };
    let name = match letter {
        'H' => "host",
        'l' => "log-level",
        'b' => "bridge",
        'G' => "group",
        'g' => "data-root",
        'p' => "pidfile",
        's' => "storage-driver",
        _ => return None,
    };
    let value = rest
        .get(1..)
        .map(|value| value.trim_start_matches('='))
        .filter(|value| !value.is_empty());
    Some((name.to_owned(), value.map(str::to_owned)))
}

/// Flags of dockerd without `=value` that take the next word. The boolean ones are listed, because
/// they are fewer and a new flag of dockerd more often takes a value.
fn takes_value(name: &str) -> bool {
    const BOOLEANS: [&str; 24] = [
        "allow-direct-routing",
        "bridge-accept-fwmark-off",
        "debug",
        "disable-legacy-registry",
        "experimental",
        "help",
        "icc",
        "init",
        "ip-forward",
        "ip-masq",
        "iptables",
        "ip6tables",
        "ipv6",
        "live-restore",
        "no-new-privileges",
        "raw-logs",
        "rootless",
        "selinux-enabled",
        "tls",
        "tlsverify",
        "userland-proxy",
        "validate",
        "version",
        "ip-forward-no-drop",
    ];
    !BOOLEANS.contains(&name)
}

/// `$NAME` alone in a word.
fn lone_variable(raw: &str) -> Option<&str> {
    let name = raw.strip_prefix('$')?;
    let valid = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    valid.then_some(name)
}

/// `${NAME}` anywhere, `$$` and `%%`.
fn expanded(value: &str, environment: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(at) = rest.find(['$', '%']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$$") {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("%%") {
            out.push('%');
            rest = after;
        } else if let Some((name, after)) = rest
            .strip_prefix("${")
            .and_then(|inner| inner.split_once('}'))
        {
            out.push_str(environment.get(name).map_or("", String::as_str));
            rest = after;
        } else {
            let mut characters = rest.chars();
            out.extend(characters.next());
            rest = characters.as_str();
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{CommandLine, Endpoint};
    use std::collections::BTreeMap;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    /// ExecStart, environment, what is left of it, hosts, tls flags.
    #[test]
    fn real_units() {
        let none = env(&[]);
        for (line, environment, quiet, hosts, tls) in [
            // Docker CE
            (
                "/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock",
                &none,
                "/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock",
                vec!["fd://"],
                0,
            ),
            // Debian 12 and 13, Ubuntu
            (
                "/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS",
                &none,
                "/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS",
                vec!["fd://"],
                0,
            ),
            // Debian with a listener in /etc/default/docker
            (
                "/usr/sbin/dockerd -H fd:// $DOCKER_OPTS",
                &env(&[("DOCKER_OPTS", "--dns 8.8.8.8 -H tcp://0.0.0.0:2375")]),
                "/usr/sbin/dockerd -H fd:// --dns 8.8.8.8",
                vec!["fd://", "tcp://0.0.0.0:2375"],
                0,
            ),
            // Fedora
            (
                "/usr/bin/dockerd --host=fd:// --exec-opt native.cgroupdriver=systemd $OPTIONS",
                &env(&[("OPTIONS", "--selinux-enabled --live-restore")]),
                "/usr/bin/dockerd --host=fd:// --exec-opt native.cgroupdriver=systemd $OPTIONS",
                vec!["fd://"],
                0,
            ),
            // Flatcar
            (
                "/usr/bin/dockerd --host=fd:// --containerd=/var/run/docker/libcontainerd/docker-containerd.sock $DOCKER_SELINUX $DOCKER_OPTS",
                &none,
                "/usr/bin/dockerd --host=fd:// --containerd=/var/run/docker/libcontainerd/docker-containerd.sock $DOCKER_SELINUX $DOCKER_OPTS",
                vec!["fd://"],
                0,
            ),
            // What tutorials make people write
            (
                "/usr/bin/dockerd -H fd:// -H=tcp://0.0.0.0:2376 --tlsverify --tlscacert /root/ca.pem --tlscert=/root/c.pem --tlskey=/root/k.pem --label \"a b\"",
                &none,
                "/usr/bin/dockerd -H fd:// --label \"a b\"",
                vec!["fd://", "tcp://0.0.0.0:2376"],
                4,
            ),
            (
                "/usr/bin/dockerd -DH unix:///s -H0.0.0.0:2375 --tls=false",
                &none,
                "/usr/bin/dockerd -DH unix:///s",
                vec!["unix:///s", "0.0.0.0:2375"],
                1,
            ),
            ("-/usr/bin/dockerd", &none, "-/usr/bin/dockerd", vec![], 0),
            // A boolean does not eat the next word
            (
                "/usr/bin/dockerd --tlsverify -H fd://",
                &none,
                "/usr/bin/dockerd -H fd://",
                vec!["fd://"],
                1,
            ),
            (
                "/usr/bin/dockerd -H ${H}",
                &env(&[("H", "tcp://1.2.3.4:2375")]),
                "/usr/bin/dockerd",
                vec!["tcp://1.2.3.4:2375"],
                0,
            ),
        ] {
            let command = CommandLine::of_unit(line, environment);
            assert_eq!(command.raw(), line);
            assert_eq!(command.hosts(), hosts, "{line}");
            assert_eq!(command.tls_flags().len(), tls, "{line}");
            assert_eq!(command.quiet().0.raw(), quiet, "{line}");
            assert!(command.program().unwrap().starts_with("/usr/"));
        }
    }

    #[test]
    fn endpoints() {
        assert_eq!(Endpoint::parse("fd://"), Endpoint::Passed);
        assert_eq!(
            Endpoint::parse("0.0.0.0:2375"),
            Endpoint::Tcp("0.0.0.0:2375".into())
        );
        assert_eq!(Endpoint::parse("unix:///x"), Endpoint::Unix("/x".into()));
    }
}
