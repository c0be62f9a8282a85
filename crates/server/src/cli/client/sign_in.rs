//! What a client wants of the authorization endpoint and of OpenID Connect, as `client add` and `client update` name it.
#![expect(
    clippy::doc_markdown,
    reason = "clap shows these comments as they stand"
)]

use clap::{Args, ValueEnum};
use countersign_core::{
    ApplicationType, ClientSettings, GrantType, IdTokenAlgorithm, RedirectUri, ResponseType,
    SigningAlgorithm, SubjectType,
};

use super::settings::{Member, Switch, replace, set};

/// The settings that are named on the command line; none and an empty list stand for those that are not.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Signing users in")]
pub(super) struct SignInArgs {
    /// Where users may be sent back to after signing in: https, or http on loopback; native clients may have a scheme of
    /// their own, such as com.example.app:/callback; may be given several times
    #[arg(long = "redirect-uri", value_name = "U")]
    pub(super) redirect_uris: Vec<RedirectUri>,
    /// Where users may be sent back to after signing out; may be given several times
    #[arg(long = "post-logout-redirect-uri", value_name = "U")]
    post_logout_redirect_uris: Vec<RedirectUri>,
    /// What kind of program it is: web or native [unless set: web]
    #[arg(long, value_name = "TYPE")]
    pub(super) application_type: Option<ApplicationType>,
    /// What it may ask for, such as 'code id_token'; may be given several times; anything but code lets it use the grant
    /// type implicit, too, if no --grant-type is named [unless set: code]
    #[arg(long = "response-type", value_name = "R")]
    pub(super) response_types: Vec<ResponseType>,
    /// Whether it must use PKCE; optional is for clients with a secret that cannot [unless set: required]
    #[arg(long, value_name = "required|optional", hide_possible_values = true)]
    pkce: Option<Pkce>,
    /// Whether its users are not asked if they agree: for your own applications [unless set: off]
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    skip_consent: Option<Switch>,
    /// How it gets to know its users: public, by the sub that all clients get, or pairwise, by one that nobody can compare
    /// with that of other clients [unless set: public]
    #[arg(long, value_name = "TYPE")]
    subject_type: Option<SubjectType>,
    /// A URL of which the host is shared by the clients that get the same pairwise sub [unless set: the host of its
    /// redirect URIs]
    #[arg(long, value_name = "URL")]
    sector_identifier_uri: Option<RedirectUri>,
    /// How its ID tokens are signed: RS256, ES256, PS256, EdDSA, ES384, or HS256, under its secret [unless set: RS256]
    #[arg(long, value_name = "ALG")]
    id_token_alg: Option<IdTokenAlgorithm>,
    /// How the answers of the userinfo endpoint are signed for it: ES256, ES384, RS256, PS256 or EdDSA [unless set: not
    /// at all]
    #[arg(long, value_name = "ALG")]
    userinfo_alg: Option<SigningAlgorithm>,
}

/// Whether proof key for code exchange is a must (RFC 7636).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Pkce {
    Required,
    Optional,
}

impl SignInArgs {
    /// Each member with its flag, and whether that is given.
    pub(super) fn members(&self) -> [Member; 10] {
        let of = Member::new;
        [
            of(
                "redirect_uris",
                "--redirect-uri",
                !self.redirect_uris.is_empty(),
            ),
            of(
                "post_logout_redirect_uris",
                "--post-logout-redirect-uri",
                !self.post_logout_redirect_uris.is_empty(),
            ),
            of(
                "application_type",
                "--application-type",
                self.application_type.is_some(),
            ),
            of(
                "response_types",
                "--response-type",
                !self.response_types.is_empty(),
            ),
            of("require_pkce", "--pkce", self.pkce.is_some()),
            of(
                "skip_consent",
                "--skip-consent",
                self.skip_consent.is_some(),
            ),
            of(
                "subject_type",
                "--subject-type",
                self.subject_type.is_some(),
            ),
            of(
                "sector_identifier_uri",
                "--sector-identifier-uri",
                self.sector_identifier_uri.is_some(),
            ),
            of(
                "id_token_signed_response_alg",
                "--id-token-alg",
                self.id_token_alg.is_some(),
            ),
            of(
                "userinfo_signed_response_alg",
                "--userinfo-alg",
                self.userinfo_alg.is_some(),
            ),
        ]
    }

    /// Replaces in `settings` what is named, lists as a whole; all else stays as it is.
    pub(super) fn apply_to(&self, settings: &mut ClientSettings) {
        replace(&mut settings.redirect_uris, &self.redirect_uris);
        replace(
            &mut settings.post_logout_redirect_uris,
            &self.post_logout_redirect_uris,
        );
        settings.application_type = self.application_type.unwrap_or(settings.application_type);
        replace(&mut settings.response_types, &self.response_types);
        if let Some(pkce) = self.pkce {
            settings.require_pkce = pkce == Pkce::Required;
        }
        if let Some(switch) = self.skip_consent {
            settings.skip_consent = switch == Switch::On;
        }
        settings.subject_type = self.subject_type.unwrap_or(settings.subject_type);
        set(
            &mut settings.sector_identifier_uri,
            self.sector_identifier_uri.clone(),
        );
        set(
            &mut settings.id_token_signed_response_alg,
            self.id_token_alg,
        );
        set(
            &mut settings.userinfo_signed_response_alg,
            self.userinfo_alg,
        );
    }
}

/// What a client may use about which nothing was said but this: enough for its response types (RFC 7591 §2.1), and no
/// more.
pub(super) fn default_grant_types(
    redirect_uris: &[RedirectUri],
    response_types: &[ResponseType],
) -> Vec<GrantType> {
    let without_code = |it: &ResponseType| !it.has_code();
    if !response_types.is_empty() && response_types.iter().all(without_code) {
        return vec![GrantType::Implicit];
    }
    let mut grant_types = ClientSettings::default_grant_types(redirect_uris);
    add_implicit(&mut grant_types, response_types);
    grant_types
}

/// Adds the grant type implicit if one of the response types needs it.
pub(super) fn add_implicit(grant_types: &mut Vec<GrantType>, response_types: &[ResponseType]) {
    let needed = response_types.iter().any(|it| *it != ResponseType::Code);
    if needed && !grant_types.contains(&GrantType::Implicit) {
        grant_types.push(GrantType::Implicit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grant_types_are_enough_for_the_response_types_and_no_more() {
        use GrantType::{AuthorizationCode, ClientCredentials, Implicit, RefreshToken};
        let uri = ["https://app.example/cb".parse().unwrap()];
        let cases: [(&[RedirectUri], &str, &[GrantType]); 6] = [
            (&[], "code", &[ClientCredentials]),
            (&uri, "", &[AuthorizationCode, RefreshToken]),
            (&uri, "code", &[AuthorizationCode, RefreshToken]),
            (
                &uri,
                "code,code id_token",
                &[AuthorizationCode, RefreshToken, Implicit],
            ),
            (
                &uri,
                "code,id_token",
                &[AuthorizationCode, RefreshToken, Implicit],
            ),
            (&uri, "id_token,id_token token", &[Implicit]),
        ];
        for (redirect_uris, response_types, expected) in cases {
            let named = response_types.split(',').filter(|name| !name.is_empty());
            let named: Vec<ResponseType> = named.map(|name| name.parse().unwrap()).collect();
            let found = default_grant_types(redirect_uris, &named);
            assert_eq!(found, expected, "{response_types}");
        }
    }
}
