//! `cargo xtask picture`: what `sealock demo` and `sealock check` print, as the SVGs that the README and the docs show.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use crate::run::{at, quiet};
use crate::{Done, root};

/// Pixels per character cell; a monospace font is about 0.6 em wide.
const COLUMN: f32 = 8.4;
const ROW: f32 = 19.0;
const MARGIN: f32 = 18.0;

/// Pictures that are drawn from snapshots of the real tests: what the binary prints about a real daemon.
const OF_SNAPSHOTS: [(&str, &str); 2] = [
    (
        "docs/matrix.svg",
        "crates/sealock/tests/real/check/snapshots/real__check__pictures__matrix.snap",
    ),
    (
        "docs/finding.svg",
        "crates/sealock/tests/real/check/snapshots/real__check__pictures__finding.snap",
    ),
];

/// Runs the demo and draws its table, everything up to the explanations of the cells; then draws the snapshots.
pub(crate) fn picture() -> Done {
    let printed = quiet(Command::new("cargo").current_dir(root()).args([
        "run", "--quiet", "--locked", "-p", "sealock", "--", "--color", "always", "demo",
    ]))?;
    let table: Vec<&str> = printed
        .lines()
        .enumerate()
        .take_while(|(index, line)| *index < 3 || !line.is_empty())
        .map(|(_, line)| line)
        .collect();
    let path = root().join("docs/proof.svg");
    at(&path, std::fs::write(&path, svg(&table.join("\n"))))?;
    for (picture, snapshot) in OF_SNAPSHOTS {
        let path = root().join(picture);
        at(
            &path,
            std::fs::write(&path, of_snapshot(&root().join(snapshot))?),
        )?;
    }
    Ok(())
}

/// Whether the pictures are what the snapshots say.
pub(crate) fn drawn(root: &Path, broken: &mut Vec<String>) -> Done {
    for (picture, snapshot) in OF_SNAPSHOTS {
        let path = root.join(picture);
        if at(&path, std::fs::read_to_string(&path))? != of_snapshot(&root.join(snapshot))? {
            broken.push(format!(
                "{picture} is not what its snapshot says; `cargo xtask picture` draws it"
            ));
        }
    }
    Ok(())
}

fn of_snapshot(path: &Path) -> Done<String> {
    let text = at(path, std::fs::read_to_string(path))?;
    // The head of a snapshot stands between two lines of dashes.
    let body = text.splitn(3, "---\n").nth(2).unwrap_or_default();
    Ok(svg(body.trim_end()))
}

/// Turns text with SGR colours into a self-contained SVG.
fn svg(ansi: &str) -> String {
    let lines: Vec<Vec<Run>> = ansi.lines().map(runs).collect();
    let columns = lines
        .iter()
        .map(|line| {
            line.iter()
                .map(|run| run.text.chars().count())
                .sum::<usize>()
        })
        .max()
        .unwrap_or(0);
    let width = columns as f32 * COLUMN + 2.0 * MARGIN;
    let height = lines.len() as f32 * ROW + 2.0 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" role=\"img\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#10171f\"/>\n\
         <g font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\" fill=\"#d7dee6\">\n"
    );
    for (index, line) in lines.iter().enumerate() {
        let y = MARGIN + ROW * (index as f32 + 0.75);
        let mut column = 0;
        for run in line {
            let x = MARGIN + column as f32 * COLUMN;
            column += run.text.chars().count();
            if !run.text.trim().is_empty() {
                // textLength pins the grid even where the reader's font is wider than ours.
                let length = run.text.chars().count() as f32 * COLUMN;
                let _infallible = writeln!(
                    out,
                    "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\" xml:space=\"preserve\"{}>{}</text>",
                    run.style.attributes(),
                    escape(&run.text)
                );
            }
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

#[derive(Clone, Copy, Default)]
struct Style {
    bold: bool,
    dim: bool,
    color: Option<&'static str>,
}

impl Style {
    fn attributes(self) -> String {
        let mut attributes = String::new();
        if self.bold {
            attributes.push_str(" font-weight=\"bold\"");
        }
        if self.dim {
            attributes.push_str(" opacity=\"0.65\"");
        }
        if let Some(color) = self.color {
            let _infallible = write!(attributes, " fill=\"{color}\"");
        }
        attributes
    }

    fn apply(&mut self, code: &str) {
        match code {
            "" | "0" => *self = Self::default(),
            "1" => self.bold = true,
            "2" => self.dim = true,
            "31" => self.color = Some("#ff7b72"),
            "32" => self.color = Some("#5fd38a"),
            "33" => self.color = Some("#e3b341"),
            "36" => self.color = Some("#6cc7d9"),
            _ => {}
        }
    }
}

struct Run {
    text: String,
    style: Style,
}

fn runs(line: &str) -> Vec<Run> {
    let mut style = Style::default();
    let mut found = Vec::new();
    for (index, piece) in line.split("\u{1b}[").enumerate() {
        let text = if index == 0 {
            piece
        } else {
            let (codes, text) = piece.split_once('m').unwrap_or(("", piece));
            codes.split(';').for_each(|code| style.apply(code));
            text
        };
        if !text.is_empty() {
            found.push(Run {
                text: text.to_owned(),
                style,
            });
        }
    }
    found
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn colours_become_fills_and_markup_is_escaped() {
        let picture = svg("\u{1b}[1mhead\u{1b}[0m\n\u{1b}[32mlet <in>\u{1b}[0m");
        assert!(picture.contains("font-weight=\"bold\""));
        assert!(picture.contains("fill=\"#5fd38a\"") && picture.contains("let &lt;in&gt;"));
        assert!(!picture.contains('\u{1b}'));
    }
}
