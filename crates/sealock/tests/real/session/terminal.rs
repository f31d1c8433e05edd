//! Sessions on a terminal: Ctrl-C, a shell, and a shell that is put aside.

use std::process::Command;

use sealock_testkit::process::{Outcome, run};
use sealock_vault::StateKind;

use super::{Desk, inventory, session};

/// Runs a command on a terminal of its own, and plays its user: waits for a text, then types one, turn by turn.
///
/// Prints what was on the screen, and ends with the command's exit code.
const USER: &str = r#"
import json, os, pty, select, sys, time
command, turns = json.load(sys.stdin)
pid, screen = pty.fork()
if pid == 0:
    os.execvpe(command[0], command, dict(os.environ, TERM='dumb', PS1='$ '))
seen, position, deadline = b'', 0, time.time() + 25
def read():
    global seen
    if time.time() > deadline:
        sys.exit(f'too slow; seen so far: {seen.decode()}')
    if select.select([screen], [], [], 0.1)[0]:
        try:
            part = os.read(screen, 4096)
        except OSError:
            part = b''
        seen += part
        return bool(part)
    return True
for awaited, typed in turns:
    while (found := seen.find(awaited.encode(), position)) < 0:
        if not read():
            sys.exit(f'it ended before {awaited!r}; seen: {seen.decode()}')
    position = found + len(awaited)
    os.write(screen, typed.encode())
while read():
    pass
sys.stdout.write(seen.decode().replace('\r\n', '\n'))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

fn play(command: &Command, turns: &[(&str, &str)]) -> Outcome {
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_str().unwrap().to_owned())
        .collect();
    let input = serde_json::to_string(&(words, turns)).unwrap();
    let mut python = Command::new("bash");
    python
        .args([
            "-c",
            "exec python3 -c \"$1\" <<<\"$2\"",
            "bash",
            USER,
            &input,
        ])
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            python.env(name, value);
        }
    }
    run(&mut python)
}

fn all_over(desk: &Desk, count: usize) {
    let (_, sessions) = inventory(&desk.sealock);
    assert_eq!(sessions.len(), count);
    for entry in sessions {
        assert_eq!(entry.state.kind(), StateKind::Withdrawn);
        let name = format!("sealock-session-{}", entry.serial);
        for place in ["/run", "/dev/shm", "/tmp"] {
            assert!(
                !std::path::Path::new(place).join(&name).exists(),
                "{place}/{name}"
            );
        }
    }
}

#[test]
fn ctrl_c_is_the_commands_business() {
    let desk = Desk::new("ctrl-c");
    let heeded = session(
        &[],
        "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.05; done",
    );
    let outcome = play(&desk.sealock.command(&heeded), &[("ready", "\u{3}")]);
    let outcome = outcome.expect_code(3);
    assert!(outcome.stdout.contains("caught"), "{outcome}");
    let unheeded = session(&[], "echo ready; exec sleep 60");
    let outcome = play(&desk.sealock.command(&unheeded), &[("ready", "\u{3}")]);
    let _ = outcome.expect_code(130);
    // Ctrl-\ asks for a core, and gets none.
    let outcome = play(&desk.sealock.command(&unheeded), &[("ready", "\u{1c}")]);
    let outcome = outcome.expect_code(131);
    assert!(!outcome.stdout.contains("core"), "{outcome}");
    all_over(&desk, 3);
}

#[test]
fn a_shell_says_for_how_long_and_how_to_leave() {
    let desk = Desk::new("shell");
    let mut command = desk
        .sealock
        .command(&["session", "alice", "--shell", "--ttl", "8h"]);
    command.env("SHELL", "/bin/bash");
    let outcome = play(
        &command,
        &[
            (
                "key goes with this shell.",
                "echo name=$SEALOCK_SESSION to=$DOCKER_HOST\n",
            ),
            (
                "name=alice to=tcp://127.0.0.1:2376",
                "[ -t 0 ] && echo a terminal\n",
            ),
            // Typed text is echoed too, so the second of both is waited for.
            ("a terminal", ""),
            ("\na terminal", "cd $DOCKER_CERT_PATH && exit 4\n"),
        ],
    )
    .expect_code(4);
    let begin = "You are alice at tcp://127.0.0.1:2376 until 20";
    assert!(outcome.stdout.contains(begin), "{outcome}");
    // Said once, on standard error; a script that is piped in hears nothing else on standard output.
    let mut piped = Command::new("bash");
    let inner = desk.sealock.command(&["session", "alice", "--shell"]);
    piped
        .args(["-c", "echo 'echo $SEALOCK_SESSION' | \"$@\"", "bash"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    let outcome = run(&mut piped).expect_code(0);
    assert_eq!(outcome.stdout, "alice\n", "{outcome}");
    assert_eq!(outcome.stderr.lines().count(), 3, "{outcome}");
    all_over(&desk, 2);
}

#[test]
fn a_shell_and_a_command_can_be_put_aside_and_brought_back() {
    let desk = Desk::new("aside");
    let line = |words: &[&str]| {
        let command = desk.sealock.command(words);
        let words: Vec<String> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(|word| format!("'{}'", word.to_str().unwrap().replace('\'', "'\\''")))
            .collect();
        format!("SHELL=/bin/bash {}\n", words.join(" "))
    };
    let mut outer = Command::new("bash");
    outer.args(["--norc", "--noprofile", "-i"]);
    outer
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", desk.scratch.path());
    let shell = line(&["session", "alice", "--shell"]);
    let command = line(&session(&[], "echo be\"\"gun; exec sleep 1.5"));
    let outcome = play(
        &outer,
        &[
            ("$ ", &shell),
            ("key goes with this shell.", "suspend\n"),
            ("Stopped", "echo outer=$SEALOCK_SESSION.\n"),
            ("outer=.", "fg\n"),
            ("alice", "echo inner=$SEALOCK_SESSION.\n"),
            ("inner=alice.", "exit 6\n"),
            ("exit", "echo code=$?.\n"),
            ("code=6.", &command),
            ("begun", "\u{1a}"),
            ("Stopped", "fg\n"),
            ("sleep 1.5", "echo code=$?.\n"),
            ("code=0.", "exit 5\n"),
        ],
    );
    let _ = outcome.expect_code(5);
    all_over(&desk, 2);
}
