//! `cargo xtask conformance`: the program judged by a suite that knows none of our crates.

use std::fs;

use serde_json::{Value, json};

use crate::fixtures::Fixtures;
use crate::run::{ChoreError, cargo, command, show};
use crate::server::{self, Data};

/// Duties that are broken on purpose. `docs/deviations.md` gives the reasons at length.
const DEVIATIONS: [(&str, &str); 1] = [(
    "RFC6749-05",
    "both raw and form-encoded Basic credentials are accepted, since real clients send both",
)];

/// Duties that are broken where more is offered than RFC 9700 recommends.
const DEVIATIONS_UNLESS_STRICT: [(&str, &str); 1] = [(
    "RFC9700-14",
    "the password grant is offered to those clients whose own list has it",
)];

/// Seconds for which a code lives, so that the suite can wait for its end.
const CODE_LIFETIME: u32 = 5;

/// How the program is set up to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instance {
    /// With all that it offers.
    Full,
    /// With what RFC 9700 recommends and nothing else: `strict = true`.
    Strict,
}

/// Has both instances judged: the full one by everything, the strict one by the best current practice.
pub(crate) fn judge_both() -> Result<(), ChoreError> {
    Instance::Full.judge(&[])?;
    Instance::Strict.judge(&["--profile".to_owned(), "bcp".to_owned()])
}

impl Instance {
    /// Starts the program as in production, adds the clients and users that the suite needs, and has it judged.
    pub(crate) fn judge(self, arguments: &[String]) -> Result<(), ChoreError> {
        server::build()?;
        let data = Data::new()?;
        let (inside, outside) = (server::free_address()?, server::free_address()?);
        // An issuer with a path, since that is what metadata and routes can get wrong.
        let issuer = format!("https://{outside}/tenant");
        let fixtures = match self {
            Self::Full => Fixtures::all(&issuer),
            Self::Strict => Fixtures::recommended(&issuer),
        };
        let mut clients = fixtures.apply_clients(&data)?;
        clients.insert("private_key".into(), add_client_with_key(&data)?);
        let users = fixtures.add_users(&data)?;
        let strict = (self == Self::Strict).to_string();
        let lifetime = CODE_LIFETIME.to_string();
        let variables = [
            ("COUNTERSIGN_STRICT", &*strict),
            ("COUNTERSIGN_LIFETIMES__AUTHORIZATION_CODE", &*lifetime),
        ];
        let _server = data.serve(&inside, &issuer, &variables)?;
        let certificate = data.path().join("front.pem");
        let _front = server::tls_front(&outside, &inside, &certificate)?;

        let mut target = toml::Table::new();
        target.insert("issuer".into(), issuer.as_str().into());
        target.insert("ca_file".into(), certificate.display().to_string().into());
        target.insert("bearer_endpoint".into(), bearer_endpoint(&issuer).into());
        target.insert("throttled".into(), true.into());
        target.insert("code_lifetime_seconds".into(), CODE_LIFETIME.into());
        target.insert("clients".into(), clients.into());
        target.insert("users".into(), users.into());
        target.insert("deviations".into(), self.deviations().into());
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

    fn deviations(self) -> toml::Table {
        let more = match self {
            Self::Full => &DEVIATIONS_UNLESS_STRICT[..],
            Self::Strict => &[],
        };
        let all = DEVIATIONS.iter().chain(more);
        all.map(|(id, reason)| ((*id).to_owned(), (*reason).into()))
            .collect()
    }
}

/// Adds a client that authenticates with a key, as an operator does who was given its public part, and describes it as a
/// target does.
fn add_client_with_key(data: &Data) -> Result<toml::Value, ChoreError> {
    let path = |name: &str| data.path().join(name).display().to_string();
    let (private, public) = (path("judge-key.pem"), path("judge-jwks.json"));
    let kid = make_key(&private, &public)?;
    let words = [
        &["client", "add", "private-key", "--scope", "read write"][..],
        &["--auth-method", "private_key_jwt", "--jwks", &public],
    ];
    data.run(&words.concat(), "")?;
    let described = json!({
        "client_id": "private-key",
        "auth_method": "private_key_jwt",
        "key": { "file": private, "kid": kid },
        "scopes": ["read", "write"],
    });
    toml::Value::try_from(described).map_err(|error| ChoreError::Answer(error.to_string()))
}

/// Makes a key with the suite: the private part goes to one file, the public part to another. Its `kid` is returned.
fn make_key(private: &str, public: &str) -> Result<Value, ChoreError> {
    let suite = ["run", "-q", "-p", "countersign-conformance", "--"];
    let mut command = command(env!("CARGO"), &[&suite[..], &["key", private]].concat());
    let shown = show(&command);
    let output = command.output().map_err(ChoreError::io(&shown))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        return Err(ChoreError::Failed(format!("{shown}: {told}")));
    }
    fs::write(public, &output.stdout).map_err(ChoreError::io(public))?;
    let set: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| ChoreError::Answer(format!("{shown}: {error}")))?;
    Ok(set["keys"][0]["kid"].clone())
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
