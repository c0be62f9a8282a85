-- Version 5: assertions that were taken, so that none is taken twice.

-- `client` is an internal id, and may be of a row that is gone: no later client has it. `jti_hash` is a SHA-256. From
-- `expires_at` on a row says nothing any more, whether or not the sweep has removed it.
--
-- Narrow: there is one row for every assertion of the last minutes.
CREATE TABLE seen_jtis (
    client     BLOB NOT NULL CHECK (length(client) = 16),
    jti_hash   BLOB NOT NULL CHECK (length(jti_hash) = 32),
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (client, jti_hash)
) STRICT, WITHOUT ROWID;

-- It ends with the id, as every index of such a table does.
CREATE INDEX seen_jtis_by_expiry ON seen_jtis (expires_at);
