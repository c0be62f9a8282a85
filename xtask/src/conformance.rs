//! `cargo xtask conformance`: the program judged by a suite that knows none of our crates.

use std::fs;

use serde::Serialize;

use crate::run::{ChoreError, cargo};
use crate::server::{self, Data};

/// The resources of the fixtures: one API, and another that must not see the tokens of the first.
const API: &str = "https://api.example.com";
const OTHER_API: &str = "https://other-api.example.com";

/// Duties that are broken on purpose. `docs/deviations.md` gives the reasons at length.
const DEVIATIONS: [(&str, &str); 2] = [
    (
        "RFC6749-05",
        "both raw and form-encoded Basic credentials are accepted, since real clients send both",
    ),
    (
        "RFC9700-14",
        "the password grant is offered to those clients whose own list has it",
    ),
];

/// Users that the suite needs: their role there, and their name here.
const USERS: [(&str, &str); 2] = [("primary", "judge-user"), ("guessed", "judge-guessed-user")];
const PASSWORD: &str = "a password of nobody";

/// A client that the suite needs: its role there, and the arguments of `client add` here.
struct Fixture<'issuer> {
    role: &'static str,
    client_id: &'static str,
    /// A secret of our choice; without one, it is drawn.
    secret: Option<&'static str>,
    auth_method: &'static str,
    grant_types: &'static [&'static str],
    scopes: &'static [&'static str],
    resources: Vec<&'issuer str>,
    lifetime_seconds: Option<u32>,
    idle_seconds: Option<u32>,
    arguments: &'static [&'static str],
}

impl Fixture<'_> {
    /// A client with nothing special about it.
    fn plain(role: &'static str, client_id: &'static str) -> Self {
        Self {
            role,
            client_id,
            secret: None,
            auth_method: "any",
            grant_types: &["client_credentials"],
            scopes: &["read", "write"],
            resources: Vec::new(),
            lifetime_seconds: None,
            idle_seconds: None,
            arguments: &[],
        }
    }
}

/// Every client that the suite needs.
fn fixtures(issuer: &str) -> Vec<Fixture<'_>> {
    let plain = Fixture::plain;
    vec![
        Fixture {
            resources: vec![API, OTHER_API],
            ..plain("primary", "primary")
        },
        Fixture {
            resources: vec![API, OTHER_API],
            arguments: &["--introspect", "own"],
            ..plain("secondary", "secondary")
        },
        Fixture {
            resources: vec![API],
            ..plain("resource_server", "api")
        },
        Fixture {
            resources: vec![OTHER_API],
            ..plain("other_resource_server", "other-api")
        },
        Fixture {
            secret: Some("s:e%42 c+r&et=\u{e9}"),
            ..plain("special", "a:b%41 c+d")
        },
        Fixture {
            auth_method: "client_secret_post",
            arguments: &["--auth-method", "client_secret_post"],
            ..plain("post_only", "post-only")
        },
        Fixture {
            auth_method: "client_secret_basic",
            arguments: &["--auth-method", "client_secret_basic"],
            ..plain("basic_only", "basic-only")
        },
        Fixture {
            grant_types: &["refresh_token"],
            ..plain("no_client_credentials", "no-client-credentials")
        },
        Fixture {
            auth_method: "none",
            grant_types: &["authorization_code"],
            arguments: &["--public", "--redirect-uri", "http://127.0.0.1/callback"],
            ..plain("public", "public")
        },
        Fixture {
            arguments: &["--access-token-format", "opaque"],
            ..plain("opaque", "opaque")
        },
        Fixture {
            arguments: &["--access-token-alg", "RS256"],
            ..plain("rs256", "rs256")
        },
        Fixture {
            resources: vec![API],
            lifetime_seconds: Some(2),
            ..plain("short_lived", "short-lived")
        },
        plain("guessed", "guessed"),
        Fixture {
            grant_types: &["password", "refresh_token", "client_credentials"],
            resources: vec![API, OTHER_API],
            ..plain("password", "password")
        },
        Fixture {
            grant_types: &["password", "refresh_token"],
            resources: vec![API],
            ..plain("other_password", "other-password")
        },
        Fixture {
            auth_method: "none",
            grant_types: &["password", "refresh_token"],
            resources: vec![API],
            arguments: &["--public"],
            ..plain("public_password", "public-password")
        },
        Fixture {
            grant_types: &["password"],
            resources: vec![API],
            ..plain("no_refresh_token", "no-refresh-token")
        },
        Fixture {
            grant_types: &["password", "refresh_token"],
            resources: vec![API],
            idle_seconds: Some(2),
            ..plain("short_idle", "short-idle")
        },
        Fixture {
            scopes: &["introspect", "read"],
            resources: vec![issuer, API],
            ..plain("bearer", "bearer")
        },
    ]
}

