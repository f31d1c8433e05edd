//! F110: certificates are named, and TLS is off.

use super::listeners;
use crate::mode::{self, Mode};
use crate::seen::{Host, Outcome};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F110",
    title: "TLS files are named, but nothing switches TLS on",
    severity: Severity::Latent,
    stage: Stage::Listen,
    source: "moby daemon/command/options.go (setDefaultOptions): paths do not switch TLS on",
    meaning: "tlscacert, tlscert and tlskey say where files are, not that they are to be used. Without tlsverify (or tls) \
              dockerd ignores them and opens the port in clear: whoever reaches it is root on the host. It looks like a \
              finished configuration, and docker ps over the unix socket works as before.",
    remedy: "Add this to daemon.json beside the paths, then restart the daemon:\n  \"tlsverify\": true",
    explains: &["SL-F101"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = seen.host.as_ref().filter(|host| is_so(host)) else {
        return Vec::new();
    };
    let named: Vec<&str> = mode::PATHS
        .into_iter()
        .filter(|name| is_named(host, name))
        .collect();
    let place = named.first().map(|name| mode::place(host, name));
    listeners::spots(
        seen,
        host,
        |_| true,
        |end| end.plain == Some(Outcome::In),
        |listener| {
            Spot::new(
                place.clone().unwrap_or_default(),
                format!(
                    "{} set, neither `tls` nor `tlsverify` is: tcp://{} is opened without TLS",
                    match named.as_slice() {
                        [one] => format!("`{one}` is"),
                        more => format!("`{}` are", more.join("`, `")),
                    },
                    escape(&listener.address)
                ),
            )
        },
    )
}

/// Whether paths are named and TLS is not mentioned.
pub(super) fn is_so(host: &Host) -> bool {
    mode::tls(host).is_some_and(|tls| tls.mode == Mode::Plain && !tls.mentioned)
        && mode::PATHS.iter().any(|name| is_named(host, name))
}

fn is_named(host: &Host, name: &str) -> bool {
    host.flag(name).is_some() || mode::members(host).is_some_and(|json| json.contains_key(name))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn paths_do_not_switch_tls_on() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        let mut world = World::new();
        world
            .host_mut()
            .flags
            .retain(|flag| flag.name != "tlsverify");
        let spots = world.look(&CHECK);
        assert_eq!(spots.len(), 1);
        assert!(
            spots[0]
                .cause
                .starts_with("`tlscacert`, `tlscert`, `tlskey` are set")
        );
        assert_eq!(world.look(&super::super::plain_listener::CHECK), vec![]);
    }
}
