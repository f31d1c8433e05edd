//! libpq and what is built on it, and JDBC.
//!
//! `verify-full` is the only word that checks both the anchor and the name (PostgreSQL 15, §34.19).

use super::quoting::{percent, sh};
use super::{Form, Recipe, Way, recipe};

const SCRAM: &str = "Where pg_hba.conf asks for a password as well, it stands in ~/.pgpass with mode 0600, in a line \
                     HOST:PORT:DATABASE:USER:PASSWORD; not in the address.";

pub(super) fn recipes(way: &Way<'_>) -> Vec<Recipe> {
    let uri = uri(way);
    let mut psql = recipe(
        "psql",
        "psql, and everything with libpq",
        Form::Shell,
        format!("psql {}", sh(&uri)),
    )
    .note(SCRAM);
    if way.shows() {
        psql = psql.note("libpq wants a key that is its user's own and has mode 0600.");
    }
    let mut recipes = vec![psql, environment(way)];
    recipes.extend(jdbc(way));
    recipes
}

/// `postgresql://…` (PostgreSQL 15, §34.1.1.2).
fn uri(way: &Way<'_>) -> String {
    let mut uri = format!(
        "postgresql://{}@{}/postgres?sslmode=verify-full&sslrootcert={}",
        percent(way.customer.name()),
        way.authority(),
        percent(&way.ca())
    );
    if way.shows() {
        uri.push_str(&format!(
            "&sslcert={}&sslkey={}",
            percent(&way.cert()),
            percent(&way.key())
        ));
    }
    uri
}

/// The same for programs that are told nothing: psycopg, pg_dump, PHP, Ruby.
fn environment(way: &Way<'_>) -> Recipe {
    let mut values = vec![
        ("PGHOST", way.host().to_owned()),
        ("PGPORT", way.port().to_owned()),
        ("PGUSER", way.customer.name().to_owned()),
        ("PGDATABASE", "postgres".to_owned()),
        ("PGSSLMODE", "verify-full".to_owned()),
        ("PGSSLROOTCERT", way.ca()),
    ];
    if way.shows() {
        values.push(("PGSSLCERT", way.cert()));
        values.push(("PGSSLKEY", way.key()));
    }
    let lines: Vec<String> = values
        .iter()
        .map(|(name, value)| format!("export {name}={}", sh(value)))
        .collect();
    recipe(
        "libpq-environment",
        "the same in the environment of psycopg, pg_dump, PHP, Ruby",
        Form::Shell,
        lines.join("\n"),
    )
}

/// pgJDBC reads keys in DER only.
fn jdbc(way: &Way<'_>) -> Vec<Recipe> {
    let mut url = format!(
        "jdbc:postgresql://{}/postgres?user={}&sslmode=verify-full&sslrootcert={}",
        way.authority(),
        percent(way.customer.name()),
        percent(&way.ca())
    );
    let connection = |url| recipe("postgres-jdbc", "JDBC (pgJDBC 42)", Form::Connection, url);
    if !way.shows() {
        return vec![connection(url)];
    }
    let key = format!("{}.pk8", way.customer.name());
    url.push_str(&format!(
        "&sslcert={}&sslkey={}",
        percent(&way.cert()),
        percent(&key)
    ));
    let made = format!(
        "(umask 077; openssl pkcs8 -topk8 -nocrypt -outform DER -in {} -out {})",
        sh(&way.key()),
        sh(&key)
    );
    vec![
        recipe(
            "postgres-jdbc-key",
            "JDBC: its form of the key",
            Form::Shell,
            made,
        )
        .note("After a renewal it is made anew."),
        connection(url),
    ]
}
