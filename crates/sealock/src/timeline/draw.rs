//! The timeline on 80 columns, and for programs.

use serde_json::{Value, json};

use sealock_diag::escape;
use sealock_pki::Timestamp;

use super::items::{Item, Kind};
use crate::printer::{BAD, DIM, GOOD, WARN, paint};
use crate::table::{self, Cell};

/// How many characters a name may take.
const NAME: usize = 28;
/// How many characters stand for a life.
const BAR: usize = 14;
/// Everything fits into this.
const WIDTH: usize = 80;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// One line for each, with what is gone of its life, and where it is due.
pub(crate) fn draw(items: &[Item], now: Timestamp) -> String {
    let head = ["what ends when", "due", "ends", "left", "life"];
    let rows: Vec<Vec<Cell>> = items
        .iter()
        .map(|item| {
            let style = if item.left_in_thousand(now) < 200 {
                BAD
            } else if item.is_due(now) {
                WARN
            } else {
                GOOD
            };
            vec![
                Cell::new(cut(&escape(&item.name), NAME)),
                Cell::new(
                    item.due
                        .map_or_else(|| "-".to_owned(), |due| when(due, now)),
                ),
                Cell::new(date(item.ends)),
                Cell::styled(left(item.ends, now), style),
                Cell::new(bar(item, now)),
            ]
        })
        .collect();
    let mut out = String::new();
    let mut lines = table::render(&head, &rows)
        .lines()
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter();
    out.extend(lines.next().map(|head| format!("{head}\n")));
    for (line, item) in lines.zip(items) {
        out.push_str(&line);
        out.push('\n');
        if let Some(places) = places(item) {
            out.push_str(&paint(DIM, &cut(&format!("  in {places}"), WIDTH)));
            out.push('\n');
        }
    }
    out
}

/// The same for programs.
pub(crate) fn json(items: &[Item], now: Timestamp) -> Value {
    let list: Vec<Value> = items.iter().map(|item| one(item, now)).collect();
    Value::from(list)
}

fn one(item: &Item, now: Timestamp) -> Value {
    let mut value = json!({
        "name": item.name,
        "kind": item.kind.slug(),
        "purpose": item.kind.purpose().as_str(),
        "serial": item.serial,
        "notBefore": item.begins.to_string(),
        "notAfter": item.ends.to_string(),
        "dueAt": item.due.map(|due| due.to_string()),
        "due": item.is_due(now),
        "expired": item.ends <= now,
        "lifeLeft": item.left_in_thousand(now) as f64 / 1000.0,
        "places": item.places,
    });
    if let (
        Some(object),
        Kind::Anchor {
            scope,
            generation,
            state,
            ..
        },
    ) = (value.as_object_mut(), &item.kind)
    {
        object.insert("scope".to_owned(), scope.as_str().into());
        object.insert("generation".to_owned(), (*generation).into());
        object.insert("state".to_owned(), state.as_str().into());
    }
    value
}

/// How long until then, in the largest unit that says enough.
pub(crate) fn left(ends: Timestamp, now: Timestamp) -> String {
    if ends <= now {
        return "expired".to_owned();
    }
    match ends.since(now).as_secs() {
        seconds if seconds >= 2 * DAY => format!("{} days", seconds / DAY),
        seconds if seconds >= 2 * HOUR => format!("{} h", seconds / HOUR),
        seconds if seconds >= 2 * MINUTE => format!("{} min", seconds / MINUTE),
        seconds => format!("{seconds} s"),
    }
}

fn when(due: Timestamp, now: Timestamp) -> String {
    if due <= now {
        return "now".to_owned();
    }
    match due.since(now).as_secs() {
        ..DAY => format!("in {}", left(due, now)),
        _ => date(due),
    }
}

