//! References of images, read and completed as the daemon does it.

use super::pattern::Pattern;

/// The registry that is meant when a reference names none.
const CUSTOMARY_REGISTRY: &str = "docker.io";

/// A reference with nothing left out: `alpine` is `docker.io/library/alpine:latest`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Registry and path.
    pub(crate) name: String,
    /// The tag; `latest` when neither a tag nor a digest was given.
    pub(crate) tag: Option<String>,
    /// The digest, as `sha256:…`.
    pub(crate) digest: Option<String>,
}

impl Reference {
    /// Reads a reference; `None` when the daemon would not take it either.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        if let Some(digest) = digest {
            let (kind, hex) = digest.split_once(':')?;
            let kind_ok = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let hex_ok = hex.len() >= 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !kind_ok || !hex_ok {
                return None;
            }
        }
        let (bare, tag) = split_tag(rest);
        if let Some(tag) = tag
            && !is_tag(tag)
        {
            return None;
        }
        let name = complete(bare)?;
        let tag = match (tag, digest) {
            (Some(tag), _) => Some(tag.to_owned()),
            (None, Some(_)) => None,
            (None, None) => Some("latest".to_owned()),
        };
        Some(Self {
            name,
            tag,
            digest: digest.map(str::to_owned),
        })
    }

    /// The same name with this tag, or with this digest.
    pub(crate) fn with(self, tag: &str) -> Option<Self> {
        if tag.contains(':') {
            return Self::read(&format!("{}@{tag}", self.name));
        }
        is_tag(tag).then(|| Self {
            tag: Some(tag.to_owned()),
            digest: None,
            ..self
        })
    }

    /// The registry it is in.
    pub(crate) fn registry(&self) -> &str {
        self.name
            .split_once('/')
            .map_or("", |(registry, _)| registry)
    }

    /// The reference in one text.
    pub(crate) fn text(&self) -> String {
        let mut text = self.name.clone();
        if let Some(tag) = &self.tag {
            text.push(':');
            text.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            text.push('@');
            text.push_str(digest);
        }
        text
    }
}

/// Whether the daemon may take this for the beginning of an image's ID instead of for a name.
pub(crate) fn may_be_id(text: &str) -> bool {
    text.starts_with("sha256:")
        || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The colon of a tag stands behind the last slash; another one belongs to the registry's port.
fn split_tag(text: &str) -> (&str, Option<&str>) {
    let last = text.rfind('/').map_or(0, |slash| slash + 1);
    match text[last..].find(':') {
        Some(colon) => (&text[..last + colon], Some(&text[last + colon + 1..])),
        None => (text, None),
    }
}

fn is_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.len())
        && !tag.starts_with(['.', '-'])
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Adds the registry and `library/` where they were left out.
fn complete(bare: &str) -> Option<String> {
    let (registry, path) = split_registry(bare);
    let path = match (registry, path.contains('/')) {
        (CUSTOMARY_REGISTRY, false) => format!("library/{path}"),
        _ => path.to_owned(),
    };
    let path_ok = path.split('/').all(|part| {
        !part.is_empty()
            && part.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte)
            })
    });
    let registry_ok = !registry.is_empty()
        && registry
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    (path_ok && registry_ok).then(|| format!("{registry}/{path}"))
}

/// The registry and the path behind it.
pub(crate) fn split_registry(bare: &str) -> (&str, &str) {
    match bare.split_once('/') {
        Some(("index.docker.io", path)) => (CUSTOMARY_REGISTRY, path),
        Some((first, path)) if is_registry(first) => (first, path),
        _ => (CUSTOMARY_REGISTRY, bare),
    }
}

/// What the daemon takes for a registry and not for the first part of a path.
fn is_registry(first: &str) -> bool {
    first == "localhost"
        || first.contains(['.', ':'])
        || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// A pattern for references: without a tag it means every tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImagePattern {
    name: Pattern,
    tag: Option<Pattern>,
}

