//! Streams that say nothing for long, both ways: no way may take that for their end.

use std::thread;

use sealock_testkit::lab::{Version, lab};

use super::rows::Scale;
use super::stage::Stage;
use super::way::Way;
use super::whole;
use crate::common::report;

/// Ten minutes in the whole sweep, seconds otherwise; an exec, a terminal, a log, and events.
#[test]
fn silence_ends_nothing() {
    let scale = if whole() { Scale::LONG } else { Scale::SHORT };
    let stage = Stage::new(Version::V28);
    let _ours = stage.open(Way::Ours);
    let cli = lab().docker_cli(Version::V28);
    let lines = [
        (
            "exec",
            "docker exec $C sh -c 'sleep @SILENCE@; echo end; exit 3'",
            "end\nrc 3",
        ),
        (
            "exec -i",
            "(sleep @SILENCE@; echo typed) | docker exec -i $C sh -c 'cat; exit 4'",
            "typed\nrc 4",
        ),
        (
            "exec -t",
            "script -qec \"docker exec -it $C sh -c 'sleep @SILENCE@; echo end; exit 5'\" /dev/null >t; rc=$?; tr -d '^@\\r' <t; exit $rc",
            "end\nrc 5",
        ),
        (
            "input's end first",
            "docker exec -i $C sh -c 'cat; sleep @SILENCE@; echo end; exit 6' </dev/null",
            "end\nrc 6",
        ),
        (
            "logs -f",
            "docker run -d --name $C-l --network none $IMAGE sh -c 'sleep @SILENCE@; echo end' >/dev/null; docker logs -f $C-l",
            "end\n",
        ),
        (
            "events",
            // What `top` leaves shows that somebody listens; what is silent is what follows.
            "docker run -d --name $C-e --network none $IMAGE sleep 3600 >/dev/null; : >e; docker events --filter container=$C-e --format '{{.Action}}' >e & p=$!; \
             until grep -q top e; do docker top $C-e >/dev/null; sleep 0.1; done; sleep @SILENCE@; docker pause $C-e >/dev/null; until grep pause e; do sleep 0.2; done; kill $p",
            "pause\n",
        ),
        (
            "wait",
            "docker run -d --name $C-w --network none $IMAGE sh -c 'sleep @SILENCE@; exit 8' >/dev/null; docker wait $C-w",
            "8\n",
        ),
    ];
    let callers = [Way::Dockerd, Way::Ours].map(|way| stage.caller(way, &cli));
    thread::scope(|scope| {
        let started: Vec<_> = callers
            .iter()
            .flat_map(|caller| lines.iter().map(move |line| (caller, line)))
            .map(|(caller, (name, line, wants))| {
                let patience = scale.patience(line);
                (
                    name,
                    wants,
                    caller.way,
                    scope.spawn(move || caller.bash(patience, &scale.fill(line))),
                )
            })
            .collect();
        for (name, wants, way, running) in started {
            let outcome = running.join().unwrap();
            let code = if outcome.code == 0 {
                String::new()
            } else {
                format!("rc {}", outcome.code)
            };
            assert_eq!(
                format!("{}{code}", outcome.stdout),
                *wants,
                "{name} over {way}: {outcome}"
            );
        }
    });
    report(&format!(
        "{} streams silent for {} s over dockerd's own TLS and over ours",
        lines.len(),
        scale.silence
    ));
}
