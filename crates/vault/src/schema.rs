//! The tables, and how older ones become them.

use rusqlite::Connection;

/// Tells our databases from other programs': "slck" in ASCII, in SQLite's `application_id`.
pub(crate) const APPLICATION: i64 = 0x736c_636b;

/// Each step takes a database from the version of its index to the next; `user_version` counts.
const MIGRATIONS: &[&str] = &[
    "
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
",
    // A key cannot get a further column, so the table of anchors is made anew.
    "
    CREATE TABLE anchor_with_scope (
        authority TEXT NOT NULL REFERENCES authority(name),
        purpose TEXT NOT NULL CHECK (purpose IN ('server', 'client')),
        scope TEXT NOT NULL,
        generation INTEGER NOT NULL,
        key_id BLOB NOT NULL,
        certificate BLOB NOT NULL,
        sealed INTEGER NOT NULL CHECK (sealed IN (0, 1)),
        state TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (authority, purpose, scope, generation)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO anchor_with_scope
        SELECT authority, purpose, '', generation, key_id, certificate, sealed, state, created_at
        FROM anchor;
    DROP TABLE anchor;
    ALTER TABLE anchor_with_scope RENAME TO anchor;
    ALTER TABLE certificate ADD COLUMN scope TEXT NOT NULL DEFAULT '';
    ALTER TABLE certificate ADD COLUMN usage TEXT NOT NULL DEFAULT 'standing'
        CHECK (usage IN ('standing', 'session'));
    CREATE TABLE operation (
        id INTEGER PRIMARY KEY,
        authority TEXT NOT NULL REFERENCES authority(name),
        scope TEXT NOT NULL,
        kind TEXT NOT NULL,
        successions TEXT NOT NULL,
        phase TEXT NOT NULL,
        phase_at INTEGER NOT NULL,
        started_at INTEGER NOT NULL,
        ended_at INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX operation_under_way ON operation (authority, scope)
        WHERE ended_at IS NULL;
    CREATE TABLE crl (
        authority TEXT NOT NULL REFERENCES authority(name),
        purpose TEXT NOT NULL CHECK (purpose IN ('server', 'client')),
        scope TEXT NOT NULL,
        generation INTEGER NOT NULL,
        number INTEGER NOT NULL,
        this_update INTEGER NOT NULL,
        next_update INTEGER NOT NULL,
        der BLOB NOT NULL,
        PRIMARY KEY (authority, purpose, scope, generation)
    ) STRICT, WITHOUT ROWID;
",
];

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

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, VERSION, migrate};
    use rusqlite::Connection;

    #[test]
    fn a_vault_of_the_first_version_keeps_its_rows() {
        let old = Connection::open_in_memory().unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(
            "INSERT INTO authority VALUES ('main', 'ecdsa-p256', 1);
             INSERT INTO anchor VALUES ('main', 'client', 3, x'01', x'02', 1, 'active', 1);
             INSERT INTO certificate VALUES
                (7, x'0a', 'alice', 'client', 'alice', '', x'01', 3, x'03', 1, 2, 'active', NULL, NULL, 1, NULL, x'04');
             INSERT INTO place VALUES (7, '/somewhere', 1);",
        )
        .unwrap();
        migrate(&old, 1).unwrap();
        let version: i64 = old
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, VERSION);
        let anchor: (String, String, i64, bool) = old
            .query_row(
                "SELECT purpose, scope, generation, sealed FROM anchor",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .unwrap();
        assert_eq!(anchor, ("client".into(), String::new(), 3, true));
        let leaf: (String, String, String) = old
            .query_row(
                "SELECT identity, scope, usage FROM certificate JOIN place ON certificate = id",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .unwrap();
        assert_eq!(leaf, ("alice".into(), String::new(), "standing".into()));
    }
}
