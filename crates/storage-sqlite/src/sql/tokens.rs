//! Statements on issued tokens.

super::statements! {
    REVOKE_TOKEN = "INSERT INTO revoked_tokens (jti, expires_at) VALUES (?1, ?2) \
         ON CONFLICT (jti) DO NOTHING";
    /// RULES A2: one indexed statement. Of the client its epoch, if it is there; whether the token is revoked; and of
    /// its grant, if it is there and of this client and epoch, whether its user is live.
    LIVENESS = "SELECT (SELECT epoch FROM clients WHERE client_id = ?1), \
         EXISTS (SELECT 1 FROM revoked_tokens WHERE jti = ?2), \
         (SELECT ", super::user_is_live!(), " FROM grants \
          JOIN clients ON clients.id = grants.client AND clients.epoch = grants.client_epoch \
          WHERE grants.id = ?3 AND clients.client_id = ?1)";
    SWEEP_REVOCATIONS = "DELETE FROM revoked_tokens WHERE jti IN \
         (SELECT jti FROM revoked_tokens WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
}
