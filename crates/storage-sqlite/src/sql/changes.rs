//! Statements on the change feed.

super::statements! {
    LOG_CHANGE = "INSERT INTO change_log (kind, entity, at) VALUES (?1, ?2, ?3)";
    /// The numbers only grow, so the latest change is the last row, or was swept.
    FLOOR_AND_HEAD = "SELECT value, max(value, coalesce((SELECT max(seq) FROM change_log), 0)) \
         FROM meta WHERE name = 'change_floor'";
    CHANGES = "SELECT seq, kind, entity FROM change_log WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    SWEEP_CHANGES = "DELETE FROM change_log WHERE seq IN \
         (SELECT seq FROM change_log WHERE at < ?1 ORDER BY at LIMIT ?2) RETURNING seq";
    RAISE_FLOOR = "UPDATE meta SET value = max(value, ?1) WHERE name = 'change_floor'";
}
