//! The clients and users that the suite needs, under the member names of `client apply` and the claim names of OpenID
//! Connect.

use serde_json::{Map, Value, json};

use crate::run::ChoreError;
use crate::server::Data;

/// The resources of the clients: one API, and another that must not see the tokens of the first.
const API: &str = "https://api.example.com";
const OTHER_API: &str = "https://other-api.example.com";

/// What clients may ask for in their own name, and for users.
const SCOPE: &str = "read write";
const USER_SCOPE: &str = "openid profile email address phone offline_access read write";

const PASSWORD: &str = "a password of nobody";

/// What the suite needs: clients and users by the roles that they have there.
pub(crate) struct Fixtures {
    clients: Vec<Client>,
    users: Vec<User>,
}

/// A client: its role, and what `client apply` takes.
type Client = (&'static str, Map<String, Value>);

/// A user: the role, and what `user add` takes.
struct User {
    role: &'static str,
    username: &'static str,
    claims: Value,
}

impl Fixtures {
    /// Those for a service with this issuer that offers what RFC 9700 recommends and nothing else.
    pub(crate) fn recommended(issuer: &str) -> Self {
        let user = |role, username, claims| User {
            role,
            username,
            claims,
        };
        Self {
            clients: [in_own_name(issuer), by_code()].concat(),
            users: vec![
                user("primary", "judge-user", full_profile()),
                user("second", "judge-user-2", json!({ "name": "Second Judge" })),
                user("guessed", "judge-guessed-user", json!({})),
            ],
        }
    }

    /// Those for a service that offers everything.
    pub(crate) fn all(issuer: &str) -> Self {
        let mut all = Self::recommended(issuer);
        all.clients.extend(by_password());
        all.clients.extend(with_other_responses());
        all
    }

    /// Makes the clients, and describes them as a target does.
    pub(crate) fn apply_clients(&self, data: &Data) -> Result<toml::Table, ChoreError> {
        let document: Vec<_> = self.clients.iter().map(|(_, members)| members).collect();
        let applied = data.run(
            &["client", "apply", "-f", "-"],
            &json!(document).to_string(),
        )?;
        let applied = applied.as_array().map(Vec::as_slice).unwrap_or_default();
        let described = self.clients.iter().zip(applied);
        described
            .map(|((role, given), applied)| {
                let described = describe(given, applied);
                let table = toml::Value::try_from(described);
                let table = table.map_err(|error| ChoreError::Answer(error.to_string()))?;
                Ok(((*role).to_owned(), table))
            })
            .collect()
    }

    /// Adds the users, and describes them as a target does.
    pub(crate) fn add_users(&self, data: &Data) -> Result<toml::Table, ChoreError> {
        let mut users = toml::Table::new();
        for user in &self.users {
            user.add(data)?;
            let claims = toml::Value::try_from(&user.claims);
            let mut described = toml::Table::new();
            described.insert("username".into(), user.username.into());
            described.insert("password".into(), PASSWORD.into());
            described.insert(
                "claims".into(),
                claims.map_err(|error| ChoreError::Answer(error.to_string()))?,
            );
            users.insert(user.role.into(), described.into());
        }
        Ok(users)
    }
}

impl User {
    fn add(&self, data: &Data) -> Result<(), ChoreError> {
        let mut words = vec![
            "user".to_owned(),
            "add".to_owned(),
            self.username.to_owned(),
        ];
        words.push("--password-stdin".to_owned());
        let claims = self.claims.as_object();
        for (name, value) in claims.into_iter().flatten() {
            match (name.as_str(), value) {
                ("name" | "email", Value::String(text)) => {
                    words.extend([format!("--{name}"), text.clone()]);
                }
                ("email_verified", _) => words.push("--email-verified".to_owned()),
                _ => words.extend(["--claim".to_owned(), format!("{name}={value}")]),
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        data.run(&words, PASSWORD).map(drop)
    }
}

/// A client with nothing special about it but these members.
fn client(role: &'static str, client_id: &str, more: Value) -> Client {
    let mut members = Map::new();
    members.insert("client_id".into(), client_id.into());
    members.insert("scope".into(), SCOPE.into());
    if let Value::Object(more) = more {
        members.extend(more);
    }
    (role, members)
}

/// Clients that act in their own name.
fn in_own_name(issuer: &str) -> Vec<Client> {
    vec![
        client(
            "primary",
            "primary",
            json!({ "resources": [API, OTHER_API] }),
        ),
        client(
            "secondary",
            "secondary",
            json!({ "resources": [API, OTHER_API], "introspect": "own" }),
        ),
        client("resource_server", "api", json!({ "resources": [API] })),
        client(
            "other_resource_server",
            "other-api",
            json!({ "resources": [OTHER_API] }),
        ),
        client(
            "special",
            "a:b%41 c+d",
            json!({ "client_secret": "s:e%42 c+r&et=\u{e9}" }),
        ),
        client(
            "post_only",
            "post-only",
            json!({ "token_endpoint_auth_method": "client_secret_post" }),
        ),
        client(
            "basic_only",
            "basic-only",
            json!({ "token_endpoint_auth_method": "client_secret_basic" }),
        ),
        client(
            "no_client_credentials",
            "no-client-credentials",
            json!({ "grant_types": ["refresh_token"] }),
        ),
        client(
            "public",
            "public",
            json!({
                "token_endpoint_auth_method": "none",
                "grant_types": ["authorization_code"],
                "redirect_uris": ["http://127.0.0.1/callback"],
            }),
        ),
        client(
            "opaque",
            "opaque",
            json!({ "access_token_format": "opaque" }),
        ),
        client(
            "rs256",
            "rs256",
            json!({ "access_token_signed_response_alg": "RS256" }),
        ),
        client(
            "short_lived",
            "short-lived",
            json!({ "resources": [API], "access_token_lifetime": 2 }),
        ),
        client("guessed", "guessed", json!({})),
        client(
            "bearer",
            "bearer",
            json!({ "scope": "introspect read", "resources": [issuer, API] }),
        ),
    ]
}

/// Clients that take the passwords of users.
fn by_password() -> Vec<Client> {
    let both = ["password", "refresh_token"];
    vec![
        client(
            "password",
            "password",
            json!({
                "grant_types": ["password", "refresh_token", "client_credentials"],
                "resources": [API, OTHER_API],
            }),
        ),
        client(
            "other_password",
            "other-password",
            json!({ "grant_types": both, "resources": [API] }),
        ),
        client(
            "public_password",
            "public-password",
            json!({
                "token_endpoint_auth_method": "none",
                "grant_types": both,
                "resources": [API],
            }),
        ),
        client(
            "no_refresh_token",
            "no-refresh-token",
            json!({ "grant_types": ["password"], "resources": [API] }),
        ),
    ]
}

/// A client that sends its users to the authorization endpoint, with nothing special about it but these members.
fn web(role: &'static str, more: Value) -> Client {
    let client_id = role.replace('_', "-");
    let uri = |path: &str| json!([format!("https://{client_id}.example.com/{path}")]);
    let (role, mut members) = client(
        role,
        &client_id,
        json!({
            "scope": USER_SCOPE,
            "redirect_uris": uri("callback"),
            "post_logout_redirect_uris": uri("bye"),
            "resources": [API, OTHER_API],
        }),
    );
    if let Value::Object(more) = more {
        members.extend(more);
    }
    (role, members)
}

/// Clients that get codes, as RFC 9700 recommends.
fn by_code() -> Vec<Client> {
    vec![
        web(
            "web",
            json!({
                "redirect_uris": [
                    "https://web.example.com/callback",
                    "https://web.example.com/callback?from=judge&x=1%202",
                ],
                "post_logout_redirect_uris": [
                    "https://web.example.com/bye",
                    "https://web.example.com/bye?why=left",
                ],
            }),
        ),
        web("second", json!({ "id_token_signed_response_alg": "HS256" })),
        web("spa", json!({ "token_endpoint_auth_method": "none" })),
        web(
            "native",
            json!({
                "application_type": "native",
                "token_endpoint_auth_method": "none",
                "redirect_uris": ["http://127.0.0.1/callback"],
                "post_logout_redirect_uris": [],
            }),
        ),
        web("first_party", json!({ "skip_consent": true })),
        web("pairwise", json!({ "subject_type": "pairwise" })),
        web(
            "pairwise_other_sector",
            json!({ "subject_type": "pairwise" }),
        ),
        web(
            "es256_id_token",
            json!({ "id_token_signed_response_alg": "ES256" }),
        ),
        web(
            "signed_userinfo",
            json!({ "userinfo_signed_response_alg": "RS256" }),
        ),
        client(
            "short_idle",
            "short-idle",
            json!({
                "grant_types": ["password", "authorization_code", "refresh_token"],
                "redirect_uris": ["https://idle.example.com/callback"],
                "resources": [API],
                "refresh_token_idle_lifetime": 2,
            }),
        ),
    ]
}

/// Clients that leave out PKCE, or get tokens from the authorization endpoint.
fn with_other_responses() -> Vec<Client> {
    vec![
        web("optional_pkce", json!({ "require_pkce": false })),
        web(
            "implicit",
            json!({ "response_types": ["id_token", "id_token token", "token"] }),
        ),
        web(
            "hybrid",
            json!({
                "response_types": ["code", "code id_token", "code token", "code id_token token"],
                "require_pkce": false,
            }),
        ),
    ]
}

/// Every claim of OpenID Connect Core §5.1 but `sub`.
fn full_profile() -> Value {
    json!({
        "name": "Jane M. Judge",
        "given_name": "Jane",
        "family_name": "Judge",
        "middle_name": "Miriam",
        "nickname": "JJ",
        "preferred_username": "jane.judge",
        "profile": "https://judge.example.com/jane",
        "picture": "https://judge.example.com/jane.jpg",
        "website": "https://jane.example.com/",
        "gender": "female",
        "birthdate": "1970-01-31",
        "zoneinfo": "Europe/Zurich",
        "locale": "en-GB",
        "updated_at": 1_700_000_000,
        "email": "jane@judge.example.com",
        "email_verified": true,
        "address": {
            "formatted": "Courthouse 1\n3000 Bern",
            "street_address": "Courthouse 1",
            "locality": "Bern",
            "postal_code": "3000",
            "country": "CH",
        },
        "phone_number": "+41 31 555 01 23",
        "phone_number_verified": true,
    })
}

/// A client as the description of a target has it. `given` is what was asked for; `applied` is what became of it.
fn describe(given: &Map<String, Value>, applied: &Value) -> Map<String, Value> {
    let mut described = Map::new();
    let mut tell = |name: &str, value: &Value| {
        if !value.is_null() {
            described.insert(name.to_owned(), value.clone());
        }
    };
    // A secret that was given is not repeated; one that was drawn is told once.
    let secret = given.get("client_secret");
    tell("client_secret", secret.unwrap_or(&applied["client_secret"]));
    let any = json!("any");
    let method = given.get("token_endpoint_auth_method");
    tell("auth_method", method.unwrap_or(&any));
    let scopes = applied["scope"].as_str().unwrap_or_default().split(' ');
    tell("scopes", &json!(scopes.collect::<Vec<_>>()));
    for (name, member) in [
        ("lifetime_seconds", "access_token_lifetime"),
        ("idle_seconds", "refresh_token_idle_lifetime"),
    ] {
        tell(name, &applied[member]);
    }
    for name in [
        "client_id",
        "grant_types",
        "response_types",
        "resources",
        "redirect_uris",
        "post_logout_redirect_uris",
        "id_token_signed_response_alg",
        "userinfo_signed_response_alg",
    ] {
        tell(name, &applied[name]);
    }
    described
}
