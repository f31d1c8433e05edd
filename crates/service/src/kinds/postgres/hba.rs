//! `pg_hba.conf`: who may come in, and how (PostgreSQL 15, §21.1).
//!
//! Only lines that let somebody in over TCP are changed, each in its place: the type of its connection, and one option
//! at its end. Everything else stays byte for byte. A line that is not understood is an error, because it may be the one
//! that leaves a door open.

use std::net::IpAddr;
use std::path::PathBuf;

use sealock_diag::escape;

use crate::kind::Refused;

/// The option of a line that lets nobody in without a certificate of his own.
const OPTION: &str = " clientcert=verify-full";
/// Every way to find out who somebody is, up to PostgreSQL 18.
pub(super) const METHODS: &[&str] = &[
    "trust",
    "reject",
    "scram-sha-256",
    "md5",
    "password",
    "gss",
    "sspi",
    "ident",
    "peer",
    "ldap",
    "radius",
    "cert",
    "pam",
    "bsd",
    "oauth",
];

/// What lines that let somebody in over TCP have to demand beside TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demands {
    /// Certificates of clients, whose common name is the user's.
    pub certificates: bool,
    /// What becomes of lines for standbys; `None` refuses those that would shut one out.
    pub standbys: Option<Standbys>,
}

/// What becomes of lines for standbys of another host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standbys {
    /// They are lines like all others.
    Required,
    /// They stay as they are.
    Left,
}

/// A file with what its lines have to demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The whole text.
    pub text: Vec<u8>,
    /// What it reads in, in order (PostgreSQL 16).
    pub includes: Vec<Include>,
}

/// Another file whose lines count; paths are as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Include {
    /// `include`
    File(PathBuf),
    /// `include_if_exists`
    IfExists(PathBuf),
    /// `include_dir`: its files that end in `.conf`.
    Folder(PathBuf),
}

/// Makes every line demand what it has to.
pub fn rewrite(text: &[u8], demands: Demands) -> Result<Rewritten, Refused> {
    let mut rewritten = Rewritten {
        text: Vec::with_capacity(text.len() + 256),
        includes: Vec::new(),
    };
    for (at, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let number = at + 1;
        let refuse = |problem: String| Refused::line(number, problem);
        let fields = fields(line).map_err(|problem| refuse(problem.to_owned()))?;
        let change = match judge(&fields, demands) {
            Ok(Judged::Stays) => Change::default(),
            Ok(Judged::Changes(change)) => change,
            Ok(Judged::Includes(include)) => {
                rewritten.includes.push(include);
                Change::default()
            }
            Err((problem, help)) => {
                let refused = refuse(problem);
                return Err(match help {
                    Some(help) => refused.help(help),
                    None => refused,
                });
            }
        };
        write(&mut rewritten.text, line, &fields, change);
    }
    Ok(rewritten)
}

/// A field: words with commas between them.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) words: Vec<Word>,
    start: usize,
    end: usize,
}

#[derive(Debug)]
pub(super) struct Word {
    pub(super) text: Vec<u8>,
    /// A word that begins with a quote is no keyword.
    pub(super) quoted: bool,
}

impl Field {
    /// Where it ends in its line.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// The one word that it is.
    pub(super) fn only(&self) -> Option<&[u8]> {
        match self.words.as_slice() {
            [word] => Some(&word.text),
            _ => None,
        }
    }
}

