//! The command line that users learn. The doc comments here are the help text.

mod audit;
#[cfg(test)]
mod examples;
mod gateway;
mod life;
mod policy;
mod registry;
mod service;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use audit::{Audit, AuditShow, AuditVerify};
pub(crate) use gateway::{Control, Doors, Gateway, GatewayVerb};
pub(crate) use life::{
    Agent, AgentVerb, Backup, Crl, Import, Openers, Pace, Rekey, Renew, Restore, Retire, Retired,
    Revoke, Rotate, Scope, Session,
};
pub(crate) use policy::{Policy, PolicyCheck, PolicyExplain, PolicyShow, PolicyTest};
pub(crate) use registry::Registry;

pub(crate) use service::{Service, ServiceAdd};

use crate::passphrase::Source;
use crate::printer::Color;

const ABOUT: &str = "Put Docker hosts behind mutual TLS, prove it, and keep it so

Examples:
  sealock demo                   see what it does; no root, no Docker
  sealock up                     put this host's Docker API behind mutual TLS
  sealock up --listen 192.0.2.7:2376 --client alice
  sealock client add bob         another person or machine
  sealock client env alice       what a shell evals to reach this host
  sealock status                 is it still as it was proved?
  sealock check                  what is wrong, and how to mend it
  sealock down                   put every file back, byte for byte";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "sealock",
    version,
    propagate_version = true,
    about = ABOUT,
    long_about = None,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Options that every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Where the vault and the journal are kept [default: /var/lib/sealock for root, else the XDG data directory]
    #[arg(
        long,
        global = true,
        env = "SEALOCK_HOME",
        value_name = "DIR",
        hide_env = true
    )]
    pub(crate) home: Option<PathBuf>,
    /// The desired state [default: /etc/sealock/sealock.toml for root, else the XDG config directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the passphrase of the issuer keys comes from: prompt, file:PATH, fd:NUMBER or credential:NAME
    #[arg(long, global = true, value_name = "SOURCE")]
    pub(crate) passphrase: Option<Source>,
    /// Do not ask; consents that a plan needs are still given one by one with --accept
    #[arg(long, short = 'y', global = true)]
    pub(crate) yes: bool,
    /// Print data as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colour; auto means on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Say more
    #[arg(long, short = 'v', global = true)]
    pub(crate) verbose: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Watch mutual TLS at work on an embedded Docker API; leaves nothing behind
    Demo,
    /// Put this host's Docker API behind mutual TLS and prove it
    Up(Up),
    /// Show what apply would change
    Plan(Apply),
    /// Make this host as sealock.toml wants it, and prove it
    Apply(Apply),
    /// Say whether this host is still as sealock.toml wants it
    Status,
    /// Put every file back as it was, byte for byte
    Down(Down),
    /// People and machines that may reach the daemon
    #[command(subcommand)]
    Client(Client),
    /// What else on this host has a certificate of ours: databases, registries, anything with TLS
    #[command(subcommand)]
    Service(Service),
    /// The authority and its two anchors
    #[command(subcommand)]
    Ca(Ca),
    /// Single certificates, for anything
    #[command(subcommand)]
    Cert(Cert),
    /// Registries that dockerd verifies and is let in by
    #[command(subcommand)]
    Registry(Registry),
    /// Prove an endpoint or this host, name what is wrong, and say how to mend it
    Check(Check),
    /// Renew what is due: same name, new key
    Renew(Renew),
    /// Run one command with a certificate born for it
    Session(Session),
    /// Everything new at once, because something leaked: new anchors, new certificates, the old ones refused
    #[command(visible_aliases = ["hotel-juliet", "hj"])]
    Rekey(Rekey),
    /// Keep it alive: renew, publish, report
    Agent(Agent),
    /// A mutual-TLS front with revocation, roles and audit, for the Docker socket or any port
    Gateway(Box<Gateway>),
    /// Who may do what with the daemon behind a gateway: check, test and explain a policy file
    #[command(subcommand)]
    Policy(Policy),
    /// What the gateway has written about who asked for what
    #[command(subcommand)]
    Audit(Audit),
    /// Write the vault into one archive, sealed with age
    Backup(Backup),
    /// Bring a vault back from its archive
    Restore(Restore),
    /// Explain a code, or a message that you paste
    Explain(Explain),
    /// Print a completion script
    Completions {
        /// The shell it is for
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    Man {
        /// The folder they go to
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
}

/// How the daemon is found and how far we may go.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Daemon {
    /// The daemon's configuration file, for a daemon that no service manager we know runs
    #[arg(long, value_name = "FILE")]
    pub(crate) docker_config: Option<PathBuf>,
    /// The daemon's unix socket
    #[arg(long, value_name = "PATH")]
    pub(crate) docker_socket: Option<PathBuf>,
    /// The command that restarts such a daemon, run by /bin/sh
    #[arg(long, value_name = "CMD")]
    pub(crate) restart_command: Option<String>,
}

