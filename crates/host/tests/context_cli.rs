//! Contexts and bundles, judged by the real docker CLIs: 20.10, 26.1 and 28.5.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use sealock_change::{Edit, fs};
use sealock_host::client::{
    Bundle, Claim, CliFlags, ClientError, ContextName, Place, StoredContext, Surroundings,
    WhenCurrent, current_context, plan_install, plan_remove, plan_use, select,
};
use sealock_pki::{
    AnchorRequest, AuthorityName, CommonName, Entropy, KeyKind, LeafRequest, PrivateKey, Purpose,
    Timestamp, create_anchor, issue_leaf,
};
use sealock_testkit::Version;
use serde_json::Value;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_unix(1_795_322_400);
const DAY: Duration = Duration::from_secs(86_400);

/// The columns that both CLIs print: the name, and a star on the current one.
const LIST: [&str; 4] = [
    "context",
    "ls",
    "--format",
    "{{.Name}}{{if .Current}} *{{end}}",
];

struct Counter(u64);

impl Entropy for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[0];
        }
    }
}

fn bundle() -> Bundle {
    let mut entropy = Counter(7);
    let mut anchor = |purpose| {
        let authority = AuthorityName::try_from("main").unwrap();
        let request = AnchorRequest {
            authority,
            purpose,
            scope: None,
            generation: 1,
            life: DAY * 3650,
        };
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        create_anchor(&request, key, NOW, &mut entropy).unwrap()
    };
    let (server, client) = (anchor(Purpose::Server), anchor(Purpose::Client));
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let request = LeafRequest::client(CommonName::try_from("alice").unwrap(), DAY * 90);
    let leaf = issue_leaf(&client, &request, key.public_key(), NOW, &mut entropy).unwrap();
    Bundle::new(vec![server.certificate().clone()], vec![leaf], &key).unwrap()
}

fn files(bundle: &Bundle) -> [Vec<u8>; 3] {
    [
        bundle.ca_pem(),
        bundle.cert_pem(),
        bundle.key_pem().expose().clone(),
    ]
}

/// One docker CLI with a configuration directory of its own.
struct Cli {
    program: PathBuf,
    dir: PathBuf,
    version: String,
}

impl Cli {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("HOME", &self.dir)
            .env("DOCKER_CONFIG", self.config_dir());
        command.current_dir(&self.dir).args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What it prints when it succeeds without a warning.
    fn text(&self, args: &[&str]) -> String {
        let out = self.run(args);
        let errors = String::from_utf8_lossy(&out.stderr).into_owned();
        let good = out.status.success() && !errors.to_lowercase().contains("warning");
        assert!(good, "{} {args:?}: {errors}", self.program.display());
        String::from_utf8(out.stdout).unwrap()
    }

    fn config_dir(&self) -> PathBuf {
        self.dir.join("docker")
    }

    fn inspect(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(&["context", "inspect", name])).unwrap()
    }

    /// The names that `docker context ls` shows, the current one with a star.
    fn list(&self) -> BTreeSet<String> {
        self.text(&LIST).lines().map(str::to_owned).collect()
    }

    fn place(&self, name: &str) -> Place {
        let name = name.parse().unwrap();
        Place::Context {
            docker_config_dir: self.config_dir(),
            name,
            description: None,
        }
    }

    fn install(&self, bundle: &Bundle, name: &str, claim: Claim<'_>) -> Result<(), ClientError> {
        let endpoint = "tcp://build.example.org:2376".parse().unwrap();
        apply(&plan_install(
            bundle,
            &self.place(name),
            &endpoint,
            None,
            claim,
        )?);
        Ok(())
    }

    fn stored(&self, name: &str) -> Result<StoredContext, ClientError> {
        StoredContext::read(&self.config_dir(), &name.parse().unwrap())
    }
}

fn apply(edits: &[Edit]) {
    for edit in edits {
        match edit {
            Edit::Write {
                path,
                content,
                mode,
                owner,
            } => {
                fs::write_atomic(path, content.bytes(), *mode, *owner).unwrap();
            }
            Edit::Directory { path, mode, owner } => fs::create_dir(path, *mode, *owner).unwrap(),
            Edit::Remove { path } => fs::remove(path).unwrap(),
            other => panic!("no such edit is planned here: {other:?}"),
        }
    }
}

