//! `mssql.conf`: sections in brackets, `key = value` below them (SQL Server on Linux, "Configure with mssql-conf").
//!
//! Some keys of one section get their values, each in its place; comments, other sections and keys, and line ends stay
//! byte for byte. What two readers could take differently is an error with its line.

use sealock_diag::escape;

use crate::kind::Refused;

/// A key and the value that it is to have.
pub type Wanted<'a> = (&'a str, &'a str);

/// The text in which `section` has these values. Keys are compared without regard to case, as `mssql-conf` does.
pub fn set(text: &[u8], section: &str, wanted: &[Wanted<'_>]) -> Result<Vec<u8>, Refused> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(whole("it is not UTF-8"));
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let places = find(&lines, section, wanted)?;
    let end = match lines.first() {
        Some(first) if first.ends_with("\r\n") => "\r\n",
        _ => "\n",
    };
    let mut out = String::with_capacity(text.len() + 256);
    let missing = wanted.iter().zip(&places.keys);
    let missing: Vec<&Wanted<'_>> = missing
        .filter(|(_, at)| at.is_none())
        .map(|(wanted, _)| wanted)
        .collect();
    let add = |out: &mut String| {
        for (key, value) in &missing {
            out.push_str(&format!("{key} = {value}{end}"));
        }
    };
    for (at, line) in lines.iter().enumerate() {
        let key = places.keys.iter().position(|place| *place == Some(at));
        match key.map(|key| wanted[key]) {
            Some((_, value)) if value_of(line) == Some(value) => out.push_str(line),
            Some((key, value)) => {
                out.push_str(&format!("{key} = {value}{}", line_end(line)));
            }
            None => out.push_str(line),
        }
        if places.last == Some(at) && !missing.is_empty() {
            close(&mut out, end);
            add(&mut out);
        }
    }
    if places.last.is_none() {
        close(&mut out, end);
        if !out.is_empty() {
            out.push_str(end);
        }
        out.push_str(&format!("[{section}]{end}"));
        add(&mut out);
    }
    Ok(out.into_bytes())
}

/// The text of `now` in which the keys of `section` that have the wanted values are as they were in `was`; those that have other
/// values are somebody else's by now.
///
/// # Errors
/// When one of the two is not understood.
pub fn unset(
    was: &[u8],
    now: &[u8],
    section: &str,
    wanted: &[Wanted<'_>],
) -> Result<Vec<u8>, Refused> {
    // A last line that had no end loses it again.
    if set(was, section, wanted).is_ok_and(|ours| ours == now) {
        return Ok(was.to_vec());
    }
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| whole("it is not UTF-8"));
    let lines = |text| str::split_inclusive(text, '\n').collect::<Vec<_>>();
    let (before, after) = (lines(text(was)?), lines(text(now)?));
    let (old, new) = (
        find(&before, section, wanted)?,
        find(&after, section, wanted)?,
    );
    let mut out: Vec<&str> = Vec::with_capacity(after.len());
    let mut heading = None;
    let mut is_bare = true;
    let mut inside = false;
    for (at, line) in after.iter().enumerate() {
        let ours = new.keys.iter().position(|place| *place == Some(at));
        let ours = ours.filter(|key| value_of(line) == Some(wanted[*key].1));
        if let Ok(Line::Section(name)) = read(line) {
            inside = name == section;
            if inside {
                heading = Some(out.len());
            }
        } else if inside && ours.is_none() && !line.trim().is_empty() {
            is_bare = false;
        }
        match ours {
            None => out.push(line),
            // A last line without an end has gained one.
            Some(key) => match old.keys[key].and_then(|at| before.get(at)) {
                Some(line) if line.ends_with('\n') => out.push(line),
                Some(line) => out.extend([*line, line_end(after[at])]),
                None => {}
            },
        }
    }
    // A section that came with us goes with us, and the empty line before it.
    if let Some(heading) = heading.filter(|_| is_bare && old.last.is_none()) {
        out.remove(heading);
        if heading > 0
            && out
                .get(heading - 1)
                .is_some_and(|line| line.trim().is_empty())
        {
            out.remove(heading - 1);
        }
    }
    Ok(out.concat().into_bytes())
}

/// A line of a section.
#[derive(Debug, PartialEq, Eq)]
pub struct Told<'t> {
    /// Its number, from 1 on.
    pub line: usize,
    /// Its key, in small letters.
    pub key: String,
    /// Its value.
    pub value: &'t str,
}

