//! The clients' files: kept while they are good, issued anew otherwise, installed where they are wanted.

use std::path::PathBuf;

use sealock_change::{Edit, Owner};
use sealock_host::Desired;
use sealock_host::client::{Bundle, Claim, Endpoint, Place, plan_install};
use sealock_host::desired::{Client, Install};
use sealock_pki::{CommonName, Fingerprint, LeafRequest, Purpose};
use sealock_vault::{Filter, Scope};

use super::course::Renewal;
use super::credentials::{Authority, Issued, good_for};
use super::scopes;
use crate::catalogue;
use crate::failure::Failure;
use crate::session::Session;

/// One client's files, and what brings them where they belong.
pub(crate) struct ClientFiles {
    pub(crate) bundle: Bundle,
    /// `None` when the certificate is good as it is.
    pub(crate) issued: Option<Issued>,
    pub(crate) edits: Vec<Edit>,
    /// Where the files lie, for the inventory.
    pub(crate) places: Vec<String>,
}

/// Where the vault's copy of a client's bundle lies.
pub(crate) fn folder(session: &Session, scope: &Scope, name: &str) -> PathBuf {
    scopes::clients_home(session, scope).join(name)
}

/// The bundle of a client that is good for now; nothing is issued.
pub(crate) fn kept(
    session: &Session,
    authority: &Authority,
    desired: &Desired,
    name: &str,
) -> Result<Option<Bundle>, Failure> {
    let folder = folder(session, &desired.authority.scope, name);
    good_bundle(session, authority, &folder)
}

/// The bundle of a client and the edits that bring it to every place it is wanted.
pub(crate) fn files(
    session: &Session,
    authority: &Authority,
    desired: &Desired,
    client: &Client,
    renewal: &Renewal,
) -> Result<ClientFiles, Failure> {
    super::desired::check_name(&client.name)?;
    let endpoint = endpoint(desired)?;
    let folder = folder(session, &desired.authority.scope, &client.name);
    let kept = match renewal.asks_for(&client.name) {
        true => None,
        false => good_bundle(session, authority, &folder)?,
    };
    let (bundle, issued) = match kept {
        Some(bundle) => (bundle, None),
        None => {
            let request =
                LeafRequest::client(CommonName::try_from(client.name.as_str())?, client.life);
            let issued =
                authority.issue(&request, desired.authority.key, &client.name, session.now)?;
            let anchors = authority.trusted(Purpose::Server)?;
            (
                Bundle::new(anchors, vec![issued.certificate().clone()], &issued.key)?,
                Some(issued),
            )
        }
    };
    let mut edits = plan_install(
        &bundle,
        &Place::Zone {
            dir: folder.clone(),
        },
        &endpoint,
        None,
        Claim::Anything,
    )?;
    let mut places = vec![folder.display().to_string()];
    let known = known(session, authority, &client.name)?;
    for install in &client.install {
        let (place, owner) = place(install)?;
        edits.extend(plan_install(
            &bundle,
            &place,
            &endpoint,
            owner,
            Claim::OneOf(&known),
        )?);
        places.push(install.to_string());
    }
    Ok(ClientFiles {
        bundle,
        issued,
        edits,
        places,
    })
}

/// The certificates that the vault knows of a client: where one of these lies, the next one may.
fn known(
    session: &Session,
    authority: &Authority,
    name: &str,
) -> Result<Vec<Fingerprint>, Failure> {
    if authority.stored().is_none() {
        return Ok(Vec::new());
    }
    let filter = Filter::all().identity(name).purpose(Purpose::Client);
    let entries = session.vault()?.entries(filter)?;
    Ok(entries
        .iter()
        .map(|entry| entry.certificate.fingerprint())
        .collect())
}

fn good_bundle(
    session: &Session,
    authority: &Authority,
    folder: &std::path::Path,
) -> Result<Option<Bundle>, Failure> {
    // Whatever is wrong with it, a new one mends it.
    let Ok(bundle) = Bundle::read_dir(folder) else {
        return Ok(None);
    };
    let key = sealock_pki::PrivateKey::from_pem(bundle.key_pem().expose(), None)?;
    let good = good_for(
        bundle.leaf(),
        bundle.chain(),
        &key,
        authority,
        Purpose::Client,
        session.now,
    )
    .is_ok();
    if !good {
        return Ok(None);
    }
    let trusted = authority.trusted(Purpose::Server)?;
    if bundle.anchors() == trusted {
        return Ok(Some(bundle));
    }
    // Only what it trusts is out of date: its certificate may stay.
    Ok(Some(Bundle::new(trusted, bundle.chain().to_vec(), &key)?))
}

