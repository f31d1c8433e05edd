//! Running other programs, saying what is run and what went wrong.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Done;

/// Runs `command` with its output shown; an exit code other than 0 is an error.
pub(crate) fn show(command: &mut Command) -> Done {
    let what = describe(command);
    let status = command
        .status()
        .map_err(|error| format!("cannot run `{what}`: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{what}` ended with {status}"))
    }
}

/// Runs `command` quietly and gives its standard output; on failure the error carries both outputs.
pub(crate) fn quiet(command: &mut Command) -> Done<String> {
    let what = describe(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run `{what}`: {error}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(stdout)
    } else {
        Err(format!(
            "`{what}` ended with {}\n{stdout}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}

/// Whether `program` is found on PATH.
pub(crate) fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

/// Does `work`, saying before what it does and afterwards how long it took.
pub(crate) fn timed<T>(what: &str, work: impl FnOnce() -> Done<T>) -> Done<T> {
    println!("lab: {what} …");
    let start = Instant::now();
    let result = work().map_err(|reason| format!("{what}: {reason}"))?;
    println!("lab: {what}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(result)
}

/// Every I/O error has its path.
pub(crate) fn at<T>(path: &Path, result: std::io::Result<T>) -> Done<T> {
    result.map_err(|error| format!("{}: {error}", path.display()))
}

fn describe(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|argument| argument.to_string_lossy().into_owned()),
    );
    words.join(" ")
}
