//! Every example of the help is one that works.

use clap::{Command, CommandFactory, Parser};

use super::Cli;

#[test]
fn every_example_of_the_help_parses() {
    let mut parsed = 0;
    let mut commands = vec![Cli::command()];
    while let Some(command) = commands.pop() {
        for words in examples(&command) {
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{words:?}: {error}");
            }
            parsed += 1;
        }
        commands.extend(command.get_subcommands().cloned());
    }
    assert!(parsed >= 20, "{parsed}");
}

/// The words of every line that begins with our name, without the remark behind it.
fn examples(command: &Command) -> Vec<Vec<String>> {
    let texts = [command.get_about(), command.get_after_help()];
    let text: String = texts
        .into_iter()
        .flatten()
        .map(|text| format!("{text}\n"))
        .collect();
    let whole = text.replace("\\\n      ", "");
    let lines = whole.lines().filter_map(|line| {
        line.split("| ")
            .last()?
            .trim_start()
            .strip_prefix("sealock ")
    });
    lines
        .map(|line| {
            let line = line.split("  ").next().unwrap_or_default();
            let mut words = vec!["sealock".to_owned()];
            // What stands in quotes is one word.
            for (index, part) in line.split('\'').enumerate() {
                if index % 2 == 1 {
                    words.push(part.to_owned());
                } else {
                    words.extend(part.split_whitespace().map(str::to_owned));
                }
            }
            words
        })
        .collect()
}
