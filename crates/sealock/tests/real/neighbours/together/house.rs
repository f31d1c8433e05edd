//! A host with five doors, and what must be true of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{Outcome, call};
use sealock_testkit::server::{Server, Spec};
use sealock_testkit::sqlpad::Sqlpad;
use sealock_testkit::tds::self_generated;
use sealock_testkit::{Postgres, Scratch, TdsDouble, TdsMode};

use super::ADDRESS;
use super::doors::{Came, Door, Visitor};
use crate::common::Host;

/// What a line of figures begins with.
pub(super) const FIGURES: &str = "figures: ";
/// What stands in front of the slash in the names of images.
pub(super) const IMAGES: &str = "10.77.0.254:5000";
/// Both have files for everything.
pub(super) const CLIENTS: [&str; 2] = ["alice", "bob"];
const FILES: [&str; 3] = ["ca.pem", "cert.pem", "key.pem"];

/// dockerd and four services, each with its own kind of table.
pub(super) struct House {
    pub(super) host: Host,
    pub(super) postgres: Postgres,
    pub(super) registry: Server,
    pub(super) double: TdsDouble,
    pub(super) sqlpad: Sqlpad,
    pub(super) scratch: Scratch,
}

impl House {
    /// Everything stands and has its certificate.
    pub(super) fn new() -> Self {
        let host = Host::new(Version::V28);
        let _ = host.up(&[]).expect_code(0);
        let scratch = Scratch::new("together");
        fs::create_dir(scratch.join("nobody")).unwrap();
        let postgres = postgres();
        let registry = registry();
        let volume = scratch.join("mssql");
        fs::create_dir(&volume).unwrap();
        let (cert, key) = self_generated(&volume);
        let double = TdsDouble::start(TdsMode::Required, &cert, &key);
        let sqlpad = Sqlpad::prepare();
        sqlpad.server().start();
        let house = Self {
            host,
            postgres,
            registry,
            double,
            sqlpad,
            scratch,
        };
        house.stranger();
        let _ = house.sealock(&["client", "add", "bob"]).expect_code(0);
        let config = house.host.sealock.config();
        let text = fs::read_to_string(&config).unwrap() + &house.tables();
        fs::write(&config, text).unwrap();
        let applied = house.sealock(&["apply"]).expect_code(0);
        for name in ["pg", "images"] {
            let words = format!("{name}: ");
            assert!(applied.stderr.contains(&words), "{words}: {applied}");
        }
        house
    }

    /// The tables of the registry's client and of the services, in the order in which they are taken up.
    fn tables(&self) -> String {
        let data = self.postgres.server().join("data").display().to_string();
        let pg = format!(
            "\n[[service]]\nname = \"pg\"\nkind = \"postgres\"\nnames = [\"127.0.0.1\"]\naddress = \"127.0.0.1:{}\"\n\
             config = \"{data}/conf.d/sealock.conf\"\nhba = \"{data}/pg_hba.conf\"\nowner = \"{}\"\n\
             reload = \"kill -HUP $(head -n 1 {data}/postmaster.pid)\"\n",
            self.postgres.port(),
            Postgres::USER,
        );
        let folder = self.registry.folder().display().to_string();
        let images = format!(
            "\n[[registry]]\nhost = \"{IMAGES}\"\nclient = \"alice\"\nusers = [\"root\"]\n\
             \n[[service]]\nname = \"images\"\nkind = \"registry\"\nnames = [\"{ADDRESS}\"]\naddress = \"{IMAGES}\"\n\
             config = \"{folder}/config.yml\"\ncert = \"{folder}/tls/cert.pem\"\nkey = \"{folder}/tls/key.pem\"\n\
             ca = \"{folder}/tls/ca.pem\"\nowner = \"root\"\nrestart = \"exec {}\"\n",
            self.script().display(),
        );
        let volume = self.scratch.join("mssql").display().to_string();
        let restart = self.scratch.write(
            "restart-mssql",
            format!("{}\n", self.double.restart_command()),
        );
        let sql = format!(
            "\n[[service]]\nname = \"sql\"\nkind = \"mssql\"\nwhere = \"container\"\nvolume = \"{volume}:/var/opt/mssql\"\n\
             names = [\"127.0.0.1\", \"localhost\"]\naddress = \"{}\"\ncert = \"{volume}/fallback.pem\"\n\
             key = \"{volume}/fallback.key\"\nrestart = \"bash {}\"\n",
            self.double.address(),
            restart.display(),
        );
        format!("{pg}{images}{sql}{}", self.sqlpad.table("pad", "3", ""))
    }

