//! The header that says who asks.

use sealock_diag::escape;
use sealock_policy::{Caller, Name};

use crate::GatewayError;
use crate::admission::{Address, Peer};
use crate::http::field::{Field, Kind};

/// Kinds of names that a header can be told to carry.
const KINDS: [&str; 9] = [
    "uri", "dns", "email", "cn", "ou", "spki", "serial", "uid", "gid",
];

/// What a service is told about a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The header's name.
    header: String,
    /// The name, without its kind.
    value: String,
    /// The address, without its port.
    address: Option<String>,
    secured: bool,
}

/// Checks a setting: `X-WEBAUTH-USER`, or `X-WEBAUTH-EMAIL=email` for names of one kind.
///
/// # Errors
/// SL-G055: it is no name of a header that a service may be told something in.
pub(crate) fn check(setting: &str) -> Result<(), GatewayError> {
    let (header, kind) = split(setting);
    let bad = |cause: &str| {
        Err(
            GatewayError::new("SL-G055", "the header for the caller's name cannot be used")
                .at(escape(setting))
                .because(cause),
        )
    };
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if header.is_empty() || !header.bytes().all(letter) {
        return bad("a header's name has letters, digits and hyphens here");
    }
    let known = ["authorization", "cookie"].map(|known| header.eq_ignore_ascii_case(known));
    match Kind::of(header.as_bytes()) {
        Kind::Other if !known.contains(&true) => {}
        _ => return bad("this header has a meaning of its own"),
    }
    match kind {
        Some(kind) if !KINDS.contains(&kind) => {
            bad(&format!("behind = stands one of {}", KINDS.join(", ")))
        }
        _ => Ok(()),
    }
}

fn split(setting: &str) -> (&str, Option<&str>) {
    match setting.split_once('=') {
        Some((header, kind)) => (header, Some(kind)),
        None => (setting, None),
    }
}

impl Identity {
    /// What this peer is called in the header that `setting` names; why it cannot be called anything.
    pub(super) fn of(setting: &str, peer: &Peer) -> Result<Self, &'static str> {
        let (header, kind) = split(setting);
        let value = value(peer.caller(), kind).ok_or(
            "your certificate has no name of the kind that the service behind this listener asks for",
        )?;
        // A name that a service would read as another one is worse than none.
        if value.is_empty()
            || !value
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            return Err("the name in your certificate cannot stand in a header");
        }
        if value.starts_with(' ') || value.ends_with(' ') {
            return Err("the name in your certificate cannot stand in a header");
        }
        Ok(Self {
            header: header.to_owned(),
            value,
            address: match peer.address {
                Address::Tcp(address) => Some(address.ip().to_canonical().to_string()),
                Address::Unix { .. } => None,
            },
            secured: peer.secured.is_some(),
        })
    }

    /// The fields that are set; whatever the client sent under these names is gone.
    pub(super) fn fields(&self) -> Vec<(&str, &str)> {
        let scheme = if self.secured { "https" } else { "http" };
        let mut fields = vec![
            (self.header.as_str(), self.value.as_str()),
            ("X-Forwarded-Proto", scheme),
        ];
        if let Some(address) = &self.address {
            fields.push(("X-Forwarded-For", address));
        }
        fields
    }

    /// Takes away what a service could take for one of our fields: to many `X_User`, or `X.User`, is `X-User`, because
    /// CGI writes whatever is no letter and no digit as `_`, and none knows upper from lower case. Trailers go with it.
    pub(super) fn remove_copies(&self, fields: &mut [Field], bytes: &[u8]) {
        for field in fields {
            let name = field.name.of_head(bytes);
            let plain: Vec<u8> = name
                .iter()
                .map(|byte| {
                    if byte.is_ascii_alphanumeric() {
                        byte.to_ascii_lowercase()
                    } else {
                        b'_'
                    }
                })
                .collect();
            let ours = self.header.to_ascii_lowercase().replace('-', "_");
            let forged = ["x_forwarded_", "x_sealock_"]
                .iter()
                .any(|start| plain.starts_with(start.as_bytes()))
                || plain == b"x_real_ip";
            if plain == ours.as_bytes() || forged || field.kind == Kind::Trailer {
                field.kind = Kind::Hop;
            }
        }
    }
}

