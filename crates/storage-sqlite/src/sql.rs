//! Every statement that is run on an open store, so that one test can look at the plans of all.

pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";
pub(crate) const COMMIT: &str = "COMMIT";
pub(crate) const ROLLBACK: &str = "ROLLBACK";
pub(crate) const SAVEPOINT: &str = "SAVEPOINT command";
pub(crate) const RELEASE: &str = "RELEASE command";
pub(crate) const ROLLBACK_TO: &str = "ROLLBACK TO command";

pub(crate) const META: &str = "SELECT value FROM meta WHERE name = ?1";
pub(crate) const MARK_DEPLOYMENT: &str =
    "INSERT INTO meta (name, value) VALUES ('deployment', ?1) ON CONFLICT (name) DO NOTHING";

pub(crate) const FIND_CLIENT: &str = "SELECT client_id, id, epoch, created_at, secrets, settings \
     FROM clients WHERE client_id = ?1";
/// No client id is empty, so all are greater than the empty text.
pub(crate) const LIST_CLIENTS: &str = "SELECT client_id, id, epoch, created_at, secrets, settings \
     FROM clients WHERE client_id > ?1 ORDER BY client_id LIMIT ?2";
pub(crate) const CLIENT_TAKEN: &str = "SELECT EXISTS (SELECT 1 FROM clients WHERE client_id = ?1), \
     EXISTS (SELECT 1 FROM clients WHERE id = ?2)";
pub(crate) const NEXT_EPOCH: &str =
    "UPDATE meta SET value = value + 1 WHERE name = 'epoch' RETURNING value";
pub(crate) const INSERT_CLIENT: &str = "INSERT INTO clients (client_id, id, epoch, created_at, secrets, settings) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
pub(crate) const DELETE_CLIENT: &str = "DELETE FROM clients WHERE client_id = ?1";

/// The whole table, which is small: it is what a key ring is.
pub(crate) const KEYS: &str = "SELECT id, purpose, created_at, active_from, revoked_at, sealed \
     FROM keys ORDER BY created_at, id";
pub(crate) const INSERT_KEY: &str = "INSERT INTO keys (id, purpose, created_at, active_from, revoked_at, sealed) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING";
pub(crate) const KEY_EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM keys WHERE id = ?1)";
pub(crate) const REVOKE_KEY: &str =
    "UPDATE keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
pub(crate) const DELETE_KEY: &str = "DELETE FROM keys WHERE id = ?1";
pub(crate) const NEXT_RING_VERSION: &str =
    "UPDATE meta SET value = value + 1 WHERE name = 'key_ring_version' RETURNING value";

pub(crate) const REVOKE_TOKEN: &str =
    "INSERT INTO revoked_tokens (jti, expires_at) VALUES (?1, ?2) ON CONFLICT (jti) DO NOTHING";
/// RULES A2: one indexed statement.
pub(crate) const LIVENESS: &str = "SELECT (SELECT epoch FROM clients WHERE client_id = ?1), \
     EXISTS (SELECT 1 FROM revoked_tokens WHERE jti = ?2)";

pub(crate) const LOG_CHANGE: &str = "INSERT INTO change_log (kind, entity, at) VALUES (?1, ?2, ?3)";
/// The numbers only grow, so the latest change is the last row, or was swept.
pub(crate) const FLOOR_AND_HEAD: &str = "SELECT value, max(value, coalesce((SELECT max(seq) FROM change_log), 0)) \
     FROM meta WHERE name = 'change_floor'";
pub(crate) const CHANGES: &str =
    "SELECT seq, kind, entity FROM change_log WHERE seq > ?1 ORDER BY seq LIMIT ?2";

pub(crate) const SWEEP_REVOCATIONS: &str = "DELETE FROM revoked_tokens WHERE jti IN \
     (SELECT jti FROM revoked_tokens WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
pub(crate) const SWEEP_CHANGES: &str = "DELETE FROM change_log WHERE seq IN \
     (SELECT seq FROM change_log WHERE at < ?1 ORDER BY at LIMIT ?2) RETURNING seq";
pub(crate) const RAISE_FLOOR: &str =
    "UPDATE meta SET value = max(value, ?1) WHERE name = 'change_floor'";

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// The statements that read or write rows.
    const ON_ROWS: [&str; 23] = [
        META,
        MARK_DEPLOYMENT,
        FIND_CLIENT,
        LIST_CLIENTS,
        CLIENT_TAKEN,
        NEXT_EPOCH,
        INSERT_CLIENT,
        DELETE_CLIENT,
        KEYS,
        INSERT_KEY,
        KEY_EXISTS,
        REVOKE_KEY,
        DELETE_KEY,
        NEXT_RING_VERSION,
        REVOKE_TOKEN,
        LIVENESS,
        LOG_CHANGE,
        FLOOR_AND_HEAD,
        CHANGES,
        SWEEP_REVOCATIONS,
        SWEEP_CHANGES,
        RAISE_FLOOR,
        // The control group: it shows that the test sees a scan.
        "SELECT client_id FROM clients WHERE epoch + 0 = ?1 ORDER BY created_at",
    ];

    const MAY_SCAN: [&str; 2] = [KEYS, ON_ROWS[22]];

    #[test]
    fn rule_a2_every_statement_finds_its_rows_by_an_index() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(crate::migrate::MIGRATIONS[0])
            .unwrap();
        for sql in ON_ROWS {
            let mut plan = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .expect("valid SQL");
            let mut rows = plan.raw_query();
            let mut scans = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                let step: String = row.get("detail").unwrap();
                if step.starts_with("SCAN") && step != "SCAN CONSTANT ROW"
                    || step.contains("TEMP B-TREE")
                {
                    scans.push(step);
                }
            }
            assert_eq!(
                !scans.is_empty(),
                MAY_SCAN.contains(&sql),
                "{sql}: {scans:?}"
            );
        }
    }

    #[test]
    fn every_statement_is_looked_at() {
        let consts = include_str!("sql.rs")
            .matches("\npub(crate) const ")
            .count();
        let transactions = [BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK_TO].len();
        assert_eq!(ON_ROWS.len() - 1 + transactions, consts);
    }
}
