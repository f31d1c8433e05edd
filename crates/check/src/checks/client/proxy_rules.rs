//! Whether a connection goes through a proxy: the rules of Go, which the docker CLI follows.

use super::uses_tls;
use crate::seen::ClientSide;
use std::net::IpAddr;

/// The variable and the proxy that a client's connection would go through.
pub(super) fn captured(client: &ClientSide) -> Option<(&'static str, String)> {
    let authority = client.host.as_deref()?.strip_prefix("tcp://")?;
    let authority = authority.split('/').next()?;
    let (host, port) = split(authority);
    if !uses_proxy(&host, port, no_proxy(client)) {
        return None;
    }
    let names = if uses_tls(client) {
        ["HTTPS_PROXY", "https_proxy"]
    } else {
        ["HTTP_PROXY", "http_proxy"]
    };
    names
        .into_iter()
        .find_map(|name| Some((name, client.variable(name)?.to_owned())))
}

fn no_proxy(client: &ClientSide) -> &str {
    let upper = client.variable("NO_PROXY");
    upper
        .or_else(|| client.variable("no_proxy"))
        .unwrap_or_default()
}

/// Go's `httpproxy.useProxy`: loopback never, and what `NO_PROXY` lists not.
fn uses_proxy(host: &str, port: &str, no_proxy: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let ip: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || ip.is_some_and(|ip| ip.is_loopback()) {
        return false;
    }
    let rules = no_proxy
        .split(',')
        .map(|rule| rule.trim().to_ascii_lowercase());
    !rules
        .filter(|rule| !rule.is_empty())
        .any(|rule| exempts(&rule, &host, port, ip))
}

fn exempts(rule: &str, host: &str, port: &str, ip: Option<IpAddr>) -> bool {
    if rule == "*" {
        return true;
    }
    if let Some((net, bits)) = rule.split_once('/') {
        let (Ok(net), Ok(bits)) = (net.parse::<IpAddr>(), bits.parse::<u32>()) else {
            return false;
        };
        return ip.is_some_and(|ip| within(ip, net, bits));
    }
    let (name, rule_port) = split(rule);
    if !rule_port.is_empty() && rule_port != port {
        return false;
    }
    if let Ok(listed) = name.parse::<IpAddr>() {
        return ip == Some(listed);
    }
    let name = name
        .strip_prefix('*')
        .filter(|rest| rest.starts_with('.'))
        .unwrap_or(&name);
    match name.strip_prefix('.') {
        Some(_) => host.ends_with(name),
        None => {
            host == name
                || host
                    .strip_suffix(name)
                    .is_some_and(|rest| rest.ends_with('.'))
        }
    }
}

fn within(ip: IpAddr, net: IpAddr, bits: u32) -> bool {
    let same = |a: u128, b: u128, width: u32| {
        bits <= width && (bits == 0 || a >> (width - bits) == b >> (width - bits))
    };
    match (ip, net) {
        (IpAddr::V4(ip), IpAddr::V4(net)) => same(ip.to_bits().into(), net.to_bits().into(), 32),
        (IpAddr::V6(ip), IpAddr::V6(net)) => same(ip.to_bits(), net.to_bits(), 128),
        _ => false,
    }
}

/// Host without brackets, and port or nothing.
fn split(authority: &str) -> (String, &str) {
    if authority.parse::<IpAddr>().is_ok() {
        return (authority.to_owned(), "");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    (host.trim_matches(['[', ']']).to_owned(), port)
}

#[cfg(test)]
mod tests {
    use super::uses_proxy;

    #[test]
    fn exemptions_are_those_of_go() {
        for (host, port, rules, expected) in [
            ("h.example.org", "2376", "", true),
            ("localhost", "2376", "", false),
            ("127.9.9.9", "2376", "", false),
            ("::1", "2376", "", false),
            ("h.example.org", "2376", "*", false),
            ("h.example.org", "2376", "example.org", false),
            ("h.example.org", "2376", " .Example.org ,x", false),
            ("h.example.org", "2376", "*.example.org", false),
            ("example.org", "2376", ".example.org", true),
            ("badexample.org", "2376", "example.org", true),
            ("h.example.org", "2376", "h.example.org:2376", false),
            ("h.example.org", "2376", "h.example.org:443", true),
            ("10.1.2.3", "2376", "10.0.0.0/8", false),
            ("11.1.2.3", "2376", "10.0.0.0/8", true),
            ("10.1.2.3", "2376", "10.1.2.3:2376", false),
            ("2001:db8::5", "2376", "2001:db8::/32", false),
            ("2001:db8::5", "2376", "[2001:db8::5]:2376", false),
            ("2001:db8::5", "2376", "2001:db8::5", false),
            ("h", "2376", "0.0.0.0/0,10.0.0.0/99,:,/", true),
        ] {
            assert_eq!(uses_proxy(host, port, rules), expected, "{host} {rules:?}");
        }
    }
}