fn date(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// What is gone of a life, and where it is due.
fn bar(item: &Item, now: Timestamp) -> String {
    let at = |moment: Timestamp| -> usize {
        let whole = item.ends.since(item.begins).as_secs().max(1);
        let gone = moment.since(item.begins).as_secs().min(whole);
        usize::try_from(gone * BAR as u64 / whole).unwrap_or(BAR)
    };
    let (gone, due) = (at(now), item.due.map(at));
    (0..BAR)
        .map(|place| match place {
            place if Some(place) == due => '|',
            place if place < gone => '#',
            _ => '-',
        })
        .collect()
}

/// Where it lies beside the vault: contexts, folders of users, single files.
fn places(item: &Item) -> Option<String> {
    let shown: Vec<String> = match item.kind {
        Kind::Client => item
            .places
            .iter()
            .skip(1)
            .map(|place| escape(place))
            .collect(),
        Kind::Service => item
            .places
            .iter()
            .take(1)
            .map(|place| escape(place))
            .collect(),
        Kind::Single { .. } => item
            .places
            .iter()
            .filter(|place| !place.starts_with("key:"))
            .map(|place| escape(place.strip_prefix("cert:").unwrap_or(place)))
            .collect(),
        Kind::Carried => item
            .places
            .iter()
            .filter(|place| !place.starts_with('/'))
            .map(|place| escape(place))
            .collect(),
        Kind::Daemon | Kind::Anchor { .. } | Kind::List { .. } => Vec::new(),
    };
    (!shown.is_empty()).then(|| shown.join(", "))
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::{draw, json, left};
    use crate::timeline::{Item, Kind};
    use sealock_pki::{Purpose, Timestamp};

    const DAY: i64 = 86_400;
    const NOW: i64 = 1_800_000_000;

    fn item(name: &str, kind: Kind, begins: i64, ends: i64, due: Option<i64>) -> Item {
        let at = |days: i64| Timestamp::from_unix(NOW + days * DAY);
        Item {
            name: name.to_owned(),
            kind,
            begins: at(begins),
            ends: at(ends),
            due: due.map(at),
            places: ["/home", "context:prod@bob"].map(str::to_owned).to_vec(),
            serial: "01".to_owned(),
        }
    }

    #[test]
    fn a_life_is_drawn_with_what_is_gone_and_where_it_is_due() {
        let now = Timestamp::from_unix(NOW);
        let single = Kind::Single {
            purpose: Purpose::Server,
        };
        let items = [
            item("old", single.clone(), -90, -1, Some(-30)),
            item("dockerd", Kind::Daemon, -70, 20, Some(-10)),
            item("alice", Kind::Client, -45, 45, Some(15)),
            item("redis", Kind::Service, -45, 45, Some(15)),
            item(&"x".repeat(40), Kind::Daemon, 0, 3650, None),
        ];
        let plain = anstream::adapter::strip_str(&draw(&items, now)).to_string();
        let trimmed: Vec<&str> = plain.lines().map(str::trim_end).collect();
        assert_eq!(
            trimmed,
            [
                "what ends when                due         ends        left       life",
                "old                           now         2027-01-14  expired    #########|####",
                "  in /home, context:prod@bob",
                "dockerd                       now         2027-02-04  20 days    #########|----",
                "alice                         2027-01-30  2027-03-01  45 days    #######--|----",
                "  in context:prod@bob",
                "redis                         2027-01-30  2027-03-01  45 days    #######--|----",
                "  in /home",
                "xxxxxxxxxxxxxxxxxxxxxxxxxxx…  -           2037-01-12  3650 days  --------------",
            ]
        );
        assert!(trimmed.iter().all(|line| line.chars().count() <= 80));
        let value = json(&items, now);
        assert_eq!(value[0]["expired"], true);
        assert_eq!(value[1]["due"], true);
        assert_eq!(value[2]["lifeLeft"], 0.5);
    }

    #[test]
    fn short_lives_are_told_in_short_units() {
        let now = Timestamp::from_unix(NOW);
        for (seconds, expected) in [
            (0, "expired"),
            (1, "1 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7200, "2 h"),
            (2 * DAY - 1, "47 h"),
            (2 * DAY, "2 days"),
        ] {
            assert_eq!(left(Timestamp::from_unix(NOW + seconds), now), expected);
        }
    }
}
