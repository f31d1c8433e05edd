//! `sealock check`: what is wrong, what bites first, and how it is mended.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sealock_change::fs;
use sealock_check::Seen;
use sealock_check::seen::{ClientSide, Endpoint, TlsUse};
use sealock_host::survey;
use sealock_probe::{Depth, Place, Visitors, look_at_all, side_by_side};
use sealock_vault::Scope;

use crate::catalogue;
use crate::check::look::{self, Inside};
use crate::check::places::{Asked, AskedService};
use crate::check::report::{self, Kind, Report};
use crate::check::services::{self, Way};
use crate::check::{fix, json, metrics, overview, places, text, visitors, watch};
use crate::cli::{Check, CheckFormat};
use crate::cloak::{clients, desired};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &Check) -> Result<Exit, Failure> {
    let subject = Subject::of(session, args)?;
    let Some(seconds) = args.watch else {
        let mut reports = subject.look(session, args)?;
        if let (true, Subject::Host { inside, .. }) = (args.fix, &subject)
            && let Some(first) = reports.pop()
        {
            let again = || Ok(host_report(session, args, inside));
            reports.push(fix::mend(session, args, inside, first, &again)?);
        }
        tell(session, args, &reports)?;
        return Ok(report::exit(&reports));
    };
    let stop = watch::stopper();
    let mut before: Option<watch::Wrong> = None;
    loop {
        let session = session.at_now();
        let reports = Subject::of(&session, args)?.look(&session, args)?;
        let now = watch::wrong(&reports);
        match &before {
            None => tell(&session, args, &reports)?,
            Some(before) => tell_changes(&session, args, &reports, before, &now)?,
        }
        before = Some(now);
        if !watch::wait(Duration::from_secs(seconds), &stop) {
            return Ok(report::exit(&reports));
        }
    }
}

/// What is looked at.
enum Subject {
    Host {
        inside: Box<Inside>,
    },
    Endpoints {
        places: Vec<Asked>,
        visitors: Box<Visitors>,
    },
    Client {
        side: Box<ClientSide>,
    },
}

impl Subject {
    fn of(session: &Session, args: &Check) -> Result<Self, Failure> {
        if let Some(name) = &args.client {
            return Ok(Self::Client {
                side: Box::new(client_side(session, name)?),
            });
        }
        let wanted = desired::find(session)?;
        if !args.endpoints.is_empty() || args.from.is_some() {
            let places = places::places(args)?;
            let visitors = visitors::visitors(session, args.cert_path.as_deref(), wanted.as_ref())?;
            let visitors = Box::new(visitors);
            return Ok(Self::Endpoints { places, visitors });
        }
        Ok(Self::Host {
            inside: Box::new(Inside {
                options: desired::options(session, &args.daemon)?,
                desired: wanted,
                now: session.now,
                min_days: args.min_days,
            }),
        })
    }

    fn look(&self, session: &Session, args: &Check) -> Result<Vec<Report>, Failure> {
        match self {
            Self::Host { inside } => Ok(vec![host_report(session, args, inside)]),
            Self::Client { side } => Ok(vec![client_report(session, args, side)]),
            Self::Endpoints { places, visitors } => {
                Ok(endpoint_reports(session, args, places, visitors))
            }
        }
    }
}

fn host_report(session: &Session, args: &Check, inside: &Inside) -> Report {
    // Without visitors of our own there are still strangers, and what is done to them.
    let visitors = visitors::visitors(session, args.cert_path.as_deref(), inside.desired.as_ref())
        .unwrap_or_else(|_| visitors::strangers());
    let (seen, unseen) = inside.look(session, &visitors, depth(args), timeout(args));
    Report::of("this host", Kind::Host, seen).without(unseen)
}

fn endpoint_reports(
    session: &Session,
    args: &Check,
    asked: &[Asked],
    visitors: &Visitors,
) -> Vec<Report> {
    let mut reports: Vec<Option<Report>> = asked.iter().map(|_| None).collect();
    let bar = bar(session, asked.len());
    let unjudged = || {
        let mut seen = Seen::new(session.now);
        seen.min_days = args.min_days;
        seen
    };
    let (mut daemons, mut services) = (Vec::new(), Vec::new());
    for (at, one) in asked.iter().enumerate() {
        match one {
            Asked::Docker(place) => daemons.push((at, place.clone())),
            Asked::Service(service) => services.push((at, service)),
        }
    }
    let (slots, places): (Vec<usize>, Vec<Place>) = daemons.into_iter().unzip();
    let mut done = |index: usize, endpoint: Endpoint| {
        bar.inc(1);
        bar.set_message(endpoint.label.clone());
        let label = endpoint.label.clone();
        let mut seen = unjudged();
        seen.endpoints.push(endpoint);
        let slot = slots.get(index).and_then(|slot| reports.get_mut(*slot));
        if let Some(slot) = slot {
            *slot = Some(Report::of(label, Kind::Endpoint, seen));
        }
    };
    let at_once = usize::from(args.at_once);
    look_at_all(
        &places,
        visitors,
        depth(args),
        at_once,
        timeout(args),
        session.now,
        &mut done,
    );
    let way = Way {
        visitors,
        timeout: timeout(args),
        now: session.now,
    };
    let look = |(_, wanted): &(usize, &AskedService)| services::asked(wanted, way);
    side_by_side(&services, at_once, look, &mut |index, service| {
        let label = service.label.clone();
        bar.inc(1);
        bar.set_message(label.clone());
        let mut seen = unjudged();
        seen.services.push(service);
        if let Some(slot) = reports.get_mut(services[index].0) {
            *slot = Some(Report::of(label, Kind::Service, seen));
        }
    });
    bar.finish_and_clear();
    reports.into_iter().flatten().collect()
}

