//! What kinds of bodies are let in.

use super::Unclean;
use super::route::{BodyRule, Route};

/// Refuses bodies that the daemon would read as something else than they are judged as.
///
/// A form in the body overrides the query on every POST, and a multipart form on a build; gRPC goes past
/// the routes of an engine that speaks it: none of them is ever let in.
pub(super) fn media_type(route: &Route, given: Option<&[u8]>) -> Result<(), Unclean> {
    let text = match given {
        None => "",
        Some(bytes) => std::str::from_utf8(bytes)
            .map_err(|_| Unclean::content_type("no UTF-8", "'application/json'"))?
            .trim_matches([' ', '\t']),
    };
    let kind = text
        .split(';')
        .next()
        .unwrap_or_default()
        .trim_matches([' ', '\t']);
    let json = kind.eq_ignore_ascii_case("application/json");
    match route.body {
        BodyRule::Json { .. } if json => Ok(()),
        BodyRule::Json { .. } => Err(Unclean::content_type(text, "'application/json'")),
        BodyRule::None { .. } | BodyRule::Stream => {
            let form = kind
                .get(..10)
                .is_some_and(|start| start.eq_ignore_ascii_case("multipart/"))
                || kind.eq_ignore_ascii_case("application/x-www-form-urlencoded");
            let grpc = kind
                .get(..16)
                .is_some_and(|start| start.eq_ignore_ascii_case("application/grpc"));
            if form || grpc || !(text.is_empty() || is_media_type(kind)) {
                return Err(Unclean::content_type(text, "neither a form nor gRPC"));
            }
            Ok(())
        }
    }
}

/// `token/token`: anything else is read by different readers in different ways.
fn is_media_type(kind: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    kind.split_once('/')
        .is_some_and(|(main, sub)| token(main) && token(sub))
}

#[cfg(test)]
mod tests {
    use crate::read::{Incoming, Reading, Request};

    fn check(target: &str, content_type: Option<&str>, fine: bool) {
        let incoming = Incoming {
            method: b"POST",
            target: target.as_bytes(),
            content_type: content_type.map(str::as_bytes),
            upgrade: None,
            has_body: true,
        };
        let read = Request::read(&incoming, &Reading::default());
        match read {
            Ok(_) => assert!(fine, "{target} {content_type:?}"),
            Err(unclean) => {
                assert_eq!(unclean.code, "SL-A009");
                assert!(!fine, "{target} {content_type:?}");
            }
        }
    }

    #[test]
    fn forms_never_come_in() {
        for target in [
            "/build",
            "/images/load",
            "/images/create",
            "/containers/a/kill",
            "/containers/create",
            "/containers/prune",
        ] {
            for kind in [
                "application/x-www-form-urlencoded",
                "Application/X-WWW-Form-Urlencoded; charset=utf-8",
                " application/x-www-form-urlencoded\t",
                "multipart/form-data; boundary=x",
                "MULTIPART/mixed",
                "application/grpc",
                "Application/gRPC+proto; charset=utf-8",
                "application/grpc-web",
                "application/x-www-form-urlencoded, application/json",
                "application",
                "\"application\"/json",
                "; charset=utf-8;",
            ] {
                check(target, Some(kind), false);
            }
        }
    }

    #[test]
    fn archives_and_documents_do() {
        check("/build", Some("application/x-tar"), true);
        check("/build", Some("application/tar"), true);
        check("/images/load", None, true);
        check("/images/create", Some("text/plain"), true);
        check("/containers/create", Some("application/json"), true);
        check(
            "/containers/create",
            Some("Application/JSON ; charset=utf-8"),
            true,
        );
        check("/containers/create", None, false);
        check("/containers/create", Some("text/plain"), false);
        check("/containers/create", Some("application/json5"), false);
        check("/containers/a/kill", Some("application/json"), true);
    }
}
