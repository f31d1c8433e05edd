//! What only the daemon, or the host, knows.

use std::fmt::Write;

/// Something a judgement depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// Which container this is, and what it may.
    Container(String),
    /// Which container a prepared command is of.
    Exec(String),
    /// Which network this is, and whose.
    Network(String),
    /// Whose volume this is.
    Volume(String),
    /// Which image this is, and whose.
    Image(String),
    /// Whose service this is.
    Service(String),
    /// Whether a place of the host is reached through a symbolic link. The daemon does not tell; the
    /// gateway looks by itself and answers with [`Facts::learn_place`](super::Facts::learn_place).
    Place(String),
}

impl Question {
    /// The target of the `GET` that answers it; `None` for a place of the host.
    pub fn target(&self) -> Option<String> {
        Some(match self {
            Self::Container(name) => format!("/containers/{}/json", encoded(name)),
            Self::Exec(id) => format!("/exec/{}/json", encoded(id)),
            Self::Network(name) => format!("/networks/{}", encoded(name)),
            Self::Volume(name) => format!("/volumes/{}", encoded(name)),
            Self::Image(name) => format!("/images/{}/json", encoded(name)),
            Self::Service(name) => format!("/services/{}", encoded(name)),
            Self::Place(_) => return None,
        })
    }

    /// The place of the host that is asked for.
    pub fn place(&self) -> Option<&str> {
        match self {
            Self::Place(path) => Some(path),
            _ => None,
        }
    }

    /// What is asked for, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Container(_) => "container",
            Self::Exec(_) => "exec instance",
            Self::Network(_) => "network",
            Self::Volume(_) => "volume",
            Self::Image(_) => "image",
            Self::Service(_) => "service",
            Self::Place(_) => "place",
        }
    }
}

/// Whether a name out of a body can stand in the path of a question and mean there what it means in the
/// body: no empty segment and none of dots.
pub(crate) fn is_askable(name: &str) -> bool {
    const LONGEST: usize = 1024;
    !name.is_empty()
        && name.len() <= LONGEST
        && !name.chars().any(char::is_control)
        && name
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Every byte but letters, digits and `-._~/:@` as a percent sign and two digits.
fn encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Question, is_askable};

    #[test]
    fn a_name_never_leaves_its_place_in_the_path() {
        for (name, target) in [
            ("web", "/containers/web/json"),
            ("a b?c#d%", "/containers/a%20b%3Fc%23d%25/json"),
            ("a/b", "/containers/a/b/json"),
        ] {
            let question = Question::Container(name.to_owned());
            assert_eq!(question.target().as_deref(), Some(target));
        }
        for bad in ["", "/a", "a/", "a//b", "..", "a/../b", "a\nb", "."] {
            assert!(!is_askable(bad), "{bad}");
        }
        assert!(is_askable("a/b.c"));
    }
}
