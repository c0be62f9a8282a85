-- Version 2: users, grants, what scopes and resources mean, failures, and changes of clients.

-- `meta` has two more values once a restore was declared: `restored_to` and `restore_declared_at`.

ALTER TABLE clients ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

-- `epoch` and `enabled` stand before the long columns: asking for liveness never reads their overflow pages.
CREATE TABLE users (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    epoch      INTEGER NOT NULL,
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    revision   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    name_key   TEXT NOT NULL UNIQUE,
    username   TEXT NOT NULL,
    password   TEXT,
    profile    TEXT NOT NULL
) STRICT;

-- One row for the whole life of a grant. The ids are ordered by time, so new rows lie together at the end.
--
-- `client` and `user` are internal ids, and may be of rows that are gone: such a grant is dead. `look_at` is when the
-- sweep looks at the row. It is set at creation to when the row ends if the grant is never used, and only the sweep
-- moves it, so that a rotation changes no index.
CREATE TABLE grants (
    id               BLOB PRIMARY KEY CHECK (length(id) = 16),
    client           BLOB NOT NULL CHECK (length(client) = 16),
    client_epoch     INTEGER NOT NULL,
    user             BLOB NOT NULL CHECK (length(user) = 16),
    user_epoch       INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    ends_at          INTEGER NOT NULL,
    idle             INTEGER NOT NULL,
    look_at          INTEGER NOT NULL,
    -- The refresh token: all of these but `previous_tag`, or none.
    generation       INTEGER,
    nonce            BLOB CHECK (length(nonce) = 16),
    key              TEXT,
    used_at          INTEGER,
    previous_tag     BLOB CHECK (length(previous_tag) = 8),
    retried_in_a_row INTEGER,
    retried          INTEGER CHECK (retried IN (0, 1)),
    scope            TEXT NOT NULL,
    -- JSON; without a value if none was asked for.
    resources        TEXT,
    CHECK (
        CASE WHEN generation IS NULL
        THEN coalesce(nonce, key, used_at, previous_tag, retried_in_a_row, retried) IS NULL
        ELSE nonce IS NOT NULL AND key IS NOT NULL AND used_at IS NOT NULL
            AND retried_in_a_row IS NOT NULL AND retried IS NOT NULL
        END
    )
) STRICT, WITHOUT ROWID;

-- Both end with the id, as every index of such a table does.
CREATE INDEX grants_by_user ON grants (user, client);
CREATE INDEX grants_by_look ON grants (look_at);

CREATE TABLE scopes (
    name        TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    claims      TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE resources (
    resource    TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    scope       TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE failures (
    subject BLOB PRIMARY KEY CHECK (length(subject) = 16),
    count   INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    last    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX failures_by_last ON failures (last);

-- SQLite cannot change a CHECK, so the table is made anew, with its rows and with the highest number it ever gave.
CREATE TABLE new_change_log (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    kind   TEXT NOT NULL CHECK (kind IN ('client', 'user', 'keys', 'registry')),
    entity TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

INSERT INTO new_change_log (seq, kind, entity, at) SELECT seq, kind, entity, at FROM change_log;
DELETE FROM sqlite_sequence WHERE name = 'new_change_log';
INSERT INTO sqlite_sequence (name, seq) SELECT 'new_change_log', seq FROM sqlite_sequence WHERE name = 'change_log';
DROP TABLE change_log;
ALTER TABLE new_change_log RENAME TO change_log;
CREATE INDEX change_log_by_time ON change_log (at);
