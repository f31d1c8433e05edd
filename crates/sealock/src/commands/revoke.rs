//! `sealock cert revoke` and the revocation lists.

mod content;
mod keys;
mod lists;
mod show;
mod swap;
mod which;

use std::path::PathBuf;

use sealock_change::{Action, BoxDiagnose, Plan};
use sealock_diag::escape;
use sealock_host::Desired;
use sealock_pki::{AuthorityName, KeyId, RevocationReason, Revoked, Serial, Timestamp};
use sealock_vault::{Entry, State, Vault};

use crate::ask;
use crate::cli;
use crate::cloak::credentials::Authority;
use crate::cloak::keep::Record;
use crate::cloak::{desired, run, scopes};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

use self::content::Upcoming;
use self::lists::{Places, Publication, Sign};
use self::which::{Meant, is_revoked};

pub(crate) fn run(session: &Session, args: &cli::Revoke) -> Result<Exit, Failure> {
    let reason = which::reason(&args.reason)?;
    session.vault()?;
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let vault = session.vault()?;
    let scope = args.scope.as_deref().map(scopes::parse).transpose()?;
    let meant = which::find(&vault, &args.what, scope.as_ref())?;
    let fresh: Vec<&Entry> = meant
        .entries
        .iter()
        .filter(|entry| !is_revoked(entry) && entry.not_after >= session.now)
        .collect();
    let mut plan = Plan::new(format!("revoke {}", escape(&meant.name)));
    let mut upcoming: Vec<Upcoming> = fresh
        .iter()
        .map(|entry| upcoming(entry.issuer, &entry.serial, session.now, reason))
        .collect();
    if let Some(foreign) = &meant.foreign {
        let serial = foreign.certificate.serial();
        upcoming.push(self::upcoming(foreign.issuer, serial, session.now, reason));
        plan.push_action(Record {
            home: session.home.clone(),
            entries: vec![foreign.clone()],
            now: session.now,
        });
    }
    if !upcoming.is_empty() {
        plan.push_action(Revoke {
            home: session.home.clone(),
            name: meant.name.clone(),
            serials: upcoming
                .iter()
                .map(|one| one.revoked.serial.clone())
                .collect(),
            before: fresh
                .iter()
                .map(|one| (one.serial.clone(), one.state.clone()))
                .collect(),
            at: session.now,
            reason,
        });
    }
    let publications = affected(session, &vault, &meant, &upcoming)?;
    push(&mut plan, session, &publications)?;
    let words = show::Words::of(
        &vault,
        &meant,
        &publications,
        &places(session)?,
        session.now,
    )?;
    if plan.is_empty() {
        words.nothing_to_do(session);
        tell_untold(session, &publications);
    } else {
        words.note_on(&mut plan, args.swap);
        for why in publications.iter().flat_map(|one| &one.untold) {
            plan.note(why);
        }
        crate::cloak::show::plan(&session.printer, &plan)?;
        ask::proceed(session, &format!("Revoke {}?", escape(&meant.name)))?;
        run::run(session, &store, &guard, plan)?;
    }
    show::revoked(session, &meant, &upcoming, &publications, &words)?;
    drop((vault, guard));
    match args.swap {
        true => swap::run(session, &meant, &args.consent).map_err(|failure| {
            let state = format!("{}; the revocation stands", failure.state);
            let exit = failure.exit;
            failure.state(state, exit)
        }),
        false => Ok(Exit::Done),
    }
}

fn upcoming(issuer: KeyId, serial: &Serial, at: Timestamp, reason: RevocationReason) -> Upcoming {
    let serial = serial.clone();
    Upcoming {
        issuer,
        revoked: Revoked { serial, at, reason },
    }
}

/// The lists of the anchors that have signed what is meant, of whatever authority.
fn affected(
    session: &Session,
    vault: &Vault,
    meant: &Meant,
    upcoming: &[Upcoming],
) -> Result<Vec<Publication>, Failure> {
    let issuers: Vec<KeyId> = meant
        .entries
        .iter()
        .filter(|entry| is_revoked(entry))
        .map(|entry| entry.issuer)
        .chain(upcoming.iter().map(|one| one.issuer))
        .collect();
    let places = places(session)?;
    let mut publications = Vec::new();
    for name in vault.authorities()? {
        publications.push(Publication::plan(
            session,
            vault,
            &name,
            &places,
            Sign::Due,
            upcoming,
            |anchor| issuers.contains(&anchor.key_id),
        )?);
    }
    Ok(publications)
}

