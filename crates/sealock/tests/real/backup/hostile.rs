//! Every refusal, provoked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::Scratch;
use sealock_testkit::process::{call, run};

use super::ground::{Home, Keys, Terminal};
use crate::common::Sealock;

/// A desired state; no daemon is asked for a client's files.
pub(super) const TOML: &str = "version = 1

[authority]
name = \"sealock\"

[daemon]
\
    listen = [\"127.0.0.1:2376\"]
names = [\"docker.example.org\"]
";

/// A vault, its archive, and a place to restore to.
struct Ground {
    scratch: Scratch,
    keys: Keys,
    sealock: Sealock,
    archive: PathBuf,
}

impl Ground {
    fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        let keys = Keys::new(&scratch, "holder");
        let sealock = super::made(&scratch);
        let archive = scratch.join("vault.age");
        let this = Self {
            scratch,
            keys,
            sealock,
            archive,
        };
        let _ = this.backup(&["--to", &this.keys.recipient]).expect_code(0);
        this
    }

    fn backup(&self, more: &[&str]) -> sealock_testkit::Outcome {
        let archive = self.archive.display().to_string();
        self.sealock
            .run(&[&["backup", "-o", &archive], more].concat())
    }

    /// Restoring this must be refused with the code, say the words, and leave nothing.
    #[track_caller]
    fn refuses(&self, archive: &Path, more: &[&str], code: &str, words: &str) {
        let other = Sealock::in_folder(&self.scratch.join("other"));
        let archive = archive.display().to_string();
        let refused = other.run(&[&["restore", &archive, "--yes"], more].concat());
        let refused = refused.expect_code(1);
        assert!(
            refused.stderr.contains(&format!("error[{code}]")),
            "{refused}"
        );
        assert!(
            one_line(&refused.stderr).contains(words),
            "{words}: {refused}"
        );
        assert!(refused.stderr.contains("nothing was changed"), "{refused}");
        assert!(!self.scratch.join("other").exists(), "{refused}");
    }

    /// The archive's content in a folder, to be falsified.
    fn unpacked(&self) -> PathBuf {
        let folder = self.scratch.join("unpacked");
        let _gone = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let script = "age -d -i \"$0\" \"$1\" | tar -C \"$2\" -xpf -";
        let paths = [&self.archive, &folder].map(|path| path.display().to_string());
        let _ =
            run(Command::new("bash").args(["-c", script, &self.keys.file, &paths[0], &paths[1]]))
                .ok();
        folder
    }

    /// Seals a tar archive that python makes: `members` is a list of calls on `tar`.
    fn sealed_by_python(&self, name: &str, script: &str) -> PathBuf {
        let (tar, to) = (self.scratch.join("made.tar"), self.scratch.join(name));
        let program = format!(
            "import io, json, hashlib, os, sys, tarfile\n\
             tar = tarfile.open(sys.argv[1], 'w')\n\
             def add(name, data=b'', kind=tarfile.REGTYPE, link='', mode=0o600):\n\
             \x20   member = tarfile.TarInfo(name); member.type = kind; member.linkname = link\n\
             \x20   member.size = len(data); member.mode = mode; tar.addfile(member, io.BytesIO(data))\n\
             def mode(name):\n\
             \x20   path = sys.argv[2] + '/' + name\n\
             \x20   return os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o600\n\
             def unpacked(name): return open(sys.argv[2] + '/' + name, 'rb').read()\n\
             {script}\ntar.close()\n"
        );
        let folder = self.unpacked();
        let paths = [&tar, &folder].map(|path| path.display().to_string());
        let _ = call("python3", &["-c", &program, &paths[0], &paths[1]]).ok();
        let _gone = fs::remove_file(&to);
        self.keys.seal(&tar, &to);
        to
    }
}

/// Folded text as one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn who_could_open_it_must_be_said_and_be_somebody() {
    let ground = Ground::new("nobody");
    let secret = fs::read_to_string(&ground.keys.file).unwrap();
    let secret = secret.lines().last().unwrap();
    let plugin = "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t";
    let before = fs::read(&ground.archive).unwrap();
    for (words, code, said) in [
        (&[][..], "SL-U050", "--archive-passphrase"),
        (&["--to", "nobody"], "SL-U051", "58 more characters"),
        (
            &["--to", &ground.keys.recipient[..50]],
            "SL-U051",
            "58 more characters",
        ),
        (&["--to", "ssh-ed25519 AAAA"], "SL-U051", "SSH keys"),
        (&["--to", plugin], "SL-U051", "plugins"),
        (&["--to", secret], "SL-U051", "the secret half"),
    ] {
        let refused = ground.backup(words).expect_code(2);
        assert!(
            refused.stderr.contains(&format!("error[{code}]")),
            "{refused}"
        );
        assert!(one_line(&refused.stderr).contains(said), "{refused}");
        assert!(!refused.stderr.contains(secret), "{refused}");
    }
    assert_eq!(fs::read(&ground.archive).unwrap(), before);
}

