//! Statements on single values.

super::statements! {
    META = "SELECT value FROM meta WHERE name = ?1";
    /// Draws `?1` epochs; the last of them is the value.
    DRAW_EPOCHS = "UPDATE meta SET value = value + ?1 WHERE name = 'epoch' RETURNING value";
    MARK_DEPLOYMENT = "INSERT INTO meta (name, value) VALUES ('deployment', ?1) \
         ON CONFLICT (name) DO NOTHING";
    SET_META = "INSERT INTO meta (name, value) VALUES (?1, ?2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    TWO_OF_META = "SELECT (SELECT value FROM meta WHERE name = ?1), \
         (SELECT value FROM meta WHERE name = ?2)";
}
