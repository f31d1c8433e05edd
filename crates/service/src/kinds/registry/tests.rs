use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sealock_change::{Content, Edit};

use super::config::{Tls, with_tls, without_tls};
use super::{drop_ins, first_override};
use crate::kinds::tests::Scratch;
use crate::{Clients, Kind, Problem, Protocol, Refused, Service, Setting, TakeUp, Unfit};

/// Debian's file.
const DEBIAN: &str = "version: 0.1\nlog:\n  fields:\n    service: registry\nstorage:\n  cache:\n    blobdescriptor: inmemory\n  \
    filesystem:\n    rootdirectory: /var/lib/docker-registry\n  delete:\n    enabled: true\nhttp:\n  addr: :5000\n  headers:\n    \
    X-Content-Type-Options: [nosniff]\nauth:\n  htpasswd:\n    realm: basic-realm\n    path: /etc/docker/registry\nhealth:\n  \
    storagedriver:\n    enabled: true\n    interval: 10s\n    threshold: 3\n";

const BLOCK: &str = "  tls:\n    certificate: /t/cert.pem\n    key: /t/key.pem\n    clientcas:\n      - /t/ca.pem\n    \
    minimumtls: tls1.2\n";

fn edited(text: &str) -> Result<String, Refused> {
    let tls = Tls {
        certificate: "/t/cert.pem",
        key: "/t/key.pem",
        clients: "/t/ca.pem",
    };
    let bytes = with_tls(text.as_bytes(), tls)?;
    // Twice is once.
    assert_eq!(with_tls(&bytes, tls).unwrap(), bytes, "{text}");
    Ok(String::from_utf8(bytes).unwrap())
}

/// What is left of a file when ours comes out.
#[track_caller]
fn left(was: &str, now: &str) -> String {
    let tls = Tls {
        certificate: "/t/cert.pem",
        key: "/t/key.pem",
        clients: "/t/ca.pem",
    };
    String::from_utf8(without_tls(was.as_bytes(), now.as_bytes(), tls).unwrap()).unwrap()
}

#[test]
fn what_is_ours_comes_out_and_what_came_since_stays() {
    let own = "http:\n  addr: :5000\n  tls:\n    certificate: /old.pem # theirs\n    clientcas:\n    - /a.pem\n    - /b.pem\n    \
               minimumtls: tls1.3\nlog:\n  level: info\n";
    // Comments within what we replace go back to where they were, when nothing was written since.
    let within = "http:\n  tls:\n    clientcas:\n      # one\n      - /a.pem\n      # two\n";
    assert_eq!(left(within, &edited(within).unwrap()), within);
    for was in [DEBIAN, own, "http:\n  tls:\n"] {
        let ours = edited(was).unwrap();
        assert_eq!(left(was, &ours), was);
        assert_eq!(left(was, was), was);
        let more = |text: &str| format!("{text}proxy:\n  remoteurl: https://example.org\n");
        assert_eq!(left(was, &more(&ours)), more(was));
        let addr = |text: &str| text.replace(":5000", "127.0.0.1:5001");
        assert_eq!(left(was, &addr(&ours)), addr(was));
    }
    // A key that came into our section keeps it; a value that somebody else set stays.
    let ours = edited(DEBIAN).unwrap();
    let suites = "    ciphersuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n";
    let now = ours.replace("  tls:\n", &format!("  tls:\n{suites}"));
    let expected = DEBIAN.replace("http:\n", &format!("http:\n  tls:\n{suites}"));
    assert_eq!(left(DEBIAN, &now), expected);
    let now = ours.replace("/t/key.pem", "/theirs.pem");
    let expected = DEBIAN.replace("http:\n", "http:\n  tls:\n    key: /theirs.pem\n");
    assert_eq!(left(DEBIAN, &now), expected);
}

#[track_caller]
fn check(before: &str, after: &str) {
    assert_eq!(edited(before).unwrap(), after);
}

#[test]
fn debians_file_gets_a_block_and_keeps_the_rest() {
    check(
        DEBIAN,
        &DEBIAN.replace("http:\n", &format!("http:\n{BLOCK}")),
    );
}

