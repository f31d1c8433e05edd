//! What `sealock check` says of the configuration of services is so: the door that it tells of stands open, and when it is
//! closed nothing is said.

use std::fs;
use std::path::Path;

use sealock_testkit::process::{Outcome, free_port, run};
use sealock_testkit::server::{Server, Spec};
use sealock_testkit::tds::self_generated;
use sealock_testkit::{Network, Scratch, TdsDouble, TdsMode, lab};
use serde_json::Value;

use super::postgres::{CLEAR, Stage};
use super::tds::tsql;
use crate::common::Sealock;

/// Places and causes that a look tells under this code.
#[track_caller]
fn told(sealock: &Sealock, code: &str) -> Vec<(String, String)> {
    let said = run(&mut sealock.command(&["--json", "check", "--short"]));
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said}"));
    let findings = report["reports"][0]["findings"].as_array().unwrap();
    let findings = findings.iter().filter(|finding| finding["code"] == code);
    let spots = findings.flat_map(|finding| finding["spots"].as_array().unwrap());
    spots
        .map(|spot| {
            let word = |key: &str| spot[key].as_str().unwrap().to_owned();
            (word("where"), word("cause"))
        })
        .collect()
}

/// One place, whose end this is, with a cause that has these words in it.
#[track_caller]
fn expect_one(sealock: &Sealock, code: &str, place: &str, words: &str) {
    let found = told(sealock, code);
    let [(at, cause)] = &*found else {
        panic!("{code}: {found:?}");
    };
    assert!(at.ends_with(place) && cause.contains(words), "{found:?}");
}

