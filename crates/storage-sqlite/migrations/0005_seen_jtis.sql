-- Version 5: assertions that were taken, so that none is taken twice.

-- `id` is the SHA-256 of which client made it, by its name, and of its `jti`. A client that is removed and added anew
-- under its name is the same here. From `expires_at` on a row says nothing any more, whether or not the sweep has removed
-- it.
--
-- Narrow: there is one row for every assertion of the last minutes.
CREATE TABLE seen_jtis (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- It ends with the id, as every index of such a table does.
CREATE INDEX seen_jtis_by_expiry ON seen_jtis (expires_at);
