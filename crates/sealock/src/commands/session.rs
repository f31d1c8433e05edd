//! `sealock session`: one command with a certificate born for it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use sealock_diag::{Code, Entry, escape};
use sealock_host::client::Endpoint;
use sealock_host::desired::{Client, format_life};

use super::client::find;
use crate::cli;
use crate::cloak::{clients, desired};
use crate::ephemeral::{
    Born, Links, Memory, Privacy, Signals, clear_away, give_birth, on_disk, places, record,
    withdraw, withhold,
};
use crate::exit::Exit;
use crate::failure::{COMMAND_LINE, Failure};
use crate::session::Session;

const NOT_FOUND: Code = Code("SL-U030");
const NOT_EXECUTABLE: Code = Code("SL-U031");
const NO_PLACE: Code = Code("SL-U032");
const NO_MEMORY: Code = Code("SL-U033");
const TOO_LONG: Code = Code("SL-U034");

pub(crate) const CATALOGUE: &[Entry] = &[
    Entry {
        code: NOT_FOUND,
        title: "the command of a session is not there",
        meaning: "sealock session runs the command behind -- itself, without a shell: what only a shell knows (aliases, functions, \
                  pipes) is not found. As in a shell the exit code is 127. The certificate was withdrawn unused.",
        remedy: "sealock session NAME -- sh -c 'docker ps | wc -l'",
    },
    Entry {
        code: NOT_EXECUTABLE,
        title: "the command of a session cannot be run",
        meaning: "The file is there and the kernel does not run it: it is not executable, is a directory, lies on a file system mounted \
                  noexec, or begins with no #! line. As in a shell the exit code is 126. The certificate was withdrawn unused.",
        remedy: "chmod +x FILE",
    },
    Entry {
        code: NO_PLACE,
        title: "there is no place for the links of a session",
        meaning: "Docker clients are pointed to a directory, so a session makes one, with nothing in it but links to memory: in \
                  XDG_RUNTIME_DIR, /run (root), /dev/shm or the temporary directory. A place counts when it belongs to root or to you \
                  and nobody else can rename what is in it. None of them took a directory.",
        remedy: "mkdir -m 700 ~/run\nXDG_RUNTIME_DIR=~/run sealock session …",
    },
    Entry {
        code: NO_MEMORY,
        title: "the memory of a session cannot be reached",
        meaning: "The key of a session lies in memory without a name, and is opened through /proc/PID/fd by what runs in the session. \
                  That memory could not be had, or /proc is not that of this process: hidden, missing in a chroot, or that of another \
                  PID namespace.",
        remedy: "mount -t proc proc /proc",
    },
    Entry {
        code: TOO_LONG,
        title: "a session cannot live longer than its client's certificates do",
        meaning: "sealock.toml says how long a certificate of this client may live, and a session is no way around it. A session that \
                  ends when its work ends is the better one: minutes, or a working day.",
        remedy: "sealock session NAME --ttl 8h …",
    },
];

/// What a Docker client would read before, or beside, what the session sets.
const WITHOUT: [&str; 6] = [
    "DOCKER_CONTEXT",
    "DOCKER_TLS",
    "DOCKER_TLS_HOSTNAME",
    "DOCKER_CA_MATERIAL",
    "DOCKER_CERT_MATERIAL",
    "DOCKER_KEY_MATERIAL",
];

