//! Lines of `pg_hba.conf` by which somebody comes in over TCP without TLS, or without a certificate (PostgreSQL 15, §21.1).
//!
//! The first line that fits a connection decides, so a line behind one that fits everything says nothing any more. Lines
//! that are not understood are passed over here: what changes the file refuses them.

use super::hba::{self, Field, Include, METHODS, fields};

/// A line that says something about TCP, or reads in another file.
#[derive(Debug)]
pub(super) enum Said {
    Rule(Rule),
    Include(Include),
}

/// A line about connections over TCP.
#[derive(Debug)]
pub(super) struct Rule {
    /// From 1 on.
    pub(super) line: usize,
    /// Connections that it fits.
    ways: Ways,
    /// Whether databases are opened, and whether standbys may read the whole.
    kinds: [Reach; 2],
    /// IPv4 and IPv6.
    families: [Reach; 2],
    every_user: bool,
    rejects: bool,
    /// Whether it demands a certificate.
    certificate: bool,
    /// Whether nobody comes that way but this host.
    here: bool,
    /// The line up to its method: options can hold passwords.
    shown: String,
}

/// How much of something a line fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Nothing,
    Some,
    All,
}

/// The three ways over TCP: in the clear, by TLS, by GSSAPI encryption.
type Ways = [bool; 3];
const CLEAR: usize = 0;
const TLS: usize = 1;
const GSS: usize = 2;

/// A way in that should not be there.
#[derive(Debug, PartialEq, Eq)]
pub struct Opening {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong with it, in a sentence.
    pub cause: String,
}

/// The openings of one file by itself; what it includes is passed over.
pub fn openings(text: &[u8], demands: hba::Demands) -> Vec<Opening> {
    let mut decided = Decided::default();
    let said = read(text).into_iter();
    said.filter_map(|said| match said {
        Said::Rule(rule) => decided.judge(&rule, demands),
        Said::Include(_) => None,
    })
    .collect()
}

/// Every line that is understood.
pub(super) fn read(text: &[u8]) -> Vec<Said> {
    let lines = text.split_inclusive(|byte| *byte == b'\n').enumerate();
    lines
        .filter_map(|(at, line)| {
            let fields = fields(line).ok()?;
            let (first, rest) = fields.split_first()?;
            match first.only()? {
                kind @ (b"include" | b"include_if_exists" | b"include_dir") => {
                    hba::included(kind, rest).map(Said::Include)
                }
                kind => rule(at + 1, kind, rest).map(Said::Rule),
            }
        })
        .collect()
}

/// What earlier lines have decided already: by kind of database, family of addresses and way.
#[derive(Debug, Default)]
pub(super) struct Decided([[Ways; 2]; 2]);

impl Decided {
    /// What a line opens that is to be closed; it decides for the lines behind it.
    pub(super) fn judge(&mut self, rule: &Rule, demands: hba::Demands) -> Option<Opening> {
        let mut reached: Ways = [false; 3];
        let standbys_stay = demands.standbys == Some(hba::Standbys::Left) && !rule.here;
        // Whether only connections of standbys come to it that their owner takes care of.
        let mut left = standbys_stay;
        for (kind, decided) in self.0.iter_mut().enumerate() {
            for (family, decided) in decided.iter_mut().enumerate() {
                let reach = (rule.kinds[kind], rule.families[family]);
                if reach.0 == Reach::Nothing || reach.1 == Reach::Nothing {
                    continue;
                }
                let full = reach == (Reach::All, Reach::All) && rule.every_user;
                for (way, decided) in decided.iter_mut().enumerate() {
                    if rule.ways[way] && !*decided {
                        reached[way] = true;
                        left &= kind == STANDBYS;
                        *decided = full;
                    }
                }
            }
        }
        if rule.rejects {
            return None;
        }
        let certificates = demands.certificates && !left;
        let unproved = certificates && (reached[GSS] || reached[TLS] && !rule.certificate);
        let what = match (reached[CLEAR], unproved) {
            (false, false) => return None,
            (true, false) => "without TLS",
            (true, true) => "without TLS and without a certificate",
            (false, true) => "without a certificate",
        };
        let whom = match rule.here {
            true => "whoever comes from this host itself",
            false => "users",
        };
        Some(Opening {
            line: rule.line,
            cause: format!("`{}` lets {whom} in {what}", rule.shown),
        })
    }
}

