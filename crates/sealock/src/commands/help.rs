//! Completions and manual pages, generated from the same definitions as `--help`.

use std::path::Path;

use clap::CommandFactory;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(crate) fn completions(session: &Session, shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "sealock", &mut script);
    session.printer.raw(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}

pub(crate) fn man(session: &Session, dir: &Path) -> Result<Exit, Failure> {
    let root = Cli::command().disable_help_subcommand(true);
    let pages = pages_of(&root, "sealock");
    sealock_change::fs::create_dir(dir, 0o755, None)?;
    for (name, page) in &pages {
        sealock_change::fs::write_atomic(&dir.join(format!("{name}.1")), page, 0o644, None)?;
    }
    session.printer.say(&format!(
        "{} pages written to {}",
        pages.len(),
        dir.display()
    ));
    Ok(Exit::Done)
}

fn pages_of(command: &clap::Command, name: &str) -> Vec<(String, Vec<u8>)> {
    let titled = command.clone().name(name.to_owned());
    let mut page = Vec::new();
    // Rendering into memory cannot fail; an empty page would be seen by the test of this module.
    let _infallible = clap_mangen::Man::new(titled).render(&mut page);
    let mut pages = vec![(name.to_owned(), page)];
    for sub in command.get_subcommands() {
        pages.extend(pages_of(sub, &format!("{name}-{}", sub.get_name())));
    }
    pages
}
