//! A TLS server for dockerd to pull from, and the files of an authority of its own.

use std::process::{Child, Command, Stdio};

use sealock_testkit::process::{run, wait_for};
use sealock_testkit::{Machine, Scratch};

/// What is served on the machine's network, port 5000, with a certificate of an authority that nobody knows yet.
pub(super) fn serve(files: &Scratch, machine: &Machine) -> Server {
    let script = format!(
        "cd {} && key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes' && \
         openssl req -x509 $key -days 30 -subj '/CN=registry authority' -out ca.pem -keyout ca-key.pem && \
         openssl req $key -subj /CN=registry -out r.csr -keyout server-key.pem && \
         printf 'subjectAltName=IP:{}' > r.cnf && \
         openssl x509 -req -in r.csr -CA ca.pem -CAkey ca-key.pem -days 30 -extfile r.cnf -out server.pem && \
         openssl req $key -subj /CN=puller -out c.csr -keyout client-key.pem && \
         printf 'extendedKeyUsage=clientAuth' > c.cnf && \
         openssl x509 -req -in c.csr -CA ca.pem -CAkey ca-key.pem -days 30 -extfile c.cnf -out client.pem && \
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other-key.pem",
        files.path().display(),
        machine.network().address(),
    );
    let _ = run(Command::new("sh").args(["-ec", &script])).ok();
    let network = format!("--net={}", machine.network().namespace_path());
    let child = Command::new("nsenter")
        .args([&network, "python3", "-c", SERVER])
        .arg(files.join("server.pem"))
        .arg(files.join("server-key.pem"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server(child);
    let limit = std::time::Duration::from_secs(10);
    wait_for("a server", limit, || {
        let line = format!("exec 3<>/dev/tcp/{}/5000", machine.network().address());
        machine
            .network()
            .run(Command::new("bash").args(["-c", &line]))
            .code
            == 0
    });
    server
}

/// A child that goes with its value.
pub(super) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _code = self.0.wait();
    }
}

/// A server that answers every request with 404, each connection in a thread of its own.
const SERVER: &str = "
import http.server, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server = http.server.ThreadingHTTPServer(('', 5000), http.server.BaseHTTPRequestHandler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
http.server.BaseHTTPRequestHandler.do_GET = lambda self: self.send_error(404)
server.serve_forever()
";