/// Where connections of standbys stand in [`Rule::kinds`].
const STANDBYS: usize = 1;

fn rule(line: usize, kind: &[u8], rest: &[Field]) -> Option<Rule> {
    let ways = match kind {
        b"host" => [true, true, true],
        b"hostssl" => [false, true, false],
        b"hostnossl" => [true, false, true],
        b"hostgssenc" => [false, false, true],
        b"hostnogssenc" => [true, true, false],
        _ => return None,
    };
    let [database, user, address, after @ ..] = rest else {
        return None;
    };
    let text = |field: &Field| Some(String::from_utf8_lossy(field.only()?).into_owned());
    let address = text(address)?;
    let (mask, after) = match (address.parse::<std::net::IpAddr>(), after) {
        (Ok(_), [mask, after @ ..]) => (Some(text(mask)?), after),
        _ => (None, after),
    };
    let (method, options) = after.split_first()?;
    let method = method.only()?;
    if !METHODS.iter().any(|known| known.as_bytes() == method) {
        return None;
    }
    let is = |word: &hba::Word, name: &[u8]| !word.quoted && word.text == name;
    let standby = database.words.iter().any(|word| is(word, b"replication"));
    let databases = match database.words.iter().any(|word| is(word, b"all")) {
        true => Reach::All,
        false if database.words.iter().all(|word| is(word, b"replication")) => Reach::Nothing,
        false => Reach::Some,
    };
    let demands = |word: &hba::Word| {
        let full = [
            &b"clientcert=verify-full"[..],
            b"clientcert=verify-ca",
            b"clientcert=1",
        ];
        full.contains(&&*word.text)
    };
    let mut options = options.iter().flat_map(|field| &field.words);
    let shown = [kind, method].map(hba::shown);
    let words = |field: &Field| {
        let words: Vec<String> = field
            .words
            .iter()
            .map(|word| hba::shown(&word.text))
            .collect();
        words.join(",")
    };
    let place = match &mask {
        Some(mask) => format!("{address} {mask}"),
        None => address.clone(),
    };
    Some(Rule {
        line,
        ways,
        kinds: [
            databases,
            match standby {
                true => Reach::All,
                false => Reach::Nothing,
            },
        ],
        families: families(&address, mask.as_deref()),
        every_user: user.words.iter().any(|word| is(word, b"all")),
        rejects: method == b"reject",
        certificate: method == b"cert" || options.any(demands),
        here: hba::is_here(&address, mask.as_deref()),
        shown: format!(
            "{} {} {} {} {}",
            shown[0],
            words(database),
            words(user),
            hba::shown(place.as_bytes()),
            shown[1]
        ),
    })
}

