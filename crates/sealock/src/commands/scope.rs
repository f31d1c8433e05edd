//! `sealock ca scope`: groups of hosts with a client anchor of their own.

use std::path::PathBuf;

use serde_json::json;

use sealock_change::{Action, BoxDiagnose, Plan};
use sealock_pki::{AuthorityName, Issuer, Passphrase, Purpose, Timestamp};
use sealock_vault::{
    AnchorState, Filter, NewAnchor, Scope, StateKind, Succession, SystemEntropy, Vault,
};

use super::ca;
use crate::catalogue;
use crate::cli;
use crate::cloak::generation::{self, Whose};
use crate::cloak::{run, scopes, show};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::table::{self, Cell};

pub(crate) fn run(session: &Session, args: &cli::Scope) -> Result<Exit, Failure> {
    match args {
        cli::Scope::Add { name } => add(session, name),
        cli::Scope::List => list(session),
    }
}

fn add(session: &Session, name: &str) -> Result<Exit, Failure> {
    let scope = scopes::parse(name)?;
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let authority = ca::stored(session)?;
    if authority.scopes().contains(&scope) {
        return Err(Failure::own(
            catalogue::SCOPE_EXISTS,
            format!(
                "the authority {} has a scope {scope} already",
                authority.name
            ),
        )
        .help("sealock ca scope list"));
    }
    let whose = Whose {
        name: authority.name.clone(),
        scope: scope.clone(),
    };
    let first = Succession {
        purpose: Purpose::Client,
        from: 0,
        to: 1,
    };
    let issuer = generation::make(session, &whose, &authority, first)?;
    let sealed = authority
        .anchors
        .iter()
        .any(|anchor| anchor.sealed && anchor.state != AnchorState::Withdrawn);
    let passphrase = match sealed {
        true => session.passphrase_for(true)?,
        false => session.new_passphrase()?,
    };
    if sealed {
        // A slip of the hand would seal the new key with another passphrase than the old ones have.
        let vault = session.vault()?;
        let unlocked = vault.unlock(&authority.name, Scope::own(), passphrase.as_ref())?;
        unlocked.issuer(Purpose::Client)?;
    }
    let mut plan = Plan::new(format!("make the scope {scope}"));
    plan.push_action(StoreScope {
        home: session.home.clone(),
        name: authority.name,
        scope: scope.clone(),
        issuer,
        passphrase,
        now: session.now,
    });
    show::plan(&session.printer, &plan)?;
    run::run(session, &store, &guard, plan)?;
    if session.printer.json {
        return list(session);
    }
    session.printer.say(&format!(
        "No host trusts it yet. For a new host:  sealock up --scope {scope}\n\
         For one that has a sealock.toml:  scope = \"{scope}\" under [authority], then  sealock apply"
    ));
    Ok(Exit::Done)
}

fn list(session: &Session) -> Result<Exit, Failure> {
    let authority = ca::stored(session)?;
    let vault = session.vault()?;
    let clients = vault.entries(
        Filter::all()
            .purpose(Purpose::Client)
            .state(StateKind::Active),
    )?;
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for scope in authority.scopes() {
        let mut names: Vec<&str> = clients
            .iter()
            .filter(|entry| entry.scope == scope && entry.not_after >= session.now)
            .map(|entry| entry.identity.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        let anchors: Vec<_> = authority.of(Purpose::Client, &scope).collect();
        for anchor in &anchors {
            rows.push(vec![
                Cell::new(words(&scope)),
                Cell::new(anchor.generation.to_string()),
                Cell::new(anchor.state.as_str()),
                Cell::new(anchor.certificate.not_after().to_string()),
                Cell::new(names.len().to_string()),
            ]);
        }
        let anchors: Vec<_> = anchors.into_iter().map(ca::to_json).collect();
        values.push(json!({ "scope": scope.as_str(), "anchors": anchors, "clients": names }));
    }
    if session.printer.json {
        session.printer.value(
            &json!({ "version": 1, "authority": authority.name.as_str(), "scopes": values }),
        );
    } else {
        session.printer.raw(&table::render(
            &["scope", "gen", "state", "valid until", "clients"],
            &rows,
        ));
    }
    Ok(Exit::Done)
}

/// A scope in a table.
fn words(scope: &Scope) -> String {
    match scope.is_own() {
        true => "-".to_owned(),
        false => scope.to_string(),
    }
}

/// Stores the first anchor of a scope. Not undone: an anchor that no host trusts harms nobody.
struct StoreScope {
    home: PathBuf,
    name: AuthorityName,
    scope: Scope,
    issuer: Issuer,
    passphrase: Option<Passphrase>,
    now: Timestamp,
}

impl Action for StoreScope {
    fn describe(&self) -> String {
        let seal = match self.passphrase {
            Some(_) => "sealed with the passphrase",
            None => "readable by its owner only",
        };
        format!(
            "make the client anchor of the scope {} ({}), key {seal}",
            self.scope,
            self.issuer.key().kind()
        )
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let anchor = NewAnchor {
            purpose: Purpose::Client,
            scope: &self.scope,
            generation: 1,
            state: AnchorState::Active,
            issuer: &self.issuer,
        };
        Vault::open(&self.home)
            .and_then(|mut vault| {
                vault.tidy()?;
                vault.add_anchors(
                    &self.name,
                    &[anchor],
                    self.passphrase.as_ref(),
                    &mut SystemEntropy,
                    self.now,
                )
            })
            .map_err(|error| Box::new(error) as BoxDiagnose)
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}
