//! PostgreSQL 15 whose TLS and whose `pg_hba.conf` are ours: who gets in, and a renewal that nobody notices.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use sealock_testkit::lab::Version;
use sealock_testkit::postgres::Postgres;
use sealock_testkit::process::{Outcome, call};

use crate::common::Host;

const PAGE: &str = include_str!("../../../../../docs/services/postgres.md");

/// What stands in `pg_hba.conf` below the line for the unix socket: nothing of TLS.
const RULES: &str = "# everybody\nhost    all  all  127.0.0.1/32  trust\nhost replication all 127.0.0.1/32 trust # b\n";

/// A cluster in clear text, and the table that shall change that.
pub(super) struct Stage {
    pub(super) host: Host,
    pub(super) postgres: Postgres,
}

impl Stage {
    pub(super) fn new() -> Self {
        let host = Host::new(Version::V28);
        let _ = host.up(&[]).expect_code(0);
        let postgres = Postgres::prepare();
        fs::create_dir(postgres.server().join("data/conf.d")).unwrap();
        let folder = postgres.server().join("data/conf.d").display().to_string();
        let _ = call("chown", &[Postgres::USER, &folder]).ok();
        postgres.configure("include_dir = 'conf.d'\n");
        postgres.hba(RULES);
        postgres.server().start();
        for role in ["alice", "bob"] {
            let _ = postgres.sql(&format!("create role {role} login")).ok();
        }
        let stage = Self { host, postgres };
        let data = stage.file("").display().to_string();
        let data = data.trim_end_matches('/');
        // The command of the page, with this cluster in place of Debian's.
        let (_, command) = PAGE.split_once("<!-- commands -->\n```\n").unwrap();
        let (command, _) = command.split_once("\n```").unwrap();
        let command = command
            .replace("/etc/postgresql/15/main", data)
            .replace("5432", &stage.postgres.port().to_string());
        let own = format!(
            "--owner {} --reload 'kill -HUP $(head -n 1 {data}/postmaster.pid)'",
            Postgres::USER
        );
        let program = stage.host.sealock.command(&[]);
        let words = program.get_args().map(|word| word.to_string_lossy());
        let words: Vec<_> = words.collect();
        let ours = format!(
            "sealock() {{ {} --yes {} \"$@\"; }}\n{command} {own}\n",
            program.get_program().to_string_lossy(),
            words.join(" ")
        );
        let added = call("sh", &["-ec", &ours]).expect_code(0);
        assert!(added.stderr.contains("sealock apply"), "{added}");
        stage
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.postgres.server().join("data").join(name)
    }

    pub(super) fn hba(&self) -> String {
        fs::read_to_string(self.file("pg_hba.conf")).unwrap()
    }

    pub(super) fn sealock(&self, words: &[&str]) -> Outcome {
        let mut all = vec!["--yes"];
        all.extend(words);
        self.host.sealock.run(&all)
    }

    /// A connection string as `user`, by TLS, with the server's certificate verified.
    pub(super) fn tls(&self, user: &str, with_certificate: bool) -> String {
        let file = |name: &str| self.host.client("alice").join(name).display().to_string();
        let own = match with_certificate {
            true => format!("sslcert={} sslkey={}", file("cert.pem"), file("key.pem")),
            false => String::new(),
        };
        format!(
            "host=127.0.0.1 user={user} dbname=postgres sslmode=verify-full sslrootcert={} {own}",
            file("ca.pem")
        )
    }

    #[track_caller]
    pub(super) fn is_refused(&self, connection: &str, words: &str) {
        let said = self.postgres.psql(connection, "select 1");
        assert_ne!(said.code, 0, "{said}");
        assert!(said.stderr.contains(words), "{words}: {said}");
    }

    #[track_caller]
    fn is_at_rest(&self) {
        let _ = self.sealock(&["plan"]).expect_code(0);
        let _ = self.sealock(&["status"]).expect_code(0);
    }
}

pub(super) const CLEAR: &str = "host=127.0.0.1 user=alice dbname=postgres sslmode=disable";

