//! Seen in time: the timeline of `status`, and the warning beside every command.

use sealock_testkit::process::{Outcome, run};
use serde_json::Value;

use super::stand_in::World;

#[test]
fn what_is_short_is_said_beside_every_command_until_it_is_mended() {
    let world = World::new();
    world.up();
    let say = |words: &[&str]| run(&mut world.sealock(words));
    let note = |outcome: &Outcome| outcome.stderr.contains("note: ");
    let db = world.folder().join("db.pem").display().to_string();
    let key = world.folder().join("db.key").display().to_string();
    let issue = [
        "cert",
        "issue",
        "db",
        "--profile",
        "client",
        "--cert",
        &db,
        "--key",
        &key,
        "--yes",
    ];
    let _ = say(&issue).expect_code(0);
    assert!(!note(&say(&["client", "list"]).expect_code(0)));

    world.set_day(80);
    let list = say(&["--json", "client", "list"]).expect_code(0);
    let words = "dockerd expires in 9 days, alice expires in 9 days, db expires in 9 days\n      `sealock renew` renews what is due";
    let sorted = |text: &str| -> Vec<String> {
        // A certificate lives for ninety days and some seconds, so it has nine days left, or ten.
        let days = text.replace("10 days", "9 days");
        let mut words: Vec<String> = days
            .split([',', '\n'])
            .map(|word| word.trim().to_owned())
            .collect();
        words.sort();
        words
    };
    let said = list
        .stderr
        .trim_end()
        .strip_prefix("note: ")
        .unwrap_or_else(|| panic!("{list}"));
    assert_eq!(sorted(said), sorted(words), "{list}");
    let _: Value = serde_json::from_str(&list.stdout).expect("stdout is data");
    for beside in [&["explain", "SL-F806"][..], &["completions", "bash"]] {
        assert!(!note(&say(beside).expect_code(0)), "{beside:?}");
    }
    // Whoever has thrown the files away uses the certificate no more.
    std::fs::remove_file(&db).unwrap();
    std::fs::remove_file(&key).unwrap();
    let list = say(&["client", "list"]).expect_code(0);
    assert!(
        list.stderr.contains("alice expires") && !list.stderr.contains("db expires"),
        "{list}"
    );
    world.set_day(91);
    let status = say(&["status"]).expect_code(3);
    assert!(status.stderr.contains("dockerd has expired"), "{status}");

    let renew = say(&["renew", "--yes"]).expect_code(0);
    assert!(!renew.stderr.contains("has expired"), "{renew}");
    assert!(!note(&say(&["client", "list"]).expect_code(0)));
}

#[test]
fn the_timeline_fits_and_says_when_everything_ends() {
    let world = World::new();
    world.up();
    let say = |words: &[&str]| run(&mut world.sealock(words));
    let folder = world.folder().join("tls").display().to_string();
    let place = format!("dir:{folder}");
    let _ = say(&["client", "add", "alice", "--install", &place]).expect_code(0);
    world.set_day(70);
    let status = say(&["status"]).expect_code(3);
    let drawn: Vec<&str> = status
        .stdout
        .lines()
        .skip_while(|line| !line.starts_with("what ends when"))
        .take_while(|line| !line.is_empty())
        .collect();
    assert_eq!(drawn.len(), 6, "{status}");
    assert!(
        drawn
            .iter()
            .all(|line| line.trim_end().chars().count() <= 80),
        "{status}"
    );
    let alice = drawn
        .iter()
        .position(|line| line.starts_with("alice"))
        .unwrap();
    assert!(
        drawn[alice].contains("  now  ") && drawn[alice].contains("19 days"),
        "{status}"
    );
    assert!(
        drawn[alice].contains("#|") && drawn[alice].ends_with("----"),
        "{status}"
    );
    assert!(
        drawn[alice + 1].starts_with("  in ") && drawn[alice + 1].contains("/tls"),
        "{status}"
    );
    assert!(
        status
            .stdout
            .contains("agent: none; `sealock agent install`"),
        "{status}"
    );

    let json = say(&["--json", "status"]).expect_code(3);
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    let ends: Vec<&str> = json["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["notAfter"].as_str().unwrap())
        .collect();
    assert!(ends.is_sorted(), "{ends:?}");
    let alice = json["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["name"] == "alice")
        .unwrap();
    assert_eq!(
        (&alice["kind"], &alice["due"], &alice["expired"]),
        (&"client".into(), &true.into(), &false.into())
    );
    assert_eq!(json["operations"], Value::Array(Vec::new()));

    // A rotation that waits for a copy of alice's files is said, and how it goes on.
    let _ = say(&["renew", "--yes"]).expect_code(0);
    let archive = world.folder().join("alice.tar").display().to_string();
    let _ = say(&["client", "bundle", "alice", "-o", &archive]).expect_code(0);
    let _ = say(&["ca", "rotate", "client", "--yes"]).expect_code(3);
    let status = say(&["status"]);
    let said = "of 5 phases; `sealock ca rotate` goes on";
    assert!(
        status
            .stdout
            .contains("rotation of the client anchor since "),
        "{status}"
    );
    assert!(status.stdout.contains(said), "{status}");
    assert!(status.stdout.contains("  waits for alice: "), "{status}");
    assert!(
        status.stdout.contains("client anchor 1, superseded"),
        "{status}"
    );
    let file = world.folder().join("sealock.prom");
    let metrics = [
        "agent",
        "--once",
        "--clock-patience",
        "1s",
        "--metrics",
        &file.display().to_string(),
    ]
    .map(str::to_owned);
    let _ = say(&metrics.each_ref().map(String::as_str)).expect_code(0);
    let metrics = std::fs::read_to_string(file).unwrap();
    let phase = "sealock_operation_phase{kind=\"rotation\",scope=\"\",phase=\"";
    assert!(metrics.contains(phase), "{metrics}");
}
