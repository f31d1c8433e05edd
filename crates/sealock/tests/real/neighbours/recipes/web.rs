//! HTTPS: curl, Python, Java.

use std::fs;
use std::path::{Path, PathBuf};

use sealock_testkit::process::{Outcome, free_port};
use sealock_testkit::server::Server;

use super::pages::block;
use super::stage::{Files, Stage, recipe};
use super::{Trial, helper, openssl, python_server, try_all};

const JAVA: &str = include_str!("../../../../../../docs/clients/java.md");

/// What the server says to whom it lets in.
pub(super) const HELLO: &str = "hello alice";

/// A web server for clients with certificates, and its address.
pub(super) fn serve(stage: &Stage) -> (Server, String) {
    let port = free_port();
    let folder = stage.service(
        "web",
        port,
        "kind = \"template\"\nprobe = \"https\"\nca = \"@CA@\"",
    );
    let server = python_server("https", port, &folder);
    (server, format!("https://localhost:{port}/"))
}

/// The Java programs of this folder, compiled.
pub(super) fn classes(stage: &Stage) -> PathBuf {
    let work = stage.work();
    let compile = format!(
        "java -m jdk.compiler/com.sun.tools.javac.Main -d . {} {}",
        helper("Get.java").display(),
        helper("Query.java").display()
    );
    let _ = stage.sh(&work, &compile, "").expect_code(0);
    work
}

#[test]
fn https() {
    let stage = Stage::new();
    let (server, _) = serve(&stage);
    let trials = [
        Trial::new("curl", HELLO, |one, work, _| stage.sh(work, &one.text, "")),
        Trial::new("python", HELLO, |one, work, _| {
            let more = "print(answer.read().decode())";
            stage.program(work, one, more, "/usr/bin/python3", "")
        }),
        openssl(&stage),
    ];
    try_all(&stage, "web", &trials, || server.restart());
}

#[test]
fn java() {
    let stage = Stage::new();
    let (server, url) = serve(&stage);
    let classes = classes(&stage);
    let get = |work: &Path| {
        let get = format!("java @java.args -cp {} Get {url}", classes.display());
        stage.sh(work, &get, "")
    };
    for (files, wanted) in [
        (Files::Ours, None),
        (Files::Deceived, Some("SL-F316")),
        (Files::Foreign, Some("SL-F338")),
    ] {
        let work = stage.work();
        stores(&stage, &work, files);
        match wanted {
            None => {
                let said = get(&work).expect_code(0);
                assert_eq!(said.stdout.trim(), HELLO, "{said}");
                as_the_page_says(&stage, &work);
                let words = fs::read_to_string(work.join("java.args")).unwrap();
                nothing_to_show(&stage, &work, &get);
                // Our archives take 600,000 rounds and not 2048, which Java's better compiler makes shorter.
                let words = format!("{words}-XX:TieredStopAtLevel=4\n");
                fs::write(work.join("java.args"), words).unwrap();
                with_an_archive_of_ours(&stage, &work, &get);
            }
            Some(code) => is_explained(&stage, || get(&work), code),
        }
    }
    let work = stage.work();
    stores(&stage, &work, Files::Ours);
    stage.misname("web");
    server.restart();
    is_explained(&stage, || get(&work), "SL-F304");
    server.stop();
    is_explained(&stage, || get(&work), "SL-F901");
}

/// Both stores and the file that names them, by the recipes.
fn stores(stage: &Stage, work: &Path, files: Files) {
    let shown = stage.shown("web", files);
    let pkcs12 = recipe(&shown, "pkcs12").text;
    let _ = stage.sh(work, &pkcs12, "secret\nsecret\n").expect_code(0);
    let trust = recipe(&shown, "java-trust").text;
    let _ = stage.sh(work, &trust, "").expect_code(0);
    let words = recipe(&shown, "java");
    assert_eq!(words.form, "java.args");
    let password = "-Djavax.net.ssl.keyStorePassword=secret";
    let text = format!("{}\n{password}\n", words.text);
    fs::write(work.join("java.args"), text).unwrap();
}

/// The page has the same commands, with the client's files in the folder where somebody is.
fn as_the_page_says(stage: &Stage, work: &Path) {
    let shown = stage.shown("web", Files::Deceived);
    let folder = format!("{}/", stage.path("deceived").display());
    for (word, name) in [("pkcs12", "pkcs12"), ("java-trust", "trust")] {
        let text = recipe(&shown, word).text.replace(&folder, "");
        assert_eq!(block(JAVA, name), text, "{word}");
    }
    let words = fs::read_to_string(work.join("java.args")).unwrap();
    let words = words
        .trim()
        .replace('"', "")
        .replace("secret", "PASSPHRASE");
    assert_eq!(block(JAVA, "java.args"), words);
}

/// The PKCS#12 file of a new certificate, which we write ourselves.
fn with_an_archive_of_ours(stage: &Stage, work: &Path, get: &dyn Fn(&Path) -> Outcome) {
    let file = |name: &str| work.join(name).display().to_string();
    fs::write(work.join("passphrase"), "secret").unwrap();
    let (cert, key, archive) = (file("own.pem"), file("own.key"), file("alice.p12"));
    fs::remove_file(&archive).unwrap();
    let passphrase = format!("file:{}", file("passphrase"));
    let mut issue = vec!["--yes", "cert", "issue", "alice", "--profile", "client"];
    issue.extend(["--cert", &cert, "--key", &key, "--p12", &archive]);
    issue.extend(["--p12-passphrase", &passphrase]);
    let _ = stage.sealock().run(&issue).expect_code(0);
    let said = get(work).expect_code(0);
    assert_eq!(said.stdout.trim(), HELLO, "{said}");
}

/// The trust store alone: known is the server, refused the client.
fn nothing_to_show(stage: &Stage, work: &Path, get: &dyn Fn(&Path) -> Outcome) {
    let path = work.join("java.args");
    let text = fs::read_to_string(&path).unwrap();
    let trust: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("keyStore"))
        .collect();
    assert_eq!(trust.len(), 2, "{text}");
    fs::write(&path, trust.join("\n")).unwrap();
    is_explained(stage, || get(work), "SL-F522");
}

/// It fails each time, and one of the times Java hears why: a server that hangs up at once may take its alert with it.
fn is_explained(stage: &Stage, run: impl Fn() -> Outcome, code: &str) {
    let mut read = String::new();
    for _ in 0..10 {
        let said = run();
        assert!(said.code != 0 && !said.stdout.contains(HELLO), "{said}");
        let explained = stage.sealock().run(&["explain", &said.stderr]);
        read = format!("{said}\n{explained}");
        if explained.stdout.starts_with(code) {
            // One that turns the server away says nothing of clients.
            let blames =
                explained.stdout.contains("SL-F338") || explained.stdout.contains("SL-F522");
            assert!(code != "SL-F316" || !blames, "{read}");
            return;
        }
    }
    panic!("wanted {code}: {read}");
}
