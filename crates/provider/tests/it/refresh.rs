//! Refresh tokens: RULES R1 to R11 and RFC 6749 §6, on every backend that runs in this process.

use std::sync::Arc;

use countersign_core::{ClientSettings, GrantType, KeyPurpose, Scope};
use countersign_jose::base64url;
use countersign_protocol::{ErrorCode, ErrorResponse, IntrospectionResponse};
use countersign_provider::{Provider, UserChange};
use countersign_storage::GrantFilter;
use countersign_storage::testing::Verb;
use tokio::sync::Barrier;

use crate::common::{
    PASSWORD, Service, TestClient, Tokens, USER, add_user, on_both_backends_in_both_profiles,
    password_settings,
};

on_both_backends_in_both_profiles! {
    rfc6749_62_a_refresh_gives_a_new_pair
    rule_r2_a_retry_gets_the_same_successor_and_a_fresh_access_token
    rule_r2_the_third_retry_in_a_row_ends_the_grant
    rule_r2_strict_mode_takes_no_retry
    rule_r2_a_client_has_its_own_window
    rule_r2_reuse_ends_the_grant_with_every_token
    rule_r3_a_refusal_leaves_the_row_untouched
    rule_r3_another_client_revokes_nothing
    rule_r3_introspection_has_no_effect_and_the_owner_may_revoke_an_old_token
    rule_r4_a_restored_backup_refuses_until_it_is_declared
    rule_r5_parallel_rotations_end_in_one_generation
    rule_r5_an_unconfirmed_rotation_is_won_once
    rule_r6_a_retired_key_still_verifies
    rule_r6_an_unknown_key_means_reload_and_rarely
    rule_r8_a_narrowed_refresh_does_not_shrink_the_grant
    rule_r8_a_client_that_may_less_gets_less
    rule_r9_without_rotation_the_token_stays
    rule_r10_the_oldest_grant_makes_room
    rule_r10_a_user_of_the_same_name_revives_nothing
    rule_r11_a_grant_ends_when_idle_and_when_old
    rule_a2_what_ends_a_user_ends_the_tokens
    cve_2020_15223_a_revocation_that_storage_did_not_take_is_no_success
    rule_a3_a_refresh_without_storage_consumes_nothing
}

/// A service with a node, the user of the tests, and a client that signs users in.
async fn set_up(service: &Service) -> (Provider, TestClient) {
    set_up_with(service, password_settings()).await
}

async fn set_up_with(service: &Service, settings: ClientSettings) -> (Provider, TestClient) {
    let node = service.node().await;
    add_user(&node).await;
    let client = TestClient::add(&node, "app", settings).await;
    (node, client)
}

fn invalid_grant<T: std::fmt::Debug>(answer: Result<T, ErrorResponse>) -> bool {
    answer.unwrap_err().error == ErrorCode::InvalidGrant
}

async fn generation(node: &Provider) -> Vec<u32> {
    let grants = node.list_grants(GrantFilter::default(), None, 100).await;
    let generation = |grant: &countersign_core::Grant| grant.refresh.as_ref().unwrap().generation;
    grants
        .unwrap()
        .iter()
        .map(|grant| generation(grant).number())
        .collect()
}

async fn rfc6749_62_a_refresh_gives_a_new_pair(service: Service) {
    let (node, client) = set_up(&service).await;
    let first = client.sign_in(&node).await;
    let second = client.refresh(&node, &first.refresh).await.unwrap();
    assert_ne!(first.access, second.access);
    assert_ne!(first.refresh, second.refresh);
    assert_eq!(first.scope, second.scope);
    assert!(
        client.is_active(&node, &first.access).await,
        "until it expires"
    );
    assert!(client.is_active(&node, &second.access).await);
    assert_eq!(generation(&node).await, [1]);
}

async fn rule_r2_a_retry_gets_the_same_successor_and_a_fresh_access_token(service: Service) {
    let (node, client) = set_up(&service).await;
    let first = client.sign_in(&node).await;
    let lost = client.refresh(&node, &first.refresh).await.unwrap();
    service.pass(&node, 29).await;
    for _ in 0..3 {
        let again = client.refresh(&node, &first.refresh).await.unwrap();
        assert_eq!(again.refresh, lost.refresh);
        assert_ne!(again.access, lost.access);
    }
    assert_eq!(generation(&node).await, [1]);
    assert!(
        client.refresh(&node, &lost.refresh).await.is_ok(),
        "and it goes on"
    );
}