/// What a section says; nothing when there is none.
///
/// # Errors
/// When the file is not understood.
pub fn section<'t>(text: &'t [u8], section: &str) -> Result<Vec<Told<'t>>, Refused> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(whole("it is not UTF-8"));
    };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    find(&lines, section, &[])?;
    let (mut inside, mut told): (bool, Vec<Told<'_>>) = (false, Vec::new());
    for (at, line) in lines.into_iter().enumerate() {
        match read(line) {
            Ok(Line::Section(name)) => inside = name == section,
            Ok(Line::Key(key)) if inside => {
                let key = key.to_ascii_lowercase();
                if told.iter().any(|other| other.key == key) {
                    return Err(Refused::line(
                        at + 1,
                        format!("`{}` is there twice", shown(&key)),
                    ));
                }
                told.push(Told {
                    line: at + 1,
                    key,
                    value: value_of(line).unwrap_or_default(),
                });
            }
            _ => {}
        }
    }
    Ok(told)
}

/// Where things are, by line.
struct Places {
    /// The last line of the section that is neither empty nor a comment; `None` when there is no such section.
    last: Option<usize>,
    /// Where each key is.
    keys: Vec<Option<usize>>,
}

enum Line<'t> {
    /// Empty, or a comment.
    Nothing,
    Section(&'t str),
    Key(&'t str),
}

fn find(lines: &[&str], section: &str, wanted: &[Wanted<'_>]) -> Result<Places, Refused> {
    let mut places = Places {
        last: None,
        keys: vec![None; wanted.len()],
    };
    let (mut inside, mut any) = (false, false);
    for (at, line) in lines.iter().enumerate() {
        let refuse = |problem: String| Err(Refused::line(at + 1, problem));
        match read(line) {
            Err(problem) => return refuse(problem),
            Ok(Line::Nothing) => continue,
            Ok(Line::Section(name)) => {
                any = true;
                inside = name == section;
                if !inside && name.eq_ignore_ascii_case(section) {
                    return refuse(format!("[{name}] is not [{section}] for every reader"));
                }
                if inside && places.last.is_some() {
                    return refuse(format!("[{section}] is there twice"));
                }
            }
            Ok(Line::Key(_)) if !any => return refuse("it stands in no section".to_owned()),
            Ok(Line::Key(key)) => {
                let known = |(wanted, _): &Wanted<'_>| wanted.eq_ignore_ascii_case(key);
                if inside && let Some(known) = wanted.iter().position(known) {
                    if places.keys[known].is_some() {
                        return refuse(format!("`{}` is there twice", shown(key)));
                    }
                    places.keys[known] = Some(at);
                }
            }
        }
        if inside {
            places.last = Some(at);
        }
    }
    Ok(places)
}

fn read(line: &str) -> Result<Line<'_>, String> {
    let line = line.trim_end_matches(['\n', '\r']);
    if line.contains(['\0', '\r']) {
        return Err("there is a control character in it".to_owned());
    }
    let trimmed = line.trim();
    if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
        return Ok(Line::Nothing);
    }
    if line.starts_with(char::is_whitespace) {
        return Err("it is indented: a line of its own, or more of the one above".to_owned());
    }
    if let Some(rest) = trimmed.strip_prefix('[') {
        return match rest.strip_suffix(']') {
            Some(name) if !name.is_empty() && !name.contains(['[', ']']) => Ok(Line::Section(name)),
            _ => Err(format!("`{}` is no section", shown(trimmed))),
        };
    }
    match trimmed.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() => Ok(Line::Key(key.trim_end())),
        _ => Err(format!(
            "`{}` is neither a section nor KEY = VALUE",
            shown(trimmed)
        )),
    }
}

fn whole(problem: &str) -> Refused {
    Refused {
        line: None,
        problem: problem.to_owned(),
        help: None,
    }
}

fn value_of(line: &str) -> Option<&str> {
    line.split_once('=').map(|(_, value)| value.trim())
}

fn line_end(line: &str) -> &str {
    &line[line.trim_end_matches(['\n', '\r']).len()..]
}

/// A last line without an end gets one.
fn close(out: &mut String, end: &str) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(end);
    }
}

fn shown(text: &str) -> String {
    let short: String = text.chars().take(64).collect();
    escape(&short)
}

#[cfg(test)]
mod tests {
    use super::{set, unset};

    const WANTED: &[(&str, &str)] = &[("tlscert", "/t/cert.pem"), ("forceencryption", "1")];

