//! The arrows between crates: ARCHITECTURE.md's table against what cargo says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Third-party crates behind one door each, and the door.
const DOORS: &[(&str, &str)] = &[
    ("rustls", "tls"),
    ("rusqlite", "vault"),
    ("tokio", "gateway"),
    ("clap", "sealock"),
    ("clap_complete", "sealock"),
    ("clap_mangen", "sealock"),
    ("indicatif", "sealock"),
    ("anstream", "sealock"),
];

/// What tests of any crate may use, whatever the table says: it never reaches the product.
const FOR_TESTS: &[&str] = &["testkit", "engine"];

/// Compares the table in `architecture` with `metadata`; gives one sentence for each difference.
pub(crate) fn differences(architecture: &str, metadata: &Value) -> Vec<String> {
    let Some(table) = table(architecture) else {
        return vec![
            "ARCHITECTURE.md has no table between <!-- arrows --> and <!-- /arrows -->".to_owned(),
        ];
    };
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = short(package["name"].as_str().unwrap_or_default());
        seen.insert(name.clone());
        let Some(allowed) = table.get(&name) else {
            found.push(format!("ARCHITECTURE.md has no arrow row for `{name}`"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let target = dependency["name"].as_str().unwrap_or_default();
            let is_dev = dependency["kind"] == "dev";
            if dependency["path"].is_string() {
                let target = short(target);
                if !(allowed.contains(&target) || (is_dev && FOR_TESTS.contains(&target.as_str())))
                {
                    found.push(format!(
                        "`{name}` uses `{target}`, an arrow that ARCHITECTURE.md does not have"
                    ));
                }
            } else if let Some((_, door)) = DOORS.iter().find(|(behind, _)| *behind == target)
                && *door != name
                && !is_dev
            {
                found.push(format!("`{name}` uses {target}; only `{door}` may"));
            }
        }
    }
    for name in table.keys().filter(|name| !seen.contains(*name)) {
        found.push(format!(
            "ARCHITECTURE.md has arrows for `{name}`, which is no crate"
        ));
    }
    found
}

/// A crate's name in the table: without the project's prefix.
fn short(name: &str) -> String {
    name.strip_prefix("sealock-").unwrap_or(name).to_owned()
}

fn table(architecture: &str) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let (_, after) = architecture.split_once("<!-- arrows -->")?;
    let (inside, _) = after.split_once("<!-- /arrows -->")?;
    let rows = inside.lines().filter_map(|line| {
        let mut cells = line.trim().strip_prefix('|')?.split('|');
        let name = cells.next()?.trim().trim_matches('`');
        let targets = cells.next()?;
        let heading = name == "crate" || name.starts_with('-');
        let targets = targets
            .split(',')
            .map(|target| target.trim().trim_matches('`'));
        (!heading).then(|| {
            let targets = targets.filter(|target| !target.is_empty());
            (name.to_owned(), targets.map(str::to_owned).collect())
        })
    });
    Some(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "<!-- arrows -->\n| crate | may use |\n|---|---|\n| `diag` | |\n\
                         | pki | diag |\n<!-- /arrows -->";

    fn check(name: &str, dependencies: Value) -> Vec<String> {
        let other = if name == "sealock-pki" {
            "sealock-diag"
        } else {
            "sealock-pki"
        };
        let metadata = serde_json::json!({"packages": [
            {"name": name, "dependencies": dependencies},
            {"name": other, "dependencies": []},
        ]});
        differences(TABLE, &metadata)
    }

    #[test]
    fn an_arrow_that_is_not_in_the_table_is_found() {
        let path = |name: &str, kind: Value| serde_json::json!([{"name": name, "path": "x", "kind": kind}]);
        assert!(check("sealock-pki", path("sealock-diag", Value::Null)).is_empty());
        assert_eq!(
            check("sealock-diag", path("sealock-pki", Value::Null)).len(),
            1
        );
        assert!(check("sealock-diag", path("sealock-testkit", "dev".into())).is_empty());
        assert_eq!(
            check("sealock-diag", path("sealock-testkit", Value::Null)).len(),
            1
        );
        let behind = serde_json::json!([{"name": "rustls", "kind": null}]);
        assert_eq!(check("sealock-pki", behind).len(), 1);
        assert_eq!(differences("no table", &Value::Null).len(), 1);
    }
}
