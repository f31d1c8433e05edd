//! `sealock cert`: single certificates, for anything.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use sealock_change::{Content, Edit, Plan};
use sealock_diag::{Diagnose, escape};
use sealock_pki::{
    BasicConstraints, Certificate, CertificateRequest, CommonName, Crl, CsrNames, CsrPolicy,
    Description, LeafRequest, Purpose, Revocation, San, VerifyOptions, sign_csr, to_pkcs12,
    verify_with_reasons,
};
use sealock_vault::{Filter, Scope, SystemEntropy, Usage};

use crate::catalogue;
use crate::cli::Cert;
use crate::cloak::credentials::Authority;
use crate::cloak::keep::{Record, Recorded};
use crate::cloak::singles::{self, Moved};
use crate::cloak::{run, scopes, show};
use crate::commands::ca::name_of_this_host;
use crate::exit::Exit;
use crate::failure::{COMMAND_LINE, Failure};
use crate::input;
use crate::printer::{BOLD, GOOD, paint};
use crate::session::Session;
use crate::table::{self, Cell};

const DAY: u64 = 86_400;
/// Larger than every certificate, key, request and chain that belongs anywhere; revocation lists have their own limit.
const LARGEST: u64 = 16 * 1024 * 1024;

pub(crate) fn run(session: &Session, verb: Cert) -> Result<Exit, Failure> {
    match verb {
        Cert::Issue {
            names,
            profile,
            cert,
            key,
            p12,
            p12_passphrase,
            scope,
            key_kind,
            days,
        } => {
            let scope = of_clients(profile.into(), scope.as_deref())?;
            let request = request(profile.into(), &names, life(days))?;
            let p12 = p12
                .map(|path| Ok::<_, Failure>((path, p12_passphrase.read_new()?)))
                .transpose()?;
            issue(
                session,
                &request,
                key_kind,
                scope.as_ref(),
                (&cert, &key),
                p12,
            )
        }
        Cert::Sign {
            csr,
            profile,
            names,
            names_from_request,
            scope,
            cert,
            days,
        } => {
            let wanted = Wanted {
                purpose: profile.into(),
                names: &names,
                from_request: names_from_request,
                scope: of_clients(profile.into(), scope.as_deref())?,
                life: life(days),
            };
            sign(session, &csr, &wanted, cert.as_deref())
        }
        Cert::Show { file } => show_file(session, &file),
        Cert::List => list(session),
        Cert::Renew(args) => super::renew::run(session, &args),
        Cert::Revoke(args) => super::revoke::run(session, &args),
        Cert::Verify {
            anchor,
            purpose,
            name,
            at,
            crl,
            chain,
        } => {
            let name = name
                .map(|name| name.parse::<San>())
                .transpose()
                .map_err(|error| Failure::new(&error).exit(Exit::Usage))?;
            judge(session, &anchor, purpose.into(), name, at, &crl, &chain)
        }
    }
}

fn life(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * DAY)
}

/// The first name is the common name too; a client's further names must be e-mail addresses or URIs.
fn request(purpose: Purpose, names: &[String], life: Duration) -> Result<LeafRequest, Failure> {
    match purpose {
        Purpose::Server => {
            let sans = parse_names(names)?;
            Ok(LeafRequest::server(sans, life)?)
        }
        Purpose::Client => {
            let (first, rest) = names.split_first().ok_or_else(|| {
                Failure::own(catalogue::BAD_NAME, "a certificate needs a name")
                    .help("name it: --name NAME")
                    .exit(Exit::Usage)
            })?;
            Ok(LeafRequest::new(
                Purpose::Client,
                CommonName::try_from(first.as_str())
                    .map_err(|error| Failure::new(&error).exit(Exit::Usage))?,
                parse_names(rest)?,
                life,
            ))
        }
    }
}

fn parse_names(names: &[String]) -> Result<Vec<San>, Failure> {
    names
        .iter()
        .map(|name| {
            name.parse::<San>()
                .map_err(|error| Failure::new(&error).exit(Exit::Usage))
        })
        .collect()
}

/// The scope from the command line. Server anchors have none, and a server of a scope would be one of all.
fn of_clients(purpose: Purpose, scope: Option<&str>) -> Result<Option<Scope>, Failure> {
    match (purpose, scope) {
        (Purpose::Server, Some(_)) => Err(Failure::own(
            catalogue::BAD_SCOPE,
            "a server certificate has no scope",
        )
        .at(COMMAND_LINE)
        .because("one server anchor proves every host to every client")
        .help("leave --scope away, or write --profile client")
        .exit(Exit::Usage)),
        (_, scope) => scope.map(scopes::parse).transpose(),
    }
}

