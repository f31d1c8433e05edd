//! SQLPad as it is set up wrongly, and what is said of it.

use std::fs;

use sealock_testkit::lab::lab;
use sealock_testkit::process::Outcome;
use sealock_testkit::server::{Server, Spec};
use sealock_testkit::{Network, Sqlpad};
use serde_json::Value;

use super::{SECRET, Stage, curl};
use crate::common::Sealock;

/// What SQLPad 7 does with a header: the rest of it is not there.
const SEVEN: &str = include_str!("header_seven.js");

/// Code, cause and help of everything that `check` finds about SQLPad's configuration.
fn findings(checked: &Outcome) -> Vec<[String; 3]> {
    let value: Value = serde_json::from_str(&checked.stdout).expect("findings");
    let mut all = Vec::new();
    for report in value["reports"].as_array().expect("reports") {
        for finding in report["findings"].as_array().into_iter().flatten() {
            spots(finding, &mut all);
        }
    }
    all.sort();
    all
}

fn spots(finding: &Value, all: &mut Vec<[String; 3]>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let code = text(&finding["code"]);
    if ["SL-F660", "SL-F661", "SL-F662"].contains(&&*code) {
        for spot in finding["spots"].as_array().into_iter().flatten() {
            all.push([code.clone(), text(&spot["cause"]), text(&finding["help"])]);
        }
    }
    for other in finding["consequences"].as_array().into_iter().flatten() {
        spots(other, all);
    }
}

/// 3.1.0 with what generation 7 reads: it starts, says nothing, and everybody reads along.
#[test]
fn variables_of_another_generation_mean_plain_http_without_a_word() {
    let stage = Stage::new();
    stage.add("7", "");
    let files = ["KEY", "CERT"].map(|one| format!("SQLPAD_HTTPS_{one}_PATH=/nowhere\n"));
    let seven = [Sqlpad::SETTINGS, &files.concat()].concat();
    stage.sqlpad.configure(&seven);
    stage.sqlpad.server().restart();
    let said = stage.sqlpad.server().log();
    assert!(
        !said.contains("HTTPS_") && said.contains("Visit http://"),
        "{said}"
    );
    let clear = stage.url("/").replace("https", "http");
    let page = curl(None, &[&clear]).ok();
    assert!(page.contains("<title>SQLPad</title>"), "{page}");

    // The version is that of the process that listens.
    let check = || stage.host.sealock.run(&["--json", "check"]);
    let found = findings(&check());
    let [[code, cause, help]] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(code, "SL-F660");
    assert!(
        cause.contains("SQLPad 3.1.0 and reads KEY_PATH and CERT_PATH")
            && cause.contains("serves plain HTTP"),
        "{cause}"
    );
    assert!(help.contains("generation = \"3\""), "{help}");

    // The right generation in the table, and the process as it was.
    let path = stage.host.sealock.config();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("generation = \"7\"", "generation = \"3\""),
    )
    .unwrap();
    let found = findings(&check());
    assert_eq!(found.len(), 1, "{found:?}");
    let cause =
        "SQLPAD_HTTPS_KEY_PATH and SQLPAD_HTTPS_CERT_PATH are there, which it does not read";
    assert!(found[0][1].starts_with(cause), "{found:?}");
    let _ = stage.sealock(&["apply"]).expect_code(0);
    let ca = stage.ca();
    assert!(curl(Some(&ca), &[&stage.url("/")]).ok().contains("SQLPad"));
    assert_eq!(findings(&check()), [[""; 3]; 0]);

    // Our file, written over by hand: the process still has what it began with, and the next start would not.
    let by_hand = "# mine\nSQLPAD_HTTPS_KEY_PATH=/k\nSQLPAD_HTTPS_CERT_PATH=/c\n";
    fs::write(stage.sqlpad.environment(), by_hand).unwrap();
    let found = findings(&check());
    assert_eq!(found.len(), 1, "{found:?}");
    let cause = "SQLPAD_HTTPS_KEY_PATH is not read by generation 3";
    assert!(
        found[0][1].starts_with(cause) && found[0][2] == "sealock apply",
        "{found:?}"
    );
    let _ = stage.sealock(&["apply"]).expect_code(0);
    assert_eq!(findings(&check()), [[""; 3]; 0]);

    known_secrets(&stage, &check);
    if whole() {
        fs::write(&path, text).unwrap();
        an_apply_does_not_let_it_stand(&stage);
    }
}