#[test]
fn users_come_into_postgresql_past_tls_or_without_a_certificate() {
    const CODE: &str = "SL-F663";
    let stage = Stage::new();
    let sealock = &stage.host.sealock;
    let alone = |rules: &str| {
        stage.postgres.hba(rules);
        let _ = stage
            .postgres
            .sql("select pg_reload_conf(), pg_sleep(0.1)")
            .ok();
    };
    let both = "lets whoever comes from this host itself in without TLS and without a certificate";
    let found = told(sealock, CODE);
    let places: Vec<&str> = found
        .iter()
        .map(|(place, _)| place.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(places, ["pg_hba.conf, line 3", "pg_hba.conf, line 4"]);
    assert!(found.iter().all(|(_, cause)| cause.ends_with(both)));
    let _ = stage.postgres.psql(CLEAR, "select 1").expect_code(0);

    // Behind lines that decide about everybody one that lets everybody in says nothing, and nobody gets in by it.
    let first = "hostnossl all,replication all all reject\n";
    alone(&format!(
        "{first}hostssl all all all cert\nhost all all all trust\n"
    ));
    assert_eq!(told(sealock, CODE), []);
    sealock_testkit::process::wait_for(
        "the line that rejects",
        std::time::Duration::from_secs(60),
        || stage.postgres.psql(CLEAR, "select 1").code != 0,
    );

    // Ours closes it. TLS without a certificate is told too, when its owner opens it again.
    alone("host all all 127.0.0.1/32 trust\n");
    let _ = stage.sealock(&["apply"]).expect_code(0);
    assert_eq!(told(sealock, CODE), []);
    stage.is_refused(CLEAR, "no encryption");
    let ours = stage.hba();
    let open = ours.replacen("hostssl", "hostssl all alice 127.0.0.0/8 trust\nhostssl", 1);
    fs::write(stage.file("pg_hba.conf"), &open).unwrap();
    expect_one(
        sealock,
        CODE,
        "pg_hba.conf, line 2",
        "in without a certificate",
    );
    let _ = stage.postgres.sql("select pg_reload_conf()").ok();
    sealock_testkit::process::wait_for(
        "TLS without a certificate",
        std::time::Duration::from_secs(60),
        || {
            let without = stage.tls("alice", false);
            stage.postgres.psql(&without, "select 1").code == 0
        },
    );

    // The whole way back takes out what is ours, and leaves the line.
    let said = stage.sealock(&["down"]).expect_code(0);
    assert!(
        said.stderr.contains("pg_hba.conf was edited since"),
        "{said}"
    );
    assert_eq!(
        stage.hba(),
        "local all all trust\nhostssl all alice 127.0.0.0/8 trust\nhost all all 127.0.0.1/32 trust\n"
    );
    stage.host.lives();
}

/// A `sealock.toml` of its own, for looks at a host that has no daemon.
fn alone(folder: &Path) -> Sealock {
    let sealock = Sealock::in_folder(folder);
    fs::write(sealock.config(), "version = 1\n[daemon]\n").unwrap();
    sealock
}

#[test]
fn a_registry_lets_everybody_in() {
    const OPEN: &str = "SL-F665";
    const PLAIN: &str = "SL-F666";
    let (network, folder) = (Network::new(), Scratch::new("remarks"));
    let (cert, key) = self_generated(folder.path());
    let [cert, key] = [cert, key].map(|path| path.display().to_string());
    let program = lab().peer("usr/bin/docker-registry");
    let start = format!(
        "set -a; . @FOLDER@/environment; exec {} serve @FOLDER@/config.yml",
        program.get_program().to_string_lossy()
    );
    let server = Server::prepare(&Spec {
        name: "registry",
        command: ["sh", "-ec", &start].map(str::to_owned).to_vec(),
        ready: "listening on",
        user: None,
        network: Some(&network),
        libraries: lab().neighbour_libraries(),
    });
    let sealock = alone(folder.path());
    let own = |name: &str| server.join(name).display().to_string();
    let table = |key: &str, name: &str| format!("{key}={}", own(name));
    let address = format!("{}:5000", server.address());
    let mut words = vec!["--yes", "service", "add", "images", "--kind", "registry"];
    words.extend(["--names", server.address(), "--address", &address]);
    let (config, environment) = (
        table("config", "config.yml"),
        table("environment", "environment"),
    );
    words.extend(["--set", &config, "--set", &environment]);
    let _ = sealock.run(&words).expect_code(0);

    let pair = format!("  tls:\n    certificate: {cert}\n    key: {key}\n");
    let serve = |http: &str, variables: &str| {
        let _ = server.write(
            "config.yml",
            format!(
                "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n  \
                 secret: not-one\n{http}",
                own("data")
            ),
        );
        let _ = server.write("environment", variables);
        server.restart();
    };
    let stranger = |scheme: &str| -> Outcome {
        network.sh(&format!("curl -sk -m 60 {scheme}://{address}/v2/"))
    };

    // The form of other programs for the first of a list, and an empty list over that of the file.
    serve(&pair, &format!("REGISTRY_HTTP_TLS_CLIENTCAS_0={cert}\n"));
    expect_one(&sealock, OPEN, "environment, line 1", "passes over");
    assert_eq!(stranger("https").expect_code(0).stdout, "{}");
    let whole = format!("{pair}    clientcas:\n      - {cert}\n");
    serve(&whole, "REGISTRY_HTTP_TLS_CLIENTCAS=\n");
    expect_one(&sealock, OPEN, "environment, line 1", "is empty");
    assert_eq!(stranger("https").expect_code(0).stdout, "{}");
    serve(&pair, "");
    expect_one(&sealock, OPEN, "config.yml, line 10", "no clientcas");
    assert_eq!(stranger("https").expect_code(0).stdout, "{}");
    // The form that works, as a variable and in the file.
    serve(&pair, &format!("REGISTRY_HTTP_TLS_CLIENTCAS='[{cert}]'\n"));
    assert_eq!(told(&sealock, OPEN), []);
    assert_ne!(stranger("https").code, 0);
    serve(&whole, "");
    assert_eq!([told(&sealock, OPEN), told(&sealock, PLAIN)], [[], []]);
    assert_ne!(stranger("https").code, 0);

    // Half of it, nothing of it, and an empty variable over it.
    for (http, variables, place) in [
        (
            whole.replace("certificate:", "minimumtls: tls1.2 #"),
            "",
            "config.yml, line 10",
        ),
        (String::new(), "", "config.yml, line 7"),
        (
            whole.clone(),
            "REGISTRY_HTTP_TLS_CERTIFICATE=\n",
            "environment, line 1",
        ),
    ] {
        serve(&http, variables);
        expect_one(&sealock, PLAIN, place, "plain HTTP");
        assert_eq!(stranger("http").expect_code(0).stdout, "{}");
    }
    // The door for debugging, for everybody and for this host.
    let debug = |at: &str| format!("{whole}  debug:\n    addr: {at}:5001\n");
    serve(&debug(""), "");
    expect_one(
        &sealock,
        PLAIN,
        "config.yml, line 16",
        "memory of the process",
    );
    let heap = "-o /dev/null -w '%{http_code} %{content_type}'";
    let url = format!("http://{}:5001/debug/pprof/heap", server.address());
    let got = network.sh(&format!("curl -s -m 60 {heap} {url}")).ok();
    assert!(got.starts_with("200 application/octet-stream"), "{got}");
    serve(&debug("127.0.0.1"), "");
    assert_eq!(told(&sealock, PLAIN), []);
    assert_ne!(network.sh(&format!("curl -s -m 60 {url}")).code, 0);
}

#[test]
fn a_sql_server_leaves_encryption_to_its_clients() {
    const CODE: &str = "SL-F664";
    let folder = Scratch::new("remarks");
    let sealock = alone(folder.path());
    let (cert, key) = self_generated(folder.path());
    let config = folder.path().join("mssql.conf");
    // Nobody listens there: what stands in a file is told all the same.
    let address = format!("127.0.0.1:{}", free_port());
    let mut words = vec!["--yes", "service", "add", "sql", "--kind", "mssql"];
    let set = format!("config={}", config.display());
    words.extend(["--names", "localhost", "--address", &address, "--set", &set]);
    let _ = sealock.run(&words).expect_code(0);

    let network = format!(
        "[network]\ntlscert = {}\ntlskey = {}\n",
        cert.display(),
        key.display()
    );
    for (more, place, words) in [
        (
            "tlsprotocols = 1.2\n",
            "mssql.conf, [network]",
            "forceencryption is not set",
        ),
        (
            "tlsprotocols = 1.2\nforceencryption = 0\n",
            "mssql.conf, line 5",
            "forceencryption = 0",
        ),
        (
            "forceencryption = 1\n",
            "mssql.conf, [network]",
            "tlsprotocols is not set",
        ),
        (
            "forceencryption = 1\ntlsprotocols = 1.2,1.1\n",
            "mssql.conf, line 5",
            "RFC 8996",
        ),
    ] {
        fs::write(&config, format!("{network}{more}")).unwrap();
        expect_one(&sealock, CODE, place, words);
    }
    fs::write(
        &config,
        format!("{network}forceencryption = 1\ntlsprotocols = 1.2\n"),
    )
    .unwrap();
    assert_eq!(told(&sealock, CODE), []);

    // What `forceencryption = 0` and `1` do to a client that wants no encryption.
    let login = |mode| {
        let double = TdsDouble::start(mode, &cert, &key);
        let _ = tsql(&double, &folder, "off");
        double.logins()
    };
    let open = login(TdsMode::Off);
    assert!(
        open.len() == 1 && !open[0].lasting,
        "its queries travel in clear text: {open:?}"
    );
    let forced = login(TdsMode::Required);
    assert!(forced.iter().all(|login| login.lasting), "{forced:?}");
}
