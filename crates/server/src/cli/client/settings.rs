//! What a client may do, as `client add` and `client update` name it.
#![expect(
    clippy::doc_markdown,
    reason = "clap shows these comments as they stand"
)]

use clap::{Args, ValueEnum};
use countersign_core::{
    AuthMethod, ClientSettings, GrantType, IntrospectionReach, ResourceUri, Scope,
};

use super::keys::KeyArgs;
use super::sign_in::{SignInArgs, add_implicit};
use super::tokens::TokenArgs;
use crate::output::{Failure, object};

/// A member of [`ClientSettings`], under the name of RFC 7591 or our own, and the flag that sets it.
pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) flag: &'static str,
    /// Whether the flag is given.
    pub(super) given: bool,
}

impl Member {
    pub(super) const fn new(name: &'static str, flag: &'static str, given: bool) -> Self {
        Self { name, flag, given }
    }
}

/// The member about which something must be said.
pub(super) const GRANT_TYPES: &str = "grant_types";

/// The names of all members.
pub(super) fn member_names() -> impl Iterator<Item = &'static str> {
    SettingsArgs::default()
        .members()
        .into_iter()
        .map(|member| member.name)
}

/// The settings that are named on the command line; none and an empty list stand for those that are not.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub(super) struct SettingsArgs {
    /// What people are shown as its name [unless set: its id]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A grant type that the client may use: client_credentials, authorization_code, refresh_token, password or implicit
    /// [unless set: client_credentials; with redirect URIs, authorization_code and refresh_token]
    #[arg(long = "grant-type", value_name = "G")]
    pub(super) grant_types: Vec<GrantType>,
    /// A scope that the client may ask for; several may be given at once, separated by spaces
    #[arg(long = "scope", value_name = "S")]
    pub(super) scopes: Vec<Scope>,
    /// A scope that it gets when it asks for none [unless set: all of its scopes that need no user]
    #[arg(long = "default-scope", value_name = "S")]
    default_scopes: Vec<Scope>,
    /// A resource that it may ask tokens for, and for which it may introspect them; the first is the default audience
    #[arg(long = "resource", value_name = "URI")]
    resources: Vec<ResourceUri>,
    /// The only way in which it may authenticate: client_secret_basic, client_secret_post, client_secret_jwt or
    /// private_key_jwt, as far as the server offers it [unless set: either of the first two; with keys, the last]
    #[arg(long, value_name = "M")]
    pub(super) auth_method: Option<AuthMethod>,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    /// Which tokens it may introspect: own, audience or any [unless set: audience]
    #[arg(long, value_name = "REACH")]
    introspect: Option<IntrospectionReach>,
    #[command(flatten)]
    pub(super) sign_in: SignInArgs,
    #[command(flatten)]
    tokens: TokenArgs,
}

/// What can be switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Switch {
    On,
    Off,
}

impl SettingsArgs {
    /// Each member with its flag, and whether that is given.
    pub(super) fn members(&self) -> Vec<Member> {
        let of = Member::new;
        let own = [
            of("client_name", "--name", self.name.is_some()),
            of(GRANT_TYPES, "--grant-type", !self.grant_types.is_empty()),
            of("scope", "--scope", !self.scopes.is_empty()),
            of(
                "default_scope",
                "--default-scope",
                !self.default_scopes.is_empty(),
            ),
            of("resources", "--resource", !self.resources.is_empty()),
            of(
                "token_endpoint_auth_method",
                "--auth-method",
                self.auth_method.is_some(),
            ),
            of("introspect", "--introspect", self.introspect.is_some()),
        ];
        own.into_iter()
            .chain(self.keys.members())
            .chain(self.sign_in.members())
            .chain(self.tokens.members())
            .collect()
    }

    /// Reads what lies in files.
    pub(super) fn read_files(&mut self) -> Result<(), Failure> {
        self.keys.read(self.auth_method)
    }

    /// Replaces in `settings` what is named, lists as a whole; all else stays as it is. The files were read before.
    pub(super) fn apply_to(&self, settings: &mut ClientSettings) {
        set(&mut settings.client_name, self.name.clone());
        add_implicit(&mut settings.grant_types, &self.sign_in.response_types);
        replace(&mut settings.grant_types, &self.grant_types);
        if let Some(scope) = union(&self.scopes) {
            settings.scope = scope;
        }
        set(&mut settings.default_scope, union(&self.default_scopes));
        replace(&mut settings.resources, &self.resources);
        set(&mut settings.token_endpoint_auth_method, self.auth_method);
        self.keys.apply_to(settings);
        settings.introspect = self.introspect.unwrap_or(settings.introspect);
        self.sign_in.apply_to(settings);
        self.tokens.apply_to(settings);
    }
}

pub(super) fn replace<T: Clone>(list: &mut Vec<T>, given: &[T]) {
    if !given.is_empty() {
        *list = given.to_vec();
    }
}

pub(super) fn set<T>(setting: &mut Option<T>, given: Option<T>) {
    if given.is_some() {
        *setting = given;
    }
}

/// All of the scopes as one; none if none was named.
fn union(scopes: &[Scope]) -> Option<Scope> {
    let tokens = scopes.iter().flat_map(Scope::iter).cloned();
    (!scopes.is_empty()).then(|| tokens.collect())
}

