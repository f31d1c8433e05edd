//! Breaks of the variables in a shell.

use super::breaks::{Bites, Break, Client, Part, When};
use super::ground::{Ground, NAME};

const SHELL: Bites = Bites::One(Client::Shell);

/// With other variables the shell may not even look at its files.
const fn variables(
    name: &'static str,
    code: &'static str,
    bites: Bites,
    does: fn(&mut Ground),
) -> Break {
    Break {
        name,
        code,
        parts: &[Part::Variables, Part::ShellPair, Part::ShellAnchors],
        bites,
        when: When::AtOnce,
        does,
    }
}

pub(super) const ALL: &[Break] = &[
    variables("DOCKER_TLS_VERIFY=0", "SL-F503", Bites::Nobody, |g| {
        set(g, "DOCKER_TLS_VERIFY", "0")
    }),
    variables("DOCKER_CERT_PATH alone", "SL-F504", SHELL, |g| {
        unset(g, "DOCKER_TLS_VERIFY")
    }),
    variables("no port", "SL-F507", SHELL, |g| {
        set(g, "DOCKER_HOST", "tcp://127.0.0.1")
    }),
    variables("https://", "SL-F511", SHELL, |g| {
        let host = g.host.listen();
        set(g, "DOCKER_HOST", &format!("https://{host}"));
    }),
    variables("a scheme nobody knows", "SL-F526", SHELL, |g| {
        let host = g.host.listen();
        set(g, "DOCKER_HOST", &format!("tls://{host}"));
    }),
    variables("two hosts", "SL-F508", SHELL, |g| {
        let host = g.endpoint();
        set(g, "DOCKER_HOST", &format!("{host},{host}"));
    }),
    variables("a path", "SL-F523", SHELL, |g| {
        let host = g.endpoint();
        set(g, "DOCKER_HOST", &format!("{host}/docker"));
    }),
    variables("a context that is not there", "SL-F510", SHELL, |g| {
        unset(g, "DOCKER_HOST");
        set(g, "DOCKER_CONTEXT", "gone");
    }),
    variables("a proxy", "SL-F512", SHELL, |g| {
        let port = g.host.port;
        set(g, "DOCKER_HOST", &format!("tcp://{NAME}:{port}"));
        set(g, "HTTPS_PROXY", "http://127.0.0.1:1");
    }),
    variables("TLS without verification", "SL-F518", Bites::Nobody, |g| {
        unset(g, "DOCKER_TLS_VERIFY");
        set(g, "DOCKER_TLS", "1");
    }),
    variables("variables in vain", "SL-F519", Bites::Nobody, |g| {
        unset(g, "DOCKER_HOST");
        set(g, "DOCKER_CONTEXT", "prod");
    }),
    variables(
        "DOCKER_HOST over DOCKER_CONTEXT",
        "SL-F509",
        Bites::Nobody,
        |g| set(g, "DOCKER_CONTEXT", "prod"),
    ),
];

fn set(ground: &mut Ground, name: &'static str, value: &str) {
    ground.shell.insert(name, value.to_owned());
}

fn unset(ground: &mut Ground, name: &'static str) {
    ground.shell.remove(name);
}
