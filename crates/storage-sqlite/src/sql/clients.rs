//! Statements on clients.

macro_rules! columns {
    () => {
        "client_id, id, epoch, revision, created_at, secrets, settings"
    };
}

super::statements! {
    FIND_CLIENT = "SELECT ", columns!(), " FROM clients WHERE client_id = ?1";
    /// No client id is empty, so all are greater than the empty text.
    LIST_CLIENTS = "SELECT ", columns!(), " \
         FROM clients WHERE client_id > ?1 ORDER BY client_id LIMIT ?2";
    CLIENT_TAKEN = "SELECT EXISTS (SELECT 1 FROM clients WHERE client_id = ?1), \
         EXISTS (SELECT 1 FROM users WHERE id = ?2), \
         EXISTS (SELECT 1 FROM clients WHERE id = ?3)";
    INSERT_CLIENT = "INSERT INTO clients (", columns!(), ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    CLIENT_REVISION = "SELECT client_id, revision FROM clients WHERE id = ?1";
    UPDATE_CLIENT = "UPDATE clients SET epoch = coalesce(?2, epoch), revision = revision + 1, \
         secrets = ?3, settings = ?4 WHERE id = ?1 RETURNING ", columns!();
    DELETE_CLIENT = "DELETE FROM clients WHERE client_id = ?1";
    /// Adding these to the last epoch that was drawn gives every client one of its own.
    LARGEST_ROWID = "SELECT coalesce(max(rowid), 0) FROM clients";
    END_EVERYTHING = "UPDATE clients SET epoch = ?1 + rowid, revision = revision + 1";
    LOG_EVERY_CLIENT = "INSERT INTO change_log (kind, entity, at) \
         SELECT 'client', client_id, ?1 FROM clients ORDER BY id";
}
