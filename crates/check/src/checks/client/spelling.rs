//! What can be wrong with a host as somebody wrote it; one thing at a time, so that one check speaks.

use crate::seen::ClientSide;

/// What is wrong with a written host, the first thing that the docker CLI stumbles over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// More than one.
    Several,
    /// `http://` or `https://`.
    Web,
    /// A scheme that the docker CLI does not know, or in a context none at all.
    Scheme(String),
    /// Something behind the port.
    Path(String),
    /// A name or address alone.
    NoPort,
}

/// The first fault of a client's host.
pub(super) fn fault(client: &ClientSide) -> Option<Fault> {
    let written = client.written.as_deref()?.trim();
    if written.is_empty() {
        return None;
    }
    if written.contains(|c: char| c == ',' || c.is_whitespace()) {
        return Some(Fault::Several);
    }
    let rest = match written.split_once("://") {
        Some(("unix" | "ssh", _)) => return None,
        Some(("tcp", rest)) => rest,
        Some(("http" | "https", _)) => return Some(Fault::Web),
        Some((other, _)) => return Some(Fault::Scheme(other.to_owned())),
        // DOCKER_HOST may go without a scheme, a context may not.
        None if client.context.is_some() => return Some(Fault::Scheme(String::new())),
        None => written,
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    if !path.trim_matches('/').is_empty() {
        return Some(Fault::Path(path.to_owned()));
    }
    let behind = authority
        .rsplit_once(']')
        .map_or(authority, |(_, after)| after);
    let bare = authority.parse::<std::net::Ipv6Addr>().is_ok();
    let port = behind
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.is_empty());
    (bare || !port).then_some(Fault::NoPort)
}

#[cfg(test)]
mod tests {
    use super::{Fault, fault};
    use crate::checks::client::tests::{context, goes_to};
    use crate::testing::World;

    #[test]
    fn one_fault_at_a_time() {
        let path = |text: &str| Some(Fault::Path(text.to_owned()));
        let scheme = |text: &str| Some(Fault::Scheme(text.to_owned()));
        for (written, in_shell, in_context) in [
            ("tcp://h:1", None, None),
            ("tcp://[::1]:1/", None, None),
            ("unix:///x", None, None),
            ("ssh://u@h", None, None),
            ("", None, None),
            ("h:1", None, scheme("")),
            ("tcp://h", Some(Fault::NoPort), Some(Fault::NoPort)),
            ("tcp://[::1]", Some(Fault::NoPort), Some(Fault::NoPort)),
            ("tcp://h:", Some(Fault::NoPort), Some(Fault::NoPort)),
            (
                "tcp://a:1,tcp://b:1",
                Some(Fault::Several),
                Some(Fault::Several),
            ),
            (
                "tcp://a:1 tcp://b:1",
                Some(Fault::Several),
                Some(Fault::Several),
            ),
            ("https://h:1/x", Some(Fault::Web), Some(Fault::Web)),
            ("tcp://h:1/x", path("/x"), path("/x")),
            ("foo://h:1", scheme("foo"), scheme("foo")),
        ] {
            let mut world = World::new();
            goes_to(&mut world, written, written);
            assert_eq!(fault(&world.seen.clients[0]), in_shell, "{written}");
            let mut world = context();
            goes_to(&mut world, written, written);
            assert_eq!(fault(&world.seen.clients[0]), in_context, "{written}");
        }
    }
}
