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
    /// Show how a service stands, and how each of its usual clients connects with verification on
    #[command(after_help = "Examples:
  sealock service show pg
  sealock service show pg --client bob
  sealock service show pg --client bob --files /home/bob/.docker")]
    Show {
        /// The service
        name: String,
        /// The client that connects [default: the first of sealock.toml]
        #[arg(long, value_name = "NAME")]
        client: Option<String>,
        /// Where its ca.pem, cert.pem and key.pem lie [default: where this host keeps or installs them]
        #[arg(long, value_name = "DIR")]
        files: Option<PathBuf>,
    },
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
  sealock service add pg --kind postgres --names pg.example.org,127.0.0.1 \\
      --address 127.0.0.1:5432 --set hba=/etc/postgresql/15/main/pg_hba.conf \\
      --set config=/etc/postgresql/15/main/conf.d/sealock.conf
  sealock service add sql --kind mssql --names sql.example.org \\
      --address 127.0.0.1:1433 --set version=2022
  sealock service add images --kind registry --names registry.example.org \\
      --address registry.example.org:5000

With --ca the service lets in clients of this host's authority and nobody else; its own configuration has to demand
their certificates. Then `sealock apply` writes the files, has them taken up, and proves it.")]
pub(crate) struct ServiceAdd {
    /// What it is called here
    pub(crate) name: String,
    /// The kind of service; those that know more than the template have keys of their own, see --set
    #[arg(long, value_name = "KIND", default_value = "template", value_parser = clap::builder::PossibleValuesParser::new(sealock_service::kinds::words()))]
    pub(crate) kind: String,
    /// A key that only its kind has, as in its table of sealock.toml; commas between the parts of a list (can be repeated)
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting)]
    pub(crate) set: Vec<(String, String)>,
    /// The shape of its certificate; server-rsa is for clients that know no other keys
    #[arg(long, value_name = "PROFILE", default_value = "server", value_parser = ["server", "server-rsa"])]
    pub(crate) profile: String,
    /// Where it is asked from this host, to prove it
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) address: String,
    /// The names and addresses by which clients reach it (can be repeated)
    #[arg(long, value_name = "NAME", required = true, value_delimiter = ',')]
    pub(crate) names: Vec<String>,
    /// The file of its certificate; the template needs it, other kinds have a place of their own
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,
    /// The file of its key, likewise
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
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
    /// What a service of the template speaks: tls, https, postgres, tds, redis, amqp or mysql [default: tls]
    #[arg(long, value_name = "PROTOCOL")]
    pub(crate) probe: Option<Protocol>,
    /// Whether clients need certificates of ours: required or none [default: required with --ca]
    #[arg(long, value_name = "WHO", value_parser = ["required", "none"])]
    pub(crate) clients: Option<String>,
    /// How long its certificate lives
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = super::days)]
    pub(crate) days: u32,
}

/// `KEY=VALUE`; its kind judges both.
fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}