fn client_report(session: &Session, args: &Check, side: &ClientSide) -> Report {
    let mut seen = Seen::new(session.now);
    seen.min_days = args.min_days;
    seen.clients.push(side.clone());
    seen.keeping = crate::check::keeping::keeping(session);
    if let Some(place) = look::place_of(side) {
        let visitors = visitors::of_side(side);
        seen.endpoints = look::all(&[place], &visitors, depth(args), timeout(args), session.now);
    }
    Report::of(side.label.clone(), Kind::Client, seen)
}

/// The client that was asked about: this shell, a client of ours, a context, a folder.
fn client_side(session: &Session, name: &str) -> Result<ClientSide, Failure> {
    let system = look::system();
    let env = |name: &str| std::env::var(name).ok();
    let home = std::path::PathBuf::from(env("HOME").unwrap_or_default());
    if name.is_empty() {
        return Ok(survey::shell_client(&*system, &env, &home));
    }
    let wanted = desired::find(session)?;
    let scope = wanted
        .as_ref()
        .map_or(Scope::own(), |wanted| &wanted.authority.scope);
    let ours = clients::folder(session, scope, name);
    let is_plain = !name.contains('/');
    if is_plain && ours.is_dir() {
        let folder = ours.to_string_lossy();
        if let Some(mut side) = survey::client_at(&*system, &env, &home, &folder) {
            if let Some(endpoint) = wanted.and_then(|wanted| clients::endpoint(&wanted).ok()) {
                side.host = Some(endpoint.to_string());
                side.tls = TlsUse::Verified;
            }
            side.label = format!("client {}", sealock_diag::escape(name));
            return Ok(side);
        }
    }
    survey::client_at(&*system, &env, &home, name).ok_or_else(|| {
        Failure::own(
            catalogue::NO_SUCH_CLIENT_SIDE,
            format!(
                "there is no client, context or folder `{}`",
                sealock_diag::escape(name)
            ),
        )
        .exit(Exit::Usage)
    })
}

fn tell(session: &Session, args: &Check, reports: &[Report]) -> Result<(), Failure> {
    let format = format(session, args);
    let text = match format {
        CheckFormat::Prometheus => metrics::reports(reports),
        CheckFormat::Json if args.watch.is_some() => format!("{}\n", json::reports(reports)),
        CheckFormat::Json => format!("{:#}\n", json::reports(reports)),
        CheckFormat::Text => match reports {
            [one] => text::report(one, session.printer.verbose),
            many => overview::overview(many),
        },
    };
    let Some(file) = &args.output else {
        session.printer.raw(&text);
        return Ok(());
    };
    let plain = anstream::adapter::strip_str(&text).to_string();
    let path = std::path::absolute(file).unwrap_or_else(|_| file.clone());
    fs::write_atomic(&path, plain.as_bytes(), mode(&path), None)?;
    Ok(())
}

/// Metrics are read by somebody else's collector; an existing file keeps its mode.
fn mode(path: &Path) -> u32 {
    fs::stat(path)
        .ok()
        .flatten()
        .map_or(0o644, |stat| stat.mode)
}

fn tell_changes(
    session: &Session,
    args: &Check,
    reports: &[Report],
    before: &watch::Wrong,
    now: &watch::Wrong,
) -> Result<(), Failure> {
    if args.output.is_some() || format(session, args) != CheckFormat::Text {
        return tell(session, args, reports);
    }
    for line in watch::changes(before, now, &session.now.to_string()) {
        session.printer.data(&line);
    }
    Ok(())
}

fn format(session: &Session, args: &Check) -> CheckFormat {
    if session.printer.json {
        CheckFormat::Json
    } else {
        args.format
    }
}

fn depth(args: &Check) -> Depth {
    if args.short {
        Depth::Short
    } else {
        Depth::Full
    }
}

fn timeout(args: &Check) -> Duration {
    Duration::from_secs(args.timeout)
}

/// A bar on a terminal, when there is more than one endpoint to wait for.
fn bar(session: &Session, count: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("  {bar:24} {pos}/{len} {wide_msg}");
    match style {
        Ok(style) if session.printer.is_interactive() && count > 1 => {
            ProgressBar::new(count as u64).with_style(style)
        }
        _ => ProgressBar::hidden(),
    }
}