/// Consents, and patience.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Consent {
    /// Accept one named consequence that the plan asks about (can be repeated)
    #[arg(long, value_name = "RISK", value_parser = crate::ask::RISKS)]
    pub(crate) accept: Vec<String>,
    /// How long to wait for a daemon that somebody else has to restart
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,
}

/// Who listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    // The daemon itself: restarted once, and for every renewal.
    Daemon,
    // A gateway: the daemon is left alone.
    Gateway,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock up
  sealock up --mode gateway                    the daemon is not restarted
  sealock up --yes --listen 0.0.0.0:2376 --name docker.example.org \\
      --client alice --client ci
  sealock up --docker-config /srv/d/daemon.json \\
      --docker-socket /srv/d/docker.sock --restart-command /srv/d/restart")]
pub(crate) struct Up {
    /// Who listens: the daemon itself, or a gateway in front of it that needs no restart of the daemon [default: that of
    /// sealock.toml, else daemon]
    #[arg(long, value_enum, value_name = "MODE")]
    pub(crate) mode: Option<Mode>,
    /// With a gateway: who may do what [default: policy.toml beside sealock.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Where the API is to listen (can be repeated) [default: 0.0.0.0:2376]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) listen: Vec<String>,
    /// A name or address that clients use for this host (can be repeated) [default: all that it has]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Vec<String>,
    /// A person or machine that gets a certificate (can be repeated) [default: the invoking user]
    #[arg(long, value_name = "NAME")]
    pub(crate) client: Vec<String>,
    /// The scope of this host: only its clients get in [default: all of the authority's own]
    #[arg(long, value_name = "NAME")]
    pub(crate) scope: Option<String>,
    /// The key type of everything issued: ecdsa-p256, ecdsa-p384, ed25519, rsa-2048, rsa-3072 or rsa-4096 [default: ecdsa-p256]
    #[arg(long, value_name = "KIND")]
    pub(crate) key: Option<sealock_pki::KeyKind>,
    #[command(flatten)]
    pub(crate) daemon: Daemon,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Args, Debug)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Args, Debug)]
