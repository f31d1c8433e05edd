//! Asking a gateway that runs.

use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use sealock_diag::escape;
use serde_json::Value;

use super::codes;
use super::control;
use crate::catalogue;
use crate::failure::Failure;

/// Longer than a large revocation list takes to be verified, by a new process too.
const PATIENCE: Duration = Duration::from_secs(90);

/// Lets it read its files now. What it does not take over is the error; what was good is kept.
pub(crate) fn reload(path: impl AsRef<Path>) -> Result<Value, Failure> {
    let path = path.as_ref();
    let said = ask(path, "reload")?;
    let parts = said.get("parts").cloned().unwrap_or_default();
    let refused = parts.as_array().into_iter().flatten().find_map(|part| {
        let error = part.get("error")?;
        Some((part.get("part")?.as_str()?.to_owned(), error.clone()))
    });
    match refused {
        None => Ok(parts),
        Some((part, error)) => Err(of_gateway(path, &error).state(
            format!("the gateway keeps the {part} that it had"),
            crate::exit::Exit::Failed,
        )),
    }
}

/// Lets it end when its live connections have ended; gives how many there are.
pub(crate) fn drain(path: impl AsRef<Path>) -> Result<Value, Failure> {
    let said = ask(path.as_ref(), "drain")?;
    Ok(said.get("draining").cloned().unwrap_or_default())
}

/// Lets it start anew and hand over, and waits until the new process serves; gives its number.
pub(crate) fn upgrade(path: &Path) -> Result<Value, Failure> {
    let said = ask(path, "upgrade").map_err(|failure| match failure.code {
        codes::NOT_TAKEN_OVER => failure.state(
            "the gateway that ran goes on as before",
            crate::exit::Exit::Failed,
        ),
        _ => failure,
    })?;
    Ok(said.get("process").cloned().unwrap_or_default())
}

/// The policy that it has learned so far.
pub(crate) fn learned(path: impl AsRef<Path>) -> Result<String, Failure> {
    let path = path.as_ref();
    let said = ask(path, "learned")?;
    let policy = said.get("policy").and_then(Value::as_str);
    policy.map(str::to_owned).ok_or_else(|| {
        let headline = "the gateway does not learn";
        Failure::own(crate::commands::policy::codes::NOT_LEARNING, headline)
            .at(escape(&path.to_string_lossy()))
    })
}

/// A reload in sentences.
pub(super) fn lines(parts: &Value) -> Vec<String> {
    let part = |part: &Value| {
        let name = part.get("part")?.as_str()?;
        Some(match part.get("outcome")?.as_str()? {
            "taken" => format!(
                "{name}: taken over (epoch {}), {} live connections cut",
                part.get("epoch").and_then(Value::as_u64).unwrap_or(0),
                part.get("cut").and_then(Value::as_u64).unwrap_or(0)
            ),
            _ => format!("{name}: as before"),
        })
    };
    parts
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(part)
        .map(|line| escape(&line))
        .collect()
}

pub(super) fn ask(path: &Path, question: &str) -> Result<Value, Failure> {
    let nobody = |why: String| {
        Failure::own(
            codes::NOBODY_ANSWERS,
            "no gateway answers at its control socket",
        )
        .at(escape(&path.to_string_lossy()))
        .because(why)
    };
    let io = |error: std::io::Error| nobody(error.to_string());
    let mut stream = UnixStream::connect(path).map_err(io)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(io)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(io)?;
    stream
        .write_all(control::line(question).as_bytes())
        .map_err(io)?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).map_err(io)?;
    let said: Value = serde_json::from_str(&line)
        .map_err(|_| nobody("what listens there is no gateway of sealock".to_owned()))?;
    match said.get("error") {
        Some(error) => Err(of_gateway(path, error)),
        None => Ok(said),
    }
}

/// What the other process had against it, as if it were our own error.
fn of_gateway(path: &Path, error: &Value) -> Failure {
    let text = |key: &str| error.get(key).and_then(Value::as_str).map(escape_lines);
    let code = text("code").and_then(|code| catalogue::code(&code));
    let headline = text("headline").unwrap_or_else(|| "the gateway could not do it".to_owned());
    let mut failure = Failure::own(code.unwrap_or(codes::NOT_DONE), headline);
    failure.location = text("where").or_else(|| Some(escape(&path.to_string_lossy())));
    failure.cause = text("cause");
    failure.help = text("help");
    failure
}

fn escape_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(escape).collect();
    lines.join("\n")
}
