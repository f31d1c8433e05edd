//! Values of environment variables, and passwords among options, are taken out of answers.

use crate::Json;

/// What stands where a value was.
const HIDDEN: &str = "<hidden>";

/// Parts of the names of options whose values are nobody's business.
const SECRET: &[&str] = &["password", "passwd", "secret", "token", "credential"];

/// Takes the values out of every `Env`, out of the steps of an image's history, and the passwords out of the options of
/// volumes and log drivers.
pub(super) fn scrub(json: &mut Json) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(scrub),
        Json::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("Env", Json::Array(items)) => items.iter_mut().for_each(scrub_variable),
                    ("CreatedBy", Json::String(step)) => scrub_step(step),
                    ("Options" | "DriverOpts", options) => scrub_options(options),
                    ("LogConfig", Json::Object(fields)) => fields
                        .iter_mut()
                        .for_each(|(_, options)| scrub_options(options)),
                    (_, value) => scrub(value),
                }
            }
        }
        _ => {}
    }
}

fn scrub_variable(item: &mut Json) {
    match item {
        Json::String(text) => {
            if let Some(end) = text.find('=') {
                text.truncate(end + 1);
                text.push_str(HIDDEN);
            }
        }
        // A plugin's settings: `{"Name": …, "Value": …}`.
        Json::Object(fields) => {
            for (key, value) in fields {
                if key == "Value" {
                    *value = HIDDEN.into();
                }
            }
        }
        _ => {}
    }
}

/// Options by name; those of a mount stand together in one text, separated by commas.
fn scrub_options(options: &mut Json) {
    let Json::Object(fields) = options else {
        return;
    };
    for (name, value) in fields {
        let Json::String(text) = value else { continue };
        if is_secret(name) {
            HIDDEN.clone_into(text);
        } else if name == "o" && text.split(',').any(names_secret) {
            let words = text.split(',').map(|word| match word.split_once('=') {
                Some((name, _)) if names_secret(word) => format!("{name}={HIDDEN}"),
                _ => word.to_owned(),
            });
            *text = words.collect::<Vec<_>>().join(",");
        }
    }
}

fn names_secret(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| name == "pass" || is_secret(name))
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|part| name.contains(part))
}

/// A step that sets variables or arguments shows which step it was, and no more.
fn scrub_step(step: &mut String) {
    for word in ["ENV ", "ARG ", "|"] {
        let start = match step.find(word) {
            Some(0) => 0,
            Some(at) if step[..at].ends_with(['\t', ' ', ')']) => at,
            _ => continue,
        };
        let rest = &step[start + word.len()..];
        let name = rest.find('=').map_or(rest.len(), |end| end + 1);
        if name < rest.len() {
            step.truncate(start + word.len() + name);
            step.push_str(HIDDEN);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::scrub;
    use crate::Json;

    #[test]
    fn names_stay_and_values_go() {
        for (before, after) in [
            (
                r#"{"Config":{"Env":["A=secret","B","C=x=y"],"Cmd":["A=1"]}}"#,
                r#"{"Config":{"Env":["A=<hidden>","B","C=<hidden>"],"Cmd":["A=1"]}}"#,
            ),
            (
                r#"[{"Spec":{"TaskTemplate":{"ContainerSpec":{"Env":["A=1"]}}}}]"#,
                r#"[{"Spec":{"TaskTemplate":{"ContainerSpec":{"Env":["A=<hidden>"]}}}}]"#,
            ),
            (
                r##"[{"CreatedBy":"/bin/sh -c #(nop)  ENV TOKEN=abc"},{"CreatedBy":"RUN ls"}]"##,
                r##"[{"CreatedBy":"/bin/sh -c #(nop)  ENV TOKEN=<hidden>"},{"CreatedBy":"RUN ls"}]"##,
            ),
            (
                r#"{"CreatedBy":"|1 TOKEN=abc /bin/sh -c make"}"#,
                r#"{"CreatedBy":"|1 TOKEN=<hidden>"}"#,
            ),
            (
                r#"{"Volumes":[{"Driver":"local","Options":{"type":"cifs","o":"username=a,password=p,vers=3","device":"//h/s"}}]}"#,
                r#"{"Volumes":[{"Driver":"local","Options":{"type":"cifs","o":"username=a,password=<hidden>,vers=3","device":"//h/s"}}]}"#,
            ),
            (
                r#"{"HostConfig":{"LogConfig":{"Type":"splunk","Config":{"splunk-token":"t","tag":"x"}}},"Options":null}"#,
                r#"{"HostConfig":{"LogConfig":{"Type":"splunk","Config":{"splunk-token":"<hidden>","tag":"x"}}},"Options":null}"#,
            ),
            (
                r#"{"DriverConfig":{"Name":"sshfs","Options":{"Password":"p","o":"pass=q,ro"}}}"#,
                r#"{"DriverConfig":{"Name":"sshfs","Options":{"Password":"<hidden>","o":"pass=<hidden>,ro"}}}"#,
            ),
            (
                r#"{"Settings":{"Env":[{"Name":"A","Value":"s"}]}}"#,
                r#"{"Settings":{"Env":[{"Name":"A","Value":"<hidden>"}]}}"#,
            ),
        ] {
            let mut json = Json::parse(before.as_bytes()).unwrap();
            scrub(&mut json);
            assert_eq!(json.to_text(), after);
        }
    }
}
