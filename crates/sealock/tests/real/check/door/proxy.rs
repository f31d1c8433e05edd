//! A proxy as people write it, which ends TLS in front of dockerd and overlooks something.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::told;
use crate::common::Host;

/// It asks every client for a certificate, and lets in whoever has no other fault than `overlooks`.
const PROXY: &str = "
const [live, anchors, socket, overlooks] = process.argv.slice(1);
const fs = require('fs'), net = require('net'), tls = require('tls');
const file = (name) => fs.readFileSync(live + '/' + name);
tls.createServer({
  cert: file('server-cert.pem'), key: file('server-key.pem'),
  ca: [file('ca.pem'), fs.readFileSync(anchors)], requestCert: true, rejectUnauthorized: false,
}, (client) => {
  client.on('error', () => {});
  const shown = client.getPeerCertificate().raw;
  if (!shown || !(client.authorized || overlooks === 'ANY' || client.authorizationError === overlooks)) {
    return client.destroy();
  }
  const daemon = net.connect(socket);
  daemon.on('error', () => client.destroy());
  client.pipe(daemon).pipe(client);
}).on('tlsClientError', () => {}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
";

struct Proxy {
    node: Child,
    port: String,
}

impl Proxy {
    fn new(host: &Host, overlooks: &str) -> Self {
        let mut node = Command::new("node")
            .args(["-e", PROXY])
            .args([
                host.live(),
                host.client("alice").join("ca.pem"),
                host.daemon.socket(),
            ])
            .arg(overlooks)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        let said = node.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut port).unwrap();
        Self {
            node,
            port: port.trim().to_owned(),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

pub(super) fn lets_in(host: &Host) {
    for (overlooks, code) in [
        ("ANY", "SL-F103"),
        ("CERT_HAS_EXPIRED", "SL-F105"),
        ("INVALID_PURPOSE", "SL-F106"),
    ] {
        let proxy = Proxy::new(host, overlooks);
        let endpoint = format!("tcp://127.0.0.1:{}", proxy.port);
        told(&host.sealock.check(&[&endpoint]), code, "open");
    }
    // One that overlooks nothing is no worse than dockerd.
    let proxy = Proxy::new(host, "");
    let found = host
        .sealock
        .check(&[&format!("tcp://127.0.0.1:{}", proxy.port)]);
    assert!(
        !found.codes().iter().any(|code| code.starts_with("SL-F1")),
        "{found}"
    );
}