/// Runs a test with every docker CLI of the lab, in a directory of its own.
fn with_every_cli(test: &str, check: impl Fn(&Cli)) {
    let lab = sealock_testkit::lab();
    let programs =
        [Version::V20, Version::V26, Version::V28].map(|version| lab.docker_cli(version));
    for (number, program) in programs.into_iter().enumerate() {
        let dir =
            std::env::temp_dir().join(format!("sealock-{test}-{}-{number}", std::process::id()));
        std::fs::create_dir(&dir).unwrap();
        let version = Command::new(&program)
            .arg("--version")
            .output()
            .unwrap()
            .stdout;
        let version = String::from_utf8(version).unwrap();
        let cli = Cli {
            program,
            dir,
            version,
        };
        check(&cli);
        std::fs::remove_dir_all(&cli.dir).unwrap();
    }
}

/// Every path below with its mode.
fn tree(dir: &Path) -> BTreeSet<(PathBuf, u32)> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        }
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        found.insert((path, mode));
    }
    found
}

#[test]
fn a_context_of_ours_is_one_of_the_cli_s() {
    let bundle = bundle();
    with_every_cli("ours", |cli| {
        cli.install(&bundle, "prod", Claim::Recognised).unwrap();
        assert_eq!(cli.list(), ["default *", "prod"].map(str::to_owned).into());
        let shown = cli.inspect("prod");
        assert_eq!(shown[0]["Name"], "prod");
        assert_eq!(
            shown[0]["Endpoints"]["docker"]["Host"],
            "tcp://build.example.org:2376"
        );
        assert_eq!(shown[0]["Endpoints"]["docker"]["SkipTLSVerify"], false);
        let material = serde_json::json!(["ca.pem", "cert.pem", "key.pem"]);
        assert_eq!(shown[0]["TLSMaterial"]["docker"], material);

        cli.text(&["context", "export", "prod", "prod.tar"]);
        let archive = std::fs::read(cli.dir.join("prod.tar")).unwrap();
        let exported = Bundle::from_archive("prod.tar", &archive).unwrap();
        assert_eq!(files(&exported.bundle), files(&bundle));
        assert!(exported.context.unwrap().is_ours());
        cli.text(&["context", "import", "copy", "prod.tar"]);
        assert_eq!(
            files(&cli.stored("copy").unwrap().bundle().unwrap()),
            files(&bundle)
        );

        cli.text(&["context", "update", "prod", "--description", "by hand"]);
        cli.install(&bundle, "prod", Claim::Recognised)
            .expect("the mark survives an update");
        assert_eq!(cli.inspect("prod")[0]["Metadata"]["Description"], "by hand");

        cli.text(&["context", "rm", "prod", "copy"]);
        assert_eq!(cli.list(), ["default *"].map(str::to_owned).into());
    });
}

#[test]
fn a_context_is_written_byte_for_byte_as_the_cli_writes_it() {
    let bundle = bundle();
    with_every_cli("bytes", |cli| {
        for (name, bytes) in ["ca.pem", "cert.pem", "key.pem"].iter().zip(files(&bundle)) {
            std::fs::write(cli.dir.join(name), bytes).unwrap();
        }
        let description = "ü <&> \"x\"";
        let docker = "host=tcp://build.example.org:2376,ca=ca.pem,cert=cert.pem,key=key.pem";
        cli.text(&[
            "context",
            "create",
            "prod",
            "--description",
            description,
            "--docker",
            docker,
        ]);
        let stored = cli.stored("prod").unwrap();
        assert!(!stored.meta.is_ours());
        assert_eq!(files(&stored.bundle().unwrap()), files(&bundle));
        assert_eq!(stored.meta.description(), Some(description));
        let theirs = std::fs::read(&stored.paths.meta).unwrap();
        assert_eq!(stored.meta.to_json(), theirs, "parsed and written again");
        let their_tree = tree(&cli.config_dir().join("contexts"));

        let refused = cli.install(&bundle, "prod", Claim::Recognised).unwrap_err();
        assert!(matches!(refused, ClientError::ContextExists { .. }));
        cli.install(&bundle, "prod", Claim::Anything).unwrap();
        assert_eq!(
            tree(&cli.config_dir().join("contexts")),
            their_tree,
            "same paths, same modes"
        );
        let ours = std::fs::read_to_string(&stored.paths.meta).unwrap();
        assert_eq!(
            ours.replace(",\"ManagedBy\":\"sealock\"", "").as_bytes(),
            theirs
        );
        assert_eq!(
            cli.inspect("prod")[0]["Metadata"]["Description"],
            description
        );

        cli.text(&["context", "rm", "prod"]);
        cli.install(&bundle, "prod", Claim::Recognised).unwrap();
        assert_eq!(
            tree(&cli.config_dir().join("contexts")),
            their_tree,
            "made from nothing"
        );
    });
}

