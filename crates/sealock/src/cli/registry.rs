//! `sealock registry`.

use clap::Subcommand;

/// What is to be done about a registry.
#[derive(Debug, Subcommand)]
pub(crate) enum Registry {
    /// Give dockerd what it needs to verify a registry, and to be let in
    #[command(after_help = "Examples:
  sealock registry trust registry.example.org:5000 --client alice
  sealock registry trust registry.example.org --rootless current
  sealock registry trust registry.example.org:5000 --hosts-toml")]
    Trust {
        /// What stands before the first slash of its images' names; with the port when it is typed there
        #[arg(value_name = "HOST[:PORT]")]
        host: String,
        /// The client whose certificate is shown to it [default: nobody's]
        #[arg(long, value_name = "NAME")]
        client: Option<String>,
        /// For the rootless daemon of this user, or of the current one, beside whoever has it already [default: root's daemon]
        #[arg(long, value_name = "USER|current")]
        rootless: Option<String>,
        /// Write a hosts.toml too, which containerd's image store reads before anything else
        #[arg(long)]
        hosts_toml: bool,
    },
    /// List the registries that dockerd was told of
    List,
    /// Take the files for a registry away again
    Distrust {
        /// The name, as it was given
        #[arg(value_name = "HOST[:PORT]")]
        host: String,
    },
}
