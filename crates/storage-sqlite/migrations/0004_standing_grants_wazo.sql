-- Version 4: grants without a user, users by their addresses, and what the wazo dialect keeps.

-- A grant without a user is the standing grant of its client for its scope. A column that has a value in every row can be
-- made to have none only by writing the table anew, so `user` is then 16 zero bytes and `user_epoch` is 0, which no user
-- has. `standing_for` is the scope in the order of its bytes, by which such a grant is found; no other grant has a value
-- there.
--
-- Added behind all others, so that no row is written anew. `user` stands before the long columns: asking for liveness
-- never reads the overflow pages of such a grant.
ALTER TABLE grants ADD COLUMN standing_for TEXT CHECK (
    CASE WHEN standing_for IS NULL THEN user <> zeroblob(16)
    ELSE user = zeroblob(16) AND user_epoch = 0
    END
);

-- A partial index: a grant with a user is created, and any refresh token rotated, without writing to one index more.
CREATE UNIQUE INDEX grants_standing ON grants (client, standing_for) WHERE standing_for IS NOT NULL;

-- The e-mail address in the profile with its ASCII letters in lower case. It is no part of the row, only of the index. A
-- profile that is no JSON has none, so that whoever reads the row is told, and not whoever opens the file.
ALTER TABLE users ADD COLUMN email_key TEXT GENERATED ALWAYS AS (
    CASE WHEN json_valid(profile) THEN lower(profile ->> '$.email') END
) VIRTUAL;

CREATE INDEX users_by_email ON users (email_key, id) WHERE email_key IS NOT NULL;

-- Sessions of the wazo dialect, each with its one token. `client` and `user` are internal ids. `look_at` is when nobody
-- needs the row any more, and the sweep removes it. `app` is the program whose refresh token the session ends with; `acl`
-- is JSON.
CREATE TABLE wazo_sessions (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    token_hash   BLOB NOT NULL CHECK (length(token_hash) = 32),
    client       BLOB NOT NULL CHECK (length(client) = 16),
    client_epoch INTEGER NOT NULL,
    user         BLOB NOT NULL CHECK (length(user) = 16),
    user_epoch   INTEGER NOT NULL,
    mobile       INTEGER NOT NULL CHECK (mobile IN (0, 1)),
    issued_at    INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    look_at      INTEGER NOT NULL,
    app          TEXT,
    remote_addr  TEXT NOT NULL,
    user_agent   TEXT NOT NULL,
    acl          TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- All end with the id, as every index of such a table does.
CREATE UNIQUE INDEX wazo_sessions_by_token ON wazo_sessions (token_hash);
CREATE INDEX wazo_sessions_by_client ON wazo_sessions (client);
CREATE INDEX wazo_sessions_by_user ON wazo_sessions (user);
CREATE INDEX wazo_sessions_by_look ON wazo_sessions (look_at);
-- Few sessions have a refresh token beside them.
CREATE INDEX wazo_sessions_by_app ON wazo_sessions (user, app) WHERE app IS NOT NULL;

-- Refresh tokens of the wazo dialect: one for each user and program. They do not expire.
CREATE TABLE wazo_refresh_tokens (
    id           BLOB PRIMARY KEY CHECK (length(id) = 16),
    token_hash   BLOB NOT NULL CHECK (length(token_hash) = 32),
    client       BLOB NOT NULL CHECK (length(client) = 16),
    client_epoch INTEGER NOT NULL,
    user         BLOB NOT NULL CHECK (length(user) = 16),
    user_epoch   INTEGER NOT NULL,
    mobile       INTEGER NOT NULL CHECK (mobile IN (0, 1)),
    created_at   INTEGER NOT NULL,
    app          TEXT NOT NULL,
    sealed       BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX wazo_refresh_tokens_by_token ON wazo_refresh_tokens (token_hash);
CREATE UNIQUE INDEX wazo_refresh_tokens_by_app ON wazo_refresh_tokens (user, app);
CREATE INDEX wazo_refresh_tokens_by_client ON wazo_refresh_tokens (client);

-- NOCASE: ASCII letters are the same in either case. `acl` is JSON.
CREATE TABLE wazo_policies (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    name        TEXT NOT NULL COLLATE NOCASE UNIQUE,
    slug        TEXT NOT NULL COLLATE NOCASE UNIQUE,
    revision    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    description TEXT,
    acl         TEXT NOT NULL
) STRICT;

-- Internal ids of rows that are there: an assignment goes with its user and with its policy.
CREATE TABLE wazo_policies_of_users (
    user   BLOB NOT NULL CHECK (length(user) = 16),
    policy BLOB NOT NULL CHECK (length(policy) = 16),
    PRIMARY KEY (user, policy)
) STRICT, WITHOUT ROWID;

CREATE INDEX wazo_policies_of_users_by_policy ON wazo_policies_of_users (policy);
