//! Contexts, made by docker itself.

use std::fs;
use std::path::PathBuf;

use sealock_testkit::lab::Version;
use sealock_testkit::process::call;

use super::settings::knocks_at;
use super::{BOTH, NO_CERTIFICATE, Shell, copy, endpoint, foreign_anchor};
use crate::common::Host;

#[test]
fn contexts_that_docker_made() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let shell = Shell::new(&host, "home");
    let made = |name: &str, docker: &str| {
        let words = ["context", "create", name, "--docker", docker];
        let _ = shell.docker(Version::V28, &words).ok();
    };
    let folder = copy(&host, "bundle");
    let file = |name: &str| folder.join(name).display().to_string();
    let (own, ca, cert, key) = (
        endpoint(&host),
        file("ca.pem"),
        file("cert.pem"),
        file("key.pem"),
    );
    let stranger = foreign_anchor(&host).display().to_string();

    made(
        "sound",
        &format!("host={own},ca={ca},cert={cert},key={key}"),
    );
    let sound = ["--context", "sound"];
    shell.gets_in(&sound).check(&["sound"]).expect_nothing();

    made("clear", &format!("host={own}"));
    let told = ["Client sent an HTTP request to an HTTPS server"];
    let found = shell
        .stops(&["--context", "clear"], &told)
        .check(&["clear"]);
    found.expect_first("SL-F501");
    // What is to be pasted mends it.
    let help = found.finding("SL-F501")["help"]
        .as_str()
        .unwrap()
        .to_owned();
    paste(&shell, &help, &folder);
    shell
        .gets_in(&["--context", "clear"])
        .check(&["clear"])
        .expect_nothing();

    made(
        "careless",
        &format!("host={own},ca={stranger},cert={cert},key={key},skip-tls-verify=true"),
    );
    // The anchor is a stranger's, and nothing comes of it.
    shell
        .gets_in(&["--context", "careless"])
        .check(&["careless"])
        .expect_first("SL-F502");

    made("roots", &format!("host={own},cert={cert},key={key}"));
    let told = ["certificate signed by unknown authority"];
    shell
        .stops(&["--context", "roots"], &told)
        .check(&["roots"])
        .expect_first("SL-F517");

    made("half", &format!("host={own},ca={ca},cert={cert}"));
    shell
        .stops(&["--context", "half"], &NO_CERTIFICATE)
        .check(&["half"])
        .expect_first("SL-F506");

    made("nobody", &format!("host={own},ca={ca}"));
    shell
        .stops(&["--context", "nobody"], &NO_CERTIFICATE)
        .check(&["nobody"])
        .expect_first("SL-F522");

    made(
        "below",
        &format!("host={own}/docker,ca={ca},cert={cert},key={key}"),
    );
    shell
        .stops(&["--context", "below"], &["page not found"])
        .check(&["below"])
        .expect_first("SL-F523");

    // In a context any scheme is TCP; others who read it may not think so.
    let web = own.replace("tcp://", "https://");
    made("web", &format!("host={web},ca={ca},cert={cert},key={key}"));
    shell
        .gets_in(&["--context", "web"])
        .check(&["web"])
        .expect_first("SL-F511");

    damage(&shell);
    by_hand(&shell);
}

/// The command of a finding's help, in the folder of the three files.
fn paste(shell: &Shell<'_>, help: &str, folder: &std::path::Path) {
    let cli = sealock_testkit::lab::lab().docker_cli(Version::V28);
    let line = help.replacen("docker ", &format!("{} ", cli.display()), 1);
    let script = format!(
        "cd {} && HOME={} && export HOME && {line}",
        folder.display(),
        shell.home.display()
    );
    let _ = call("sh", &["-ec", &script]).ok();
}