/// The authority with the client anchors of a scope; without one, of this host's.
fn open_authority(session: &Session, scope: Option<&Scope>) -> Result<Authority, Failure> {
    let name = name_of_this_host(session)?;
    let opened = match scope {
        Some(scope) => Authority::open_in(session, &name, scope)?,
        None => Authority::open(session, &name)?,
    };
    opened.ok_or_else(|| {
        Failure::own(
            catalogue::NOT_SET_UP,
            format!("the vault has no authority {name}"),
        )
        .help("sealock ca create")
    })
}

fn issue(
    session: &Session,
    request: &LeafRequest,
    kind: Option<sealock_pki::KeyKind>,
    scope: Option<&Scope>,
    (cert, key): (&Path, &Path),
    p12: Option<(PathBuf, sealock_pki::Passphrase)>,
) -> Result<Exit, Failure> {
    session.vault()?;
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let authority = open_authority(session, scope)?;
    let kind = match kind {
        Some(kind) => kind,
        None => authority
            .anchor(request.purpose)?
            .key_kind()
            .unwrap_or_default(),
    };
    let issued = authority.issue(request, kind, &request.common_name.to_string(), session.now)?;
    let mut plan = Plan::new(format!(
        "issue a {} certificate for {}",
        request.purpose, request.common_name
    ));
    plan.push_action(Record {
        home: session.home.clone(),
        entries: vec![issued.to_record()],
        now: session.now,
    });
    push_file(&mut plan, key, Content::Secret(issued.key.to_pem()?), 0o600)?;
    push_file(
        &mut plan,
        cert,
        Content::Public(issued.certificate().to_pem().into_bytes()),
        0o644,
    )?;
    let places = singles::places(
        &absolute(cert),
        &absolute(key),
        p12.as_ref().map(|(path, _)| absolute(path)).as_deref(),
    );
    if let Some((path, passphrase)) = p12 {
        let anchor = authority.anchor(request.purpose)?.clone();
        let chain = [issued.certificate().clone(), anchor];
        let archive = to_pkcs12(
            &chain,
            &issued.key,
            &request.common_name.to_string(),
            &passphrase,
        )?;
        push_file(&mut plan, &path, Content::Secret(archive), 0o600)?;
    }
    plan.push_action(Moved::put(session, issued.certificate().serial(), places));
    show::plan(&session.printer, &plan)?;
    run::run(session, &store, &guard, plan)?;
    tell(session, issued.certificate());
    Ok(Exit::Done)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn push_file(plan: &mut Plan, path: &Path, content: Content, mode: u32) -> Result<(), Failure> {
    let path = absolute(path);
    plan.push_edit(Edit::Write {
        path,
        content,
        mode,
        owner: None,
    })?;
    Ok(())
}

fn tell(session: &Session, certificate: &Certificate) {
    if session.printer.json {
        session.printer.value(&to_json(&certificate.describe()));
    } else {
        session.printer.say(&format!(
            "serial {}, valid until {}",
            certificate.serial(),
            certificate.not_after()
        ));
    }
}

/// What a request gets.
struct Wanted<'a> {
    purpose: Purpose,
    names: &'a [String],
    from_request: bool,
    scope: Option<Scope>,
    life: Duration,
}

fn sign(
    session: &Session,
    csr: &Path,
    wanted: &Wanted<'_>,
    cert: Option<&Path>,
) -> Result<Exit, Failure> {
    let Wanted {
        purpose,
        names,
        from_request,
        life,
        ..
    } = *wanted;
    let request_bytes = input::read(csr, LARGEST)?;
    let place = csr;
    let csr = CertificateRequest::from_pem(&request_bytes).map_err(|error| in_file(&error, csr))?;
    session.vault()?;
    let store = session.store()?;
    let guard = run::begin(session, &store)?;
    let authority = open_authority(session, wanted.scope.as_ref())?;
    let given = if from_request {
        // With --name the names are a fence, without it the request may name what it likes.
        CsrNames::Requested {
            permitted: if names.is_empty() {
                csr.sans()
            } else {
                parse_names(names)?
            },
        }
    } else {
        given_names(purpose, names, life)?
    };
    let policy = CsrPolicy::new(purpose, given, life);
    let certificate = sign_csr(
        authority.issuer(purpose)?,
        &csr,
        &policy,
        session.now,
        &mut SystemEntropy,
    )
    .map_err(|error| in_file(&error, place))?;
    for ignored in csr.ignored() {
        session.printer.warn(&format!(
            "the request also asks for {ignored}; it does not get it"
        ));
    }
    let identity = certificate
        .common_name()
        .unwrap_or_else(|| "a request".to_owned());
    let mut plan = Plan::new(format!(
        "sign a {purpose} certificate for {}",
        escape(&identity)
    ));
    let entry = Recorded {
        certificate: certificate.clone(),
        purpose,
        identity,
        issuer: authority.anchor(purpose)?.key_id(),
        generation: authority.generation(purpose),
        scope: authority.scope_of(purpose),
        usage: Usage::Standing,
    };
    plan.push_action(Record {
        home: session.home.clone(),
        entries: vec![entry],
        now: session.now,
    });
    if let Some(path) = cert {
        push_file(
            &mut plan,
            path,
            Content::Public(certificate.to_pem().into_bytes()),
            0o644,
        )?;
    }
    let place = singles::signed_place(cert.map(absolute).as_deref());
    plan.push_action(Moved::put(session, certificate.serial(), vec![place]));
    show::plan(&session.printer, &plan)?;
    run::run(session, &store, &guard, plan)?;
    match cert {
        Some(_) => tell(session, &certificate),
        None => session.printer.raw(&certificate.to_pem()),
    }
    Ok(Exit::Done)
}

