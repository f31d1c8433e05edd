//! Writing `[[service]]`.

use super::format_life;
use sealock_service::{Service, Setting};
use std::fmt::Write as _;
use toml_edit::{Array, Value};

/// The keys of a service's table in their order: what every kind has, then what its own has.
pub(super) fn keys(service: &Service) -> Vec<(String, Value)> {
    let mut keys = vec![
        ("name".to_owned(), Value::from(service.name.as_str())),
        ("kind".to_owned(), Value::from(service.kind.as_str())),
        (
            "names".to_owned(),
            Value::from(service.names.iter().collect::<Array>()),
        ),
    ];
    for (key, setting) in &service.settings {
        let value = match setting {
            Setting::Text(text) => Value::from(text.as_str()),
            Setting::List(list) => Value::from(list.iter().collect::<Array>()),
            Setting::Flag(flag) => Value::from(*flag),
            Setting::Number(number) => Value::from(*number),
        };
        keys.push((key.clone(), value));
    }
    keys.push((
        "life".to_owned(),
        Value::from(format_life(service.life).as_str()),
    ));
    keys
}

/// The table with a line about what it is.
pub(super) fn write(service: &Service) -> String {
    let mut out =
        "\n# A service beside the daemon; docs/services.md has the keys.\n[[service]]\n".to_owned();
    for (key, value) in keys(service) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{key} = {value}");
    }
    out
}