pub(crate) fn run(session: &Session, args: &cli::Session) -> Result<Exit, Failure> {
    let start = Instant::now();
    desired::check_name(&args.name)?;
    let wanted = desired::load(session)?;
    let client = find(&wanted, &args.name)?;
    check_life(client, args)?;
    let endpoint = match &args.endpoint {
        Some(text) => text
            .parse::<Endpoint>()
            .map_err(|error| Failure::new(&error).or_at(COMMAND_LINE).exit(Exit::Usage))?,
        None => clients::endpoint(&wanted)?,
    };
    // From here to the birth there are keys in our memory.
    let privacy = Privacy::begin();
    let places = places();
    bury(session, &places);
    let born = give_birth(session, &wanted, &client.name, args.ttl)?;
    session.forget_passphrase();
    let memory = Memory::keep(&born.files()).map_err(|error| {
        Failure::own(NO_MEMORY, "the memory of a session cannot be had")
            .at("this process")
            .because(error.to_string())
    })?;
    let links = link(&places, &born, &memory)?;
    record(session, &client.name, &born)?;
    let serial = born.certificate.serial().clone();
    let until = born.certificate.not_after();
    // The key is in its place; what is left of it here is wiped.
    drop(born);
    drop(privacy);

    if until < session.now + args.ttl {
        session.printer.warn(&format!(
            "the client anchor ends at {until}, and this session with it"
        ));
    }
    if memory.is_swappable() {
        warn_of_swap(session);
    }
    if args.shell {
        greet(session, &args.name, &endpoint, &until.to_string());
    }
    let (program, words) = command(args);
    let mut command = Command::new(&program);
    command
        .args(words)
        .env("DOCKER_HOST", endpoint.to_string())
        .env("DOCKER_TLS_VERIFY", "1")
        .env("DOCKER_CERT_PATH", links.directory())
        .env("SEALOCK_SESSION", &client.name)
        .env("SEALOCK_SESSION_UNTIL", until.to_string());
    for name in WITHOUT {
        command.env_remove(name);
    }
    if let Some(descriptor) = session.passphrase_descriptor() {
        withhold(&mut command, descriptor);
    }
    let ended = Signals::listen()
        .and_then(|signals| Ok((signals, command.spawn()?)))
        .map_err(|error| not_started(&program, &error))
        .and_then(|(signals, mut child)| {
            session.printer.detail(&format!(
                "serial {serial}, valid until {until}; the command runs after {} ms",
                start.elapsed().as_millis()
            ));
            signals
                .accompany(&mut child)
                .map_err(|error| not_started(&program, &error))
        });
    // First the key, then the word about it.
    drop(links);
    drop(memory);
    if let Err(failure) = withdraw(session, &[serial]) {
        session.printer.warn(&format!(
            "the key is gone, but the inventory still calls its certificate active: {}",
            failure.headline
        ));
    }
    Ok(Exit::Command(ended?.code()))
}

/// A session is no way to a longer life than `sealock.toml` allows.
fn check_life(client: &Client, args: &cli::Session) -> Result<(), Failure> {
    if args.ttl <= client.life {
        return Ok(());
    }
    let headline = "a session cannot live longer than its client's certificates do";
    Err(Failure::own(TOO_LONG, headline)
        .at(COMMAND_LINE)
        .because(format!(
            "--ttl is {}; certificates of {} live {}",
            format_life(args.ttl),
            client.name,
            format_life(client.life)
        ))
        .help(format!("--ttl {} or less", format_life(client.life)))
        .exit(Exit::Usage))
}

/// Clears up after sessions that were killed. What stands in its way stands in nobody else's.
fn bury(session: &Session, places: &[PathBuf]) {
    let dead = clear_away(places);
    for serial in &dead {
        session.printer.detail(&format!(
            "the session with the serial {serial} was killed; its links are cleared away"
        ));
    }
    if let Err(failure) = withdraw(session, &dead) {
        session.printer.detail(&failure.headline);
    }
}

