//! What older programs wrote.

use std::fs;
use std::path::Path;

use countersign_core::{
    Authorization, AuthorizationFacts, CurrentRefresh, EntityId, Epoch, Generation, Grant, GrantId,
    GrantLifetime, GrantUser, IssuedCode, RequestedClaims, Scope,
};
use countersign_storage::contract::samples::{NOW, key_id};

use crate::{open, tamper};

/// What the program of version 1 had written after some use: `b` was removed, and the changes up to 3 were swept.
const VERSION_1: &str = r#"
    PRAGMA application_id = 0x4353474e;
    PRAGMA user_version = 1;
    INSERT INTO meta (name, value) VALUES ('store_id', x'07070707070707070707070707070707'), ('deployment', 'production');
    UPDATE meta SET value = 3 WHERE name IN ('epoch', 'change_floor');
    UPDATE meta SET value = 1 WHERE name = 'key_ring_version';
    INSERT INTO clients (client_id, id, epoch, created_at, secrets, settings) VALUES (
        'a', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1, 1800000000,
        '[{"hash":{"argon2id":{"phc":"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"}},"created_at":1800000001,"weak":true}]',
        '{"grant_types":["client_credentials"],"scope":"read write","default_scope":"read","introspect":"own"}'
    ), (
        'c', x'0197a3c25d6e7f809a1b2c3d4e5f6072', 3, 1800000002, '[]',
        '{"grant_types":["client_credentials"],"scope":"","introspect":"audience"}'
    );
    INSERT INTO keys (id, purpose, created_at, active_from, sealed)
        VALUES ('k', 'sign:ES256', 1800000000, 1800000305, x'00ff');
    INSERT INTO revoked_tokens (jti, expires_at) VALUES (x'000000000000000000000000000000000000000000000001000000000000000000000000', 1800000600);
    INSERT INTO change_log (seq, kind, entity, at) VALUES
        (1, 'client', 'a', 1800000000), (2, 'client', 'b', 1800000001), (3, 'keys', '', 1800000001),
        (4, 'client', 'c', 1800000002), (5, 'client', 'b', 1800000003);
    DELETE FROM change_log WHERE seq <= 3;
"#;

/// What the program of version 2 had written after some use: `a` has one grant whose refresh token was rotated and told
/// again, and one without.
const VERSION_2: &str = r#"
    PRAGMA application_id = 0x4353474e;
    PRAGMA user_version = 2;
    INSERT INTO meta (name, value) VALUES ('store_id', x'07070707070707070707070707070707'),
        ('restored_to', 1799999000), ('restore_declared_at', 1799999900);
    UPDATE meta SET value = 2 WHERE name = 'epoch';
    INSERT INTO clients (client_id, id, epoch, created_at, secrets, settings, revision) VALUES (
        'a', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1, 1800000000, '[]',
        '{"grant_types":["password","refresh_token"],"scope":"read write","introspect":"audience"}', 3
    );
    INSERT INTO users (id, epoch, enabled, revision, created_at, name_key, username, password, profile)
        VALUES (x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2, 1, 4, 1800000000, 'zoe', 'Zoe', '$argon2id$', '{}');
    INSERT INTO grants (id, client, client_epoch, user, user_epoch, created_at, ends_at, idle, look_at,
        generation, nonce, key, used_at, previous_tag, retried_in_a_row, retried, scope, resources
    ) VALUES (
        x'0197a3c25d6e7f809a1b2c3d4e5f6073', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1,
        x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2, 1800000000, 1831536000, 2592000, 1802678460,
        7, x'00112233445566778899aabbccddeeff', 'k', 1800000100, x'0011223344556677', 2, 1,
        'read', '["https://api.example.com/"]'
    ), (
        x'0197a3c25d6e7f809a1b2c3d4e5f6074', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1,
        x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2, 1800000000, 1800000600, 600, 1800087060,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', NULL
    );
    INSERT INTO scopes (name, description, claims, created_at) VALUES ('read', 'of version 2', '[]', 1800000000);
    INSERT INTO failures (subject, count, since, last) VALUES (x'01010101010101010101010101010101', 3, 1800000000, 1800000001);
    INSERT INTO change_log (seq, kind, entity, at) VALUES
        (1, 'client', 'a', 1800000000), (2, 'user', '0197a3c2-5d6e-7f80-9a1b-2c3d4e5f6072', 1800000000), (3, 'registry', '', 1800000000);
