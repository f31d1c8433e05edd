//! The verbs that keep what is there alive: renewal, sessions, rotation, rekey, revocation, import, backup.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::{Consent, Daemon};
use crate::passphrase::Source;

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock renew                  what is due, wherever it lies
  sealock renew alice            alice's certificate now, due or not
  sealock renew --all            every certificate now
  sealock renew --dry-run        what would be renewed, and why")]
pub(crate) struct Renew {
    /// Who gets a new certificate now, due or not; dockerd is the daemon (can be several) [default: whoever is due]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Renew everything, due or not
    #[arg(long, conflicts_with = "names")]
    pub(crate) all: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock session alice -- docker ps
  sealock session alice --ttl 5m -- docker compose up -d
  sealock session alice --shell

The exit code is that of the command; 128 and the number of the signal that ended it, 127 when it is not there, 126 when it
cannot be run.")]
pub(crate) struct Session {
    /// The client whose name the certificate carries
    pub(crate) name: String,
    /// How long the certificate lives: 90s, 15m, 8h
    #[arg(long, value_name = "LIFE", default_value = "15m", value_parser = sealock_host::desired::parse_life)]
    pub(crate) ttl: Duration,
    /// The daemon, when it is not the one of sealock.toml: tcp://HOST:PORT
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Start an interactive shell instead of a command
    #[arg(long, conflicts_with = "command")]
    pub(crate) shell: bool,
    /// The command, and its words
    #[arg(value_name = "COMMAND", last = true, required_unless_present = "shell")]
    pub(crate) command: Vec<std::ffi::OsString>,
}

/// Which anchors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Anchors {
    // The one that signs servers.
    Server,
    // The one that signs clients.
    Client,
    // Both of them.
    #[default]
    Both,
}

impl Anchors {
    /// The purposes of these anchors.
    pub(crate) fn purposes(self) -> Vec<sealock_pki::Purpose> {
        use sealock_pki::Purpose;
        match self {
            Self::Server => vec![Purpose::Server],
            Self::Client => vec![Purpose::Client],
            Self::Both => vec![Purpose::Server, Purpose::Client],
        }
    }
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock ca rotate client            new client anchor, nobody locked out on the way
  sealock ca rotate --dry-run         the phases, and where it stands
  sealock ca rotate --undo            back to the old anchor, while it is still trusted
  sealock ca rotate --drop-waiting    drop the old anchor although somebody still needs it")]
pub(crate) struct Rotate {
    /// The anchors that get a new generation
    #[arg(value_enum, default_value = "both")]
    pub(crate) anchors: Anchors,
    /// Go back to the old generation; possible until it is dropped
    #[arg(long, conflicts_with = "drop_waiting")]
    pub(crate) undo: bool,
    /// Only the next phase; run it again for the one after it
    #[arg(long)]
    pub(crate) step: bool,
    /// Do not wait for clients that have not fetched their new bundle: they are locked out
    #[arg(long)]
    pub(crate) drop_waiting: bool,
    /// Show the phases and what each would do, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// What becomes of the keys of a retired generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Retired {
    /// They stay in the vault, withdrawn.
    #[default]
    Keep,
    /// They are overwritten and removed.
    Shred,
    /// They go to this file, sealed with age, and leave the vault.
    Archive(PathBuf),
}

impl std::str::FromStr for Retired {
    type Err = String;

    /// `keep`, `shred` or `archive:FILE`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "keep" => Ok(Self::Keep),
            "shred" => Ok(Self::Shred),
            _ => match text.strip_prefix("archive:") {
                Some(path) if !path.is_empty() => Ok(Self::Archive(PathBuf::from(path))),
                _ => Err("expected keep, shred or archive:FILE".to_owned()),
            },
        }
    }
}

