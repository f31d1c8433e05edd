//! A message that was found: who says it, and its values in sentences.

use super::paste::{Line, shortened};
use super::pattern::{Meaning, Pattern};
use sealock_diag::escape;

/// A pattern that stands in a line.
#[derive(Debug)]
pub(super) struct Hit<'a> {
    pub(super) pattern: &'static Pattern,
    pub(super) line: Line<'a>,
    pub(super) span: (usize, usize),
    /// How much of it is literal: the more, the surer.
    pub(super) score: usize,
    pub(super) values: Values<'a>,
}

pub(super) type Values<'a> = Vec<(&'static str, &'a str)>;

impl Hit<'_> {
    /// Who says it: what stands around the words may know better than the words.
    pub(super) fn speaker(&self) -> &'static str {
        let around = |words: &str| self.line.lower.contains(words);
        match self.pattern.speaker {
            "Go" if around("http: tls handshake error from ") => "dockerd",
            "Go" if around("error response from daemon") => "dockerd",
            "Go" if around("failed to create api server") => "dockerd",
            "Go" if around("invalid tls configuration") => "dockerd",
            "Go" if around("error during connect") => "the docker CLI",
            "Go" if around("is the docker daemon running?") => "the docker CLI",
            "Go" if around("failed to initialize") => "the docker CLI",
            "OpenSSL" if around("curl: (") => "curl",
            "OpenSSL" if around("_ssl.c") || around("[ssl: ") => "Python",
            "OpenSSL" if around("err_ssl_") || around("err_ossl_") => "Node",
            speaker => speaker,
        }
    }

    /// The sentence, with values that are safe to print.
    pub(super) fn says(&self, meaning: &Meaning) -> String {
        let safe = |value: &str| Some(escape(&shortened(value.trim())));
        fill(meaning.says, &self.values, safe).unwrap_or_default()
    }

    /// The help, when every value can stand in a shell as it is.
    pub(super) fn help(&self, meaning: &Meaning) -> Option<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._/:@%+,=-".contains(c);
        let safe = |value: &str| {
            let usable = !value.is_empty()
                && !value.starts_with('-')
                && value.len() < 256
                && value.chars().all(plain);
            usable.then(|| value.to_owned())
        };
        fill(meaning.help?, &self.values, safe)
    }
}

/// A template with its holes filled, unless a value is refused.
pub(super) fn fill(
    template: &str,
    values: &Values<'_>,
    safe: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        let (_, value) = values.iter().find(|(known, _)| *known == name)?;
        out.push_str(before);
        out.push_str(&safe(value)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn a_refused_value_leaves_the_template_away() {
        let values = vec![("a", "1"), ("b", "; x")];
        let plain = |value: &str| (!value.contains(';')).then(|| value.to_owned());
        assert_eq!(fill("x {a} y", &values, plain).as_deref(), Some("x 1 y"));
        assert_eq!(fill("x {b} y", &values, plain), None);
        assert_eq!(fill("x {c} y", &values, plain), None);
    }
}
