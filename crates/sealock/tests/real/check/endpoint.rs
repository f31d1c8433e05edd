//! Endpoints that do not answer, or lie: bounded time and memory, the right finding first, and nothing raw in any format.

mod absent;
mod flood;
mod other;
mod stall;

pub(crate) use absent::resolving;

use std::process::Command;

use super::peers::{Kit, Serving, loopback};
use sealock_testkit::process::free_port;

impl Kit {
    /// A server of python's for HTTP over TLS which demands a client of ours; `behaviour` is the body of its `do_GET`.
    fn python(&self, name: &str, behaviour: &str) -> Serving {
        let port = free_port();
        let body: String = behaviour
            .lines()
            .map(|line| format!("        {line}\n"))
            .collect();
        let script = format!(
            "import http.server, ssl, socket, struct, time
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
{body}
    def log_message(self, *words):
        pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', {port}), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('server.pem', 'server-key.pem')
context.load_verify_locations('client-ca.pem')
context.verify_mode = ssl.CERT_REQUIRED
context.set_ciphers('ECDHE+AESGCM')
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"
        );
        let script = self.folder.write(&format!("{name}.py"), script);
        let mut command = Command::new("/usr/bin/python3");
        command.current_dir(self.folder.path()).arg(script);
        Serving::start(command, loopback(port))
    }
}