#[test]
fn what_is_no_archive_is_not_replaced() {
    let ground = Ground::new("replaced");
    let to = ["--to", &ground.keys.recipient];
    for make in [
        "echo words > $0",
        "mkdir $0",
        "ln -s /etc/passwd $0",
        "mkfifo $0",
        ": > $0",
    ] {
        let script = format!("rm -rf $0; {make}");
        let path = ground.archive.display().to_string();
        let _ = call("sh", &["-c", &script, &path]).ok();
        let refused = ground.backup(&to).expect_code(1);
        assert!(
            refused.stderr.contains("error[SL-U058]"),
            "{make}: {refused}"
        );
    }
}

#[test]
fn what_does_not_open_says_what_would() {
    let ground = Ground::new("closed");
    let other = Keys::new(&ground.scratch, "other");
    let file = |name: &str, text: &str| ground.scratch.write(name, text).display().to_string();
    let (right, wrong) = (
        file("right", "correct horse\n"),
        file("wrong", "wrong horse\n"),
    );
    let [right, wrong] = [right, wrong].map(|path| format!("file:{path}"));
    let with_words = ground.scratch.join("words.age");
    let path = with_words.display().to_string();
    let said = ground
        .sealock
        .run(&["backup", "-o", &path, "--archive-passphrase", &right]);
    assert!(
        said.stderr.contains("verified: read back, opened"),
        "{said}"
    );
    let holder = ["--identity", &ground.keys.file];
    let by_right = ["--archive-passphrase", &right];
    for (archive, words, said) in [
        (
            &ground.archive,
            &["--identity", &other.file][..],
            "none of the identities is theirs",
        ),
        (&ground.archive, &by_right, "sealed for recipients"),
        (&ground.archive, &[], "--identity"),
        (
            &with_words,
            &["--archive-passphrase", &wrong],
            "the passphrase does not open it",
        ),
        (&with_words, &holder, "sealed with a passphrase"),
        (&with_words, &[], "--archive-passphrase"),
    ] {
        ground.refuses(archive, words, "SL-U054", said);
    }
    let sealed = ground.scratch.join("sealed-identity");
    ground.keys.seal(Path::new(&ground.keys.file), &sealed);
    for (path, said) in [
        (sealed, "sealed themselves"),
        (
            PathBuf::from(file("plugin", "AGE-PLUGIN-YUBIKEY-1AAAA\n")),
            "plugins",
        ),
        (
            PathBuf::from(file("ssh", "-----BEGIN OPENSSH PRIVATE KEY-----\n")),
            "SSH",
        ),
        (
            PathBuf::from(file("public", &ground.keys.recipient)),
            "public half",
        ),
        (PathBuf::from(file("none", "# words\n")), "no identity"),
    ] {
        let path = path.display().to_string();
        ground.refuses(&ground.archive, &["--identity", &path], "SL-U051", said);
    }
}

