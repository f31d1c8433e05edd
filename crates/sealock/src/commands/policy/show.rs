//! `sealock policy show`: roles, grants and the matrix.

use sealock_policy::{Policy, RoleView, calls};
use serde_json::{Value, json};

use crate::cli::PolicyShow;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::{BOLD, DIM, paint};
use crate::session::Session;
use crate::table::{Cell, fold, render};

pub(super) fn run(session: &Session, args: &PolicyShow) -> Result<Exit, Failure> {
    let policy = match &args.file {
        Some(path) => super::read(path)?,
        // Nothing but what is shipped: it always reads.
        None => Policy::parse("version = 1\n").map_err(|error| Failure::new(&error))?,
    };
    match (args.matrix, session.printer.json) {
        (true, true) => session.printer.value(&matrix_json(&policy)),
        (true, false) => session.printer.data(&matrix(&policy)),
        (false, true) => session.printer.value(&roles_json(&policy)),
        (false, false) => session.printer.data(&roles(&policy)),
    }
    Ok(Exit::Done)
}

fn roles(policy: &Policy) -> String {
    let mut parts: Vec<String> = policy.roles().iter().map(role).collect();
    let grants = policy.grant_views();
    if !grants.is_empty() {
        let rows: Vec<Vec<Cell>> = grants
            .iter()
            .map(|grant| {
                vec![
                    Cell::new(grant.rule.as_str()),
                    Cell::new(grant.role.as_str()),
                    Cell::new(grant.scope.as_str()),
                    Cell::new(grant.to.join(", ")),
                ]
            })
            .collect();
        parts.push(
            render(&["grant", "role", "scope", "to"], &rows)
                .trim_end()
                .to_owned(),
        );
    }
    parts.join("\n\n")
}

fn role(role: &RoleView) -> String {
    let mark = if role.shipped { "shipped" } else { "own" };
    let may = match role.may.is_empty() {
        true => "nothing".to_owned(),
        false => role.may.join(", "),
    };
    let indented: Vec<String> = fold(&may, 76)
        .lines()
        .map(|line| format!("  {line}"))
        .collect();
    format!(
        "{}  {}\n  {}\n{}",
        paint(BOLD, &role.name),
        paint(DIM, &format!("({mark}, scope {})", role.scope)),
        sealock_diag::escape(&role.about),
        indented.join("\n")
    )
}

fn roles_json(policy: &Policy) -> Value {
    let roles: Vec<Value> = policy
        .roles()
        .iter()
        .map(|role| {
            json!({
                "name": role.name,
                "about": role.about,
                "shipped": role.shipped,
                "scope": role.scope,
                "may": role.may,
            })
        })
        .collect();
    let grants: Vec<Value> = policy
        .grant_views()
        .iter()
        .map(|grant| {
            json!({
                "name": grant.rule,
                "line": grant.line,
                "to": grant.to,
                "role": grant.role,
                "scope": grant.scope,
            })
        })
        .collect();
    json!({ "version": 1, "mode": policy.mode().name(), "roles": roles, "grants": grants })
}

fn matrix(policy: &Policy) -> String {
    let roles = policy.roles();
    let mut head = vec!["call", "verb"];
    head.extend(roles.iter().map(|role| role.name.as_str()));
    let rows: Vec<Vec<Cell>> = calls()
        .map(|route| {
            let mut row = vec![Cell::new(route.name), Cell::new(route.verb.name())];
            for role in &roles {
                let cell = policy.cell(&role.name, route.call);
                row.push(Cell::new(cell.map_or("", |cell| cell.name())));
            }
            row
        })
        .collect();
    render(&head, &rows).trim_end().to_owned()
}

fn matrix_json(policy: &Policy) -> Value {
    let roles = policy.roles();
    let rows: Vec<Value> = calls()
        .map(|route| {
            let cells: serde_json::Map<String, Value> = roles
                .iter()
                .map(|role| {
                    let cell = policy.cell(&role.name, route.call);
                    (role.name.clone(), json!(cell.map(|cell| cell.name())))
                })
                .collect();
            json!({
                "call": route.name,
                "verb": route.verb.name(),
                "method": route.method.name(),
                "path": route.pattern,
                "roles": cells,
            })
        })
        .collect();
    json!({ "version": 1, "calls": rows })
}