    /// What restarts the registry: a script, so that a test can be in it.
    pub(super) fn script(&self) -> PathBuf {
        self.registry.join("take-up")
    }

    /// Whatever starts something anew.
    pub(super) fn scripts(&self) -> [PathBuf; 5] {
        [
            self.script(),
            self.registry.restart_script(),
            self.sqlpad.server().restart_script(),
            self.host.daemon.restart_script(),
            self.scratch.join("restart-mssql"),
        ]
    }

    /// Where the files of services and clients lie.
    pub(super) fn folders(&self) -> Vec<String> {
        let folders = [
            self.postgres.server().folder().to_owned(),
            self.registry.folder().to_owned(),
            self.scratch.path().to_owned(),
            self.sqlpad.server().folder().to_owned(),
            self.host.sealock.home().join("clients"),
            "/etc/docker/certs.d".into(),
        ];
        folders.map(|folder| folder.display().to_string()).into()
    }

    pub(super) fn sealock(&self, words: &[&str]) -> Outcome {
        let mut all = vec!["--yes"];
        all.extend(words);
        self.host.sealock.run(&all)
    }

    /// A self-signed certificate with the name of a client of ours.
    fn stranger(&self) {
        let folder = self.scratch.join("stranger");
        fs::create_dir(&folder).unwrap();
        let path = |name: &str| folder.join(name).display().to_string();
        let words =
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=alice";
        let mut words: Vec<&str> = words.split(' ').collect();
        let (cert, key, anchor) = (path("cert.pem"), path("key.pem"), path("ca.pem"));
        words.extend(["-keyout", &key, "-out", &cert]);
        let _ = call("openssl", &words).ok();
        fs::copy(&cert, anchor).unwrap();
    }

    /// A client with the files that lie in the vault's home now.
    pub(super) fn rightful(&self, name: &'static str) -> Visitor {
        Visitor::of(name, &self.host.client(name))
    }

    /// What somebody keeps of the files as they are.
    pub(super) fn keep(&self, called: &str) -> PathBuf {
        let kept = self.scratch.join(called);
        fs::create_dir(&kept).unwrap();
        for name in FILES {
            fs::copy(self.host.client("alice").join(name), kept.join(name)).unwrap();
        }
        kept
    }

    /// Both clients get in at every door; nobody else does, in no other way, and not with what was kept from before.
    #[track_caller]
    pub(super) fn is_right(&self, old: &[&Path]) {
        for door in Door::ALL {
            for name in CLIENTS {
                let came = self.knock(door, &self.rightful(name));
                assert_eq!(came, Came::In, "{name} at {door:?}");
            }
        }
        assert_eq!(self.pulls(), Came::In);
        self.nobody_else_gets_in(old);
    }

    /// Strangers do not, nor somebody with an old pair; and who trusts an old anchor turns away.
    #[track_caller]
    fn nobody_else_gets_in(&self, old: &[&Path]) {
        let alice = self.rightful("alice");
        for door in Door::ALL {
            self.no_stranger_gets_in(door, &alice);
            let logins = self.double.logins().len();
            for folder in old {
                if door.asks() {
                    self.is_out(door, &alice.credulous().showing(Some(folder)));
                }
                self.is_out(door, &alice.trusting(folder));
            }
            assert_eq!(self.double.logins().len(), logins, "somebody logged in");
        }
    }

    /// Not without a certificate, with a foreign one, or in clear text; who trusts a stranger turns away. `rightful` is
    /// somebody who gets in.
    #[track_caller]
    pub(super) fn no_stranger_gets_in(&self, door: Door, rightful: &Visitor) {
        let foreign = self.scratch.join("stranger");
        if door.asks() {
            // It is the pair that counts.
            let credulous = rightful.credulous();
            assert_eq!(self.knock(door, &credulous), Came::In, "{door:?}");
            self.is_out(door, &credulous.showing(None));
            self.is_out(door, &credulous.showing(Some(&foreign)));
        }
        let logins = self.double.logins().len();
        self.is_out(door, &rightful.trusting(&foreign));
        assert_eq!(self.double.logins().len(), logins, "somebody logged in");
        let came = self.knock_in_clear(door, rightful);
        if door != Door::SqlServer {
            assert!(
                matches!(came, Came::Out(_)),
                "clear text at {door:?}: {came:?}"
            );
            return;
        }
        // SQL Server encrypts whether a client asks or not.
        for login in self.double.logins() {
            assert!(login.tls.is_some() && login.lasting, "{login:?}");
        }
    }

