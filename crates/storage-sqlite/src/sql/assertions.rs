//! Statements on assertions.

super::statements! {
    /// RULES N3: one atomic statement. A row that is over at `?3` is as good as none.
    REMEMBER_JTI = "INSERT INTO seen_jtis (id, expires_at) VALUES (?1, ?2) \
         ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at <= ?3";
    SWEEP_JTIS = "DELETE FROM seen_jtis WHERE id IN \
         (SELECT id FROM seen_jtis WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
}