"#;

/// What the program of version 3 had written after some use: `a` has a grant with a code that was redeemed and one with a
/// code that was not, both in one session; and there is one user whose profile cannot be read.
const VERSION_3: &str = r#"
    PRAGMA application_id = 0x4353474e;
    PRAGMA user_version = 3;
    INSERT INTO meta (name, value) VALUES ('store_id', x'07070707070707070707070707070707');
    UPDATE meta SET value = 4 WHERE name = 'epoch';
    INSERT INTO clients (client_id, id, epoch, created_at, secrets, settings, revision) VALUES (
        'a', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1, 1800000000, '[]',
        '{"grant_types":["authorization_code","refresh_token"],"redirect_uris":["https://a.example.com/cb"],"scope":"read","introspect":"audience"}', 3
    );
    INSERT INTO users (id, epoch, enabled, revision, created_at, name_key, username, password, profile) VALUES
        (x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2, 1, 4, 1800000000, 'zoe', 'Zoe', '$argon2id$', '{"email":"Zo\u00eb@Example.com","email_verified":true}'),
        (x'0197a3c25d6e7f809a1b2c3d4e5f6073', 3, 0, 0, 1800000000, 'ann', 'Ann', NULL, '{"email":"zoë@example.COM","email_verified":false}'),
        (x'0197a3c25d6e7f809a1b2c3d4e5f6074', 4, 1, 0, 1800000000, 'tim', 'Tim', NULL, '{"email":"tim@exa');
    INSERT INTO sessions (id, user, user_epoch, secret_hash, created_at, auth_time, used_at, ends_at, look_at, amr) VALUES (
        x'0197a3c25d6e7f809a1b2c3d4e5f6075', x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2,
        x'0000000000000000000000000000000000000000000000000000000000000000',
        1800000000, 1800000000, 1800000000, 1801209600, 1801209660, '["pwd"]'
    );
    INSERT INTO consents (user, client, given_at, scope) VALUES
        (x'0197a3c25d6e7f809a1b2c3d4e5f6072', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1800000000, 'read');
    INSERT INTO grants (id, client, client_epoch, user, user_epoch, created_at, ends_at, idle, look_at,
        generation, nonce, key, used_at, previous_tag, retried_in_a_row, retried, scope, resources,
        session, ends_with_session, code_nonce, code_expires_at, code_redeemed_at, facts
    ) VALUES (
        x'0197a3c25d6e7f809a1b2c3d4e5f6076', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1,
        x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2, 1800000000, 1831536000, 2592000, 1802678460,
        0, x'00112233445566778899aabbccddeeff', 'k', 1800000100, NULL, 0, 0, 'read openid', NULL,
        x'0197a3c25d6e7f809a1b2c3d4e5f6075', 0, x'ffeeddccbbaa99887766554433221100', 1800000060, 1800000001,
        '{"auth_time":1800000000,"amr":["pwd"],"redirect_uri":"https://a.example.com/cb"}'
    ), (
        x'0197a3c25d6e7f809a1b2c3d4e5f6077', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1,
        x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2, 1800000000, 1800000600, 600, 1800003720,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'read', NULL,
        x'0197a3c25d6e7f809a1b2c3d4e5f6075', 1, x'000102030405060708090a0b0c0d0e0f', 1800000060, NULL,
        '{"auth_time":1800000000}'
    );
    INSERT INTO change_log (seq, kind, entity, at) VALUES (1, 'client', 'a', 1800000000);
"#;

