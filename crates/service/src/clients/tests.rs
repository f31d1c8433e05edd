use std::path::Path;

use super::{Customer, Form, Recipe, Tds, recipes, registry, tds, usual_host};
use crate::kind::{Clients, Door};
use crate::protocol::Protocol;
use crate::service::Service;

fn door(protocol: Protocol, clients: Clients) -> Door {
    Door {
        address: "127.0.0.1:7000".to_owned(),
        server_name: "127.0.0.1".to_owned(),
        protocol,
        clients,
    }
}

fn alice(folder: &str, host: &str) -> Customer {
    Customer::new("alice", Path::new(folder), host).unwrap()
}

/// Everything that is said at a door of this kind, by every door that there is.
fn all(clients: Clients, customer: &Customer) -> Vec<(Protocol, Recipe)> {
    let mut found = Vec::new();
    for protocol in Protocol::ALL {
        let said = recipes(&door(protocol, clients), customer);
        assert!(!said.is_empty(), "{protocol}");
        found.extend(said.into_iter().map(|one| (protocol, one)));
    }
    let https = door(Protocol::Https, clients);
    let images = registry(&https, customer).into_iter();
    found.extend(images.map(|one| (Protocol::Https, one)));
    let strict = tds(&door(Protocol::Tds, clients), customer, Tds::Strict);
    found.extend(strict.into_iter().map(|one| (Protocol::Tds, one)));
    found
}

/// Where the anchor is named elsewhere: in a file before it, in the environment, or by the system.
const ELSEWHERE: [&str; 11] = [
    "tsql",
    "pymssql",
    "freetds-odbc",
    "odbc",
    "odbc-17",
    "dotnet",
    "mssql-jdbc",
    "java",
    "registry-trust",
    "postgres-jdbc-key",
    "browser",
];

#[test]
fn every_recipe_names_the_service_and_its_anchor_and_switches_nothing_off() {
    let customer = alice("/files", "db.example.org");
    for clients in [Clients::Required, Clients::NotAsked] {
        for (protocol, recipe) in all(clients, &customer) {
            let text = &recipe.text;
            let at = format!("{protocol} {}: {text}", recipe.word);
            if !ELSEWHERE.contains(&recipe.word) && recipe.word != "pkcs12" {
                assert!(text.contains("/files/ca.pem"), "{at}");
            }
            let unnamed = ["java", "java-trust", "pkcs12", "postgres-jdbc-key"];
            if !unnamed.contains(&recipe.word) {
                assert!(text.contains("db.example.org"), "{at}");
                let by_section = ["tsql", "freetds-odbc"].contains(&recipe.word);
                assert!(text.contains("7000") || by_section, "{at}");
            }
            for off in [
                "--insecure",
                " -k ",
                " -C ",
                "TrustServerCertificate=yes",
                "TrustServerCertificate=True",
                "trustServerCertificate=true",
                "trustServerCertificate: true",
                "sslmode=require&",
                "CERT_NONE",
                "encryption = request",
            ] {
                assert!(!text.contains(off), "{off}: {at}");
            }
            assert!(!text.ends_with('\n') && !text.is_empty(), "{at}");
        }
    }
}

#[test]
fn a_certificate_is_shown_where_one_is_asked_for() {
    let customer = alice("/files", "db.example.org");
    for (protocol, recipe) in all(Clients::NotAsked, &customer) {
        let text = recipe.text;
        assert!(
            !text.contains("/key.pem") && !text.contains(".pk8"),
            "{protocol}: {text}"
        );
    }
    for (protocol, word) in [
        (Protocol::Postgres, "psql"),
        (Protocol::Redis, "redis-cli"),
        (Protocol::Redis, "redis-py"),
        (Protocol::Mysql, "mariadb"),
        (Protocol::Mysql, "mysql"),
        (Protocol::Amqp, "pika"),
        (Protocol::Https, "curl"),
        (Protocol::Https, "python"),
        (Protocol::Https, "pkcs12"),
        (Protocol::Tls, "openssl"),
        (Protocol::Postgres, "openssl"),
    ] {
        let said = recipes(&door(protocol, Clients::Required), &customer);
        let found = said.iter().find(|one| one.word == word).unwrap();
        for file in ["/files/cert.pem", "/files/key.pem"] {
            assert!(found.text.contains(file), "{protocol}: {}", found.text);
        }
    }
}

#[test]
fn words_are_told_apart() {
    let customer = alice("/files", "db.example.org");
    for protocol in Protocol::ALL {
        let said = recipes(&door(protocol, Clients::Required), &customer);
        let mut words: Vec<&str> = said.iter().map(|one| one.word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), said.len(), "{protocol}");
    }
}

#[test]
fn strange_folders_and_addresses_stay_one_value() {
    let customer = alice("/o'clock & more", "2001:db8::1");
    for (protocol, recipe) in all(Clients::Required, &customer) {
        let text = &recipe.text;
        let at = format!("{protocol} {}: {text}", recipe.word);
        if recipe.form == Form::Shell {
            assert!(!text.contains("/o'clock &"), "{at}");
        }
        assert!(!text.contains("//2001:db8::1"), "{at}");
        assert!(!text.contains("@2001:db8::1"), "{at}");
    }
    let psql = recipes(&door(Protocol::Postgres, Clients::Required), &customer);
    assert_eq!(
        psql[0].text,
        "psql 'postgresql://alice@[2001:db8::1]:7000/postgres?sslmode=verify-full&sslrootcert=/o%27clock%20%26%20more/ca.pem\
         &sslcert=/o%27clock%20%26%20more/cert.pem&sslkey=/o%27clock%20%26%20more/key.pem'"
    );
    let openssl = recipes(&door(Protocol::Tls, Clients::NotAsked), &customer);
    assert_eq!(
        openssl[0].text,
        "openssl s_client -connect '[2001:db8::1]:7000' -verify_ip 2001:db8::1 -verify_return_error \
         -CAfile '/o'\\''clock & more/ca.pem'"
    );
}

#[test]
fn a_path_that_no_line_holds_is_refused() {
    for (folder, why) in [
        ("/a\nb", "holds control characters"),
        ("/a\u{1b}b", "holds control characters"),
    ] {
        assert_eq!(Customer::new("alice", Path::new(folder), "h"), Err(why));
    }
}

#[test]
fn clients_call_a_service_by_its_first_host() {
    for (names, host) in [
        (
            &["127.0.0.1", "db.example.org", "db"][..],
            Some("db.example.org"),
        ),
        (&["*.example.org", "192.0.2.1"], Some("192.0.2.1")),
        (&["*.example.org"], None),
    ] {
        let service = Service {
            name: "db".to_owned(),
            kind: "template".to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            life: std::time::Duration::from_secs(1),
            settings: std::collections::BTreeMap::new(),
        };
        assert_eq!(usual_host(&service), host);
    }
}