#[test]
fn what_was_cut_off_altered_or_never_ours_is_refused() {
    let ground = Ground::new("altered");
    let holder = ["--identity", &ground.keys.file];
    let bytes = fs::read(&ground.archive).unwrap();
    let file = |name: &str, bytes: &[u8]| ground.scratch.write(name, bytes);
    for keep in [30, bytes.len() / 2, bytes.len() - 1] {
        ground.refuses(
            &file("cut", &bytes[..keep]),
            &holder,
            "SL-U053",
            "cut off or altered",
        );
    }
    for at in [220, bytes.len() / 2, bytes.len() - 1] {
        let mut other = bytes.clone();
        other[at] ^= 1;
        ground.refuses(
            &file("falsified", &other),
            &holder,
            "SL-U053",
            "cut off or altered",
        );
    }
    ground.refuses(&file("text", b"words"), &holder, "SL-U052", "no age file");
    let armored = ground.scratch.join("armored");
    let paths = [&armored, &ground.archive].map(|path| path.display().to_string());
    let _ = call(
        "age",
        &[
            "-a",
            "-r",
            &ground.keys.recipient,
            "-o",
            &paths[0],
            &paths[1],
        ],
    )
    .ok();
    ground.refuses(&armored, &holder, "SL-U052", "armour");
    let words = ground.scratch.join("words.age");
    ground.keys.seal(&file("plain", b"words"), &words);
    ground.refuses(&words, &holder, "SL-U052", "no tar archive");
    let foreign = ground.sealed_by_python("foreign.age", "add('readme', b'words')");
    ground.refuses(&foreign, &holder, "SL-U052", "no manifest.json");
    let newer = ground.sealed_by_python("newer.age", "add('manifest.json', b'{\"version\": 2}')");
    ground.refuses(&newer, &holder, "SL-U052", "reads up to 1");
    let absent = ground.scratch.join("absent");
    ground.refuses(&absent, &holder, "SL-U008", "there is no such file");
}

#[test]
fn members_that_lead_elsewhere_are_refused() {
    let ground = Ground::new("hostile");
    let holder = ["--identity", &ground.keys.file];
    let good = "m = json.loads(unpacked('manifest.json'))\n\
                def listed(name, data):\n\
                \x20   m['files'].append({'name': name, 'size': len(data), 'sha256': hashlib.sha256(data).hexdigest()})\n\
                \x20   add(name, data)\n";
    for (script, words) in [
        ("add('../evil', b'x')", "leads out of the archive"),
        ("add('/etc/evil', b'x')", "leads out of the archive"),
        (
            "add('clients/../../evil', b'x')",
            "leads out of the archive",
        ),
        (
            "add('vault.db', kind=tarfile.SYMTYPE, link='/etc/passwd')",
            "it is a link",
        ),
        (
            "add('vault.db', kind=tarfile.LNKTYPE, link='/etc/passwd')",
            "it is a link",
        ),
        (
            "add('vault.db', kind=tarfile.FIFOTYPE)",
            "neither a plain file nor a directory",
        ),
        ("add('vault.db', b'x'); add('vault.db', b'y')", "twice"),
        (
            "t = tarfile.TarInfo('vault.db'); t.size = 1 << 40; tar.fileobj.write(t.tobuf())",
            "larger than the archive",
        ),
        (
            "listed('etc/cron.d/evil', b'x'); add('manifest.json', json.dumps(m).encode())",
            "does not belong into a vault",
        ),
        (
            "listed('clients/a', b'x'); listed('clients/a/b', b'x'); add('manifest.json', json.dumps(m).encode())",
            "lies in something that is no directory",
        ),
        (
            "listed('changes/journal', b'x'); add('manifest.json', json.dumps(m).encode())",
            "does not belong into a vault",
        ),
    ] {
        let archive = ground.sealed_by_python("hostile.age", &format!("{good}{script}"));
        ground.refuses(&archive, &holder, "SL-U055", words);
    }
    // A passphrase that would be stretched for an hour.
    let costly = b"age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 30\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    let costly = ground.scratch.write("costly", costly);
    let words = format!("file:{}", ground.scratch.write("words", "x\n").display());
    ground.refuses(
        &costly,
        &["--archive-passphrase", &words],
        "SL-U055",
        "2^30 rounds",
    );
}

