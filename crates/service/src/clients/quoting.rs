//! Foreign values, such as the path of a client's files, written so that each reader takes them for one value.

/// A word of a POSIX shell.
pub(super) fn sh(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%=,".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// A value in a URI (RFC 3986 §2.1); slashes stay, as everybody writes them in a query.
pub(super) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// A string of JavaScript, Python or Java. Line ends never come here.
pub(super) fn literal(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::{literal, percent, sh};

    #[test]
    fn each_reader_takes_it_for_one_value() {
        for (text, shell, uri, string) in [
            ("/a/b.pem", "/a/b.pem", "/a/b.pem", "\"/a/b.pem\""),
            ("", "''", "", "\"\""),
            ("/a b", "'/a b'", "/a%20b", "\"/a b\""),
            ("it's", "'it'\\''s'", "it%27s", "\"it's\""),
            ("a\"b", "'a\"b'", "a%22b", "\"a\\\"b\""),
            (
                "$(x);`y`",
                "'$(x);`y`'",
                "%24%28x%29%3B%60y%60",
                "\"$(x);`y`\"",
            ),
            ("[::1]:5", "'[::1]:5'", "%5B%3A%3A1%5D%3A5", "\"[::1]:5\""),
            ("a\\b", "'a\\b'", "a%5Cb", "\"a\\\\b\""),
            ("ä?&", "'ä?&'", "%C3%A4%3F%26", "\"ä?&\""),
        ] {
            assert_eq!(sh(text), shell, "{text}");
            assert_eq!(percent(text), uri, "{text}");
            assert_eq!(literal(text), string, "{text}");
        }
    }
}
