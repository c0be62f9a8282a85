//! Statements on keys.

super::statements! {
    /// The whole table, which is small: it is what a key ring is.
    KEYS = "SELECT id, purpose, created_at, active_from, revoked_at, sealed \
         FROM keys ORDER BY created_at, id";
    INSERT_KEY = "INSERT INTO keys (id, purpose, created_at, active_from, revoked_at, sealed) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING";
    KEY_EXISTS = "SELECT EXISTS (SELECT 1 FROM keys WHERE id = ?1)";
    REVOKE_KEY = "UPDATE keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    DELETE_KEY = "DELETE FROM keys WHERE id = ?1";
    NEXT_RING_VERSION = "UPDATE meta SET value = value + 1 \
         WHERE name = 'key_ring_version' RETURNING value";
}
