use crate::read::{Incoming, Json, Reading, Request, Unclean};

fn settle(target: &str, body: &str) -> Result<Request, Unclean> {
    let (method, target) = target.split_once(' ').unwrap_or(("POST", target));
    let incoming = Incoming {
        method: method.as_bytes(),
        target: target.as_bytes(),
        content_type: Some(b"application/json"),
        upgrade: None,
        has_body: true,
    };
    let mut request = Request::read(&incoming, &Reading::default()).unwrap();
    request.set_body(body.as_bytes()).map(|()| request)
}

fn check(target: &str, body: &str, expected: Result<&str, (&str, &str)>) {
    match (settle(target, body), expected) {
        (Ok(request), Ok(expected)) => {
            let sent = request.body().unwrap_or_default();
            assert_eq!(String::from_utf8(sent).unwrap(), expected, "{body}");
            if !expected.is_empty() {
                let again = settle(target, expected).unwrap();
                assert_eq!(again.json(), request.json(), "{body} twice");
            }
        }
        (Err(unclean), Err((code, part))) => {
            assert_eq!(unclean.code, code, "{body}: {}", unclean.detail);
            assert!(unclean.detail.contains(part), "{body}: {}", unclean.detail);
        }
        (got, expected) => panic!("{body}: {got:?} instead of {expected:?}"),
    }
}

const CREATE: &str = "/containers/create";