/// Files of a context that somebody else has touched.
fn damage(shell: &Shell<'_>) {
    let sound = ["--context", "sound"];
    let tls = tls_folder(shell, "sound");
    fs::write(tls.join("old-key.pem"), "").unwrap();
    for cli in BOTH {
        let said = shell.docker(cli, &[&sound[..], &super::ASK].concat());
        assert!(said.stderr.contains("unknown file"), "{said}");
    }
    shell
        .gets_in(&sound)
        .check(&["sound"])
        .expect_first("SL-F513");
    fs::remove_file(tls.join("old-key.pem")).unwrap();

    let meta = meta_of(shell, "sound");
    let text = fs::read_to_string(&meta).unwrap();
    fs::write(&meta, &text[..text.len() / 2]).unwrap();
    let chosen = shell.clone().set("DOCKER_CONTEXT", "sound");
    chosen.stops(&[], &["unexpected end of JSON input", "unexpected EOF"]);
    chosen.check(&[]).expect_first("SL-F514");
    fs::write(&meta, text).unwrap();

    // Its config.json is another matter: docker warns, and forgets which context was the current one.
    let config = shell.home.join(".docker/config.json");
    let _ = shell
        .docker(Version::V28, &["context", "use", "sound"])
        .ok();
    shell.gets_in(&[]).check(&[]).expect_nothing();
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace('}', "")).unwrap();
    for cli in BOTH {
        let said = shell.docker(cli, &["context", "ls"]);
        assert!(
            said.stderr.contains("WARNING: Error") && said.stderr.contains("config file"),
            "{cli:?}: {said}"
        );
        let current = said.stdout.lines().find(|line| line.contains(" * "));
        assert!(
            current.is_some_and(|line| line.starts_with("default")),
            "{said}"
        );
    }
    shell.check(&[]).expect_first("SL-F514");
    fs::write(&config, text).unwrap();

    let _ = shell
        .docker(Version::V28, &["context", "use", "default"])
        .ok();
    let gone = shell.clone().set("DOCKER_CONTEXT", "Sound");
    let told = ["context not found", "does not exist"];
    gone.stops(&[], &told).check(&[]).expect_first("SL-F510");
}

/// What `docker context create` would not write.
fn by_hand(shell: &Shell<'_>) {
    let meta = meta_of(shell, "sound");
    let text = fs::read_to_string(&meta).unwrap();
    let start = text.find("tcp://").unwrap();
    let end = start + text[start..].find('"').unwrap();
    let rewrite = |host: &str| {
        fs::write(&meta, format!("{}{host}{}", &text[..start], &text[end..])).unwrap();
    };
    let sound = ["--context", "sound"];
    let own = text[start..end].to_owned();

    rewrite(own.trim_start_matches("tcp://"));
    let told = ["unable to parse docker host", "first path segment in URL"];
    shell.stops(&sound, &told);
    shell.check(&["sound"]).expect_first("SL-F526");

    // Nothing is added: HTTP's own ports are tried.
    let address = format!("127.{}.3.9", std::process::id() % 250 + 1);
    rewrite(&format!("tcp://{address}"));
    for cli in BOTH {
        assert!(knocks_at(&address, 443, || {
            let said = shell.docker(cli, &[&sound[..], &super::ASK].concat());
            assert!(said.code != 0, "{said}");
        }));
    }
    let found = shell.check(&["sound"]);
    found.expect_first("SL-F507");
    let cause = found.finding("SL-F507")["spots"][0]["cause"].as_str();
    assert!(cause.unwrap().ends_with(":443"), "{found}");
    fs::write(&meta, &text).unwrap();
    shell.gets_in(&sound).check(&["sound"]).expect_nothing();
}

fn meta_of(shell: &Shell<'_>, name: &str) -> PathBuf {
    folder_of(shell, "meta", name).join("meta.json")
}

fn tls_folder(shell: &Shell<'_>, name: &str) -> PathBuf {
    folder_of(shell, "tls", name).join("docker")
}

fn folder_of(shell: &Shell<'_>, part: &str, name: &str) -> PathBuf {
    let digest = call("sh", &["-c", &format!("printf %s {name} | sha256sum")]).ok();
    let digest = digest.split_whitespace().next().unwrap().to_owned();
    shell.home.join(".docker/contexts").join(part).join(digest)
}