async fn rule_r2_the_third_retry_in_a_row_ends_the_grant(service: Service) {
    let (node, client) = set_up(&service).await;
    let mut tokens = client.sign_in(&node).await;
    for _ in 0..2 {
        let next = client.refresh(&node, &tokens.refresh).await.unwrap();
        let again = client.refresh(&node, &tokens.refresh).await.unwrap();
        assert_eq!(again.refresh, next.refresh);
        tokens = again;
    }
    let next = client.refresh(&node, &tokens.refresh).await.unwrap();
    assert!(
        invalid_grant(client.refresh(&node, &tokens.refresh).await),
        "the third"
    );
    assert!(
        invalid_grant(client.refresh(&node, &next.refresh).await),
        "it is over"
    );
    assert!(!client.is_active(&node, &next.access).await);

    // A generation that needs none ends the row.
    let mut tokens = client.sign_in(&node).await;
    for round in 0..6 {
        let next = client.refresh(&node, &tokens.refresh).await.unwrap();
        if round != 2 && round != 5 {
            client.refresh(&node, &tokens.refresh).await.unwrap();
        }
        tokens = next;
    }
    assert!(client.refresh(&node, &tokens.refresh).await.is_ok());
}

async fn rule_r2_strict_mode_takes_no_retry(mut service: Service) {
    service.settings.refresh_retry_window = 0;
    let (node, client) = set_up(&service).await;
    let first = client.sign_in(&node).await;
    let second = client.refresh(&node, &first.refresh).await.unwrap();
    assert!(invalid_grant(client.refresh(&node, &first.refresh).await));
    assert!(
        invalid_grant(client.refresh(&node, &second.refresh).await),
        "the session is lost"
    );
}

async fn rule_r2_a_client_has_its_own_window(service: Service) {
    let settings = ClientSettings {
        refresh_token_retry_window: Some(100),
        ..password_settings()
    };
    let (node, client) = set_up_with(&service, settings).await;
    let first = client.sign_in(&node).await;
    client.refresh(&node, &first.refresh).await.unwrap();
    service.pass(&node, 99).await;
    assert!(client.refresh(&node, &first.refresh).await.is_ok());
    service.pass(&node, 1).await;
    assert!(invalid_grant(client.refresh(&node, &first.refresh).await));
}

async fn rule_r2_reuse_ends_the_grant_with_every_token(service: Service) {
    let (node, client) = set_up(&service).await;
    let other = client.sign_in(&node).await;
    let stolen = client.sign_in(&node).await;
    let second = client.refresh(&node, &stolen.refresh).await.unwrap();
    let third = client.refresh(&node, &second.refresh).await.unwrap();
    assert!(invalid_grant(client.refresh(&node, &stolen.refresh).await));
    assert!(invalid_grant(client.refresh(&node, &third.refresh).await));
    for tokens in [&stolen, &second, &third] {
        assert!(!client.is_active(&node, &tokens.access).await);
        assert!(!client.is_active(&node, &tokens.refresh).await);
    }
    // RULES R10: "Reuse ends that grant only."
    assert!(client.is_active(&node, &other.access).await);
    assert!(client.refresh(&node, &other.refresh).await.is_ok());
}

async fn rule_r3_a_refusal_leaves_the_row_untouched(service: Service) {
    let (node, client) = set_up(&service).await;
    let tokens = client.sign_in(&node).await;
    let first = &tokens.refresh;
    for (rest, expected) in [
        ("&scope=admin", ErrorCode::InvalidScope),
        ("&resource=https://other.example", ErrorCode::InvalidTarget),
    ] {
        let rest = format!("grant_type=refresh_token&refresh_token={first}{rest}");
        assert_eq!(client.ask(&node, &rest).await.unwrap_err().error, expected);
    }
    // No signing key in hand: the client asks for tokens of a kind whose key is not active yet.
    assert_eq!(generation(&node).await, [0]);
    assert!(client.refresh(&node, first).await.is_ok());
    assert_eq!(generation(&node).await, [1]);
}

