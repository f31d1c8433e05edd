//! What `mssql.conf` lets clients do without encryption, or with old TLS.

use std::path::Path;

use sealock_change::fs;
use sealock_diag::escape;

use super::conf;
use crate::kind::Remark;

/// `mssql.conf` does not force encryption.
const CODE: &str = "SL-F664";

/// What is wrong in the file, held against what `[network]` is to say. A server that has its folder and no such file goes by
/// what is usual: nothing is forced.
pub(super) fn of(config: &Path, network: &[(&str, String)]) -> Vec<Remark> {
    let folder = config.parent().is_some_and(Path::is_dir);
    let text = match fs::stat(config) {
        Ok(None) if folder => Vec::new(),
        Ok(Some(_)) => match fs::read(config) {
            Ok(text) => text,
            Err(_) => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    // What is not understood is told by what would change it.
    let Ok(told) = conf::section(&text, "network") else {
        return Vec::new();
    };
    let find = |key: &str| told.iter().find(|line| line.key == key);
    let wants = |key: &str| network.iter().any(|(wanted, _)| *wanted == key);
    let mut found = Vec::new();
    let mut say = |key: &str, value: &str, cause: &str| {
        let file = escape(&config.to_string_lossy());
        let (place, stands) = match find(key) {
            Some(line) => (
                format!("{file}, line {}", line.line),
                format!(
                    "{key} = {}",
                    escape(&line.value.chars().take(64).collect::<String>())
                ),
            ),
            None => (format!("{file}, [network]"), format!("{key} is not set")),
        };
        found.push(Remark {
            code: CODE,
            place,
            cause: format!("{stands}: {cause}"),
            help: Some(format!("{key} = {value}, or sealock apply")),
        });
    };
    let is = |key: &str, value: &str| find(key).is_some_and(|line| line.value == value);
    // TDS 8 alone encrypts everything, whatever else is said. Only the newest version has it.
    let strict = network.iter().any(|(key, _)| *key == "forcestrict");
    let strict_now = strict && is("forcestrict", "1");
    if !strict_now && !is("forceencryption", "1") {
        say(
            "forceencryption",
            "1",
            "a client that asks for no encryption sends everything but its login in clear text",
        );
    }
    let wanted = network
        .iter()
        .any(|(key, value)| *key == "forcestrict" && value == "1");
    if wanted && !strict_now {
        say("forcestrict", "1", "clients of TDS 7 get in");
    }
    let old = |word: &str| matches!(word.trim(), "1.0" | "1.1");
    match find("tlsprotocols") {
        Some(line) if line.value.split(',').any(old) => {
            say(
                "tlsprotocols",
                "1.2",
                "TLS 1.0 and 1.1 are broken (RFC 8996)",
            );
        }
        // The newest version takes none of them by itself.
        None if wants("tlsprotocols") => {
            say("tlsprotocols", "1.2", "TLS 1.0 and 1.1 are taken too");
        }
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::kinds::tests::Scratch;

    fn remarks(text: Option<&str>, network: &[(&str, &str)]) -> Vec<(String, String)> {
        let folder = Scratch::new();
        let path = folder.path().join("mssql.conf");
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let network: Vec<(&str, String)> = network
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned()))
            .collect();
        let found = of(&path, &network).into_iter().map(|remark| {
            assert_eq!(remark.code, "SL-F664");
            let place = remark.place.rsplit('/').next().unwrap().to_owned();
            (place, remark.cause.split(':').next().unwrap().to_owned())
        });
        found.collect()
    }

    /// Before 2025, and 2025 with TDS 8 alone.
    const OLD: &[(&str, &str)] = &[("forceencryption", "1"), ("tlsprotocols", "1.2")];
    const STRICT: &[(&str, &str)] = &[("forceencryption", "1"), ("forcestrict", "1")];

    #[test]
    fn what_stands_there_and_what_does_not() {
        const NETWORK: &str = "mssql.conf, [network]";
        const LINE: &str = "mssql.conf, line 2";
        for (text, network, expected) in [
            (
                Some("[network]\nforceencryption = 1\ntlsprotocols = 1.2,1.3\n"),
                OLD,
                &[][..],
            ),
            (
                None,
                OLD,
                &[
                    (NETWORK, "forceencryption is not set"),
                    (NETWORK, "tlsprotocols is not set"),
                ],
            ),
            (
                Some("[network]\nForceEncryption=0\ntlsprotocols = 1.2\n"),
                OLD,
                &[(LINE, "forceencryption = 0")],
            ),
            (
                Some("[network]\ntlsprotocols=1.2, 1.1,1.0\nforceencryption=1\n"),
                OLD,
                &[(LINE, "tlsprotocols = 1.2, 1.1,1.0")],
            ),
            // The key of another section is another key.
            (
                Some("[other]\nforceencryption = 1\n[network]\ntlsprotocols = 1.2\n"),
                OLD,
                &[(NETWORK, "forceencryption is not set")],
            ),
            (Some("[network]\nforcestrict = 1\n"), STRICT, &[]),
            (
                Some("[network]\nforcestrict = 0\nforceencryption = 1\n"),
                STRICT,
                &[(LINE, "forcestrict = 0")],
            ),
            // A version that does not know the key is not saved by it.
            (
                Some("[network]\nforcestrict = 1\ntlsprotocols = 1.2\n"),
                OLD,
                &[(NETWORK, "forceencryption is not set")],
            ),
            // What is not understood says nothing.
            (Some("[network]\nnonsense\n"), OLD, &[]),
            (
                Some("[network]\nforceencryption=0\nforceencryption=1\n"),
                OLD,
                &[],
            ),
        ] {
            let found = remarks(text, network);
            let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (&**a, &**b)).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn where_no_server_is_nothing_is_said() {
        let nowhere = std::path::Path::new("/nonexistent/mssql.conf");
        assert_eq!(of(nowhere, &[("tlsprotocols", "1.2".to_owned())]), []);
    }
}