#[test]
fn only_the_right_ones_get_in_and_a_renewal_disturbs_nobody() {
    let stage = Stage::new();
    let (hba, pid) = (stage.hba(), stage.postgres.server().pid());
    assert!(pid.is_some());
    let _ = stage.postgres.psql(CLEAR, "select 1").expect_code(0);

    let applied = stage.sealock(&["apply"]).expect_code(0);
    assert!(
        applied
            .stderr
            .contains("our clients get in, nobody else does"),
        "{applied}"
    );
    // The daemon is not what this plan is about.
    assert!(
        applied.stderr.contains("give pg a certificate"),
        "{applied}"
    );
    assert_eq!(
        stage.hba(),
        "local all all trust\n# everybody\n\
         hostssl all  all  127.0.0.1/32  trust clientcert=verify-full\n\
         hostssl replication all 127.0.0.1/32 trust clientcert=verify-full # b\n"
    );
    let key = fs::metadata(stage.file("sealock/key.pem")).unwrap();
    assert_eq!(key.mode() & 0o7777, 0o600);
    assert_ne!(key.uid(), 0);
    stage.is_at_rest();

    let alice = stage.tls("alice", true);
    let said = stage.postgres.psql(
        &alice,
        "select ssl, client_dn from pg_stat_ssl where pid = pg_backend_pid()",
    );
    assert!(said.stdout.starts_with("t|/"), "{said}");
    assert!(said.stdout.contains("CN=alice"), "{said}");
    stage.is_refused(
        &stage.tls("bob", true),
        "authentication failed for user \"bob\"",
    );
    let log = stage.postgres.server().log();
    let words =
        "certificate validation (clientcert=verify-full) failed for user \"bob\": CN mismatch";
    assert!(log.contains(words));
    stage.is_refused(
        &stage.tls("alice", false),
        "requires a valid client certificate",
    );
    stage.is_refused(CLEAR, "no encryption");

    // A session that began before the renewal goes on in the very same process.
    let mut session = Session::open(&stage.postgres, &alice);
    let backend = session.answer("select pg_backend_pid();");
    let served = fs::read(stage.file("sealock/cert.pem")).unwrap();
    let dockerd = stage.host.daemon.pid();
    let _ = stage.sealock(&["renew", "pg"]).expect_code(0);
    assert_ne!(fs::read(stage.file("sealock/cert.pem")).unwrap(), served);
    assert_eq!(session.answer("select pg_backend_pid();"), backend);
    drop(session);
    assert_eq!(
        stage.postgres.server().pid(),
        pid,
        "PostgreSQL was restarted"
    );
    assert_eq!(stage.host.daemon.pid(), dockerd, "dockerd was restarted");
    let _ = stage.postgres.psql(&alice, "select 1").expect_code(0);
    stage.is_at_rest();

    // A line that goes past TLS is told with its place, and nothing is changed.
    let ours = stage.hba();
    let open = format!("{ours}hostnossl all all 127.0.0.1/32 trust\n");
    fs::write(stage.file("pg_hba.conf"), &open).unwrap();
    let said = stage.sealock(&["apply"]).expect_code(1);
    for words in ["SL-U127", "pg_hba.conf, line 5", "without TLS only"] {
        assert!(said.stderr.contains(words), "{words}: {said}");
    }
    assert_eq!(stage.hba(), open);
    let said = stage.sealock(&["status"]).expect_code(3);
    for words in [
        "pg_hba.conf, line 5, configuration of pg",
        "cannot be judged",
        "without TLS only",
    ] {
        assert!(said.stdout.contains(words), "{words}: {said}");
    }
    // What drifted is told and mended.
    fs::write(stage.file("pg_hba.conf"), hba.as_bytes()).unwrap();
    let said = stage.sealock(&["status"]).expect_code(3);
    assert!(
        said.stdout.contains("pg_hba.conf, configuration of pg"),
        "{said}"
    );
    let applied = stage.sealock(&["apply"]).expect_code(0);
    assert!(applied.stderr.contains("put pg in order"), "{applied}");
    assert_eq!(stage.hba(), ours);
    stage.is_refused(CLEAR, "no encryption");

    // Taken out again, it is as it was, without a restart; a line that came since stays, with or without us in between.
    let added = "# of today\nhostssl all carol 127.0.0.2/32 cert\n";
    fs::write(stage.file("pg_hba.conf"), format!("{ours}{added}")).unwrap();
    let _ = stage.sealock(&["renew", "pg"]).expect_code(0);
    let said = stage.sealock(&["service", "remove", "pg"]).expect_code(0);
    for words in [
        "pg_hba.conf was edited since",
        "but for what was edited since",
    ] {
        assert!(said.stderr.contains(words), "{words}: {said}");
    }
    assert_eq!(stage.hba(), format!("{hba}{added}"));
    assert!(!stage.file("conf.d/sealock.conf").exists());
    sealock_testkit::process::wait_for(
        "clear text again",
        std::time::Duration::from_secs(60),
        || stage.postgres.psql(CLEAR, "select 1").code == 0,
    );
    assert_eq!(stage.postgres.server().pid(), pid);
    stage.host.lives();
}

/// One psql that stays connected.
struct Session {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Session {
    fn open(postgres: &Postgres, connection: &str) -> Self {
        let mut child = postgres
            .psql_command(connection, "select 'open'")
            .args(["-f", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut session = Self {
            child,
            to,
            from: BufReader::new(from),
        };
        assert_eq!(session.line(), "open");
        session
    }

    fn answer(&mut self, statement: &str) -> String {
        writeln!(self.to, "{statement}").unwrap();
        let answer = self.line();
        assert!(!answer.is_empty(), "the session is gone");
        answer
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let _ = self.from.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
