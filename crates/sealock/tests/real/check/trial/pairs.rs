//! Two breaks at once: both are named, and the one that bites first comes first.

use super::breaks::{Bites, Break, Part, When};
use super::deck::Deck;
use super::ground::Ground;
use super::oracle::{self, Felt};
use super::{Known, Tally, guarded};

/// What a pair showed.
enum Order {
    /// One bites before the other, by whom they bite.
    ByRank,
    /// Both bite the same, and a message of Docker's own programs said which comes first.
    ByMessage,
    /// Neither comes before the other.
    Either,
}

/// Tries so many pairs of what was tried alone before.
pub(super) fn pairs(
    ground: &mut Ground,
    deck: &mut Deck,
    known: &Known,
    count: u64,
    tally: &mut Tally,
) {
    let kinds: Vec<&'static Break> = super::breaks::all()
        .into_iter()
        .filter(|kind| known.contains_key(kind.name))
        .collect();
    if kinds.len() < 2 {
        return;
    }
    let mut tried = 0;
    for _ in 0..count * 50 {
        if tried == count {
            break;
        }
        let (a, b) = (
            kinds[deck.below(kinds.len())],
            kinds[deck.below(kinds.len())],
        );
        if !get_along(a, b) {
            continue;
        }
        tried += 1;
        tally.pairs += 1;
        let restart = deck.coin();
        let mut order = Order::Either;
        match guarded(|| order = pair(ground, [a, b], known, restart)) {
            Ok(()) => tally.in_order += 1,
            Err(why) => tally.wrong.push(format!(
                "{:?}, {} + {}: {why}",
                ground.version(),
                a.name,
                b.name
            )),
        }
        tally.judged_by_a_message += usize::from(matches!(order, Order::ByMessage));
        ground.heal();
        if tried % 10 == 0 {
            ground.check().expect_nothing();
        }
    }
}

/// Whether neither hides the other: other parts, other findings; and no daemon that is off where it has to serve.
fn get_along(a: &Break, b: &Break) -> bool {
    let apart = !a.parts.iter().any(|part| b.parts.contains(part));
    let serves =
        |kind: &Break| kind.parts.contains(&Part::Wire) || kind.parts.contains(&Part::Socket);
    let stops = |kind: &Break| kind.when == When::NoStart || kind.parts.contains(&Part::Daemon);
    // Told by comparing both sides: nobody can, with one of them unreadable and the daemon unable to start.
    let compares = |kind: &Break| ["SL-F316", "SL-F338"].contains(&kind.code);
    let hides = |kind: &Break| {
        let sides = [Part::ServerPair, Part::ServerAnchors];
        kind.when == When::NoStart && sides.iter().any(|side| kind.parts.contains(side))
    };
    let hidden =
        |one: &Break, other: &Break| serves(one) && stops(other) || compares(one) && hides(other);
    apart && a.code != b.code && !hidden(a, b) && !hidden(b, a)
}

fn pair(ground: &mut Ground, both: [&'static Break; 2], known: &Known, restart: bool) -> Order {
    for one in both {
        (one.does)(ground);
    }
    let fatal = both.map(|one| one.when == When::NoStart);
    let mut said = None;
    let mut off = false;
    if both.iter().any(|one| one.when == When::Restarted) {
        ground.daemon_touched = true;
        ground.host.daemon.restart();
    } else if fatal.contains(&true) {
        said = oracle::validate(ground);
        // What is off already is not started.
        if !ground.daemon_touched && (restart || said.is_none()) {
            let last = oracle::fail_to_start(ground);
            said = said.or(Some(last));
            off = true;
        }
    }
    let found = ground.check();
    let codes = found.codes();
    for one in both {
        let consequence = found.findings().any(|finding| {
            finding["consequences"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|code| code == one.code)
        });
        assert!(
            consequence || codes.iter().any(|code| code == one.code),
            "{} is not named:\n{found}",
            one.code
        );
    }
    let felt = Felt {
        start: said,
        ..Felt::of(ground)
    };
    let bites = [0, 1].map(|index| match (fatal[index], off) {
        (true, true) => Bites::Everyone,
        (true, false) => Bites::Start,
        _ => known[both[index].name]
            .bites()
            .filter(|bites| *bites != Bites::Nobody)
            .unwrap_or(both[index].bites),
    });
    let (order, winner) = match bites[0].rank().cmp(&bites[1].rank()) {
        std::cmp::Ordering::Less => (Order::ByRank, Some(0)),
        std::cmp::Ordering::Greater => (Order::ByRank, Some(1)),
        std::cmp::Ordering::Equal => {
            match by_message(both, bites, known, &felt, fatal == [true, true]) {
                Some(index) => (Order::ByMessage, Some(index)),
                None => (Order::Either, None),
            }
        }
    };
    match winner {
        Some(index) => assert_eq!(
            codes[0],
            both[index].code,
            "{:?} bite {bites:?}, and this was felt: {felt:?}\n{found}",
            both.map(|one| one.code)
        ),
        None => assert!(
            both.iter().any(|one| one.code == codes[0]),
            "neither is first:\n{found}"
        ),
    }
    order
}

/// Whose message the client, or the daemon that does not start, shows: what it said of each alone is known.
fn by_message(
    both: [&'static Break; 2],
    bites: [Bites; 2],
    known: &Known,
    felt: &Felt,
    fatal: bool,
) -> Option<usize> {
    let message = |felt: &Felt| match bites {
        _ if fatal => felt.start.clone(),
        [Bites::Everyone, Bites::Everyone] => felt.sound.clone(),
        [Bites::One(a), Bites::One(b)] if a == b => felt.clients.get(&a).cloned(),
        _ => None,
    };
    let alone = both.map(|one| known.get(one.name).and_then(message));
    let now = message(felt)?;
    match alone.map(|said| said.as_deref() == Some(now.as_str())) {
        [true, false] => Some(0),
        [false, true] => Some(1),
        _ => None,
    }
}