/// What the program of version 4 had written after some use: `a` has a standing grant, and a user who logged in by the wazo
/// dialect with a program.
const VERSION_4: &str = r#"
    PRAGMA application_id = 0x4353474e;
    PRAGMA user_version = 4;
    INSERT INTO meta (name, value) VALUES ('store_id', x'07070707070707070707070707070707');
    UPDATE meta SET value = 2 WHERE name = 'epoch';
    INSERT INTO clients (client_id, id, epoch, created_at, secrets, settings, revision) VALUES (
        'a', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1, 1800000000, '[]',
        '{"grant_types":["client_credentials"],"scope":"a b","introspect":"audience","token_endpoint_auth_method":"client_secret_post"}', 3
    );
    INSERT INTO users (id, epoch, enabled, revision, created_at, name_key, username, password, profile) VALUES
        (x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2, 1, 4, 1800000000, 'zoe', 'Zoe', '$argon2id$', '{}');
    INSERT INTO grants (id, client, client_epoch, user, user_epoch, created_at, ends_at, idle, look_at,
        generation, nonce, key, used_at, previous_tag, retried_in_a_row, retried, scope, resources, standing_for
    ) VALUES (
        x'0197a3c25d6e7f809a1b2c3d4e5f6073', x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1, zeroblob(16), 0,
        1800000000, 1831536000, 2592000, 1802678460,
        7, x'00112233445566778899aabbccddeeff', 'k', 1800000100, x'0011223344556677', 2, 1, 'b a', NULL, 'a b'
    );
    INSERT INTO wazo_sessions (id, token_hash, client, client_epoch, user, user_epoch, mobile, issued_at, expires_at,
        look_at, app, remote_addr, user_agent, acl
    ) VALUES (
        x'0197a3c25d6e7f809a1b2c3d4e5f6074', x'0101010101010101010101010101010101010101010101010101010101010101',
        x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1, x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2, 1, 1800000000, 1800007200,
        1800007260, 'program', '192.0.2.1', 'sample/1.0', '["auth.users.me.#"]'
    );
    INSERT INTO wazo_refresh_tokens (id, token_hash, client, client_epoch, user, user_epoch, mobile, created_at, app,
        sealed
    ) VALUES (
        x'0197a3c25d6e7f809a1b2c3d4e5f6075', x'0202020202020202020202020202020202020202020202020202020202020202',
        x'0197a3c25d6e7f809a1b2c3d4e5f6071', 1, x'0197a3c25d6e7f809a1b2c3d4e5f6072', 2, 1, 1800000000, 'program', x'00ff'
    );
    INSERT INTO wazo_policies (id, name, slug, revision, created_at, description, acl)
        VALUES (x'0197a3c25d6e7f809a1b2c3d4e5f6076', 'A policy', 'a_policy', 5, 1800000000, NULL, '["auth.#"]');
    INSERT INTO wazo_policies_of_users (user, policy)
        VALUES (x'0197a3c25d6e7f809a1b2c3d4e5f6072', x'0197a3c25d6e7f809a1b2c3d4e5f6076');
    INSERT INTO change_log (seq, kind, entity, at) VALUES (1, 'client', 'a', 1800000000);
"#;

/// The schema of each version.
const SCHEMA: [&str; 4] = [
    include_str!("../../migrations/0001_clients_keys_revocations.sql"),
    include_str!("../../migrations/0002_users_grants.sql"),
    include_str!("../../migrations/0003_sessions_consents.sql"),
    include_str!("../../migrations/0004_standing_grants_wazo.sql"),
];

/// A file of version 1.
pub(crate) fn make_1(path: &Path) {
    make(path, 1, VERSION_1);
}

/// A file of version 2.
pub(crate) fn make_2(path: &Path) {
    make(path, 2, VERSION_2);
}

/// A file of version 3.
pub(crate) fn make_3(path: &Path) {
    make(path, 3, VERSION_3);
}

/// A file of version 4.
pub(crate) fn make_4(path: &Path) {
    make(path, 4, VERSION_4);
}

/// Every version before this one.
pub(crate) const MAKERS: [fn(&Path); 4] = [make_1, make_2, make_3, make_4];

