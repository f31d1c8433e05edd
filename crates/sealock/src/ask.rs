//! Asking a person.

use std::io::{self, BufRead, Write};

use sealock_host::Consent;

use crate::catalogue;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// Asks for a yes. Without a terminal nobody can say it, and that is an error and not a no.
pub(crate) fn proceed(session: &Session, question: &str) -> Result<(), Failure> {
    if session.yes {
        return Ok(());
    }
    if !session.printer.is_interactive() {
        return Err(Failure::own(
            catalogue::NOBODY_TO_ASK,
            "the plan needs a yes and there is nobody to ask",
        )
        .at("standard input is no terminal")
        .help("read the plan above, and if it is right, add --yes")
        .exit(Exit::Failed));
    }
    if yes(question) {
        Ok(())
    } else {
        Err(Failure::own(catalogue::DECLINED, "you said no"))
    }
}

/// One grave consequence, accepted by its own name or by a person who reads it.
pub(crate) fn consent(
    session: &Session,
    accepted: &[String],
    name: &str,
    consequence: &str,
) -> Result<(), Failure> {
    if accepted.iter().any(|risk| risk == name) {
        return Ok(());
    }
    if session.printer.is_interactive()
        && !session.yes
        && yes(&format!("{consequence}\nAccept this?"))
    {
        return Ok(());
    }
    Err(Failure::own(
        catalogue::CONSENT,
        "the plan has a consequence that you have not accepted",
    )
    .because(consequence.to_owned())
    .help(format!("if that is acceptable, add --accept {name}")))
}

/// Every name that [`risk`] gives: a misspelt consent is a mistake, and not a consent to nothing.
pub(crate) const RISKS: [&str; 4] = [
    "swarm-restart",
    "swarm-autolock",
    "containers-stop",
    "replace-tls",
];

/// The name by which a consequence is accepted on the command line.
pub(crate) fn risk(consent: &Consent) -> &'static str {
    match consent {
        Consent::SwarmRestart { .. } => "swarm-restart",
        Consent::Autolock => "swarm-autolock",
        Consent::ContainersStop { .. } => "containers-stop",
        Consent::ReplaceTls { .. } | Consent::OtherScope { .. } => "replace-tls",
    }
}

fn yes(question: &str) -> bool {
    let mut err = io::stderr().lock();
    let _closed = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    drop(err);
    let mut answer = String::new();
    let _eof = io::stdin().lock().read_line(&mut answer);
    matches!(answer.trim(), "y" | "Y" | "yes" | "Yes")
}
