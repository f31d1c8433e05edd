//! What is answered to logins and queries, as tokens (MS-TDS §2.2.7).

/// SQL_Latin1_General_CP1_CI_AS.
const COLLATION: [u8; 5] = [0x09, 0x04, 0xd0, 0x00, 0x34];

/// Everything a client wants to hear after LOGIN7.
pub(super) fn login() -> Vec<u8> {
    let database = [&[1][..], &counted("master"), &counted("")].concat();
    let collation = [&[7, 5][..], &COLLATION, &[0]].concat();
    let size = [&[4][..], &counted("4096"), &counted("4096")].concat();
    // SQL Server 2022, TDS 7.4.
    let acknowledged = [
        &[1, 0x74, 0, 0, 4][..],
        &counted("Microsoft SQL Server"),
        &[16, 0, 0x03, 0xe8],
    ]
    .concat();
    [
        token(0xe3, &database),
        token(0xe3, &collation),
        token(0xe3, &size),
        token(0xad, &acknowledged),
        done(None),
    ]
    .concat()
}

/// One row of nvarchar columns.
pub(super) fn row(values: &[&str]) -> Vec<u8> {
    [columns(values), cells(values), done(Some(1))].concat()
}

/// The same, as a remote procedure gives it.
pub(super) fn returned(values: &[&str]) -> Vec<u8> {
    [
        columns(values),
        cells(values),
        // DONEINPROC with a count, RETURNSTATUS 0, DONEPROC.
        finished(0xff, 0x11, 1),
        vec![0x79, 0, 0, 0, 0],
        finished(0xfe, 0, 0),
    ]
    .concat()
}

/// The end of an answer, with the number of its rows.
pub(super) fn done(rows: Option<u64>) -> Vec<u8> {
    finished(
        0xfd,
        if rows.is_some() { 0x10 } else { 0 },
        rows.unwrap_or(0),
    )
}

/// The client's wish to stop, acknowledged.
pub(super) fn attention() -> Vec<u8> {
    finished(0xfd, 0x20, 0)
}

/// A transaction manager's request: 5 begins, others end.
pub(super) fn transaction(request: u16) -> Vec<u8> {
    const NUMBER: [u8; 8] = [1, 0, 0, 0, 0, 0, 0, 0];
    let change = match request {
        5 => [&[8, 8][..], &NUMBER, &[0]].concat(),
        _ => [&[9, 0, 8][..], &NUMBER].concat(),
    };
    [token(0xe3, &change), done(None)].concat()
}

fn columns(values: &[&str]) -> Vec<u8> {
    let mut out = vec![0x81];
    out.extend(u16::try_from(values.len()).unwrap_or(0).to_le_bytes());
    for index in 0..values.len() {
        // User type, nullable, NVARCHAR(4000).
        out.extend([0, 0, 0, 0, 9, 0, 0xe7, 0x40, 0x1f]);
        out.extend(COLLATION);
        out.extend(counted(&format!("c{index}")));
    }
    out
}

fn cells(values: &[&str]) -> Vec<u8> {
    let mut out = vec![0xd1];
    for value in values {
        let text = utf16(value);
        out.extend(u16::try_from(text.len()).unwrap_or(0).to_le_bytes());
        out.extend(text);
    }
    out
}

fn finished(kind: u8, status: u16, rows: u64) -> Vec<u8> {
    let command: u16 = if rows > 0 { 0xc1 } else { 0 };
    let mut out = vec![kind];
    out.extend(status.to_le_bytes());
    out.extend(command.to_le_bytes());
    out.extend(rows.to_le_bytes());
    out
}

fn token(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(u16::try_from(content.len()).unwrap_or(0).to_le_bytes());
    out.extend(content);
    out
}

/// A length in characters, and the text.
fn counted(text: &str) -> Vec<u8> {
    let characters = u8::try_from(text.encode_utf16().count()).unwrap_or(0);
    [vec![characters], utf16(text)].concat()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
