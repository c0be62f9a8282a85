//! Statements on sessions.

use super::joined_user;

macro_rules! columns {
    () => {
        "sessions.id, user, user_epoch, secret_hash, sessions.created_at, auth_time, amr, used_at, ends_at"
    };
}

super::statements! {
    /// Asked before a session is created, in the same transaction.
    SESSION_MAY_STAND = "SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1 AND epoch = ?2 AND enabled)";
    CREATE_SESSION = "INSERT INTO sessions \
         (id, user, user_epoch, secret_hash, created_at, auth_time, amr, used_at, ends_at, look_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO NOTHING";
    /// Whether a user has more than `?1` sessions.
    TOO_MANY_SESSIONS = "SELECT EXISTS (SELECT 1 FROM sessions WHERE user = ?2 LIMIT 1 OFFSET ?1)";
    /// Of the sessions of a user other than `?2`, all but the `?1` that came last.
    END_OLDEST_SESSIONS = "DELETE FROM sessions WHERE id IN \
         (SELECT id FROM sessions WHERE user = ?3 AND id <> ?2 \
          ORDER BY id DESC LIMIT -1 OFFSET ?1) RETURNING id";
    RENEW_SESSION = "UPDATE sessions SET user_epoch = ?4, secret_hash = ?5, auth_time = ?6, amr = ?7, used_at = ?8, \
         ends_at = ?9, look_at = ?10 WHERE id = ?1 AND secret_hash = ?2 AND user = ?3 \
         AND EXISTS (SELECT 1 FROM users WHERE users.id = ?3 AND users.epoch = ?4 AND users.enabled)";
    /// RULES A2: one indexed statement. The columns of the user stand behind those of the session.
    FIND_SESSION = "SELECT ", columns!(), ", ", joined_user!(), " \
         FROM sessions LEFT JOIN users ON users.id = sessions.user WHERE sessions.id = ?1";
    USE_SESSION = "UPDATE sessions SET used_at = ?2 WHERE id = ?1 AND used_at < ?2";
    END_SESSION = "DELETE FROM sessions WHERE id = ?1";
    END_EVERY_SESSION = "DELETE FROM sessions";
    /// Every id is greater than the empty one.
    LIST_SESSIONS = "SELECT ", columns!(), " FROM sessions \
         WHERE id > coalesce(?1, x'') ORDER BY id LIMIT ?2";
    LIST_SESSIONS_OF_USER = "SELECT ", columns!(), " FROM sessions INDEXED BY sessions_by_user \
         WHERE id > coalesce(?1, x'') AND user = ?3 ORDER BY id LIMIT ?2";
    SWEEP_SESSIONS = "DELETE FROM sessions WHERE id IN \
         (SELECT id FROM sessions WHERE look_at <= ?1 ORDER BY look_at LIMIT ?2)";
}
