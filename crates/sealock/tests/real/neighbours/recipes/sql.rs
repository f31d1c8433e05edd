//! Clients of SQL Server, against the double.

use std::fs;
use std::path::Path;

use sealock_testkit::process::{Outcome, call, free_port};
use sealock_testkit::{TdsDouble, TdsMode};

use super::stage::{Files, Recipe, Stage, recipe};
use super::{Trial, try_all};

/// A double with the files of the service `sql`, which is written with its port.
fn serve(stage: &Stage, mode: TdsMode, more: &str) -> TdsDouble {
    // The double chooses its port when it has its files, and its files are told with a port.
    let folder = stage.service("sql", free_port(), more);
    let double = TdsDouble::start(mode, &folder.join("cert.pem"), &folder.join("key.pem"));
    let config = stage.sealock().config();
    let text = fs::read_to_string(&config).unwrap();
    let (before, after) = text.split_once("address = \"").unwrap();
    let (_, after) = after.split_once('"').unwrap();
    let address = double.address();
    fs::write(&config, format!("{before}address = \"{address}\"{after}")).unwrap();
    double
}

const TABLE: &str = "kind = \"mssql\"\nconfig = \"@FOLDER@/mssql.conf\"";
/// Rows of the double name the version: TLS inside of packets, and around them.
const IN_BAND: &str = "TLS 1.2";
const AROUND: &str = "TLS 1.3";
const ROW: &str = "print('row', *cursor.fetchall()[0])";

#[test]
fn sql_server() {
    let stage = Stage::new();
    let double = serve(&stage, TdsMode::Required, TABLE);
    // FreeTDS's file is the place of the anchor: it goes with each of its clients.
    let settle = |work: &Path, files: Files| {
        let text = recipe(&stage.shown("sql", files), "freetds").text;
        fs::write(work.join("freetds.conf"), text).unwrap();
    };
    let query = format!("cursor = connection.cursor()\ncursor.execute('select 1')\n{ROW}");
    let trials = [
        Trial::new("tsql", IN_BAND, |one, work, files| {
            settle(work, files);
            stage.sh(work, &one.text, "secret\nselect 1\ngo\n")
        }),
        Trial::new("freetds-odbc", IN_BAND, |one, work, files| {
            settle(work, files);
            odbc(&stage, work, one, "")
        }),
        Trial::new("pymssql", IN_BAND, |one, work, files| {
            settle(work, files);
            stage.program(work, one, &query, "tds-python", "secret\n")
        }),
        Trial::new("python-tds", IN_BAND, |one, work, _| {
            stage.program(work, one, &query, "tds-python", "secret\n")
        }),
        microsoft(&stage, IN_BAND),
        tedious(&stage, IN_BAND),
    ];
    let trials = trials.map(Trial::shows_nothing);
    try_all(&stage, "sql", &trials, || restart(&double));
    all_encrypted(&double, trials.len(), false);
    what_the_notes_warn_of(&stage);
}

/// It reads its files again.
fn restart(double: &TdsDouble) {
    let _ = call("bash", &["-c", &double.restart_command()]).ok();
}

/// FreeTDS believes everybody where its file names no anchor, and where its file is not asked.
fn what_the_notes_warn_of(stage: &Stage) {
    let shown = stage.shown("sql", Files::Deceived);
    let (file, section) = (recipe(&shown, "freetds"), recipe(&shown, "freetds-odbc"));
    let work = stage.work();
    let without: Vec<&str> = file
        .text
        .lines()
        .filter(|line| !line.starts_with("ca file"))
        .collect();
    fs::write(work.join("freetds.conf"), without.join("\n")).unwrap();
    let said = odbc(stage, &work, &section, "").expect_code(0);
    assert!(said.stdout.contains("TLS 1.2"), "{said}");

    let work = stage.work();
    fs::write(work.join("freetds.conf"), &file.text).unwrap();
    let said = odbc(stage, &work, &section, "");
    assert_ne!(said.code, 0, "{said}");
    let port = file.text.lines().find(|line| line.starts_with("port"));
    let port = port.unwrap().replace(' ', "");
    let past = Recipe {
        text: section.text.replace("Servername=", "Server=") + ";" + &port,
        ..section
    };
    let said = odbc(stage, &work, &past, "").expect_code(0);
    assert!(said.stdout.contains("TLS 1.2"), "{said}");
}

#[test]
fn sql_server_that_speaks_tds_8_alone() {
    let stage = Stage::new();
    let more = format!("{TABLE}\nversion = \"2025\"\nstrict = true");
    let double = serve(&stage, TdsMode::Strict, &more);
    let trials = [microsoft(&stage, AROUND), tedious(&stage, AROUND)];
    let trials = trials.map(Trial::shows_nothing);
    try_all(&stage, "sql", &trials, || restart(&double));
    let shown = stage.shown("sql", Files::Ours);
    let words = shown["recipes"].as_array().unwrap().iter();
    let words: Vec<&str> = words.filter_map(|one| one["word"].as_str()).collect();
    assert!(!words.contains(&"pymssql"), "{words:?}");
    all_encrypted(&double, 2, true);
}

/// Microsoft's driver, whose anchor is in the environment as the recipe of sqlcmd has it.
fn microsoft<'a>(stage: &'a Stage, good: &'static str) -> Trial<'a> {
    Trial::new("odbc", good, |one, work, files| {
        let sqlcmd = recipe(&stage.shown("sql", files), "sqlcmd").text;
        let (anchor, _) = sqlcmd.split_once(" sqlcmd -S ").unwrap();
        assert!(anchor.starts_with("SSL_CERT_FILE="), "{sqlcmd}");
        odbc(stage, work, one, anchor)
    })
}

/// A connection string, with who comes added to it.
fn odbc(stage: &Stage, work: &Path, one: &Recipe, environment: &str) -> Outcome {
    assert_eq!(one.form, "connection string");
    let isql = format!(
        "{environment} isql -b -v -k '{};UID=alice;PWD=secret'",
        one.text
    );
    stage.sh(work, &isql, "select 1\n\n")
}

fn tedious<'a>(stage: &'a Stage, good: &'static str) -> Trial<'a> {
    Trial::new("tedious", good, |one, work, _| {
        fs::write(work.join("password"), "secret\n").unwrap();
        stage.program(work, one, ASK, "node", "")
    })
}

/// What asks the double one thing with tedious.
const ASK: &str = "
const { Request } = require('tedious');
connection.on('connect', (error) => {
  if (error) {
    console.error(String(error), String(error.cause || ''));
    process.exit(1);
  }
  const request = new Request('select 1', (failed) => {
    process.exitCode = failed ? 1 : 0;
    connection.close();
  });
  request.on('row', (columns) => console.log(columns.map((column) => column.value).join(' ')));
  connection.execSqlBatch(request);
});
connection.connect();";

/// Who believed in the server logged in, encrypted to the end; nobody else said a name.
fn all_encrypted(double: &TdsDouble, count: usize, strict: bool) {
    let logins = double.logins();
    assert_eq!(logins.len(), count, "{logins:#?}");
    for login in logins {
        assert!(
            login.user == "alice" && login.lasting && login.tls.is_some(),
            "{login:?}"
        );
        assert_eq!(login.strict, strict);
    }
}
