//! `sealock policy`: reading, testing and explaining who may do what.

pub(crate) mod codes;
mod show;

use std::path::Path;

use sealock_diag::escape;
use sealock_policy::{Asked, Assumed, Case, Policy, PolicyError, Tried};
use serde_json::{Value, json};

use crate::cli::{self, PolicyCheck, PolicyExplain, PolicyTest};
use crate::commands::gateway;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::printer::{BAD, BOLD, DIM, GOOD, WARN, paint};
use crate::session::Session;

/// More than the largest policy.
const LIMIT: u64 = 4 << 20;

pub(crate) fn run(session: &Session, verb: &cli::Policy) -> Result<Exit, Failure> {
    match verb {
        cli::Policy::Check(args) => check(session, args),
        cli::Policy::Test(args) => test(session, args),
        cli::Policy::Explain(args) => explain(session, args),
        cli::Policy::Show(args) => show::run(session, args),
        cli::Policy::Learned(at) => {
            let policy = gateway::ask::learned(gateway::control(session, at))?;
            match session.printer.json {
                true => session
                    .printer
                    .value(&json!({ "version": 1, "policy": policy })),
                false => session.printer.raw(&policy),
            }
            Ok(Exit::Done)
        }
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    let path = if path == Path::new("-") {
        Path::new("/dev/stdin")
    } else {
        path
    };
    String::from_utf8(input::read(path, LIMIT)?).map_err(|error| {
        Failure::own(codes::NOT_TEXT, "a file is no text")
            .at(escape(&path.to_string_lossy()))
            .because(format!(
                "byte {} is no UTF-8",
                error.utf8_error().valid_up_to()
            ))
    })
}

/// An error in a file: its place is the file and the line.
fn at(path: &Path, error: &PolicyError) -> Failure {
    let failure = Failure::new(error);
    let file = escape(&path.to_string_lossy());
    let place = match &failure.location {
        Some(line) => format!("{file}, {line}"),
        None => file,
    };
    failure.at(place)
}

fn read(path: &Path) -> Result<Policy, Failure> {
    Policy::parse(&text(path)?).map_err(|error| at(path, &error))
}

fn check(session: &Session, args: &PolicyCheck) -> Result<Exit, Failure> {
    let policy = read(&args.file)?;
    let remarks = policy.remarks();
    let grants = policy.grant_views().len();
    if session.printer.json {
        let remarks: Vec<Value> = remarks
            .iter()
            .map(|remark| json!({ "line": remark.line, "text": remark.text }))
            .collect();
        session.printer.value(&json!({
            "version": 1,
            "mode": policy.mode().name(),
            "grants": grants,
            "remarks": remarks,
        }));
    } else {
        let mut lines = vec![format!(
            "{}  {grants} {}, mode {}",
            paint(GOOD, "good"),
            if grants == 1 { "grant" } else { "grants" },
            policy.mode().name()
        )];
        for remark in &remarks {
            let place = remark
                .line
                .map_or_else(String::new, |line| format!("line {line}: "));
            lines.push(format!("{}  {place}{}", paint(WARN, "note"), remark.text));
        }
        session.printer.data(&lines.join("\n"));
    }
    Ok(if args.strict && !remarks.is_empty() {
        Exit::No
    } else {
        Exit::Done
    })
}

fn test(session: &Session, args: &PolicyTest) -> Result<Exit, Failure> {
    let policy = read(&args.file)?;
    let cases = Case::parse(&text(&args.cases)?).map_err(|error| at(&args.cases, &error))?;
    let mut passed = 0;
    let mut rows = Vec::new();
    let mut lines = Vec::new();
    for case in &cases {
        let (good, told) = case.attempt(&policy);
        passed += usize::from(good);
        let caller = case
            .asked
            .caller
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        rows.push(json!({
            "line": case.line,
            "caller": caller,
            "request": case.asked.line,
            "objects": case.objects.name(),
            "expected": case.expect,
            "passed": good,
            "outcome": told,
        }));
        if !good {
            lines.push(format!(
                "{}  line {}: {caller} {}\n        expected {}, came out as {told}",
                paint(BAD, "wrong"),
                case.line,
                escape(&case.asked.line),
                case.expect
            ));
        }
    }
    if session.printer.json {
        session
            .printer
            .value(&json!({ "version": 1, "passed": passed, "cases": rows }));
    } else {
        let style = if passed == cases.len() { GOOD } else { BAD };
        lines.push(paint(
            style,
            &format!("{passed} of {} cases as expected", cases.len()),
        ));
        session.printer.data(&lines.join("\n"));
    }
    Ok(if passed == cases.len() {
        Exit::Done
    } else {
        Exit::No
    })
}

fn explain(session: &Session, args: &PolicyExplain) -> Result<Exit, Failure> {
    let policy = read(&args.file)?;
    let asked = Asked {
        caller: args.names.clone(),
        line: format!("{} {}", args.method, args.target),
        body: args
            .body
            .as_deref()
            .map(text)
            .transpose()?
            .unwrap_or_default(),
    };
    let mut tried = Vec::new();
    for assumed in Assumed::ALL {
        let one = policy.attempt(&asked, *assumed).map_err(|unclean| {
            Failure::own(codes::NO_REQUEST, "this is no request of the Engine API")
                .because(format!("{} ({})", unclean.detail, unclean.code))
        })?;
        tried.push((*assumed, one));
    }
    // Where nothing is asked, nothing depends on whose the objects are.
    if tried.iter().all(|(_, one)| one.questions.is_empty()) {
        tried.truncate(1);
    }
    if session.printer.json {
        session.printer.value(&to_json(&tried));
    } else {
        session.printer.data(&told(&args.names, &tried));
    }
    let refused = |one: &Tried| matches!(one.word(), "deny" | "hide");
    Ok(if tried.iter().all(|(_, one)| refused(one)) {
        Exit::No
    } else {
        Exit::Done
    })
}

fn told(names: &[sealock_policy::Name], tried: &[(Assumed, Tried)]) -> String {
    let mut lines = Vec::new();
    let Some((_, first)) = tried.first() else {
        return String::new();
    };
    let caller = names.first().map(ToString::to_string).unwrap_or_default();
    lines.push(format!(
        "{caller} asks for {} (verb {})",
        paint(BOLD, first.decision.call.name()),
        first.decision.verb
    ));
    if !first.needs.is_empty() {
        lines.push("which needs to".to_owned());
        lines.extend(first.needs.iter().map(|need| format!("  {need}")));
    }
    for (assumed, one) in tried {
        let when = match (tried.len(), assumed) {
            (1, _) => "whatever there is",
            (_, Assumed::Own) => "if what it names is the caller's own",
            (_, Assumed::Others) => "if it is somebody else's",
            (_, Assumed::Absent) => "if it does not exist",
        };
        lines.push(format!("{when}: {}", outcome(one)));
        if one.word() == "allow" {
            lines.push(paint(DIM, &format!("  sent as {}", escape(&one.target))));
            if let Some(body) = &one.body {
                lines.push(paint(DIM, &format!("  with {}", escape(body))));
            }
        }
    }
    lines.join("\n")
}

fn outcome(one: &Tried) -> String {
    let (style, word) = match one.word() {
        "allow" => (GOOD, "allowed"),
        "warn" => (WARN, "allowed, and written down as refused"),
        "hide" => (BAD, "hidden"),
        _ => (BAD, "refused"),
    };
    let rule = &one.decision.rule;
    match &one.decision.refusal {
        None => format!("{} by {rule}", paint(style, word)),
        Some(refusal) => format!(
            "{}: may not {refusal} ({}, {})",
            paint(style, word),
            match &**rule {
                "none" => "no grant has it",
                rule => rule,
            },
            refusal.reason.code()
        ),
    }
}

fn to_json(tried: &[(Assumed, Tried)]) -> Value {
    let outcomes: Vec<Value> = tried
        .iter()
        .map(|(assumed, one)| {
            json!({
                "objects": assumed.name(),
                "decision": one.word(),
                "rule": &*one.decision.rule,
                "code": one.decision.refusal.as_ref().map(|refusal| refusal.reason.code().0),
                "reason": one.decision.refusal.as_ref().map(ToString::to_string),
                "target": one.target,
                "body": one.body,
            })
        })
        .collect();
    let first = tried.first().map(|(_, one)| one);
    json!({
        "version": 1,
        "call": first.map(|one| one.decision.call.name()),
        "verb": first.map(|one| one.decision.verb.name()),
        "needs": first.map(|one| one.needs.clone()),
        "outcomes": outcomes,
    })
}
