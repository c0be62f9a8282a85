//! Signing in at the wazo dialect: a password, or a refresh token.

use std::sync::Arc;

use countersign_core::wazo::{AccessList, AccessPattern, AppId, RefreshToken, Session};
use countersign_core::{AuthMethod, ClientSettings, NewClient, Secret, User};
use countersign_protocol::{ErrorCode, ErrorResponse};
use countersign_storage::{CreateClient, FoundRefreshToken, LogIn, LogInLimits, LoginBasis};

use super::token::Kind;
use super::{CLIENT_ID, Purpose, Refusal, TokenInfo, Wazo};
use crate::authenticate::SignInName;
use crate::directory::KnownClient;
use crate::keys::SecretOf;
use crate::{Origin, audit};

/// The most refresh tokens of one user, each for another program: they do not expire.
const MAX_REFRESH_TOKENS: u32 = 1_000;

/// How many bytes of what a program calls itself are kept.
const MAX_USER_AGENT: usize = 512;

/// Seconds for which a token is good: 1 to ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiration(u32);

impl Expiration {
    /// The most seconds.
    pub const MAX: u32 = 315_360_000;

    /// So many seconds, if a token may live so long.
    #[must_use]
    pub fn new(seconds: i64) -> Option<Self> {
        let seconds = u32::try_from(seconds).ok()?;
        (1..=Self::MAX).contains(&seconds).then_some(Self(seconds))
    }
}

/// What somebody proves to be somebody with.
#[derive(Debug)]
pub enum Proof {
    /// A username, or a verified e-mail address, and the password.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: Secret<String>,
        /// The program that is to have a refresh token; none if none is wanted.
        offline: Option<AppId>,
    },
    /// A refresh token, and the program to which it was issued.
    RefreshToken {
        /// The token.
        token: Secret<String>,
        /// The program.
        app: AppId,
    },
}

/// Somebody wants a token.
#[derive(Debug)]
pub struct SignIn {
    /// Who.
    pub proof: Proof,
    /// For how long; without it, as configured.
    pub expiration: Option<Expiration>,
    /// Whether the program says that it runs on a phone.
    pub mobile: bool,
    /// What the program calls itself.
    pub user_agent: String,
}

/// Who has proved what.
struct Proven {
    user: User,
    app: Option<AppId>,
    basis: LoginBasis,
    /// The token of [`LoginBasis::Offline`], should it become the one that is kept.
    drawn: Option<Secret<String>>,
}

