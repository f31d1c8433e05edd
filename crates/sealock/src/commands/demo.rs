//! `sealock demo`: the main job on an embedded Docker API; no root, no Docker, nothing left behind.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use sealock_engine::{Engine, Mode};
use sealock_pki::{
    AnchorRequest, AuthorityName, Issuer, KeyKind, LeafRequest, PrivateKey, Purpose, San,
    create_anchor, issue_leaf,
};
use sealock_probe::matrix::{self, Column, Matrix};
use sealock_probe::{ClientKind, Expected, ProofKit, PublicAuthority, Target, Verdict};
use sealock_tls::{Clock, Identity};
use sealock_vault::SystemEntropy;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::{BAD, BOLD, DIM, GOOD, paint};
use crate::session::Session;
use crate::table::{self, Cell};

/// Everything in the demo is younger than this when it ends.
const LIFE: Duration = Duration::from_secs(3600);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(crate) fn run(session: &Session) -> Result<Exit, Failure> {
    let matrix = knock_on_every_door(session)?;
    let sealed = matrix.columns().len() - 1;
    if session.printer.json {
        session
            .printer
            .value(&serde_json::to_value(matrix.report()).unwrap_or_default());
    } else {
        show(session, &matrix);
    }
    Ok(if matrix.holds(sealed) {
        Exit::Done
    } else {
        Exit::No
    })
}

/// Starts the four daemons, sends the six clients to each of them, and stops everything.
fn knock_on_every_door(session: &Session) -> Result<Matrix, Failure> {
    let mut entropy = SystemEntropy;
    let server_anchor = anchor(session, Purpose::Server)?;
    let client_anchor = anchor(session, Purpose::Client)?;
    let server = server(session, &server_anchor)?;
    let trusted_servers = vec![server_anchor.certificate().clone()];
    let kit = ProofKit::forge(
        &client_anchor,
        trusted_servers,
        server.clone(),
        session.now,
        &mut entropy,
    )?;
    let public = PublicAuthority::forge(session.now, &mut entropy)?;
    let customer = kit.with_foreign(public.bought)?;
    // A daemon that trusts the system's anchors trusts ours as well only if somebody installed it there;
    // here somebody did, so that the rightful client of the column is the same person as elsewhere.
    let system_anchors = vec![public.anchor, client_anchor.certificate().clone()];
    let mutual = vec![client_anchor.certificate().clone()];

    let clock = Clock::Fixed(session.now);
    let open = Engine::start(&Mode::Plain, HERE, clock)?;
    let one_way = Engine::start(
        &Mode::OneWay {
            identity: server.clone(),
        },
        HERE,
        clock,
    )?;
    let trap = Engine::start(
        &Mode::Mutual {
            identity: server.clone(),
            anchors: system_anchors,
        },
        HERE,
        clock,
    )?;
    let sealed = Engine::start(
        &Mode::Mutual {
            identity: server,
            anchors: mutual,
        },
        HERE,
        clock,
    )?;
    let column = |label: &str, meaning: &str, engine: &Engine, kit| Column {
        label: label.to_owned(),
        meaning: meaning.to_owned(),
        target: Target::at(engine.address()),
        kit,
    };
    Ok(matrix::run(&[
        column(
            "no TLS",
            "-H tcp://…:2375: whoever reaches the port is root",
            &open,
            &kit,
        ),
        column(
            "one-way",
            "tlsverify=false: the daemon proves itself and asks nobody",
            &one_way,
            &kit,
        ),
        column(
            "system roots",
            "tlsverify without tlscacert: any certificate that a public CA sells gets in",
            &trap,
            &customer,
        ),
        column(
            "sealock",
            "mutual TLS with an anchor of its own for each direction",
            &sealed,
            &kit,
        ),
    ]))
}

fn anchor(session: &Session, purpose: Purpose) -> Result<Issuer, Failure> {
    let request = AnchorRequest {
        authority: AuthorityName::try_from("demo")?,
        purpose,
        scope: None,
        generation: 1,
        life: LIFE,
    };
    Ok(create_anchor(
        &request,
        PrivateKey::generate(KeyKind::default())?,
        session.now,
        &mut SystemEntropy,
    )?)
}

fn server(session: &Session, issuer: &Issuer) -> Result<Identity, Failure> {
    let key = PrivateKey::generate(KeyKind::default())?;
    let request = LeafRequest::server(vec![San::Ip(HERE)], LIFE)?;
    let leaf = issue_leaf(
        issuer,
        &request,
        key.public_key(),
        session.now,
        &mut SystemEntropy,
    )?;
    Ok(Identity::new(vec![leaf], &key)?)
}

fn show(session: &Session, matrix: &Matrix) {
    let head: Vec<&str> = std::iter::once("who knocks")
        .chain(matrix.columns().iter().map(|head| head.label.as_str()))
        .collect();
    let rows: Vec<Vec<Cell>> = ClientKind::ALL
        .into_iter()
        .map(|kind| {
            let verdicts =
                (0..matrix.columns().len()).map(|column| verdict_cell(matrix, kind, column));
            std::iter::once(Cell::new(kind.label()))
                .chain(verdicts)
                .collect()
        })
        .collect();
    let printer = &session.printer;
    printer.data(&paint(
        BOLD,
        "Four ways to run a Docker daemon, six kinds of client: who gets in?",
    ));
    printer.data("");
    printer.raw(&table::render(&head, &rows));
    printer.data(&paint(
        DIM,
        "Each client sent a request on TLS 1.2 and 1.3: a handshake alone proves nothing.",
    ));
    for (index, column) in matrix.columns().iter().enumerate() {
        printer.data(&format!(
            "\n{}: {}",
            paint(BOLD, &column.label),
            column.meaning
        ));
        for kind in ClientKind::ALL {
            if let Some(cell) = matrix.cell(kind, index) {
                printer.data(&format!("  {:<28}  {}", kind.label(), cell.why()));
            }
        }
    }
}

/// The word says what happened, the colour whether it should; the mark says it without colour.
fn verdict_cell(matrix: &Matrix, kind: ClientKind, column: usize) -> Cell {
    let Some(cell) = matrix.cell(kind, column) else {
        return Cell::new("");
    };
    let verdict = cell.verdict();
    let right = matches!(
        (Expected::of(kind), verdict),
        (Expected::In, Verdict::In) | (Expected::Out, Verdict::Out)
    );
    let text = if right {
        cell.label().to_owned()
    } else {
        format!("{} !", cell.label())
    };
    Cell::styled(text, if right { GOOD } else { BAD })
}
