//! The tables, and how older ones become them.

use rusqlite::Connection;

/// Tells our databases from other programs': "slck" in ASCII, in SQLite's `application_id`.
pub(crate) const APPLICATION: i64 = 0x736c_636b;

/// Each step takes a database from the version of its index to the next; `user_version` counts.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE authority (
        name TEXT PRIMARY KEY,
        key_kind TEXT NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE anchor (
        authority TEXT NOT NULL REFERENCES authority(name),
        purpose TEXT NOT NULL CHECK (purpose IN ('server', 'client')),
        generation INTEGER NOT NULL,
        key_id BLOB NOT NULL,
        certificate BLOB NOT NULL,
        sealed INTEGER NOT NULL CHECK (sealed IN (0, 1)),
        state TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (authority, purpose, generation)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE certificate (
        id INTEGER PRIMARY KEY,
        serial BLOB NOT NULL UNIQUE,
        identity TEXT NOT NULL,
        purpose TEXT NOT NULL CHECK (purpose IN ('server', 'client')),
        common_name TEXT,
        sans TEXT NOT NULL,
        issuer BLOB NOT NULL,
        generation INTEGER NOT NULL,
        key_id BLOB NOT NULL,
        not_before INTEGER NOT NULL,
        not_after INTEGER NOT NULL,
        state TEXT NOT NULL,
        state_at INTEGER,
        reason INTEGER,
        issued_at INTEGER NOT NULL,
        run TEXT,
        der BLOB NOT NULL
    ) STRICT;
    CREATE INDEX certificate_by_identity ON certificate (identity);
    CREATE TABLE place (
        certificate INTEGER NOT NULL REFERENCES certificate(id),
        place TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (certificate, place)
    ) STRICT, WITHOUT ROWID;
"];

/// The version this program writes, and the newest it reads.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

/// The bytes of a database without rows.
pub(crate) fn empty() -> Result<Vec<u8>, rusqlite::Error> {
    let mut connection = Connection::open_in_memory()?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    migrate(&connection, 0)?;
    Ok(connection.serialize("main")?.to_vec())
}

/// Applies what is missing after `version`; the caller has a transaction open where it matters.
pub(crate) fn migrate(connection: &Connection, version: i64) -> Result<(), rusqlite::Error> {
    let done = usize::try_from(version).unwrap_or(0);
    for step in MIGRATIONS.iter().skip(done) {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "user_version", VERSION)
}
