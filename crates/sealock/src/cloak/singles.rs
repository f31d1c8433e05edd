//! Single certificates that `cert issue` wrote to files: renewed where they lie, with the modes and owners that they have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sealock_change::{Action, BoxDiagnose, Content, Edit, fs};
use sealock_diag::escape;
use sealock_pki::{
    AuthorityName, BACKDATE, Certificate, CommonName, LeafRequest, PrivateKey, Purpose, San,
    Serial, Timestamp,
};
use sealock_vault::{Entry, Filter, Scope, State, StateKind, Usage, Vault};

use super::course::Course;
use super::credentials::{Authority, Issued, good_for};
use crate::failure::Failure;
use crate::session::Session;

/// The place of a certificate's file.
const CERT: &str = "cert:";
/// The place of its key's file.
const KEY: &str = "key:";
/// The place of a PKCS#12 archive, whose passphrase only its owner knows.
const P12: &str = "p12:";
/// The place of a certificate for a request: its key is somewhere else.
const SIGNED: &str = "signed:";

/// Where the files of a certificate lie, as the inventory keeps it.
pub(crate) fn places(cert: &Path, key: &Path, p12: Option<&Path>) -> Vec<String> {
    let mut places = vec![
        format!("{CERT}{}", cert.display()),
        format!("{KEY}{}", key.display()),
    ];
    places.extend(p12.map(|path| format!("{P12}{}", path.display())));
    places
}

/// Where the certificate for a request went.
pub(crate) fn signed_place(cert: Option<&Path>) -> String {
    let shown = cert.map_or_else(|| "stdout".to_owned(), |path| path.display().to_string());
    format!("{SIGNED}{shown}")
}

/// Whether it is the certificate of a request: nobody here has its key.
pub(crate) fn is_of_a_request(entry: &Entry) -> bool {
    entry
        .places
        .iter()
        .any(|place| place.place.starts_with(SIGNED))
}

/// Whether its files are here, so that it can be renewed.
pub(crate) fn is_kept(entry: &Entry) -> bool {
    Files::of(entry).is_some()
}

/// One certificate that is replaced.
pub(crate) struct Renewed {
    pub(crate) old: Serial,
    pub(crate) issued: Issued,
    pub(crate) edits: Vec<Edit>,
    pub(crate) places: Vec<String>,
    /// What a person has to know beside it.
    pub(crate) note: Option<String>,
}

/// The files of one certificate.
struct Files {
    cert: PathBuf,
    key: PathBuf,
    p12: Option<PathBuf>,
}

impl Files {
    fn of(entry: &Entry) -> Option<Self> {
        let find = |kind: &str| {
            let mut places = entry.places.iter();
            places.find_map(|place| place.place.strip_prefix(kind).map(PathBuf::from))
        };
        Some(Self {
            cert: find(CERT)?,
            key: find(KEY)?,
            p12: find(P12),
        })
    }
}

/// Every single certificate that is due, is asked for, or comes from an anchor that signs no more.
pub(crate) fn due(
    session: &Session,
    authority: &Authority,
    course: &Course,
) -> Result<Vec<Renewed>, Failure> {
    if authority.stored().is_none() {
        return Ok(Vec::new());
    }
    let entries = session
        .vault()?
        .entries(Filter::all().state(StateKind::Active))?;
    let mut renewed = Vec::new();
    let mut others = Others::new(session, authority)?;
    let elsewhere = course.of_other_scopes();
    for entry in &entries {
        let Some(files) = Files::of(entry) else {
            continue;
        };
        if entry.usage != Usage::Standing || course.without.contains(&entry.identity) {
            continue;
        }
        let (signer, course) = match authority.knows(entry.purpose, entry.issuer) {
            true => (authority, course),
            false => match others.of(entry)? {
                Some(other) => (other, &elsewhere),
                None => continue,
            },
        };
        renewed.extend(renew(session, signer, course, entry, &files)?);
    }
    Ok(renewed)
}

/// The same authority with the client anchors of other scopes, opened when they are needed.
struct Others<'a> {
    session: &'a Session,
    name: &'a AuthorityName,
    scopes: Vec<Scope>,
    opened: BTreeMap<Scope, Authority>,
}

impl<'a> Others<'a> {
    fn new(session: &'a Session, authority: &'a Authority) -> Result<Self, Failure> {
        let stored = session.vault()?.authority(&authority.name)?;
        Ok(Self {
            session,
            name: &authority.name,
            scopes: stored.map(|one| one.scopes()).unwrap_or_default(),
            opened: BTreeMap::new(),
        })
    }

    /// The one that signed a client of another scope.
    fn of(&mut self, entry: &Entry) -> Result<Option<&Authority>, Failure> {
        let scope = &entry.scope;
        if entry.purpose != Purpose::Client || !self.scopes.contains(scope) {
            return Ok(None);
        }
        if !self.opened.contains_key(scope)
            && let Some(other) = Authority::open_in(self.session, self.name, scope)?
        {
            self.opened.insert(scope.clone(), other);
        }
        let other = self.opened.get(scope);
        Ok(other.filter(|other| other.knows(Purpose::Client, entry.issuer)))
    }
}

