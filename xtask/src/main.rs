//! The project's own chores: `cargo xtask test | tidy | dist | bench | picture`.
//!
//! Nothing here is part of the product. It may print, exit and run other programs, which the
//! product's crates may not; `tidy` is what holds them to that.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    reason = "a chore's output is its result, and the process ends here"
)]

mod apt;
mod arrows;
mod bench;
mod deny;
mod dist;
mod lab;
mod picture;
mod run;
mod source;
mod sweep;
mod test;
mod tidy;

use std::path::PathBuf;

/// What a chore gives back: its value, or the one sentence that says why it stopped.
type Done<T = ()> = Result<T, String>;

const USAGE: &str = "\
cargo xtask test [--only unit|real] [-- ARGS]   install what the tests need, run them all
cargo xtask lab                                 only install what the tests need
cargo xtask deny                                licences, bans and sources (cargo-deny)
cargo xtask tidy                                the project's own rules
cargo xtask dist                                the static binary, its size and its digest
cargo xtask bench [--quick] [check]             benches and whole-process measurements; only those of check
cargo xtask bench [--quick] gateway [OPTIONS]   ours beside everybody: --binary FILE (first), --peers A,B, --measures A,B, --rounds N, --write
cargo xtask picture                             draws the README's proof table from what the demo prints
";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    let outcome = match arguments.first().map(String::as_str) {
        Some("test") => test::test(rest),
        Some("lab") => lab::install().map(drop),
        Some("deny") => deny::deny(),
        Some("tidy") => tidy::tidy(),
        Some("dist") => dist::dist().map(drop),
        Some("bench") => bench::bench(rest),
        Some("picture") => picture::picture(),
        Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            eprint!("{USAGE}");
            std::process::exit(2);
        }
    };
    if let Err(reason) = outcome {
        eprintln!("xtask: {reason}");
        std::process::exit(1);
    }
}

/// The workspace's root: the folder above this crate.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}
