//! Clients of every kind.

use countersign_core::{
    AccessTokenFormat, ApplicationType, AuthMethod, Client, ClientSecret, ClientSettings, EntityId,
    GrantType, IdTokenAlgorithm, IntrospectionReach, NewClient, ResponseType, Scope, SecretHash,
    SigningAlgorithm, SubjectType, Timestamp, TokenProfile,
};

use super::{Counting, NOW, key_id};
use crate::{CreateClient, Store};

/// Settings about which as little as possible was said.
#[must_use]
pub fn plain_settings() -> ClientSettings {
    ClientSettings::new(vec![GrantType::ClientCredentials])
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

/// A secret of each kind, one of them weak and sealed, too, with bytes and characters that a careless encoding breaks.
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
            expires_at: None,
            sealed: None,
        },
        ClientSecret {
            hash: SecretHash::Argon2id {
                phc: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$\"'\\\u{e9}\u{1f511}\0".into(),
            },
            created_at: NOW.plus(-1),
            weak: true,
            expires_at: Some(NOW.plus(86_400)),
            sealed: Some(vec![0, 255, b'\'', 1]),
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
    for application_type in ApplicationType::ALL {
        add(application_type.name(), &|it| {
            it.settings.application_type = application_type;
        });
    }
    for subject_type in SubjectType::ALL {
        add(subject_type.name(), &|it| {
            it.settings.subject_type = subject_type;
        });
    }
    add("response types", &|it| {
        it.settings.response_types = ResponseType::ALL.to_vec();
    });
    add("no response type", &|it| it.settings.response_types.clear());
    for algorithm in IdTokenAlgorithm::ALL {
        add(&format!("ID token {}", algorithm.name()), &|it| {
            it.settings.id_token_signed_response_alg = Some(algorithm);
        });
    }
    add("userinfo", &|it| {
        it.settings.userinfo_signed_response_alg = Some(SigningAlgorithm::EdDsa);
    });
    add("first party", &|it| {
        it.settings.client_name = Some("'\"\\ \u{5d0}\u{1f511}".into());
        it.settings.skip_consent = true;
        it.settings.require_pkce = false;
        let sector = "https://app.example.com/sector.json";
        it.settings.sector_identifier_uri = sector.parse().ok();
    });
    add("lifetimes", &|it| {
        it.settings.token_profile = Some(TokenProfile::Standard);
        it.settings.access_token_lifetime = Some(60);
        it.settings.refresh_token_lifetime = Some(ClientSettings::MAX_REFRESH_TOKEN_LIFETIME);
        it.settings.refresh_token_idle_lifetime = Some(1);
    });
    add("no rotation", &|it| {
        it.settings.token_profile = Some(TokenProfile::Classic);
        it.settings.refresh_token_rotation = false;
    });
    for seconds in [0, ClientSettings::MAX_RETRY_WINDOW] {
        add(&format!("retry window {seconds}"), &|it| {
            it.settings.refresh_token_retry_window = Some(seconds);
        });
    }
    clients
}

/// Stores a plain client and gives it back.
pub async fn create(store: &dyn Store, client_id: &str) -> Client {
    match store.create_client(client(client_id)).await {
        Ok(CreateClient::Created(client)) => client,
        other => unreachable!("the client {client_id} cannot be created: {other:?}"),
    }
}
