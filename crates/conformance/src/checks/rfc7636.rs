//! RFC 7636: proof key for code exchange.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::authorization::{Code, Request};
use crate::browser::Stop;
use crate::check::checks;
use crate::client::Client;
use crate::finding::{Finding, Verdict};
use crate::http::Answer;
use crate::judge::{Endpoint, Judge};
use crate::random::{fresh, s256};
use crate::role::Role;

checks! {
    "RFC7636-01" "4.1" Should [Pkce]
        "A verifier has 43 to 128 characters, of letters, digits and -._~" => verifier_length;
    "RFC7636-02" "4.2" Must [Pkce, Bcp]
        "The method S256 works" => s256_works;
    "RFC7636-03" "4.3" Must [Pkce]
        "A challenge without a method is a plain one, or is refused" => absent_method_is_plain;
    "RFC7636-04" "4.4" Must [Pkce]
        "A code is tied to its challenge, and does not tell it" => tied_and_not_told;
    "RFC7636-05" "4.4.1" Must [Pkce]
        "Where a challenge is demanded, a request without one gets invalid_request"
        => missing_challenge;
    "RFC7636-06" "4.4.1" Must [Pkce]
        "An unknown challenge method gets invalid_request" => unknown_method;
    "RFC7636-07" "4.5" Must [Pkce]
        "A code that was asked for with a challenge is not redeemed without a verifier"
        => missing_verifier;
    "RFC7636-08" "4.6" Must [Pkce]
        "A wrong verifier gets invalid_grant" => wrong_verifier;
    "RFC7636-09" "4.6" Must [Pkce]
        "S256 is the base64url of the SHA-256, without padding" => vector_of_the_standard;
    "RFC7636-10" "7.2" Should [Pkce, Bcp]
        "The method plain is neither offered nor taken" => no_plain;
}

/// A client without a secret, which stands or falls with PKCE; or else a confidential one.
pub(in crate::checks) fn pkce_client(judge: &Judge) -> Result<&Client, Finding> {
    judge
        .code_client(Role::Spa)
        .or_else(|_| judge.code_client(Role::Web))
}

/// What comes of a code that this request brings, if it brings one; else the refusal.
enum Redeemed {
    /// The authorization endpoint said no already.
    Refused,
    Answer(Box<Answer>),
}

/// Asks with the request, and redeems with this verifier what comes of it.
async fn ask_and_redeem(
    judge: &Judge,
    client: &Client,
    request: &Request,
    verifier: &str,
) -> Result<Redeemed, Finding> {
    let response = judge.browser().allow(request).await?.response;
    if response.error().is_some() {
        response.refused(&["invalid_request"], "a challenge that is not taken")?;
        return Ok(Redeemed::Refused);
    }
    let form = request
        .redemption(response.code()?)
        .without("code_verifier");
    let form = form.also("code_verifier", verifier);
    let answer = judge.redeem(client, &form).await?;
    Ok(Redeemed::Answer(Box::new(answer)))
}

async fn verifier_length(judge: &Judge) -> Verdict {
    let client = pkce_client(judge)?;
    let refused = [
        ("a".repeat(42), "42 characters"),
        ("a".repeat(129), "129 characters"),
        (format!("{} +", "a".repeat(43)), "a space and a plus sign"),
        (
            format!("{}\u{e9}", "a".repeat(43)),
            "a letter that is not ASCII",
        ),
    ];
    for (verifier, what) in &refused {
        let request = Judge::request(client).with_verifier(verifier);
        if let Redeemed::Answer(answer) = ask_and_redeem(judge, client, &request, verifier).await? {
            let errors = ["invalid_request", "invalid_grant"];
            answer.refused(&[400], &errors, &format!("a verifier with {what}"))?;
        }
    }
    for verifier in ["a".repeat(43), "-._~".repeat(32)] {
        let request = Judge::request(client).with_verifier(&verifier);
        judge.sign_in(client, &request).await?;
    }
    Ok(())
}

async fn s256_works(judge: &Judge) -> Verdict {
    let client = pkce_client(judge)?;
    judge.sign_in(client, &Judge::request(client)).await?;
    Ok(())
}

/// Whether the metadata names the challenge method.
fn offers(judge: &Judge, method: &str) -> bool {
    let metadata = judge.metadata();
    metadata.is_ok_and(|metadata| metadata.lists("code_challenge_methods_supported", method))
}

async fn absent_method_is_plain(judge: &Judge) -> Verdict {
    let client = pkce_client(judge)?;
    let verifier = fresh();
    let silent = Judge::request(client).without("code_challenge_method");
    let hashed = silent.clone().with("code_challenge", &s256(&verifier));
    if let Redeemed::Answer(answer) = ask_and_redeem(judge, client, &hashed, &verifier).await? {
        let when = "a hashed challenge without its method";
        answer.refused(&[400], &["invalid_grant", "invalid_request"], when)?;
    }
    let plain = silent.with("code_challenge", &verifier);
    match ask_and_redeem(judge, client, &plain, &verifier).await? {
        Redeemed::Answer(answer) => answer.demand(
            answer.status == 200,
            "a challenge without a method that was taken: it is a plain one",
        ),
        Redeemed::Refused if offers(judge, "plain") => Err(Finding::failed(
            "a challenge without a method is taken as a plain one, which is advertised",
            "it is refused",
        )),
        Redeemed::Refused => Ok(()),
    }
}