async fn rule_r3_another_client_revokes_nothing(service: Service) {
    let (node, client) = set_up(&service).await;
    let other = TestClient::add(&node, "other", password_settings()).await;
    let first = client.sign_in(&node).await;
    let second = client.refresh(&node, &first.refresh).await.unwrap();
    let third = client.refresh(&node, &second.refresh).await.unwrap();
    for token in [&first.refresh, &second.refresh, &third.refresh] {
        assert!(invalid_grant(other.refresh(&node, token).await));
        assert!(invalid_grant(other.revoke(&node, token).await));
    }
    let wrong = TestClient {
        id: "app".into(),
        secret: "wrong".into(),
        door: countersign_provider::Door::Standard,
    };
    let refused = wrong.refresh(&node, &first.refresh).await.unwrap_err();
    assert_eq!(
        refused.error,
        ErrorCode::InvalidClient,
        "reuse is not even judged"
    );
    assert!(client.refresh(&node, &third.refresh).await.is_ok());
}

async fn rule_r3_introspection_has_no_effect_and_the_owner_may_revoke_an_old_token(
    service: Service,
) {
    let (node, client) = set_up(&service).await;
    let user = node.find_user(&USER.parse().unwrap()).await.unwrap();
    let first = client.sign_in(&node).await;
    let second = client.refresh(&node, &first.refresh).await.unwrap();
    let third = client.refresh(&node, &second.refresh).await.unwrap();
    assert!(!client.is_active(&node, &first.refresh).await);
    assert!(!client.is_active(&node, &second.refresh).await);
    let current = client.introspect(&node, &third.refresh).await.unwrap();
    assert!(matches!(
        current,
        IntrospectionResponse::Active(token)
            if token.sub == user.id.to_string() && token.token_type.is_none()
    ));
    client.revoke(&node, &first.refresh).await.unwrap();
    assert!(!client.is_active(&node, &third.refresh).await);
    assert!(!client.is_active(&node, &third.access).await);
    assert!(invalid_grant(client.refresh(&node, &third.refresh).await));
}

async fn rule_r4_a_restored_backup_refuses_until_it_is_declared(service: Service) {
    let (node, client) = set_up(&service).await;
    let old = client.sign_in(&node).await;
    let restored_to = service.clock();
    let restored = service.backup();
    service.pass(&node, 100).await;
    let mut newest = old.clone();
    for _ in 0..3 {
        newest = client.refresh(&node, &newest.refresh).await.unwrap();
        service.pass(&node, 100).await;
    }

    let node = restored.node().await;
    let refused = client.refresh(&node, &newest.refresh).await;
    assert!(invalid_grant(refused), "storage went back in time");
    assert_eq!(generation(&node).await, [0], "and nothing was revoked");

    node.declare_restore(restored_to).await.unwrap();
    let next = client.refresh(&node, &newest.refresh).await.unwrap();
    assert_eq!(generation(&node).await, [4], "presented + 1");
    let next = client.refresh(&node, &next.refresh).await.unwrap();
    assert!(client.is_active(&node, &next.access).await);
    assert!(
        invalid_grant(client.refresh(&node, &old.refresh).await),
        "reuse is reuse again"
    );
    assert!(invalid_grant(client.refresh(&node, &next.refresh).await));
}

async fn rule_r5_parallel_rotations_end_in_one_generation(service: Service) {
    let (node, client) = set_up(&service).await;
    let first = client.sign_in(&node).await;
    let (node, client) = (Arc::new(node), Arc::new(client));
    let start = Arc::new(Barrier::new(64));
    let racers: Vec<_> = (0..64)
        .map(|_| {
            let (node, client, start) =
                (Arc::clone(&node), Arc::clone(&client), Arc::clone(&start));
            let token = first.refresh.clone();
            tokio::spawn(async move {
                start.wait().await;
                client.refresh(&node, &token).await
            })
        })
        .collect();
    let mut answers: Vec<Tokens> = Vec::new();
    for racer in racers {
        answers.push(racer.await.unwrap().unwrap());
    }
    let successor = &answers[0].refresh;
    assert!(answers.iter().all(|tokens| tokens.refresh == *successor));
    assert_eq!(generation(&node).await, [1], "exactly one new generation");
    assert!(client.refresh(&node, successor).await.is_ok());
}

