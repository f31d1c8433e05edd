//! The only door to stdout and stderr: stdout is data, stderr is talk.

use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use serde_json::Value;

use crate::failure::Failure;
use crate::table::fold;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    // On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    // Always.
    Always,
    // Never.
    Never,
}

/// Writes what users see.
#[derive(Clone)]
pub(crate) struct Printer {
    color: anstream::ColorChoice,
    /// Data as JSON instead of text.
    pub(crate) json: bool,
    pub(crate) verbose: bool,
    /// What would be data is talk: whoever asked for this step prints the data of the whole.
    part: bool,
    /// Nobody listens but a log: lines of [`Printer::log`], and neither talk nor data.
    log: Option<Stream>,
}

/// What takes the lines of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    /// A terminal or a file.
    Plain,
    /// The journal, which reads the level of a line from its beginning (sd-daemon(3)).
    Journal,
}

/// How grave a line of a log is, with syslog's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Error = 3,
    Warning = 4,
    Info = 6,
    Detail = 7,
}

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
pub(crate) const HUNK: Style = AnsiColor::Cyan.on_default();

impl Printer {
    pub(crate) fn new(color: Color, json: bool, verbose: bool) -> Self {
        let color = match color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::AlwaysAnsi,
            Color::Never => anstream::ColorChoice::Never,
        };
        Self {
            color,
            json,
            verbose,
            part: false,
            log: None,
        }
    }

    /// For something that runs by itself: one line for each event, without colour, nobody to ask.
    pub(crate) fn of_a_log(&self) -> Self {
        let journal = std::env::var_os("JOURNAL_STREAM").is_some();
        Self {
            color: anstream::ColorChoice::Never,
            log: Some(if journal {
                Stream::Journal
            } else {
                Stream::Plain
            }),
            ..self.clone()
        }
    }

    /// One event. Line ends become blanks, so that an event stays one line.
    pub(crate) fn log(&self, level: Level, text: &str) {
        let words: Vec<&str> = text.lines().map(str::trim).collect();
        let prefix = match self.log {
            Some(Stream::Journal) => format!("<{}>", level as u8),
            _ => String::new(),
        };
        self.write(&format!("{prefix}{}", words.join(" ")));
    }

    /// For something that happens beside what is talked about: only warnings are heard.
    pub(crate) fn quiet(&self) -> Self {
        Self {
            verbose: false,
            ..self.of_a_log()
        }
    }

    /// For a step of something that prints its own data.
    pub(crate) fn of_a_step(&self) -> Self {
        Self {
            json: false,
            part: true,
            ..self.clone()
        }
    }

    /// Data, with a newline added. A reader that went away ends the process quietly.
    pub(crate) fn data(&self, text: &str) {
        if self.part || self.log.is_some() {
            return self.say(text);
        }
        let mut out = AutoStream::new(io::stdout(), self.color).lock();
        let _closed = writeln!(out, "{text}");
    }

    /// Data that must not get a newline added: a script, a diff, a table.
    pub(crate) fn raw(&self, text: &str) {
        if self.part || self.log.is_some() {
            return self.say(text.trim_end());
        }
        let mut out = AutoStream::new(io::stdout(), self.color).lock();
        let _closed = write!(out, "{text}").and_then(|()| out.flush());
    }

    /// Data for programs.
    pub(crate) fn value(&self, value: &Value) {
        self.data(&format!("{value:#}"));
    }

    /// Talk. A log keeps it only with `-v`.
    pub(crate) fn say(&self, text: &str) {
        if self.log.is_none() {
            return self.write(text);
        }
        if self.verbose {
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                self.log(Level::Detail, line);
            }
        }
    }

    fn write(&self, text: &str) {
        let mut err = AutoStream::new(io::stderr(), self.color).lock();
        let _closed = writeln!(err, "{text}");
    }

    /// Talk only with `-v`.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.say(&paint(DIM, text));
        }
    }

    /// A warning: something to know that did not stop us.
    pub(crate) fn warn(&self, text: &str) {
        if self.log.is_some() {
            return self.log(Level::Warning, text);
        }
        self.say(&format!("{} {text}", paint(WARN, "note:")));
    }

    /// The one place where an error reaches the user.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.json {
            self.value(&failure.to_json());
        }
        self.say(&render(failure));
    }

    /// Whether nobody listens but a log.
    pub(crate) fn is_log(&self) -> bool {
        self.log.is_some()
    }

    /// Whether a person reads stderr, so that progress may be drawn and questions asked.
    pub(crate) fn is_interactive(&self) -> bool {
        self.log.is_none() && io::stderr().is_terminal() && io::stdin().is_terminal()
    }
}

/// Wraps text in a style; the stream strips it where colour is not wanted.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

fn render(failure: &Failure) -> String {
    let mut text = format!(
        "{} {}",
        paint(BAD.bold(), &format!("error[{}]:", failure.code)),
        paint(BOLD, &failure.headline)
    );
    for (label, body) in failure.lines() {
        // Commands stay whole, so that they can be pasted; prose is folded.
        let body = if label == "cause" {
            fold(&body, 71)
        } else {
            body
        };
        text.push_str(&format!("\n  {:<6} {}", format!("{label}:"), indent(&body)));
    }
    text
}

/// Keeps a field's further lines in the field's column.
fn indent(body: &str) -> String {
    body.replace('\n', "\n         ")
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::exit::Exit;
    use crate::failure::Failure;
    use sealock_diag::Code;

    fn shown(failure: &Failure) -> String {
        anstream::adapter::strip_str(&render(failure)).to_string()
    }

    #[test]
    fn an_error_reads_as_its_style_says() {
        let failure = Failure::own(
            Code("SL-H107"),
            "dockerd did not come back after the change",
        )
        .at("step 4 of 6, restart docker.service")
        .because("`hosts` is set in daemon.json and in the unit")
        .help("remove `-H` from the unit, then\n  sealock apply")
        .state(
            "rolled back and verified; docker.service is active as before",
            Exit::RolledBack,
        );
        let expected = "\
error[SL-H107]: dockerd did not come back after the change
  where: step 4 of 6, restart docker.service
  cause: `hosts` is set in daemon.json and in the unit
  state: rolled back and verified; docker.service is active as before
  help:  remove `-H` from the unit, then
           sealock apply
  more:  sealock explain SL-H107";
        assert_eq!(shown(&failure), expected);
        let json = failure.to_json();
        for (field, value) in [
            ("code", "SL-H107"),
            ("where", "step 4 of 6, restart docker.service"),
            ("help", "remove `-H` from the unit, then\n  sealock apply"),
        ] {
            assert_eq!(json["error"][field], value);
        }
        assert_eq!(
            (&json["version"], &json["error"]["exit"]),
            (&1.into(), &4.into())
        );
    }

    #[test]
    fn an_error_without_help_of_its_own_has_the_remedy_of_its_code() {
        let failure = Failure::own(Code("SL-C009"), "cannot write it").at("/x");
        assert!(
            shown(&failure).contains("\n  help:  choose a shorter name\n"),
            "{}",
            shown(&failure)
        );
    }

    #[test]
    fn a_long_cause_is_folded_and_a_command_is_not() {
        let long = "word ".repeat(40);
        let failure = Failure::own(Code("SL-C009"), "x")
            .because(long.trim())
            .help(long.trim());
        let text = shown(&failure);
        let widest = |label: &str| {
            let at = text.find(label).unwrap();
            text[at..].lines().next().unwrap().chars().count()
        };
        assert!(widest("  cause:") <= 80 && widest("  help:") > 80, "{text}");
    }
}
