//! `sealock policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealock_policy::Name;

/// Who may do what with the daemon behind a gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Read a policy file, and say what is wrong or odd about it
    Check(PolicyCheck),
    /// Hold a policy to a file of cases, for continuous integration
    Test(PolicyTest),
    /// Say what a policy makes of one request, and why
    Explain(PolicyExplain),
    /// Show roles, grants, and which role has which call
    Show(PolicyShow),
    /// Print the smallest policy that would have allowed what a learning gateway saw
    #[command(after_help = "Examples:
  sealock policy learned                       of the gateway of this host
  sealock policy learned --control /run/my-gateway/control")]
    Learned(super::Control),
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock policy check /etc/sealock/policy.toml
  sealock policy check policy.toml --strict    remarks are a no as well

The exit code is 1 when the file cannot be used, and 3 when --strict finds something to remark.")]
pub(crate) struct PolicyCheck {
    /// The policy
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Let remarks count
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock policy test policy.toml cases.toml

A file of cases:
  [[case]]
  as = \"cn:alice\"
  request = \"POST /v1.41/containers/create\"
  body = '{\"Image\": \"alpine\", \"HostConfig\": {\"Privileged\": true}}'
  expect = \"SL-A068\"       # or allow, warn, deny, hide

  [[case]]
  as = [\"cn:bob\", \"ou:ops\"]
  request = \"DELETE /containers/web\"
  objects = \"others\"       # whose web is: own (if left out), others, absent
  expect = \"hide\"

The exit code is 3 when a case comes out otherwise.")]
pub(crate) struct PolicyTest {
    /// The policy
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The cases
    #[arg(value_name = "CASES")]
    pub(crate) cases: PathBuf,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock policy explain policy.toml --as cn:alice GET /v1.41/containers/json
  sealock policy explain policy.toml --as cn:alice --as ou:ops POST /v1.41/containers/web/exec --body exec.json

The exit code is 3 when the request would be refused whoever its objects belong to.")]
pub(crate) struct PolicyExplain {
    /// The policy
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Who asks, by a name in the certificate (can be repeated; the first is the caller's one name)
    #[arg(long = "as", value_name = "NAME", required = true)]
    pub(crate) names: Vec<Name>,
    /// The method
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,
    /// The target, with its query
    #[arg(value_name = "TARGET")]
    pub(crate) target: String,
    /// A file with the body; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock policy show                          the shipped roles
  sealock policy show policy.toml              and those of a policy, with its grants
  sealock policy show --matrix                 which role has which call")]
pub(crate) struct PolicyShow {
    /// The policy [default: none, so only what is shipped]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Every call of the Engine API, and what each role makes of it
    #[arg(long)]
    pub(crate) matrix: bool,
}
