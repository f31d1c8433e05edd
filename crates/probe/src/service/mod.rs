//! Services beside the daemon: each protocol's way into TLS, and what a service does to its clients.
//!
//! [`look`] comes three times: in clear text, with TLS and no certificate, and with TLS and a certificate. A
//! finished handshake says nothing about a client (in TLS 1.3 the server's refusal comes after it), so each
//! protocol has one question that a stranger may ask: a ping, a greeting, a first message of a login. Nobody
//! logs in, nothing is changed, and no password is sent.

mod amqp;
mod door;
mod hear;
mod https;
mod mysql;
mod postgres;
mod redis;
mod road;
mod tds;
mod tls;
mod visits;
mod way;

pub use amqp::AmqpAnswer;
pub use door::look_as;
pub use hear::Parsed;
pub use mysql::{MysqlContent, MysqlPacket};
pub use postgres::PostgresAnswer;
pub use redis::RedisAnswer;
pub use sealock_check::seen::service::{
    Clear, Entry, Passage, ServiceSeen, Sight, TdsEncryption, TdsSeen, Way,
};
pub use tds::TdsPrelogin;

use crate::Place;
use crate::ask::is_reset;
use crate::socket::Socket;
use sealock_diag::escape;
use sealock_pki::{Certificate, DnsName, San, Timestamp};
use sealock_service::Protocol;
use sealock_tls::Identity;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use visits::Visits;
use way::Way as Speaker;

/// The name to log in by when no certificate has one.
const NOBODY: &str = "sealock";

/// A service to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceTarget {
    /// Where it is: `host:port`, `192.0.2.7:5432`, `[::1]:6379`.
    pub address: String,
    /// The host name or address that its certificate must carry.
    pub server_name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Time for the whole look, whatever the peer does.
    pub timeout: Duration,
    /// The moment by which certificates are judged.
    pub at: Timestamp,
}

/// Looks at a service: in clear text, with TLS and no certificate, and with `identity`. Its own certificate is
/// judged as a client would that trusts `anchors`.
///
/// Who logs in by name (PostgreSQL, MySQL) is called like the common name of `identity`: rules may depend on it.
/// Never takes longer than the target's timeout nor more than a few hundred kilobytes for a connection, whatever the
/// peer does. A server that is not trusted is visited all the same, and shown nothing but certificates and names.
pub fn look(
    target: &ServiceTarget,
    identity: Option<&Identity>,
    anchors: &[Certificate],
) -> ServiceSeen {
    let begun = Instant::now();
    let deadline = begun + target.timeout;
    let mut seen = unseen(target);
    let (name, addresses) = match find(target) {
        Ok(found) => found,
        Err(why) => {
            seen.unreached = Some(why);
            return seen;
        }
    };
    let mut visits = Visits {
        address: addresses[0],
        name,
        identity,
        anchors,
        at: target.at,
        deadline,
        // Clear text, a judging and an unjudging visit, and one with the identity; TDS has two ways.
        left: match target.protocol {
            Protocol::Tds => 8,
            _ => 4,
        },
        most: None,
    };
    let first = match reach(&mut visits, &addresses) {
        Ok(socket) => socket,
        Err(error) => {
            seen.unreached = Some(why_unreached(&error));
            return seen;
        }
    };
    let found = match speaker(target, identity) {
        None => {
            let (found, tds) = tds::look(&mut visits, first);
            seen.tds = Some(tds);
            found
        }
        Some(way) => {
            // Who knocks first need not come again to be asked in clear text.
            let asked = Instant::now();
            let clear = way.clear(&mut road::Road::new(first));
            if way.waits_when_plain() && matches!(clear.verdict, Way::Accepted | Way::Refused) {
                // Something in front of it may speak TLS on the same port, and then answers as fast.
                visits.most = Some(asked.elapsed() * 20 + Duration::from_secs(1));
            }
            let mut found = visits.come(way.as_ref());
            found.clear = way.settled(clear, found.let_in);
            found
        }
    };
    seen.clear = found.clear;
    seen.tls = found.sight;
    seen.without = found.without;
    seen.with = found.with;
    seen
}

/// The protocols that are looked at in the common way; TDS has two of its own.
fn speaker(target: &ServiceTarget, identity: Option<&Identity>) -> Option<Box<dyn Speaker>> {
    let user = || {
        identity
            .and_then(|identity| identity.leaf().common_name())
            .unwrap_or_else(|| NOBODY.to_owned())
    };
    Some(match target.protocol {
        Protocol::Tls => Box::new(tls::Tls),
        Protocol::Https => Box::new(https::Https {
            host: host_field(target),
        }),
        Protocol::Postgres => Box::new(postgres::Postgres { role: user() }),
        Protocol::Tds => return None,
        Protocol::Redis => Box::new(redis::Redis),
        Protocol::Amqp => Box::new(amqp::Amqp),
        Protocol::Mysql => Box::new(mysql::Mysql { user: user() }),
    })
}

/// The name it is known by, and the port.
fn host_field(target: &ServiceTarget) -> String {
    let port = target.address.rsplit(':').next().unwrap_or_default();
    match target.server_name.parse() {
        Ok(IpAddr::V6(address)) => format!("[{address}]:{port}"),
        _ => format!("{}:{port}", target.server_name),
    }
}

fn unseen(target: &ServiceTarget) -> ServiceSeen {
    let nothing = "nothing was reached";
    ServiceSeen {
        address: escape(&target.address),
        protocol: target.protocol.as_str(),
        unreached: None,
        clear: Clear::new(Way::Unclear, nothing),
        tls: None,
        without: Entry {
            verdict: Passage::Unclear,
            said: nothing.to_owned(),
        },
        with: None,
        tds: None,
    }
}

/// The name to expect, and where to go; never no address.
fn find(target: &ServiceTarget) -> Result<(San, Vec<SocketAddr>), String> {
    let name = match target.server_name.parse::<IpAddr>() {
        Ok(address) => San::Ip(address),
        Err(_) => DnsName::try_from(target.server_name.as_str())
            .ok()
            .filter(|name| !name.is_wildcard())
            .map(San::Dns)
            .ok_or_else(|| {
                format!(
                    "`{}` cannot be the name of a server",
                    shown(&target.server_name)
                )
            })?,
    };
    let odd = || format!("`{}` is no host and port", shown(&target.address));
    let port = target.address.rsplit_once(':').map(|(_, port)| port);
    if port.is_none_or(|port| port.parse::<u16>().is_err()) || target.address.contains('/') {
        return Err(odd());
    }
    let place = Place::parse(&target.address).map_err(|_| odd())?;
    let addresses = place.addresses(target.timeout)?;
    match addresses.is_empty() {
        true => Err(odd()),
        false => Ok((name, addresses)),
    }
}

fn shown(text: &str) -> String {
    hear::shown(text.as_bytes())
}

/// The first address that takes a connection; the first one's error when none does.
fn reach(visits: &mut Visits<'_>, addresses: &[SocketAddr]) -> io::Result<Socket> {
    let mut obstacle = None;
    for address in addresses {
        visits.address = *address;
        let left = visits.left;
        match visits.open() {
            Ok(socket) => return Ok(socket),
            Err(error) => {
                // Who is not there costs none of the visits.
                visits.left = left;
                obstacle.get_or_insert(error);
            }
        }
    }
    Err(obstacle.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

fn why_unreached(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
        io::ErrorKind::TimedOut => "no connection came about in time".to_owned(),
        _ if is_reset(error) => "the connection was reset at once".to_owned(),
        _ => escape(&error.to_string()),
    }
}
