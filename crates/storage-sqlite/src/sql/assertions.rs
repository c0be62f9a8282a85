//! Statements on assertions.

super::statements! {
    /// RULES N3: one atomic statement. A row that is over at `?4` is as good as none.
    REMEMBER_JTI = "INSERT INTO seen_jtis (client, jti_hash, expires_at) VALUES (?1, ?2, ?3) \
         ON CONFLICT (client, jti_hash) DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at <= ?4";
    SWEEP_JTIS = "DELETE FROM seen_jtis WHERE (client, jti_hash) IN \
         (SELECT client, jti_hash FROM seen_jtis WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
}
