//! A report for people: readable without colour and at 80 columns.

use anstyle::Style;
use sealock_check::seen::{ClientMode, Daemon, Endpoint, Offer, Outcome, Protocol, Reach, Visitor};
use sealock_check::verdict::{DaemonMode, cli_gets, daemon_mode};
use sealock_check::{Finding, Severity, checks};
use sealock_diag::escape;
use sealock_pki::Certificate;

use super::door;
use super::report::{Kind, Report};
use crate::printer::{BAD, BOLD, DIM, GOOD, WARN, paint};
use crate::table::{self, Cell, fold};

/// What is left of 80 columns beside the labels of a finding.
const WIDTH: usize = 70;

/// The whole report.
pub(crate) fn report(report: &Report, verbose: bool) -> String {
    let mut text = match report.kind {
        Kind::Endpoint => report
            .endpoint()
            .map(|end| endpoint(end, verbose))
            .unwrap_or_default(),
        Kind::Service => report
            .door()
            .map(|seen| door::whole(&report.subject, seen))
            .unwrap_or_default(),
        Kind::Host => host(report, verbose),
        Kind::Client => client(report),
    };
    for unseen in &report.unseen {
        let words = hang(&fold(&format!("not looked at: {unseen}"), WIDTH), 2);
        text.push_str(&format!("{} {words}\n", paint(WARN, "note:")));
    }
    text.push('\n');
    text.push_str(&findings(report, verbose));
    text
}