/// Whether the code holds the text: as it is, or under base64.
fn holds(code: &str, text: &[u8]) -> bool {
    let decoded = code.split(['.', '_']).chain([code]).flat_map(|part| {
        let url_safe = URL_SAFE_NO_PAD.decode(part.trim_end_matches('='));
        let standard = STANDARD_NO_PAD.decode(part.trim_end_matches('='));
        [url_safe, standard].into_iter().flatten()
    });
    let forms = decoded.chain([code.as_bytes().to_vec()]);
    forms
        .into_iter()
        .any(|bytes| bytes.windows(text.len()).any(|window| window == text))
}

async fn tied_and_not_told(judge: &Judge) -> Verdict {
    let client = pkce_client(judge)?;
    let mut browser = judge.browser();
    let first = browser.code(&Judge::request(client)).await?;
    let second = browser.code(&Judge::request(client)).await?;
    for Code {
        request,
        code,
        response,
    } in [&first, &second]
    {
        let challenge = request.get("code_challenge").unwrap_or_default();
        let hash = URL_SAFE_NO_PAD.decode(challenge).unwrap_or_default();
        let told = holds(code, challenge.as_bytes()) || holds(code, &hash);
        response.demand(!told, "a code that does not hold the challenge")?;
    }
    let verifier = second.request.verifier.clone().unwrap_or_default();
    let swapped = first.redemption().with("code_verifier", &verifier);
    let when = "a code with the verifier of another code";
    judge.code_is_refused(client, &swapped, when).await?;
    let own = judge.redeem(client, &second.redemption()).await?;
    own.demand(own.status == 200, "a code with its own verifier: 200")
}

async fn missing_challenge(judge: &Judge) -> Verdict {
    let client = judge.code_client(Role::Spa)?;
    let request = Judge::request(client).without_pkce();
    let response = judge.browser().allow(&request).await?.response;
    response.refused(
        &["invalid_request"],
        "a public client without code_challenge",
    )
}

async fn unknown_method(judge: &Judge) -> Verdict {
    let client = pkce_client(judge)?;
    for method in ["S512", "s256", "none"] {
        let request = Judge::request(client).with("code_challenge_method", method);
        let response = judge.browser().allow(&request).await?.response;
        let when = format!("code_challenge_method={method}");
        response.refused(&["invalid_request"], &when)?;
    }
    Ok(())
}

async fn missing_verifier(judge: &Judge) -> Verdict {
    let client = pkce_client(judge)?;
    let code = judge.browser().code(&Judge::request(client)).await?;
    for (form, when) in [
        (
            code.redemption().without("code_verifier"),
            "no code_verifier",
        ),
        (
            code.redemption().with("code_verifier", ""),
            "an empty code_verifier",
        ),
    ] {
        let answer = judge.redeem(client, &form).await?;
        answer.refused(&[400], &["invalid_grant", "invalid_request"], when)?;
    }
    Ok(())
}

async fn wrong_verifier(judge: &Judge) -> Verdict {
    let client = pkce_client(judge)?;
    let code = judge.browser().code(&Judge::request(client)).await?;
    let challenge = code.request.get("code_challenge").unwrap_or_default();
    let verifiers = [
        (fresh(), "a wrong verifier"),
        (challenge.to_owned(), "the challenge itself"),
    ];
    for (verifier, when) in &verifiers {
        let form = code.redemption().with("code_verifier", verifier);
        judge.code_is_refused(client, &form, when).await?;
    }
    Ok(())
}

async fn vector_of_the_standard(judge: &Judge) -> Verdict {
    // RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let client = pkce_client(judge)?;
    let request = Judge::request(client).with_verifier(VERIFIER);
    let request = request.with("code_challenge", CHALLENGE);
    judge.sign_in(client, &request).await?;
    let padded = Judge::request(client).with_verifier(VERIFIER);
    let padded = padded.with("code_challenge", &format!("{CHALLENGE}="));
    // Where it is not refused at once, it cannot match.
    let stop = judge.browser().ask(&padded).await?;
    if matches!(&stop, Stop::Page(_)) {
        let asked = ask_and_redeem(judge, client, &padded, VERIFIER).await?;
        if let Redeemed::Answer(answer) = asked {
            let errors = ["invalid_grant", "invalid_request"];
            answer.refused(&[400], &errors, "a challenge with padding")?;
        }
    }
    Ok(())
}

async fn no_plain(judge: &Judge) -> Verdict {
    judge.url(Endpoint::Authorization)?;
    if let Ok(metadata) = judge.metadata() {
        let expected = "code_challenge_methods_supported without plain";
        metadata
            .answer
            .demand_or(!offers(judge, "plain"), expected, "plain in it")?;
    }
    let client = pkce_client(judge)?;
    let verifier = fresh();
    let request = Judge::request(client).with("code_challenge", &verifier);
    let request = request.with("code_challenge_method", "plain");
    let response = judge.browser().allow(&request).await?.response;
    response.refused(&["invalid_request"], "code_challenge_method=plain")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_found_in_a_code_however_it_is_spelt() {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let inside = URL_SAFE_NO_PAD.encode(format!("x:{challenge}"));
        assert!(holds(&format!("code.{challenge}"), challenge.as_bytes()));
        assert!(holds(&inside, challenge.as_bytes()));
        assert!(holds(&format!("header.{inside}.tag"), challenge.as_bytes()));
        assert!(!holds("cs_ac_something-else", challenge.as_bytes()));
    }
}
