//! F209: a host that dockerd cannot listen on.

use super::at_start;
use crate::mode::{self, Target};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F209",
    title: "a host has a scheme or a path that dockerd does not take",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "moby daemon/pkg/opts/hosts.go (ParseHost, parseDaemonHost)",
    meaning: "dockerd listens on tcp://, unix:// and fd:// only, and takes no path after the port. https:// looks natural \
              beside TLS, but TLS is switched on by tlsverify and never by the scheme. The daemon ends with a usage error.",
    remedy: "Write it as dockerd takes it, then restart the daemon:\n  tcp://0.0.0.0:2376",
    explains: super::STOPPED,
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    mode::hosts(host)
        .into_iter()
        .filter_map(|entry| match entry.target {
            Target::Invalid(why) => Some((entry.written, entry.source, why)),
            _ => None,
        })
        .map(|(written, source, why)| {
            let key = match source {
                mode::Source::Flag => "host",
                mode::Source::Json => "hosts",
            };
            let cause = format!("`{}`: {}", escape(&written), escape(&why));
            let spot = Spot::new(mode::place(host, key), cause);
            let rest = written.split_once("://").map_or("", |(_, rest)| rest);
            let bare = rest.split('/').next().unwrap_or_default();
            at_start(
                host,
                match bare.is_empty() {
                    true => spot,
                    false => spot.help(format!("write tcp://{}", escape(bare))),
                },
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn schemes_and_paths() {
        for (written, help) in [
            ("tcp://0.0.0.0:2376", None),
            ("https://0.0.0.0:2376", Some("write tcp://0.0.0.0:2376")),
            ("http://0.0.0.0:2376", Some("write tcp://0.0.0.0:2376")),
            ("tcp://0.0.0.0:2376/v1.43", Some("write tcp://0.0.0.0:2376")),
            ("fd://", None),
        ] {
            let mut world = World::new();
            world.host_mut().flags[1].value = Some(written.into());
            let spots = world.look(&CHECK);
            assert_eq!(
                spots.first().and_then(|spot| spot.help.as_deref()),
                help,
                "{written}"
            );
        }
    }
}
