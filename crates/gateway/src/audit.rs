//! Audit records: who asked for what, how it was decided, what became of it. JSON, one record a line.
//!
//! A worker formats its record and appends it to a buffer, which costs well under a microsecond; a thread of its
//! own takes what has gathered and writes it at once, so a slow disk slows no request.

mod file;
mod line;
mod read;
mod record;
mod target;
mod verify;
mod who;
mod writer;

use std::cell::RefCell;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealock_policy::Caller;

pub use line::LONGEST_LINE;
pub use read::{Fields, Wanted, fields, files, last, since};
pub use record::{Asked, Event, Id, Judged, Object, Record, Verdict};
pub use verify::{Break, Broken, Place, Report, Verifier, verify};
pub use who::{Leaf, Who};

use crate::{AuditSettings, GatewayError};
use writer::Queue;

thread_local! {
    /// Where a record is formatted, so that the queue is locked for a copy only.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The door to the audit, shared by all workers.
#[derive(Debug)]
pub struct Audit {
    start: u32,
    connections: AtomicU64,
    required: bool,
    /// `None` when no audit is wanted.
    queue: Option<Arc<Queue>>,
}

impl Audit {
    /// Opens the file and starts the writer.
    pub fn open(settings: &AuditSettings) -> Result<Self, GatewayError> {
        let queue = Arc::new(Queue::default());
        writer::start(settings, &queue)?;
        Ok(Self {
            required: settings.required,
            queue: Some(queue),
            ..Self::off()
        })
    }

    /// An audit that writes nothing; it still numbers connections.
    pub fn off() -> Self {
        // Tells one run from the next; 16 ms is less than a restart takes.
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let start = since.unwrap_or_default().as_millis() / 16;
        Self {
            start: (start & 0xffff_ffff) as u32,
            connections: AtomicU64::new(0),
            required: false,
            queue: None,
        }
    }

    /// The constant part of the records of one connection, which gets its number here.
    pub fn who(
        &self,
        listener: &str,
        address: &dyn Display,
        caller: Option<&Caller>,
        leaf: Option<Leaf<'_>>,
    ) -> Who {
        let connection = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        Who::new((self.start, connection), listener, address, caller, leaf)
    }

    /// Notes a record. Never waits for the disk.
    pub fn note(&self, record: &Record<'_>) {
        let Some(queue) = &self.queue else {
            return;
        };
        SCRATCH.with_borrow_mut(|line| {
            line.clear();
            record.write(line, SystemTime::now());
            queue.push(line);
        });
    }

    /// Notes an event of the gateway itself.
    pub fn event(&self, event: Event, detail: &str) {
        self.note(&Record {
            event,
            detail,
            ..Record::default()
        });
    }

    /// Whether requests may be served: not while records are required and cannot be written.
    pub fn ready(&self) -> bool {
        !self.required || !self.is_failing()
    }

    /// Whether the writer cannot write at present.
    pub fn is_failing(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.is_failing())
    }

    /// How many records were dropped because they could not be written in time.
    pub fn lost(&self) -> u64 {
        self.queue.as_ref().map_or(0, |queue| queue.lost())
    }

    /// Opens the file anew if its name means another one by now, as after logrotate (SIGUSR1, SIGHUP).
    pub fn reopen(&self) {
        if let Some(queue) = &self.queue {
            queue.reopen();
        }
    }

    /// Writes what is left and ends the writer; waits for it at most this long.
    pub fn stop(&self, within: Duration) {
        if let Some(queue) = &self.queue {
            queue.stop(within);
        }
    }
}

