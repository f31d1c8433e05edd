//! How many handshakes one address may begin that come to nothing.
//!
//! A handshake is paid for when it begins and paid back when its caller turns out to be a verified one. So an
//! address whose handshakes all end well is never short, however many there are, and what drains it is what comes
//! to nothing. When an address is short its newcomers wait in line, and they are turned away when the line is long.
//! That way a client which tries again and again with a wrong certificate is slowed down, and the others behind
//! the same NAT lose a moment, not their turn.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// How many addresses are remembered; the one that was not seen for the longest time is forgotten.
const TRACKED: usize = 16_384;
/// How long a newcomer of an address that is short may wait: Go's clients give a whole handshake ten seconds.
const LINE: Duration = Duration::from_secs(3);
/// How often it is told that an address is turned away: an audit must not be filled by whoever is refused.
const TELL: Duration = Duration::from_secs(1);

/// Who pays: an IPv4 address, or the /64 that one IPv6 subscriber has to himself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source(IpAddr);

impl Source {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
            address => address,
        })
    }
}

/// Turned away: so many were since that was told last, or it is not to be told now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TurnedAway {
    pub(super) told: Option<u64>,
}

/// What every address has left.
#[derive(Debug)]
pub(super) struct Addresses {
    /// What one handshake costs, in the time after which it is forgiven.
    price: Duration,
    /// What an address may owe before its newcomers wait.
    credit: Duration,
    /// How many may wait, of all addresses.
    places: usize,
    waiting: usize,
    tracked: usize,
    of: HashMap<Source, Account>,
    /// By when they were seen, the oldest first.
    seen: BTreeMap<u64, Source>,
    count: u64,
}

#[derive(Debug)]
struct Account {
    /// When everything is forgiven.
    even: Instant,
    /// Whether a caller from here was ever verified.
    good: bool,
    seen: u64,
    unsaid: u64,
    said: Option<Instant>,
}

impl Addresses {
    /// `rate` handshakes a second may come to nothing, and `burst` at once.
    pub(super) fn new(rate: usize, burst: usize) -> Self {
        let rate = u32::try_from(rate).unwrap_or(u32::MAX).max(1);
        let burst = u32::try_from(burst).unwrap_or(u32::MAX).max(1);
        let price = Duration::from_secs(1) / rate;
        Self {
            price,
            credit: price * burst,
            places: burst as usize,
            waiting: 0,
            tracked: TRACKED,
            of: HashMap::new(),
            seen: BTreeMap::new(),
            count: 0,
        }
    }

    /// A handshake from `source` is to begin: how long it has to wait. Who waits is one of those in line until
    /// [`waited`](Self::waited).
    pub(super) fn take(&mut self, source: Source, now: Instant) -> Result<Duration, TurnedAway> {
        let (price, credit, waiting, places) = (self.price, self.credit, self.waiting, self.places);
        let account = self.account(source, now);
        let even = account.even.max(now) + price;
        let wait = even.duration_since(now).saturating_sub(credit);
        // Strangers from many addresses leave room in the line for addresses that somebody is known at.
        let places = match account.good {
            true => places,
            false => places / 2,
        };
        if !wait.is_zero() && (wait > LINE || waiting >= places) {
            return Err(account.turn_away(now));
        }
        account.even = even;
        if !wait.is_zero() {
            self.waiting += 1;
        }
        Ok(wait)
    }

    /// One who had to wait has waited, or has gone.
    pub(super) fn waited(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }

    /// The handshake has cost us nothing.
    pub(super) fn give_back(&mut self, source: Source) {
        let price = self.price;
        if let Some(account) = self.of.get_mut(&source) {
            account.even = account.even.checked_sub(price).unwrap_or(account.even);
        }
    }

    /// The handshake has ended with a verified caller.
    pub(super) fn verified(&mut self, source: Source) {
        self.give_back(source);
        if let Some(account) = self.of.get_mut(&source) {
            account.good = true;
        }
    }

    fn account(&mut self, source: Source, now: Instant) -> &mut Account {
        self.count += 1;
        let seen = self.count;
        if let Some(account) = self.of.get(&source) {
            self.seen.remove(&account.seen);
        } else if self.of.len() >= self.tracked
            && let Some((_, oldest)) = self.seen.pop_first()
        {
            self.of.remove(&oldest);
        }
        self.seen.insert(seen, source);
        let account = self.of.entry(source).or_insert(Account {
            even: now,
            good: false,
            seen,
            unsaid: 0,
            said: None,
        });
        account.seen = seen;
        account
    }
}