/// What the image of distribution 3 brings along, and what its settings of TLS may say.
#[test]
fn distribution_3_gets_the_same_block() {
    let text = "version: 0.1\nlog:\n  fields:\n    service: registry\nstorage:\n  cache:\n    blobdescriptor: inmemory\n  \
        filesystem:\n    rootdirectory: /var/lib/registry\n  tag:\n    concurrencylimit: 8\nhttp:\n  addr: :5000\n  headers:\n    \
        X-Content-Type-Options: [nosniff]\nhealth:\n  storagedriver:\n    enabled: true\n    interval: 10s\n    threshold: 3\n";
    check(text, &text.replace("http:\n", &format!("http:\n{BLOCK}")));
    let own = format!("{BLOCK}    clientauth: require-and-verify-client-cert\n");
    check(&format!("http:\n{own}"), &format!("http:\n{own}"));
    for weak in [
        "request-client-cert",
        "require-any-client-cert",
        "verify-client-cert-if-given",
        "[require-and-verify-client-cert]",
        "",
    ] {
        let text = format!("http:\n{BLOCK}    clientauth: {weak}\n");
        let refused = edited(&text).expect_err(weak);
        assert_eq!(refused.line, Some(8), "{refused:?}");
        let help = refused.help.unwrap_or_default();
        assert!(help.contains("require-and-verify-client-cert"), "{help}");
    }
    // It does not start with what 2.8 still takes.
    for old in ["tls1.0", "tls1.1", "tls1.4", "[tls1.3]"] {
        let text = format!("http:\n{}", BLOCK.replace("tls1.2", old));
        check(&text, &format!("http:\n{BLOCK}"));
    }
    let empty = BLOCK.replace("clientcas:\n      - /t/ca.pem\n", "clientcas: []\n");
    check(&format!("http:\n{empty}"), &format!("http:\n{BLOCK}"));
}

#[test]
fn what_is_there_is_changed_in_its_place() {
    check(
        "# mine\nhttp:  # the door\n    tls:\n        # old\n        key: /old/key   # why\n        certificate: '/t/cert.pem'\n\n        \
         clientcas:\n        # theirs\n        - /old/ca\n        minimumtls: \"tls1.3\"\n        ciphersuites:\n        - A\n    \
         addr: 0.0.0.0:5000 # here\nstorage: {inmemory: {}}\n# end",
        "# mine\nhttp:  # the door\n    tls:\n        # old\n        key: /t/key.pem # why\n        certificate: '/t/cert.pem'\n\n        \
         clientcas:\n          - /t/ca.pem\n        # theirs\n        minimumtls: \"tls1.3\"\n        ciphersuites:\n        - A\n    \
         addr: 0.0.0.0:5000 # here\nstorage: {inmemory: {}}\n# end",
    );
    check(
        "http:\n  addr: :1\n  tls:",
        &format!("http:\n  addr: :1\n{}", BLOCK.trim_end()),
    );
}

#[test]
fn a_single_path_becomes_a_list() {
    check(
        &format!(
            "http:\n{}",
            BLOCK.replace("clientcas:\n      - ", "clientcas: ")
        ),
        &format!("http:\n{BLOCK}"),
    );
}

#[test]
fn an_older_version_of_tls_is_raised() {
    check(
        &format!("http:\n{}", BLOCK.replace("tls1.2", "tls1.0")),
        &format!("http:\n{BLOCK}"),
    );
}

#[test]
fn block_scalars_lists_and_quotes_of_others_stay() {
    let text = "a: |\n  http:\n    tls: no\n  # not a comment\n\nb: 'it''s # one'\nc: \"x \\\" # y\"\nd:\n- e: f\n  g: [h, \"i]\"]\n- - j\n  - k\n\
        http:\n  addr: :1\nl: >-\n  m: n\n";
    check(
        text,
        &text.replace("http:\n  addr", &format!("http:\n{BLOCK}  addr")),
    );
}

