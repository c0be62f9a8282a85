//! What a client may do, as `client add` and `client update` name it.
#![expect(
    clippy::doc_markdown,
    reason = "clap shows these comments as they stand"
)]

use clap::{Args, ValueEnum};
use countersign_core::{
    AccessTokenFormat, AuthMethod, ClientSettings, GrantType, IntrospectionReach, RedirectUri,
    ResourceUri, Scope, SigningAlgorithm,
};

use crate::cli::duration;
use crate::output::object;

/// The members of [`ClientSettings`], under the names of RFC 7591 and our own.
pub(super) const MEMBERS: [&str; 15] = [
    "grant_types",
    "scope",
    "default_scope",
    "resources",
    "redirect_uris",
    "post_logout_redirect_uris",
    "token_endpoint_auth_method",
    "introspect",
    "access_token_format",
    "access_token_signed_response_alg",
    "access_token_lifetime",
    "refresh_token_rotation",
    "refresh_token_retry_window",
    "refresh_token_lifetime",
    "refresh_token_idle_lifetime",
];

/// The settings that are named on the command line; none and an empty list stand for those that are not.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub(super) struct SettingsArgs {
    /// A grant type that the client may use: client_credentials, authorization_code, refresh_token or password [unless
    /// set: client_credentials; with redirect URIs, authorization_code and refresh_token]
    #[arg(long = "grant-type", value_name = "G")]
    grant_types: Vec<GrantType>,
    /// A scope that the client may ask for; several may be given at once, separated by spaces
    #[arg(long = "scope", value_name = "S")]
    scopes: Vec<Scope>,
    /// A scope that it gets when it asks for none [unless set: all of its scopes that need no user]
    #[arg(long = "default-scope", value_name = "S")]
    default_scopes: Vec<Scope>,
    /// A resource that it may ask tokens for, and for which it may introspect them; the first is the default audience
    #[arg(long = "resource", value_name = "URI")]
    resources: Vec<ResourceUri>,
    /// Where users may be sent back to after signing in
    #[arg(long = "redirect-uri", value_name = "U")]
    redirect_uris: Vec<RedirectUri>,
    /// Where users may be sent back to after signing out
    #[arg(long = "post-logout-redirect-uri", value_name = "U")]
    post_logout_redirect_uris: Vec<RedirectUri>,
    /// The only way in which it may authenticate: client_secret_basic or client_secret_post [unless set: either]
    #[arg(long, value_name = "M")]
    auth_method: Option<AuthMethod>,
    /// Which tokens it may introspect: own, audience or any [unless set: audience]
    #[arg(long, value_name = "REACH")]
    introspect: Option<IntrospectionReach>,
    /// What its access tokens look like: jwt or opaque [unless set: as the server says]
    #[arg(long, value_name = "FORMAT")]
    access_token_format: Option<AccessTokenFormat>,
    /// How its access tokens are signed: ES256, ES384, RS256, PS256 or EdDSA [unless set: as the server says]
    #[arg(long, value_name = "ALG")]
    access_token_alg: Option<SigningAlgorithm>,
    /// How long its access tokens are good, up to a day, such as 600, 15m or 1h [unless set: as the server says]
    #[arg(long, value_name = "SECONDS", value_parser = duration::seconds)]
    access_token_lifetime: Option<u32>,
    /// Whether each use of a refresh token gives a new one and ends the old one [unless set: on]
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    refresh_rotation: Option<Switch>,
    /// How long the refresh token before the current one may be tried again, up to 10m; 0 for never [unless set: as the
    /// server says]
    #[arg(long, value_name = "SECONDS", value_parser = duration::seconds)]
    refresh_retry_window: Option<u32>,
    /// How long what a user has granted lasts, whatever happens, such as 90d [unless set: as the server says]
    #[arg(long, value_name = "SECONDS", value_parser = duration::seconds)]
    refresh_lifetime: Option<u32>,
    /// How long a refresh token may lie unused, such as 14d [unless set: as the server says]
    #[arg(long, value_name = "SECONDS", value_parser = duration::seconds)]
    refresh_idle_lifetime: Option<u32>,
}