fn given_names(purpose: Purpose, names: &[String], life: Duration) -> Result<CsrNames, Failure> {
    let request = request(purpose, names, life)?;
    Ok(CsrNames::Given {
        common_name: request.common_name,
        sans: request.sans,
    })
}

fn show_file(session: &Session, file: &Path) -> Result<Exit, Failure> {
    let chain = read_chain(file)?;
    if session.printer.json {
        let all: Vec<Value> = chain
            .iter()
            .map(|certificate| to_json(&certificate.describe()))
            .collect();
        session
            .printer
            .value(&json!({ "version": 1, "certificates": all }));
        return Ok(Exit::Done);
    }
    for (index, certificate) in chain.iter().enumerate() {
        if index > 0 {
            session.printer.data("");
        }
        for (label, text) in fields(&certificate.describe()) {
            session
                .printer
                .data(&format!("{} {text}", paint(BOLD, &format!("{label:<16}"))));
        }
    }
    Ok(Exit::Done)
}

fn fields(described: &Description) -> Vec<(&'static str, String)> {
    let mut fields = vec![
        ("subject", described.subject.clone()),
        (
            "issuer",
            if described.self_issued {
                format!("{} (itself)", described.issuer)
            } else {
                described.issuer.clone()
            },
        ),
        ("serial", described.serial.to_string()),
        (
            "valid",
            format!("{} to {}", described.not_before, described.not_after),
        ),
        ("key", format!("{}, id {}", described.key, described.key_id)),
        ("signed with", described.signature_algorithm.clone()),
        ("purposes", described.purposes.to_string()),
    ];
    if !described.sans.is_empty() {
        fields.push(("names", described.sans.join(", ")));
    }
    if let Some(usage) = &described.key_usage {
        fields.push(("key usage", usage.to_string()));
    }
    if let Some(constraints) = &described.basic_constraints {
        fields.push(("constraints", words(constraints)));
    }
    for constraint in &described.name_constraints {
        fields.push(("name constraint", constraint.clone()));
    }
    for extension in &described.other_extensions {
        fields.push(("extension", extension.clone()));
    }
    fields.push(("version", format!("X.509 v{}", described.version)));
    fields.push(("sha-256", described.fingerprint.to_string()));
    fields
}

fn words(constraints: &BasicConstraints) -> String {
    match (constraints.ca, constraints.path_length) {
        (false, _) => "no CA".to_owned(),
        (true, None) => "CA".to_owned(),
        (true, Some(length)) => format!("CA, path length {length}"),
    }
}

fn to_json(described: &Description) -> Value {
    json!({
        "version": described.version,
        "subject": described.subject,
        "issuer": described.issuer,
        "serial": described.serial.to_string(),
        "notBefore": described.not_before.to_string(),
        "notAfter": described.not_after.to_string(),
        "key": described.key.to_string(),
        "keyId": described.key_id.to_string(),
        "subjectKeyId": described.subject_key_id,
        "authorityKeyId": described.authority_key_id,
        "signatureAlgorithm": described.signature_algorithm,
        "purposes": described.purposes.to_string(),
        "names": described.sans,
        "keyUsage": described.key_usage.as_ref().map(ToString::to_string),
        "basicConstraints": described.basic_constraints.as_ref().map(words),
        "nameConstraints": described.name_constraints,
        "otherExtensions": described.other_extensions,
        "fingerprint": described.fingerprint.to_string(),
    })
}