/// The endpoint that clients are pointed to: the first name that works from elsewhere, and the first port.
pub(crate) fn endpoint(desired: &Desired) -> Result<Endpoint, Failure> {
    let port = desired
        .daemon
        .listen
        .first()
        .map_or(sealock_host::client::TLS_PORT, |listen| {
            listen.address().port()
        });
    let is_local = |name: &str| {
        name == "localhost"
            || name
                .parse::<std::net::IpAddr>()
                .is_ok_and(|ip| ip.is_loopback())
    };
    let listens_on = desired
        .daemon
        .listen
        .first()
        .map(|listen| listen.address().ip());
    let mut candidates: Vec<&String> = desired
        .daemon
        .names
        .iter()
        .filter(|name| !is_local(name) && !name.starts_with("*."))
        .collect();
    candidates.extend(desired.daemon.names.iter().filter(|name| is_local(name)));
    // A listener on one address is reached by that address or by a name, never by another address. Of the two loopback
    // addresses `localhost` may mean the other one, and 0.0.0.0 takes no IPv6.
    let reaches = |name: &&String| match (listens_on, name.parse::<std::net::IpAddr>()) {
        (Some(ip), Ok(named)) if ip.is_unspecified() => ip.is_ipv6() || named.is_ipv4(),
        (Some(ip), Ok(named)) => ip == named,
        (Some(ip), Err(_)) => !ip.is_loopback(),
        (None, _) => true,
    };
    let host = candidates
        .iter()
        .find(|name| reaches(name))
        .or(candidates.iter().find(|name| is_local(name)))
        .or(candidates.first());
    let host = host.map_or("localhost", |name| name.as_str());
    let bracketed = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    Ok(format!("tcp://{bracketed}:{port}").parse()?)
}

/// Where an `install` entry of `sealock.toml` leads, and to whom it belongs.
pub(crate) fn place(install: &Install) -> Result<(Place, Option<Owner>), Failure> {
    match install {
        Install::Directory(path) => {
            let dir = expand(path)?;
            let is_docker_home = dir.file_name().is_some_and(|name| name == ".docker");
            Ok((
                if is_docker_home {
                    Place::DockerHome { dir }
                } else {
                    Place::Zone { dir }
                },
                None,
            ))
        }
        Install::Context { name, user } => {
            let (home, owner) = match user {
                Some(user) => account(user)?,
                None => (own_home()?, None),
            };
            let configured =
                std::env::var_os("DOCKER_CONFIG").filter(|dir| user.is_none() && !dir.is_empty());
            let docker_config_dir = configured.map_or_else(|| home.join(".docker"), PathBuf::from);
            let description = Some("made by sealock".to_owned());
            Ok((
                Place::Context {
                    docker_config_dir,
                    name: name.parse()?,
                    description,
                },
                owner,
            ))
        }
    }
}

fn expand(path: &std::path::Path) -> Result<PathBuf, Failure> {
    match path.strip_prefix("~") {
        Ok(below) => Ok(own_home()?.join(below)),
        Err(_) => Ok(path.to_owned()),
    }
}

fn own_home() -> Result<PathBuf, Failure> {
    std::env::var_os("HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from)
        .ok_or_else(|| Failure::own(catalogue::NO_HOME, "~ leads nowhere: HOME is not set"))
}

/// Home directory and ids of an account, from /etc/passwd.
pub(super) fn account(user: &str) -> Result<(PathBuf, Option<Owner>), Failure> {
    let text = String::from_utf8_lossy(&sealock_change::fs::read(std::path::Path::new(
        "/etc/passwd",
    ))?)
    .into_owned();
    let found = text
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&user));
    let parsed = found.as_deref().and_then(|fields| match fields {
        [_, _, uid, gid, _, home, ..] => Some((
            PathBuf::from(home),
            Owner {
                uid: uid.parse().ok()?,
                gid: gid.parse().ok()?,
            },
        )),
        _ => None,
    });
    let (home, owner) = parsed.ok_or_else(|| {
        Failure::own(
            catalogue::BAD_NAME,
            format!("there is no account {}", sealock_diag::escape(user)),
        )
        .at("/etc/passwd")
        .help("context:NAME@USER takes an account of this host:\n  getent passwd")
    })?;
    Ok((home, Some(owner)))
}

#[cfg(test)]
mod tests {
    use super::{Desired, endpoint};

    #[test]
    fn clients_are_pointed_to_a_name_that_reaches_the_listener() {
        let all = ["h1", "localhost", "192.0.2.2", "127.0.0.1", "::1"];
        for (listen, names, expected) in [
            ("0.0.0.0:2376", &all[..], "tcp://h1:2376"),
            ("0.0.0.0:2376", &all[1..], "tcp://192.0.2.2:2376"),
            (
                "0.0.0.0:2376",
                &["2001:db8::1", "192.0.2.2"],
                "tcp://192.0.2.2:2376",
            ),
            (
                "[::]:2376",
                &["2001:db8::1", "192.0.2.2"],
                "tcp://[2001:db8::1]:2376",
            ),
            ("192.0.2.2:2376", &all[1..], "tcp://192.0.2.2:2376"),
            ("127.0.0.1:1", &all[..], "tcp://127.0.0.1:1"),
            ("[::1]:1", &all[..], "tcp://[::1]:1"),
            ("127.0.0.1:1", &all[..2], "tcp://localhost:1"),
        ] {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            let desired = Desired::new("a", vec![listen.parse().unwrap()], names);
            let found = endpoint(&desired).unwrap().to_string();
            assert_eq!(found, expected, "{listen}");
        }
    }
}