fn families(address: &str, mask: Option<&str>) -> [Reach; 2] {
    if address == "all" {
        return [Reach::All; 2];
    }
    let reach = |prefix| match prefix {
        0 => Reach::All,
        _ => Reach::Some,
    };
    match hba::network(address, mask) {
        Some((std::net::IpAddr::V4(_), prefix)) => [reach(prefix), Reach::Nothing],
        Some((std::net::IpAddr::V6(_), prefix)) => [Reach::Nothing, reach(prefix)],
        // A name, or the networks of this host.
        None => [Reach::Some; 2],
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::postgres::hba::{Demands, Standbys};

    const CERTIFICATES: Demands = Demands {
        certificates: true,
        standbys: None,
    };
    const TLS: Demands = Demands {
        certificates: false,
        standbys: None,
    };

    fn openings(text: &str, demands: Demands) -> Vec<(usize, String)> {
        let found = super::openings(text.as_bytes(), demands).into_iter();
        found.map(|opening| (opening.line, opening.cause)).collect()
    }

    #[test]
    fn each_line_by_itself() {
        const BOTH: &str = "without TLS and without a certificate";
        for (line, cert, tls) in [
            ("local all all trust", "", ""),
            ("# host all all all trust", "", ""),
            ("host all all 10.0.0.0/8 md5", BOTH, "without TLS"),
            ("host all all 10.0.0.0 255.0.0.0 trust", BOTH, "without TLS"),
            ("hostnogssenc all all all trust", BOTH, "without TLS"),
            ("hostnossl all all all trust", BOTH, "without TLS"),
            ("hostnossl all all all reject", "", ""),
            (
                "hostssl all all all scram-sha-256",
                "without a certificate",
                "",
            ),
            ("hostssl all all all md5 clientcert=verify-full", "", ""),
            ("hostssl all all all md5 clientcert=verify-ca", "", ""),
            (
                "hostssl all all all md5 clientcert=no-verify",
                "without a certificate",
                "",
            ),
            ("hostssl all all all cert map=x", "", ""),
            ("hostgssenc all all all gss", "without a certificate", ""),
            ("hostssl all all all nonsense", "", ""),
            ("host all all", "", ""),
            ("nonsense all all all trust", "", ""),
        ] {
            for (demands, expected) in [(CERTIFICATES, cert), (TLS, tls)] {
                let found = openings(line, demands);
                match expected {
                    "" => assert_eq!(found, [], "{line}"),
                    words => {
                        assert_eq!(found.len(), 1, "{line}");
                        assert!(
                            found[0].1.ends_with(&format!("lets users in {words}")),
                            "{found:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_first_line_that_fits_decides() {
        for (text, lines) in [
            (
                "hostnossl all all all reject\nhost all all all cert\n",
                &[][..],
            ),
            // What is left for the second line is TLS.
            ("hostnossl all all all reject\nhost all all all md5\n", &[2]),
            (
                "hostnossl all all 0.0.0.0/0 reject\nhost all all 10.0.0.0/8 cert\n",
                &[],
            ),
            (
                "hostnossl all all 0.0.0.0/0 reject\nhost all all ::1/128 cert\n",
                &[2],
            ),
            (
                "hostnossl all all 0.0.0.0/0 reject\nhost all all db.example.org cert\n",
                &[2],
            ),
            (
                "hostnossl all bob all reject\nhost all all all cert\n",
                &[2],
            ),
            (
                "hostnossl app all all reject\nhost all all all cert\n",
                &[2],
            ),
            // `all` does not mean standbys.
            (
                "hostnossl all all all reject\nhost replication all all cert\n",
                &[2],
            ),
            (
                "hostnossl all,replication all all reject\nhost replication all all cert\n",
                &[],
            ),
            (
                "hostnossl \"all\" all all reject\nhost all all all cert\n",
                &[2],
            ),
            (
                "hostssl all all all cert\nhost all all all reject\nhost all all all trust\n",
                &[],
            ),
            ("host all all all cert\nhost all all all trust\n", &[1]),
        ] {
            let found = openings(text, CERTIFICATES);
            let found: Vec<usize> = found.into_iter().map(|(line, _)| line).collect();
            assert_eq!(found, lines, "{text}");
        }
    }

    #[test]
    fn this_host_is_said_and_secrets_are_not() {
        let found = openings(
            "host all all 127.0.0.1/32 ldap ldapbindpasswd=geheim\n",
            CERTIFICATES,
        );
        assert_eq!(
            found[0].1,
            "`host all all 127.0.0.1/32 ldap` lets whoever comes from this host itself in without TLS and without a certificate"
        );
    }

    #[test]
    fn standbys_that_their_owner_keeps_need_tls() {
        let left = Demands {
            certificates: true,
            standbys: Some(Standbys::Left),
        };
        assert_eq!(
            openings("hostssl replication all 10.0.0.0/8 md5\n", left),
            []
        );
        let found = openings("host replication all 10.0.0.0/8 md5\n", left);
        assert!(
            found[0].1.ends_with("lets users in without TLS"),
            "{found:?}"
        );
        // Together with a database it is a line like all others.
        assert_eq!(
            openings("hostssl all,replication all 10.0.0.0/8 md5\n", left).len(),
            1
        );
    }
}