    /// One of both sides does not like the other's certificate.
    #[track_caller]
    pub(super) fn is_out(&self, door: Door, who: &Visitor) {
        let came = self.knock(door, who);
        assert!(
            matches!(came, Came::Out(_)),
            "{who:?} at {door:?}: {came:?}"
        );
    }

    /// dockerd pushes and pulls with the pair in `certs.d`, and not with the one that was kept.
    pub(super) fn an_image_goes_there_and_comes_back(&self, name: &str) {
        let image = format!("{IMAGES}/{name}:1");
        let docker = |words: &[&str]| self.host.daemon.docker(words).ok();
        let _ = docker(&["tag", sealock_testkit::dockerd::IMAGE, &image]);
        let _ = docker(&["push", &image]);
        let _ = docker(&["rmi", &image]);
        let _ = docker(&["pull", &image]);
    }

    /// The pair that was kept, in `certs.d`: dockerd is refused with it.
    pub(super) fn the_old_pair_pulls_nothing(&self, old: &Path) {
        let folder = Path::new("/etc/docker/certs.d").join(IMAGES);
        let files = [("client.cert", "cert.pem"), ("client.key", "key.pem")];
        let ours = files.map(|(name, _)| fs::read(folder.join(name)).unwrap());
        for (name, kept) in files {
            fs::write(folder.join(name), fs::read(old.join(kept)).unwrap()).unwrap();
        }
        let came = self.pulls();
        assert!(matches!(came, Came::Out(_)), "{came:?}");
        for ((name, _), bytes) in files.iter().zip(ours) {
            fs::write(folder.join(name), bytes).unwrap();
        }
        assert_eq!(self.pulls(), Came::In);
    }

    /// All of it in a copy; nothing of the host is touched.
    pub(super) fn rehearse(&self) {
        let said = self.sealock(&["--json", "rekey", "--rehearse"]);
        let value: serde_json::Value =
            serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said}"));
        assert_eq!(value["held"], true, "{said}");
        // The daemon, two clients, four services.
        assert_eq!(value["certificates"], 7, "{said}");
        let services = value["services"].as_array().unwrap();
        let words: Vec<&str> = services
            .iter()
            .map(|service| service["takeUp"].as_str().unwrap())
            .collect();
        for (words, begin) in words.iter().zip([
            "reload pg: kill -HUP",
            "restart images: exec ",
            "restart sql: bash ",
            "restart pad: ",
        ]) {
            assert!(words.starts_with(begin), "{said}");
        }
        assert_eq!((words.len(), &value["notes"]), (4, &serde_json::json!([])));
    }

    /// Everything new, and how long it took.
    pub(super) fn rekey(&self) -> (Outcome, Duration) {
        let begun = Instant::now();
        let said = self.sealock(&["-v", "rekey"]).expect_code(0);
        (said, begun.elapsed())
    }

    /// Nothing is to be done, and nothing is found.
    #[track_caller]
    pub(super) fn is_at_rest(&self) {
        let _ = self.sealock(&["status"]).expect_code(0);
        let again = self.sealock(&["apply"]).expect_code(0);
        assert!(again.stderr.starts_with("0 changes"), "{again}");
        self.host.lives();
        let said = self.sealock(&["--json", "check"]).expect_code(0);
        let found: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(found["found"], 0, "{said}");
    }
}

/// A cluster in clear text, whose configuration can be added to.
fn postgres() -> Postgres {
    let postgres = Postgres::prepare();
    let folder = postgres.server().join("data/conf.d");
    fs::create_dir(&folder).unwrap();
    let _ = call("chown", &[Postgres::USER, &folder.display().to_string()]).ok();
    postgres.configure("include_dir = 'conf.d'\n");
    postgres.hba("host all all 127.0.0.1/32 trust\n");
    postgres.server().start();
    for role in CLIENTS {
        let _ = postgres.sql(&format!("create role {role} login")).ok();
    }
    postgres
}

/// Debian's registry in clear text.
fn registry() -> Server {
    let program = lab().peer("usr/bin/docker-registry");
    let program = program.get_program().to_string_lossy().into_owned();
    let server = Server::prepare(&Spec {
        name: "registry",
        command: [&program, "serve", "@FOLDER@/config.yml"]
            .map(str::to_owned)
            .to_vec(),
        ready: "listening on",
        user: None,
        network: None,
        libraries: lab().neighbour_libraries(),
    });
    let folder = server.folder().display().to_string();
    server.write(
        "config.yml",
        format!(
            "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {folder}/data\nhttp:\n  \
             addr: {IMAGES}\n  secret: not-one\n"
        ),
    );
    fs::copy(server.restart_script(), server.join("take-up")).unwrap();
    server.start();
    server
}
