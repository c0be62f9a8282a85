//! Statements on what the wazo dialect keeps.

use super::{client_is_live, joined_user, user_is_live};

macro_rules! session_columns {
    () => {
        "wazo_sessions.id, token_hash, client, client_epoch, user, user_epoch, mobile, issued_at, expires_at, app, \
         remote_addr, user_agent, acl"
    };
}

macro_rules! token_columns {
    () => {
        "wazo_refresh_tokens.id, token_hash, client, client_epoch, user, user_epoch, mobile, \
         wazo_refresh_tokens.created_at, app, sealed"
    };
}

macro_rules! policy_columns {
    () => {
        "id, name, slug, revision, created_at, description, acl"
    };
}

macro_rules! is_live {
    ($table:literal) => {
        concat!(client_is_live!($table), " AND ", user_is_live!($table))
    };
}

super::statements! {
    /// Whether a client is live, and a user: asked before a session is stored, in the same transaction.
    LOG_IN_MAY_STAND = "SELECT EXISTS (SELECT 1 FROM clients WHERE id = ?1 AND epoch = ?2), \
         EXISTS (SELECT 1 FROM users WHERE id = ?3 AND epoch = ?4 AND enabled)";
    /// Whether a user and program have this refresh token, and it is live.
    REFRESH_TOKEN_IS_OF = "SELECT EXISTS (SELECT 1 FROM wazo_refresh_tokens \
         WHERE token_hash = ?1 AND user = ?2 AND app = ?3 AND ", is_live!("wazo_refresh_tokens"), ")";
    /// Whether a user has as many live sessions that end at `?3` or later as there may be, which is `?1`.
    ENOUGH_SESSIONS = "SELECT ?1 = 0 OR EXISTS (SELECT 1 FROM wazo_sessions INDEXED BY wazo_sessions_by_user \
         WHERE user = ?2 AND expires_at >= ?3 AND ", is_live!("wazo_sessions"), " LIMIT 1 OFFSET ?1 - 1)";
    /// Whether the program `?3` of a user has no live refresh token, and the user has as many of them as there may be, which
    /// is `?1`.
    ENOUGH_REFRESH_TOKENS = "SELECT NOT EXISTS (SELECT 1 FROM wazo_refresh_tokens WHERE user = ?2 AND app = ?3 AND ",
         is_live!("wazo_refresh_tokens"), ") AND (?1 = 0 OR EXISTS (SELECT 1 \
         FROM wazo_refresh_tokens INDEXED BY wazo_refresh_tokens_by_app \
         WHERE user = ?2 AND ", is_live!("wazo_refresh_tokens"), " LIMIT 1 OFFSET ?1 - 1))";
    CREATE_SESSION = "INSERT INTO wazo_sessions (id, token_hash, client, client_epoch, user, user_epoch, mobile, \
         issued_at, expires_at, app, remote_addr, user_agent, acl, look_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (id) DO NOTHING";
    /// The refresh token of a user and program, if it is live, becomes one of a phone or of none.
    KEEP_REFRESH_TOKEN = "UPDATE wazo_refresh_tokens SET mobile = ?3 WHERE user = ?1 AND app = ?2 AND ",
         is_live!("wazo_refresh_tokens"), " RETURNING ", token_columns!();
    CREATE_REFRESH_TOKEN = "INSERT INTO wazo_refresh_tokens (id, token_hash, client, client_epoch, user, user_epoch, \
         mobile, created_at, app, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
         ON CONFLICT (id) DO NOTHING";
    /// One indexed statement. The columns of the user stand behind those of the session.
    FIND_SESSION = "SELECT ", session_columns!(), ", ", client_is_live!("wazo_sessions"), " AS client_is_live, ",
         joined_user!(), " FROM wazo_sessions LEFT JOIN users ON users.id = wazo_sessions.user \
         WHERE token_hash = ?1";
    END_SESSION_OF_TOKEN = "DELETE FROM wazo_sessions WHERE token_hash = ?1";
    END_SESSION = "DELETE FROM wazo_sessions WHERE id = ?1 AND (?2 IS NULL OR user = ?2)";
    END_SESSIONS_OF_APP = "DELETE FROM wazo_sessions WHERE user = ?1 AND app = ?2";
    END_SESSIONS_OF_USER = "DELETE FROM wazo_sessions WHERE user = ?1";
    END_SESSIONS_OF_CLIENT = "DELETE FROM wazo_sessions WHERE client = ?1";
    END_EVERY_SESSION = "DELETE FROM wazo_sessions";
    /// Every id is greater than the empty one.
    LIST_SESSIONS = "SELECT ", session_columns!(), " FROM wazo_sessions \
         WHERE id > coalesce(?1, x'') AND expires_at >= ?2 AND ", is_live!("wazo_sessions"), " ORDER BY id LIMIT ?3";
    LIST_SESSIONS_OF_USER = "SELECT ", session_columns!(), " FROM wazo_sessions INDEXED BY wazo_sessions_by_user \
         WHERE id > coalesce(?1, x'') AND expires_at >= ?2 AND user = ?4 AND ", is_live!("wazo_sessions"), " \
         ORDER BY id LIMIT ?3";
    SWEEP_SESSIONS = "DELETE FROM wazo_sessions WHERE id IN \
         (SELECT id FROM wazo_sessions WHERE look_at <= ?1 ORDER BY look_at LIMIT ?2)";

    /// One indexed statement. The columns of the user stand behind those of the refresh token.
    FIND_REFRESH_TOKEN = "SELECT ", token_columns!(), ", ", client_is_live!("wazo_refresh_tokens"), " AS client_is_live, ",
         joined_user!(), " FROM wazo_refresh_tokens LEFT JOIN users ON users.id = wazo_refresh_tokens.user \
         WHERE token_hash = ?1";
    END_REFRESH_TOKEN = "DELETE FROM wazo_refresh_tokens WHERE user = ?1 AND app = ?2";
    END_REFRESH_TOKENS_OF_USER = "DELETE FROM wazo_refresh_tokens WHERE user = ?1";
    END_REFRESH_TOKENS_OF_CLIENT = "DELETE FROM wazo_refresh_tokens WHERE client = ?1";
    END_EVERY_REFRESH_TOKEN = "DELETE FROM wazo_refresh_tokens";
    LIST_REFRESH_TOKENS = "SELECT ", token_columns!(), " FROM wazo_refresh_tokens \
         WHERE id > coalesce(?1, x'') AND ", is_live!("wazo_refresh_tokens"), " ORDER BY id LIMIT ?2";
    /// Sorts the ids of one user's refresh tokens.
    LIST_REFRESH_TOKENS_OF_USER = "SELECT ", token_columns!(), " \
         FROM wazo_refresh_tokens INDEXED BY wazo_refresh_tokens_by_app \
         WHERE id > coalesce(?1, x'') AND user = ?3 AND ", is_live!("wazo_refresh_tokens"), " ORDER BY id LIMIT ?2";

    /// Whether a policy has a name, and a slug: one other than `?1`, if that has a value.
    POLICY_TAKEN = "SELECT EXISTS (SELECT 1 FROM wazo_policies WHERE name = ?2 AND id IS NOT ?1), \
         EXISTS (SELECT 1 FROM wazo_policies WHERE slug = ?3 AND id IS NOT ?1)";
    CREATE_POLICY = "INSERT INTO wazo_policies (", policy_columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
         ON CONFLICT (id) DO NOTHING";
    FIND_POLICY = "SELECT ", policy_columns!(), " FROM wazo_policies WHERE id = ?1";
    FIND_POLICY_BY_SLUG = "SELECT ", policy_columns!(), " FROM wazo_policies WHERE slug = ?1";
    LIST_POLICIES = "SELECT ", policy_columns!(), " FROM wazo_policies \
         WHERE id > coalesce(?1, x'') ORDER BY id LIMIT ?2";
    POLICY_REVISION = "SELECT id, revision FROM wazo_policies WHERE id = ?1";
    UPDATE_POLICY = "UPDATE wazo_policies SET name = ?2, slug = ?3, description = ?4, acl = ?5, \
         revision = revision + 1 WHERE id = ?1 RETURNING ", policy_columns!();
    DELETE_POLICY = "DELETE FROM wazo_policies WHERE id = ?1";
    /// Asked before a policy is given or taken away, in the same transaction.
    ASSIGNMENT_MAY_STAND = "SELECT EXISTS (SELECT 1 FROM wazo_policies WHERE id = ?1), \
         EXISTS (SELECT 1 FROM users WHERE id = ?2)";
    ASSIGN_POLICY = "INSERT INTO wazo_policies_of_users (policy, user) VALUES (?1, ?2) \
         ON CONFLICT (user, policy) DO NOTHING";
    WITHDRAW_POLICY = "DELETE FROM wazo_policies_of_users WHERE policy = ?1 AND user = ?2";
    WITHDRAW_FROM_ALL = "DELETE FROM wazo_policies_of_users WHERE policy = ?1";
    WITHDRAW_ALL_FROM = "DELETE FROM wazo_policies_of_users WHERE user = ?1";
    /// By the index of the assignments, where they lie in the order of the policies.
    POLICIES_OF = "SELECT ", policy_columns!(), " FROM wazo_policies_of_users CROSS JOIN wazo_policies \
         ON wazo_policies.id = wazo_policies_of_users.policy \
         WHERE wazo_policies_of_users.user = ?1 ORDER BY wazo_policies_of_users.policy";
}
