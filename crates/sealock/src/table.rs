//! Tables for people: readable without colour and at 80 columns.

use crate::printer::{BOLD, paint};
use anstyle::Style;

/// A cell and how it is painted.
pub(crate) struct Cell {
    text: String,
    style: Option<Style>,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            style: None,
        }
    }

    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self {
            text: text.into(),
            style: Some(style),
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// Renders rows under a head, columns as wide as their widest cell, two blanks between.
pub(crate) fn render(head: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|title| title.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.text.chars().count());
        }
    }
    let mut out = String::new();
    let titles: Vec<Cell> = head
        .iter()
        .map(|title| Cell::styled(*title, BOLD))
        .collect();
    push_row(&mut out, &widths, &titles);
    for row in rows {
        push_row(&mut out, &widths, row);
    }
    out
}

fn push_row(out: &mut String, widths: &[usize], row: &[Cell]) {
    for (index, (width, cell)) in widths.iter().zip(row).enumerate() {
        let is_last = index + 1 == row.len();
        let painted = cell
            .style
            .map_or_else(|| cell.text.clone(), |style| paint(style, &cell.text));
        out.push_str(&painted);
        if !is_last {
            let gap = width.saturating_sub(cell.text.chars().count()) + 2;
            out.extend(std::iter::repeat_n(' ', gap));
        }
    }
    out.push('\n');
}

/// Breaks paragraphs into lines of at most `width` characters; longer words stay whole, and so do
/// lines that are indented or aligned on purpose.
pub(crate) fn fold(text: &str, width: usize) -> String {
    text.lines()
        .map(|line| fold_line(line, width))
        .collect::<Vec<_>>()
        .join("\n")
}

fn fold_line(text: &str, width: usize) -> String {
    if text.starts_with(' ') || text.trim().contains("  ") {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Cell, fold, render};
    use crate::printer::GOOD;

    #[test]
    fn columns_are_as_wide_as_what_is_seen_in_them() {
        let rows = [
            vec![
                Cell::new("ünï"),
                Cell::styled("in", GOOD),
                Cell::new("last"),
            ],
            vec![
                Cell::new("longer"),
                Cell::styled("refused", GOOD),
                Cell::new(""),
            ],
        ];
        let painted = render(&["who", "answer", "x"], &rows);
        let plain = anstream::adapter::strip_str(&painted).to_string();
        assert_eq!(
            plain,
            "who     answer   x\nünï     in       last\nlonger  refused  \n"
        );
        assert!(painted.contains("\u{1b}["));
    }

    #[test]
    fn prose_is_folded_and_what_is_aligned_stays() {
        let cases = [
            ("", 10, ""),
            ("one two three", 7, "one two\nthree"),
            ("one two three", 8, "one two\nthree"),
            ("a-word-that-is-longer x", 5, "a-word-that-is-longer\nx"),
            ("ä ö ü", 3, "ä ö\nü"),
            (
                "sealock up        what it does",
                10,
                "sealock up        what it does",
            ),
            (
                "prose and more\n  command --option",
                9,
                "prose and\nmore\n  command --option",
            ),
            (" ", 10, " "),
        ];
        for (text, width, folded) in cases {
            assert_eq!(fold(text, width), folded);
        }
    }
}