fn places(session: &Session) -> Result<Places, Failure> {
    let wanted = desired::find(session)?;
    let settings = wanted.as_ref().map(|wanted| &wanted.authority);
    let places = Places::of(&session.home, settings);
    // A gateway that is only wanted gets its lists from the plan that makes it.
    let there = crate::cloak::gateway::place::lists(&session.home).is_dir();
    Ok(match wanted.as_ref().filter(|_| there) {
        Some(wanted) => places.with_gateway(&session.home, wanted),
        None => places,
    })
}

/// The lists that a gateway of this host needs beside its certificates: the steps that sign and write them, and the files
/// that it will find.
pub(crate) fn for_gateway(
    session: &Session,
    authority: &Authority,
    wanted: &Desired,
    plan: &mut Plan,
) -> Result<Vec<PathBuf>, Failure> {
    let places =
        Places::of(&session.home, Some(&wanted.authority)).with_gateway(&session.home, wanted);
    let publication = Publication::of_trusted(session, authority, &places)?;
    plan.notes.extend(publication.untold.iter().cloned());
    publication.push_to(plan, &session.home)?;
    let files = authority.trusted_clients()?;
    Ok(files
        .iter()
        .filter_map(|(anchor, _)| places.gateway_file(&authority.name, anchor))
        .collect())
}

fn push(plan: &mut Plan, session: &Session, publications: &[Publication]) -> Result<(), Failure> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for publication in publications {
        paths.extend(publication.push_to(plan, &session.home)?);
    }
    plan.forgets_originals_of(paths);
    Ok(())
}

fn tell_untold(session: &Session, publications: &[Publication]) {
    for why in publications.iter().flat_map(|one| &one.untold) {
        session.printer.warn(why);
    }
}

pub(crate) fn crl(session: &Session, args: &cli::Crl) -> Result<Exit, Failure> {
    match args {
        cli::Crl::Publish => {
            let count = publish_lists(session, Sign::All)?;
            if !session.printer.json {
                session.printer.say(&match count {
                    1 => "1 list is published.".to_owned(),
                    count => format!("{count} lists are published."),
                });
            }
            show::lists(session, &places(session)?)
        }
        cli::Crl::Show => show::lists(session, &places(session)?),
    }
}

/// Publishes what is due: lists whose content has changed, and those of which half of the life is over; files that are
/// missing are written again. Says how many were signed.
pub(crate) fn publish(session: &Session) -> Result<usize, Failure> {
    publish_lists(session, Sign::Due)
}

fn publish_lists(session: &Session, sign: Sign) -> Result<usize, Failure> {
    session.vault()?;
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let vault = session.vault()?;
    let name: AuthorityName = super::ca::name_of_this_host(session)?;
    let publication =
        Publication::plan(session, &vault, &name, &places(session)?, sign, &[], |_| {
            true
        })?;
    let publications = [publication];
    tell_untold(session, &publications);
    let mut plan = Plan::new("publish the revocation lists");
    push(&mut plan, session, &publications)?;
    if !plan.is_empty() {
        crate::cloak::show::plan(&session.printer, &plan)?;
        run::run(session, &store, &guard, plan)?;
    }
    Ok(publications.iter().map(|one| one.fresh.len()).sum())
}

/// Marks certificates as revoked; undone by what they were before.
struct Revoke {
    home: PathBuf,
    name: String,
    serials: Vec<Serial>,
    before: Vec<(Serial, State)>,
    at: Timestamp,
    reason: RevocationReason,
}

impl Action for Revoke {
    fn describe(&self) -> String {
        let count = match self.serials.as_slice() {
            [only] => format!("the certificate {only}"),
            several => format!("{} certificates", several.len()),
        };
        format!(
            "mark {count} of {} as revoked ({})",
            escape(&self.name),
            self.reason
        )
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        Vault::open(&self.home)
            .and_then(|mut vault| vault.revoke(&self.serials, self.at, self.reason))
            .map_err(|error| Box::new(error) as BoxDiagnose)
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Vault::open(&self.home)
            .and_then(|mut vault| {
                for (serial, state) in &self.before {
                    vault.set_state(serial, state)?;
                }
                Ok(())
            })
            .map_err(|error| Box::new(error) as BoxDiagnose)
    }
}