/// The line of a record as the first of an unchained file, for whoever looks at records one by one.
pub fn line_of(record: &Record<'_>) -> String {
    let mut line = b"{\"seq\":1".to_vec();
    record.write(&mut line, SystemTime::now());
    line.push(b'}');
    String::from_utf8_lossy(&line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{
        Asked, Audit, Event, Id, Judged, LONGEST_LINE, Leaf, Object, Record, Verdict, Wanted,
        files, last, verify,
    };
    use crate::AuditSettings;
    use sealock_diag::Diagnose;
    use sealock_policy::{Caller, Name};
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant, SystemTime};

    const LONG: Duration = Duration::from_secs(20);

    fn folder(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("sealock-audit-{name}-{}", std::process::id()));
        let _from_before = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    fn settings(path: PathBuf) -> AuditSettings {
        AuditSettings {
            path,
            chain: true,
            rotate_at: 0,
            keep: 3,
            required: true,
        }
    }

    fn wait_for(what: impl Fn() -> bool) {
        let until = Instant::now() + LONG;
        while !what() {
            assert!(Instant::now() < until, "it does not come");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn lines(path: &Path) -> usize {
        std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
    }

    fn alice(audit: &Audit) -> super::Who {
        let names = vec![Name::Cn("alice".to_owned()), Name::Ou("ops".to_owned())];
        let leaf = Leaf {
            issuer: "CN=Client CA",
            serial: "1f",
            spki: "ab",
        };
        audit.who(
            "docker",
            &"192.0.2.1:4660",
            Some(&Caller::new(names)),
            Some(leaf),
        )
    }

    fn denied<'a>(who: &'a super::Who) -> Record<'a> {
        Record {
            who: Some(who),
            id: Some(who.id(3)),
            asked: Some(Asked {
                method: "POST",
                route: "ContainerCreate",
                verb: "create",
                raw: b"/v1.41/containers/create?name=a&x=s3cret",
                target: "/v1.41/containers/create?name=a",
            }),
            object: Some(Object {
                kind: "container",
                id: "0123",
                name: "a",
                owner: "cn:alice",
            }),
            judged: Some(Judged {
                verdict: Verdict::Deny,
                rule: "ci",
                code: "SL-A060",
                reason: "a bind mount",
            }),
            status: 403,
            received: 7,
            sent: 9,
            duration: Some(Duration::from_micros(1234)),
            policy: 2,
            material: 5,
            ..Record::default()
        }
    }

    #[test]
    fn a_line_of_its_own_is_no_json_for_a_comma_twice() {
        let who = alice(&Audit::off());
        let line = super::line_of(&denied(&who));
        let read = super::fields(line.as_bytes()).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(
            (&read["seq"], &read["owner"]),
            (&1.into(), &"cn:alice".into())
        );
    }

    #[test]
    fn a_record_has_every_field() {
        let path = folder("fields").join("a");
        let audit = Audit::open(&settings(path.clone())).unwrap();
        let who = alice(&audit);
        let id = who.id(3).to_string();
        assert_eq!(id, format!("{who}-3"));
        audit.note(&denied(&who));
        audit.stop(LONG);
        let (found, total) = last(std::slice::from_ref(&path), &Wanted::default(), 10).unwrap();
        assert_eq!(total, 1);
        let mut record = found[0].clone();
        let time = record.shift_remove("time").unwrap();
        assert_eq!(time.as_str().unwrap().len(), 27, "{time}");
        let expected = serde_json::json!({
            "seq": 1, "event": "request", "id": id, "listener": "docker", "connection": who.to_string(),
            "from": "192.0.2.1:4660", "caller": "cn:alice", "names": ["ou:ops"],
            "issuer": "CN=Client CA", "serial": "1f", "spki": "ab",
            "method": "POST", "route": "ContainerCreate", "verb": "create",
            "raw": "/v1.41/containers/create?name=a&x=<6 bytes>",
            "target": "/v1.41/containers/create?name=a",
            "object": "container", "object_id": "0123", "object_name": "a", "owner": "cn:alice",
            "decision": "deny", "rule": "ci", "code": "SL-A060", "reason": "a bind mount",
            "status": 403, "received": 7, "sent": 9, "duration_us": 1234, "policy": 2, "material": 5,
            "previous": null,
        });
        assert_eq!(serde_json::Value::Object(record), expected);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[test]
    fn the_longest_record_fits_and_is_one_line() {
        let evil = "\u{202e}\"\n\u{0}".repeat(3000);
        let mut names = vec![Name::Uri(evil.clone())];
        names.extend((0..40).map(|_| Name::Dns(evil.clone())));
        let audit = Audit::off();
        let leaf = Leaf {
            issuer: &evil,
            serial: &evil,
            spki: &evil,
        };
        let who = audit.who(&evil, &evil, Some(&Caller::new(names)), Some(leaf));
        let raw = format!("/{evil}");
        let record = Record {
            id: Some(Id {
                start: u32::MAX,
                connection: u64::MAX,
                number: u32::MAX,
            }),
            asked: Some(Asked {
                method: &evil,
                route: &evil,
                verb: &evil,
                raw: raw.as_bytes(),
                target: &raw,
            }),
            object: Some(Object {
                kind: &evil,
                id: &evil,
                name: &evil,
                owner: &evil,
            }),
            judged: Some(Judged {
                verdict: Verdict::Hide,
                rule: &evil,
                code: &evil,
                reason: &evil,
            }),
            detail: &evil,
            ..denied(&who)
        };
        let mut line = Vec::new();
        record.write(&mut line, SystemTime::now());
        assert!(line.len() + 128 < LONGEST_LINE, "{}", line.len());
        let text = String::from_utf8(line).unwrap();
        assert_eq!(sealock_diag::escape(&text), text);
        let value: serde_json::Value = serde_json::from_str(&format!("{{{text}}}")).unwrap();
        assert_eq!(value["more_names"], 32);
        assert_eq!(value["raw_bytes"], raw.len());
    }

    #[test]
    fn files_are_rotated_and_the_chain_goes_on() {
        let path = folder("rotated").join("a");
        let mut settings = settings(path.clone());
        settings.rotate_at = 2000;
        for _ in 0..2 {
            let audit = Audit::open(&settings).unwrap();
            let who = alice(&audit);
            for _ in 0..8 {
                audit.note(&denied(&who));
            }
            audit.stop(LONG);
        }
        let there = files(&path);
        assert_eq!(there.len(), 4, "{there:?}");
        for file in &there {
            assert!(std::fs::metadata(file).unwrap().len() <= 2000, "{file:?}");
        }
        let report = verify(&there, None).unwrap();
        assert!(report.is_whole(), "{report:?}");
        // More than three old ones are not kept.
        assert!(report.first.unwrap() > 1);
        assert_eq!((report.last, report.chained), (Some(16), report.records));
    }

    #[test]
    fn logrotate_may_move_the_file_away_or_empty_it() {
        let path = folder("moved").join("a");
        let moved = path.with_extension("old");
        let audit = Audit::open(&settings(path.clone())).unwrap();
        audit.event(Event::Reload, "1");
        wait_for(|| lines(&path) == 1);
        std::fs::rename(&path, &moved).unwrap();
        audit.event(Event::Reload, "2");
        wait_for(|| lines(&path) == 1);
        assert_eq!(lines(&moved), 1);
        // With a signal the new file is there before there is a record.
        std::fs::remove_file(&path).unwrap();
        audit.reopen();
        wait_for(|| path.exists());
        audit.event(Event::Reload, "3");
        wait_for(|| lines(&path) == 1);
        // copytruncate
        std::fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(0)
            .unwrap();
        audit.event(Event::Reload, "4");
        wait_for(|| lines(&path) == 1);
        audit.stop(LONG);
        let (found, _) = last(&[path], &Wanted::default(), 9).unwrap();
        assert_eq!(found[0]["seq"], 4);
    }

    #[test]
    fn two_processes_may_write_one_file_while_they_hand_over() {
        let path = folder("two").join("a");
        let mut settings = settings(path.clone());
        settings.rotate_at = 20_000;
        settings.keep = 100;
        let (old, new) = (
            Audit::open(&settings).unwrap(),
            Audit::open(&settings).unwrap(),
        );
        for round in 0..40 {
            for audit in [&old, &new] {
                for _ in 0..5 {
                    audit.event(Event::Reload, "x");
                }
                if round % 3 == 0 {
                    std::thread::sleep(Duration::from_millis(7));
                }
            }
        }
        old.stop(LONG);
        new.stop(LONG);
        let report = verify(&files(&path), None).unwrap();
        assert!(report.is_whole(), "{report:?}");
        assert_eq!((report.records, report.chained), (400, 400));
    }

    #[test]
    fn a_line_that_was_cut_off_is_told_and_chained() {
        let path = folder("torn").join("a");
        let audit = Audit::open(&settings(path.clone())).unwrap();
        audit.event(Event::Start, "");
        audit.event(Event::Reload, "");
        audit.stop(LONG);
        let whole = std::fs::read(&path).unwrap();
        // As a power cut leaves it.
        std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
        let audit = Audit::open(&settings(path.clone())).unwrap();
        audit.event(Event::Start, "");
        audit.stop(LONG);
        let report = verify(&files(&path), None).unwrap();
        assert!(report.is_whole(), "{report:?}");
        assert_eq!((report.torn.len(), report.last), (1, Some(3)));
    }

    #[test]
    fn a_line_that_lacks_nothing_but_its_end_is_no_break() {
        let path = folder("unended").join("a");
        let audit = Audit::open(&settings(path.clone())).unwrap();
        audit.event(Event::Start, "");
        audit.event(Event::Reload, "");
        audit.stop(LONG);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let audit = Audit::open(&settings(path.clone())).unwrap();
        audit.event(Event::Start, "");
        audit.stop(LONG);
        let report = verify(&files(&path), None).unwrap();
        assert!(report.is_whole(), "{report:?}");
        assert_eq!(report.last, Some(4));
    }

    #[test]
    fn whoever_holds_the_file_does_not_stop_the_writer_in_silence() {
        let path = folder("held").join("a");
        let audit = Audit::open(&settings(path.clone())).unwrap();
        let reader = std::fs::File::open(&path).unwrap();
        rustix::fs::flock(&reader, rustix::fs::FlockOperation::LockShared).unwrap();
        audit.event(Event::Reload, "");
        wait_for(|| audit.is_failing());
        drop(reader);
        wait_for(|| lines(&path) == 1 && !audit.is_failing());
        audit.stop(LONG);
    }

    #[test]
    fn a_full_disk_stops_requests_only_where_records_are_required() {
        for required in [true, false] {
            let mut settings = settings(PathBuf::from("/dev/full"));
            settings.required = required;
            let audit = Audit::open(&settings).unwrap();
            assert!(audit.ready() && !audit.is_failing());
            audit.event(Event::Start, "");
            wait_for(|| audit.is_failing());
            assert_eq!(audit.ready(), !required);
            let since = Instant::now();
            audit.stop(LONG);
            assert!(since.elapsed() < LONG / 2);
        }
    }

    #[test]
    fn a_place_that_cannot_be_opened_and_a_file_that_cannot_be_read() {
        let nowhere = folder("nowhere").join("none/a");
        let error = Audit::open(&settings(nowhere.clone())).unwrap_err();
        assert_eq!(error.code().0, "SL-G060");
        let error = verify(&files(&nowhere), None).unwrap_err();
        assert_eq!(error.code().0, "SL-G061");
    }

    #[test]
    fn a_foreign_file_is_left_as_it_is_and_told() {
        let path = folder("foreign").join("a");
        std::fs::File::create(&path)
            .unwrap()
            .write_all(b"mine\n")
            .unwrap();
        let audit = Audit::open(&settings(path.clone())).unwrap();
        audit.event(Event::Start, "");
        audit.stop(LONG);
        assert!(
            std::fs::read_to_string(&path)
                .unwrap()
                .starts_with("mine\n{\"seq\":1,")
        );
        assert_eq!(verify(&files(&path), None).unwrap().broken.len(), 1);
    }
}
