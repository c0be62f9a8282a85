//! `cargo xtask conformance`: the program judged by a suite that knows none of our crates.

use std::fs;

use crate::fixtures::Fixtures;
use crate::run::{ChoreError, cargo};
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
        let clients = fixtures.apply_clients(&data)?;
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
