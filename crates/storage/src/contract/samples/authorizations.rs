//! Grants that came through the authorization endpoint, and their codes.

use countersign_core::{
    Authorization, AuthorizationFacts, Client, Grant, IssuedCode, RequestedClaims, Session,
    Timestamp, User,
};

use super::grants::bytes;
use super::{NOW, grant};

/// A code that was issued at [`NOW`] and that nobody has redeemed.
fn code() -> IssuedCode {
    IssuedCode {
        nonce: bytes(),
        expires_at: NOW.plus(60),
        redeemed_at: None,
    }
}

/// What the authorization endpoint knows of a grant that ends with `session`, with a code that nobody has redeemed.
#[must_use]
pub fn authorization(session: &Session) -> Authorization {
    Authorization {
        session: session.id,
        ends_with_session: true,
        facts: AuthorizationFacts {
            auth_time: session.auth_time,
            acr: None,
            amr: session.amr.clone(),
            nonce: None,
            claims: RequestedClaims::default(),
            redirect_uri: None,
            code_challenge: None,
        },
        code: Some(code()),
    }
}

/// A grant of `client` by `user` that ends with `session`, and that came by a code which was redeemed at [`NOW`].
#[must_use]
pub fn grant_in(client: &Client, user: &User, session: &Session) -> Grant {
    let redeemed = IssuedCode {
        redeemed_at: Some(NOW),
        ..code()
    };
    Grant {
        authorization: Some(Authorization {
            code: Some(redeemed),
            ..authorization(session)
        }),
        ..grant(client, user)
    }
}

/// A grant of `client` by `user` that ends with `session`, with a code that nobody has redeemed.
#[must_use]
pub fn coded_grant(client: &Client, user: &User, session: &Session) -> Grant {
    Grant {
        refresh: None,
        authorization: Some(authorization(session)),
        ..grant(client, user)
    }
}

/// Authorizations whose fields take, between them, both ends of every range, nothing where there may be nothing, and odd
/// texts.
#[must_use]
pub fn varied_authorizations(session: &Session) -> Vec<Authorization> {
    let mut authorizations = Vec::new();
    let mut add = |change: &dyn Fn(&mut Authorization)| {
        let mut authorization = authorization(session);
        change(&mut authorization);
        authorizations.push(authorization);
    };
    add(&|_| ());
    add(&|it| it.ends_with_session = false);
    add(&|it| it.code = None);
    for nonce in [[0; 16], [0xff; 16]] {
        add(&|it| it.code = Some(IssuedCode { nonce, ..code() }));
    }
    for seconds in [0, 253_402_300_799] {
        let at = Timestamp::from_seconds(seconds);
        add(&|it| it.facts.auth_time = at);
        add(&|it| {
            it.code = Some(IssuedCode {
                redeemed_at: Some(at),
                ..code()
            });
        });
    }
    let odd = "'\"\\,[ \u{1f511}\0";
    add(&|it| it.facts.acr = Some(odd.into()));
    add(&|it| it.facts.acr = Some(String::new()));
    add(&|it| it.facts.amr = Vec::new());
    add(&|it| it.facts.amr = vec!["pwd".into(), odd.into()]);
    add(&|it| it.facts.nonce = Some(odd.into()));
    add(&|it| it.facts.nonce = Some("x".repeat(2_048)));
    add(&|it| {
        it.facts.claims.userinfo = ["email", odd].map(Into::into).into();
        it.facts.claims.id_token = [String::new()].into();
    });
    add(&|it| {
        let uri = "https://app.example.com/cb?a='%22";
        it.facts.redirect_uri = Some(uri.parse().expect("a sample is a redirect URI"));
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        it.facts.code_challenge = Some(challenge.parse().expect("a sample is a challenge"));
    });
    authorizations
}