/// The first name of this kind, or the first of all.
fn value(caller: &Caller, kind: Option<&str>) -> Option<String> {
    let mut names = caller.names().iter();
    let name = match kind {
        Some(kind) => names.find(|name| name.kind() == kind)?,
        None => names.next()?,
    };
    Some(match name {
        Name::Uri(text)
        | Name::Dns(text)
        | Name::Email(text)
        | Name::Cn(text)
        | Name::Ou(text)
        | Name::Spki(text)
        | Name::Serial(text) => text.clone(),
        Name::Uid(id) | Name::Gid(id) => id.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Identity, check};
    use crate::admission::{Address, Known, Peer};
    use crate::http::field::Kind;
    use crate::http::request::RequestHead;
    use sealock_diag::Diagnose;
    use sealock_policy::{Caller, Name};
    use std::sync::Arc;

    fn peer(names: Vec<Name>) -> Peer {
        Peer {
            known: Arc::new(Known {
                caller: Arc::new(Caller::new(names)),
                leaf: None,
                chain: None,
            }),
            address: Address::Tcp("[::ffff:192.0.2.1]:1".parse().unwrap()),
            secured: None,
            epoch: 1,
        }
    }

    #[test]
    fn settings_that_cannot_be() {
        for good in ["X-WEBAUTH-USER", "X-WEBAUTH-EMAIL=email", "Remote-User"] {
            check(good).unwrap();
        }
        for bad in [
            "",
            "X_User",
            "X User",
            "X-User:",
            "Host",
            "content-length",
            "Authorization",
            "X-Forwarded-User",
            "Connection",
            "X-User=name",
            "=email",
        ] {
            assert_eq!(check(bad).unwrap_err().code().0, "SL-G055", "{bad}");
        }
    }

    #[test]
    fn who_stands_in_the_header() {
        let alice = || {
            vec![
                Name::Cn("Alice A".to_owned()),
                Name::Email("alice@example.com".to_owned()),
            ]
        };
        let value = |setting, names| Identity::of(setting, &peer(names)).map(|found| found.value);
        assert_eq!(value("X-U", alice()).unwrap(), "Alice A");
        assert_eq!(value("X-U=email", alice()).unwrap(), "alice@example.com");
        assert!(value("X-U=uri", alice()).is_err());
        for evil in ["a\r\nX-U: admin", "admin ", "", "mü", "a\0"] {
            assert!(
                value("X-U", vec![Name::Cn(evil.to_owned())]).is_err(),
                "{evil:?}"
            );
        }
        let identity = Identity::of("X-U", &peer(alice())).unwrap();
        assert_eq!(
            identity.fields(),
            [
                ("X-U", "Alice A"),
                ("X-Forwarded-Proto", "http"),
                ("X-Forwarded-For", "192.0.2.1")
            ]
        );
    }

    #[test]
    fn copies_from_outside_are_gone() {
        let bytes = b"GET / HTTP/1.1\r\nHost: a\r\nX-Web-User: admin\r\nx_web-user: admin\r\nX-WEB_USER: admin\r\nX.Web.User: admin\r\nx-web~user: admin\r\nX_Real_IP: 1\r\n\
            X_Forwarded_For: 1\r\nX_Sealock_Caller: 1\r\nTrailer: X-Web-User\r\nX-Web-Users: kept\r\nCookie: kept\r\n\r\n";
        let mut head = RequestHead::read(bytes).unwrap();
        let identity = Identity::of("X-Web-User", &peer(vec![Name::Cn("a".to_owned())])).unwrap();
        identity.remove_copies(&mut head.fields, bytes);
        let kept: Vec<&[u8]> = head
            .fields
            .iter()
            .filter(|field| field.kind == Kind::Other)
            .map(|field| field.value.of_head(bytes))
            .collect();
        assert_eq!(kept, [b"kept", b"kept"]);
        assert!(head.fields.iter().all(|field| field.kind != Kind::Trailer));
    }
}
