//! The docker CLI's `config.json`: which context is current.

use super::context::{ContextName, DEFAULT_CONTEXT};
use super::error::ClientError;
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObjectProp, CstRootNode};
use sealock_diag::escape;
use std::path::Path;

const KEY: &str = "currentContext";

/// The current context that `config.json` names; `None` when it names none, or `default`.
///
/// `path` is only for messages. Empty text is an empty configuration, as for the CLI.
///
/// # Errors
/// [`ClientError::ConfigBroken`] when the text is no JSON object, or the value no text.
pub fn current_context(text: &str, path: &Path) -> Result<Option<String>, ClientError> {
    let root = parse(text, path)?;
    let Some(property) = properties(&root).pop() else {
        return Ok(None);
    };
    let Some(value) = property.value() else {
        return Ok(None);
    };
    if value.as_null_keyword().is_some() {
        return Ok(None);
    }
    let name = value
        .as_string_lit()
        .and_then(|text| text.decoded_value().ok())
        .ok_or_else(|| broken(path, "\"currentContext\" is no text"))?;
    Ok((!name.is_empty() && name != DEFAULT_CONTEXT).then_some(name))
}

/// `config.json` with another current context, everything else byte for byte as it was.
///
/// `text` is `None` when there is no file yet. `context` is `None` for going back to `default`.
///
/// # Errors
/// [`ClientError::ConfigBroken`] when the text is no JSON object.
pub fn with_current_context(
    text: Option<&str>,
    context: Option<&ContextName>,
    path: &Path,
) -> Result<String, ClientError> {
    let root = parse(text.unwrap_or_default(), path)?;
    let present = properties(&root);
    match (context, present.is_empty()) {
        (None, _) => present.into_iter().for_each(CstObjectProp::remove),
        // Go takes the last of several; so that nobody reads another, all of them are set.
        (Some(name), false) => {
            for property in present {
                property.set_value(CstInputValue::String(name.as_str().to_owned()));
            }
        }
        (Some(name), true) if text.is_none_or(|text| text.trim().is_empty()) => {
            // The CLI's own layout: tabs, and no newline at the end.
            return Ok(format!("{{\n\t\"{KEY}\": \"{name}\"\n}}"));
        }
        (Some(name), true) => {
            root.object_value_or_set()
                .append(KEY, CstInputValue::String(name.as_str().to_owned()));
        }
    }
    Ok(root.to_string())
}

fn parse(text: &str, path: &Path) -> Result<CstRootNode, ClientError> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    // The CLI reads strict JSON: what jsonc would forgive, the CLI would not.
    if let Err(error) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
        return Err(broken(path, &error.to_string()));
    }
    CstRootNode::parse(text, &ParseOptions::default())
        .map_err(|error| broken(path, &error.to_string()))
}

/// Every property that Go takes for `currentContext`: it compares without regard to case.
fn properties(root: &CstRootNode) -> Vec<CstObjectProp> {
    root.object_value()
        .map(|object| object.properties())
        .unwrap_or_default()
        .into_iter()
        .filter(|property| {
            property
                .name()
                .and_then(|name| name.decoded_value().ok())
                .is_some_and(|name| name.eq_ignore_ascii_case(KEY))
        })
        .collect()
}

fn broken(path: &Path, why: &str) -> ClientError {
    ClientError::ConfigBroken {
        path: path.to_owned(),
        why: escape(why),
    }
}

#[cfg(test)]
mod tests {
    use super::{current_context, with_current_context};
    use std::path::Path;

    fn path() -> &'static Path {
        Path::new("/h/.docker/config.json")
    }

    #[test]
    fn the_current_context_is_read() {
        for (text, expected) in [
            ("", Some(None)),
            ("{}", Some(None)),
            (r#"{"currentContext":"prod"}"#, Some(Some("prod"))),
            (r#"{"currentContext":"default"}"#, Some(None)),
            (r#"{"currentContext":""}"#, Some(None)),
            (r#"{"currentContext":null}"#, Some(None)),
            (r#"{"CurrentContext":"prod"}"#, Some(Some("prod"))),
            (
                r#"{"currentContext":"a1","currentContext":"b2"}"#,
                Some(Some("b2")),
            ),
            (r#"{"auths":{"x":{"currentContext":"no"}}}"#, Some(None)),
            (r#"{"currentContext":7}"#, None),
            ("[]", None),
            ("{", None),
            ("{} // comment", None),
            ("{\"a\":1,}", None),
        ] {
            let got = current_context(text, path()).ok();
            assert_eq!(got, expected.map(|name| name.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn only_the_current_context_changes() {
        let odd =
            "{ \"auths\" : {\"r\":{ \"auth\":\"c2Vj\"}},\n\n  \"psFormat\":\"{{.ID}}\\u003c\" }\n";
        let with = with_current_context(Some(odd), Some(&"prod".parse().unwrap()), path()).unwrap();
        assert!(with.starts_with(
            "{ \"auths\" : {\"r\":{ \"auth\":\"c2Vj\"}},\n\n  \"psFormat\":\"{{.ID}}\\u003c\""
        ));
        assert_eq!(
            current_context(&with, path()).unwrap().as_deref(),
            Some("prod")
        );
        for (before, name, after) in [
            (None, Some("prod"), "{\n\t\"currentContext\": \"prod\"\n}"),
            (
                Some(""),
                Some("prod"),
                "{\n\t\"currentContext\": \"prod\"\n}",
            ),
            (
                Some("{\n\t\"auths\": {},\n\t\"currentContext\": \"a1\"\n}"),
                Some("b2"),
                "{\n\t\"auths\": {},\n\t\"currentContext\": \"b2\"\n}",
            ),
            (
                Some("{\"currentContext\":\"a1\",\"x\":1.50}"),
                Some("b2"),
                "{\"currentContext\":\"b2\",\"x\":1.50}",
            ),
            (
                Some("{\n\t\"auths\": {},\n\t\"currentContext\": \"a1\"\n}"),
                None,
                "{\n\t\"auths\": {}\n}",
            ),
            (Some("{\"x\":1e3}"), None, "{\"x\":1e3}"),
        ] {
            let name = name.map(|name| name.parse().unwrap());
            assert_eq!(
                with_current_context(before, name.as_ref(), path()).unwrap(),
                after,
                "{before:?}"
            );
        }
    }
}
