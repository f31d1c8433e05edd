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
    let whole = |problem: &str| Refused {
        line: None,
        problem: problem.to_owned(),
        help: None,
    };
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
    use super::set;

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
}
