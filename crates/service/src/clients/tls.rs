//! OpenSSL, which knows the way into TLS of several protocols.

use std::net::IpAddr;

use super::quoting::sh;
use super::{Form, Recipe, Way};
use crate::protocol::Protocol;

/// `None` where OpenSSL does not know the way in.
pub(super) fn recipe(way: &Way<'_>) -> Option<Recipe> {
    let into = match way.door.protocol {
        // Inside of TDS packets.
        Protocol::Tds => return None,
        Protocol::Postgres => " -starttls postgres",
        Protocol::Mysql => " -starttls mysql",
        Protocol::Tls | Protocol::Https | Protocol::Redis | Protocol::Amqp => "",
    };
    let name = match way.host().parse::<IpAddr>() {
        Ok(ip) => format!("-verify_ip {ip}"),
        Err(_) => format!("-servername {0} -verify_hostname {0}", way.host()),
    };
    let mut words = format!(
        "openssl s_client -connect {}{into} {name} -verify_return_error -CAfile {}",
        sh(&way.authority()),
        sh(&way.ca())
    );
    if way.shows() {
        words.push_str(&format!(
            " -cert {} -key {}",
            sh(&way.cert()),
            sh(&way.key())
        ));
    }
    let said = "`Verify return code: 0 (ok)` is a server of this authority. With TLS 1.3 a server that turns the client away \
                says so after that.";
    Some(super::recipe("openssl", "any TLS: openssl", Form::Shell, words).note(said))
}
