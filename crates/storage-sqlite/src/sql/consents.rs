//! Statements on what users have agreed to.

macro_rules! columns {
    () => {
        "user, client, scope, given_at"
    };
}

super::statements! {
    /// Asked before a consent is remembered, in the same transaction.
    CONSENT_MAY_STAND = "SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1), \
         EXISTS (SELECT 1 FROM clients WHERE id = ?2)";
    REMEMBER_CONSENT = "INSERT INTO consents (", columns!(), ") VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (user, client) DO UPDATE SET scope = excluded.scope, given_at = excluded.given_at";
    FIND_CONSENT = "SELECT ", columns!(), " FROM consents WHERE user = ?1 AND client = ?2";
    /// Every id is greater than the empty one.
    LIST_CONSENTS = "SELECT ", columns!(), " FROM consents \
         WHERE user = ?1 AND client > coalesce(?2, x'') ORDER BY client LIMIT ?3";
    FORGET_CONSENT = "DELETE FROM consents WHERE user = ?1 AND client = ?2";
    FORGET_CONSENTS_OF_USER = "DELETE FROM consents WHERE user = ?1";
    FORGET_CONSENTS_OF_CLIENT = "DELETE FROM consents WHERE client = ?1";
}