/// A client in the description of the target.
#[derive(Serialize)]
struct TargetClient<'issuer> {
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    auth_method: &'static str,
    grant_types: &'static [&'static str],
    scopes: &'static [&'static str],
    resources: &'issuer [&'issuer str],
    #[serde(skip_serializing_if = "Option::is_none")]
    lifetime_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_seconds: Option<u32>,
}

/// Starts the program as in production, adds the clients and users that the suite needs, and lets it judge.
pub(crate) fn judge(arguments: &[String]) -> Result<(), ChoreError> {
    server::build()?;
    let data = Data::new()?;
    let (inside, outside) = (server::free_address()?, server::free_address()?);
    // An issuer with a path, since that is what metadata and routes can get wrong.
    let issuer = format!("https://{outside}/tenant");
    let mut clients = toml::Table::new();
    for fixture in fixtures(&issuer) {
        let client = toml::Value::try_from(fixture.add(&data)?);
        let client = client.map_err(|error| ChoreError::Answer(error.to_string()))?;
        clients.insert(fixture.role.to_owned(), client);
    }
    let mut users = toml::Table::new();
    for (role, username) in USERS {
        data.run(&["user", "add", username, "--password-stdin"], PASSWORD)?;
        let mut user = toml::Table::new();
        user.insert("username".into(), username.into());
        user.insert("password".into(), PASSWORD.into());
        users.insert(role.into(), user.into());
    }
    let _server = data.serve(&inside, &issuer)?;
    let certificate = data.path().join("front.pem");
    let _front = server::tls_front(&outside, &inside, &certificate)?;

    let mut target = toml::Table::new();
    target.insert("issuer".into(), issuer.as_str().into());
    target.insert("ca_file".into(), certificate.display().to_string().into());
    target.insert("bearer_endpoint".into(), bearer_endpoint(&issuer).into());
    target.insert("throttled".into(), true.into());
    target.insert("clients".into(), clients.into());
    target.insert("users".into(), users.into());
    let deviations = DEVIATIONS.map(|(id, reason)| (id.to_owned(), reason.into()));
    target.insert(
        "deviations".into(),
        toml::Table::from_iter(deviations).into(),
    );
    let file = data.path().join("target.toml");
    fs::write(&file, target.to_string()).map_err(ChoreError::io(file.display().to_string()))?;

    let file = file.display().to_string();
    let mut words = vec![
        "run",
        "-p",
        "countersign-conformance",
        "--",
        "run",
        "--target",
        &file,
    ];
    words.extend(arguments.iter().map(String::as_str));
    cargo(&words)
}

/// The introspection endpoint takes bearer tokens (RFC 7662 §2.1): the protected resource that RFC 6750 needs.
fn bearer_endpoint(issuer: &str) -> toml::Table {
    let mut endpoint = toml::Table::new();
    endpoint.insert("url".into(), format!("{issuer}/oauth2/introspect").into());
    endpoint.insert("resource".into(), issuer.into());
    endpoint.insert("scope".into(), "introspect".into());
    endpoint.insert("insufficient_scope".into(), "read".into());
    let form = [(
        "token".to_owned(),
        toml::Value::from("a-token-that-is-none"),
    )];
    endpoint.insert("form".into(), toml::Table::from_iter(form).into());
    endpoint
}

impl Fixture<'_> {
    /// Adds the client with `client add`.
    fn add(&self, data: &Data) -> Result<TargetClient<'_>, ChoreError> {
        let lifetime = self.lifetime_seconds.map(|seconds| seconds.to_string());
        let idle = self.idle_seconds.map(|seconds| seconds.to_string());
        let mut words = vec!["client", "add", self.client_id];
        for (flag, values) in [
            ("--grant-type", self.grant_types),
            ("--scope", self.scopes),
            ("--resource", &self.resources),
        ] {
            words.extend(values.iter().flat_map(|value| [flag, *value]));
        }
        words.extend(
            lifetime
                .iter()
                .flat_map(|it| ["--access-token-lifetime", it]),
        );
        words.extend(idle.iter().flat_map(|it| ["--refresh-idle-lifetime", it]));
        words.extend(self.arguments);
        if self.secret.is_some() {
            words.push("--secret-stdin");
        }
        let added = data.run(&words, self.secret.unwrap_or_default())?;
        let drawn = added["client_secret"].as_str().map(str::to_owned);
        Ok(TargetClient {
            client_id: self.client_id.to_owned(),
            client_secret: self.secret.map(str::to_owned).or(drawn),
            auth_method: self.auth_method,
            grant_types: self.grant_types,
            scopes: self.scopes,
            resources: &self.resources,
            lifetime_seconds: self.lifetime_seconds,
            idle_seconds: self.idle_seconds,
        })
    }
}