fn host(report: &Report, verbose: bool) -> String {
    let seen = &report.seen;
    let mut text = String::new();
    if let Some(host) = &seen.host {
        let version = host
            .version
            .as_ref()
            .map_or("of unknown version", |version| &version.text);
        let state = match &host.daemon {
            Daemon::On { containers: 1, .. } => "on, 1 container runs".to_owned(),
            Daemon::On { containers, .. } => format!("on, {containers} containers run"),
            Daemon::Off { why } => format!("off: {why}"),
        };
        text.push_str(&format!(
            "{} dockerd {version}, {state}\n",
            paint(BOLD, "this host:")
        ));
    }
    for end in &seen.endpoints {
        if verbose {
            text.push_str(&endpoint(end, verbose));
        } else {
            text.push_str(&format!("  {:<28}  {}\n", end.label, headline(end)));
        }
    }
    for service in &seen.services {
        for seen in &service.doors {
            let label = format!("{} at {}", service.label, seen.seen.address);
            text.push_str(&format!("  {label:<28}  {}\n", door::headline(seen)));
        }
    }
    let files = seen.files().count();
    text.push_str(&paint(
        DIM,
        &format!(
            "  looked at {}, {}, {}, {} and {}",
            count(files, "file", "files"),
            count(seen.clients.len(), "client", "clients"),
            count(seen.registries.len(), "registry", "registries"),
            count(seen.services.len(), "service", "services"),
            count(seen.endpoints.len(), "endpoint", "endpoints")
        ),
    ));
    text.push('\n');
    text
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn client(report: &Report) -> String {
    let mut text = String::new();
    for client in &report.seen.clients {
        text.push_str(&format!("{}\n", paint(BOLD, &client.label)));
        let host = client.host.as_deref().unwrap_or("nowhere");
        text.push_str(&format!("  goes to   {}\n", escape(host)));
        if let Some(because) = &client.because {
            text.push_str(&format!(
                "  because   {}\n",
                hang(&fold(because, WIDTH - 2), 12)
            ));
        }
        let tls = match client.tls {
            sealock_check::seen::TlsUse::Off => "not used",
            sealock_check::seen::TlsUse::Unverified => "used, and the server is not verified",
            sealock_check::seen::TlsUse::Verified => "used, and the server is verified",
            sealock_check::seen::TlsUse::Unused => "not said by this folder",
        };
        text.push_str(&format!("  TLS       {tls}\n"));
        for file in &client.files {
            text.push_str(&format!("  file      {}\n", file.shown()));
        }
        if !client.without_effect.is_empty() {
            text.push_str(&format!(
                "  no effect {}\n",
                client.without_effect.join(", ")
            ));
        }
    }
    for end in &report.seen.endpoints {
        text.push_str(&format!("  {:<9} {}\n", "endpoint", headline(end)));
    }
    text
}

fn headline(end: &Endpoint) -> String {
    match &end.reach {
        Reach::Reached => {
            let mode = daemon_mode(end);
            let good = mode == DaemonMode::Mutual;
            paint(if good { GOOD } else { BAD }, mode.words())
        }
        Reach::Unresolved(why) => paint(BAD, &format!("its name leads nowhere: {why}")),
        Reach::Refused => paint(BAD, "nobody listens there"),
        Reach::Silent(after) => paint(BAD, &format!("no answer within {} s", after.as_secs())),
        Reach::Failed(why) => paint(BAD, why),
    }
}

/// The matrix, the modes of the docker CLI, and what is offered.
fn endpoint(end: &Endpoint, verbose: bool) -> String {
    let mut text = format!("{}  {}\n", paint(BOLD, &end.label), headline(end));
    if end.reach != Reach::Reached {
        return text;
    }
    text.push('\n');
    text.push_str(&matrix(end));
    if !end.modes.is_empty() {
        text.push('\n');
        text.push_str(&modes(end));
    }
    text.push('\n');
    text.push_str(&offers(end, verbose));
    text
}

fn matrix(end: &Endpoint) -> String {
    let mut rows = Vec::new();
    for visitor in Visitor::ALL {
        let visits: Vec<_> = end.outcomes(visitor).collect();
        let cell = |protocol: Protocol| {
            visits
                .iter()
                .find(|visit| visit.protocol == Some(protocol))
                .map_or(Cell::new("-"), |visit| verdict(visitor, &visit.outcome))
        };
        match (visitor, &end.plain) {
            (Visitor::PlainHttp, Some(outcome)) => {
                rows.push(vec![
                    Cell::new(visitor.label()),
                    verdict(visitor, outcome),
                    Cell::new(""),
                ]);
            }
            _ if visits.is_empty() => {}
            _ => rows.push(vec![
                Cell::new(visitor.label()),
                cell(Protocol::Tls12),
                cell(Protocol::Tls13),
            ]),
        }
    }
    table::render(&["who comes", "TLS 1.2", "TLS 1.3"], &rows)
}

/// What happened, and a mark where it must not: the mark says without colour what the colour says.
fn verdict(visitor: Visitor, outcome: &Outcome) -> Cell {
    let right = match visitor {
        Visitor::Rightful => *outcome == Outcome::In,
        _ => outcome.is_refusal(),
    };
    let label = outcome.label();
    match right {
        true => Cell::styled(label, GOOD),
        false => Cell::styled(format!("{label} !"), BAD),
    }
}

fn modes(end: &Endpoint) -> String {
    let rows: Vec<Vec<Cell>> = ClientMode::ALL
        .into_iter()
        .filter_map(|mode| end.modes.iter().find(|visit| visit.mode == mode))
        .map(|visit| {
            let gets = match &visit.outcome {
                None => Cell::styled("not tried: we have no such files", DIM),
                Some(outcome) => Cell::new(shorten(&cli_gets(visit.mode, outcome), 46)),
            };
            vec![Cell::new(visit.mode.flags()), gets]
        })
        .collect();
    table::render(&["docker with", "gets"], &rows)
}

fn offers(end: &Endpoint, verbose: bool) -> String {
    let mut text = String::new();
    let mut line = |label: &str, words: String| {
        if !words.is_empty() {
            text.push_str(&format!("{label:<8} {}\n", hang(&fold(&words, WIDTH), 9)));
        }
    };
    if let Some(scan) = &end.scan {
        let offered = scan
            .protocols
            .iter()
            .filter(|(_, offer)| *offer == Offer::Yes);
        let versions: Vec<&str> = offered.map(|(protocol, _)| protocol.label()).collect();
        line("offers", versions.join(", "));
        line("groups", scan.groups.join(", "));
        line("ALPN", scan.alpn.join(", "));
        let names: Vec<&str> = scan
            .suites
            .iter()
            .map(|suite| suite.name.as_str())
            .collect();
        if verbose {
            line("suites", names.join(" "));
        } else {
            line("suites", format!("{}; -v lists them", names.len()));
        }
    }
    for (index, certificate) in end.chain.iter().enumerate().take(4) {
        let label = if index == 0 { "presents" } else { "" };
        line(label, presented(certificate));
    }
    if let Some(api) = &end.api {
        let parts: Vec<&str> = [api.server.as_deref(), api.version.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        line("API", parts.join(", "));
    }
    text
}

/// A certificate in a few words.
pub(super) fn presented(certificate: &Certificate) -> String {
    let names: Vec<String> = certificate
        .sans()
        .iter()
        .take(8)
        .map(|san| escape(&san.value()))
        .collect();
    let mut words = certificate.subject();
    if !names.is_empty() {
        words.push_str(&format!(" for {}", names.join(", ")));
    }
    words.push_str(&format!(
        ", by {}, until {}",
        certificate.issuer(),
        certificate.not_after()
    ));
    words
}

/// Everything that was found, what bites first first.
fn findings(report: &Report, verbose: bool) -> String {
    if report.findings.is_empty() {
        let count = checks::all().len();
        return format!(
            "{}\n",
            paint(GOOD, &format!("nothing found ({count} checks)"))
        );
    }
    let parts: Vec<String> = report
        .findings
        .iter()
        .enumerate()
        .map(|(index, one)| finding(index + 1, one, verbose || index == 0))
        .collect();
    let count = report.findings.len();
    let closing = match count {
        1 => "1 finding".to_owned(),
        _ => format!("{count} findings; the first bites first"),
    };
    format!("{}\n{}\n", parts.join("\n"), paint(WARN, &closing))
}

/// One finding, in the shape of an error.
pub(crate) fn finding(number: usize, finding: &Finding, with_meaning: bool) -> String {
    let check = finding.check;
    let label = format!("{}[{}]:", finding.severity, check.code);
    let before = format!("{number}. {label}");
    let mut text = format!(
        "{number}. {} {}\n",
        paint(style(finding.severity).bold(), &label),
        paint(BOLD, &behind(&before, check.title))
    );
    let mut field = |label: &str, body: &str| {
        text.push_str(&format!("   {label:<6} {}\n", hang(body, 10)));
    };
    for spot in finding.spots.iter().take(4) {
        field("where:", &spot.place);
        field("cause:", &fold(&spot.cause, WIDTH));
    }
    if finding.spots.len() > 4 {
        field("and:", &format!("{} more places", finding.spots.len() - 4));
    }
    if with_meaning {
        let meaning: String = check
            .meaning
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        field("means:", &fold(&meaning, WIDTH));
    }
    field(
        "help:",
        &fold(
            &crate::failure::as_help(&super::report::help(finding)),
            WIDTH,
        ),
    );
    for follows in &finding.consequences {
        field(
            "hence:",
            &fold(&format!("{} ({})", follows.title, follows.code), WIDTH),
        );
    }
    field("more:", &format!("sealock explain {}", check.code));
    text
}

/// A title folded at 80 columns, when this stands before it.
fn behind(before: &str, title: &str) -> String {
    let filled = format!("{} {title}", "x".repeat(before.chars().count()));
    let folded = fold(&filled, 80);
    let title = folded
        .split_once([' ', '\n'])
        .map_or("", |(_, title)| title);
    hang(title, 3)
}

pub(crate) fn style(severity: Severity) -> Style {
    match severity {
        Severity::Open | Severity::Down | Severity::LockedOut => BAD,
        Severity::Latent | Severity::Soon | Severity::Weak => WARN,
    }
}

/// Keeps a field's further lines in the field's column.
fn hang(body: &str, column: usize) -> String {
    body.replace('\n', &format!("\n{}", " ".repeat(column)))
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::behind;

    #[test]
    fn a_long_title_is_folded_behind_its_code() {
        assert_eq!(behind("1. down[SL-F901]:", "short"), "short");
        let title = "the server certificate was not issued by an authority that the client trusts";
        let folded = behind("1. down[SL-F316]:", title);
        assert_eq!(
            folded,
            "the server certificate was not issued by an authority that the\n   client trusts"
        );
    }
}
