//! `sealock renew`: same name, new key.

use crate::cli;
use crate::cloak::course::Renewal;
use crate::cloak::renew;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &cli::Renew) -> Result<Exit, Failure> {
    let renewal = match (args.all, args.names.is_empty()) {
        (true, _) => Renewal::All,
        (false, true) => Renewal::Due,
        (false, false) => Renewal::Names(args.names.clone()),
    };
    if args.dry_run {
        return renew::look(session, &renewal);
    }
    renew::run(session, &renewal, &args.consent)
}
