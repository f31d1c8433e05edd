//! F512: a proxy stands between the client and the daemon.

use super::proxy_rules::captured;
use super::{host, is_plain, setting};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F512",
    title: "a proxy captures the connection to the daemon",
    severity: Severity::LockedOut,
    stage: Stage::Connect,
    source: "go-connections sockets/sockets.go (ProxyFromEnvironment), golang.org/x/net/http/httpproxy",
    meaning: "For tcp:// hosts the docker CLI obeys HTTPS_PROXY with TLS and HTTP_PROXY without; only loopback is exempt. A proxy made \
              for web pages refuses port 2376 or does not reach the daemon's network, and the CLI says \"Cannot connect to the Docker \
              daemon\" with the daemon's address, which is misleading: it never got that far. Without TLS the proxy reads every command.",
    remedy: "export NO_PROXY=HOST    # a list with commas; a domain covers its hosts",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in &seen.clients {
        let Some((variable, proxy)) = captured(client) else {
            continue;
        };
        let name = host_only(&host(client)).to_owned();
        let mut spot = Spot::new(
            setting(client, variable),
            format!(
                "{} is reached through {}",
                host(client),
                escape(&without_password(&proxy))
            ),
        )
        .of(&client.label);
        spot.help =
            is_plain(&name).then(|| format!("export NO_PROXY=\"${{NO_PROXY:+$NO_PROXY,}}{name}\""));
        spots.push(spot);
    }
    spots
}

fn host_only(host: &str) -> &str {
    let authority = host.strip_prefix("tcp://").unwrap_or(host);
    let name = authority
        .rsplit_once(':')
        .map_or(authority, |(name, _)| name);
    name.trim_matches(['[', ']'])
}

/// A proxy's URL may hold a password, which is nobody's business here.
fn without_password(proxy: &str) -> String {
    match (proxy.split_once("://"), proxy.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        (None, Some((_, rest))) => format!("…@{rest}"),
        (_, None) => proxy.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::client::tests::codes;
    use crate::testing::World;

    #[test]
    fn a_proxy_is_found_unless_the_host_is_exempt() {
        let mut world = World::new();
        world.set("HTTP_PROXY", "http://proxy:3128");
        assert!(codes(&world).is_empty(), "with TLS this one does not count");
        world.set("https_proxy", "http://me:secret@proxy:3128");
        assert_eq!(codes(&world), ["SL-F512"]);
        let spot = &world.look(&CHECK)[0];
        assert!(
            spot.cause.ends_with("through http://…@proxy:3128"),
            "{}",
            spot.cause
        );
        assert!(
            spot.help
                .as_deref()
                .is_some_and(|help| help.ends_with("docker.example.org\""))
        );
        world.set("no_proxy", "example.org");
        assert!(codes(&world).is_empty());
    }
}
