//! A vault with a client and services, and a shell that has the programs of the lab.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use sealock_testkit::process::{Outcome, run};
use sealock_testkit::{Scratch, lab};
use serde_json::Value;

use crate::common::Sealock;

/// Whose files a recipe is filled in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Files {
    /// alice's, as the vault keeps them.
    Ours,
    /// alice's certificate, and the anchor of somebody else: the server must not be believed.
    Deceived,
    /// Our anchor, and the certificate of another authority's alice: she must not get in.
    Foreign,
}

/// What `service show` prints of one client.
pub(super) struct Recipe {
    pub(super) form: String,
    pub(super) text: String,
}

/// The vault, and a folder for everything else.
pub(super) struct Stage {
    scratch: Scratch,
    sealock: Sealock,
}

impl Stage {
    /// An authority with the client alice, and another one with an alice of its own.
    pub(super) fn new() -> Self {
        let scratch = Scratch::new("recipes");
        let vault = |name: &str, folder: &str| {
            let folder = scratch.join(folder);
            fs::create_dir(&folder).unwrap();
            let sealock = Sealock::in_folder(&folder);
            let text = format!(
                "version = 1\n[authority]\nname = \"{name}\"\n[daemon]\nlisten = [\"127.0.0.1:2376\"]\nnames = [\"localhost\"]\n"
            );
            fs::write(sealock.config(), text).unwrap();
            for words in [
                &["--yes", "ca", "create", "--name", name][..],
                &["--yes", "client", "add", "alice"],
            ] {
                let _ = sealock.run(words).expect_code(0);
            }
            sealock
        };
        // Every recipe has to name paths like this one so that its reader takes them for one word.
        let (sealock, theirs) = (vault("ours", "our's & more"), vault("theirs", "theirs"));
        let (own, their) = (sealock.home(), theirs.home());
        let copy = |from: &Path, folder: &str, name: &str| {
            let to = scratch.join(folder).join(name);
            fs::create_dir_all(scratch.join(folder)).unwrap();
            fs::copy(from.join("clients/alice").join(name), to).unwrap();
        };
        for name in ["ca.pem", "cert.pem", "key.pem"] {
            let deceived = if name == "ca.pem" { &their } else { &own };
            let foreign = if name == "ca.pem" { &own } else { &their };
            copy(deceived, "deceived", name);
            copy(foreign, "foreign", name);
        }
        let stage = Self { scratch, sealock };
        stage.programs();
        stage
    }

    /// Writes a table for a service on a port of localhost, and its files: `cert.pem`, `key.pem` and `ca.pem` in a folder
    /// of its name.
    pub(super) fn service(&self, name: &str, port: u16, more: &str) -> PathBuf {
        let folder = self.scratch.join(name);
        fs::create_dir(&folder).unwrap();
        let file = |file: &str| folder.join(file).display().to_string();
        let table = format!(
            "\n[[service]]\nname = \"{name}\"\nnames = [\"127.0.0.1\", \"localhost\"]\naddress = \"127.0.0.1:{port}\"\n\
             cert = \"{}\"\nkey = \"{}\"\n{}\n",
            file("cert.pem"),
            file("key.pem"),
            more.replace("@CA@", &file("ca.pem"))
                .replace("@FOLDER@", &folder.display().to_string())
        );
        let text = fs::read_to_string(self.sealock.config()).unwrap();
        fs::write(self.sealock.config(), text + &table).unwrap();
        let (cert, key) = (file("cert.pem"), file("key.pem"));
        let mut issue = vec!["--yes", "cert", "issue", "localhost", "127.0.0.1"];
        issue.extend(["--profile", "server", "--cert", &cert, "--key", &key]);
        if more.contains("tds") || more.contains("mssql") {
            issue.extend(["--key-kind", "rsa-2048"]);
        }
        let _ = self.sealock.run(&issue).expect_code(0);
        let anchors = self.sealock.run(&["ca", "export", "client"]).ok();
        fs::write(folder.join("ca.pem"), anchors).unwrap();
        folder
    }

    /// Another certificate in the files of a service: of ours, for a name by which nobody calls it.
    pub(super) fn misname(&self, name: &str) {
        let file = |file: &str| self.path(name).join(file).display().to_string();
        let (cert, key) = (file("cert.pem"), file("key.pem"));
        let mut issue = vec!["--yes", "cert", "issue", "other.example.org"];
        issue.extend(["--profile", "server", "--cert", &cert, "--key", &key]);
        if name == "sql" {
            issue.extend(["--key-kind", "rsa-2048"]);
        }
        let _ = self.sealock.run(&issue).expect_code(0);
    }

