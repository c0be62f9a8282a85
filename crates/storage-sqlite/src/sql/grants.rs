//! Statements on grants.

use super::{client_is_live, grantor_is_live, joined_user, session_is_live, session_is_there};

macro_rules! columns {
    () => {
        "grants.id, client, client_epoch, user, user_epoch, grants.created_at, ends_at, idle, scope, resources, \
         generation, nonce, key, used_at, previous_tag, retried_in_a_row, retried, \
         session, ends_with_session, code_nonce, code_expires_at, code_redeemed_at, facts, standing_for"
    };
}

/// RULES A2: one indexed statement. Behind the columns of the grant stand the name of its client and whether that is live,
/// then whether its session is there, and then the columns of its user.
macro_rules! found {
    () => {
        concat!(
            "SELECT ",
            columns!(),
            ", clients.client_id, clients.epoch IS client_epoch AS client_is_live, ",
            session_is_there!(),
            " AS session_is_there, ",
            joined_user!(),
            " FROM grants LEFT JOIN clients ON clients.id = grants.client \
             LEFT JOIN users ON users.id = grants.user"
        )
    };
}

/// Makes a refresh token the current one.
macro_rules! set_refresh {
    () => {
        "generation = ?6, nonce = ?7, key = ?8, used_at = ?9, previous_tag = ?10, retried_in_a_row = ?11, retried = ?12"
    };
}

macro_rules! is_live {
    () => {
        concat!(
            client_is_live!("grants"),
            " AND ",
            grantor_is_live!(),
            " AND ",
            session_is_live!()
        )
    };
}

/// The row of the refresh token that was seen, if it is current and its grant is live (RULES R5, A4).
macro_rules! seen {
    () => {
        concat!(
            "id = ?1 AND generation = ?2 AND nonce = ?3 AND client_epoch = ?4 AND user_epoch = ?5 AND ",
            is_live!()
        )
    };
}

/// The row of the code that was seen, if its client and user are live (RULES C1, A4).
macro_rules! seen_code {
    () => {
        concat!(
            "id = ?1 AND code_nonce = ?2 AND client_epoch = ?3 AND user_epoch = ?4 AND ",
            client_is_live!("grants"),
            " AND ",
            grantor_is_live!()
        )
    };
}