impl Account {
    fn turn_away(&mut self, now: Instant) -> TurnedAway {
        self.unsaid += 1;
        if self
            .said
            .is_some_and(|said| now.saturating_duration_since(said) < TELL)
        {
            return TurnedAway { told: None };
        }
        self.said = Some(now);
        TurnedAway {
            told: Some(std::mem::take(&mut self.unsaid)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Addresses, LINE, Source, TELL, TurnedAway};
    use std::net::IpAddr;
    use std::time::{Duration, Instant};

    fn source(text: &str) -> Source {
        Source::of(text.parse::<IpAddr>().unwrap())
    }

    const NONE: Duration = Duration::ZERO;

    #[test]
    fn an_address_is_an_ipv4_address_or_a_subscribers_ipv6_prefix() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "::192.0.2.1", false),
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
        ] {
            assert_eq!(source(one) == source(other), same, "{one} {other}");
        }
    }

    #[test]
    fn what_comes_to_nothing_is_shed_and_forgiven_with_time() {
        let mut addresses = Addresses::new(10, 20);
        let (flood, start) = (source("192.0.2.1"), Instant::now());
        for number in 0..20 {
            assert_eq!(addresses.take(flood, start), Ok(NONE), "{number}");
        }
        // Then a line of three seconds, in its order, but not more than half of all places for strangers.
        for number in 1..=10_u32 {
            let wait = Duration::from_millis(100) * number;
            assert_eq!(addresses.take(flood, start), Ok(wait));
        }
        assert_eq!(
            addresses.take(flood, start),
            Err(TurnedAway { told: Some(1) })
        );
        // Nobody else is harmed.
        assert_eq!(addresses.take(source("192.0.2.2"), start), Ok(NONE));
        // Being turned away costs nothing: after three seconds thirty are forgiven.
        for _ in 0..10 {
            addresses.waited();
        }
        let later = start + LINE;
        for number in 0..20 {
            assert_eq!(addresses.take(flood, later), Ok(NONE), "{number}");
        }
        assert_eq!(addresses.take(flood, later), Ok(Duration::from_millis(100)));
    }

    #[test]
    fn a_line_is_never_longer_than_its_time() {
        let mut addresses = Addresses::new(1, 100);
        let (flood, now) = (source("192.0.2.1"), Instant::now());
        for _ in 0..100 {
            assert_eq!(addresses.take(flood, now), Ok(NONE));
        }
        for seconds in 1..=3 {
            assert_eq!(addresses.take(flood, now), Ok(Duration::from_secs(seconds)));
        }
        assert!(addresses.take(flood, now).is_err());
    }

    #[test]
    fn verified_callers_pay_nothing_and_keep_their_place_in_the_line() {
        let mut addresses = Addresses::new(1, 4);
        let (runner, now) = (source("192.0.2.1"), Instant::now());
        for _ in 0..1000 {
            assert_eq!(addresses.take(runner, now), Ok(NONE));
            addresses.verified(runner);
        }
        // Others have taken the strangers' half of the line, which the runner's address is not bound to.
        for other in ["192.0.2.2", "192.0.2.3"] {
            for _ in 0..5 {
                addresses.take(source(other), now).unwrap();
            }
        }
        assert!(addresses.take(source("192.0.2.2"), now).is_err());
        for _ in 0..4 {
            assert_eq!(addresses.take(runner, now), Ok(NONE));
        }
        assert_eq!(addresses.take(runner, now), Ok(Duration::from_secs(1)));
        // What is paid back after it was forgiven is not paid twice.
        let later = now + Duration::from_secs(60);
        addresses.give_back(runner);
        for _ in 0..4 {
            assert_eq!(addresses.take(runner, later), Ok(NONE));
        }
        assert_eq!(addresses.take(runner, later), Ok(Duration::from_secs(1)));
    }

    #[test]
    fn who_is_turned_away_does_not_fill_the_audit() {
        let mut addresses = Addresses::new(1, 1);
        let (flood, start) = (source("192.0.2.1"), Instant::now());
        addresses.take(flood, start).unwrap();
        let mut told = Vec::new();
        for number in 0..30 {
            let at = start + TELL / 100 * number;
            told.push(addresses.take(flood, at).unwrap_err().told);
        }
        assert_eq!(told.remove(0), Some(1));
        assert_eq!(told, [None; 29]);
        let at = start + TELL - TELL / 100;
        assert_eq!(addresses.take(flood, at).unwrap_err().told, None);
        let mut other = Addresses::new(1, 1);
        other.take(flood, start).unwrap();
        assert_eq!(other.take(flood, start).unwrap_err().told, Some(1));
        for _ in 0..7 {
            assert_eq!(other.take(flood, start).unwrap_err().told, None);
        }
        other.take(flood, start + TELL).unwrap();
        let at = start + TELL;
        assert_eq!(other.take(flood, at).unwrap_err().told, Some(8));
    }

    #[test]
    fn memory_has_a_bound_and_the_oldest_is_forgotten() {
        let mut addresses = Addresses::new(1, 1);
        addresses.tracked = 3;
        let now = Instant::now();
        let name = |number: u8| source(&format!("192.0.2.{number}"));
        for number in 0..3 {
            addresses.take(name(number), now).unwrap();
        }
        // Seen again: the second is the oldest by now.
        assert!(addresses.take(name(0), now).is_err());
        addresses.take(name(3), now).unwrap();
        assert_eq!((addresses.of.len(), addresses.seen.len()), (3, 3));
        assert!(addresses.take(name(0), now).is_err());
        assert!(addresses.take(name(2), now).is_err());
        assert_eq!(addresses.take(name(1), now), Ok(NONE));
        assert_eq!((addresses.of.len(), addresses.seen.len()), (3, 3));
    }
}
