//! Where the desired state comes from: `sealock.toml`, the command line, and what was found on the host.

use std::path::Path;

use sealock_change::{Content, Edit, fs};
use sealock_diag::escape;
use sealock_host::{Desired, Listen, Observed, desired};

use crate::catalogue;
use crate::cli;
use crate::exit::Exit;
use crate::failure::{COMMAND_LINE, Failure};
use crate::session::Session;

/// Where the daemon listens unless told otherwise.
pub(crate) const LISTEN: &str = "0.0.0.0:2376";
const AUTHORITY: &str = "sealock";

/// The desired state of this host, as its file has it.
pub(crate) fn load(session: &Session) -> Result<Desired, Failure> {
    if let Some(desired) = find(session)? {
        return Ok(desired);
    }
    let failure = Failure::own(catalogue::NOT_SET_UP, "this host has no sealock.toml yet")
        .at(session.config.display().to_string());
    let pending = session.home.join(crate::sealed::PENDING);
    Err(if fs::stat(&pending)?.is_some() {
        failure
            .because("a restore was killed before it put sealock.toml in its place")
            .help("run the same sealock restore again")
    } else {
        failure.help("sealock up")
    })
}

/// The same, for who goes on without: `None` when there is no file. One that cannot be read is an error all the same.
pub(crate) fn find(session: &Session) -> Result<Option<Desired>, Failure> {
    let text = text(session)?;
    Ok(text
        .map(|text| Desired::parse(&session.config, &text))
        .transpose()?)
}

/// The text of `sealock.toml`; `None` when there is none.
pub(crate) fn text(session: &Session) -> Result<Option<String>, Failure> {
    if fs::stat(&session.config)?.is_none() {
        return Ok(None);
    }
    let bytes = fs::read(&session.config)?;
    String::from_utf8(bytes).map(Some).map_err(|error| {
        Failure::own(catalogue::UNREADABLE_FILE, "sealock.toml is not UTF-8 text")
            .at(session.config.display().to_string())
            .because(error.utf8_error().to_string())
    })
}

/// The options that find the daemon: the command line's, else the file's.
pub(crate) fn options(
    session: &Session,
    args: &cli::Daemon,
) -> Result<sealock_host::Options, Failure> {
    let told = find(session)?
        .map(|desired| desired.options())
        .unwrap_or_default();
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Ok(sealock_host::Options {
        docker_config: args
            .docker_config
            .as_deref()
            .map(absolute)
            .or(told.docker_config),
        docker_socket: args
            .docker_socket
            .as_deref()
            .map(absolute)
            .or(told.docker_socket),
        restart_command: args.restart_command.clone().or(told.restart_command),
    })
}

/// What `up` wants: the file's state where there is one, what was said on the command line over it, and
/// what was found for the rest.
pub(crate) fn for_up(
    session: &Session,
    args: &cli::Up,
    options: &sealock_host::Options,
    observed: &Observed,
) -> Result<(Desired, Option<Edit>), Failure> {
    let old = text(session)?;
    let mut desired = match &old {
        Some(text) => Desired::parse(&session.config, text)?,
        None => Desired::new(AUTHORITY, vec![listen(LISTEN)?], observed.names()),
    };
    if !args.listen.is_empty() {
        desired.daemon.listen = args
            .listen
            .iter()
            .map(|text| listen(text))
            .collect::<Result<_, _>>()?;
    }
    if !args.name.is_empty() {
        desired.daemon.names = names(&args.name, &desired.daemon.listen)?;
    }
    if let Some(name) = &args.scope {
        desired.authority.scope = super::scopes::parse(name)?;
    }
    if let Some(kind) = args.key {
        desired.authority.key = kind;
    }
    desired.find_daemon_by(options);
    super::gateway::wanted(session, args, observed, &mut desired)?;
    let mut wanted = args.client.clone();
    if wanted.is_empty() && desired.clients.is_empty() {
        wanted.push(invoking_user());
    }
    for name in wanted {
        check_name(&name)?;
        if !desired.clients.iter().any(|client| client.name == name) {
            desired.clients.push(desired::Client {
                name,
                install: Vec::new(),
                life: desired::LEAF_LIFE,
            });
        }
    }
    let is_as_the_file = match &old {
        Some(text) => Desired::parse(&session.config, text)? == desired,
        None => false,
    };
    if is_as_the_file {
        return Ok((desired, None));
    }
    let edit = write(session, desired.to_toml());
    Ok((desired, Some(edit)))
}

/// The edit that writes `sealock.toml`.
pub(crate) fn write(session: &Session, text: String) -> Edit {
    Edit::Write {
        path: session.config.clone(),
        content: Content::Public(text.into_bytes()),
        mode: 0o644,
        owner: None,
    }
}

fn listen(text: &str) -> Result<Listen, Failure> {
    text.parse::<Listen>().map_err(|error| {
        let failure = Failure::own(catalogue::BAD_LISTEN, "this is no address to listen on")
            .because(error.problem)
            .exit(Exit::Usage);
        match error.help {
            Some(help) => failure.help(format!("--listen {help}")),
            None => failure,
        }
    })
}

/// Names as the user gave them, plus the addresses that clients on this host use.
fn names(given: &[String], listen: &[Listen]) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    let concrete = listen
        .iter()
        .map(|listen| listen.address().ip())
        .filter(|ip| !ip.is_unspecified())
        .map(|ip| ip.to_string());
    let local = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    for name in given.iter().cloned().chain(concrete).chain(local) {
        name.parse::<sealock_pki::San>()
            .map_err(|error| Failure::new(&error).exit(Exit::Usage))?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Who stands behind sudo, else who this is.
fn invoking_user() -> String {
    let named = ["SUDO_USER", "LOGNAME", "USER"]
        .iter()
        .filter_map(|variable| std::env::var(variable).ok());
    named
        .into_iter()
        .find(|name| check_name(name).is_ok())
        .unwrap_or_else(|| "root".to_owned())
}

/// A client's name from the command line.
pub(crate) fn check_name(name: &str) -> Result<(), Failure> {
    desired::check_client_name(name).map_err(|problem| {
        let short: String = name.chars().take(64).collect();
        Failure::own(
            catalogue::BAD_NAME,
            format!("`{}` cannot be the name of a client", escape(&short)),
        )
        .at(COMMAND_LINE)
        .because(problem)
        .help("use letters, digits, dots, dashes and underscores")
        .exit(Exit::Usage)
    })
}