#[test]
fn removal_leaves_a_cli_that_works() {
    let bundle = bundle();
    with_every_cli("removal", |cli| {
        let name: ContextName = "prod".parse().unwrap();
        cli.install(&bundle, "prod", Claim::Recognised).unwrap();
        apply(&plan_use(&cli.config_dir(), Some(&name), None).unwrap());
        assert!(cli.list().contains("prod *"));
        cli.text(&["context", "use", "default"]);
        cli.text(&["context", "use", "prod"]);
        let config = cli.config_dir().join("config.json");
        let text = std::fs::read_to_string(&config).unwrap();
        assert_eq!(
            current_context(&text, &config).unwrap().as_deref(),
            Some("prod")
        );
        let place = cli.place("prod");
        assert!(plan_remove(&place, Claim::Recognised, WhenCurrent::Refuse).is_err());
        apply(&plan_remove(&place, Claim::Recognised, WhenCurrent::BackToDefault).unwrap());
        assert_eq!(cli.list(), ["default *"].map(str::to_owned).into());
        assert!(cli.stored("prod").is_err());
    });
}

#[test]
fn names_are_valid_for_us_when_they_are_for_the_cli() {
    with_every_cli("names", |cli| {
        for name in [
            "prod", "a1", "a", "default", "Default", "-ab", ".ab", "a b", "a/b", "..", "a_.+-",
            "äb", "a\nb",
        ] {
            let created = cli.run(&[
                "context",
                "create",
                "--docker",
                "host=tcp://h:1",
                "--",
                name,
            ]);
            assert_eq!(
                created.status.success(),
                name.parse::<ContextName>().is_ok(),
                "{name:?}"
            );
        }
    });
}

#[test]
fn the_cli_chooses_as_we_foretell() {
    let bundle = bundle();
    with_every_cli("choice", |cli| {
        for name in ["flag", "envc", "conf"] {
            cli.install(&bundle, name, Claim::Recognised).unwrap();
        }
        for context in [None, Some("flag"), Some("default")] {
            for host in [None, Some(""), Some("tcp://h:1")] {
                for variable in [None, Some(""), Some("envc"), Some("default")] {
                    for current in [None, Some("conf"), Some("default")] {
                        choice_agrees(
                            cli,
                            context,
                            [("DOCKER_HOST", host), ("DOCKER_CONTEXT", variable)],
                            current,
                        );
                    }
                }
            }
        }
    });
}

fn choice_agrees(
    cli: &Cli,
    flag: Option<&str>,
    variables: [(&str, Option<&str>); 2],
    current: Option<&str>,
) {
    // docker 20.10 makes a difference between unset and empty; newer ones do not, and we do not.
    let some_empty = variables.iter().any(|(_, value)| *value == Some(""));
    if some_empty && cli.version.contains(" 20.10.") {
        return;
    }
    let text = current.map_or_else(
        || "{}".to_owned(),
        |name| format!("{{\"currentContext\":\"{name}\"}}"),
    );
    std::fs::write(cli.config_dir().join("config.json"), &text).unwrap();
    let env = |wanted: &str| {
        variables
            .iter()
            .find(|(name, _)| *name == wanted)
            .and_then(|(_, value)| value.map(str::to_owned))
    };
    let flags = CliFlags {
        context: flag.map(str::to_owned),
        ..CliFlags::default()
    };
    let around = Surroundings {
        env: &env,
        home: &cli.dir,
        config_json: Some(&text),
    };
    let foretold = select(&flags, &around).unwrap().context;

    let mut args: Vec<_> = flag
        .into_iter()
        .flat_map(|name| ["--context", name])
        .collect();
    args.extend(LIST);
    let mut command = cli.command(&args);
    command.envs(
        variables
            .iter()
            .filter_map(|(name, value)| value.map(|value| (name, value))),
    );
    let out = command.output().unwrap();
    let out = String::from_utf8(out.stdout).unwrap();
    let chosen = out.lines().find_map(|line| line.strip_suffix(" *"));
    assert_eq!(
        chosen,
        Some(foretold.as_str()),
        "--context {flag:?} {variables:?} {text}"
    );
}
