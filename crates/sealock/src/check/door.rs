//! A door of a service, for people.

use sealock_check::seen::ServiceDoor;
use sealock_check::seen::service::{Entry, Passage, Way};

use super::text::presented;
use crate::printer::{BAD, BOLD, GOOD, paint};
use crate::table::{self, Cell, fold};

/// What is left of 80 columns beside the labels.
const WIDTH: usize = 70;
/// What is left of them beside who comes and what becomes of it.
const SAID: usize = 44;

/// Who gets in, in a line.
pub(super) fn headline(door: &ServiceDoor) -> String {
    let seen = &door.seen;
    if let Some(why) = &seen.unreached {
        return paint(BAD, &format!("not reached: {why}"));
    }
    let (good, words) = standing(door);
    paint(if good { GOOD } else { BAD }, words)
}

/// The same in a word or two.
pub(super) fn short(door: &ServiceDoor) -> &'static str {
    let seen = &door.seen;
    match (&seen.unreached, &seen.tls) {
        (Some(_), _) => "not reached",
        (None, None) => "no TLS",
        (None, Some(_)) if seen.clear.verdict == Way::Accepted => "clear text too",
        (None, Some(_)) if seen.without.verdict == Passage::Refused => "mutual TLS",
        (None, Some(_)) => "TLS",
    }
}

fn standing(door: &ServiceDoor) -> (bool, &'static str) {
    let seen = &door.seen;
    match (&seen.tls, seen.clear.verdict, seen.without.verdict) {
        (None, ..) => (false, "no TLS"),
        (Some(_), Way::Accepted, _) => (false, "TLS, and clear text is taken too"),
        (Some(_), _, Passage::Refused) => (true, "mutual TLS: clients must show a certificate"),
        (Some(_), _, Passage::In) => (true, "TLS; clients need no certificate"),
        (Some(_), ..) => (true, "TLS; whom it lets in is not clear"),
    }
}

/// Everything that was seen of it.
pub(super) fn whole(label: &str, door: &ServiceDoor) -> String {
    let mut text = format!("{}  {}\n", paint(BOLD, label), headline(door));
    let seen = &door.seen;
    if seen.unreached.is_some() {
        return text;
    }
    text.push('\n');
    let mut rows = Vec::new();
    if seen.clear.verdict != Way::NotAsked {
        rows.push(vec![
            Cell::new("clear text"),
            Cell::new(clear(seen.clear.verdict)),
            Cell::new(cut(&seen.clear.said)),
        ]);
    }
    let comers = [
        ("no certificate", Some(&seen.without)),
        ("our certificate", seen.with.as_ref()),
        ("somebody else's", door.foreign.as_ref()),
    ];
    for (who, entry) in comers {
        if let Some(entry) = entry {
            rows.push(row(who, entry));
        }
    }
    text.push_str(&table::render(&["who comes", "gets", "it says"], &rows));
    text.push('\n');
    let mut line = |label: &str, words: &str| {
        let folded = fold(words, WIDTH).replace('\n', "\n         ");
        text.push_str(&format!("{label:<8} {folded}\n"));
    };
    if let Some(sight) = &seen.tls {
        let agreed = [&sight.version, &sight.suite, &sight.alpn];
        let agreed: Vec<&str> = agreed.into_iter().flatten().map(String::as_str).collect();
        line("agrees", &agreed.join(", "));
    }
    if let Some(tds) = &seen.tds {
        let in_band = tds.encryption.map_or("not spoken", |found| found.slug());
        let strict = if tds.strict { "spoken" } else { "not spoken" };
        line("TDS", &format!("7.x {in_band}, 8.0 {strict}"));
        if let Some(version) = &tds.version {
            line("server", version);
        }
    }
    for (index, certificate) in door.chain.iter().enumerate().take(4) {
        let label = if index == 0 { "presents" } else { "" };
        line(label, &presented(certificate));
    }
    text
}

fn row(who: &str, entry: &Entry) -> Vec<Cell> {
    let gets = match entry.verdict {
        Passage::In => "in",
        Passage::Refused => "refused",
        Passage::NoTls => "no TLS",
        Passage::Unclear => "unclear",
    };
    vec![Cell::new(who), Cell::new(gets), Cell::new(cut(&entry.said))]
}

fn clear(verdict: Way) -> &'static str {
    match verdict {
        Way::Accepted => "in !",
        Way::Refused => "refused",
        Way::NotSpoken => "not spoken",
        Way::NotAsked => "not asked",
        Way::Unclear => "unclear",
    }
}

fn cut(said: &str) -> String {
    match said.char_indices().nth(SAID) {
        Some((end, _)) => format!("{}…", &said[..end]),
        None => said.to_owned(),
    }
}
