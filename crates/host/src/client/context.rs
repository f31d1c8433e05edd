//! A Docker context as the CLI keeps it on disk: its name, its paths and its `meta.json`.

use super::endpoint::Endpoint;
use super::error::{ClientError, NameFault};
use sealock_change::Digest;
use sealock_diag::escape;
use serde_json::{Map, Value};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The CLI's own word for "no context": the environment decides.
pub const DEFAULT_CONTEXT: &str = "default";

/// The key under `Metadata` that tells our contexts from others. The CLI keeps what it does not
/// know there, through `docker context update`, `export` and `import` alike.
const MARK_KEY: &str = "ManagedBy";
const MARK: &str = "sealock";

/// The endpoint of a context that is dockerd's; others (once `kubernetes`) are not ours.
const DOCKER: &str = "docker";

/// The name of a context: `^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$`, and not `default`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContextName(String);

impl ContextName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directory name under which the CLI keeps it: SHA-256 of the name as lower hex.
    pub fn directory(&self) -> String {
        Digest::of(self.0.as_bytes()).to_string()
    }
}

impl fmt::Display for ContextName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ContextName {
    type Err = ClientError;

    fn from_str(given: &str) -> Result<Self, ClientError> {
        let fault = |fault| ClientError::ContextName {
            name: escape(given),
            fault,
        };
        if given == DEFAULT_CONTEXT {
            return Err(fault(NameFault::Reserved));
        }
        let alphanumeric = |c: char| c.is_ascii_alphanumeric();
        let mut characters = given.chars();
        let good = characters.next().is_some_and(alphanumeric)
            && given.len() >= 2
            && characters.all(|c| alphanumeric(c) || "_.+-".contains(c));
        if good {
            Ok(Self(given.to_owned()))
        } else {
            Err(fault(NameFault::Pattern))
        }
    }
}

/// Where the CLI keeps one context below its configuration directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextPaths {
    /// `contexts/meta/<hash>`.
    pub meta_dir: PathBuf,
    /// `contexts/meta/<hash>/meta.json`.
    pub meta: PathBuf,
    /// `contexts/tls/<hash>`.
    pub tls_dir: PathBuf,
    /// `contexts/tls/<hash>/docker`, which holds the three files; usable as `DOCKER_CERT_PATH`.
    pub endpoint_dir: PathBuf,
}

impl ContextPaths {
    /// The paths of `name` below `docker_config_dir` (`~/.docker` or `$DOCKER_CONFIG`).
    pub fn new(docker_config_dir: &Path, name: &ContextName) -> Self {
        let contexts = docker_config_dir.join("contexts");
        let meta_dir = contexts.join("meta").join(name.directory());
        let tls_dir = contexts.join("tls").join(name.directory());
        Self {
            meta: meta_dir.join("meta.json"),
            endpoint_dir: tls_dir.join(DOCKER),
            meta_dir,
            tls_dir,
        }
    }
}

/// A `meta.json`, ours or the CLI's. What we do not know in it is kept as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextMeta {
    object: Map<String, Value>,
}

impl ContextMeta {
    /// The metadata of a new context of ours.
    pub fn new(name: &ContextName, endpoint: &Endpoint, description: Option<&str>) -> Self {
        let mut object = Map::new();
        object.insert("Name".to_owned(), name.as_str().into());
        object.insert("Metadata".to_owned(), Value::Object(Map::new()));
        object.insert("Endpoints".to_owned(), Value::Object(Map::new()));
        Self { object }.refreshed(endpoint, description)
    }

    /// Reads a `meta.json`.
    ///
    /// # Errors
    /// What is wrong with it, for [`ClientError::ContextBroken`], escaped.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let Value::Object(object) = value else {
            return Err("it is no JSON object".to_owned());
        };
        if !object.get("Name").is_some_and(Value::is_string) {
            return Err("it has no text under \"Name\"".to_owned());
        }
        for key in ["Metadata", "Endpoints"] {
            if object
                .get(key)
                .is_some_and(|value| !value.is_object() && !value.is_null())
            {
                return Err(format!("{key:?} is no object"));
            }
        }
        let meta = Self { object };
        if meta
            .at(&["Endpoints", DOCKER])
            .is_some_and(|docker| !docker.is_object())
        {
            return Err("the endpoint \"docker\" is no object".to_owned());
        }
        Ok(meta)
    }

    /// The context's name as it stands in the file, which need not be a valid one.
    pub fn name(&self) -> &str {
        self.text(&["Name"]).unwrap_or_default()
    }

    /// The description that `docker context ls` shows.
    pub fn description(&self) -> Option<&str> {
        self.text(&["Metadata", "Description"])
    }

    /// Where the context's daemon is, as written (`tcp://…`, `ssh://…`, `unix://…`).
    pub fn host(&self) -> Option<&str> {
        self.text(&["Endpoints", DOCKER, "Host"])
    }

    /// Whether the CLI does not verify the server; a missing key means that it does.
    pub fn skips_verification(&self) -> bool {
        self.at(&["Endpoints", DOCKER, "SkipTLSVerify"]) == Some(&Value::Bool(true))
    }

    /// Whether sealock made it.
    pub fn is_ours(&self) -> bool {
        self.text(&["Metadata", MARK_KEY]) == Some(MARK)
    }

    /// The same context, ours and leading to `endpoint`, verified. Other endpoints and foreign
    /// metadata stay; the description stays too unless another is given.
    #[must_use]
    pub fn refreshed(&self, endpoint: &Endpoint, description: Option<&str>) -> Self {
        let mut metadata = section(&self.object, "Metadata");
        if let Some(text) = description {
            metadata.insert("Description".to_owned(), text.into());
        }
        metadata.insert(MARK_KEY.to_owned(), MARK.into());
        let mut endpoints = section(&self.object, "Endpoints");
        let mut docker = section(&endpoints, DOCKER);
        docker.insert("Host".to_owned(), endpoint.to_string().into());
        docker.insert("SkipTLSVerify".to_owned(), false.into());
        endpoints.insert(DOCKER.to_owned(), Value::Object(docker));
        // Inserting under a key that is there keeps its place in the file.
        let mut object = self.object.clone();
        object.insert("Metadata".to_owned(), Value::Object(metadata));
        object.insert("Endpoints".to_owned(), Value::Object(endpoints));
        Self { object }
    }

    /// The file's bytes, as the CLI would write them: one line, no newline, `<`, `>` and `&` escaped.
    pub fn to_json(&self) -> Vec<u8> {
        let plain = Value::Object(self.object.clone()).to_string();
        let mut out = String::with_capacity(plain.len());
        for c in plain.chars() {
            match c {
                // Outside of strings JSON has none of these, so they may be replaced blindly.
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    out.push_str(&format!("\\u{:04x}", u32::from(c)))
                }
                c => out.push(c),
            }
        }
        out.into_bytes()
    }

    fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter()
            .try_fold(self.object.get(*first)?, |value, key| value.get(key))
    }

    fn text(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.as_str()
    }
}

