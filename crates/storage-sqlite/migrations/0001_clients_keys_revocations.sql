-- Version 1: clients, keys, revoked tokens, and the change feed.

-- Single values: `epoch` (the last one drawn), `key_ring_version`, `change_floor` (the highest `change_log.seq` that
-- was swept), `store_id` (16 random bytes), and `deployment` once it was marked.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('epoch', 0), ('key_ring_version', 0), ('change_floor', 0);

-- `epoch` stands before the long columns: asking for liveness never reads their overflow pages.
CREATE TABLE clients (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    client_id  TEXT NOT NULL UNIQUE,
    epoch      INTEGER NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    secrets    TEXT NOT NULL,
    settings   TEXT NOT NULL
) STRICT;

CREATE TABLE keys (
    id          TEXT PRIMARY KEY,
    purpose     TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    active_from INTEGER NOT NULL,
    revoked_at  INTEGER,
    sealed      BLOB NOT NULL
) STRICT;

CREATE TABLE revoked_tokens (
    jti        BLOB PRIMARY KEY CHECK (length(jti) = 36),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);

-- AUTOINCREMENT: a number is never used twice, not even when the highest row was swept.
CREATE TABLE change_log (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    kind   TEXT NOT NULL CHECK (kind IN ('client', 'keys')),
    entity TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

CREATE INDEX change_log_by_time ON change_log (at);
