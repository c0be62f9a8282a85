//! Kinds of clients: what people know about their application, and what follows from it.

use clap::ValueEnum;
use countersign_core::{ApplicationType, AuthMethod, ClientSettings, GrantType, Scope};

use super::settings::SettingsArgs;
use super::sign_in::default_grant_types;
use crate::output::Failure;

/// What kind of application a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Runs on a server and signs users in: it has a secret or, with --jwks, a key, and gets codes and refresh tokens
    Web,
    /// Runs in a browser and signs users in: the same without a secret, and with PKCE
    Spa,
    /// Is installed where its users are, and signs them in: the same, with redirect URIs of a scheme of its own or on
    /// loopback
    Native,
    /// Has no users: it gets tokens for itself by its secret or, with --jwks, its key
    Service,
}

/// What newcomers expect of an application that signs users in.
const SCOPE: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// What is said about a new client.
pub(super) struct Said<'args> {
    pub(super) settings: &'args SettingsArgs,
    /// `--public`.
    pub(super) public: bool,
    /// `--secret-stdin`.
    pub(super) given_secret: bool,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Spa => "spa",
            Self::Native => "native",
            Self::Service => "service",
        }
    }

    const fn is_public(self) -> bool {
        matches!(self, Self::Spa | Self::Native)
    }

    const fn application_type(self) -> ApplicationType {
        match self {
            Self::Native => ApplicationType::Native,
            Self::Web | Self::Spa | Self::Service => ApplicationType::Web,
        }
    }

    const fn redirect_uri(self) -> &'static str {
        match self {
            Self::Native => "http://127.0.0.1/callback or com.example.app:/callback",
            Self::Web | Self::Spa | Self::Service => "https://app.example.com/callback",
        }
    }

    /// The settings of a new client of this kind; what is said besides wins.
    pub(super) fn settings(self, said: &Said<'_>) -> Result<ClientSettings, Failure> {
        if let Some(contradiction) = self.contradiction(said) {
            return Err(Failure::usage(format!(
                "--kind {} {contradiction}",
                self.name()
            )));
        }
        let args = said.settings;
        let sign_in = &args.sign_in;
        let grant_types = default_grant_types(&sign_in.redirect_uris, &sign_in.response_types);
        let mut settings = ClientSettings::new(grant_types);
        settings.application_type = self.application_type();
        settings.token_endpoint_auth_method = self.is_public().then_some(AuthMethod::None);
        args.apply_to(&mut settings);
        if self != Self::Service && args.scopes.is_empty() {
            settings.scope = default_scope(&settings)?;
        }
        Ok(settings)
    }

    /// What is said and cannot be of a client of this kind, and what to do about it.
    fn contradiction(self, said: &Said<'_>) -> Option<String> {
        let args = said.settings;
        let no_secret = |flag| {
            format!(
                "has neither a secret nor a key, since whoever runs it could read that: leave out {flag}, or choose \
                 --kind web"
            )
        };
        let has_secret = |flag| {
            format!("has a secret or a key: leave out {flag}, or choose --kind spa or native")
        };
        let without = args.auth_method == Some(AuthMethod::None);
        if self.is_public() {
            if args.auth_method.is_some() && !without {
                return Some(no_secret("--auth-method"));
            }
            if said.given_secret {
                return Some(no_secret("--secret-stdin"));
            }
            if let Some(flag) = args.keys.flag() {
                return Some(no_secret(flag));
            }
        } else if said.public {
            return Some(has_secret("--public"));
        } else if without {
            return Some(has_secret("--auth-method none"));
        }
        let found = |searched: &[GrantType]| {
            let mut given = args.grant_types.iter();
            given.find(|it| searched.contains(it)).copied()
        };
        let signing_in = found(&[GrantType::AuthorizationCode, GrantType::Implicit]);
        if self == Self::Service {
            let mut flags = args.sign_in.members().into_iter();
            let flag = flags
                .find(|member| member.given)
                .map(|it| it.flag.to_owned());
            let flag = flag.or(signing_in.map(|it| format!("--grant-type {}", it.name())))?;
            return Some(format!(
                "signs no users in: leave out {flag}, or choose --kind web, spa or native"
            ));
        }
        if !args.grant_types.is_empty() && signing_in.is_none() {
            return Some(
                "signs users in: add --grant-type authorization_code, leave out --grant-type, or choose --kind service"
                    .to_owned(),
            );
        }
        let other = args.sign_in.application_type;
        if let Some(other) = other.filter(|other| *other != self.application_type()) {
            return Some(format!(
                "is no {other} application: leave out --application-type, or choose --kind {other}"
            ));
        }
        args.sign_in.redirect_uris.is_empty().then(|| {
            format!(
                "needs --redirect-uri, where users are sent back to after signing in, such as {}",
                self.redirect_uri()
            )
        })
    }
}

