//! What was revoked and published, as people and programs read it.

use std::collections::HashSet;

use serde_json::{Value, json};

use sealock_change::Plan;
use sealock_diag::escape;
use sealock_host::client::{self, Farewell};
use sealock_pki::{Certificate, KeyId, Purpose, Timestamp};
use sealock_vault::{PublishedList, Vault};

use super::content::Upcoming;
use super::lists::{Places, Publication};
use super::which::{Meant, is_revoked};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::table::{self, Cell};

/// What has to be said of those who were revoked.
pub(super) struct Words {
    name: String,
    /// About the certificates that daemons still take.
    still_in: Farewell,
    /// How many the gateway of this host refuses.
    by_gateway: usize,
    /// How many are valid, but of an anchor that nobody trusts any more.
    shut_out: usize,
    /// Whether any of them was revoked before.
    before: bool,
    /// Whether a list says so.
    listed: bool,
}

impl Words {
    pub(super) fn of(
        vault: &Vault,
        meant: &Meant,
        publications: &[Publication],
        places: &Places,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut trusted: HashSet<KeyId> = HashSet::new();
        let mut guarded: HashSet<KeyId> = HashSet::new();
        for name in vault.authorities()? {
            let anchors = vault
                .authority(&name)?
                .into_iter()
                .flat_map(|one| one.anchors)
                .collect::<Vec<_>>();
            guarded.extend(
                anchors
                    .iter()
                    .filter(|anchor| places.gateway_file(&name, anchor).is_some())
                    .map(|anchor| anchor.key_id),
            );
            trusted.extend(
                anchors
                    .iter()
                    .filter(|anchor| anchor.state.is_trusted() && anchor.purpose == Purpose::Client)
                    .map(|anchor| anchor.key_id),
            );
        }
        let known = meant
            .entries
            .iter()
            .filter(|entry| entry.purpose == Purpose::Client)
            .map(|entry| (entry.issuer, entry.certificate.clone()));
        let foreign = meant
            .foreign
            .iter()
            .filter(|one| one.purpose == Purpose::Client)
            .map(|one| (one.issuer, one.certificate.clone()));
        let (taken, refused): (Vec<_>, Vec<_>) = known
            .chain(foreign)
            .filter(|(_, certificate)| certificate.not_after() >= now)
            .partition(|(issuer, _)| trusted.contains(issuer));
        let (kept_out, taken): (Vec<_>, Vec<_>) = taken
            .into_iter()
            .partition(|(issuer, _)| guarded.contains(issuer));
        let taken: Vec<Certificate> = taken.into_iter().map(|(_, one)| one).collect();
        Ok(Self {
            name: escape(&meant.name),
            by_gateway: kept_out.len(),
            still_in: client::revoked(&meant.name, &taken, now),
            shut_out: refused.len(),
            before: meant.entries.iter().any(is_revoked),
            listed: publications.iter().any(Publication::has_lists),
        })
    }

    /// Why a plan has nothing to do.
    pub(super) fn nothing_to_do(&self, session: &Session) {
        let name = &self.name;
        session.printer.say(&match (self.before, self.listed) {
            (true, true) => {
                format!("0 changes: {name} is revoked already, and its lists are published")
            }
            (true, false) => format!("0 changes: {name} is revoked already"),
            (false, _) => format!("0 changes: {name} has no certificate that is still valid"),
        });
    }

    /// The truth, beside the steps.
    pub(super) fn note_on(&self, plan: &mut Plan, swap: bool) {
        if self.listed {
            plan.note(format!(
                "whoever reads the list refuses {}: a gateway of sealock's, `sealock cert verify --crl`, OpenSSL with -crl_check",
                self.name
            ));
        }
        if self.by_gateway > 0 {
            plan.note(format!(
                "the gateway of this host refuses {} of its certificates as soon as the list lies there, and cuts what is live",
                self.by_gateway
            ));
        }
        if swap {
            return;
        }
        for sentence in &self.still_in.sentences {
            plan.note(sentence.clone());
        }
        if self.shut_out > 0 {
            plan.note(format!(
                "{} of its certificates are of an anchor that was withdrawn: a daemon which is as sealock.toml wants it \
                 refuses them already",
                self.shut_out
            ));
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "refusedByGateway": self.by_gateway,
            "stillLetIn": self.still_in.still_valid,
            "until": self.still_in.until.map(|until| until.to_string()),
            "sentences": self.still_in.sentences,
        })
    }
}

