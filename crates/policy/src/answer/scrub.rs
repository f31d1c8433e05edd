//! Values of environment variables are taken out of answers.

use crate::Json;

/// What stands where a value was.
const HIDDEN: &str = "<hidden>";

/// Takes the values out of every `Env`, and out of the steps of an image's history.
pub(super) fn scrub(json: &mut Json) {
    match json {
        Json::Array(items) => items.iter_mut().for_each(scrub),
        Json::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("Env", Json::Array(items)) => items.iter_mut().for_each(scrub_variable),
                    ("CreatedBy", Json::String(step)) => scrub_step(step),
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
