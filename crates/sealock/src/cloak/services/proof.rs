//! What a service does to everybody who comes, held against what it must do.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use sealock_pki::Fingerprint;
use sealock_probe::service::{Entry, Passage, ServiceSeen, ServiceTarget, Way, look};
use sealock_service::{Clients, Door, TakeUp};
use sealock_tls::Identity;

use super::kit::Kit;

/// Time for one look.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a service may take after a restart until everything is as it must be: a slow start of a database.
const STARTED: Duration = Duration::from_secs(30);
/// The same for one that goes on running and only reads its files.
const RELOADED: Duration = Duration::from_secs(10);
/// How long one may go on being wrong that serves the new certificate: it has read its files, and only a peer that was
/// slow for a moment makes another look worth it.
const SURE: Duration = Duration::from_secs(2);
const NAP: Duration = Duration::from_millis(150);

/// What was found at the doors of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Nobody answered, at any of its doors.
    pub(super) silent: bool,
    /// Every door serves the certificate of its file.
    pub(super) fresh: bool,
    /// What is not as it must be.
    pub(super) failures: Vec<String>,
    /// What was seen at the doors where everything is.
    pub(super) held: Vec<String>,
}

/// Looks once at every door, as everybody of the kit.
pub(super) fn judge(doors: &[Door], leaf: Fingerprint, kit: &Kit) -> Found {
    let mut found = Found {
        silent: !doors.is_empty(),
        fresh: true,
        ..Found::default()
    };
    for door in doors {
        match at_door(door, leaf, kit) {
            Ok(seen) => {
                found.silent = false;
                found.held.push(seen);
            }
            Err(wrong) => {
                found.silent &= wrong.silent;
                found.fresh &= wrong.fresh;
                let place = |why| format!("{}: {why}", door.address);
                found.failures.extend(wrong.whys.into_iter().map(place));
            }
        }
    }
    found
}

/// Whether there is certainly nobody: every address of every door turns a connection down at once. A name that leads
/// nowhere, or a wall in between, says nothing of who is behind it.
pub(super) fn nobody_listens(doors: &[Door]) -> bool {
    let turns_down = |address: SocketAddr| {
        let came = TcpStream::connect_timeout(&address, PATIENCE);
        came.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    };
    let absent = |door: &Door| {
        let addresses = door.address.to_socket_addrs();
        addresses.is_ok_and(|mut addresses| addresses.all(turns_down))
    };
    doors.iter().all(absent)
}

/// How long to wait for a service that was told to take its files up.
fn patience(take_up: &TakeUp) -> Duration {
    match take_up {
        TakeUp::Restart(_) => STARTED,
        TakeUp::Reload(_) | TakeUp::Hands => RELOADED,
    }
}

/// Looks until everything is as it must be, or patience ends.
pub(super) fn settle(doors: &[Door], leaf: Fingerprint, kit: &Kit, take_up: &TakeUp) -> Found {
    let mut deadline = Instant::now() + patience(take_up);
    let mut read = false;
    loop {
        let found = judge(doors, leaf, kit);
        if found.fresh && !read {
            read = true;
            deadline = deadline.min(Instant::now() + SURE);
        }
        if found.failures.is_empty() || Instant::now() > deadline {
            return found;
        }
        std::thread::sleep(NAP);
    }
}

/// What is wrong at a door.
struct Wrong {
    silent: bool,
    fresh: bool,
    whys: Vec<String>,
}

