//! `sealock service`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealock_service::{Account, Protocol};

/// What else on this host has a certificate of ours.
#[derive(Debug, Subcommand)]
pub(crate) enum Service {
    /// Write a service into sealock.toml, or change one that is there; apply does the rest
    Add(Box<ServiceAdd>),
    /// List the services, and until when their certificates are valid
    List,
    /// Forget a service: its files are put back as they were
    Remove {
        /// The service
        name: String,
    },
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock service add redis --address 127.0.0.1:6379 --names redis.example.org,127.0.0.1 \\
      --cert /etc/redis/tls/cert.pem --key /etc/redis/tls/key.pem --ca /etc/redis/tls/ca.pem \\
      --mode 0640 --owner root:redis --restart 'systemctl restart redis-server' --probe redis
  sealock service add web --address web.example.org:443 --names web.example.org \\
      --cert /etc/nginx/cert.pem --key /etc/nginx/key.pem --reload 'nginx -s reload' --probe https

With --ca the service lets in clients of this host's authority and nobody else; its own configuration has to demand
their certificates. Then `sealock apply` writes the files, has them taken up, and proves it.")]
pub(crate) struct ServiceAdd {
    /// What it is called here
    pub(crate) name: String,
    // Other kinds have keys of their own, which are written into sealock.toml.
    /// The kind of service
    #[arg(long, value_name = "KIND", default_value = "template", value_parser = ["template"])]
    pub(crate) kind: String,
    /// The shape of its certificate; server-rsa is for clients that know no other keys
    #[arg(long, value_name = "PROFILE", default_value = "server", value_parser = ["server", "server-rsa"])]
    pub(crate) profile: String,
    /// Where it is asked from this host, to prove it
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) address: String,
    /// The names and addresses by which clients reach it (can be repeated)
    #[arg(long, value_name = "NAME", required = true, value_delimiter = ',')]
    pub(crate) names: Vec<String>,
    /// The file of its certificate
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: PathBuf,
    /// The file of its key
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The file of the anchors whose clients it lets in
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// The mode of the key [default: 0600]
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<String>,
    /// Whose its files are: USER, USER:GROUP or UID:GID [default: as they are, else root]
    #[arg(long, value_name = "OWNER")]
    pub(crate) owner: Option<Account>,
    /// What makes it read its files again, run by /bin/sh
    #[arg(long, value_name = "CMD", conflicts_with = "restart")]
    pub(crate) reload: Option<String>,
    /// What starts it anew, run by /bin/sh; without either somebody has to
    #[arg(long, value_name = "CMD")]
    pub(crate) restart: Option<String>,
    /// What it speaks: tls, https, postgres, tds, redis, amqp or mysql
    #[arg(long, value_name = "PROTOCOL", default_value = "tls")]
    pub(crate) probe: Protocol,
    /// Whether clients need certificates of ours: required or none [default: required with --ca]
    #[arg(long, value_name = "WHO", value_parser = ["required", "none"])]
    pub(crate) clients: Option<String>,
    /// How long its certificate lives
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = super::days)]
    pub(crate) days: u32,
}