#[test]
fn keys_are_written_as_the_daemon_writes_them() {
    check(
        CREATE,
        r#"{"image":"x","HOSTCONFIG":{"privileged":true}}"#,
        Ok(r#"{"Image":"x","HostConfig":{"Privileged":true}}"#),
    );
    check(
        CREATE,
        r#"{"hoſtConfig":{"bindſ":["/:/h"]}}"#,
        Ok(r#"{"HostConfig":{"Binds":["/:/h"]}}"#),
    );
    check(
        CREATE,
        "{\"HostConfig\":{\"Ma\u{17f}\u{212a}edPaths\":[]}}",
        Ok(r#"{"HostConfig":{"MaskedPaths":[]}}"#),
    );
    check(
        CREATE,
        r#"{"HostConfig":{"\u0042inds":["/:/h"]}}"#,
        Ok(r#"{"HostConfig":{"Binds":["/:/h"]}}"#),
    );
    check(
        "/services/create",
        r#"{"taskTemplate":{"pluginspec":{"NAME":"x"}}}"#,
        Ok(r#"{"TaskTemplate":{"PluginSpec":{"name":"x"}}}"#),
    );
    check(
        "/auth",
        r#"{"Username":"u","PASSWORD":"p"}"#,
        Ok(r#"{"username":"u","password":"p"}"#),
    );
    check(
        "/plugins/x/upgrade?remote=y",
        r#"[{"name":"network","value":["host"]}]"#,
        Ok(r#"[{"Name":"network","Value":["host"]}]"#),
    );
}

#[test]
fn free_keys_stay_as_they_are() {
    check(
        CREATE,
        r#"{"Labels":{"A":"1","a":"2","ſ":"3"}}"#,
        Ok(r#"{"Labels":{"A":"1","a":"2","ſ":"3"}}"#),
    );
    check(
        CREATE,
        r#"{"HostConfig":{"Sysctls":{"net.X":"1"}}}"#,
        Ok(r#"{"HostConfig":{"Sysctls":{"net.X":"1"}}}"#),
    );
    check(
        CREATE,
        r#"{"Labels":{"a":"1","a":"2"}}"#,
        Err(("SL-A011", "a twice")),
    );
    check(
        CREATE,
        r#"{"Labels":{"a":"1","\u0061":"2"}}"#,
        Err(("SL-A011", "a twice")),
    );
}

#[test]
fn a_key_comes_once() {
    check(
        CREATE,
        r#"{"HostConfig":{},"HostConfig":{"Privileged":true}}"#,
        Err(("SL-A011", "HostConfig twice")),
    );
    check(
        CREATE,
        r#"{"HostConfig":{},"hostconfig":{"Privileged":true}}"#,
        Err(("SL-A011", "HostConfig twice")),
    );
    check(
        CREATE,
        r#"{"HostConfig":{"Binds":[],"bindſ":["/:/h"]}}"#,
        Err(("SL-A011", "HostConfig.Binds twice")),
    );
    check(
        CREATE,
        r#"{"HostConfig":null,"hostconfig":{"Privileged":true}}"#,
        Err(("SL-A011", "HostConfig twice")),
    );
    check(
        CREATE,
        r#"{"HostConfig":{"Mounts":[{"Source":"/","source":"/tmp"}]}}"#,
        Err(("SL-A011", "HostConfig.Mounts[].Source twice")),
    );
}

#[test]
fn what_is_not_known_is_not_passed() {
    check(CREATE, r#"{"Imagine":"x"}"#, Err(("SL-A012", "Imagine")));
    check(
        CREATE,
        r#"{"HostConfig":{"Bindz":["/:/h"]}}"#,
        Err(("SL-A012", "HostConfig.Bindz")),
    );
    check(
        CREATE,
        "{\"HostConfig\":{\"Bind\u{e9}\":[]}}",
        Err(("SL-A012", "HostConfig.Bind\u{e9}")),
    );
    check(
        CREATE,
        r#"{"HostConfig":{"Mounts":[{"VolumeOptions":{"DriverConfig":{"X":1}}}]}}"#,
        Err((
            "SL-A012",
            "HostConfig.Mounts[].VolumeOptions.DriverConfig.X",
        )),
    );
    check(
        CREATE,
        r#"{"HostConfig":{"Bind\u001b[31m":[]}}"#,
        Err(("SL-A012", "\\u{1b}")),
    );
    check(
        CREATE,
        r#"{"New":null,"HostConfig":{"Newer":null}}"#,
        Ok(r#"{"HostConfig":{}}"#),
    );
    check(
        "/exec/x/start",
        r#"{"Detach":false,"hijack":true,"stdin":true}"#,
        Ok(r#"{"Detach":false}"#),
    );
    check(
        "/exec/x/start",
        r#"{"Detach":false,"User":"root"}"#,
        Err(("SL-A012", "User")),
    );
    check(
        CREATE,
        r#"{"name":"web","platform":"","Image":"x"}"#,
        Ok(r#"{"Image":"x"}"#),
    );
    check(
        "/volumes/create",
        r#"{"Name":"v","Mountpoint":"/"}"#,
        Ok(r#"{"Name":"v"}"#),
    );
    check(
        "/volumes/create",
        r#"{"Name":"v","Place":"/"}"#,
        Err(("SL-A012", "Place")),
    );
}

#[test]
fn settings_of_the_host_have_one_place() {
    for flat in [
        r#"{"Privileged":true}"#,
        r#"{"privileged":true,"HostConfig":null}"#,
        r#"{"Binds":["/:/h"],"HostConfig":{}}"#,
        r#"{"bindſ":["/:/h"]}"#,
        r#"{"NetworkMode":"host"}"#,
        r#"{"PidMode":"host"}"#,
        r#"{"Memory":1}"#,
        r#"{"Devices":[{}]}"#,
    ] {
        check(CREATE, flat, Err(("SL-A012", "belongs into HostConfig")));
    }
    // The one that docker-py writes there goes to its place, unless that is taken.
    for (sent, read) in [
        (r#"{"Runtime":"r"}"#, r#"{"HostConfig":{"Runtime":"r"}}"#),
        (
            r#"{"runtime":"r","HostConfig":null}"#,
            r#"{"HostConfig":{"Runtime":"r"}}"#,
        ),
        (
            r#"{"Runtime":"r","hostconfig":{"Memory":1}}"#,
            r#"{"HostConfig":{"Memory":1,"Runtime":"r"}}"#,
        ),
    ] {
        check(CREATE, sent, Ok(read));
    }
    for twice in [
        r#"{"Runtime":"r","HostConfig":{"Runtime":"runc"}}"#,
        r#"{"Runtime":"r","HostConfig":{},"hostConfig":{}}"#,
        r#"{"Runtime":"r","RUNTIME":"s"}"#,
    ] {
        check(CREATE, twice, Err(("SL-A012", "belongs into HostConfig")));
    }
    // What says nothing is left out, and so is harmless.
    check(
        CREATE,
        r#"{"Memory":0,"Binds":null,"NetworkMode":"","Privileged":false,"Runtime":null,"Image":"x"}"#,
        Ok(r#"{"Image":"x"}"#),
    );
}

#[test]
fn a_start_says_nothing() {
    check("/containers/x/start", "{}", Ok(""));
    check("/containers/x/start", " null ", Ok(""));
    check("/containers/x/start", "", Ok(""));
    check("/containers/x/start", r#"{"detachKeys":"ctrl-p"}"#, Ok(""));
    check(
        "/containers/x/start",
        r#"{"Binds":["/:/h"]}"#,
        Err(("SL-A014", "non-empty request body")),
    );
    check(
        "/containers/x/start",
        r#"{"HostConfig":{}}"#,
        Err(("SL-A014", "non-empty request body")),
    );
}

#[test]
fn kinds_are_those_of_the_daemon() {
    check(
        CREATE,
        r#"{"Cmd":"sh","Entrypoint":["a","b"]}"#,
        Ok(r#"{"Cmd":["sh"],"Entrypoint":["a","b"]}"#),
    );
    check(
        CREATE,
        r#"{"HostConfig":{"CapAdd":"ALL"}}"#,
        Ok(r#"{"HostConfig":{"CapAdd":["ALL"]}}"#),
    );
    check(
        CREATE,
        r#"{"ExposedPorts":{"80/tcp":null},"Env":[null]}"#,
        Ok(r#"{"ExposedPorts":{"80/tcp":{}},"Env":[""]}"#),
    );
    check(
        CREATE,
        r#"{"HostConfig":{"Memory":9223372036854775807}}"#,
        Ok(r#"{"HostConfig":{"Memory":9223372036854775807}}"#),
    );
    check(
        CREATE,
        r#"{"HostConfig":{"Privileged":"true"}}"#,
        Err(("SL-A013", "HostConfig.Privileged must be true or false")),
    );
    check(
        CREATE,
        r#"{"HostConfig":{"Binds":{"a":"b"}}}"#,
        Err(("SL-A013", "HostConfig.Binds must be a list")),
    );
    check(
        CREATE,
        r#"{"HostConfig":[]}"#,
        Err(("SL-A013", "HostConfig must be an object")),
    );
    check(CREATE, "[]", Err(("SL-A013", "the body must be an object")));
    check(
        CREATE,
        r#"{"Image":1}"#,
        Err(("SL-A013", "Image must be a text")),
    );
    check("/plugins/x/set", r#"["A=b"]"#, Ok(r#"["A=b"]"#));
    check(
        "/plugins/x/set",
        r#"{"A":"b"}"#,
        Err(("SL-A013", "the body must be a list")),
    );
}

#[test]
fn a_body_has_an_end() {
    let large = format!(r#"{{"Image":"{}"}}"#, "x".repeat(1024 * 1024));
    let unclean = settle(CREATE, &large).unwrap_err();
    assert_eq!((unclean.status, unclean.code), (413, "SL-A015"));
}

#[test]
fn a_detached_command_takes_no_connection() {
    assert!(settle("/exec/x/start", "{}").unwrap().hijacks());
    assert!(
        settle("/exec/x/start", r#"{"detach":false}"#)
            .unwrap()
            .hijacks()
    );
    assert!(
        !settle("/exec/x/start", r#"{"DETACH":true}"#)
            .unwrap()
            .hijacks()
    );
    assert!(settle("/containers/x/attach", "").unwrap().hijacks());
    assert!(!settle("/session", "").unwrap().hijacks());
}

#[test]
fn what_was_judged_is_what_is_sent() {
    let mut request = settle("/v1.41/containers/create?name=web", r#"{"image":"x"}"#).unwrap();
    let labels = request
        .json_mut()
        .and_then(|json| json.entry("Labels"))
        .unwrap();
    labels.set("sealock.owner", Json::from("cn:alice"));
    assert_eq!(
        request.body().unwrap(),
        br#"{"Image":"x","Labels":{"sealock.owner":"cn:alice"}}"#
    );
    assert_eq!(request.target(), "/v1.41/containers/create?name=web");
    let mut request = settle("DELETE /containers/web?force=1", "").unwrap();
    request.set_name("0123abcd");
    assert_eq!(request.target(), "/containers/0123abcd?force=1");
    let mut request = settle("GET /containers/json?all=1", "").unwrap();
    request
        .filters_mut()
        .unwrap()
        .add("label", "sealock.owner=cn:alice");
    assert_eq!(
        request.target(),
        "/containers/json?all=1&filters=%7B%22label%22:%7B%22sealock.owner%3Dcn:alice%22:true%7D%7D"
    );
    assert!(
        settle("GET /containers/web/json", "")
            .unwrap()
            .filters_mut()
            .is_none()
    );
}
