//! `pg_hba.conf` without what is ours, when its owner has written in it since.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::hba::{Field, fields};

/// What there is now, with each line that we changed as it was. Lines that came since stay, lines that went since stay away.
pub fn released(was: &[u8], now: &[u8]) -> Vec<u8> {
    let (before, after) = (lines(was), lines(now));
    let essences =
        |lines: &[&[u8]]| -> Vec<Vec<u8>> { lines.iter().map(|line| essence(line)).collect() };
    let operations =
        capture_diff_slices(Algorithm::Patience, &essences(&before), &essences(&after));
    let mut kept: Vec<&[u8]> = Vec::new();
    for operation in operations {
        match operation {
            DiffOp::Equal { old_index, len, .. } => {
                kept.extend(before.iter().skip(old_index).take(len));
            }
            DiffOp::Delete { .. } => {}
            DiffOp::Insert {
                new_index, new_len, ..
            }
            | DiffOp::Replace {
                new_index, new_len, ..
            } => kept.extend(after.iter().skip(new_index).take(new_len)),
        }
    }
    let mut text = Vec::with_capacity(now.len());
    for line in kept {
        // What was the last line need not be it any more.
        if !text.is_empty() && !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text.extend_from_slice(line);
    }
    text
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// A line without what we change in it: the type of its connection where that is one over TCP which lets somebody in, our
/// option, blanks. Its comment counts.
fn essence(line: &[u8]) -> Vec<u8> {
    let whole = || line.trim_ascii().to_vec();
    let Ok(fields) = fields(line) else {
        return whole();
    };
    let [first, rest @ ..] = &*fields else {
        return whole();
    };
    let Some(b"host" | b"hostssl" | b"hostnogssenc") = first.only() else {
        return whole();
    };
    let mut essence = b"host".to_vec();
    for field in rest.iter().filter(|field| !is_ours(field)) {
        essence.push(b' ');
        for (at, word) in field.words.iter().enumerate() {
            if at > 0 {
                essence.push(b',');
            }
            // A word in quotes is another one.
            essence.extend(word.quoted.then_some(b'"'));
            essence.extend_from_slice(&word.text);
        }
    }
    let end = fields.last().map_or(0, Field::end);
    essence.push(b' ');
    essence.extend_from_slice(line.get(end..).unwrap_or_default().trim_ascii());
    essence
}

fn is_ours(field: &Field) -> bool {
    field.only() == Some(b"clientcert=verify-full")
}

#[cfg(test)]
mod tests {
    use super::released;
    use crate::kinds::postgres::hba::{Demands, Standbys, rewrite};

    const ALL: Demands = Demands {
        certificates: true,
        standbys: Some(Standbys::Required),
    };
    const WAS: &str = "# one\nlocal all all peer\nhost    all  all  127.0.0.1/32  md5 # b\nhostnogssenc a,b \"all\" ::1/128 trust\n\
                       host all all 10.0.0.0/8 reject\n# one\nhost all x samenet pam pamservice=y";

    fn ours(text: &str) -> String {
        String::from_utf8(rewrite(text.as_bytes(), ALL).unwrap().text).unwrap()
    }

    #[track_caller]
    fn check(now: &str, expected: &str) {
        let text = released(WAS.as_bytes(), now.as_bytes());
        assert_eq!(String::from_utf8(text).unwrap(), expected, "{now}");
    }

    #[test]
    fn what_nobody_changed_is_as_it_was() {
        check(&ours(WAS), WAS);
        check(WAS, WAS);
        check("", "");
    }

    #[test]
    fn what_came_stays_and_what_went_stays_away() {
        const NEW: &str = "hostssl all carol 10.1.0.0/16 cert\n";
        check(&format!("{NEW}{}", ours(WAS)), &format!("{NEW}{WAS}"));
        check(&format!("{}\n{NEW}", ours(WAS)), &format!("{WAS}\n{NEW}"));
        // A comment like one that is there already does not move the others.
        check(&format!("# one\n{}", ours(WAS)), &format!("# one\n{WAS}"));
        let less = |text: &str| {
            let lines = text.lines().filter(|line| !line.contains("::1"));
            lines.collect::<Vec<_>>().join("\n")
        };
        check(&less(&ours(WAS)), &less(WAS));
        // One that its owner changed is his.
        let changed = ours(WAS).replace("md5", "scram-sha-256");
        let line = "hostssl all  all  127.0.0.1/32  scram-sha-256 clientcert=verify-full # b\n";
        check(
            &changed,
            &WAS.replace("host    all  all  127.0.0.1/32  md5 # b\n", line),
        );
        check("nonsense\n\"open\n", "nonsense\n\"open\n");
    }

    #[test]
    fn a_line_that_was_written_and_then_changed_by_us_stays_as_we_left_it() {
        let now = ours(&format!("{WAS}\nhost all carol 10.1.0.0/16 md5\n"));
        check(
            &now,
            &format!("{WAS}\nhostssl all carol 10.1.0.0/16 md5 clientcert=verify-full\n"),
        );
    }
}
