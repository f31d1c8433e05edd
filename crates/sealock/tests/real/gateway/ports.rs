//! Listeners that lead to something else than Docker: haproxy behind a port, a web service that believes a header.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealock_testkit::lab::lab;
use sealock_testkit::process::{Outcome, becomes, end, free_port, run};
use sealock_testkit::scratch::Scratch;

use super::authority::{Authority, replace};
use super::running::Gateway;

const SOON: Duration = Duration::from_secs(20);

/// An authority, alice and mallory, the server's files, and whatever the test runs.
pub(crate) struct World {
    pub(crate) scratch: Scratch,
    pub(crate) authority: Authority,
    alice: super::authority::Pair,
}

impl World {
    pub(crate) fn new(name: &str) -> Self {
        let mut authority = Authority::new();
        let scratch = Scratch::new(name);
        let (server, alice) = (authority.server(), authority.client("alice"));
        server.write(
            &scratch.join("server-cert.pem"),
            &scratch.join("server-key.pem"),
        );
        fs::write(scratch.join("ca.pem"), authority.anchor().to_pem()).unwrap();
        fs::write(scratch.join("list.pem"), authority.list().to_pem()).unwrap();
        authority.write_client(&alice, &scratch.join("alice"));
        let mallory = authority.client("mallory");
        authority.write_client(&mallory, &scratch.join("mallory"));
        Self {
            scratch,
            authority,
            alice,
        }
    }

    pub(crate) fn at(&self) -> &Path {
        self.scratch.path()
    }

    /// The lines of a configuration that every gateway here has; doors come behind them.
    pub(crate) fn common(&self) -> String {
        let at = self.at().display();
        format!(
            "version = 1\n[gateway]\ncertificates = \"{at}\"\ncrl = [\"{at}/list.pem\"]\ncontrol = \"{at}/control\"\n\
             [gateway.audit]\npath = \"{at}/audit.jsonl\"\nchain = true\n"
        )
    }

    /// Alice as a client of sealock's own.
    pub(crate) fn client(&self) -> sealock_tls::Client {
        self.authority.tls_client(&self.alice)
    }

    /// curl with the certificate of `who`.
    pub(crate) fn curl(&self, who: &str, port: u16, more: &[&str]) -> Outcome {
        let folder = self.scratch.join(who);
        let mut command = Command::new("curl");
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .args(["-sS", "--noproxy", "*", "--max-time", "20", "--cacert"])
            .arg(folder.join("ca.pem"))
            .arg("--cert")
            .arg(folder.join("cert.pem"))
            .arg("--key")
            .arg(folder.join("key.pem"))
            .args(more)
            .arg(format!("https://localhost:{port}/"));
        run(&mut command)
    }

    /// `sealock audit …` on the records of this gateway.
    pub(crate) fn audit(&self, words: &[&str]) -> Outcome {
        let mut command = Command::new(crate::common::program());
        command
            .env_clear()
            .env("HOME", self.at())
            .arg("audit")
            .args(words)
            .arg(self.scratch.join("audit.jsonl"));
        run(&mut command)
    }

    pub(crate) fn records(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.scratch.join("audit.jsonl")).unwrap_or_default();
        let whole = text.lines().filter(|line| line.ends_with('}'));
        whole
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The first record of which this holds, once there is one.
    #[track_caller]
    pub(crate) fn record(&self, is: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        let mut found = None;
        let there = becomes(SOON, || {
            found = self.records().into_iter().find(&is);
            found.is_some()
        });
        assert!(there, "no such record: {:#?}", self.records());
        found.unwrap()
    }
}

/// A program that ends with the test.
pub(crate) struct Program(pub(crate) Child);

impl Program {
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Self {
        let said = fs::File::create(log).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said);
        Self(command.spawn().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        end(self.0.id(), Duration::from_secs(3));
        let _ = self.0.wait();
    }
}