fn renew(
    session: &Session,
    authority: &Authority,
    course: &Course,
    entry: &Entry,
    files: &Files,
) -> Result<Option<Renewed>, Failure> {
    let there = [&files.cert, &files.key].map(|path| fs::stat(path));
    let [cert_stat, key_stat] = there;
    let (cert_stat, key_stat) = (cert_stat?, key_stat?);
    if cert_stat.is_none() && key_stat.is_none() {
        // Whoever removed both wants it no more.
        return Ok(None);
    }
    if !course.renewal.asks_for(&entry.identity) && is_good(session, authority, entry, files) {
        return Ok(None);
    }
    let request = request(entry)?;
    let kind = entry.certificate.key_kind().unwrap_or_default();
    let issued = authority.issue(&request, kind, &entry.identity, session.now)?;
    let write = |path: &Path, content, stat: Option<fs::Stat>, mode| Edit::Write {
        path: path.to_owned(),
        content,
        mode: stat.as_ref().map_or(mode, |stat| stat.mode & 0o7777),
        owner: stat.map(|stat| stat.owner),
    };
    let edits = vec![
        write(
            &files.key,
            Content::Secret(issued.key.to_pem()?),
            key_stat,
            0o600,
        ),
        write(
            &files.cert,
            Content::Public(issued.certificate().to_pem().into_bytes()),
            cert_stat,
            0o644,
        ),
    ];
    let note = files.p12.as_ref().map(|path| {
        format!(
            "{} keeps the old certificate: only you know its passphrase. Make it anew with\n  sealock cert issue … --p12 {}",
            escape(&path.to_string_lossy()),
            escape(&path.to_string_lossy())
        )
    });
    Ok(Some(Renewed {
        old: entry.serial.clone(),
        issued,
        edits,
        places: places(&files.cert, &files.key, None),
        note,
    }))
}

/// The same names and the same life.
fn request(entry: &Entry) -> Result<LeafRequest, Failure> {
    // The life that was asked for: a certificate begins a little before it is made.
    let whole = entry.not_after.since(entry.not_before);
    let life = match whole.checked_sub(BACKDATE) {
        Some(life) if !life.is_zero() => life,
        _ => whole,
    };
    let sans: Vec<San> = entry.sans.clone();
    match entry.purpose {
        Purpose::Server => Ok(LeafRequest::server(sans, life)?),
        Purpose::Client => {
            let name = entry.common_name.as_deref().unwrap_or(&entry.identity);
            Ok(LeafRequest::new(
                Purpose::Client,
                CommonName::try_from(name)?,
                sans,
                life,
            ))
        }
    }
}

fn is_good(session: &Session, authority: &Authority, entry: &Entry, files: &Files) -> bool {
    let read = || -> Option<(Vec<Certificate>, PrivateKey)> {
        let chain = Certificate::chain_from_pem(&fs::read(&files.cert).ok()?).ok()?;
        let pem = sealock_diag::Sensitive::new(fs::read(&files.key).ok()?);
        Some((chain, PrivateKey::from_pem(pem.expose(), None).ok()?))
    };
    let Some((chain, key)) = read() else {
        return false;
    };
    chain.first().is_some_and(|leaf| {
        good_for(leaf, &chain, &key, authority, entry.purpose, session.now).is_ok()
    })
}

/// Old, new, and where.
pub(crate) type Change = (Serial, Serial, Vec<String>);

/// Notes that single certificates were replaced.
pub(crate) struct Moved {
    pub(crate) home: PathBuf,
    /// Old, new, and where. Old and new are one where the certificate is the first of its kind.
    pub(crate) moved: Vec<Change>,
    pub(crate) now: Timestamp,
}

impl Moved {
    /// A certificate that was put somewhere and replaces none.
    pub(crate) fn put(session: &Session, serial: &Serial, places: Vec<String>) -> Self {
        Self {
            home: session.home.clone(),
            moved: vec![(serial.clone(), serial.clone(), places)],
            now: session.now,
        }
    }
}

impl Action for Moved {
    fn describe(&self) -> String {
        match self.moved.len() {
            1 => "note in the inventory where it lies".to_owned(),
            count => format!("note in the inventory where {count} single certificates lie"),
        }
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        Vault::open(&self.home)
            .and_then(|mut vault| vault.replace(&self.moved, self.now))
            .map_err(|error| Box::new(error) as BoxDiagnose)
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Vault::open(&self.home)
            .and_then(|mut vault| {
                for (old, new, _) in &self.moved {
                    if old == new {
                        continue;
                    }
                    vault.set_state(old, &State::Active)?;
                }
                Ok(())
            })
            .map_err(|error| Box::new(error) as BoxDiagnose)
    }
}
