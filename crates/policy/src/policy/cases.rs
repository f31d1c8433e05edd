//! Reading a file of cases for a policy.

use super::error::PolicyError;
use super::file::parse;
use super::section::{Section, short};
use crate::trial::{Asked, Assumed, Case};

const TOP: &[&str] = &["case"];
const CASE: &[&str] = &["as", "request", "body", "objects", "expect"];

/// Every `[[case]]` of a file.
pub(crate) fn cases(text: &str) -> Result<Vec<Case>, PolicyError> {
    let document = parse(text)?;
    let top = Section {
        text,
        table: document.as_table(),
        line: 1,
    };
    top.only(&[TOP])?;
    top.tables("case")?.iter().map(case).collect()
}

fn case(section: &Section<'_>) -> Result<Case, PolicyError> {
    section.only(&[CASE])?;
    let missing = |what, write| PolicyError::Missing {
        line: section.line,
        what,
        write,
    };
    let mut caller = Vec::new();
    for (text, line) in section.strings("as")?.unwrap_or_default() {
        caller.push(
            text.parse()
                .map_err(|problem: String| PolicyError::Caller {
                    line,
                    text: short(text),
                    problem,
                })?,
        );
    }
    if caller.is_empty() {
        return Err(missing("who asks", "as = \"cn:alice\""));
    }
    let line = section
        .string("request")?
        .ok_or_else(|| missing("what is asked", "request = \"GET /containers/json\""))?;
    let expect = section
        .string("expect")?
        .ok_or_else(|| missing("what is expected", "expect = \"deny\""))?;
    let known = ["allow", "warn", "deny", "hide"].contains(&expect) || expect.starts_with("SL-A");
    if !known {
        let problem = format!(
            "`{}`: expected allow, warn, deny, hide or a code as SL-A065",
            short(expect)
        );
        return Err(section.refuse("expect", problem));
    }
    let objects = match section.string("objects")? {
        None => Assumed::Own,
        Some(word) => Assumed::named(word).ok_or_else(|| {
            section.refuse(
                "objects",
                format!("`{}`: expected own, others or absent", short(word)),
            )
        })?,
    };
    Ok(Case {
        line: section.line,
        asked: Asked {
            caller,
            line: line.to_owned(),
            body: section.string("body")?.unwrap_or_default().to_owned(),
        },
        objects,
        expect: expect.to_owned(),
    })
}
