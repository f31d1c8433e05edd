//! A warning beside every command, when something in use has little of its life left.

use sealock_diag::escape;
use sealock_vault::Remaining;

use crate::cli::Verb;
use crate::printer::Printer;
use crate::session::Session;
use crate::timeline::{Users, is_in_use, left};

/// How much of a life may be left before it is worth a word. Renewal is due long before, so that this speaks of what
/// renewal has missed.
const PERCENT: u32 = 20;
/// How many are named.
const MOST: usize = 3;

/// Whether a verb has nothing to do with what the vault keeps, or speaks for somebody else.
pub(crate) fn is_beside_the_point(verb: &Verb) -> bool {
    matches!(
        verb,
        Verb::Demo
            | Verb::Explain(_)
            | Verb::Completions { .. }
            | Verb::Man { .. }
            | Verb::Session(_)
            | Verb::Agent(_)
            | Verb::Gateway(_)
            | Verb::Audit(_)
            | Verb::Policy(_)
    )
}

/// Says what has little of its life left. Asked after the command: what it has just mended is not told of. Where there is
/// no vault, or none that can be read, others have said so.
pub(crate) fn warn(session: &Session) {
    if !session.home.join("vault.db").exists() {
        return;
    }
    // The clock may have stood for long while a person read a plan.
    let session = session.at_now();
    let Ok(mut found) = sealock_vault::remaining(&session.home, session.now, PERCENT) else {
        return;
    };
    let users = Users::of(&session);
    found.retain(|one| one.anchor.is_some() || is_in_use(&one.places, one.not_after, &users));
    tell(&session.printer, &session, &found);
}

fn tell(printer: &Printer, session: &Session, found: &[Remaining]) {
    if found.is_empty() {
        return;
    }
    let mut named: Vec<String> = found
        .iter()
        .take(MOST)
        .map(|one| name(one, session))
        .collect();
    if found.len() > MOST {
        named.push(format!("{} more", found.len() - MOST));
    }
    let leaves = found.iter().any(|one| one.anchor.is_none() && !one.carried);
    let anchors = found.iter().any(|one| one.anchor.is_some());
    let mut mends: Vec<&str> = Vec::new();
    if leaves {
        mends.push("`sealock renew` renews what is due");
    }
    if found.iter().any(|one| one.carried) {
        mends.push("`sealock client bundle NAME` is to be handed over again");
    }
    if anchors {
        mends.push("`sealock ca rotate` replaces anchors");
    }
    printer.warn(&format!("{}\n      {}", named.join(", "), mends.join(", ")));
}

/// "dockerd expires in 5 days", "alice has expired".
fn name(one: &Remaining, session: &Session) -> String {
    let name = match &one.anchor {
        None if one.carried => format!("the bundle that {} has", escape(&one.name)),
        None => escape(&one.name),
        Some(scope) if scope.is_own() => format!("the {} anchor", one.purpose),
        Some(scope) => format!("the {} anchor of {scope}", one.purpose),
    };
    if one.not_after <= session.now {
        return format!("{name} has expired");
    }
    format!("{name} expires in {}", left(one.not_after, session.now))
}