#[test]
fn forms_that_are_refused() {
    for (text, line, what) in [
        ("version: 0.1\n", None, "no section `http`"),
        ("http:\nstorage: 1\n", Some(1), "is empty"),
        ("a: 1\nhttp: {addr: :1}\n", Some(2), "a line for each key"),
        (
            "http:\n  addr: :1\n  tls: {}\n",
            Some(3),
            "a line for each key",
        ),
        ("http: &x\n  addr: :1\n", Some(1), "anchors"),
        ("a: *x\nhttp:\n  addr: :1\n", Some(1), "anchors"),
        ("a: [b, *x]\nhttp:\n  addr: :1\n", Some(1), "anchors"),
        ("http: !!map\n  addr: :1\n", Some(1), "tags"),
        ("http:\n\taddr: :1\n", Some(2), "a tab"),
        (
            "http:\n  addr: :1\n---\nhttp:\n  addr: :2\n",
            Some(3),
            "further documents",
        ),
        ("http:\n  addr: :1\n...\n", Some(3), "neither"),
        ("%YAML 1.1\n---\nhttp:\n  addr: :1\n", Some(1), "neither"),
        (
            "http:\n  addr: :1\nhttp:\n  addr: :2\n",
            Some(3),
            "a second time",
        ),
        ("\"http\":\n  addr: :1\n", Some(1), "quoted keys"),
        ("<<: 1\nhttp:\n  addr: :1\n", Some(1), "neither"),
        ("a: \"b\nhttp: c\"\n", Some(1), "does not end"),
        ("a: [b,\nc]\nhttp:\n  addr: :1\n", Some(1), "does not end"),
        ("a: b\n  c\nhttp:\n  addr: :1\n", Some(2), "fits nothing"),
        ("http:\n  addr: :1\r\n", Some(2), "control character"),
        ("\u{feff}http:\n  addr: :1\n", Some(1), "byte order mark"),
        ("- http:\n", Some(1), "begin with a key"),
        (
            "http:\n  tls:\n    letsencrypt:\n      email: a@b\n",
            Some(3),
            "letsencrypt",
        ),
        (
            "http:\n  tls:\n    clientauth: verify-client-cert-if-given\n",
            Some(3),
            "without a certificate",
        ),
        ("http:\n  tls:\n    other: 1\n", Some(3), "not known"),
    ] {
        let refused = edited(text).expect_err(text);
        assert_eq!(refused.line, line, "{text:?}: {refused:?}");
        assert!(refused.problem.contains(what), "{text:?}: {refused:?}");
    }
    let deep: String = (0..40)
        .map(|at| format!("{}a:\n", " ".repeat(at)))
        .collect();
    assert!(edited(&deep).unwrap_err().problem.contains("too deep"));
}

fn read(settings: &[(&str, &str)]) -> Result<Box<dyn Kind>, Problem> {
    let mut all: BTreeMap<String, Setting> = BTreeMap::new();
    all.insert("address".to_owned(), "10.0.0.1:5000".into());
    for (key, text) in settings {
        all.insert((*key).to_owned(), (*text).into());
    }
    super::read(&Service {
        name: "images".to_owned(),
        kind: "registry".to_owned(),
        names: vec!["registry.example.org".to_owned()],
        life: Duration::from_secs(86_400),
        settings: all,
    })
}

#[test]
fn a_table_with_nothing_but_an_address() {
    let kind = read(&[]).unwrap();
    let files: Vec<_> = kind
        .files()
        .into_iter()
        .map(|file| (file.path, file.mode, file.owner.unwrap().to_string()))
        .collect();
    let file = |name: &str, mode| {
        let path = Path::new("/etc/docker/registry/tls").join(name);
        (path, mode, "docker-registry".to_owned())
    };
    assert_eq!(
        files,
        [
            file("key.pem", 0o600),
            file("cert.pem", 0o644),
            file("ca.pem", 0o644)
        ]
    );
    assert_eq!(
        kind.take_up(),
        TakeUp::Restart("systemctl restart docker-registry".to_owned())
    );
    let door = kind.doors().remove(0);
    assert_eq!(
        (door.protocol, door.clients),
        (Protocol::Https, Clients::Required)
    );
    assert_eq!(
        kind.configured(),
        [Path::new("/etc/docker/registry/config.yml")]
    );
}

#[test]
fn a_compose_file_says_it_in_variables() {
    let kind = read(&[
        ("compose", "/srv/registry/sealock.yml"),
        ("compose-service", "images"),
    ])
    .unwrap();
    let edits = kind.configuration().unwrap();
    let text = String::from_utf8(match &edits[0] {
        Edit::Write { content, .. } => content.bytes().to_vec(),
        other => panic!("{other:?}"),
    })
    .unwrap();
    let (_, text) = text.split_once('\n').unwrap();
    assert_eq!(
        text,
        "services:\n  images:\n    environment:\n      REGISTRY_HTTP_TLS_CERTIFICATE: '/etc/docker/registry/tls/cert.pem'\n      \
         REGISTRY_HTTP_TLS_KEY: '/etc/docker/registry/tls/key.pem'\n      \
         REGISTRY_HTTP_TLS_CLIENTCAS: '[/etc/docker/registry/tls/ca.pem]'\n      REGISTRY_HTTP_TLS_MINIMUMTLS: 'tls1.2'\n    \
         volumes:\n      - '/etc/docker/registry/tls:/etc/docker/registry/tls:ro'\n"
    );
    assert_eq!(kind.take_up(), TakeUp::Hands);
}