async fn rule_r5_an_unconfirmed_rotation_is_won_once(service: Service) {
    let (node, client) = set_up(&service).await;
    let first = client.sign_in(&node).await;
    // Lost once: the attempt asks again, and its nonce tells that it has won.
    service.store.lose_one_answer();
    let first = client.refresh(&node, &first.refresh).await.unwrap();
    assert_eq!(generation(&node).await, [1]);

    service.store.lose_answers();
    let refused = client.refresh(&node, &first.refresh).await.unwrap_err();
    assert_eq!(refused.status(), 503, "nobody is told that it was done");
    service.store.switch_on();
    assert_eq!(generation(&node).await, [2], "it was, and once");
    let again = client.refresh(&node, &first.refresh).await.unwrap();
    assert_eq!(generation(&node).await, [2], "a retry");
    assert!(client.refresh(&node, &again.refresh).await.is_ok());
}

/// The key that a refresh token names, in either profile.
fn key_id(token: &str) -> String {
    match token.strip_prefix("cs_rt_") {
        // The 16 characters behind the version.
        Some(bytes) => base64url::encode(&base64url::decode(bytes).unwrap()[1..13]),
        None => header(token)["kid"].as_str().unwrap().to_owned(),
    }
}

/// The same token, naming another key.
fn naming_key(token: &str, id: &str) -> String {
    if let Some(bytes) = token.strip_prefix("cs_rt_") {
        let mut bytes = base64url::decode(bytes).unwrap();
        bytes[1..13].copy_from_slice(&base64url::decode(id).unwrap());
        format!("cs_rt_{}", base64url::encode(&bytes))
    } else {
        let mut header = header(token);
        header["kid"] = id.into();
        let rest = token.split_once('.').unwrap().1;
        format!(
            "{}.{rest}",
            base64url::encode(header.to_string().as_bytes())
        )
    }
}

fn header(token: &str) -> serde_json::Value {
    let header = token.split_once('.').unwrap().0;
    serde_json::from_slice(&base64url::decode(header).unwrap()).unwrap()
}

async fn rule_r6_a_retired_key_still_verifies(service: Service) {
    let (node, client) = set_up(&service).await;
    let old = client.sign_in(&node).await;
    node.rotate_key(KeyPurpose::RefreshTokens).await.unwrap();
    service.pass(&node, 400).await;
    let new = client.refresh(&node, &old.refresh).await.unwrap();
    assert_ne!(
        key_id(&old.refresh),
        key_id(&new.refresh),
        "made under another key"
    );
    let again = client.refresh(&node, &old.refresh).await.unwrap();
    assert_eq!(
        again.refresh, new.refresh,
        "a retry over the change of keys"
    );
    assert!(client.refresh(&node, &new.refresh).await.is_ok());

    let compromised = node.key_status().into_iter().find(|key| {
        key.purpose == KeyPurpose::RefreshTokens
            && key.phase == countersign_provider::KeyPhase::Active
    });
    let newest = client.sign_in(&node).await;
    node.revoke_key(&compromised.unwrap().id).await.unwrap();
    assert!(invalid_grant(client.refresh(&node, &newest.refresh).await));
}

async fn rule_r6_an_unknown_key_means_reload_and_rarely(service: Service) {
    let (node, client) = set_up(&service).await;
    let behind = service.node().await;
    let old = client.sign_in(&node).await;
    node.rotate_key(KeyPurpose::RefreshTokens).await.unwrap();
    service.pass(&node, 305).await;
    let new = client.refresh(&node, &old.refresh).await.unwrap();
    service.clock.advance(-305);
    // Another node has not heard of the key, and does not need to be told.
    assert!(client.refresh(&behind, &new.refresh).await.is_ok());

    let before = service.store.calls(Verb::KeyRing);
    let made_up = |number| naming_key(&new.refresh, &format!("AAAAAAAAAAAA{number:04}"));
    for number in 0..100 {
        assert!(invalid_grant(
            client.refresh(&behind, &made_up(number)).await
        ));
    }
    assert_eq!(
        service.store.calls(Verb::KeyRing),
        before,
        "once a second at most"
    );
    service.clock.advance(1);
    assert!(invalid_grant(client.refresh(&behind, &made_up(100)).await));
    assert_eq!(service.store.calls(Verb::KeyRing), before + 1);
}