impl ImagePattern {
    /// Reads a pattern, completing it like a reference.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"*._-/:[]".contains(&byte);
        if text.is_empty() || !text.bytes().all(plain) {
            return None;
        }
        let (bare, tag) = split_tag(text);
        if tag == Some("") {
            return None;
        }
        let name = match bare {
            "*" => Pattern::new("*"),
            bare => {
                let (registry, path) = split_registry(bare);
                match (registry, path.contains('/')) {
                    (CUSTOMARY_REGISTRY, false) => {
                        // `*/x` names a registry by a star; a path alone is of the customary one.
                        Pattern::new(&format!("{CUSTOMARY_REGISTRY}/library/{path}"))
                    }
                    _ => Pattern::new(&format!("{registry}/{path}")),
                }
            }
        };
        Some(Self {
            name,
            tag: tag.map(Pattern::new),
        })
    }

    /// Whether it means any image of this registry.
    pub(crate) fn may_be_of(&self, registry: &str) -> bool {
        let text = self.name.text();
        let own = text.split_once('/').map_or(text, |(own, _)| own);
        Pattern::new(own).fits(registry)
    }

    /// Whether it means every image.
    pub(crate) fn is_any(&self) -> bool {
        self.name.is_any() && self.tag.as_ref().is_none_or(Pattern::is_any)
    }

    /// Whether the reference fits. A pattern with a tag fits no reference by digest alone: what that
    /// is called is not known.
    pub(crate) fn fits(&self, reference: &Reference) -> bool {
        let tag = match (&self.tag, &reference.tag) {
            (None, _) => true,
            // A digest beside the tag decides which image it is, whatever the tag says.
            (Some(_), _) if reference.digest.is_some() => false,
            (Some(pattern), Some(tag)) => pattern.fits(tag),
            (Some(pattern), None) => pattern.is_any(),
        };
        tag && self.name.fits(&reference.name)
    }
}

#[cfg(test)]
mod tests {
    use super::{ImagePattern, Reference, may_be_id};

    #[test]
    fn references_are_completed_as_the_daemon_does_it() {
        let hex = "a".repeat(64);
        for (text, expected) in [
            ("alpine", Some("docker.io/library/alpine:latest".to_owned())),
            ("blue/app:1", Some("docker.io/blue/app:1".to_owned())),
            ("localhost/app", Some("localhost/app:latest".to_owned())),
            ("host:5000/app", Some("host:5000/app:latest".to_owned())),
            (
                "index.docker.io/x",
                Some("docker.io/library/x:latest".to_owned()),
            ),
            ("a.b/c/d:e", Some("a.b/c/d:e".to_owned())),
            (
                &format!("a@sha256:{hex}"),
                Some(format!("docker.io/library/a@sha256:{hex}")),
            ),
            ("Alpine", None),
            ("a b", None),
            ("a:", None),
            ("a//b", None),
            ("", None),
            ("a@sha256:1", None),
        ] {
            let found = Reference::read(text).map(|reference| reference.text());
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn patterns_mean_names_and_maybe_tags() {
        for (pattern, text, expected) in [
            ("*", "alpine", true),
            ("alpine", "alpine:3", true),
            ("alpine:3", "alpine:3", true),
            ("alpine:3", "alpine", false),
            ("alpine:3.*", "alpine:3.19", true),
            ("alpine", "evil.example/library/alpine", false),
            ("r.example/blue/*", "r.example/blue/a/b", true),
            ("r.example/blue/*", "r.example/bluer/a", false),
            ("r.example:5000/*", "r.example:5000/a", true),
            ("r.example:5000/*", "r.example/a", false),
            ("library/*", "alpine", true),
        ] {
            let reference = Reference::read(text).unwrap();
            assert_eq!(
                ImagePattern::read(pattern).unwrap().fits(&reference),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn a_digest_beside_a_tag_is_not_believed() {
        let text = format!("alpine:3@sha256:{}", "0".repeat(64));
        let reference = Reference::read(&text).unwrap();
        assert!(!ImagePattern::read("alpine:3").unwrap().fits(&reference));
        assert!(ImagePattern::read("alpine").unwrap().fits(&reference));
    }

    #[test]
    fn hex_may_be_an_id() {
        assert!(may_be_id("deadbeef"));
        assert!(may_be_id("sha256:00"));
        assert!(!may_be_id("alpine"));
        assert!(!may_be_id("dead/beef"));
        assert!(!may_be_id("dead:beef"));
    }
}