#[test]
fn the_page_has_the_compose_file_as_it_is_written() {
    let page = include_str!("../../../../../docs/services/registry.md");
    let (_, rest) = page.split_once("<!-- sealock.yml -->\n```yaml\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let kind = read(&[("compose", "/srv/registry/sealock.yml")]).unwrap();
    let edits = kind.configuration().unwrap();
    let [Edit::Write { content, .. }] = edits.as_slice() else {
        panic!("{edits:?}");
    };
    let text = String::from_utf8(content.bytes().to_vec()).unwrap();
    assert_eq!(text.split_once('\n').unwrap().1, block);
}

#[test]
fn a_file_with_secrets_is_not_shown() {
    let scratch = Scratch::new();
    let path = scratch.path().join("config.yml");
    for (more, secret) in [("", false), ("  secret: one\n", true)] {
        std::fs::write(&path, format!("http:\n  addr: :1\n{more}")).unwrap();
        let kind = read(&[("config", path.to_str().unwrap())]).unwrap();
        let edits = kind.configuration().unwrap();
        let [Edit::Write { content, .. }] = edits.as_slice() else {
            panic!("{edits:?}");
        };
        assert_eq!(matches!(content, Content::Secret(_)), secret);
    }
}

#[test]
fn variables_over_the_configuration_are_refused() {
    let scratch = Scratch::new();
    let config = scratch.path().join("config.yml");
    std::fs::write(&config, "http:\n  addr: :1\n").unwrap();
    let environment = scratch.path().join("override.conf");
    let kind = read(&[
        ("config", config.to_str().unwrap()),
        ("environment", environment.to_str().unwrap()),
    ])
    .unwrap();
    assert!(kind.configuration().is_ok());
    std::fs::write(
        &environment,
        "[Service]\nEnvironment=REGISTRY_HTTP_TLS_CLIENTCAS_0=/ca\n",
    )
    .unwrap();
    for error in [
        kind.configuration().unwrap_err(),
        drop_ins(scratch.path()).unwrap_err(),
    ] {
        let Unfit::Text { path, refused } = error else {
            panic!("{error:?}");
        };
        assert_eq!((path, refused.line), (environment.clone(), Some(2)));
    }
    assert_eq!(
        first_override("# REGISTRY_HTTP_TLS_KEY=a\nREGISTRY_HTTP_ADDR=:1\n"),
        None
    );
    assert!(first_override("REGISTRY_HTTP={}").is_some());
}

#[test]
fn a_reload_is_answered_by_a_restart() {
    let registry = crate::kinds::find("registry").unwrap();
    let why = registry.setting("reload", "true").unwrap_err();
    assert_eq!(
        (why.key.as_str(), why.problem.as_str()),
        ("reload", "the kind registry reads its files when it starts")
    );
    assert_eq!(why.help.as_deref(), Some("restart = \"COMMAND\""));
    let template = crate::kinds::find("template").unwrap();
    assert!(template.setting("reload", "true").is_ok());
}

#[test]
fn tables_that_are_refused() {
    for (settings, key) in [
        (vec![("cert", "/a b")], "cert"),
        (vec![("cert", "/a"), ("key", "/a")], "cert"),
        (vec![("config", "/a"), ("key", "/a")], "key"),
        (vec![("compose", "/a"), ("config", "/b")], "config"),
        (
            vec![("compose", "/a"), ("environment", "/b")],
            "environment",
        ),
        (vec![("compose", "/a"), ("ca", "/b")], "cert"),
        (
            vec![("compose", "/a"), ("compose-service", "a: b")],
            "compose-service",
        ),
        (vec![("compose-service", "a")], "compose-service"),
        (vec![("owner", "a b c")], "owner"),
        (vec![("restart", " ")], "restart"),
    ] {
        assert_eq!(read(&settings).unwrap_err().key, key, "{settings:?}");
    }
}