async fn rule_r8_a_narrowed_refresh_does_not_shrink_the_grant(service: Service) {
    let (node, client) = set_up(&service).await;
    let first = client.sign_in(&node).await;
    assert_eq!(first.scope.parse(), "read write".parse::<Scope>());
    let rest = format!(
        "grant_type=refresh_token&refresh_token={}&scope=read",
        first.refresh
    );
    let narrow = client.ask(&node, &rest).await.unwrap();
    assert_eq!(narrow.scope.to_string(), "read");
    let whole = client
        .refresh(&node, &narrow.refresh_token.unwrap())
        .await
        .unwrap();
    assert_eq!(whole.scope.parse(), "read write".parse::<Scope>());
}

async fn rule_r8_a_client_that_may_less_gets_less(service: Service) {
    let (node, client) = set_up(&service).await;
    let rest = format!(
        "grant_type=password&username={USER}&password={PASSWORD}&scope=read+write+offline_access"
    );
    let first = client.ask(&node, &rest).await.unwrap();
    assert_eq!(
        first.scope.to_string(),
        "read write offline_access",
        "as asked"
    );
    let app = "app".parse().unwrap();
    node.change_client(&app, |settings| settings.scope = "write".parse().unwrap())
        .await
        .unwrap();
    let less = client
        .refresh(&node, &first.refresh_token.unwrap())
        .await
        .unwrap();
    assert_eq!(less.scope, "write");
    node.change_client(&app, |settings| {
        settings.grant_types = vec![GrantType::Password];
    })
    .await
    .unwrap();
    let refused = client.refresh(&node, &less.refresh).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::UnauthorizedClient);
}

async fn rule_r9_without_rotation_the_token_stays(service: Service) {
    let settings = ClientSettings {
        refresh_token_rotation: false,
        ..password_settings()
    };
    let (node, client) = set_up_with(&service, settings).await;
    let first = client.sign_in(&node).await;
    for _ in 0..3 {
        // Longer than it may lie unused, in all.
        service.pass(&node, 20 * 86_400).await;
        let again = client.refresh(&node, &first.refresh).await.unwrap();
        assert_eq!(again.refresh, first.refresh);
        assert!(client.is_active(&node, &again.access).await);
    }
    assert_eq!(generation(&node).await, [0]);
    service.pass(&node, 30 * 86_400).await;
    assert!(invalid_grant(client.refresh(&node, &first.refresh).await));
}

async fn rule_r10_the_oldest_grant_makes_room(mut service: Service) {
    service.settings.max_grants = 3;
    let (node, client) = set_up(&service).await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(client.sign_in(&node).await);
        service.pass(&node, 1).await;
    }
    assert!(!client.is_active(&node, &all[0].access).await);
    assert!(invalid_grant(client.refresh(&node, &all[0].refresh).await));
    for tokens in &all[1..] {
        assert!(client.is_active(&node, &tokens.access).await);
    }
}

async fn rule_r10_a_user_of_the_same_name_revives_nothing(service: Service) {
    let (node, client) = set_up(&service).await;
    let old = client.sign_in(&node).await;
    node.remove_user(&USER.parse().unwrap()).await.unwrap();
    assert!(!client.is_active(&node, &old.access).await);
    add_user(&node).await;
    assert!(!client.is_active(&node, &old.access).await);
    assert!(invalid_grant(client.refresh(&node, &old.refresh).await));

    let old = client.sign_in(&node).await;
    node.remove_client(&"app".parse().unwrap()).await.unwrap();
    let new = TestClient::add(&node, "app", password_settings()).await;
    assert!(invalid_grant(new.refresh(&node, &old.refresh).await));
    assert!(!new.is_active(&node, &old.access).await);
}

async fn rule_r11_a_grant_ends_when_idle_and_when_old(mut service: Service) {
    service.settings.refresh_token_lifetime = 1_000;
    service.settings.refresh_token_idle_lifetime = 300;
    let (node, client) = set_up(&service).await;
    let idle = client.sign_in(&node).await;
    let mut used = client.sign_in(&node).await;
    service.pass(&node, 299).await;
    used = client.refresh(&node, &used.refresh).await.unwrap();
    service.pass(&node, 1).await;
    assert!(invalid_grant(client.refresh(&node, &idle.refresh).await));
    for _ in 0..3 {
        service.pass(&node, 200).await;
        used = client.refresh(&node, &used.refresh).await.unwrap();
    }
    service.pass(&node, 99).await;
    used = client.refresh(&node, &used.refresh).await.unwrap();
    service.pass(&node, 1).await;
    assert!(
        invalid_grant(client.refresh(&node, &used.refresh).await),
        "1,000 s are over"
    );
    assert!(
        client.is_active(&node, &used.access).await,
        "it has its own end"
    );
    node.sweep(100).await.unwrap();
    assert!(
        client.is_active(&node, &used.access).await,
        "rows outlive every access token"
    );
}