fn list(session: &Session) -> Result<Exit, Failure> {
    let entries = session.vault()?.entries(Filter::all())?;
    if session.printer.json {
        let all: Vec<Value> = entries
            .iter()
            .map(|entry| {
                json!({
                    "serial": entry.serial.to_string(),
                    "identity": entry.identity,
                    "purpose": entry.purpose.to_string(),
                    "names": entry.sans.iter().map(San::value).collect::<Vec<_>>(),
                    "scope": entry.scope.as_str(),
                    "usage": entry.usage.as_str(),
                    "generation": entry.generation,
                    "keyId": entry.key_id.to_string(),
                    "notBefore": entry.not_before.to_string(),
                    "notAfter": entry.not_after.to_string(),
                    "state": entry.state.kind().as_str(),
                    "places": entry.places.iter().map(|place| place.place.clone()).collect::<Vec<_>>(),
                })
            })
            .collect();
        session
            .printer
            .value(&json!({ "version": 1, "certificates": all }));
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<Cell>> = entries
        .iter()
        .map(|entry| {
            vec![
                Cell::new(escape(&entry.identity)),
                Cell::new(match (entry.usage, entry.scope.is_own()) {
                    (Usage::Session, true) => "session".to_owned(),
                    (Usage::Session, false) => format!("session of {}", entry.scope),
                    (Usage::Standing, true) => entry.purpose.to_string(),
                    (Usage::Standing, false) => format!("{} of {}", entry.purpose, entry.scope),
                }),
                Cell::new(entry.state.kind().as_str()),
                Cell::new(entry.not_after.to_string()),
                Cell::new(entry.serial.to_string()),
            ]
        })
        .collect();
    session.printer.raw(&table::render(
        &["identity", "purpose", "state", "valid until", "serial"],
        &rows,
    ));
    Ok(Exit::Done)
}

fn judge(
    session: &Session,
    anchors: &[PathBuf],
    purpose: Purpose,
    name: Option<San>,
    at: Option<sealock_pki::Timestamp>,
    crls: &[PathBuf],
    chain: &Path,
) -> Result<Exit, Failure> {
    let mut trusted = Vec::new();
    for path in anchors {
        trusted.extend(read_chain(path)?);
    }
    let mut lists = Vec::new();
    for path in crls {
        lists.push(
            Crl::from_pem(&input::read(path, LARGEST)?).map_err(|error| in_file(&error, path))?,
        );
    }
    let place = escape(&chain.to_string_lossy());
    let chain = read_chain(chain)?;
    let mut options = VerifyOptions::new(purpose, at.unwrap_or(session.now));
    options.name = name;
    options.crls = &lists;
    if !lists.is_empty() {
        options.revocation = Revocation::Required;
    }
    match verify_with_reasons(&chain, &trusted, &options) {
        Ok(path) => {
            let names: Vec<String> = path
                .certificates()
                .iter()
                .map(Certificate::subject)
                .collect();
            if session.printer.json {
                session
                    .printer
                    .value(&json!({ "version": 1, "good": true, "path": names, "reasons": [] }));
            } else {
                session.printer.data(&format!(
                    "{}: {}",
                    paint(GOOD, &format!("good as a {purpose}")),
                    names.join(" ← ")
                ));
            }
            Ok(Exit::Done)
        }
        Err(refused) => {
            let reasons: Vec<Value> = refused
                .reasons()
                .map(|refusal| json!({ "code": refusal.code().0, "reason": refusal.to_string(), "where": refusal.location(), "cause": Diagnose::cause(refusal), "help": refusal.help() }))
                .collect();
            if session.printer.json {
                session
                    .printer
                    .value(&json!({ "version": 1, "good": false, "reasons": reasons }));
                return Ok(Exit::No);
            }
            let mut failure = Failure::new(&*refused.root).at(place).exit(Exit::No);
            for other in refused.reasons().skip(1) {
                let cause = failure.cause.take().unwrap_or_default();
                failure.cause = Some(
                    format!("{cause}\nalso {}: {other}", other.code())
                        .trim_start()
                        .to_owned(),
                );
            }
            Err(failure)
        }
    }
}

fn read_chain(path: &Path) -> Result<Vec<Certificate>, Failure> {
    Certificate::chain_from_pem(&input::read(path, LARGEST)?).map_err(|error| in_file(&error, path))
}

/// An error of a file's content, with the file.
fn in_file(error: &dyn Diagnose, path: &Path) -> Failure {
    let failure = Failure::new(error);
    let place = escape(&path.to_string_lossy());
    let place = failure
        .location
        .as_ref()
        .map_or(place.clone(), |inner| format!("{place}, {inner}"));
    failure.at(place)
}
