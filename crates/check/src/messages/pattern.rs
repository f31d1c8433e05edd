//! What the tables are made of.

/// How a message bites, the worst first: the order in which the lines of a log are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bite {
    /// A program ends with it, or does not begin.
    Fatal,
    /// It ends one connection or one command, and says why.
    Cause,
    /// It follows from something that another line may name.
    Symptom,
}

/// A message as a program words it, with holes for its values.
///
/// `{name}` takes the shortest text up to the next literal, `{name:word}` no white space, `{name:ip}` an
/// address, `{name:num}` digits, and `{=name}` the same text once more. Letters match in either case: the
/// same library spells its messages in both over the years.
#[derive(Debug)]
pub(super) struct Pattern {
    /// Who says it.
    pub(super) speaker: &'static str,
    pub(super) bite: Bite,
    /// It wraps a reason, or names none: anything else that is known is better.
    pub(super) loose: bool,
    /// The wordings, over the versions.
    pub(super) texts: &'static [&'static str],
    /// What it can mean, the likeliest first.
    pub(super) means: &'static [Meaning],
}

/// A finding, and what the message says about it.
#[derive(Debug)]
pub(super) struct Meaning {
    pub(super) code: &'static str,
    /// With the same holes as the texts.
    pub(super) says: &'static str,
    /// Pasteable; left away when a value would not stand in a shell.
    pub(super) help: Option<&'static str>,
}

impl Meaning {
    /// With a help that knows the values.
    pub(super) const fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }
}

/// This finding, said in these words.
pub(super) const fn means(code: &'static str, says: &'static str) -> Meaning {
    Meaning {
        code,
        says,
        help: None,
    }
}

const fn pattern(
    speaker: &'static str,
    bite: Bite,
    texts: &'static [&'static str],
    means: &'static [Meaning],
) -> Pattern {
    Pattern {
        speaker,
        bite,
        loose: false,
        texts,
        means,
    }
}

/// A program ends with these words.
pub(super) const fn fatal(
    speaker: &'static str,
    texts: &'static [&'static str],
    means: &'static [Meaning],
) -> Pattern {
    pattern(speaker, Bite::Fatal, texts, means)
}

/// These words say why a connection or a command failed, or what stands open.
pub(super) const fn cause(
    speaker: &'static str,
    texts: &'static [&'static str],
    means: &'static [Meaning],
) -> Pattern {
    pattern(speaker, Bite::Cause, texts, means)
}

/// These words follow from something else.
pub(super) const fn symptom(
    speaker: &'static str,
    texts: &'static [&'static str],
    means: &'static [Meaning],
) -> Pattern {
    pattern(speaker, Bite::Symptom, texts, means)
}

/// These words only wrap a reason.
pub(super) const fn wrapping(
    speaker: &'static str,
    texts: &'static [&'static str],
    means: &'static [Meaning],
) -> Pattern {
    let mut pattern = pattern(speaker, Bite::Symptom, texts, means);
    pattern.loose = true;
    pattern
}
