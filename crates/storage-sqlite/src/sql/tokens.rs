//! Statements on issued tokens.

use super::{grantor_is_live, session_is_live};

super::statements! {
    REVOKE_TOKEN = "INSERT INTO revoked_tokens (jti, expires_at) VALUES (?1, ?2) \
         ON CONFLICT (jti) DO NOTHING";
    /// RULES A2: one indexed statement. Of the client, if it is there, its epoch; whether the token is revoked; whether
    /// its grant is there and of this client and epoch; and whether the user of the grant is live, if it has one, and its
    /// session.
    LIVENESS = "SELECT clients.epoch, EXISTS (SELECT 1 FROM revoked_tokens WHERE jti = ?2), \
         grants.id IS NOT NULL, ", grantor_is_live!(), ", ", session_is_live!(), " \
         FROM clients LEFT JOIN grants \
         ON grants.id = ?3 AND grants.client = clients.id AND grants.client_epoch = clients.epoch \
         WHERE clients.client_id = ?1";
    SWEEP_REVOCATIONS = "DELETE FROM revoked_tokens WHERE jti IN \
         (SELECT jti FROM revoked_tokens WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
}
