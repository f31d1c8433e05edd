use std::path::{Path, PathBuf};

use super::{Source, of};
use crate::kinds::tests::Scratch;

/// Code, file with line, and cause of what is told of a `config.yml` and an environment file.
fn told(config: &str, environment: &str) -> Vec<(String, String, String)> {
    let folder = Scratch::new();
    let path = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (config, environment) = (path("config.yml", config), path("environment", environment));
    let found = of(
        &Source::File(&config),
        &[environment],
        Path::new("/t/ca.pem"),
    );
    let found = found.into_iter().map(|remark| {
        let place = remark.place.rsplit('/').next().unwrap().to_owned();
        assert!(remark.help.is_some(), "{remark:?}");
        (remark.code.to_owned(), place, remark.cause)
    });
    found.collect()
}

#[track_caller]
fn check(tls: &str, environment: &str, expected: &[(&str, &str, &str)]) {
    let config = format!("version: 0.1\nhttp:\n  addr: :5000\n{tls}");
    let found = told(&config, environment);
    assert_eq!(
        found.len(),
        expected.len(),
        "{config}{environment}{found:?}"
    );
    for ((code, place, cause), wanted) in found.iter().zip(expected) {
        assert_eq!(
            (&**code, &**place),
            (wanted.0, wanted.1),
            "{config}{environment}"
        );
        assert!(cause.contains(wanted.2), "{cause}");
    }
}

const PAIR: &str = "  tls:\n    certificate: /t/cert.pem\n    key: /t/key.pem\n";
const WHOLE: &str = "  tls:\n    certificate: /t/cert.pem\n    key: /t/key.pem\n    clientcas:\n      - /t/ca.pem\n";

/// What distribution 2.8.2 does with each of these was seen with Debian's.
#[test]
fn what_serves_in_the_clear() {
    const PLAIN: &str = "SL-F666";
    check("", "", &[(PLAIN, "config.yml, line 2", "no certificate")]);
    check(
        "  tls:\n",
        "",
        &[(PLAIN, "config.yml, line 4", "no certificate")],
    );
    check(
        "  tls:\n    key: /t/key.pem\n",
        "",
        &[(PLAIN, "config.yml, line 4", "plain HTTP")],
    );
    check(
        "  tls:\n    certificate: \"\"\n    clientcas: [/t/ca.pem]\n",
        "",
        &[(PLAIN, "config.yml, line 5", "is empty")],
    );
    // A variable stands over the file, either way.
    check(
        WHOLE,
        "\nREGISTRY_HTTP_TLS_CERTIFICATE=\n",
        &[(PLAIN, "environment, line 2", "is empty")],
    );
    check(
        WHOLE,
        "REGISTRY_HTTP_TLS=\n",
        &[(PLAIN, "environment, line 1", "no certificate")],
    );
    check(
        "",
        "REGISTRY_HTTP_TLS_CERTIFICATE=/t/cert.pem\nREGISTRY_HTTP_TLS_KEY=/t/key.pem\nREGISTRY_HTTP_TLS_CLIENTCAS='[/t/ca.pem]'\n",
        &[],
    );
}

