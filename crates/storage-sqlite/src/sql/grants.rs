//! Statements on grants.

use super::{client_is_live, user_is_live};

macro_rules! columns {
    () => {
        "grants.id, client, client_epoch, user, user_epoch, grants.created_at, ends_at, idle, \
         generation, nonce, key, used_at, previous_tag, retried_in_a_row, retried, scope, resources"
    };
}

/// The row of the refresh token that was seen, if it is current and its grant is live (RULES R5, A4).
macro_rules! seen {
    () => {
        concat!(
            "id = ?1 AND generation = ?2 AND nonce = ?3 AND client_epoch = ?4 AND user_epoch = ?5 AND ",
            client_is_live!(),
            " AND ",
            user_is_live!()
        )
    };
}

super::statements! {
    /// Whether a client is live, and a user: asked before a grant is created, in the same transaction.
    GRANT_MAY_STAND = "SELECT EXISTS (SELECT 1 FROM clients WHERE id = ?1 AND epoch = ?2), \
         EXISTS (SELECT 1 FROM users WHERE id = ?3 AND epoch = ?4 AND enabled)";
    CREATE_GRANT = "INSERT INTO grants (id, client, client_epoch, user, user_epoch, created_at, ends_at, idle, \
         generation, nonce, key, used_at, previous_tag, retried_in_a_row, retried, scope, resources, look_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) \
         ON CONFLICT (id) DO NOTHING";
    /// Whether a user and client have more than `?3` grants.
    TOO_MANY_GRANTS = "SELECT EXISTS (SELECT 1 FROM grants WHERE user = ?1 AND client = ?2 LIMIT 1 OFFSET ?3)";
    /// Of the other grants of a user and client, all but the `?4` that came last.
    END_OLDEST_GRANTS = "DELETE FROM grants WHERE id IN \
         (SELECT id FROM grants WHERE user = ?1 AND client = ?2 AND id <> ?3 \
          ORDER BY id DESC LIMIT -1 OFFSET ?4) RETURNING id";
    /// RULES A2: one indexed statement. The columns of the user stand behind those of the grant.
    FIND_GRANT = "SELECT ", columns!(), ", ", client_is_live!(), " AS client_is_live, \
         users.id, epoch, enabled, revision, users.created_at, username, password, profile \
         FROM grants LEFT JOIN users ON users.id = grants.user WHERE grants.id = ?1";
    /// RULES R5.
    ROTATE_REFRESH = "UPDATE grants SET generation = ?6, nonce = ?7, key = ?8, used_at = ?9, previous_tag = ?10, \
         retried_in_a_row = ?11, retried = ?12 WHERE retried = ?13 AND ", seen!();
    RETRY_REFRESH = "UPDATE grants SET retried = 1, retried_in_a_row = ?6 WHERE ", seen!();
    USE_REFRESH = "UPDATE grants SET used_at = ?6, previous_tag = NULL WHERE ", seen!();
    /// Of a grant whose refresh token was not changed: the nonce that is current, if the grant is live.
    REFRESH_UNCHANGED = "SELECT id, nonce FROM grants WHERE id = ?1 AND client_epoch = ?2 AND user_epoch = ?3 AND ",
         client_is_live!(), " AND ", user_is_live!();
    END_GRANT = "DELETE FROM grants WHERE id = ?1";
    LIST_GRANTS = "SELECT ", columns!(), " FROM grants WHERE id > ?1 ORDER BY id LIMIT ?2";
    /// Goes through the grants of all clients, which no index tells apart.
    LIST_GRANTS_OF_CLIENT = "SELECT ", columns!(), " \
         FROM grants WHERE id > ?1 AND client = ?3 ORDER BY id LIMIT ?2";
    /// Sorts the ids of one user's grants.
    LIST_GRANTS_OF_USER = "SELECT ", columns!(), " FROM grants INDEXED BY grants_by_user \
         WHERE id > ?1 AND user = ?3 ORDER BY id LIMIT ?2";
    LIST_GRANTS_OF_USER_AND_CLIENT = "SELECT ", columns!(), " FROM grants INDEXED BY grants_by_user \
         WHERE id > ?1 AND user = ?3 AND client = ?4 ORDER BY id LIMIT ?2";
    /// The grants that the sweep is to look at, and whether each is live.
    DUE_GRANTS = "SELECT ", columns!(), ", ", client_is_live!(), " AND ", user_is_live!(), " AS is_live \
         FROM grants WHERE look_at <= ?1 ORDER BY look_at LIMIT ?2";
    LOOK_AGAIN = "UPDATE grants SET look_at = ?2 WHERE id = ?1";
}
