//! The ways into TLS that a service can have.

use std::fmt;
use std::str::FromStr;

/// How a client of this service comes to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TLS from the first byte, whatever is inside.
    Tls,
    /// HTTP over TLS (RFC 9110 §4.2.2).
    Https,
    /// PostgreSQL: `SSLRequest`, then TLS (PostgreSQL 15, §55.2.10).
    Postgres,
    /// SQL Server: TLS inside of TDS 7.x, or around it (MS-TDS §2.2.6.5).
    Tds,
    /// Redis: TLS from the first byte, RESP inside.
    Redis,
    /// AMQP over TLS (port 5671).
    Amqp,
    /// MySQL: a handshake packet in clear, then TLS (`CLIENT_SSL`).
    Mysql,
}

impl Protocol {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Tls,
        Self::Https,
        Self::Postgres,
        Self::Tds,
        Self::Redis,
        Self::Amqp,
        Self::Mysql,
    ];

    /// Its word in `sealock.toml` and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::Https => "https",
            Self::Postgres => "postgres",
            Self::Tds => "tds",
            Self::Redis => "redis",
            Self::Amqp => "amqp",
            Self::Mysql => "mysql",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.as_str() == text);
        found.ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.iter().map(|one| one.as_str()).collect();
            format!(
                "`{}` is none of {}",
                sealock_diag::escape(text),
                all.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Protocol;

    #[test]
    fn every_word_reads_back() {
        for one in Protocol::ALL {
            assert_eq!(one.to_string().parse(), Ok(one));
        }
        let why = "HTTP".parse::<Protocol>().unwrap_err();
        assert!(why.starts_with("`HTTP` is none of tls, https, "), "{why}");
    }
}