/// Who can open an archive.
#[derive(Args, Clone, Debug)]
pub(crate) struct Openers {
    /// Who can open the archive: an age recipient (can be repeated)
    #[arg(long, value_name = "RECIPIENT", conflicts_with = "archive_passphrase")]
    pub(crate) to: Vec<String>,
    /// Where the passphrase of the archive comes from, when no recipient is named
    #[arg(long, value_name = "SOURCE")]
    pub(crate) archive_passphrase: Option<Source>,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock ca retire shred
  sealock ca retire archive:/root/old.age --to age1…")]
pub(crate) struct Retire {
    /// keep lists them; shred overwrites and removes them; archive:FILE seals them with age first
    #[arg(value_name = "WHAT", default_value = "keep")]
    pub(crate) what: Retired,
    #[command(flatten)]
    pub(crate) openers: Openers,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock rekey --rehearse       do all of it in a copy, and say how long it takes
  sealock rekey                  new anchors, new certificates, the old ones refused
  sealock hotel-juliet --retired shred
  sealock rekey --retired archive:/root/old.age --to age1…")]
pub(crate) struct Rekey {
    /// Do all of it in a copy beside the live vault, and report; nothing of the live one is touched
    #[arg(long)]
    pub(crate) rehearse: bool,
    /// The old issuer keys, or their passphrase, are lost: do not open them; --passphrase names the new one
    #[arg(long)]
    pub(crate) lost: bool,
    /// What becomes of the retired generation once the new one is proved: keep, shred or archive:FILE
    #[arg(long, value_name = "WHAT", default_value = "keep")]
    pub(crate) retired: Retired,
    #[command(flatten)]
    pub(crate) openers: Openers,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  sealock agent                  keep it alive from here, until stopped
  sealock agent --once           look once, renew what is due
  sealock agent install          a systemd service with a timer
  sealock agent install --metrics /var/lib/node_exporter/sealock.prom"
)]
pub(crate) struct Agent {
    #[command(subcommand)]
    pub(crate) verb: Option<AgentVerb>,
    /// Look once and end
    #[arg(long)]
    pub(crate) once: bool,
    /// The look is the service's: its errors are lines of a log, and systemd is asked for the next look
    #[arg(long, hide = true, requires = "once")]
    pub(crate) unit: bool,
    #[command(flatten)]
    pub(crate) pace: Pace,
}

/// How often the agent looks, and what it writes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Pace {
    /// How long between two looks: 15m, 6h
    #[arg(long, value_name = "TIME", default_value = "6h", value_parser = sealock_host::desired::parse_life)]
    pub(crate) every: Duration,
    /// Replace this file after every look, in the textfile format of Prometheus
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
    /// How long to wait for a clock that is months ahead of the last look to be synchronised
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = sealock_host::desired::parse_life)]
    pub(crate) clock_patience: Duration,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AgentVerb {
    /// Install it as a hardened systemd service with a timer
    Install {
        #[command(flatten)]
        pace: Pace,
        /// The file whose text is the passphrase, or its encrypted form by systemd-creds; systemd hands it over as a credential
        #[arg(long, value_name = "FILE")]
        credential: Option<PathBuf>,
    },
    /// Stop it and remove what install has written
    Remove,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock cert revoke alice                       all certificates of alice
  sealock cert revoke 4f2a…                       one, by its serial
  sealock cert revoke alice --reason key-compromise --swap")]
pub(crate) struct Revoke {
    /// A client's name, a serial, or a certificate file
    pub(crate) what: String,
    /// Why, as the CRL will say it (RFC 5280 §5.3.1)
    #[arg(long, value_name = "REASON", default_value = "unspecified")]
    pub(crate) reason: String,
    /// Of a name, only the certificates of this scope [default: of all scopes]
    #[arg(long, value_name = "NAME")]
    pub(crate) scope: Option<String>,
    /// Also swap the client anchor, so that a daemon which reads no CRL refuses it too: everyone else gets a new certificate
    #[arg(long)]
    pub(crate) swap: bool,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Crl {
    /// Sign the revocation lists anew, and write them to the vault's home
    Publish,
    /// Show the revocation lists
    Show,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Scope {
    /// Make a scope: a client anchor of its own, for a group of hosts
    Add {
        /// Its name
        name: String,
    },
    /// List the scopes and their anchors
    List,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock ca import                       look in the usual places
  sealock ca import ~/docker-certs        what an OpenSSL recipe left there
  sealock ca import /etc/easy-rsa/pki --key-passphrase prompt
  sealock ca import --dry-run ~/.docker/machine")]
pub(crate) struct Import {
    /// Folders or files [default: where the known tools leave them]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The name that the authority gets in the vault [default: that of sealock.toml, else sealock]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Where the passphrase of an encrypted CA key comes from
    #[arg(long, value_name = "SOURCE")]
    pub(crate) key_passphrase: Option<Source>,
    /// Say what is there and what is wrong with it, and import nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) daemon: Daemon,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock backup -o vault.age --to age1…
  sealock backup -o vault.age --archive-passphrase prompt")]
pub(crate) struct Backup {
    /// Where the archive goes
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) openers: Openers,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock restore vault.age --identity key.txt
  sealock restore vault.age --archive-passphrase prompt")]
pub(crate) struct Restore {
    /// The archive
    pub(crate) archive: PathBuf,
    /// A file with the age identity that opens it
    #[arg(long, value_name = "FILE", conflicts_with = "archive_passphrase")]
    pub(crate) identity: Option<PathBuf>,
    /// Where the archive's passphrase comes from
    #[arg(long, value_name = "SOURCE")]
    pub(crate) archive_passphrase: Option<Source>,
}