/// The fields of a line as `next_token` of PostgreSQL's `hba.c` makes them; the error says what is wrong.
pub(super) fn fields(line: &[u8]) -> Result<Vec<Field>, &'static str> {
    let mut end = line.len();
    while end > 0 && matches!(line[end - 1], b'\n' | b'\r') {
        end -= 1;
    }
    let line = &line[..end];
    if line.contains(&0) {
        return Err("there is a zero byte in it");
    }
    if line.ends_with(b"\\") {
        // Up to version 13 it does not.
        return Err("it goes on in the next line, and not for every version of PostgreSQL");
    }
    let blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r');
    let (mut fields, mut at): (Vec<Field>, usize) = (Vec::new(), 0);
    let mut listed = false;
    loop {
        while at < line.len() && (blank(line[at]) || line[at] == b',') {
            at += 1;
        }
        if at == line.len() || line[at] == b'#' {
            return Ok(fields);
        }
        let start = at;
        let (mut word, mut inside, mut was_quote) = (Vec::new(), false, false);
        while at < line.len() && (inside || !(blank(line[at]) || b",#".contains(&line[at]))) {
            let byte = line[at];
            if byte != b'"' || was_quote {
                word.push(byte);
            }
            was_quote = inside && byte == b'"' && !was_quote;
            inside ^= byte == b'"';
            at += 1;
        }
        if inside {
            return Err("a quote is not closed");
        }
        let word = Word {
            text: word,
            quoted: line[start] == b'"',
        };
        // A comma behind a word, and not before one, makes a list of them.
        let comma = at < line.len() && line[at] == b',';
        match fields.last_mut().filter(|_| listed) {
            Some(field) => {
                field.words.push(word);
                field.end = at;
            }
            None => fields.push(Field {
                words: vec![word],
                start,
                end: at,
            }),
        }
        listed = comma;
    }
}

#[derive(Debug)]
enum Judged {
    Stays,
    Changes(Change),
    Includes(Include),
}

/// What a line lacks.
#[derive(Clone, Copy, Debug, Default)]
struct Change {
    tls: bool,
    option: bool,
}

type No = (String, Option<String>);

fn no<T>(problem: impl Into<String>) -> Result<T, No> {
    Err((problem.into(), None))
}

fn judge(fields: &[Field], demands: Demands) -> Result<Judged, No> {
    let Some((first, rest)) = fields.split_first() else {
        return Ok(Judged::Stays);
    };
    let kind = first.only().unwrap_or_default();
    match kind {
        b"local" => Ok(Judged::Stays),
        b"include" | b"include_if_exists" | b"include_dir" => include(kind, rest),
        b"host" | b"hostssl" | b"hostnossl" | b"hostgssenc" | b"hostnogssenc" => {
            host(kind, rest, demands)
        }
        _ => no(format!("`{}` is no type of connection", shown(kind))),
    }
}

fn include(kind: &[u8], rest: &[Field]) -> Result<Judged, No> {
    match included(kind, rest) {
        Some(include) => Ok(Judged::Includes(include)),
        None => no("it does not name one file"),
    }
}

/// What a line reads in, when it names one file.
pub(super) fn included(kind: &[u8], rest: &[Field]) -> Option<Include> {
    use std::os::unix::ffi::OsStringExt as _;
    let path = rest
        .first()
        .filter(|_| rest.len() == 1)
        .and_then(Field::only)?;
    let path = PathBuf::from(std::ffi::OsString::from_vec(path.to_vec()));
    Some(match kind {
        b"include" => Include::File(path),
        b"include_if_exists" => Include::IfExists(path),
        _ => Include::Folder(path),
    })
}

/// Database, user, address, a mask where the address needs one, method, options.
fn host(kind: &[u8], rest: &[Field], demands: Demands) -> Result<Judged, No> {
    let [database, _user, address, rest @ ..] = rest else {
        return no("it ends before its method");
    };
    let Some(address) = address.only() else {
        return no("it has more than one address");
    };
    let address = String::from_utf8_lossy(address);
    let (mask, rest) = match (address.parse::<IpAddr>(), rest.split_first()) {
        (Ok(_), Some((mask, rest))) => (Some(mask.only().unwrap_or_default()), rest),
        _ => (None, rest),
    };
    let mask = mask.map(String::from_utf8_lossy);
    if mask
        .as_ref()
        .is_some_and(|mask| mask.parse::<IpAddr>().is_err())
    {
        return no("its address has neither a prefix nor a mask");
    }
    let Some((method, options)) = rest.split_first() else {
        return no("it ends before its method");
    };
    let method = method.only().unwrap_or_default();
    if !METHODS.iter().any(|known| known.as_bytes() == method) {
        return no(format!("`{}` is no method", shown(method)));
    }
    if method == b"reject" {
        return Ok(Judged::Stays);
    }
    if kind == b"hostnossl" {
        return no("it lets in without TLS only; take it out, or make its method reject");
    }
    if kind == b"hostgssenc" {
        return match demands.certificates {
            true => no("it lets in by GSSAPI encryption, which knows no certificates of clients"),
            false => Ok(Judged::Stays),
        };
    }
    let has_option = has_option(options, demands)?;
    let change = Change {
        tls: kind != b"hostssl",
        // The method `cert` demands the same by itself.
        option: demands.certificates && method != b"cert" && !has_option,
    };
    if !change.tls && !change.option {
        return Ok(Judged::Stays);
    }
    let standby = |word: &Word| !word.quoted && word.text == b"replication";
    if !database.words.iter().any(standby) || is_here(&address, mask.as_deref()) {
        return Ok(Judged::Changes(change));
    }
    match demands.standbys {
        Some(Standbys::Left) => Ok(Judged::Stays),
        Some(Standbys::Required) => Ok(Judged::Changes(change)),
        None if !demands.certificates => Ok(Judged::Changes(change)),
        None => Err((
            "it lets standbys in, and they would need certificates of ours from now on".to_owned(),
            Some("replication = \"required\" (or \"left\": the line stays as it is)".to_owned()),
        )),
    }
}

