//! `sealock rekey`, also called hotel juliet: everything new at once.

use serde_json::json;

use sealock_pki::Purpose;

use crate::cli;
use crate::cloak::rehearsal::{self, Rehearsal};
use crate::cloak::replace::{self, Replace};
use crate::cloak::{desired, show};
use crate::commands::retire::{self, Way};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::{BOLD, GOOD, paint};
use crate::session::Session;

/// Both anchors: whoever leaked one key may have had the other in reach.
const BOTH: [Purpose; 2] = [Purpose::Server, Purpose::Client];

pub(crate) fn run(session: &Session, args: &cli::Rekey) -> Result<Exit, Failure> {
    if args.rehearse {
        let wanted = desired::load(session)?;
        let rehearsal = rehearsal::run(session, &wanted, &BOTH, args.lost)?;
        report(session, &rehearsal);
        return Ok(Exit::Done);
    }
    let replace = Replace {
        purposes: BOTH.to_vec(),
        without: Vec::new(),
        lost: args.lost,
        question: "Refuse every certificate there is, and put these in their place?".to_owned(),
    };
    let retired = &args.retired;
    let way = Way::of(session, retired, &args.openers)?;
    let exit = replace::run(session, &replace, &args.consent)?;
    retire::after(session, &way)?;
    Ok(exit)
}

fn report(session: &Session, rehearsal: &Rehearsal) {
    if session.printer.json {
        session.printer.value(&json!({
            "version": 1,
            "rehearsal": true,
            "held": rehearsal.proof.holds(),
            "certificates": rehearsal.certificates,
            "files": rehearsal.files,
            "restarts": u8::from(rehearsal.restart),
            "consents": rehearsal.consents.iter().map(|(name, words)| json!({ "accept": name, "consequence": words })).collect::<Vec<_>>(),
            "seconds": rehearsal.took.as_secs_f64(),
            "cpuSeconds": rehearsal.cpu.as_secs_f64(),
            "services": rehearsal.services.iter().map(|service| json!({ "name": service.name, "takeUp": service.take_up })).collect::<Vec<_>>(),
            "notes": rehearsal.notes,
            "proof": rehearsal.proof.report(),
        }));
        return;
    }
    session.printer.raw(&show::proof(&rehearsal.proof));
    session.printer.data("");
    session
        .printer
        .data(&paint(BOLD, "A rekey of this host would"));
    session.printer.data(&format!(
        "  make 2 anchors, issue {} certificates, write {} files",
        rehearsal.certificates, rehearsal.files
    ));
    session.printer.data(if rehearsal.restart {
        "  restart the daemon once"
    } else {
        "  not restart the daemon"
    });
    for service in &rehearsal.services {
        session.printer.data(&format!("  {}", service.take_up));
    }
    for (name, words) in &rehearsal.consents {
        session
            .printer
            .data(&format!("  need --accept {name}: {words}"));
    }
    for note in &rehearsal.notes {
        session.printer.data(&format!("  {note}"));
    }
    session.printer.data(&format!(
        "{} in {:.2} s ({:.2} s of processor time); the restart comes on top. Nothing of the live host was touched.",
        paint(GOOD, "rehearsed"),
        rehearsal.took.as_secs_f64(),
        rehearsal.cpu.as_secs_f64(),
    ));
}
