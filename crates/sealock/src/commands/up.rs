//! `sealock up`: from a bare Docker host to one behind mutual TLS.

use crate::cli::Up;
use crate::cloak::course::Course;
use crate::cloak::{desired, prepare, run, up};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: Up) -> Result<Exit, Failure> {
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let options = desired::options(session, &args.daemon)?;
    let observed = up::observed(&options)?;
    for remark in &observed.remarks {
        session.printer.warn(remark);
    }
    let (wanted, toml) = desired::for_up(session, &args, &options, &observed)?;
    let prepared = prepare::prepare(session, &wanted, &observed, &Course::default())?;
    let intent = toml.map(up::intent).transpose()?;
    up::carry_out(
        session,
        prepared,
        intent,
        &args.consent,
        &wanted,
        (&store, &guard),
    )
}
