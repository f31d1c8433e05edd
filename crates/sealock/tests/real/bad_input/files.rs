//! Files that are not what a file should be, for every command that reads one.

use super::ground::Ground;

/// Makes one file for each thing that can be wrong with any file.
fn wrong_files(ground: &Ground) {
    ground.write("empty", "");
    ground.write("blank", " \r\n\n");
    ground.write("binary", (0..=255).collect::<Vec<u8>>());
    ground.write("prose.txt", "It was a bright cold day in April.\n");
    let utf16: Vec<u8> = "\u{feff}-----BEGIN CERTIFICATE-----\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    ground.write("utf16.pem", utf16);
    ground.write("folder/inside", "");
    ground.tool("ln -s /nowhere/at/all dangling; ln -s circle circle; mkfifo pipe; truncate -s 70M huge; ln -s /dev/zero device");
}

const WRONG: [(&str, &str, &str); 11] = [
    ("absent", "SL-U008", "a file that is not there"),
    ("folder", "SL-U008", "a directory"),
    ("dangling", "SL-U008", "a link that leads nowhere"),
    ("circle", "SL-U008", "a link to itself"),
    ("prose.txt/x", "SL-U008", "a path through a file"),
    ("device", "SL-U008", "a link to a device that never ends"),
    ("huge", "SL-U008", "70 MB"),
    ("empty", "SL-P101", "nothing in it"),
    (
        "pipe",
        "SL-P101",
        "a pipe that nobody writes to: must not hang",
    ),
    ("binary", "SL-P103", "binary"),
    ("utf16.pem", "SL-P103", "UTF-16, as Notepad wrote it"),
];

#[test]
fn no_file_at_all() {
    let mut ground = Ground::with_authority("files");
    wrong_files(&ground);
    ground.about("cert show");
    for (file, code, about) in WRONG {
        ground.about(about);
        ground.refuse(&["cert", "show", file], code, 1);
    }
    ground.about("white space only");
    ground.refuse(&["cert", "show", "blank"], "SL-P101", 1);
    ground.about("text without PEM");
    ground.refuse(&["cert", "show", "prose.txt"], "SL-P104", 1);
    ground.about("a name that would clear the screen");
    ground.refuse(&["cert", "show", "\u{1b}[2J\u{202e}"], "SL-U008", 1);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn every_command_that_reads() {
    let mut ground = Ground::with_authority("readers");
    wrong_files(&ground);
    ground.tool("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out good.pem -subj /CN=x 2>&1");
    for file in ["absent", "folder", "pipe", "binary"] {
        let code = |missing: &'static str, pipe: &'static str, binary: &'static str| match file {
            "pipe" => pipe,
            "binary" => binary,
            _ => missing,
        };
        ground.refuse(
            &[
                "cert",
                "verify",
                "--anchor",
                file,
                "--purpose",
                "client",
                "good.pem",
            ],
            code("SL-U008", "SL-P101", "SL-P103"),
            1,
        );
        ground.refuse(
            &[
                "cert",
                "verify",
                "--anchor",
                "good.pem",
                "--purpose",
                "client",
                file,
            ],
            code("SL-U008", "SL-P101", "SL-P103"),
            1,
        );
        ground.refuse(
            &[
                "cert",
                "verify",
                "--anchor",
                "good.pem",
                "--crl",
                file,
                "--purpose",
                "client",
                "good.pem",
            ],
            code("SL-U008", "SL-P101", "SL-P103"),
            1,
        );
        ground.refuse(
            &[
                "cert",
                "sign",
                file,
                "--profile",
                "server",
                "--name",
                "a.example.org",
            ],
            code("SL-U008", "SL-P101", "SL-P103"),
            1,
        );
    }
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn places_that_cannot_be_written() {
    let mut ground = Ground::with_client("places");
    wrong_files(&ground);
    let issue = |cert: &'static str| {
        [
            "cert",
            "issue",
            "a.example.org",
            "--profile",
            "server",
            "--key",
            "new.key",
            "--cert",
            cert,
        ]
    };
    ground.about("a directory where the certificate goes");
    ground.refuse(&issue("folder"), "SL-C006", 1);
    ground.about("a pipe where the certificate goes");
    ground.refuse(&issue("pipe"), "SL-C011", 1);
    ground.about("into a directory that does not exist");
    ground.refuse(&issue("absent/new.pem"), "SL-C001", 4);
    ground.about("below a file");
    ground.refuse(&issue("prose.txt/new.pem"), "SL-C005", 4);
    ground.about("a bundle into a directory that does not exist");
    ground.refuse(
        &["client", "bundle", "alice", "-o", "absent/alice.tar"],
        "SL-C001",
        1,
    );
    ground.about("manual pages below a file");
    ground.refuse(&["man", "prose.txt"], "SL-C012", 1);
    insta::assert_snapshot!(ground.transcript());
}
