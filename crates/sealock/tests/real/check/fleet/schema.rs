//! The JSON of version 1: every field and its type. A field that is renamed or gets another type is noticed here.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use sealock_testkit::process::run;
use serde_json::Value;

use crate::check::endpoint::resolving;
use crate::check::peers::{Closed, Kit, listen_only, peer, write_all};

#[test]
fn fields_and_types() {
    let kit = Kit::new();
    let engine = kit.engine();
    let old = kit.serve("rsa", "-tls1_1 -cipher AES128-SHA:@SECLEVEL=0");
    kit.server("escape", "/CN=\u{1b}[2J", "IP:127.0.0.1");
    let escape = kit.serve("escape", "-cipher ECDHE+AESGCM -alpn http/1.1");
    let foreign = peer(|socket| {
        let _gone = (&socket).read(&mut [0; 4096]);
        write_all(&socket, &[22, 3, 3, 0, 4, 9, 9, 9, 9]);
        listen_only(socket);
    });
    let ssh = peer(|socket| write_all(&socket, b"SSH-2.0-x\r\n"));
    kit.list(&format!(
        "{}\n{}\n{}\n{}\n{ssh}\n{foreign}\n{}\nh.invalid\n",
        super::place(&engine),
        old.place(),
        escape.place(),
        escape.place().replace("tcp:", "tls:"),
        Closed::new().place()
    ));
    let sealock = kit.sealock();
    let nobody = sealock.command(&["--json", "check", &super::place(&engine)]);
    let mut shell = sealock.command(&["--json", "check", "--client", "--short"]);
    shell
        .env("DOCKER_HOST", super::place(&engine))
        .env("DOCKER_TLS_VERIFY", "1")
        .env("DOCKER_CERT_PATH", kit.path("client"))
        .env("DOCKER_API_VERSION", "1.41")
        .env("DOCKER_CONTEXT", "other");
    let client = kit.path("client").display().to_string();
    let folder = sealock.command(&["--json", "check", "--client", &client]);
    let fleet = kit.fleet_command(&["--format", "json"]);
    let fleet = resolving(&kit, &fleet);
    let mut fields = BTreeMap::new();
    for mut command in [fleet, nobody, shell, folder] {
        let said = run(&mut command);
        let json: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said}"));
        assert_eq!(json["version"], 1);
        collect(&json, String::new(), &mut fields);
    }
    let lines: String = fields
        .iter()
        .map(|(path, kinds)| {
            let kinds: Vec<&str> = kinds.iter().copied().collect();
            format!("{path}: {}\n", kinds.join(" or "))
        })
        .collect();
    insta::assert_snapshot!(lines);
}

fn collect(value: &Value, path: String, into: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(items) => {
            for item in items {
                collect(item, format!("{path}[]"), into);
            }
            "array"
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                collect(field, format!("{path}.{name}"), into);
            }
            "object"
        }
    };
    into.entry(path).or_default().insert(kind);
}
