//! `sealock gateway`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealock_host::desired::gateway::Behind;

#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  sealock gateway                              as the [gateway] of sealock.toml has it
  sealock gateway --listen 0.0.0.0:2376 --docker unix:///var/run/docker.sock \\
      --policy policy.toml
  sealock gateway --listen unix:///run/sandbox/docker.sock --policy policy.toml
  sealock gateway --listen 0.0.0.0:11433 --tcp 127.0.0.1:1433 --allow cn:alice
  sealock gateway --listen 0.0.0.0:8443 --web 127.0.0.1:3000 \\
      --header X-Remote-User --allow cn:alice
  sealock gateway reload                       read certificates, lists and policy now
  sealock gateway upgrade                      after a new version was installed
  sealock up --mode gateway                    install it as a service of systemd"
)]
pub(crate) struct Gateway {
    #[command(subcommand)]
    pub(crate) verb: Option<GatewayVerb>,
    #[command(flatten)]
    pub(crate) doors: Doors,
    #[command(flatten)]
    pub(crate) material: Material,
    #[command(flatten)]
    pub(crate) running: Running,
    /// Started by its unit: the sockets come from systemd, errors are lines of a log
    #[arg(long, hide = true)]
    pub(crate) unit: bool,
    /// Take the listening sockets of the gateway at this control socket
    #[arg(long, hide = true, value_name = "PATH")]
    pub(crate) take_over: Option<PathBuf>,
    /// Read everything as a start would, say what is wrong, and do not start
    #[arg(long)]
    pub(crate) check: bool,
}

/// What is to be done with a gateway that runs.
#[derive(Debug, Subcommand)]
pub(crate) enum GatewayVerb {
    /// Read certificates, anchors, lists and policy now; what was good is kept when the new is not
    Reload(Control),
    /// Take no more connections, let the live ones end, and end
    Drain(Control),
    /// Start the program anew as it lies on the disk now, and hand the listening sockets over to it
    Upgrade(Control),
}

/// Where a running gateway is asked.
#[derive(Args, Debug)]
pub(crate) struct Control {
    /// Its control socket [default: that of sealock.toml, else /run/sealock-gateway/control]
    #[arg(long, value_name = "PATH")]
    pub(crate) control: Option<PathBuf>,
}

/// One door, and what is behind it. Without any of these the `[gateway]` of the file that --config names has the doors.
#[derive(Args, Debug)]
#[command(next_help_heading = "The door, and what is behind it")]
pub(crate) struct Doors {
    /// Where it listens: ADDRESS:PORT with mutual TLS, or unix:///PATH (can be repeated)
    #[arg(long, value_name = "PLACE")]
    pub(crate) listen: Vec<String>,
    /// The daemon's socket, behind the policy [default: unix:///var/run/docker.sock]
    #[arg(long, value_name = "PLACE", requires = "listen")]
    pub(crate) docker: Option<Behind>,
    /// Any TCP or unix service instead
    #[arg(long, value_name = "PLACE", requires = "listen", conflicts_with_all = ["docker", "policy", "prefix"])]
    pub(crate) tcp: Option<Behind>,
    /// An HTTP service that believes a header instead
    #[arg(long, value_name = "PLACE", requires_all = ["listen", "header"], conflicts_with_all = ["docker", "policy", "prefix", "tcp"])]
    pub(crate) web: Option<Behind>,
    /// The header that tells the HTTP service who comes
    #[arg(long, value_name = "NAME", requires = "web")]
    pub(crate) header: Option<String>,
    /// Who may connect to a service, as cn:alice (can be repeated) [default: nobody]
    #[arg(
        long,
        value_name = "NAME",
        requires = "listen",
        conflicts_with = "docker"
    )]
    pub(crate) allow: Vec<sealock_policy::Name>,
    /// Tell the service who connects with a PROXY protocol v2 header
    #[arg(long, requires = "tcp")]
    pub(crate) proxy_header: bool,
    /// A path in front of every target, as in DOCKER_HOST=tcp://host:2376/base
    #[arg(long, value_name = "PATH", requires = "listen")]
    pub(crate) prefix: Option<String>,
    /// Who may do what with the daemon
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub(crate) policy: Option<PathBuf>,
}

/// The files of mutual TLS.
#[derive(Args, Debug)]
#[command(next_help_heading = "Certificates")]
pub(crate) struct Material {
    /// The folder with ca.pem, server-cert.pem and server-key.pem [default: what sealock has made on this host]
    #[arg(long, value_name = "DIR")]
    pub(crate) certificates: Option<PathBuf>,
    /// The server's certificate, leaf first, when it is not in that folder
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// The anchors of the clients
    #[arg(long, value_name = "FILE")]
    pub(crate) client_ca: Option<PathBuf>,
    /// A revocation list, or a folder of them (can be repeated); every anchor must then have one
    #[arg(long, value_name = "PATH")]
    pub(crate) crl: Vec<PathBuf>,
    /// A file of certificates to refuse at once: serial:… or spki:…, a line each
    #[arg(long, value_name = "FILE")]
    pub(crate) deny: Option<PathBuf>,
}

/// How it runs.
#[derive(Args, Debug)]
#[command(next_help_heading = "How it runs")]
pub(crate) struct Running {
    /// Where audit records go, a JSON line each; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) audit: Option<PathBuf>,
    /// Chain every audit record to the one before by its SHA-256
    #[arg(long, requires = "audit")]
    pub(crate) audit_chain: bool,
    /// Refuse requests while audit records cannot be written
    #[arg(long, requires = "audit")]
    pub(crate) audit_required: bool,
    /// Where metrics and health are told, in plain HTTP: /metrics, /healthz, /readyz
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) metrics: Option<SocketAddr>,
    /// The socket where `gateway reload` and `gateway drain` ask
    #[arg(long, value_name = "PATH")]
    pub(crate) control: Option<PathBuf>,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) workers: Option<u16>,
    /// How long a drain waits for live connections
    #[arg(long, value_name = "TIME", value_parser = sealock_host::desired::parse_life)]
    pub(crate) drain_time: Option<std::time::Duration>,
}