/// A copy of the object under `key`, empty when there is none.
fn section(object: &Map<String, Value>, key: &str) -> Map<String, Value> {
    match object.get(key) {
        Some(Value::Object(map)) => map.clone(),
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{ContextMeta, ContextName, ContextPaths};
    use std::path::Path;

    fn name(text: &str) -> ContextName {
        text.parse().unwrap()
    }

    fn meta(text: &str) -> ContextMeta {
        ContextMeta::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn names_follow_the_cli() {
        for (given, good) in [
            ("prod", true),
            ("a1", true),
            ("0-0", true),
            ("a_.+-", true),
            ("build.example.org", true),
            ("Default", true),
            ("a", false),
            ("", false),
            ("default", false),
            ("-ab", false),
            (".ab", false),
            ("a b", false),
            ("a/b", false),
            ("..", false),
            ("ab\n", false),
            ("äb", false),
            ("a\u{1b}[2J", false),
        ] {
            assert_eq!(given.parse::<ContextName>().is_ok(), good, "{given:?}");
        }
    }

    #[test]
    fn paths_are_the_ones_of_the_cli() {
        let paths = ContextPaths::new(Path::new("/h/.docker"), &name("prod"));
        let hash = "6754af9632a2745e85c293e5aac0863370d9bd3330b9938c00cadfd215227d77";
        assert_eq!(
            paths.meta,
            Path::new("/h/.docker/contexts/meta")
                .join(hash)
                .join("meta.json")
        );
        assert_eq!(
            paths.endpoint_dir,
            Path::new("/h/.docker/contexts/tls")
                .join(hash)
                .join("docker")
        );
    }

    #[test]
    fn metadata_is_written_as_the_cli_writes_it() {
        let made = ContextMeta::new(&name("prod"), &"h".parse().unwrap(), Some("hi <&> ü \"q\""));
        assert_eq!(
            String::from_utf8(made.to_json()).unwrap(),
            "{\"Name\":\"prod\",\"Metadata\":{\"Description\":\"hi \\u003c\\u0026\\u003e ü \\\"q\\\"\",\
             \"ManagedBy\":\"sealock\"},\"Endpoints\":{\"docker\":{\"Host\":\"tcp://h:2376\",\"SkipTLSVerify\":false}}}"
        );
        assert_eq!(ContextMeta::parse(&made.to_json()).unwrap(), made);
        assert!(made.is_ours());
    }

    #[test]
    fn a_refresh_keeps_what_is_foreign() {
        let old = meta(
            r#"{"Name":"prod","Metadata":{"Description":"mine","team":7},"Endpoints":{"kubernetes":{"Host":"k"},
                "docker":{"Host":"tcp://old:1","SkipTLSVerify":true,"extra":1}},"Top":[1]}"#,
        );
        assert!(!old.is_ours() && old.skips_verification());
        let new = old.refreshed(&"new".parse().unwrap(), None);
        assert_eq!(
            (new.description(), new.host()),
            (Some("mine"), Some("tcp://new:2376"))
        );
        assert!(new.is_ours() && !new.skips_verification());
        let text = String::from_utf8(new.to_json()).unwrap();
        for kept in [
            r#""team":7"#,
            r#""kubernetes":{"Host":"k"}"#,
            r#""extra":1"#,
            r#""Top":[1]"#,
        ] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
        assert_eq!(
            old.refreshed(&"new".parse().unwrap(), Some("other"))
                .description(),
            Some("other")
        );
    }

    #[test]
    fn broken_metadata_is_named() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"Name":1}"#,
            r#"{"Name":"x","Metadata":[]}"#,
            "\u{0}",
            r#"{"Name":"x""#,
            r#"{"Name":"x","Endpoints":{"docker":"tcp"}}"#,
        ] {
            assert!(ContextMeta::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        // What a Go program writes for an empty map is no fault.
        let empty = meta(r#"{"Name":"x","Metadata":null,"Endpoints":null}"#);
        assert_eq!((empty.host(), empty.description()), (None, None));
        assert_eq!(
            empty.refreshed(&"h".parse().unwrap(), None).host(),
            Some("tcp://h:2376")
        );
    }
}
