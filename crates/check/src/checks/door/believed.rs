//! F111: DOCKER_TLS_VERIFY where dockerd does not heed it.

use super::listeners;
use crate::mode::{self, Mode};
use crate::seen::{Host, Outcome};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F111",
    title: "DOCKER_TLS_VERIFY in the daemon's environment switches nothing on",
    severity: Severity::Latent,
    stage: Stage::Listen,
    source: "moby daemon/command/options.go and daemon.go (the variable only sets the default of a flag); contradicts the \
              help text of --tlsverify",
    meaning: "The variable is for clients. In the environment of dockerd it changes the default paths of TLS files and nothing \
              else: the listener is opened in clear, with the usual warnings in the log. Whoever reaches it is root on the \
              host. The help text of dockerd suggests otherwise.",
    remedy: "Say it where dockerd hears it, in daemon.json or on its command line, then restart it:\n  \"tlsverify\": true",
    explains: &["SL-F101"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = seen.host.as_ref().filter(|host| is_so(host)) else {
        return Vec::new();
    };
    let value = escape(mode::variable(host, "DOCKER_TLS_VERIFY").unwrap_or_default());
    listeners::spots(
        seen,
        host,
        |_| true,
        |end| end.plain == Some(Outcome::In),
        |listener| {
            Spot::new(
                "the environment of dockerd",
                format!(
                    "DOCKER_TLS_VERIFY={value}, and neither `tls` nor `tlsverify` is set: tcp://{} is opened without TLS",
                    escape(&listener.address)
                ),
            )
        },
    )
}

/// Whether somebody set the variable and nothing else.
pub(super) fn is_so(host: &Host) -> bool {
    mode::tls(host).is_some_and(|tls| tls.mode == Mode::Plain && !tls.mentioned)
        && mode::variable(host, "DOCKER_TLS_VERIFY").is_some()
        && !super::paths_only::is_so(host)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn the_variable_alone_leaves_the_port_open() {
        let mut world = World::new();
        let host = world.host_mut();
        host.environment
            .insert("DOCKER_TLS_VERIFY".into(), "1".into());
        assert_eq!(world.look(&CHECK), vec![], "flags switch TLS on");
        world.host_mut().flags.retain(|flag| flag.name == "host");
        assert_eq!(world.look(&CHECK).len(), 1);
        assert_eq!(world.look(&super::super::plain_listener::CHECK), vec![]);
    }
}
