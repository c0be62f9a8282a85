-- Version 3: sessions, consents, and grants that came through the authorization endpoint.

-- That a session was used changes no index. `look_at` is when nobody needs the row any more, and the sweep removes it.
-- The sessions of a user who is gone stay until then; they are of no use to anybody.
CREATE TABLE sessions (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    user        BLOB NOT NULL CHECK (length(user) = 16),
    user_epoch  INTEGER NOT NULL,
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    created_at  INTEGER NOT NULL,
    auth_time   INTEGER NOT NULL,
    used_at     INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL,
    look_at     INTEGER NOT NULL,
    amr         TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Both end with the id, as every index of such a table does.
CREATE INDEX sessions_by_user ON sessions (user);
CREATE INDEX sessions_by_look ON sessions (look_at);

-- Internal ids of rows that are there: a consent goes with its user and with its client.
CREATE TABLE consents (
    user     BLOB NOT NULL CHECK (length(user) = 16),
    client   BLOB NOT NULL CHECK (length(client) = 16),
    given_at INTEGER NOT NULL,
    scope    TEXT NOT NULL,
    PRIMARY KEY (user, client)
) STRICT, WITHOUT ROWID;

CREATE INDEX consents_by_client ON consents (client);

-- What the authorization endpoint bound to a grant: `session`, `ends_with_session` and `facts` (JSON), or none of all.
-- The session may be gone. Its code: the first two of the next three, or none; the third once it was redeemed.
--
-- Added behind the long columns, so that no row is written anew. Asking for liveness still reads no overflow page of a
-- grant without a session: that a column has no value, or 0, or 1, stands at the beginning of the row.
ALTER TABLE grants ADD COLUMN session BLOB CHECK (length(session) = 16);
ALTER TABLE grants ADD COLUMN ends_with_session INTEGER CHECK (ends_with_session IN (0, 1));
ALTER TABLE grants ADD COLUMN code_nonce BLOB CHECK (length(code_nonce) = 16);
ALTER TABLE grants ADD COLUMN code_expires_at INTEGER;
ALTER TABLE grants ADD COLUMN code_redeemed_at INTEGER;
ALTER TABLE grants ADD COLUMN facts TEXT CHECK (
    CASE WHEN session IS NULL
    THEN coalesce(ends_with_session, code_nonce, code_expires_at, code_redeemed_at, facts) IS NULL
    ELSE ends_with_session IS NOT NULL AND facts IS NOT NULL
        AND (code_nonce IS NULL) = (code_expires_at IS NULL)
        AND (code_redeemed_at IS NULL OR code_nonce IS NOT NULL)
    END
);

-- Unredeemed codes are counted of each session. A partial index, since only those rows stand in it: a grant without a
-- code is created, and a refresh token rotated, without writing to one index more.
CREATE INDEX grants_with_unredeemed_code ON grants (session)
    WHERE code_nonce IS NOT NULL AND code_redeemed_at IS NULL;
