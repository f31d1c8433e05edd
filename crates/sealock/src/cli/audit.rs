//! `sealock audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealock_gateway::audit::since;

/// What the gateway has written about who asked for what.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Say whether every record is there, in its order and unchanged
    Verify(AuditVerify),
    /// Show the last records
    Show(AuditShow),
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock audit verify                         the gateway's own files, rotated ones too
  sealock audit verify audit.jsonl             a copy
  sealock audit verify --noted 5b1f4a0e6c2d9b8a7f3e1d0c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a3928

The exit code is 3 when something is missing or was changed.")]
pub(crate) struct AuditVerify {
    /// The file [default: /var/log/sealock-gateway/audit.jsonl]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The tip that an earlier verification printed and that was kept elsewhere: it must be in the chain
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    pub(crate) noted: Option<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:
  sealock audit show                           the last 20 records
  sealock audit show --decision deny --since 1h
  sealock audit show --caller cn:alice -n 100
  sealock audit show --id 6745d2c1-2f-3        what a caller was told
  sealock audit show --json")]
pub(crate) struct AuditShow {
    /// The file [default: /var/log/sealock-gateway/audit.jsonl]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// How many, the newest
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 20)]
    pub(crate) last: usize,
    /// Of this caller only, by any of its names, as cn:alice
    #[arg(long, value_name = "NAME")]
    pub(crate) caller: Option<String>,
    /// Only what was decided so: allow, warn, deny or hide
    #[arg(long, value_name = "DECISION", value_parser = ["allow", "warn", "deny", "hide"])]
    pub(crate) decision: Option<String>,
    /// Only such events: request, open, close, refused, cut, reload, start, stop, lost or torn
    #[arg(long, value_name = "EVENT", value_parser = ["request", "open", "close", "refused", "cut", "reload", "start", "stop", "lost", "torn"])]
    pub(crate) event: Option<String>,
    /// Only this request: the ID that its caller was told
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// No earlier than so long ago (15m, 8h, 3d), or than this time (2026-11-22 or 2026-11-22T15:04, in UTC)
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub(crate) since: Option<String>,
}

fn digest(text: &str) -> Result<String, String> {
    match text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(text.to_owned()),
        false => Err("expected 64 hexadecimal digits".to_owned()),
    }
}
