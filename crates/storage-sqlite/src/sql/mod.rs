//! Every statement that is run on an open store, so that one test can look at the plans of all.

pub(crate) mod assertions;
pub(crate) mod changes;
pub(crate) mod clients;
pub(crate) mod consents;
pub(crate) mod grants;
pub(crate) mod keys;
pub(crate) mod meta;
pub(crate) mod registry;
pub(crate) mod sessions;
pub(crate) mod throttle;
pub(crate) mod tokens;
pub(crate) mod users;
pub(crate) mod wazo;

pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(crate) const COMMIT: &str = "COMMIT";
pub(crate) const ROLLBACK: &str = "ROLLBACK";
pub(crate) const SAVEPOINT: &str = "SAVEPOINT command";
pub(crate) const RELEASE: &str = "RELEASE command";
pub(crate) const ROLLBACK_TO: &str = "ROLLBACK TO command";

/// Names the statements of a module, each and all.
macro_rules! statements {
    ($($(#[$comment:meta])* $name:ident = $($sql:expr),+;)*) => {
        $($(#[$comment])* pub(crate) const $name: &str = concat!($($sql),+);)*

        #[cfg(test)]
        pub(super) const ALL: &[&str] = &[$($name),*];
    };
}

/// Whether the client of a row is as the row says.
macro_rules! client_is_live {
    ($table:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM clients \
             WHERE clients.id = ",
            $table,
            ".client AND clients.epoch = ",
            $table,
            ".client_epoch)"
        )
    };
}

/// Whether the user of a row is as the row says, and enabled.
macro_rules! user_is_live {
    ($table:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM users \
             WHERE users.id = ",
            $table,
            ".user AND users.epoch = ",
            $table,
            ".user_epoch AND users.enabled)"
        )
    };
}

/// Whether the user of a row of `grants` is as the row says, and enabled; true if it has none.
macro_rules! grantor_is_live {
    () => {
        concat!(
            "(grants.user IS zeroblob(16) OR ",
            $crate::sql::user_is_live!("grants"),
            ")"
        )
    };
}

/// Whether the session in which a row of `grants` was authorized is there; true if there was none.
macro_rules! session_is_there {
    () => {
        "(grants.session IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE sessions.id = grants.session))"
    };
}

/// Whether the session with which a row of `grants` ends is there; true if it ends with none.
macro_rules! session_is_live {
    () => {
        "(grants.ends_with_session IS NOT TRUE \
         OR EXISTS (SELECT 1 FROM sessions WHERE sessions.id = grants.session))"
    };
}

/// The columns of a user, beside those of other tables.
macro_rules! joined_user {
    () => {
        "users.id, users.epoch, enabled, users.revision, users.created_at, username, password, profile"
    };
}

use {
    client_is_live, grantor_is_live, joined_user, session_is_live, session_is_there, statements,
    user_is_live,
};

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    const ALL: [&[&str]; 13] = [
        assertions::ALL,
        changes::ALL,
        clients::ALL,
        consents::ALL,
        grants::ALL,
        keys::ALL,
        meta::ALL,
        registry::ALL,
        sessions::ALL,
        throttle::ALL,
        tokens::ALL,
        users::ALL,
        wazo::ALL,
    ];

    /// Shows that the tests see a scan, and a sort.
    const CONTROL: &str = "SELECT client_id FROM clients WHERE epoch + 0 = ?1 ORDER BY created_at";

    fn schema() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for migration in crate::migrate::MIGRATIONS {
            connection.execute_batch(migration).unwrap();
        }
        connection
    }

    /// A column of what SQLite tells about a statement.
    fn explain(connection: &Connection, how: &str, sql: &str, column: &str) -> Vec<String> {
        let mut statement = connection.prepare(&format!("{how} {sql}")).expect(sql);
        // Without values for its parameters.
        let mut rows = statement.raw_query();
        let mut told = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            told.push(row.get(column).unwrap());
        }
        told
    }

    /// What SQLite does for a statement that costs more with every row of a table.
    fn scans(connection: &Connection, sql: &str) -> Vec<String> {
        let mut steps = explain(connection, "EXPLAIN QUERY PLAN", sql, "detail");
        steps.retain(|step| {
            step.starts_with("SCAN") && step != "SCAN CONSTANT ROW" || step.contains("TEMP B-TREE")
        });
        steps
    }

    /// How many tables and indexes a statement opens for writing.
    fn written(connection: &Connection, sql: &str) -> usize {
        let opcodes = explain(connection, "EXPLAIN", sql, "opcode");
        let opens = opcodes.iter().filter(|opcode| *opcode == "OpenWrite");
        opens.count()
    }

    #[test]
    fn using_a_refresh_token_or_a_session_changes_no_index() {
        let connection = schema();
        for sql in [
            grants::ROTATE_REFRESH,
            grants::RETRY_REFRESH,
            grants::USE_REFRESH,
            sessions::USE_SESSION,
        ] {
            assert_eq!(written(&connection, sql), 1, "{sql}");
        }
        // The row, and the index by which the sweep finds it.
        assert_eq!(written(&connection, grants::LOOK_AGAIN), 2);
        // The row, and the index of unredeemed codes.
        assert_eq!(written(&connection, grants::REDEEM_CODE), 2);
    }

    #[test]
    fn every_statement_stays_prepared() {
        let transactions = [BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK_TO];
        let statements = ALL.concat().len() + transactions.len();
        assert!(statements < crate::open::STATEMENTS, "{statements}");
    }

    #[test]
    fn rule_a2_every_statement_finds_its_rows_by_an_index() {
        let by_name = ["SCAN scopes", "SCAN resources"];
        let sort = "USE TEMP B-TREE FOR ORDER BY";
        let expected: [(&str, &[&str]); 8] = [
            // The whole of a small table: it is what a key ring or the registry is.
            (keys::KEYS, &["SCAN keys", sort]),
            (registry::SCOPES, &by_name[..1]),
            (registry::RESOURCES, &by_name[1..]),
            // Every client is what the command is about.
            (clients::END_EVERYTHING, &["SCAN clients"]),
            (
                clients::LOG_EVERY_CLIENT,
                &["SCAN clients USING INDEX sqlite_autoindex_clients_1"],
            ),
            // The grants of one user are few; they are found by an index, and lie there by their clients.
            (grants::LIST_GRANTS_OF_USER, &[sort]),
            // So are the programs of one user, by their names.
            (wazo::LIST_REFRESH_TOKENS_OF_USER, &[sort]),
            (CONTROL, &["SCAN clients", sort]),
        ];
        let connection = schema();
        for sql in ALL.concat().into_iter().chain([CONTROL]) {
            let expected = expected.iter().find(|(it, _)| *it == sql);
            let expected = expected.map_or(&[][..], |(_, scans)| scans);
            assert_eq!(scans(&connection, sql), expected, "{sql}");
        }
    }
}