/// The links, once they are seen to lead where they should.
fn link(places: &[PathBuf], born: &Born, memory: &Memory) -> Result<Links, Failure> {
    let links = Links::make(places, born.certificate.serial(), memory).map_err(|refused| {
        let said: Vec<String> = refused
            .iter()
            .map(|(place, error)| format!("{}: {error}", escape(&place.to_string_lossy())))
            .collect();
        Failure::own(NO_PLACE, "there is no place for the links of a session")
            .at("XDG_RUNTIME_DIR, /run, /dev/shm, TMPDIR")
            .because(match said.is_empty() {
                true => "none of them belongs to root or to you alone".to_owned(),
                false => said.join("\n"),
            })
    })?;
    match links.broken(memory) {
        None => Ok(links),
        Some((path, why)) => Err(Failure::own(
            NO_MEMORY,
            "the memory of a session cannot be reached through /proc",
        )
        .at(escape(&path.to_string_lossy()))
        .because(why)),
    }
}

fn warn_of_swap(session: &Session) {
    // Where there is no such file there is no swap.
    let swaps = std::fs::read_to_string("/proc/swaps").unwrap_or_default();
    let areas = on_disk(&swaps, Path::new("/sys"));
    if !areas.is_empty() {
        session.printer.warn(&format!(
            "this machine swaps to {}, which is not encrypted: the key of this session could be written there",
            escape(&areas.join(", "))
        ));
    }
}

fn greet(session: &Session, name: &str, endpoint: &Endpoint, until: &str) {
    let say = |text: &str| session.printer.say(text);
    say(&format!("You are {name} at {endpoint} until {until}."));
    say("From then on docker commands are refused here; what runs by then goes on.");
    say("Leave with `exit` or Ctrl-D: the key goes with this shell.");
}

/// The program and its words.
fn command(args: &cli::Session) -> (OsString, &[OsString]) {
    match args.command.split_first() {
        Some((program, words)) if !args.shell => (program.clone(), words),
        _ => (shell(std::env::var_os("SHELL")), &[]),
    }
}

/// The user's shell, else the one that every system has.
fn shell(named: Option<OsString>) -> OsString {
    named
        .filter(|path| Path::new(path).is_absolute())
        .unwrap_or_else(|| "/bin/sh".into())
}

fn not_started(program: &OsStr, error: &io::Error) -> Failure {
    let shown = escape(&program.to_string_lossy());
    let is_path = program.as_encoded_bytes().contains(&b'/');
    let (code, headline, exit) = match error.kind() {
        io::ErrorKind::NotFound => (NOT_FOUND, "is not there", Exit::NotFound),
        _ => (NOT_EXECUTABLE, "cannot be run", Exit::NotExecutable),
    };
    let cause = match (error.kind(), is_path) {
        (io::ErrorKind::NotFound, false) => "no directory of PATH has it".to_owned(),
        (io::ErrorKind::NotFound, true) if Path::new(program).exists() => {
            "the program that its #! line, or its loader, names does not exist".to_owned()
        }
        _ => error.to_string(),
    };
    let failure = Failure::own(code, format!("`{shown}` {headline}"))
        .at(COMMAND_LINE)
        .because(cause)
        .state(
            "the certificate was withdrawn unused, and its key is gone",
            exit,
        );
    match (code == NOT_EXECUTABLE, is_path) {
        (true, true) => failure.help(format!("chmod +x {shown}")),
        (false, false) => failure.help(format!("command -v {shown}")),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::io;

    use super::{not_started, shell};
    use crate::exit::Exit;

    #[test]
    fn a_command_that_does_not_start_ends_as_in_a_shell() {
        for (error, exit) in [
            (io::ErrorKind::NotFound, Exit::NotFound),
            (io::ErrorKind::PermissionDenied, Exit::NotExecutable),
            (io::ErrorKind::Other, Exit::NotExecutable),
        ] {
            let failure = not_started(OsStr::new("x"), &error.into());
            assert_eq!(failure.exit, exit);
        }
    }

    #[test]
    fn a_shell_is_named_by_its_path() {
        for (named, expected) in [
            (Some("/bin/zsh"), "/bin/zsh"),
            (Some("zsh"), "/bin/sh"),
            (Some(""), "/bin/sh"),
            (None, "/bin/sh"),
        ] {
            assert_eq!(shell(named.map(Into::into)), expected);
        }
    }
}
