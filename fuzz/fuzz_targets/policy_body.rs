//! Bodies of every route: what is settled stays as it is when it is read again, and has no key twice in
//! any case.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealock_policy::{BodyRule, Incoming, Json, Reading, Request, Route};

fuzz_target!(|data: (u8, &[u8])| {
    let (at, bytes) = data;
    let routes: Vec<_> = Route::all()
        .filter(|route| matches!(route.body, BodyRule::Json { .. }))
        .collect();
    let route = routes[usize::from(at) % routes.len()];
    let target = match (route.pattern.find('{'), route.pattern.find('}')) {
        (Some(open), Some(close)) => {
            format!("{}x{}", &route.pattern[..open], &route.pattern[close + 1..])
        }
        _ => route.pattern.to_owned(),
    };
    let incoming = Incoming {
        method: route.method.name().as_bytes(),
        target: target.as_bytes(),
        content_type: Some(b"application/json"),
        upgrade: None,
        has_body: true,
    };
    let mut request = Request::read(&incoming, &Reading::default()).expect("a route finds itself");
    if request.set_body(bytes).is_err() {
        return;
    }
    let Some(body) = request.body() else {
        return;
    };
    let mut again = Request::read(&incoming, &Reading::default()).expect("a route finds itself");
    again.set_body(&body).expect("what we write we read");
    assert_eq!(again.json(), request.json());
    for key in ["HostConfig", "TaskTemplate", "Labels"] {
        if let Some(fields) = request.json().and_then(Json::as_object) {
            let same = |(name, _): &&(String, Json)| name.eq_ignore_ascii_case(key);
            assert!(fields.iter().filter(same).count() <= 1);
        }
    }
});
