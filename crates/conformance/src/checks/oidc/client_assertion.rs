//! OpenID Connect Core §9: clients that prove with a key who they are (RFC 7523).

use serde_json::Value;

use crate::assertion::Signer;
use crate::check::checks;
use crate::finding::Verdict;
use crate::judge::Judge;
use crate::jwt::{Jwt, now, unsigned, with_broken_signature};
use crate::role::Role;

checks! {
    "OIDC-Core-48" "9" Must [OidcBasic]
        "A client assertion is taken if iss, sub, aud, jti, exp and signature are right, and else not"
        => validates_the_assertion;
    "OIDC-Core-49" "9" Should [OidcBasic]
        "A client assertion is taken once" => takes_it_once;
}

const NOT_AUTHENTICATED: [u16; 2] = [401, 400];

/// An assertion that proves nothing, and what is wrong with it.
type Wrong = (&'static str, String);

/// Assertions with one thing wrong each. `other` is the id of another client.
fn wrong_ones(signer: &Signer, other: &str) -> Vec<Wrong> {
    let with = |altered: &[(&str, Value)]| {
        let mut claims = signer.claims();
        claims.extend(
            altered
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        signer.sign(&claims)
    };
    let without = |name: &str| {
        let mut claims = signer.claims();
        claims.remove(name);
        signer.sign(&claims)
    };
    let long_ago = now() - 3600;
    let mut wrong = vec![
        (
            "whose iss is another client",
            with(&[("iss", other.into())]),
        ),
        ("without iss", without("iss")),
        (
            "whose sub is another client",
            with(&[("sub", other.into())]),
        ),
        ("without sub", without("sub")),
        (
            "of another client, signed with a key that is not its",
            with(&[("iss", other.into()), ("sub", other.into())]),
        ),
        (
            "for another server",
            with(&[("aud", "https://elsewhere.example/".into())]),
        ),
        ("without aud", without("aud")),
        ("without jti", without("jti")),
        (
            "that expired an hour ago",
            with(&[("exp", long_ago.into())]),
        ),
        ("without exp", without("exp")),
        (
            "with another signature",
            with_broken_signature(&signer.assertion()),
        ),
        (
            "signed with the key that it brings along",
            signer.with_a_key_of_nobody().assertion(),
        ),
    ];
    let right = signer.assertion();
    wrong.extend(Jwt::read(&right).map(|jwt| ("with alg none", unsigned(&right, &jwt))));
    wrong
}

async fn validates_the_assertion(judge: &Judge) -> Verdict {
    let client = judge.client(Role::PrivateKey)?;
    let signer = judge.signer()?;
    let other = judge.client(Role::Primary);
    let other = other.map_or("no-such-client-4711", |client| client.client_id());
    for (what, assertion) in wrong_ones(signer, other) {
        // What is refused next is refused for what is wrong with it, and not because the client is locked out.
        judge.issue(client, &[]).await?;
        let answer = judge.token(&client.with_assertion(&assertion), &[]).await?;
        let when = format!("an assertion {what}");
        answer.refused(&NOT_AUTHENTICATED, &["invalid_client"], &when)?;
    }
    Ok(())
}

async fn takes_it_once(judge: &Judge) -> Verdict {
    let client = judge.client(Role::PrivateKey)?;
    let client = client.with_assertion(&judge.signer()?.assertion());
    judge.issue(&client, &[]).await?;
    let answer = judge.token(&client, &[]).await?;
    let when = "an assertion that was used before";
    answer.refused(&NOT_AUTHENTICATED, &["invalid_client"], when)
}
