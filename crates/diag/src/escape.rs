//! Foreign text on its way to a terminal.

/// Makes text from a certificate, a peer or a file safe to print.
///
/// Control characters (C0, DEL, C1), bidirectional overrides, zero-width characters and line
/// separators become visible escapes such as `\u{1b}`; everything else stays as it is. The result is
/// one line whatever came in.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn foreign_text_cannot_drive_a_terminal() {
        for (raw, safe) in [
            ("plain näme", "plain näme"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("one\r\ntwo", "one\\u{d}\\u{a}two"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("abc\u{202e}fdp.exe", "abc\\u{202e}fdp.exe"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
        ] {
            assert_eq!(escape(raw), safe);
        }
    }
}
