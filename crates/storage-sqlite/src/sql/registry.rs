//! Statements on what scopes and resources mean.

super::statements! {
    /// The whole table, which is small, by its primary key.
    SCOPES = "SELECT name, description, claims, created_at FROM scopes ORDER BY name";
    SCOPE_EXISTS = "SELECT EXISTS (SELECT 1 FROM scopes WHERE name = ?1)";
    DEFINE_SCOPE = "INSERT OR REPLACE INTO scopes (name, description, claims, created_at) \
         VALUES (?1, ?2, ?3, ?4)";
    DELETE_SCOPE = "DELETE FROM scopes WHERE name = ?1";

    /// The whole table, which is small, by its primary key.
    RESOURCES = "SELECT resource, description, scope, created_at FROM resources ORDER BY resource";
    RESOURCE_EXISTS = "SELECT EXISTS (SELECT 1 FROM resources WHERE resource = ?1)";
    DEFINE_RESOURCE = "INSERT OR REPLACE INTO resources (resource, description, scope, created_at) \
         VALUES (?1, ?2, ?3, ?4)";
    DELETE_RESOURCE = "DELETE FROM resources WHERE resource = ?1";
}
