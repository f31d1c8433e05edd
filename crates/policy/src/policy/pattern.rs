//! Patterns of a policy: a text in which `*` stands for any characters.

/// A text to compare with, in which every `*` stands for any number of any characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(String);

impl Pattern {
    /// The pattern as a policy has it.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text, as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Whether it means everything.
    pub(crate) fn is_any(&self) -> bool {
        self.0 == "*"
    }

    /// Whether the whole of `text` fits.
    pub(crate) fn fits(&self, text: &str) -> bool {
        fits(self.0.as_bytes(), text.as_bytes())
    }
}

/// The classic two-pointer match: a star is tried with ever more characters, and only the last star
/// is ever gone back to, so the work is at most the product of the lengths.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(byte) if *byte == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    at = place + 1;
                    seen = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "a/b", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "a", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("*a*a", "aaab", false),
            ("*ab*ab", "ababab", true),
            ("", "", true),
            ("", "a", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).fits(text),
                expected,
                "{pattern} {text}"
            );
        }
    }
}
