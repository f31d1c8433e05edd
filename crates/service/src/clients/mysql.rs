//! MySQL and MariaDB: each has its own word for checking the name.

use super::quoting::sh;
use super::{Form, Recipe, Way, recipe};

pub(super) fn recipes(way: &Way<'_>) -> Vec<Recipe> {
    let mut files = format!("--ssl-ca={}", sh(&way.ca()));
    if way.shows() {
        files.push_str(&format!(
            " --ssl-cert={} --ssl-key={}",
            sh(&way.cert()),
            sh(&way.key())
        ));
    }
    let whom = format!(
        "--host={} --port={} --user={}{}",
        way.host(),
        way.port(),
        sh(way.customer.name()),
        // Who has no certificate has a password, which is asked for.
        if way.shows() { "" } else { " --password" }
    );
    let protocol = "--protocol=tcp";
    vec![
        recipe(
            "mariadb",
            "mariadb, of MariaDB",
            Form::Shell,
            format!("mariadb {protocol} --ssl-verify-server-cert {files} {whom}"),
        )
        .note("Without --ssl-verify-server-cert any certificate of a server will do. --password without a value asks for it."),
        recipe(
            "mysql",
            "mysql, of MySQL 8",
            Form::Shell,
            format!("mysql {protocol} --ssl-mode=VERIFY_IDENTITY {files} {whom}"),
        )
        .note("--ssl-mode=REQUIRED encrypts and verifies nobody."),
    ]
}
