//! Clients, keys and tokens of every kind, for the rules.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign_core::{
    AccessTokenFormat, AuthMethod, Client, ClientSecret, ClientSettings, EntityId, Epoch, GrantId,
    GrantType, IntrospectionReach, KeyId, KeyPurpose, KeyRecord, NewClient, Random, Scope,
    SecretHash, SigningAlgorithm, Timestamp, TokenId,
};

use crate::{ClientStore, CreateClient, Store};

/// When the samples were made.
pub const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// Bytes that are different at every call, and the same in every run.
#[derive(Debug)]
pub struct Counting;

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let count = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (byte, count) in buffer.iter_mut().rev().zip(count.iter().rev().cycle()) {
            *byte = *count;
        }
    }
}

/// Settings about which as little as possible was said.
#[must_use]
pub fn plain_settings() -> ClientSettings {
    ClientSettings {
        grant_types: vec![GrantType::ClientCredentials],
        scope: Scope::empty(),
        default_scope: None,
        resources: Vec::new(),
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        token_endpoint_auth_method: None,
        introspect: IntrospectionReach::default(),
        access_token_format: None,
        access_token_signed_response_alg: None,
        access_token_lifetime: None,
    }
}

/// A client with plain settings and no secret.
#[must_use]
pub fn client(client_id: &str) -> NewClient {
    NewClient {
        id: EntityId::generate(NOW, &Counting),
        client_id: client_id
            .parse()
            .expect("the name of a sample is a client id"),
        secrets: Vec::new(),
        settings: plain_settings(),
        created_at: NOW,
    }
}

/// A secret of each kind, one of them weak, with bytes and characters that a careless encoding breaks.
#[must_use]
pub fn secrets() -> Vec<ClientSecret> {
    let mut mac = [0; 32];
    for (byte, value) in mac.iter_mut().zip(240_u8..=255) {
        *byte = value;
    }
    vec![
        ClientSecret {
            hash: SecretHash::Keyed {
                key: key_id("pepper-1_"),
                mac,
            },
            created_at: NOW,
            weak: false,
        },
        ClientSecret {
            hash: SecretHash::Argon2id {
                phc: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$\"'\\\u{e9}\u{1f511}\0".into(),
            },
            created_at: NOW.plus(-1),
            weak: true,
        },
    ]
}

/// Clients whose fields take, between them, every value of every enum, both ends of every length, and odd texts.
#[must_use]
pub fn varied_clients() -> Vec<NewClient> {
    let scope = |text: &str| text.parse::<Scope>().expect("a sample is a scope");
    let mut clients = Vec::new();
    let mut add = |client_id: &str, change: &dyn Fn(&mut NewClient)| {
        let mut client = client(client_id);
        change(&mut client);
        clients.push(client);
    };
    add("plain", &|_| ());
    add("all secrets", &|it| it.secrets = secrets());
    add("'; DROP TABLE clients; --", &|it| {
        it.settings.scope = scope("'quoted' %_ a;b");
    });
    add(&"x".repeat(255), &|it| {
        it.created_at = Timestamp::from_seconds(0);
    });
    add("~", &|it| {
        it.created_at = Timestamp::from_seconds(253_402_300_799);
    });
    add("every grant", &|it| {
        it.settings.grant_types = GrantType::ALL.to_vec();
    });
    add("scopes", &|it| {
        it.settings.scope = scope("read /accounts/{id}/wallets.read https://a.example/x openid");
        it.settings.default_scope = Some(scope("read"));
    });
    add("empty default scope", &|it| {
        it.settings.default_scope = Some(Scope::empty());
    });
    add("uris", &|it| {
        let uri = "https://app.example.com/cb?a=1&b=%22";
        it.settings.redirect_uris = vec![uri.parse().expect("a sample is a redirect URI")];
        it.settings.post_logout_redirect_uris = it.settings.redirect_uris.clone();
        it.settings.resources = ["urn:example:b", "https://api.example.com"]
            .map(|uri| uri.parse().expect("a sample is a resource URI"))
            .to_vec();
    });
    for method in AuthMethod::ALL {
        add(method.name(), &|it| {
            it.settings.token_endpoint_auth_method = Some(method);
        });
    }
    for reach in IntrospectionReach::ALL {
        add(reach.name(), &|it| it.settings.introspect = reach);
    }
    for format in AccessTokenFormat::ALL {
        add(format.name(), &|it| {
            it.settings.access_token_format = Some(format);
        });
    }
    for algorithm in SigningAlgorithm::ALL {
        add(algorithm.name(), &|it| {
            it.settings.access_token_signed_response_alg = Some(algorithm);
        });
    }
    add("lifetime", &|it| {
        it.settings.access_token_lifetime = Some(60);
    });
    clients
}

/// Stores a plain client and gives it back.
pub async fn create(store: &dyn Store, client_id: &str) -> Client {
    match ClientStore::create_client(store, client(client_id)).await {
        Ok(CreateClient::Created(client)) => client,
        other => unreachable!("the client {client_id} cannot be created: {other:?}"),
    }
}

/// A key id.
#[must_use]
pub fn key_id(id: &str) -> KeyId {
    id.parse().expect("the name of a sample is a key id")
}

/// A signing key that was made at [`NOW`].
#[must_use]
pub fn key(id: &str) -> KeyRecord {
    KeyRecord {
        id: key_id(id),
        purpose: KeyPurpose::Signing(SigningAlgorithm::Es256),
        created_at: NOW,
        active_from: NOW.plus(305),
        revoked_at: None,
        sealed: vec![0, 255, b'\'', 1],
    }
}

/// A key for every purpose, sealed in nothing and in much, revoked and not.
#[must_use]
pub fn varied_keys() -> Vec<KeyRecord> {
    let purposes = SigningAlgorithm::ALL
        .into_iter()
        .map(KeyPurpose::Signing)
        .chain([KeyPurpose::OpaqueTokens, KeyPurpose::ClientSecrets]);
    let mut keys: Vec<KeyRecord> = purposes
        .enumerate()
        .map(|(number, purpose)| KeyRecord {
            purpose,
            ..key(&format!("key-{number}"))
        })
        .collect();
    keys[1].sealed = Vec::new();
    keys[2].sealed = (0..=255).cycle().take(8_192).collect();
    keys[3].revoked_at = Some(NOW.plus(9));
    keys[4].active_from = NOW;
    keys
}

/// A token of client credentials, minted under `epoch`.
#[must_use]
pub fn token(epoch: Epoch) -> TokenId {
    TokenId::generate(GrantId::NONE, epoch, &Counting)
}