/// Whether the options have a `clientcert` that demands a certificate; one that does not is an error.
fn has_option(options: &[Field], demands: Demands) -> Result<bool, No> {
    let mut found = false;
    for word in options.iter().flat_map(|field| &field.words) {
        let Some(at) = word.text.iter().position(|byte| *byte == b'=') else {
            return no(format!("`{}` is no option", shown(&word.text)));
        };
        if !demands.certificates || &word.text[..at] != b"clientcert" {
            continue;
        }
        // 1 is what verify-ca was called up to version 13.
        match &word.text[at + 1..] {
            b"verify-full" | b"verify-ca" | b"1" => found = true,
            _ => {
                return no(format!(
                    "`{}` lets in without a certificate; take the option out",
                    shown(&word.text)
                ));
            }
        }
    }
    Ok(found)
}

/// Whether nobody comes from there but this host.
pub(super) fn is_here(address: &str, mask: Option<&str>) -> bool {
    if ["localhost", "samehost"].contains(&address) {
        return true;
    }
    match network(address, mask) {
        Some((IpAddr::V4(ip), prefix)) => ip.is_loopback() && prefix >= 8,
        Some((IpAddr::V6(ip), prefix)) => ip.is_loopback() && prefix == 128,
        None => false,
    }
}

/// Address and length of the prefix, where it is written in numbers.
pub(super) fn network(address: &str, mask: Option<&str>) -> Option<(IpAddr, u8)> {
    let (ip, prefix) = match address.split_once('/') {
        Some((ip, prefix)) => (ip, prefix.parse::<u8>().ok()),
        None => {
            let mask = mask.and_then(|mask| mask.parse::<IpAddr>().ok());
            let bits = mask.map(|mask| match mask {
                IpAddr::V4(mask) => mask.to_bits().leading_ones(),
                IpAddr::V6(mask) => mask.to_bits().leading_ones(),
            });
            (address, bits.and_then(|bits| u8::try_from(bits).ok()))
        }
    };
    Some((ip.parse().ok()?, prefix?))
}

fn write(out: &mut Vec<u8>, line: &[u8], fields: &[Field], change: Change) {
    let mut from = 0;
    if let Some(first) = fields.first().filter(|_| change.tls) {
        out.extend_from_slice(&line[..first.start]);
        out.extend_from_slice(b"hostssl");
        // Where there is room the columns stay where they are.
        let longer = b"hostssl".len().saturating_sub(first.end - first.start);
        let blanks = line[first.end..].iter().take_while(|byte| **byte == b' ');
        let room = blanks.count().saturating_sub(1);
        from = first.end + longer.min(room);
    }
    if let Some(last) = fields.last().filter(|_| change.option) {
        out.extend_from_slice(&line[from..last.end]);
        out.extend_from_slice(OPTION.as_bytes());
        from = last.end;
    }
    out.extend_from_slice(&line[from..]);
}

pub(super) fn shown(word: &[u8]) -> String {
    let text = String::from_utf8_lossy(word);
    let short: String = text.chars().take(64).collect();
    escape(&short)
}

#[cfg(test)]
mod tests;