/// A door in a few words, or what is wrong there.
fn at_door(door: &Door, leaf: Fingerprint, kit: &Kit) -> Result<String, Wrong> {
    let seen = visit(door, Some(&kit.ours), kit);
    if let Some(why) = &seen.unreached {
        return Err(Wrong {
            silent: true,
            fresh: false,
            whys: vec![format!("nobody answers: {why}")],
        });
    }
    let sight = seen.tls.as_ref();
    let fresh = sight.is_some_and(|sight| sight.leaf.as_ref() == Some(&leaf.to_string()));
    let wrong = |whys| Wrong {
        silent: false,
        fresh,
        whys,
    };
    let mut whys = Vec::new();
    match &seen.tls {
        None => whys.push(format!("there is no TLS: {}", seen.without.said)),
        Some(_) if !fresh => {
            whys.push("it serves another certificate than that of its file".to_owned());
        }
        Some(sight) if !sight.trusted => {
            let why = sight.why_not.clone().unwrap_or_default();
            whys.push(format!("a client of ours does not trust it: {why}"));
        }
        Some(_) => {}
    }
    if seen.clear.verdict == Way::Accepted {
        whys.push(format!("clear text is taken: {}", seen.clear.said));
    }
    expect(
        &mut whys,
        "a client of ours",
        seen.with.as_ref(),
        Passage::In,
    );
    let bare = match door.clients {
        Clients::Required => Passage::Refused,
        Clients::NotAsked => Passage::In,
    };
    expect(
        &mut whys,
        "a client without a certificate",
        Some(&seen.without),
        bare,
    );
    if !whys.is_empty() {
        return Err(wrong(whys));
    }
    if door.clients == Clients::Required {
        let also = kit.also.iter().map(|one| (one, Passage::In));
        let strangers = kit.strangers.iter().map(|one| (one, Passage::Refused));
        for ((who, identity), expected) in also.chain(strangers) {
            let seen = visit(door, Some(identity), kit);
            expect(&mut whys, who, seen.with.as_ref(), expected);
        }
    }
    if !whys.is_empty() {
        return Err(wrong(whys));
    }
    let version = seen.tls.and_then(|sight| sight.version).unwrap_or_default();
    let clients = match door.clients {
        Clients::Required => "our clients get in, nobody else does",
        Clients::NotAsked => "clients are not asked for certificates",
    };
    Ok(format!(
        "{} at {}: {version}, {clients}",
        door.protocol, door.address
    ))
}

fn expect(whys: &mut Vec<String>, who: &str, entry: Option<&Entry>, expected: Passage) {
    let Some(entry) = entry else {
        whys.push(format!("{who}: nothing was found out"));
        return;
    };
    if entry.verdict == expected {
        return;
    }
    let became = match entry.verdict {
        Passage::In => "gets in",
        Passage::Refused => "is refused",
        Passage::NoTls => "finds no TLS",
        Passage::Unclear => "is neither let in nor refused",
    };
    whys.push(format!("{who} {became}: {}", entry.said));
}

fn visit(door: &Door, identity: Option<&Identity>, kit: &Kit) -> ServiceSeen {
    let target = ServiceTarget {
        address: door.address.clone(),
        server_name: door.server_name.clone(),
        protocol: door.protocol,
        timeout: PATIENCE,
        at: kit.at,
    };
    look(&target, identity, &kit.trust)
}

/// What a door showed before anything was changed, as far as it can be put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    reached: bool,
    clear: Option<Way>,
    leaf: Option<String>,
    without: Option<Passage>,
    ours: Option<Passage>,
}

impl Shown {
    pub(super) fn at(door: &Door, kit: &Kit) -> Self {
        let seen = visit(door, Some(&kit.ours), kit);
        let reached = seen.unreached.is_none();
        Self {
            reached,
            clear: reached.then_some(seen.clear.verdict),
            leaf: seen.tls.and_then(|sight| sight.leaf),
            without: reached.then_some(seen.without.verdict),
            ours: seen.with.map(|entry| entry.verdict),
        }
    }

    /// Looks until a door shows this again, or patience ends.
    pub(super) fn again(&self, door: &Door, kit: &Kit, take_up: &TakeUp) -> Result<(), String> {
        let deadline = Instant::now() + patience(take_up);
        loop {
            let now = Self::at(door, kit);
            if now == *self {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("before: {}, now: {}", self.words(), now.words()));
            }
            std::thread::sleep(NAP);
        }
    }

    fn words(&self) -> String {
        match (self.reached, &self.leaf) {
            (false, _) => "nobody answered".to_owned(),
            (true, None) => "no TLS".to_owned(),
            (true, Some(leaf)) => format!("TLS with certificate {leaf}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use sealock_service::{Clients, Door, Protocol};

    use super::nobody_listens;

    #[test]
    fn who_is_out_of_reach_may_be_there() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = listener.local_addr().unwrap().to_string();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = free.local_addr().unwrap().to_string();
        drop(free);
        for (addresses, absent) in [
            (&[closed.as_str()][..], true),
            (&[taken.as_str()], false),
            (&[closed.as_str(), taken.as_str()], false),
            (&["name.invalid:5432"], false),
            (&["no port"], false),
        ] {
            let door = |address: &&str| Door {
                address: (*address).to_owned(),
                server_name: "localhost".to_owned(),
                protocol: Protocol::Tls,
                clients: Clients::Required,
            };
            let doors: Vec<Door> = addresses.iter().map(door).collect();
            assert_eq!(nobody_listens(&doors), absent, "{addresses:?}");
        }
    }
}