fn make(path: &Path, version: usize, rows: &str) {
    drop(open(path)); // for the mode of the file
    fs::write(path, []).expect("the folder takes files");
    let schema = SCHEMA[..version].join("; ");
    tamper(
        path,
        &format!("PRAGMA journal_mode = WAL; {schema}; {rows}"),
    );
}

/// The id that ends with this byte.
pub(crate) fn id(last: u8) -> [u8; 16] {
    let mut id = *b"\x01\x97\xa3\xc2\x5d\x6e\x7f\x80\x9a\x1b\x2c\x3d\x4e\x5f\x60\x00";
    id[15] = last;
    id
}

/// The grants that a file of version 2 holds.
pub(crate) fn grants_of_version_2() -> [Grant; 2] {
    let without = Grant {
        id: GrantId::from_bytes(id(0x74)),
        client: EntityId::from_bytes(id(0x71)),
        client_epoch: Epoch::from_number(1),
        user: Some(GrantUser {
            id: EntityId::from_bytes(id(0x72)),
            epoch: Epoch::from_number(2),
        }),
        scope: Scope::empty(),
        resources: Vec::new(),
        created_at: NOW,
        lifetime: GrantLifetime {
            ends_at: NOW.plus(600),
            idle: 600,
        },
        refresh: None,
        authorization: None,
    };
    let rotated = Grant {
        id: GrantId::from_bytes(id(0x73)),
        scope: "read".parse().expect("a scope"),
        resources: vec!["https://api.example.com/".parse().expect("a resource")],
        lifetime: GrantLifetime {
            ends_at: NOW.plus(31_536_000),
            idle: 2_592_000,
        },
        refresh: Some(CurrentRefresh {
            generation: Generation::from_number(7),
            nonce: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map(|it| it * 17),
            key: key_id("k"),
            used_at: NOW.plus(100),
            previous_tag: Some([0, 1, 2, 3, 4, 5, 6, 7].map(|it| it * 17)),
            retried_in_a_row: 2,
            retried: true,
        }),
        ..without.clone()
    };
    [rotated, without]
}

/// The grants that a file of version 3 holds.
pub(crate) fn grants_of_version_3() -> [Grant; 2] {
    let [rotated, without] = grants_of_version_2();
    let facts = AuthorizationFacts {
        auth_time: NOW,
        acr: None,
        amr: Vec::new(),
        nonce: None,
        claims: RequestedClaims::default(),
        redirect_uri: None,
        code_challenge: None,
    };
    let unredeemed = Authorization {
        session: EntityId::from_bytes(id(0x75)),
        ends_with_session: true,
        facts: facts.clone(),
        code: Some(IssuedCode {
            nonce: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            expires_at: NOW.plus(60),
            redeemed_at: None,
        }),
    };
    let redeemed = Authorization {
        ends_with_session: false,
        facts: AuthorizationFacts {
            amr: vec!["pwd".into()],
            redirect_uri: Some("https://a.example.com/cb".parse().expect("a redirect URI")),
            ..facts
        },
        code: Some(IssuedCode {
            nonce: [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map(|it| it * 17),
            expires_at: NOW.plus(60),
            redeemed_at: Some(NOW.plus(1)),
        }),
        ..unredeemed.clone()
    };
    let first = CurrentRefresh {
        generation: Generation::FIRST,
        previous_tag: None,
        retried_in_a_row: 0,
        retried: false,
        ..rotated.refresh.expect("it has one")
    };
    [
        Grant {
            id: GrantId::from_bytes(id(0x76)),
            scope: "read openid".parse().expect("a scope"),
            resources: Vec::new(),
            refresh: Some(first),
            authorization: Some(redeemed),
            ..rotated
        },
        Grant {
            id: GrantId::from_bytes(id(0x77)),
            scope: "read".parse().expect("a scope"),
            authorization: Some(unredeemed),
            ..without
        },
    ]
}

/// The grant that a file of version 4 holds.
pub(crate) fn grant_of_version_4() -> Grant {
    let [rotated, _] = grants_of_version_2();
    Grant {
        user: None,
        scope: "b a".parse().expect("a scope"),
        resources: Vec::new(),
        ..rotated
    }
}