fn listens(port: u16) {
    let there = becomes(SOON, || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    assert!(there, "nobody listens on {port}");
}

/// haproxy reads the header and answers with what it understood.
#[test]
fn haproxy_understands_who_comes() {
    let mut world = World::new("proxy");
    let (front, behind) = (free_port(), free_port());
    let config = world.scratch.write(
        "haproxy.cfg",
        format!(
            "global\n    maxconn 100\ndefaults\n    mode http\n    timeout connect 5s\n    timeout client 20s\n    timeout server 20s\n\
             frontend f\n    bind 127.0.0.1:{behind} accept-proxy\n    \
             http-request return status 200 content-type text/plain lf-string \"%[src] %[src_port] %[dst] %[dst_port] %[fc_pp_unique_id]\"\n"
        ),
    );
    let _haproxy = Program::start(
        lab().peer("usr/sbin/haproxy").arg("-f").arg(config),
        world.scratch.join("haproxy.log"),
    );
    listens(behind);
    let text = format!(
        "{}[[gateway.tcp]]\nname = \"any\"\nlisten = \"127.0.0.1:{front}\"\nupstream = \"127.0.0.1:{behind}\"\n\
         allow = [\"cn:alice\"]\nproxy-header = true\n",
        world.common()
    );
    let _gateway = Gateway::with_config(world.at(), front, &text);
    let said = world.curl("alice", front, &["-w", " %{local_port}"]).ok();
    let words: Vec<&str> = said.split(' ').collect();
    let [from, from_port, to, to_port, id, local_port] = words[..] else {
        panic!("{said}");
    };
    assert_eq!(
        (from, to, to_port),
        ("127.0.0.1", "127.0.0.1", &*front.to_string())
    );
    assert_eq!(from_port, local_port);
    // The connection has the same name in haproxy's log and in our audit.
    let opened = world.record(|record| record["event"] == "open");
    assert_eq!(opened["connection"], id);
    assert_eq!(
        (&opened["caller"], &opened["rule"]),
        (&"cn:alice".into(), &"cn:alice".into())
    );
    let closed = world.record(|record| record["event"] == "close");
    assert!(closed["sent"].as_u64().unwrap() > 50, "{closed}");
    // Who is not on the list is known, and gets nothing.
    let refused = world.curl("mallory", front, &[]);
    assert_ne!(refused.code, 0, "{refused}");
    let denied = world.record(|record| record["decision"] == "deny");
    assert_eq!(
        (&denied["caller"], &denied["code"]),
        (&"cn:mallory".into(), &"SL-G056".into())
    );
    // Nor does whoever was on it and is revoked.
    let alice = world.alice.certificate.clone();
    world.authority.revoke(&alice);
    replace(
        &world.scratch.join("list.pem"),
        world.authority.list().to_pem().as_bytes(),
    );
    let _taken = world.record(|record| record["event"] == "reload");
    assert_ne!(world.curl("alice", front, &[]).code, 0);
    let revoked = |record: &serde_json::Value| {
        let detail = record["detail"].as_str().unwrap_or_default();
        record["event"] == "refused" && detail.contains("revoked")
    };
    let _turned_away = world.record(revoked);
}

/// A program that takes headers as WSGI and CGI do, for which `X_Web_User` and `X-Web-User` are one.
const WSGI: &str = "
import sys
from wsgiref.simple_server import make_server
def app(environ, start):
    body = environ['REQUEST_METHOD'] + ' ' + environ.get('HTTP_X_WEB_USER', 'nobody') + ' ' + environ.get('HTTP_X_FORWARDED_PROTO', '-') + '\\n'
    n = int(environ.get('CONTENT_LENGTH') or 0)
    body += environ['wsgi.input'].read(n).decode()
    start('200 OK', [('Content-Type', 'text/plain')])
    return [body.encode()]
make_server('127.0.0.1', int(sys.argv[1]), app).serve_forever()
";

#[test]
fn a_web_service_believes_nobody_but_the_gateway() {
    let world = World::new("web");
    let (front, behind) = (free_port(), free_port());
    let script = world.scratch.write("service.py", WSGI);
    let _service = Program::start(
        Command::new("python3")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .arg(script)
            .arg(behind.to_string()),
        world.scratch.join("service.log"),
    );
    listens(behind);
    // Asked directly it believes whoever says so: that is why only the gateway may reach it.
    let direct = run(Command::new("curl").env_clear().args([
        "-sS",
        "--noproxy",
        "*",
        "-H",
        "X_Web-User: admin",
        &format!("http://127.0.0.1:{behind}/"),
    ]));
    assert_eq!(direct.ok(), "GET admin -\n");
    let text = format!(
        "{}[[gateway.web]]\nname = \"web\"\nlisten = \"127.0.0.1:{front}\"\nupstream = \"127.0.0.1:{behind}\"\n\
         allow = [\"cn:alice\"]\nheader = \"X-Web-User\"\n",
        world.common()
    );
    let _gateway = Gateway::with_config(world.at(), front, &text);
    let forged = [
        "X-Web-User: admin",
        "x-web-user: admin",
        "X_Web_User: admin",
        "X-Web_User: admin",
        "Connection: X-Web-User",
        "X-Forwarded-Proto: gopher",
    ];
    for header in forged {
        let said = world.curl("alice", front, &["-H", header]).ok();
        assert_eq!(said, "GET alice https\n", "{header}");
    }
    let posted = world.curl(
        "alice",
        front,
        &["-d", "hello", "-H", "X-Web-User: a", "-H", "X-Web-User: b"],
    );
    assert_eq!(posted.ok(), "POST alice https\nhello");
    let refused = world.curl("mallory", front, &["-w", "%{http_code}"]).ok();
    assert!(
        refused.starts_with("sealock: ") && refused.ends_with("403"),
        "{refused}"
    );
    let record = world.record(|record| record["method"] == "POST");
    assert_eq!(
        (&record["status"], &record["received"]),
        (&200.into(), &5.into())
    );
}

/// A large body through openssl's own TLS, both ways, and an end that is heard.
#[test]
fn a_stream_through_a_port_is_whole() {
    let world = World::new("stream");
    let front = free_port();
    let socket = world.scratch.join("service");
    // What comes in is counted and hashed until its end, and then answered.
    let script = world.scratch.write(
        "sum.py",
        "import hashlib, socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1])\ns.listen()\n\
         while True:\n    c, _ = s.accept()\n    h = hashlib.sha256(); n = 0\n    \
         while True:\n        b = c.recv(65536)\n        if not b: break\n        h.update(b); n += len(b)\n        \
         if b.endswith(b'END'): break\n    \
         c.sendall(('%d %s\\n' % (n, h.hexdigest())).encode()); c.sendall(b'x' * (32 << 20)); c.close()\n",
    );
    let _service = Program::start(
        Command::new("python3")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .arg(script)
            .arg(&socket),
        world.scratch.join("sum.log"),
    );
    assert!(becomes(SOON, || socket.exists()));
    let text = format!(
        "{}[[gateway.tcp]]\nname = \"sum\"\nlisten = \"127.0.0.1:{front}\"\nupstream = \"unix://{}\"\nallow = [\"cn:alice\"]\n",
        world.common(),
        socket.display()
    );
    let _gateway = Gateway::with_config(world.at(), front, &text);
    let mut blob = vec![0x5a; 32 << 20];
    blob.extend_from_slice(b"END");
    let file = world.scratch.join("blob");
    fs::File::create(&file).unwrap().write_all(&blob).unwrap();
    let line = format!(
        "timeout 60 openssl s_client -quiet -no_ign_eof -connect localhost:{front} -servername localhost \
         -CAfile {at}/ca.pem -cert {at}/cert.pem -key {at}/key.pem < {file} > {file}.out 2>{file}.err & \
         wait $!; head -c 90 {file}.out | head -1; stat -c %s {file}.out; sha256sum {file}",
        at = world.scratch.join("alice").display(),
        file = file.display(),
    );
    // `-quiet` keeps the input open behind its end, so the answer is waited for.
    let line = line.replace(" -no_ign_eof", "");
    let said = run(Command::new("bash")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .args(["-c", &line]))
    .ok();
    let lines: Vec<&str> = said.lines().collect();
    let errors = fs::read_to_string(world.scratch.join("blob.err")).unwrap_or_default();
    assert_eq!(lines.len(), 3, "{said}\n{errors}\n{:#?}", world.records());
    let sum = lines[2].split(' ').next().unwrap();
    assert_eq!(lines[0], format!("{} {sum}", blob.len()));
    assert_eq!(lines[1], (lines[0].len() + 1 + (32 << 20)).to_string());
    let closed = world.record(|record| record["event"] == "close");
    assert_eq!(closed["received"], blob.len());
}