#[test]
fn a_vault_that_is_not_intact_is_refused() {
    let ground = Ground::new("broken");
    let holder = ["--identity", &ground.keys.file];
    // All of the archive again, with one thing about it changed; the manifest is told or it is not.
    let all = |change: &str| {
        format!(
            "m = json.loads(unpacked('manifest.json'))\n\
             names = [line['name'] for line in m['files']]\n\
             files = {{name: unpacked(name) for name in names}}\n\
             key = [name for name in names if name.startswith('issuers/')][0]\n\
             told = True\n\
             {change}\n\
             if told: m['files'] = [{{'name': n, 'size': len(d), 'sha256': hashlib.sha256(d).hexdigest()}} for n, d in files.items()]\n\
             add('manifest.json', json.dumps(m).encode())\n\
             add('issuers', kind=tarfile.DIRTYPE)\n\
             [add(name, data, mode=mode(name)) for name, data in files.items()]\n"
        )
    };
    for (change, words) in [
        ("files[key] += b'x'; told = False", "its digest is another"),
        ("del files[key]; told = False", "it is missing"),
        ("files['crl/more'] = b'x'; told = False", "it is not listed"),
        ("del files[key]", "anchor is missing"),
        ("files[key] = b'words'", "issuers"),
        (
            "files[key] = [d for n, d in files.items() if n.startswith('issuers/') and n != key][0]",
            "is not the key of",
        ),
        ("del files['vault.db']", "it has no vault.db"),
        ("files['vault.db'] = b'words'", "vault.db"),
        (
            "d = bytearray(files['vault.db']); d[4096:8192] = b'x' * 4096; files['vault.db'] = bytes(d)",
            "vault.db",
        ),
    ] {
        let archive = ground.sealed_by_python("broken.age", &all(change));
        ground.refuses(&archive, &holder, "SL-U057", words);
    }
    // The same without a change is good: what is refused above is refused for what was changed.
    let archive = ground.sealed_by_python("good.age", &all(""));
    let other = Sealock::in_folder(&ground.scratch.join("other"));
    let path = archive.display().to_string();
    let _ = other
        .run(&["restore", &path, "--identity", &ground.keys.file, "--yes"])
        .expect_code(0);
    Home::of(&other.home()).expect_same(&Home::of(&ground.sealock.home()));
}

#[test]
fn nothing_that_lies_there_is_written_over() {
    let ground = Ground::new("occupied");
    let other = Sealock::in_folder(&ground.scratch.join("other"));
    let archive = ground.archive.display().to_string();
    let words = [
        "restore",
        &archive,
        "--identity",
        &ground.keys.file,
        "--yes",
    ];
    let occupied = |said: &str| {
        let before = crate::common::Tree::of(&[&other.home()]);
        let refused = other.run(&words).expect_code(1);
        assert!(refused.stderr.contains("error[SL-U056]"), "{refused}");
        assert!(
            one_line(&refused.stderr).contains(said),
            "{said}: {refused}"
        );
        crate::common::Tree::of(&[&other.home()])
            .seen_by_users()
            .expect_same(&before.seen_by_users());
        let _gone = fs::remove_dir_all(other.home());
        let _gone = fs::remove_file(other.home());
    };
    let _ = other.run(&["ca", "create"]).expect_code(0);
    occupied("a vault with other anchors");
    let _ = other.run(&words).expect_code(0);
    let names = ["cert.pem", "key.pem"].map(|name| ground.scratch.join(name).display().to_string());
    let issue = [
        "cert",
        "issue",
        "bob",
        "--profile",
        "client",
        "--cert",
        &names[0],
        "--key",
        &names[1],
    ];
    let _ = other.run(&issue).expect_code(0);
    occupied("another inventory");
    fs::create_dir(other.home()).unwrap();
    fs::write(other.home().join("notes"), "mine").unwrap();
    occupied("there is no vault in it, but notes");
    fs::write(other.home(), "mine").unwrap();
    occupied("it is no directory");
    fs::create_dir(other.home()).unwrap();
    fs::write(other.home().join("vault.db"), "words").unwrap();
    occupied("a vault that cannot be read");
    // An empty folder, such as a mount point, is no obstacle; another sealock.toml stays.
    fs::create_dir(other.home()).unwrap();
    fs::write(ground.sealock.config(), TOML).unwrap();
    let _ = ground
        .backup(&["--to", &ground.keys.recipient])
        .expect_code(0);
    fs::write(other.config(), TOML.replace("2376", "2377")).unwrap();
    let done = other.run(&words).expect_code(0);
    assert!(
        one_line(&done.stderr).contains("another sealock.toml lies in its place"),
        "{done}"
    );
    assert!(fs::read_to_string(other.config()).unwrap().contains("2377"));
    assert_eq!(
        fs::read_to_string(other.home().join("sealock.toml.restored")).unwrap(),
        TOML
    );
}

#[test]
fn a_person_may_say_no() {
    let ground = Ground::new("declined");
    let other = Sealock::in_folder(&ground.scratch.join("other"));
    let archive = ground.archive.display().to_string();
    let restore = other.command(&["restore", &archive, "--identity", &ground.keys.file]);
    let said = Terminal::run(&restore, &["n"]);
    assert!(
        said.contains("SL-U002") && said.contains("client anchor 1 of"),
        "{said}"
    );
    assert!(!other.home().exists());
}
