//! By which key an ID token is signed, and under which name it tells a user: OpenID Connect Core §8 and §10.1, RULES S2.

use countersign_core::{ClientSettings, IdTokenAlgorithm, Secret, SigningAlgorithm, SubjectType};
use countersign_jose::{VerifyingKeys, id_token};
use countersign_provider::{ChangeClientError, KeepSecret, SecretSource, Show};
use serde_json::json;

use crate::browser::{REDIRECT_URI, TestBrowser, claims_of, request, userinfo, web_settings};
use crate::common::{Service, TestClient, add_user};

#[tokio::test]
async fn oidc_core_46_a_pairwise_subject_is_of_a_sector() {
    let service = Service::new();
    let node = service.node().await;
    let user = add_user(&node).await;
    let mut subjects = Vec::new();
    for (id, host) in [
        ("a", "one.example"),
        ("b", "one.example"),
        ("c", "two.example"),
    ] {
        let settings = ClientSettings {
            subject_type: SubjectType::Pairwise,
            redirect_uris: vec![format!("https://{host}/{id}").parse().unwrap()],
            ..web_settings()
        };
        let client = TestClient::add(&node, id, settings).await;
        let request = request(id, "&scope=openid+offline_access+read")
            .replace(REDIRECT_URI, &format!("https://{host}/{id}"));
        let code = TestBrowser::default().go(&node, &request).await.code();
        let more = format!(
            "&redirect_uri=https://{host}/{id}&code_verifier={}",
            crate::browser::VERIFIER
        );
        let tokens = client.redeem_with(&node, &code, &more).await.unwrap();
        let id_token = claims_of(&tokens.id_token.unwrap());
        let told = userinfo(&node, &tokens.access_token).await.unwrap();
        assert_eq!(told["sub"], id_token["sub"]);
        assert_eq!(claims_of(&tokens.access_token)["sub"], id_token["sub"]);
        let refreshed = client
            .refresh(&node, &tokens.refresh_token.unwrap())
            .await
            .unwrap();
        assert_eq!(claims_of(&refreshed.access)["sub"], id_token["sub"]);
        let text = serde_json::to_string(&id_token).unwrap();
        assert!(
            !text.contains(&user.id.to_string()),
            "the one name is told nowhere"
        );
        for session in node.list_sessions(None, None, 10).await.unwrap() {
            assert!(
                !text.contains(&session.id.to_string()),
                "nor that of the session"
            );
        }
        subjects.push(id_token["sub"].clone());
    }
    assert_eq!(subjects[0], subjects[1]);
    assert_ne!(subjects[0], subjects[2]);
}

#[tokio::test]
async fn oidc_core_51_each_client_gets_its_algorithm() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    let (keys, _) = VerifyingKeys::from_jwk_set(&node.jwks());
    for algorithm in SigningAlgorithm::ALL {
        let id = algorithm.name();
        let settings = ClientSettings {
            id_token_signed_response_alg: Some(IdTokenAlgorithm::Signed(algorithm)),
            userinfo_signed_response_alg: Some(algorithm),
            ..web_settings()
        };
        let client = TestClient::add(&node, id, settings).await;
        let code = TestBrowser::default()
            .go(&node, &request(id, "&scope=openid"))
            .await
            .code();
        let tokens = client.redeem(&node, &code).await.unwrap();
        let id_token = tokens.id_token.unwrap();
        let issuer = "https://as.example";
        id_token::read_hint(&id_token, &keys, issuer, service.clock(), 5).unwrap();
        let claims = userinfo(&node, &tokens.access_token).await.unwrap();
        assert_eq!(
            (&claims["iss"], &claims["aud"]),
            (&json!(issuer), &json!(id))
        );
    }
}

fn secret_text(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn rule_s2_hs256_needs_a_secret_that_is_kept_for_it() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    let mut client = TestClient::add(&node, "web", web_settings()).await;
    let id = "web".parse().unwrap();
    let to_hs256 = |settings: &mut ClientSettings| {
        settings.id_token_signed_response_alg = Some(IdTokenAlgorithm::Hs256);
    };
    let refused = node.change_client(&id, to_hs256).await.unwrap_err();
    assert!(
        matches!(refused, ChangeClientError::Refused(_)),
        "only its hash is kept"
    );
    assert!(
        refused
            .to_string()
            .contains("rotate-secret CLIENT --sealed"),
        "{refused}"
    );
    let short = SecretSource::Given(Secret::new("x".repeat(31)));
    let refused = node
        .rotate_client_secret(&id, short, 0, KeepSecret::Sealed)
        .await;
    assert!(refused.unwrap_err().to_string().contains("32 bytes"));
    let rotated = node
        .rotate_client_secret(&id, SecretSource::Generated, 0, KeepSecret::Sealed)
        .await
        .unwrap();
    client.secret = rotated.secret.unwrap().expose().clone();
    node.change_client(&id, to_hs256).await.unwrap();

    let mut browser = TestBrowser::default();
    let code = browser
        .go(&node, &request("web", "&scope=openid"))
        .await
        .code();
    let hint = client.redeem(&node, &code).await.unwrap().id_token.unwrap();
    let secret = Secret::new(client.secret.clone().into_bytes());
    let issuer = "https://as.example";
    id_token::read_hint_hs256(&hint, &secret, issuer, service.clock(), 5).unwrap();
    // The newest secret is the key, so it has to be kept.
    let back = |settings: &mut ClientSettings| settings.id_token_signed_response_alg = None;
    node.change_client(&id, back).await.unwrap();
    let newer = SecretSource::Generated;
    let rotated = node
        .rotate_client_secret(&id, newer, 600, KeepSecret::AsNeeded)
        .await;
    rotated.unwrap();
    assert!(
        node.change_client(&id, to_hs256).await.is_err(),
        "an older one is"
    );
    let newest = SecretSource::Given(secret_text(&client.secret));
    let rotated = node
        .rotate_client_secret(&id, newest, 0, KeepSecret::Sealed)
        .await;
    rotated.unwrap();
    node.change_client(&id, to_hs256).await.unwrap();
    // It is a hint like every other.
    let show = browser
        .authorize(
            &node,
            &request("web", &format!("&scope=openid&id_token_hint={hint}")),
        )
        .await;
    assert!(matches!(show, Show::Response(_)));
    // A later secret is kept as well, without being told to.
    let rotated = node
        .rotate_client_secret(&id, SecretSource::Generated, 0, KeepSecret::AsNeeded)
        .await
        .unwrap();
    client.secret = rotated.secret.unwrap().expose().clone();
    let code = browser
        .go(&node, &request("web", "&scope=openid"))
        .await
        .code();
    assert!(
        client
            .redeem(&node, &code)
            .await
            .unwrap()
            .id_token
            .is_some()
    );
}