super::statements! {
    /// Whether a client is live, a user, and a session, if there has to be one: asked before a grant is created, in the
    /// same transaction.
    GRANT_MAY_STAND = "SELECT EXISTS (SELECT 1 FROM clients WHERE id = ?1 AND epoch = ?2), \
         EXISTS (SELECT 1 FROM users WHERE id = ?3 AND epoch = ?4 AND enabled), \
         ?5 IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE id = ?5)";
    CREATE_GRANT = "INSERT INTO grants (id, client, client_epoch, user, user_epoch, created_at, ends_at, idle, scope, \
         resources, look_at, generation, nonce, key, used_at, previous_tag, retried_in_a_row, retried, \
         session, ends_with_session, code_nonce, code_expires_at, code_redeemed_at, facts, standing_for) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, \
         ?19, ?20, ?21, ?22, ?23, ?24, ?25) ON CONFLICT (id) DO NOTHING";
    /// Whether a client is live: asked before a standing grant is created, in the same transaction.
    STANDING_GRANT_MAY_STAND = "SELECT EXISTS (SELECT 1 FROM clients WHERE id = ?1 AND epoch = ?2)";
    /// The standing grant of a client for a scope in the order of its bytes.
    STANDING_GRANT = "SELECT id FROM grants WHERE client = ?1 AND standing_for = ?2";
    /// Whether a user, or nobody, and a client have more than `?1` grants.
    TOO_MANY_GRANTS = "SELECT EXISTS (SELECT 1 FROM grants WHERE user = ?2 AND client = ?3 LIMIT 1 OFFSET ?1)";
    /// Of the grants of a user, or nobody, and a client other than `?2`, all but the `?1` that came last.
    END_OLDEST_GRANTS = "DELETE FROM grants WHERE id IN \
         (SELECT id FROM grants WHERE user = ?3 AND client = ?4 AND id <> ?2 \
          ORDER BY id DESC LIMIT -1 OFFSET ?1) RETURNING id";
    /// Whether a session has more than `?1` grants with an unredeemed code (RULES C3).
    TOO_MANY_UNREDEEMED = "SELECT EXISTS (SELECT 1 FROM grants \
         WHERE session = ?2 AND code_nonce IS NOT NULL AND code_redeemed_at IS NULL LIMIT 1 OFFSET ?1)";
    /// Of the grants of a session with an unredeemed code other than `?2`, all but the `?1` that came last.
    END_OLDEST_UNREDEEMED = "DELETE FROM grants WHERE id IN \
         (SELECT id FROM grants WHERE session = ?3 AND code_nonce IS NOT NULL AND code_redeemed_at IS NULL \
          AND id <> ?2 ORDER BY id DESC LIMIT -1 OFFSET ?1) RETURNING id";
    FIND_GRANT = found!(), " WHERE grants.id = ?1";
    FIND_STANDING_GRANT = found!(), " WHERE grants.client = ?1 AND standing_for = ?2";
    /// RULES C1. When the sweep looks at the row does not change, as with every other use.
    REDEEM_CODE = "UPDATE grants SET code_redeemed_at = ?5, ", set_refresh!(), " \
         WHERE code_redeemed_at IS NULL AND ", session_is_there!(), " AND ", seen_code!();
    /// Of a code that could not be redeemed: whether it was before.
    CODE_REDEEMED = "SELECT EXISTS (SELECT 1 FROM grants WHERE code_redeemed_at IS NOT NULL AND ", seen_code!(), ")";
    /// RULES R5.
    ROTATE_REFRESH = "UPDATE grants SET ", set_refresh!(), " WHERE retried = ?13 AND ", seen!();
    RETRY_REFRESH = "UPDATE grants SET retried = 1, retried_in_a_row = ?6 WHERE ", seen!();
    USE_REFRESH = "UPDATE grants SET used_at = ?6, previous_tag = NULL WHERE ", seen!();
    /// Of a grant whose refresh token was not changed: the nonce that is current, if the grant is live.
    REFRESH_UNCHANGED = "SELECT id, nonce FROM grants WHERE id = ?1 AND client_epoch = ?2 AND user_epoch = ?3 AND ",
         is_live!();
    END_GRANT = "DELETE FROM grants WHERE id = ?1";
    LIST_GRANTS = "SELECT ", columns!(), " FROM grants WHERE id > ?1 ORDER BY id LIMIT ?2";
    /// Goes through the grants of all clients, which no index tells apart.
    LIST_GRANTS_OF_CLIENT = "SELECT ", columns!(), " \
         FROM grants WHERE id > ?1 AND client = ?3 ORDER BY id LIMIT ?2";
    /// Sorts the ids of one user's grants.
    LIST_GRANTS_OF_USER = "SELECT ", columns!(), " FROM grants INDEXED BY grants_by_user \
         WHERE id > ?1 AND user = ?3 AND standing_for IS NULL ORDER BY id LIMIT ?2";
    LIST_GRANTS_OF_USER_AND_CLIENT = "SELECT ", columns!(), " FROM grants INDEXED BY grants_by_user \
         WHERE id > ?1 AND user = ?3 AND client = ?4 AND standing_for IS NULL ORDER BY id LIMIT ?2";
    /// The grants that the sweep is to look at, and whether each is live.
    DUE_GRANTS = "SELECT ", columns!(), ", ", is_live!(), " AS is_live \
         FROM grants WHERE look_at <= ?1 ORDER BY look_at LIMIT ?2";
    LOOK_AGAIN = "UPDATE grants SET look_at = ?2 WHERE id = ?1";
}
