//! Statements on users.

macro_rules! columns {
    () => {
        "id, epoch, enabled, revision, created_at, username, password, profile"
    };
}

super::statements! {
    FIND_USER = "SELECT ", columns!(), " FROM users WHERE id = ?1";
    FIND_USER_BY_NAME = "SELECT ", columns!(), " FROM users WHERE name_key = ?1";
    FIND_USERS_BY_EMAIL = "SELECT ", columns!(), " FROM users WHERE email_key = ?1 ORDER BY id LIMIT ?2";
    /// No key is empty, so all are greater than the empty text.
    LIST_USERS = "SELECT ", columns!(), " FROM users WHERE name_key > ?1 ORDER BY name_key LIMIT ?2";
    USER_TAKEN = "SELECT EXISTS (SELECT 1 FROM users WHERE name_key = ?1), \
         EXISTS (SELECT 1 FROM clients WHERE client_id = ?2), \
         EXISTS (SELECT 1 FROM users WHERE id = ?3)";
    INSERT_USER = "INSERT INTO users (", columns!(), ", name_key) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    USER_REVISION = "SELECT id, revision FROM users WHERE id = ?1";
    NAME_OF_ANOTHER = "SELECT EXISTS (SELECT 1 FROM users WHERE name_key = ?1 AND id <> ?2)";
    UPDATE_USER = "UPDATE users SET epoch = coalesce(?2, epoch), revision = revision + 1, \
         enabled = ?3, username = ?4, password = ?5, profile = ?6, name_key = ?7 \
         WHERE id = ?1 RETURNING ", columns!();
    DELETE_USER = "DELETE FROM users WHERE id = ?1";
}
