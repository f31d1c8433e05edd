//! `sealock ca`: the authority and its anchors.

use serde_json::json;

use sealock_change::Plan;
use sealock_pki::{KeyKind, Purpose};
use sealock_vault::{Anchor, Authority as Stored};

use crate::catalogue;
use crate::cli::Ca;
use crate::cloak::credentials::Authority;
use crate::cloak::keep::StoreAuthority;
use crate::cloak::{desired, run, scopes, show};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::table::{self, Cell};

pub(crate) fn run(session: &Session, verb: Ca) -> Result<Exit, Failure> {
    match verb {
        Ca::Create { name, key } => create(session, &name, key.unwrap_or_default()),
        Ca::Show => show(session),
        Ca::Export { purpose, scope } => export(session, purpose.into(), scope.as_deref()),
        Ca::Rotate(args) => super::rotate::run(session, &args),
        Ca::Retire(args) => super::retire::run(session, &args),
        Ca::Import(args) => super::import::run(session, &args),
        Ca::Scope(args) => super::scope::run(session, &args),
        Ca::Crl(args) => super::revoke::crl(session, &args),
    }
}

fn create(session: &Session, name: &str, kind: KeyKind) -> Result<Exit, Failure> {
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let mut wanted = sealock_host::desired::Authority::new(name);
    wanted.key = kind;
    let authority = Authority::open_or_make(session, &wanted)?;
    let Some((key_kind, server, client)) = authority.to_store() else {
        return Err(sealock_vault::VaultError::AuthorityExists {
            name: authority.name,
        }
        .into());
    };
    let made = authority.name.clone();
    let passphrase = session.new_passphrase()?;
    if passphrase.is_none() {
        session.printer.warn(crate::cloak::up::UNSEALED);
    }
    let mut plan = Plan::new("make an authority");
    plan.push_action(StoreAuthority {
        home: session.home.clone(),
        name: authority.name,
        key_kind,
        server,
        client,
        passphrase,
        now: session.now,
    });
    show::plan(&session.printer, &plan)?;
    run::run(session, &store, &guard, plan)?;
    // The one that was made, which need not be the one that sealock.toml names.
    show_one(session, &named(session, &made)?)
}

/// The authority that this host uses: the one that sealock.toml names, else the only one there is.
pub(crate) fn name_of_this_host(session: &Session) -> Result<sealock_pki::AuthorityName, Failure> {
    if desired::text(session)?.is_some() {
        return Ok(sealock_pki::AuthorityName::try_from(
            desired::load(session)?.authority.name.as_str(),
        )?);
    }
    let mut names = session.vault()?.authorities()?;
    match (names.pop(), names.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(_), false) => Err(Failure::own(
            catalogue::NOT_SET_UP,
            "the vault has several authorities and no sealock.toml says which is meant",
        )
        .at(session.home.display().to_string())),
        (None, _) => Err(
            Failure::own(catalogue::NOT_SET_UP, "the vault has no authority yet")
                .at(session.home.display().to_string())
                .help("sealock ca create"),
        ),
    }
}

pub(super) fn stored(session: &Session) -> Result<Stored, Failure> {
    named(session, &name_of_this_host(session)?)
}

fn named(session: &Session, name: &sealock_pki::AuthorityName) -> Result<Stored, Failure> {
    session.vault()?.authority(name)?.ok_or_else(|| {
        Failure::own(
            catalogue::NOT_SET_UP,
            format!("the vault has no authority {name}"),
        )
        .at(session.home.display().to_string())
        .help("sealock ca create")
    })
}

fn show(session: &Session) -> Result<Exit, Failure> {
    show_one(session, &stored(session)?)
}

fn show_one(session: &Session, authority: &Stored) -> Result<Exit, Failure> {
    if session.printer.json {
        let anchors: Vec<_> = authority.anchors.iter().map(to_json).collect();
        session.printer.value(&json!({ "version": 1, "name": authority.name.as_str(), "keyKind": authority.key_kind.to_string(), "anchors": anchors }));
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<Cell>> = authority
        .anchors
        .iter()
        .map(|anchor| {
            vec![
                Cell::new(match anchor.scope.is_own() {
                    true => anchor.purpose.to_string(),
                    false => format!("{} of {}", anchor.purpose, anchor.scope),
                }),
                Cell::new(anchor.generation.to_string()),
                Cell::new(anchor.state.as_str()),
                Cell::new(anchor.certificate.not_after().to_string()),
                Cell::new(if anchor.sealed {
                    "sealed"
                } else {
                    "not sealed"
                }),
                Cell::new(anchor.certificate.subject()),
            ]
        })
        .collect();
    session.printer.raw(&table::render(
        &["anchor", "gen", "state", "valid until", "key", "subject"],
        &rows,
    ));
    Ok(Exit::Done)
}

pub(super) fn to_json(anchor: &Anchor) -> serde_json::Value {
    json!({
        "purpose": anchor.purpose.to_string(),
        "scope": anchor.scope.as_str(),
        "generation": anchor.generation,
        "state": anchor.state.as_str(),
        "subject": anchor.certificate.subject(),
        "notBefore": anchor.certificate.not_before().to_string(),
        "notAfter": anchor.certificate.not_after().to_string(),
        "fingerprint": anchor.certificate.fingerprint().to_string(),
        "keyId": anchor.key_id.to_string(),
        "sealed": anchor.sealed,
    })
}

fn export(session: &Session, purpose: Purpose, scope: Option<&str>) -> Result<Exit, Failure> {
    let authority = stored(session)?;
    let scope = match scope {
        Some(name) => scopes::parse(name)?,
        None => scopes::of_host(session, &authority.name)?,
    };
    scopes::check(&authority, &scope)?;
    let pem: String = authority
        .trusted(purpose, &scope)
        .into_iter()
        .map(|anchor| anchor.certificate.to_pem())
        .collect();
    session.printer.raw(&pem);
    Ok(Exit::Done)
}