    /// What the program prints of a service: everything.
    pub(super) fn shown(&self, service: &str, files: Files) -> Value {
        let folder = match files {
            Files::Ours => None,
            Files::Deceived => Some(self.scratch.join("deceived").display().to_string()),
            Files::Foreign => Some(self.scratch.join("foreign").display().to_string()),
        };
        let mut words = vec!["--json", "service", "show", service, "--client", "alice"];
        if let Some(folder) = &folder {
            words.extend(["--files", folder]);
        }
        serde_json::from_str(&self.sealock.run(&words).ok()).unwrap()
    }

    /// The same for people.
    pub(super) fn page(&self, service: &str) -> String {
        self.sealock.run(&["service", "show", service]).ok()
    }

    pub(super) fn sealock(&self) -> &Sealock {
        &self.sealock
    }

    /// The folder of alice's files.
    pub(super) fn alice(&self) -> PathBuf {
        self.sealock.home().join("clients/alice")
    }

    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.scratch.join(relative)
    }

    /// An empty folder to work in.
    pub(super) fn work(&self) -> PathBuf {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("work-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = self.scratch.join(&name);
        fs::create_dir(&folder).unwrap();
        folder
    }

    /// Runs a text of the shell in a folder, with these words to read, on no terminal.
    pub(super) fn sh(&self, work: &Path, text: &str, input: &str) -> Outcome {
        fs::write(work.join("input"), input).unwrap();
        let mut shell = Command::new("setsid");
        shell
            .args(["--wait", "sh", "-ec"])
            .arg(format!("exec <input\n{text}\n"))
            .current_dir(work)
            .env_clear()
            .env(
                "PATH",
                format!(
                    "{}:/usr/sbin:/usr/bin:/sbin:/bin",
                    self.path("bin").display()
                ),
            )
            .env("HOME", work)
            .env("ODBCSYSINI", self.path("odbc"))
            // Nobody's anchors but those that are named.
            .env("SSL_CERT_DIR", work)
            .env("FREETDSCONF", work.join("freetds.conf"))
            .env("NODE_PATH", lab().tedious());
        run(&mut shell)
    }

    /// A program in a language, with lines of ours behind the recipe's.
    pub(super) fn program(
        &self,
        work: &Path,
        recipe: &Recipe,
        more: &str,
        interpreter: &str,
        input: &str,
    ) -> Outcome {
        fs::write(work.join("program"), format!("{}\n{more}\n", recipe.text)).unwrap();
        self.sh(work, &format!("{interpreter} program"), input)
    }

    /// The lab's programs, by the names that people call them by.
    fn programs(&self) {
        let bin = self.path("bin");
        fs::create_dir(&bin).unwrap();
        let libraries = [
            lab().clients("usr/lib").join(triplet()),
            lab().neighbour_libraries(),
        ]
        .map(|path| path.display().to_string())
        .join(":");
        let wrap = |name: &str, program: PathBuf| {
            // Programs of a second need no second compiler.
            let quick = match name {
                "java" => " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
                "keytool" => " -J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC",
                _ => "",
            };
            let text = format!(
                "#!/bin/sh\nexec env LD_LIBRARY_PATH={libraries} {}{quick} \"$@\"\n",
                program.display()
            );
            let path = bin.join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        let program = |command: Command| PathBuf::from(command.get_program());
        for name in ["redis-cli", "mariadb", "tsql"] {
            wrap(name, program(lab().neighbour(&format!("usr/bin/{name}"))));
        }
        wrap(
            "psql",
            program(lab().neighbour("usr/lib/postgresql/15/bin/psql")),
        );
        for name in ["isql", "certutil", "pk12util", "tstclnt"] {
            wrap(
                name,
                program(lab().client_program(&format!("usr/bin/{name}"))),
            );
        }
        wrap("java", lab().java().join("bin/java"));
        wrap("keytool", lab().java().join("bin/keytool"));
        wrap("tds-python", lab().tds_python());
        let python = format!(
            "#!/bin/sh\nexec env PYTHONPATH={} /usr/bin/python3 \"$@\"\n",
            lab().drivers().display()
        );
        let path = bin.join("drivers-python");
        fs::write(&path, python).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let drivers = format!(
            "[FreeTDS]\nDriver={}\n[ODBC Driver 18 for SQL Server]\nDriver={}\n",
            lab()
                .clients("usr/lib")
                .join(triplet())
                .join("odbc/libtdsodbc.so")
                .display(),
            lab().microsoft_odbc().display()
        );
        self.scratch.write("odbc/odbcinst.ini", drivers);
    }
}

/// One recipe out of everything.
#[track_caller]
pub(super) fn recipe(shown: &Value, word: &str) -> Recipe {
    let recipes = shown["recipes"].as_array().unwrap();
    let found = recipes.iter().find(|one| one["word"] == word);
    let found = found.unwrap_or_else(|| panic!("no recipe {word}: {shown:#}"));
    let text = |key: &str| found[key].as_str().unwrap().to_owned();
    Recipe {
        form: text("form"),
        text: text("text"),
    }
}

fn triplet() -> String {
    format!("{}-linux-gnu", std::env::consts::ARCH)
}
