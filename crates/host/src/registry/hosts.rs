//! `hosts.toml`, as containerd reads it.

use super::{ANCHORS, CERTIFICATE, KEY};
use std::path::Path;
use toml_edit::{DocumentMut, Item, TableLike, Value};

/// The first line, by which a file of ours is known again.
const OURS: &str = "# Written by sealock\n";

/// Our own `hosts.toml` for a registry.
pub(super) fn text(host: &str, pair: bool) -> String {
    format!("{OURS}server = \"https://{host}\"\n{}\n", lines(pair))
}

/// What a file needs so that ours count.
pub(super) fn lines(pair: bool) -> String {
    let client = match pair {
        // One list is two combined files; a pair is a list in a list.
        true => format!("\nclient = [[\"{CERTIFICATE}\", \"{KEY}\"]]"),
        false => String::new(),
    };
    format!("ca = \"{ANCHORS}\"{client}")
}

/// Whether we wrote it for this registry.
pub(super) fn is_ours(there: &str, host: &str) -> bool {
    there == text(host, true) || there == text(host, false)
}

/// Whether a `hosts.toml` names our files (with the pair, or the anchors alone), under the server or under any host; what
/// does not parse is not read by containerd either, which then goes by the files.
pub fn names_files(text: &str, pair: bool) -> bool {
    let Ok(document) = text.parse::<DocumentMut>() else {
        return true;
    };
    let root: &dyn TableLike = document.as_table();
    let hosts = root
        .get("host")
        .and_then(Item::as_table_like)
        .into_iter()
        .flat_map(|hosts| hosts.iter().filter_map(|(_, host)| host.as_table_like()));
    std::iter::once(root)
        .chain(hosts)
        .any(|table| has_anchors(table) && (!pair || has_pair(table)))
}

fn has_anchors(table: &dyn TableLike) -> bool {
    let Some(value) = table.get("ca").and_then(Item::as_value) else {
        return false;
    };
    match value {
        Value::Array(list) => list.iter().any(|one| is(one, ANCHORS)),
        one => is(one, ANCHORS),
    }
}

fn has_pair(table: &dyn TableLike) -> bool {
    let pairs = table.get("client").and_then(Item::as_array);
    pairs.into_iter().flatten().any(|pair| {
        let words: Vec<&Value> = pair.as_array().into_iter().flatten().collect();
        matches!(&words[..], [certificate, key] if is(certificate, CERTIFICATE) && is(key, KEY))
    })
}

/// Whether a value is the path of this file of ours: relative to the folder, or absolute.
fn is(value: &Value, name: &str) -> bool {
    let named = value.as_str().map(Path::new);
    named.and_then(Path::file_name) == Some(name.as_ref())
}

#[cfg(test)]
mod tests {
    use super::{is_ours, names_files, text};

    #[test]
    fn what_we_write_names_our_files() {
        for pair in [true, false] {
            let ours = text("r.example.org:5000", pair);
            assert!(names_files(&ours, pair) && is_ours(&ours, "r.example.org:5000"));
            assert!(!is_ours(&ours, "r.example.org"));
        }
        assert!(!names_files(&text("r", false), true), "no pair is named");
    }

    #[test]
    fn pairs_are_lists_in_a_list() {
        for (text, named) in [
            ("client = [[\"client.cert\", \"client.key\"]]", true),
            (
                "client = [[\"a\", \"b\"], [\"/etc/docker/certs.d/r/client.cert\", \"client.key\"]]",
                true,
            ),
            // Two files, each with certificate and key.
            ("client = [\"client.cert\", \"client.key\"]", false),
            ("client = [[\"client.key\", \"client.cert\"]]", false),
            ("client = [[\"client.cert\", \"\"]]", false),
            ("client = \"client.cert\"", false),
            ("", false),
        ] {
            for head in ["", "[host.\"https://r:5000\"]\n"] {
                let whole = format!("{head}ca = [\"other.crt\", \"ca.crt\"]\n{text}\n");
                assert_eq!(names_files(&whole, true), named, "{whole}");
                assert!(names_files(&whole, false), "{whole}");
            }
        }
        assert!(!names_files("ca = \"ours.crt\"\n", false));
        assert!(!names_files("# nothing\n", false));
        assert!(names_files("ca = [\n", false), "it is not read");
    }
}