/// What a client that signs users in may ask for where nothing is said.
fn default_scope(settings: &ClientSettings) -> Result<Scope, Failure> {
    let refreshes = settings.grant_types.contains(&GrantType::RefreshToken);
    let scope: Vec<&str> = SCOPE
        .into_iter()
        .filter(|name| refreshes || *name != "offline_access")
        .collect();
    let scope = scope.join(" ").parse();
    scope.map_err(|error| Failure::new("internal", error))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// What `client add` takes besides the id.
    #[derive(Parser)]
    struct Command {
        #[arg(long)]
        kind: Kind,
        #[arg(long)]
        public: bool,
        #[arg(long)]
        secret_stdin: bool,
        #[command(flatten)]
        settings: SettingsArgs,
    }

    fn settings(arguments: &str) -> Result<ClientSettings, Failure> {
        let arguments = arguments.replace("URI", "--redirect-uri https://a.example/");
        let command =
            Command::parse_from(["add", "--kind"].into_iter().chain(arguments.split(' ')));
        command.kind.settings(&Said {
            settings: &command.settings,
            public: command.public,
            given_secret: command.secret_stdin,
        })
    }

    /// The kind and what is said; grant types, scope, whether it is public, whether it is native.
    type Case = (&'static str, &'static str, &'static str, bool, bool);

    #[test]
    fn what_is_not_said_follows_from_the_kind_and_what_is_said_wins() {
        let cases: [Case; 13] = [
            (
                "web URI",
                "authorization_code refresh_token",
                "openid profile email offline_access",
                false,
                false,
            ),
            (
                "spa URI",
                "authorization_code refresh_token",
                "openid profile email offline_access",
                true,
                false,
            ),
            (
                "native --redirect-uri com.example.app:/cb",
                "authorization_code refresh_token",
                "openid profile email offline_access",
                true,
                true,
            ),
            ("service", "client_credentials", "", false, false),
            ("service --scope a", "client_credentials", "a", false, false),
            (
                "service --grant-type password",
                "password",
                "",
                false,
                false,
            ),
            (
                "web URI --scope openid",
                "authorization_code refresh_token",
                "openid",
                false,
                false,
            ),
            (
                "web URI --grant-type authorization_code",
                "authorization_code",
                "openid profile email",
                false,
                false,
            ),
            (
                "web URI --response-type id_token",
                "implicit",
                "openid profile email",
                false,
                false,
            ),
            (
                "web URI --response-type=code --response-type=token",
                "authorization_code refresh_token implicit",
                "openid profile email offline_access",
                false,
                false,
            ),
            (
                "web URI --auth-method client_secret_post --secret-stdin",
                "authorization_code refresh_token",
                "openid profile email offline_access",
                false,
                false,
            ),
            (
                "spa URI --public --auth-method none --application-type web",
                "authorization_code refresh_token",
                "openid profile email offline_access",
                true,
                false,
            ),
            (
                "native --redirect-uri http://127.0.0.1/cb --application-type native --pkce required",
                "authorization_code refresh_token",
                "openid profile email offline_access",
                true,
                true,
            ),
        ];
        for (arguments, grant_types, scope, public, native) in cases {
            let settings = settings(arguments).unwrap();
            let names: Vec<&str> = settings.grant_types.iter().map(|it| it.name()).collect();
            assert_eq!(names.join(" "), grant_types, "{arguments}");
            assert_eq!(settings.scope, scope.parse().unwrap(), "{arguments}");
            assert_eq!(settings.is_public(), public, "{arguments}");
            let is_native = settings.application_type == ApplicationType::Native;
            assert_eq!(is_native, native, "{arguments}");
            assert!(settings.require_pkce, "{arguments}");
            assert_eq!(settings.check(), Ok(()), "{arguments}");
        }
    }

    #[test]
    fn a_key_goes_with_every_kind_that_runs_on_a_server() {
        for arguments in [
            "service --jwks-uri https://a.example/jwks",
            "web URI --jwks-uri https://a.example/jwks",
            "web URI --auth-method private_key_jwt --jwks-uri https://a.example/jwks",
        ] {
            let settings = settings(arguments).unwrap();
            let method = settings.token_endpoint_auth_method;
            assert_eq!(method, Some(AuthMethod::PrivateKeyJwt), "{arguments}");
            assert_eq!(settings.check(), Ok(()), "{arguments}");
        }
    }

    #[test]
    fn what_contradicts_the_kind_is_told_with_what_to_do() {
        for (arguments, expected) in [
            ("web", "--kind web needs --redirect-uri, "),
            ("spa", "--kind spa needs --redirect-uri, "),
            ("native", "com.example.app:/callback"),
            (
                "web URI --public",
                "leave out --public, or choose --kind spa",
            ),
            ("web URI --auth-method none", "leave out --auth-method none"),
            ("service --public", "leave out --public"),
            (
                "spa URI --auth-method client_secret_basic",
                "leave out --auth-method, or choose --kind web",
            ),
            ("native URI --secret-stdin", "leave out --secret-stdin"),
            ("spa URI --jwks keys.json", "leave out --jwks, or choose"),
            (
                "native URI --jwks-uri https://a.example/jwks",
                "leave out --jwks-uri, or choose --kind web",
            ),
            (
                "web URI --application-type native",
                "leave out --application-type, or choose --kind native",
            ),
            ("native URI --application-type web", "or choose --kind web"),
            (
                "web URI --grant-type client_credentials",
                "add --grant-type authorization_code",
            ),
            ("spa URI --grant-type password", "or choose --kind service"),
            (
                "service URI",
                "leave out --redirect-uri, or choose --kind web",
            ),
            ("service --pkce optional", "leave out --pkce"),
            ("service --id-token-alg ES256", "leave out --id-token-alg"),
            (
                "service --grant-type client_credentials --grant-type implicit",
                "leave out --grant-type implicit",
            ),
        ] {
            let told = format!("{:?}", settings(arguments).unwrap_err());
            assert!(told.contains(expected), "{arguments}: {told}");
            assert!(told.contains("usage"), "{arguments}: {told}");
        }
    }
}