/// Makes a member of `settings` what it is where nothing is said about it.
pub(super) fn unset(settings: &mut ClientSettings, member: &str) {
    let mut members = object(settings);
    members.remove(member);
    *settings = serde_json::from_value(members.into())
        .expect("each member but grant_types may be missing, and that one cannot be unset");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Parser;
    use countersign_core::{
        AccessTokenFormat, ApplicationType, IdTokenAlgorithm, ResponseType, SigningAlgorithm,
        SubjectType, TokenProfile,
    };

    use super::*;

    /// Settings in which everything is said. A new setting breaks this, so that it finds its way to the command line.
    fn full() -> ClientSettings {
        ClientSettings {
            client_name: Some("The App".into()),
            application_type: ApplicationType::Native,
            grant_types: GrantType::ALL.to_vec(),
            response_types: ResponseType::ALL.to_vec(),
            require_pkce: false,
            skip_consent: true,
            subject_type: SubjectType::Pairwise,
            sector_identifier_uri: "https://app.example/".parse().ok(),
            id_token_signed_response_alg: Some(IdTokenAlgorithm::Hs256),
            userinfo_signed_response_alg: Some(SigningAlgorithm::Es256),
            scope: "read write".parse().unwrap(),
            default_scope: "read".parse().ok(),
            resources: vec!["urn:a".parse().unwrap()],
            redirect_uris: vec!["https://app.example/cb".parse().unwrap()],
            post_logout_redirect_uris: vec!["https://app.example/bye".parse().unwrap()],
            token_endpoint_auth_method: Some(AuthMethod::PrivateKeyJwt),
            jwks: r#"{"keys":[{"kty":"OKP"}]}"#.parse().ok(),
            jwks_uri: "https://app.example/jwks.json".parse().ok(),
            introspect: IntrospectionReach::Any,
            token_profile: Some(TokenProfile::Classic),
            access_token_format: Some(AccessTokenFormat::Opaque),
            access_token_signed_response_alg: Some(SigningAlgorithm::Es384),
            access_token_lifetime: Some(60),
            refresh_token_rotation: false,
            refresh_token_retry_window: Some(0),
            refresh_token_lifetime: Some(1_000),
            refresh_token_idle_lifetime: Some(100),
        }
    }

    /// A command that takes settings.
    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        settings: SettingsArgs,
    }

    #[test]
    fn every_member_is_known() {
        let written = object(&full());
        let written: BTreeSet<&str> = written.keys().map(String::as_str).collect();
        assert_eq!(written, member_names().collect());
    }

    #[test]
    fn each_member_can_be_unset() {
        let mut settings = full();
        for member in member_names().filter(|name| *name != GRANT_TYPES) {
            unset(&mut settings, member);
        }
        assert_eq!(settings, ClientSettings::new(GrantType::ALL.to_vec()));
    }

    #[test]
    fn what_is_not_named_stays_as_it_is() {
        let mut settings = full();
        SettingsArgs::default().apply_to(&mut settings);
        assert_eq!(settings, full());
    }

    /// Each flag sets the member that it is said to set, and no other one.
    #[test]
    fn each_member_has_its_flag() {
        let full = object(&full());
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("jwks.json");
        std::fs::write(&keys, full["jwks"].to_string()).unwrap();
        for member in SettingsArgs::default().members() {
            let values = match &full[member.name] {
                serde_json::Value::Array(list) => list.clone(),
                one => vec![one.clone()],
            };
            let text = |value: serde_json::Value| match (member.name, value) {
                ("require_pkce", _) => String::from("optional"),
                ("skip_consent", _) => String::from("on"),
                ("refresh_token_rotation", _) => String::from("off"),
                ("jwks", _) => keys.display().to_string(),
                (_, serde_json::Value::String(text)) => text,
                (_, other) => other.to_string(),
            };
            let flags = values
                .into_iter()
                .flat_map(|value| [member.flag.to_owned(), text(value)]);
            let command = std::iter::once("command".to_owned()).chain(flags);
            let mut args = Command::parse_from(command).settings;
            args.read_files().unwrap();
            let given = args.members().into_iter().filter(|member| member.given);
            let given: Vec<&str> = given.map(|member| member.name).collect();
            assert_eq!(given, [member.name]);

            let mut settings = ClientSettings::new(vec![GrantType::Implicit]);
            let before = object(&settings);
            args.apply_to(&mut settings);
            // Keys are there for one method.
            let brings = member.flag.starts_with("--jwks");
            let brought = |name: &str| brings && name == "token_endpoint_auth_method";
            for (name, value) in object(&settings) {
                let is_set = name == member.name || brought(&name);
                let expected = if is_set { &full } else { &before };
                assert_eq!(Some(&value), expected.get(&name), "{}", member.flag);
            }
        }
    }

    #[test]
    fn a_response_type_brings_its_grant_type_unless_those_are_named() {
        use GrantType::{AuthorizationCode, Implicit, RefreshToken};
        let cases: [(&str, &[GrantType]); 4] = [
            ("--response-type=code", &[AuthorizationCode]),
            (
                "--response-type=code id_token",
                &[AuthorizationCode, Implicit],
            ),
            (
                "--response-type=code --response-type=id_token",
                &[AuthorizationCode, Implicit],
            ),
            (
                "--response-type=token --grant-type=refresh_token",
                &[RefreshToken],
            ),
        ];
        for (arguments, expected) in cases {
            let words = arguments.split(" --").map(|it| it.trim_start_matches("--"));
            let words = words.map(|word| format!("--{word}"));
            let command = std::iter::once("command".to_owned()).chain(words);
            let mut settings = ClientSettings::new(vec![AuthorizationCode]);
            Command::parse_from(command)
                .settings
                .apply_to(&mut settings);
            assert_eq!(settings.grant_types, expected, "{arguments}");
        }
    }
}