    fn edited(text: &str) -> String {
        let out = set(text.as_bytes(), "network", WANTED).unwrap();
        let again = set(&out, "network", WANTED).unwrap();
        assert_eq!(again, out, "a second time changes nothing");
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_place_where_it_can_be() {
        for (text, expected) in [
            (
                "",
                "[network]\ntlscert = /t/cert.pem\nforceencryption = 1\n",
            ),
            (
                "[EULA]\naccepteula = Y",
                "[EULA]\naccepteula = Y\n\n[network]\ntlscert = /t/cert.pem\nforceencryption = 1\n",
            ),
            // In the middle, with comments and keys of others; what follows stays below its own heading.
            (
                "# ours\n[network]\n; port\ntcpport = 1433\n\n# about sql\n[sqlagent]\nenabled = true\n",
                "# ours\n[network]\n; port\ntcpport = 1433\ntlscert = /t/cert.pem\nforceencryption = 1\n\n# about sql\n[sqlagent]\nenabled = true\n",
            ),
            // Another value, another case; a right one stays as it is written.
            (
                "[network]\nTLSCert=/old.pem\nforceencryption=1\ntlscert2 = x\n",
                "[network]\ntlscert = /t/cert.pem\nforceencryption=1\ntlscert2 = x\n",
            ),
            // The same key of another section is another key.
            (
                "[other]\ntlscert = /o\n[network]\n",
                "[other]\ntlscert = /o\n[network]\ntlscert = /t/cert.pem\nforceencryption = 1\n",
            ),
            (
                "[network]\r\nforceencryption = 0\r\n",
                "[network]\r\nforceencryption = 1\r\ntlscert = /t/cert.pem\r\n",
            ),
            (
                "[network]\nforceencryption = 0",
                "[network]\nforceencryption = 1\ntlscert = /t/cert.pem\n",
            ),
        ] {
            assert_eq!(edited(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_broken_is_refused_with_its_line() {
        for (text, line, why) in [
            ("tcpport = 1433\n", 1, "in no section"),
            ("[network]\nnonsense\n", 2, "neither a section"),
            ("[network]\n= 1\n", 2, "neither a section"),
            ("[network\n", 1, "no section"),
            ("[network] # x\n", 1, "no section"),
            ("[]\n", 1, "no section"),
            ("[network]\ntcpport = 1\n  tlscert = x\n", 3, "indented"),
            ("[network]\n[a]\n[network]\n", 3, "twice"),
            ("[Network]\n", 1, "for every reader"),
            ("[network]\ntlscert = a\nTLScert = b\n", 3, "twice"),
            ("[network]\ntcpport = \0\n", 2, "control character"),
        ] {
            let refused = set(text.as_bytes(), "network", WANTED).unwrap_err();
            assert_eq!(refused.line, Some(line), "{text:?}: {refused:?}");
            assert!(refused.problem.contains(why), "{text:?}: {refused:?}");
        }
        let refused = set(b"[\xff]", "network", WANTED).unwrap_err();
        assert_eq!((refused.line, &*refused.problem), (None, "it is not UTF-8"));
    }

    #[test]
    fn what_is_ours_comes_out_and_what_came_since_stays() {
        let ours = |text: &str| {
            String::from_utf8(set(text.as_bytes(), "network", WANTED).unwrap()).unwrap()
        };
        let out = |was: &str, now: &str| {
            let out = unset(was.as_bytes(), now.as_bytes(), "network", WANTED).unwrap();
            String::from_utf8(out).unwrap()
        };
        for was in [
            "",
            "[EULA]\naccepteula = Y\n",
            "[network]\r\ntlscert = /old.pem\r\ntcpport = 1433\r\n[sqlagent]\r\nenabled = true\r\n",
            "[network]\nforceencryption=1\n",
            "[network]\n",
        ] {
            assert_eq!(out(was, &ours(was)), was);
            assert_eq!(out(was.trim_end(), &ours(was.trim_end())), was.trim_end());
            let more = format!("{}\n[memory]\nmemorylimitmb = 2048\n", ours(was));
            assert_eq!(
                out(was, &more),
                format!("{was}\n[memory]\nmemorylimitmb = 2048\n")
            );
        }
        // A key that came into a section of ours keeps it.
        let now = ours("").replace("[network]\n", "[network]\ntcpport = 1500\n");
        assert_eq!(out("", &now), "[network]\ntcpport = 1500\n");
        // A value of somebody else stays.
        let now = ours("").replace("forceencryption = 1", "forceencryption = 0");
        assert_eq!(out("", &now), "[network]\nforceencryption = 0\n");
        assert!(unset(b"", b"nonsense", "network", WANTED).is_err());
    }
}