/// What can be switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl SettingsArgs {
    /// The settings of a new client.
    pub(super) fn for_new_client(&self) -> ClientSettings {
        let mut settings =
            ClientSettings::new(ClientSettings::default_grant_types(&self.redirect_uris));
        self.apply_to(&mut settings);
        settings
    }

    /// The members that are named.
    pub(super) fn named(&self) -> impl Iterator<Item = &'static str> {
        let named: [bool; MEMBERS.len()] = [
            !self.grant_types.is_empty(),
            !self.scopes.is_empty(),
            !self.default_scopes.is_empty(),
            !self.resources.is_empty(),
            !self.redirect_uris.is_empty(),
            !self.post_logout_redirect_uris.is_empty(),
            self.auth_method.is_some(),
            self.introspect.is_some(),
            self.access_token_format.is_some(),
            self.access_token_alg.is_some(),
            self.access_token_lifetime.is_some(),
            self.refresh_rotation.is_some(),
            self.refresh_retry_window.is_some(),
            self.refresh_lifetime.is_some(),
            self.refresh_idle_lifetime.is_some(),
        ];
        let members = MEMBERS.into_iter().zip(named);
        members.filter_map(|(member, named)| named.then_some(member))
    }

    /// Replaces in `settings` what is named, lists as a whole; all else stays as it is.
    pub(super) fn apply_to(&self, settings: &mut ClientSettings) {
        replace(&mut settings.grant_types, &self.grant_types);
        if let Some(scope) = union(&self.scopes) {
            settings.scope = scope;
        }
        set(&mut settings.default_scope, union(&self.default_scopes));
        replace(&mut settings.resources, &self.resources);
        replace(&mut settings.redirect_uris, &self.redirect_uris);
        replace(
            &mut settings.post_logout_redirect_uris,
            &self.post_logout_redirect_uris,
        );
        set(&mut settings.token_endpoint_auth_method, self.auth_method);
        settings.introspect = self.introspect.unwrap_or(settings.introspect);
        set(&mut settings.access_token_format, self.access_token_format);
        set(
            &mut settings.access_token_signed_response_alg,
            self.access_token_alg,
        );
        set(
            &mut settings.access_token_lifetime,
            self.access_token_lifetime,
        );
        if let Some(switch) = self.refresh_rotation {
            settings.refresh_token_rotation = switch == Switch::On;
        }
        set(
            &mut settings.refresh_token_retry_window,
            self.refresh_retry_window,
        );
        set(&mut settings.refresh_token_lifetime, self.refresh_lifetime);
        set(
            &mut settings.refresh_token_idle_lifetime,
            self.refresh_idle_lifetime,
        );
    }
}

fn replace<T: Clone>(list: &mut Vec<T>, given: &[T]) {
    if !given.is_empty() {
        *list = given.to_vec();
    }
}

fn set<T>(setting: &mut Option<T>, given: Option<T>) {
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

    use super::*;

    /// Settings in which everything is said. A new setting breaks this, so that it finds its way into [`MEMBERS`].
    fn full() -> ClientSettings {
        ClientSettings {
            grant_types: GrantType::ALL.to_vec(),
            scope: "read write".parse().unwrap(),
            default_scope: "read".parse().ok(),
            resources: vec!["urn:a".parse().unwrap()],
            redirect_uris: vec!["https://app.example/cb".parse().unwrap()],
            post_logout_redirect_uris: vec!["https://app.example/bye".parse().unwrap()],
            token_endpoint_auth_method: Some(AuthMethod::ClientSecretPost),
            introspect: IntrospectionReach::Any,
            access_token_format: Some(AccessTokenFormat::Opaque),
            access_token_signed_response_alg: Some(SigningAlgorithm::Es384),
            access_token_lifetime: Some(60),
            refresh_token_rotation: false,
            refresh_token_retry_window: Some(0),
            refresh_token_lifetime: Some(1_000),
            refresh_token_idle_lifetime: Some(100),
        }
    }

    #[test]
    fn every_member_is_known() {
        let written = object(&full());
        let written: BTreeSet<&str> = written.keys().map(String::as_str).collect();
        assert_eq!(written, MEMBERS.into());
    }

    #[test]
    fn each_member_can_be_unset() {
        let mut settings = full();
        for member in MEMBERS.into_iter().filter(|name| *name != "grant_types") {
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
}