/// What was revoked, for programs.
pub(super) fn revoked(
    session: &Session,
    meant: &Meant,
    upcoming: &[Upcoming],
    publications: &[Publication],
    words: &Words,
) -> Result<(), Failure> {
    if !session.printer.json {
        return Ok(());
    }
    let revoked: Vec<Value> = upcoming
        .iter()
        .map(|one| {
            json!({
                "serial": one.revoked.serial.to_string(),
                "at": one.revoked.at.to_string(),
                "reason": one.revoked.reason.word(),
            })
        })
        .collect();
    let lists: Vec<Value> = publications
        .iter()
        .flat_map(|one| one.fresh.iter().map(head))
        .collect();
    let mut value = json!({
        "version": 1,
        "name": meant.name,
        "revoked": revoked,
        "lists": lists,
    });
    if let (Some(object), Value::Object(more)) = (value.as_object_mut(), words.to_json()) {
        object.extend(more);
    }
    session.printer.value(&value);
    Ok(())
}

fn head(one: &PublishedList) -> Value {
    json!({
        "purpose": one.purpose.to_string(),
        "scope": one.scope.as_str(),
        "generation": one.generation,
        "number": one.list.number(),
        "thisUpdate": one.list.this_update().to_string(),
        "nextUpdate": one.list.next_update().map(|at| at.to_string()),
    })
}

/// Every list that was published, with its entries.
pub(super) fn lists(session: &Session, places: &Places) -> Result<Exit, Failure> {
    let vault = session.vault()?;
    let mut values = Vec::new();
    let mut rows = Vec::new();
    let mut entries = Vec::new();
    for name in vault.authorities()? {
        let anchors = vault
            .authority(&name)?
            .map(|one| one.anchors)
            .unwrap_or_default();
        for one in vault.lists(&name)? {
            let anchor = anchors.iter().find(|anchor| one.is_of(anchor));
            let files: Vec<String> = anchor
                .into_iter()
                .flat_map(|anchor| places.files(&name, anchor))
                .flatten()
                .map(|path| path.display().to_string())
                .collect();
            let mut listed = Vec::new();
            for revoked in one.list.revoked() {
                let identity = vault.find(&revoked.serial)?.map(|entry| entry.identity);
                entries.push(vec![
                    Cell::new(identity.as_deref().map_or_else(String::new, escape)),
                    Cell::new(revoked.at.to_string()),
                    Cell::new(revoked.reason.to_string()),
                    Cell::new(revoked.serial.to_string()),
                ]);
                listed.push(json!({
                    "serial": revoked.serial.to_string(),
                    "identity": identity,
                    "at": revoked.at.to_string(),
                    "reason": revoked.reason.word(),
                }));
            }
            rows.push(vec![
                Cell::new(describe(&name.to_string(), &one)),
                Cell::new(one.list.number().unwrap_or(0).to_string()),
                Cell::new(one.list.this_update().to_string()),
                Cell::new(
                    one.list
                        .next_update()
                        .map_or_else(String::new, |at| at.to_string()),
                ),
                Cell::new(one.list.revoked().len().to_string()),
            ]);
            let mut value = head(&one);
            if let Some(object) = value.as_object_mut() {
                object.insert("authority".to_owned(), name.to_string().into());
                object.insert("revoked".to_owned(), listed.into());
                object.insert("files".to_owned(), files.into());
            }
            values.push(value);
        }
    }
    if session.printer.json {
        session
            .printer
            .value(&json!({ "version": 1, "lists": values }));
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        session
            .printer
            .say("no revocation list was published yet: `sealock ca crl publish`");
        return Ok(Exit::Done);
    }
    session.printer.raw(&table::render(
        &["list of", "number", "of", "next until", "revoked"],
        &rows,
    ));
    if !entries.is_empty() {
        session.printer.raw("\n");
        session.printer.raw(&table::render(
            &["revoked", "since", "reason", "serial"],
            &entries,
        ));
    }
    Ok(Exit::Done)
}

fn describe(authority: &str, one: &PublishedList) -> String {
    let scope = match one.scope.is_own() {
        true => String::new(),
        false => format!(" {}", one.scope),
    };
    format!("{authority} {}{scope} {}", one.purpose, one.generation)
}