#[test]
fn what_asks_nobody() {
    const OPEN: &str = "SL-F665";
    check(WHOLE, "", &[]);
    check(
        &WHOLE.replace(":\n      - /t/ca.pem", ": [/t/ca.pem]"),
        "",
        &[],
    );
    check(
        PAIR,
        "",
        &[(OPEN, "config.yml, line 4", "there is no clientcas")],
    );
    check(
        &format!("{PAIR}    clientcas: []\n"),
        "",
        &[(OPEN, "config.yml, line 7", "empty")],
    );
    check(
        &format!("{PAIR}    clientcas:\n"),
        "",
        &[(OPEN, "config.yml, line 7", "empty")],
    );
    for line in [
        "REGISTRY_HTTP_TLS_CLIENTCAS_0=/t/ca.pem",
        "export REGISTRY_HTTP_TLS_CLIENTCAS_0='/t/ca.pem'",
        "Environment=REGISTRY_HTTP_TLS_CLIENTCAS_0=/t/ca.pem",
        "Environment=A=1 \"REGISTRY_HTTP_TLS_CLIENTCAS_0=/t/ca.pem\" B=2",
        "      - REGISTRY_HTTP_TLS_CLIENTCAS_0=/t/ca.pem",
        "      - \"REGISTRY_HTTP_TLS_CLIENTCAS_0=/t/ca.pem\"",
        "      REGISTRY_HTTP_TLS_CLIENTCAS_0: /t/ca.pem",
    ] {
        check(PAIR, line, &[(OPEN, "environment, line 1", "passes over")]);
        // Where the list is said in another way too, it is that which counts.
        check(WHOLE, line, &[]);
    }
    check(
        PAIR,
        "# REGISTRY_HTTP_TLS_CLIENTCAS_0=/t/ca.pem",
        &[(OPEN, "config.yml, line 4", "no clientcas")],
    );
    check(PAIR, "REGISTRY_HTTP_TLS_CLIENTCAS='[/t/ca.pem]'", &[]);
    check(
        WHOLE,
        "REGISTRY_HTTP_TLS_CLIENTCAS=",
        &[(OPEN, "environment, line 1", "empty")],
    );
    check(
        WHOLE,
        "REGISTRY_HTTP_TLS_CLIENTCAS=[]",
        &[(OPEN, "environment, line 1", "empty")],
    );
    let weak = format!("{WHOLE}    clientauth: verify-client-cert-if-given\n");
    check(
        &weak,
        "",
        &[(OPEN, "config.yml, line 9", "distribution 3 lets clients in")],
    );
    let strong = format!("{WHOLE}    clientauth: require-and-verify-client-cert\n");
    check(&strong, "", &[]);
    check(
        &strong,
        "REGISTRY_HTTP_TLS_CLIENTAUTH=request-client-cert",
        &[(OPEN, "environment, line 1", "request-client-cert")],
    );
}

#[test]
fn a_debug_listener_for_everybody() {
    let debug = |addr: &str| format!("{WHOLE}  debug:\n    addr: {addr}\n");
    for addr in ["127.0.0.1:5001", "localhost:5001", "\"[::1]:5001\"", "\"\""] {
        check(&debug(addr), "", &[]);
    }
    for addr in [
        ":5001",
        "0.0.0.0:5001",
        "registry.example.org:5001",
        "\"[::]:5001\"",
    ] {
        check(
            &debug(addr),
            "",
            &[("SL-F666", "config.yml, line 10", "memory of the process")],
        );
    }
    check(
        WHOLE,
        "REGISTRY_HTTP_DEBUG_ADDR=:5001",
        &[("SL-F666", "environment, line 1", ":5001")],
    );
}

#[test]
fn what_is_not_understood_says_nothing() {
    for tls in [
        "  tls: {key: /t/key.pem}\n",
        "\tx\n",
        "  tls:\n    letsencrypt:\n      email: x\n",
    ] {
        check(tls, "", &[]);
    }
    check(PAIR, "REGISTRY_HTTP={addr: ':5000'}", &[]);
    check(PAIR, "REGISTRY_HTTP_TLS={certificate: /t/cert.pem}", &[]);
    let nowhere = Path::new("/nonexistent/config.yml");
    assert_eq!(of(&Source::File(nowhere), &[], nowhere), []);
    assert_eq!(
        of(&Source::Image(nowhere), &[nowhere.to_owned()], nowhere),
        []
    );
}

#[test]
fn compose_files_are_read_together() {
    let folder = Scratch::new();
    let path = |name: &str, text: &str| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let theirs = "services:\n  registry:\n    environment:\n      REGISTRY_HTTP_TLS_CERTIFICATE: /t/cert.pem\n      \
                  REGISTRY_HTTP_TLS_KEY: /t/key.pem\n      REGISTRY_HTTP_TLS_CLIENTCAS_0: /t/ca.pem\n";
    let theirs = path("compose.yml", theirs);
    let own = folder.path().join("sealock.yml");
    let files = [theirs, own.clone()];
    let found = of(&Source::Image(&own), &files, Path::new("/t/ca.pem"));
    assert_eq!(found.len(), 1);
    assert!(found[0].place.ends_with("compose.yml, line 6"), "{found:?}");
    let ours = "services:\n  registry:\n    environment:\n      REGISTRY_HTTP_TLS_CLIENTCAS: '[/t/ca.pem]'\n";
    let own = path("sealock.yml", ours);
    assert_eq!(of(&Source::Image(&own), &files, Path::new("/t/ca.pem")), []);
    // Ours alone, and without its lines.
    let own = path("sealock.yml", "services:\n");
    let found = of(&Source::Image(&own), &files[1..], Path::new("/t/ca.pem"));
    assert_eq!(found[0].code, "SL-F666");
}
