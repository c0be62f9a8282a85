//! The classic profile: access and refresh tokens as JWTs signed with HS256 (RULES D1).
//!
//! Whoever checks such a token by itself holds the secret that makes one. So of what comes back, only the id is believed: client,
//! user and scope are read again from the grant on which every one of these tokens stands.

use countersign_core::{
    Client, ClientSettings, CurrentRefresh, Grant, KeyId, ResourceUri, Secret, TokenId,
    TokenProfile,
};
use countersign_jose::access_token::AccessTokenClaims;
use countersign_jose::classic::{self, AccessTokenKey, RefreshTokenClaims};
use countersign_jose::digest::sha256;
use countersign_jose::refresh_token::RefreshToken;
use countersign_protocol::{ErrorCode, ErrorResponse};

use crate::Provider;
use crate::mint::failed;
use crate::settings::{ClassicCid, ClassicSettings};

/// What the access tokens of one client say beside what all of them do.
#[derive(Clone)]
pub(crate) struct Classic {
    cid: String,
    names_issuer: bool,
}

impl Classic {
    pub(crate) fn of(client: &Client, settings: &ClassicSettings) -> Self {
        let name = match settings.cid {
            ClassicCid::Id => None,
            ClassicCid::Name => client.settings.client_name.clone(),
        };
        Self {
            cid: name.unwrap_or_else(|| client.client_id.to_string()),
            names_issuer: settings.iss,
        }
    }

    /// What of the client goes into `cid`.
    pub(crate) fn into_cid(self) -> String {
        self.cid
    }

    pub(crate) fn sign(
        &self,
        key: &AccessTokenKey,
        claims: &AccessTokenClaims,
    ) -> Result<String, ErrorResponse> {
        let claims = self.in_classic_words(claims)?;
        classic::sign_access_token(key, &claims).map_err(|error| failed(&error))
    }

    /// Whether a token with these claims can be made.
    pub(crate) fn check(
        &self,
        key: &AccessTokenKey,
        claims: &AccessTokenClaims,
    ) -> Result<(), ErrorResponse> {
        let claims = self.in_classic_words(claims)?;
        classic::check_access_token_signable(key, &claims).map_err(|error| failed(&error))
    }

    fn in_classic_words(
        &self,
        claims: &AccessTokenClaims,
    ) -> Result<classic::AccessTokenClaims, ErrorResponse> {
        // RULES D1: "An HS256 key belongs to one resource or one classic mount."
        let aud = match &claims.aud[..] {
            [one] if *one == claims.iss => None,
            [one] => Some(one.clone()),
            _ => {
                return Err(ErrorResponse::new(
                    ErrorCode::InvalidTarget,
                    "a classic token is for one resource; name one",
                ));
            }
        };
        Ok(classic::AccessTokenClaims {
            cid: self.cid.clone(),
            scope: claims.scope.clone().unwrap_or_default(),
            // RULES A6: no client has the name of a user.
            sub: (claims.sub != claims.client_id).then(|| claims.sub.clone()),
            aud,
            iss: self.names_issuer.then(|| claims.iss.clone()),
            exp: claims.exp,
            nbf: claims.iat,
            iat: claims.iat,
            jti: claims.jti.clone(),
            further: claims.further.clone(),
        })
    }
}

/// The randomness of the id of the access token that is issued with a new refresh token. It follows from the refresh token, whose
/// nonce nobody can find out from it: the refresh token names this id, and must be the same text when it is told again.
pub(crate) fn id_beside(refresh: &CurrentRefresh) -> [u8; 12] {
    let label = b"countersign classic access token id";
    let digest = sha256(&[&label[..], &refresh.nonce].concat());
    let mut drawn = [0; 12];
    drawn.copy_from_slice(&digest[..12]);
    drawn
}

impl Provider {
    /// Which members the tokens of a client have.
    pub(crate) fn profile_of(&self, client: &Client) -> TokenProfile {
        let ClientSettings {
            token_profile,
            access_token_format,
            access_token_signed_response_alg,
            ..
        } = &client.settings;
        // A client that says how its tokens look cannot mean classic ones.
        let says_how = access_token_format.is_some() || access_token_signed_response_alg.is_some();
        match token_profile {
            Some(profile) => *profile,
            None if says_how => TokenProfile::Standard,
            None => self.settings.token_profile,
        }
    }

    /// The secret with which classic access tokens for `audience` are signed and checked: the text whose ASCII bytes are the HMAC
    /// key; without an audience, that of the tokens that name none. Of the key in use, or of `key`; none if there is no such
    /// key, or none in use yet.
    ///
    /// Whoever has it can make tokens for that audience (RULES D1).
    #[must_use]
    pub fn classic_secret(
        &self,
        key: Option<&KeyId>,
        audience: Option<&ResourceUri>,
    ) -> Option<Secret<String>> {
        let ring = self.keys.at(self.clock.now());
        let key = match key {
            Some(id) => ring.classic_by_id(id)?,
            None => ring.classic()?,
        };
        Some(key.shared_secret(audience.map(ResourceUri::as_str)))
    }

    /// Seconds for which the access tokens of a client are good.
    pub(crate) fn access_token_lifetime(&self, client: &Client) -> u32 {
        let of_server = match self.profile_of(client) {
            TokenProfile::Standard => self.settings.access_token_lifetime,
            TokenProfile::Classic => self.settings.classic.access_token_lifetime,
        };
        client.settings.access_token_lifetime.unwrap_or(of_server)
    }

    /// The classic text of the refresh token that is current for a grant: derived, never stored (RULES R1).
    pub(crate) fn derive_classic_refresh_token(
        &self,
        client: &Client,
        grant: &Grant,
        current: &CurrentRefresh,
    ) -> Option<Secret<String>> {
        let ring = self.keys.at(self.clock.now());
        let key = ring.classic_refresh_by_id(&current.key)?;
        let id = TokenId::from_parts(grant.id, grant.client_epoch, id_beside(current));
        let user_id = grant.user.map(|user| self.subject(client, user.id));
        let claims = RefreshTokenClaims {
            client_id: client.client_id.to_string(),
            access_token_id: id.to_string(),
            token: RefreshToken {
                grant: grant.id,
                generation: current.generation.number(),
                issued_at: current.used_at,
                nonce: current.nonce,
            },
            scope: grant.scope.clone(),
            user_id: user_id.transpose().ok()?,
            expire_time: grant.lifetime.end(current.used_at),
        };
        let written = classic::write_refresh_token(key, &claims);
        written.map(|(text, _)| text).ok()
    }
}