async fn rule_a2_what_ends_a_user_ends_the_tokens(service: Service) {
    let (node, client) = set_up(&service).await;
    let name = USER.parse().unwrap();
    let new_password = || {
        let password = PASSWORD.to_owned();
        UserChange::Password(countersign_core::Secret::new(password))
    };
    for change in [
        UserChange::Enabled(false),
        new_password(),
        UserChange::EndIssued,
    ] {
        let tokens = client.sign_in(&node).await;
        assert!(client.is_active(&node, &tokens.access).await);
        let change_is_for_disabling = matches!(change, UserChange::Enabled(false));
        node.change_user(&name, change).await.unwrap();
        assert!(!client.is_active(&node, &tokens.access).await);
        assert!(!client.is_active(&node, &tokens.refresh).await);
        assert!(invalid_grant(client.refresh(&node, &tokens.refresh).await));
        if change_is_for_disabling {
            let rest = format!("grant_type=password&username={USER}&password={PASSWORD}");
            assert!(invalid_grant(client.ask(&node, &rest).await));
            let enable = UserChange::Enabled(true);
            node.change_user(&name, enable).await.unwrap();
            assert!(
                !client.is_active(&node, &tokens.access).await,
                "ended is ended"
            );
        }
    }
    // Attack class 31: everything, and nothing comes back.
    let tokens = client.sign_in(&node).await;
    node.end_everything().await.unwrap();
    assert!(!client.is_active(&node, &tokens.access).await);
    assert!(invalid_grant(client.refresh(&node, &tokens.refresh).await));
    assert!(
        client
            .is_active(&node, &client.sign_in(&node).await.access)
            .await
    );
}

async fn cve_2020_15223_a_revocation_that_storage_did_not_take_is_no_success(service: Service) {
    let (node, client) = set_up(&service).await;
    let tokens = client.sign_in(&node).await;
    service.store.fail_writes();
    for token in [&tokens.access, &tokens.refresh] {
        assert_eq!(client.revoke(&node, token).await.unwrap_err().status(), 503);
    }
    service.store.lose_answers();
    for token in [&tokens.access, &tokens.refresh] {
        assert_eq!(client.revoke(&node, token).await.unwrap_err().status(), 503);
    }
    service.store.switch_on();
    assert!(
        !client.is_active(&node, &tokens.refresh).await,
        "it was done, all the same"
    );
}

async fn rule_a3_a_refresh_without_storage_consumes_nothing(service: Service) {
    let (node, client) = set_up(&service).await;
    let tokens = client.sign_in(&node).await;
    let before = service.store.calls(Verb::RotateRefresh);
    service.store.switch_off();
    let refused = client.refresh(&node, &tokens.refresh).await.unwrap_err();
    assert_eq!(
        (refused.error, refused.status()),
        (ErrorCode::TemporarilyUnavailable, 503)
    );
    service.store.fail_writes();
    let refused = client.refresh(&node, &tokens.refresh).await.unwrap_err();
    assert_eq!(refused.status(), 503, "the disk is full");
    let rest = format!("grant_type=password&username={USER}&password={PASSWORD}");
    assert_eq!(client.ask(&node, &rest).await.unwrap_err().status(), 503);
    service.store.switch_on();
    assert_eq!(service.store.calls(Verb::RotateRefresh), before + 1);
    assert_eq!(generation(&node).await, [0]);
    let second = client.refresh(&node, &tokens.refresh).await.unwrap();
    let third = client.refresh(&node, &second.refresh).await.unwrap();
    // Nobody is told that reuse had its consequence unless it had.
    service.store.fail_writes();
    let refused = client.refresh(&node, &tokens.refresh).await.unwrap_err();
    assert_eq!(refused.status(), 503);
    service.store.switch_on();
    assert!(client.is_active(&node, &third.access).await);
    assert!(invalid_grant(client.refresh(&node, &tokens.refresh).await));
    assert!(!client.is_active(&node, &third.access).await);
}