impl Wazo<'_> {
    /// Signs somebody in.
    pub async fn sign_in(&self, request: SignIn, origin: Origin) -> Result<TokenInfo, Refusal> {
        let client = self.client().await?;
        let proven = match &request.proof {
            Proof::Password {
                username,
                password,
                offline,
            } => {
                let name = SignInName::UsernameOrEmail(username);
                let signed_in = self
                    .provider
                    .sign_in(name, password, &client.client, origin);
                let user = signed_in.await.map_err(refused)?.into_user();
                match offline {
                    Some(app) => self.offline(user, app, request.mobile, &client)?,
                    None => Proven {
                        user,
                        app: None,
                        basis: LoginBasis::Password,
                        drawn: None,
                    },
                }
            }
            Proof::RefreshToken { token, app } => {
                let proven = self.by_refresh_token(token, app).await;
                proven.inspect_err(|refusal| {
                    if let Refusal::AuthenticationFailed = refusal {
                        audit::sign_in_refused(None, &client.client.client_id, origin);
                    }
                })?
            }
        };
        self.log_in(proven, &request, &client, origin).await
    }

    /// A refresh token for this user and program, should there be none yet.
    fn offline(
        &self,
        user: User,
        app: &AppId,
        mobile: bool,
        client: &KnownClient,
    ) -> Result<Proven, Refusal> {
        let provider = self.provider;
        let now = provider.clock.now();
        let id = provider.ids.next(now, &*provider.random);
        let drawn = self.draw();
        let of = SecretOf::WazoRefreshToken(id);
        let token = RefreshToken {
            id,
            token_hash: self
                .hash(Kind::Refresh, &drawn)?
                .ok_or(Refusal::AuthenticationFailed)?,
            sealed: provider.keys.seal_secret(of, &drawn, &*provider.random),
            client: client.client.id,
            client_epoch: client.client.epoch,
            user: user.id,
            user_epoch: user.epoch,
            app: app.clone(),
            mobile,
            created_at: now,
        };
        Ok(Proven {
            user,
            app: Some(app.clone()),
            basis: LoginBasis::Offline(token),
            drawn: Some(drawn),
        })
    }

    /// The user of a refresh token. Whatever is wrong with it, nobody is told what.
    async fn by_refresh_token(
        &self,
        token: &Secret<String>,
        app: &AppId,
    ) -> Result<Proven, Refusal> {
        let hash = self.hash(Kind::Refresh, token)?;
        let hash = hash.ok_or(Refusal::AuthenticationFailed)?;
        let found = self.provider.store.find_wazo_refresh_token(&hash).await?;
        let is_of_app = |found: &FoundRefreshToken| found.token.app == *app;
        let found = found
            .filter(is_of_app)
            .ok_or(Refusal::AuthenticationFailed)?;
        let user = found.live_user().ok_or(Refusal::AuthenticationFailed)?;
        Ok(Proven {
            user: user.clone(),
            app: Some(app.clone()),
            basis: LoginBasis::RefreshToken(hash),
            drawn: None,
        })
    }

    async fn log_in(
        &self,
        proven: Proven,
        request: &SignIn,
        client: &KnownClient,
        origin: Origin,
    ) -> Result<TokenInfo, Refusal> {
        let provider = self.provider;
        let Proven {
            user,
            app,
            basis,
            drawn,
        } = proven;
        let acl = self.access_of(&user).await?;
        let token = self.draw();
        let now = provider.clock.now();
        let lifetime = request
            .expiration
            .map_or(self.settings.access_token_lifetime, |it| it.0);
        let session = Session {
            id: provider.ids.next(now, &*provider.random),
            token_hash: self
                .hash(Kind::Access, &token)?
                .ok_or(Refusal::AuthenticationFailed)?,
            client: client.client.id,
            client_epoch: client.client.epoch,
            user: user.id,
            user_epoch: user.epoch,
            acl,
            mobile: request.mobile,
            issued_at: now,
            expires_at: now.plus(lifetime.into()),
            app,
            remote_addr: origin.address.map_or_else(String::new, |it| it.to_string()),
            user_agent: shortened(&request.user_agent),
        };
        let most = self.settings.max_sessions;
        let limits = LogInLimits {
            sessions: (Purpose::of(&user) != Purpose::Internal).then_some(most),
            refresh_tokens: MAX_REFRESH_TOKENS,
        };
        match provider
            .store
            .log_in(session.clone(), basis, limits)
            .await?
        {
            LogIn::Done { refresh } => {
                audit::signed_in(user.id, &client.client.client_id, origin);
                let refresh_token = match refresh {
                    Some(kept) => Some(self.told_again(&kept, drawn)?),
                    None => None,
                };
                Ok(TokenInfo {
                    token,
                    session,
                    user,
                    refresh_token,
                })
            }
            LogIn::TooMany => Err(Refusal::TooManySessions(most)),
            LogIn::TooManyRefreshTokens => Err(Refusal::TooManyRefreshTokens(MAX_REFRESH_TOKENS)),
            LogIn::UserEnded | LogIn::RefreshTokenEnded => Err(Refusal::AuthenticationFailed),
            LogIn::ClientEnded => {
                provider.directory.forget(&client.client.client_id);
                Err(Refusal::Unavailable(ErrorResponse::new(
                    ErrorCode::TemporarilyUnavailable,
                    "everything that was issued here was ended a moment ago; try again",
                )))
            }
        }
    }

    /// The refresh token that a program has: what was sealed when it was issued.
    fn told_again(
        &self,
        kept: &RefreshToken,
        drawn: Option<Secret<String>>,
    ) -> Result<Secret<String>, Refusal> {
        if let Some(drawn) = drawn
            && self.hash(Kind::Refresh, &drawn)? == Some(kept.token_hash)
        {
            return Ok(drawn);
        }
        let of = SecretOf::WazoRefreshToken(kept.id);
        let opened = self.provider.keys.open_secret(of, &kept.sealed);
        let text = opened.and_then(|bytes| String::from_utf8(bytes.expose().clone()).ok());
        text.map(Secret::new).ok_or_else(|| {
            tracing::error!(refresh_token = %kept.id, "a sealed refresh token does not open");
            Refusal::Unavailable(ErrorResponse::new(
                ErrorCode::ServerError,
                "the refresh token cannot be told again; delete it and sign in anew",
            ))
        })
    }

    /// What a new token of `user` gives access to: what everybody has, and the policies of the user.
    async fn access_of(&self, user: &User) -> Result<AccessList, Refusal> {
        let policies = self.provider.store.policies_of(user.id).await?;
        let given = policies.iter().flat_map(|policy| policy.acl.iter());
        let all: AccessList = self
            .settings
            .default_acl
            .iter()
            .chain(given)
            .cloned()
            .collect();
        AccessList::try_from(Vec::<AccessPattern>::from(all)).map_err(|_| Refusal::TooManyPatterns)
    }

    /// The client that stands for the mount. It is made when it is first needed: it has no secret and may use no grant type,
    /// so it can do nothing anywhere else.
    pub(super) async fn client(&self) -> Result<Arc<KnownClient>, Refusal> {
        let provider = self.provider;
        let known = || async {
            provider
                .known_client(CLIENT_ID)
                .await
                .map_err(Refusal::Unavailable)
        };
        if let Some(client) = known().await? {
            return Ok(client);
        }
        let now = provider.clock.now();
        let client_id = CLIENT_ID.parse().expect("the id is printable ASCII");
        let new = NewClient {
            id: provider.ids.next(now, &*provider.random),
            client_id,
            secrets: Vec::new(),
            settings: ClientSettings {
                client_name: Some("the wazo dialect".into()),
                response_types: Vec::new(),
                token_endpoint_auth_method: Some(AuthMethod::None),
                ..ClientSettings::new(Vec::new())
            },
            created_at: now,
        };
        match provider.store.create_client(new).await? {
            CreateClient::Created(_) | CreateClient::ClientIdTaken => {}
            CreateClient::ClientIdIsSubject => return Err(Refusal::AuthenticationFailed),
        }
        let known = known().await?;
        known.ok_or_else(|| {
            Refusal::Unavailable(ErrorResponse::new(
                ErrorCode::TemporarilyUnavailable,
                "the client that stands for this dialect was removed a moment ago; try again",
            ))
        })
    }
}

/// At most so many bytes of a text, cut between characters, of those that can be seen.
fn shortened(text: &str) -> String {
    let seen = text[..text.floor_char_boundary(MAX_USER_AGENT)].chars();
    seen.filter(|it| !it.is_control()).collect()
}

/// What a refused sign-in becomes here.
pub(super) fn refused(error: ErrorResponse) -> Refusal {
    match (error.error, error.status(), error.retry_after) {
        (ErrorCode::InvalidGrant, ..) => Refusal::AuthenticationFailed,
        (_, 429, Some(seconds)) => Refusal::SlowDown { seconds },
        _ => Refusal::Unavailable(error),
    }
}