/// None of its own, one that is published, and one that it tells everybody; what they are is not told.
fn known_secrets(stage: &Stage, check: &dyn Fn() -> Outcome) {
    const PUBLIC: &str = "At least the sensitive bits won't be plain text?";
    let own: String = Sqlpad::SETTINGS
        .lines()
        .filter(|line| !line.contains("of-the-test"))
        .map(|line| format!("{line}\n"))
        .collect();
    stage.sqlpad.configure(&format!(
        "{own}SQLPAD_PASSPHRASE={PUBLIC}\nPUBLIC_URL={}\nGOOGLE_CLIENT_ID=a\nGOOGLE_CLIENT_SECRET={SECRET}\n",
        stage.url("")
    ));
    stage.sqlpad.server().restart();
    let checked = check();
    let found = findings(&checked);
    assert!(found.iter().all(|one| one[0] == "SL-F661"), "{found:?}");
    for (at, cause) in [
        "SQLPAD_COOKIE_SECRET is not set",
        "SQLPAD_PASSPHRASE has the value",
        "SQLPad 3.1.0 tells everybody who asks for /api/app what GOOGLE_CLIENT_SECRET is",
    ]
    .iter()
    .enumerate()
    {
        assert!(found[at][1].starts_with(cause), "{found:?}");
    }
    assert!(
        !checked.stdout.contains(PUBLIC) && !checked.stdout.contains(SECRET),
        "{checked}"
    );
    let app = curl(Some(&stage.ca()), &[&stage.url("/api/app")]).ok();
    assert!(app.contains(SECRET), "{app}");
    stage.sqlpad.configure(Sqlpad::SETTINGS);
    stage.sqlpad.server().restart();
}

/// On an address that others reach, in a network of its own: the header is believed, whoever sends it.
#[test]
fn a_header_that_anybody_can_write() {
    let network = Network::new();
    let server = |ip: &str| {
        let variables = [
            "SQLPAD_PORT=3000",
            "SQLPAD_AUTH_PROXY_ENABLED=true",
            "SQLPAD_AUTH_PROXY_HEADERS=email:X-WEBAUTH-EMAIL",
            "SQLPAD_COOKIE_SECRET=of-the-test",
            "SQLPAD_PASSPHRASE=of-the-test",
        ];
        let mut command = vec!["env".to_owned(), format!("SQLPAD_IP={ip}")];
        command.extend(variables.map(str::to_owned));
        command.push(lab().node().display().to_string());
        command.push("@FOLDER@/server.js".to_owned());
        let server = Server::prepare(&Spec {
            name: "seven",
            command,
            ready: "Welcome to SQLPad",
            user: None,
            network: Some(&network),
            libraries: lab().neighbour_libraries(),
        });
        server.write("server.js", SEVEN);
        server.write(
            "package.json",
            "{\"name\": \"sqlpad\", \"version\": \"7.5.6\"}\n",
        );
        server.start();
        server
    };
    let open = server("0.0.0.0");
    let sealock = Sealock::in_folder(open.folder());
    let at = |name: &str| open.join(name).display().to_string();
    let table = format!(
        "version = 1\n[daemon]\nlisten = [\"127.0.0.1:2376\"]\nnames = [\"localhost\"]\n[[service]]\nname = \"pad\"\nkind = \"sqlpad\"\ngeneration = \"7\"\nnames = [\"localhost\"]\n\
         address = \"127.0.0.1:3000\"\ncert = \"{}\"\nkey = \"{}\"\nenvironment = \"{}\"\n\
         restart = \"true\"\nauth-proxy-header = \"X-WEBAUTH-EMAIL\"\n",
        at("cert.pem"),
        at("key.pem"),
        at("sealock.env")
    );
    open.write("sealock.toml", table);
    let check = || network.run(&sealock.command(&["--json", "check"]));
    let forged = network.sh(
        "curl -sS --noproxy '*' -m 60 -H 'X-WEBAUTH-EMAIL: admin@example.org' http://10.77.0.254:3000/api/app",
    );
    assert!(forged.ok().contains("\"email\":\"admin@example.org\""));
    let found = findings(&check());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0][0], "SL-F662");
    assert!(found[0][2].contains("SQLPAD_IP=127.0.0.1"), "{found:?}");

    open.stop();
    let _closed = server("127.0.0.1");
    let refused = network.sh("curl -sS --noproxy '*' -m 60 http://10.77.0.254:3000/");
    assert_ne!(refused.code, 0, "{refused}");
    assert_eq!(findings(&check()), [[""; 3]; 0]);
}

/// It is looked at for as long as a start may take, and then put back.
fn an_apply_does_not_let_it_stand(stage: &Stage) {
    let before = fs::read(stage.sqlpad.environment()).unwrap();
    let refused = stage.sealock(&["apply"]).expect_code(4);
    assert!(
        refused.stderr.contains("rolled back and verified"),
        "{refused}"
    );
    assert_eq!(fs::read(stage.sqlpad.environment()).unwrap(), before);
    let page = curl(Some(&stage.ca()), &[&stage.url("/")]).ok();
    assert!(page.contains("<title>SQLPad</title>"), "{page}");
}

/// Whether the long forms are asked for: `SEALOCK_SWEEP=all`.
fn whole() -> bool {
    std::env::var_os("SEALOCK_SWEEP").is_some_and(|value| value == "all")
}