pub(crate) struct Down {
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Client {
    /// Give a person or machine a certificate of its own
    #[command(after_help = "Examples:
  sealock client add alice
  sealock client add ci --install dir:/srv/ci/docker-tls
  sealock client add bob --install context:prod")]
    Add {
        /// The name, which the daemon's logs and plugins will see
        name: String,
        /// Also install it: ~/.docker, dir:DIR or context:NAME (can be repeated)
        #[arg(long, value_name = "PLACE")]
        install: Vec<String>,
        /// How long the certificate lives
        #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = days)]
        days: u32,
    },
    /// List the clients and where they are installed
    List,
    /// Write ca.pem, cert.pem and key.pem of a client into one archive
    Bundle {
        /// The client
        name: String,
        /// The archive [default: NAME.tar]
        #[arg(long, short = 'o', value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Put a bundle where the Docker client finds it
    Install {
        /// A client's name, a bundle archive or a folder with the three files
        bundle: String,
        /// ~/.docker, dir:DIR or context:NAME
        #[arg(long, value_name = "PLACE", default_value = "~/.docker")]
        to: String,
        /// The endpoint that a context points to, tcp://NAME:PORT
        #[arg(long, value_name = "URL")]
        endpoint: Option<String>,
        /// Replace a context of that name which sealock did not make
        #[arg(long)]
        replace: bool,
    },
    /// Print what a shell evals to reach this host as that client
    Env {
        /// The client
        name: String,
        /// The shell; bash is also for zsh, dash and other POSIX shells
        #[arg(long, value_enum, default_value = "bash")]
        shell: ShellName,
    },
    /// Forget a client, and say honestly what that does not end
    Remove {
        /// The client
        name: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ShellName {
    // bash, zsh, dash and other POSIX shells.
    Bash,
    Fish,
    Powershell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PurposeName {
    // Proves a server to its clients.
    Server,
    // Proves a client to its servers.
    Client,
}

impl From<PurposeName> for sealock_pki::Purpose {
    fn from(name: PurposeName) -> Self {
        match name {
            PurposeName::Server => Self::Server,
            PurposeName::Client => Self::Client,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ca {
    /// Make an authority: a server anchor and a client anchor
    Create {
        /// The authority's name, which its anchors carry
        #[arg(long, default_value = "sealock")]
        name: String,
        /// ecdsa-p256, ecdsa-p384, ed25519, rsa-2048, rsa-3072 or rsa-4096 [default: ecdsa-p256]
        #[arg(long, value_name = "KIND")]
        key: Option<sealock_pki::KeyKind>,
    },
    /// Show the authority and its anchors
    Show,
    /// Print an anchor's certificate as PEM
    Export {
        /// The anchor that signs servers, or the one that signs clients
        #[arg(value_enum)]
        purpose: PurposeName,
        /// The scope of the client anchor [default: this host's]
        #[arg(long, value_name = "NAME")]
        scope: Option<String>,
    },
    /// Replace anchors without locking anybody out
    Rotate(Rotate),
    /// What becomes of the keys of generations that are withdrawn
    Retire(Retire),
    /// Take over what another tool has left: an OpenSSL recipe, mkcert, easy-rsa, docker-machine, cfssl, minica
    Import(Import),
    /// Groups of hosts with a client anchor of their own
    #[command(subcommand)]
    Scope(Scope),
    /// Revocation lists
    #[command(subcommand)]
    Crl(Crl),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cert {
    /// Make a key and a certificate
    #[command(after_help = "Examples:
  sealock cert issue db.example.org 192.0.2.9 --profile server \\
      --cert db.pem --key db.key
  sealock cert issue backup --profile client --cert backup.pem --key backup.key
  sealock cert issue ci --profile client --scope edge --cert ci.pem --key ci.key")]
    Issue {
        /// Names: the first is also the common name
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// What it proves: a server to its clients, or a client to its servers
        #[arg(long, value_enum)]
        profile: PurposeName,
        /// Where the certificate goes
        #[arg(long, value_name = "FILE")]
        cert: PathBuf,
        /// Where the private key goes
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where a PKCS#12 file with both goes; its passphrase is asked for or read from --p12-passphrase
        #[arg(long, value_name = "FILE")]
        p12: Option<PathBuf>,
        /// Where the passphrase of the PKCS#12 file comes from
        #[arg(long, value_name = "SOURCE", default_value = "prompt")]
        p12_passphrase: Source,
        /// The scope whose client anchor signs a client [default: this host's]
        #[arg(long, value_name = "NAME")]
        scope: Option<String>,
        /// The key type, as for `ca create` [default: the anchor's]
        #[arg(long, value_name = "KIND")]
        key_kind: Option<sealock_pki::KeyKind>,
        /// How long it lives
        #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = days)]
        days: u32,
    },
    /// Sign a request whose key was made elsewhere
    Sign {
        /// The request (PKCS#10); it contributes its public key and nothing else that is not named here
        csr: PathBuf,
        /// What it proves: a server to its clients, or a client to its servers
        #[arg(long, value_enum)]
        profile: PurposeName,
        /// Names that are allowed, and required for a server (can be repeated)
        #[arg(long = "name", value_name = "NAME")]
        names: Vec<String>,
        /// Take the names that the request asks for
        #[arg(long)]
        names_from_request: bool,
        /// The scope whose client anchor signs a client [default: this host's]
        #[arg(long, value_name = "NAME")]
        scope: Option<String>,
        /// Where the certificate goes [default: stdout]
        #[arg(long, value_name = "FILE")]
        cert: Option<PathBuf>,
        /// How long it lives
        #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = days)]
        days: u32,
    },
    /// Show what is in a certificate
    Show {
        /// A file of one or more certificates
        file: PathBuf,
    },
    /// List every certificate that was issued
    List,
    /// Renew certificates now: as `sealock renew NAME`
    Renew(Renew),
    /// Revoke, and say honestly what a daemon makes of it
    Revoke(Revoke),
    /// Judge a chain strictly, with a reason for each refusal
    Verify {
        /// What verification starts from (can be repeated)
        #[arg(long, value_name = "FILE", required = true)]
        anchor: Vec<PathBuf>,
        /// What the leaf is to be used for
        #[arg(long, value_enum)]
        purpose: PurposeName,
        /// The name or address that the client uses
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// When [default: now], as 2027-01-31 or 2027-01-31T12:00:00Z
        #[arg(long, value_name = "TIME")]
        at: Option<sealock_pki::Timestamp>,
        /// A revocation list (can be repeated); the issuer of the leaf must then have one
        #[arg(long, value_name = "FILE")]
        crl: Vec<PathBuf>,
        /// The chain, leaf first
        chain: PathBuf,
    },
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock check                              this host: daemon, files, clients, vault
  sealock check tcp://docker.example.org:2376
  sealock check --cert-path ~/ca tcp://192.0.2.7:2376
  sealock check postgres://db.example.org
  sealock check --probe https registry.example.org:5000
  sealock check --client                     why does this shell not get in?
  sealock check --client prod                that context, folder or client
  sealock check --from fleet.txt --format prometheus --output /var/lib/node_exporter/sealock.prom
  sealock check --fix                        plan what can be mended, ask, do it

Exit code 0 when nothing was found, 3 when something was.")]
pub(crate) struct Check {
    /// What to look at from outside: tcp://HOST:PORT of a Docker daemon, or postgres, tds, redis, amqp, mysql, tls instead of tcp
    /// [default: this host, from inside and outside]
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoints: Vec<String>,
    /// A file with an endpoint on each line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Why does this client not get in? A context, a folder, a client of sealock's, or this shell
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["endpoints", "from", "fix"])]
    pub(crate) client: Option<String>,
    /// What is spoken by endpoints that do not say it themselves: https, tls, postgres, tds, redis, amqp, mysql
    #[arg(long, value_name = "PROTOCOL", conflicts_with_all = ["client", "fix"])]
    pub(crate) probe: Option<sealock_service::Protocol>,
    /// The folder whose ca.pem, cert.pem and key.pem are ours [default: the vault's, else DOCKER_CERT_PATH or ~/.docker]
    #[arg(long, value_name = "DIR")]
    pub(crate) cert_path: Option<PathBuf>,
    /// The name that the endpoint's certificate must carry, when it is not the one it is reached by
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<sealock_pki::San>,
    /// Look at the certificate and at three clients only: no versions, suites and groups
    #[arg(long)]
    pub(crate) short: bool,
    /// Name certificates with fewer days left than this
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    pub(crate) min_days: u32,
    /// Text for people, JSON for programs, or the textfile format of Prometheus
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: CheckFormat,
    /// Replace this file at the end of every look, instead of printing
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Look again every so many seconds, and say what has changed
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "60", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) watch: Option<u64>,
    /// How many endpoints to look at side by side
    #[arg(long, value_name = "NUMBER", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) at_once: u16,
    /// How long one exchange with an endpoint may take
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=120))]
    pub(crate) timeout: u64,
    /// Make a plan of what can be mended, show it, ask, and carry it out
    #[arg(long, conflicts_with_all = ["endpoints", "from", "watch"])]
    pub(crate) fix: bool,
    #[command(flatten)]
    pub(crate) daemon: Daemon,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    // For people.
    Text,
    // One object, as with --json.
    Json,
    // For the textfile collector of the node exporter.
    Prometheus,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock explain SL-F104
  sealock explain 'x509: certificate is valid for localhost, not docker.example.org'
  journalctl -u docker -n 50 | sealock explain -")]
pub(crate) struct Explain {
    /// A code such as SL-F104, a message that a program printed, or - for messages on standard input
    #[arg(value_name = "CODE|MESSAGE", allow_hyphen_values = true)]
    pub(crate) what: Option<String>,
    /// Print the whole catalogue as Markdown: of errors, or of findings
    #[arg(long, value_enum, value_name = "WHICH", num_args = 0..=1, default_missing_value = "errors", conflicts_with = "what")]
    pub(crate) markdown: Option<Catalogue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Catalogue {
    // What stops a command.
    Errors,
    // What a check finds.
    Findings,
}

/// A life in days, as long as a certificate's dates can say.
fn days(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|days| (1..=36_500).contains(days));
    number.ok_or_else(|| "expected a number of days, 1 to 36500".to_owned())
}
