//! Standing grants: RULES D1 and D3.

use std::sync::Arc;

use countersign_core::{ClientSettings, GrantType, TokenProfile};
use countersign_protocol::{ErrorCode, IntrospectionResponse};
use countersign_provider::{Door, Provider};
use countersign_storage::GrantFilter;
use tokio::sync::Barrier;

use crate::common::{Service, TestClient, on_both_backends, settings};

on_both_backends! {
    rule_d3_one_grant_stands_for_a_client_and_scope
    rule_d3_only_the_moov_door_gives_a_client_a_refresh_token
    rule_d3_a_standing_refresh_token_is_not_rotated
    rule_d3_a_standing_refresh_token_is_worth_what_the_client_may_for_itself
    rule_r11_no_token_is_killed_by_the_next_standing_grant
    rule_d3_parallel_requests_make_one_standing_grant
    rule_d3_what_ends_a_client_ends_its_standing_grants
    rule_d3_a_standing_grant_goes_on_while_it_is_used
    rule_d3_a_client_has_so_many_standing_grants
    rule_d3_revoking_the_refresh_token_ends_what_stands_on_it
}

/// A client that may have refresh tokens for itself.
fn settings_of_moov() -> ClientSettings {
    ClientSettings {
        grant_types: vec![GrantType::ClientCredentials, GrantType::RefreshToken],
        ..settings()
    }
}

async fn set_up(service: &Service) -> (Provider, TestClient) {
    let node = service.node().await;
    let client = TestClient::add(&node, "bank", settings_of_moov()).await;
    (node, client.at(Door::Moov))
}

async fn ask(node: &Provider, client: &TestClient, scope: &str) -> (String, String) {
    let rest = format!("grant_type=client_credentials&scope={scope}");
    let answer = client.ask(node, &rest).await.unwrap();
    (answer.access_token, answer.refresh_token.unwrap())
}

async fn count(node: &Provider) -> usize {
    let grants = node.list_grants(GrantFilter::default(), None, 1_000).await;
    grants.unwrap().len()
}

async fn rule_d3_one_grant_stands_for_a_client_and_scope(service: Service) {
    let (node, client) = set_up(&service).await;
    let (first, refresh) = ask(&node, &client, "read+write").await;
    let (second, again) = ask(&node, &client, "write+read").await;
    assert_ne!(first, second);
    assert_eq!(refresh, again, "in whatever order the scope is named");
    let (_, other) = ask(&node, &client, "read").await;
    assert_ne!(refresh, other);
    assert_eq!(count(&node).await, 2);
    for token in [&first, &second, &refresh] {
        let told = client.introspect(&node, token).await.unwrap();
        let IntrospectionResponse::Active(token) = told else {
            panic!("{told:?}");
        };
        assert_eq!(token.sub, "bank", "it speaks for itself");
    }
    let neighbour = TestClient::add(&node, "other", settings_of_moov()).await;
    let (_, of_neighbour) = ask(&node, &neighbour.at(Door::Moov), "read").await;
    assert_ne!(of_neighbour, other);
}

async fn rule_d3_only_the_moov_door_gives_a_client_a_refresh_token(service: Service) {
    let (node, client) = set_up(&service).await;
    for door in [Door::Standard, Door::Classic] {
        let answer = client.at(door).token(&node).await.unwrap();
        assert_eq!(answer.refresh_token, None, "RFC 6749 §4.4.3");
    }
    assert_eq!(count(&node).await, 0);
    let plain = TestClient::add(&node, "plain", settings()).await;
    let refused = plain.at(Door::Moov).token(&node).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::UnauthorizedClient);
    assert!(plain.token(&node).await.is_ok());
}

async fn rule_d3_a_standing_refresh_token_is_not_rotated(service: Service) {
    let (node, client) = set_up(&service).await;
    let (_, refresh) = ask(&node, &client, "read+write").await;
    for _ in 0..3 {
        service.pass(&node, 100).await;
        let answer = client.refresh(&node, &refresh).await.unwrap();
        assert_eq!(answer.refresh, refresh);
        assert!(client.is_active(&node, &answer.access).await);
    }
    let rest = format!("grant_type=refresh_token&refresh_token={refresh}&scope=read");
    let narrow = client.ask(&node, &rest).await.unwrap();
    assert_eq!(narrow.scope.to_string(), "read");
    // At the standard door as well: it is a refresh token of this client.
    let answer = client.at(Door::Standard).refresh(&node, &refresh).await;
    assert_eq!(answer.unwrap().refresh, refresh);
    let other = TestClient::add(&node, "other", settings_of_moov()).await;
    let refused = other.refresh(&node, &refresh).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidGrant);
    assert!(client.refresh(&node, &refresh).await.is_ok());
}

async fn rule_d3_a_standing_refresh_token_is_worth_what_the_client_may_for_itself(
    service: Service,
) {
    let (node, client) = set_up(&service).await;
    let (_, refresh) = ask(&node, &client, "read").await;
    let id = client.id.parse().unwrap();
    let only_refresh = |it: &mut ClientSettings| it.grant_types = vec![GrantType::RefreshToken];
    node.change_client(&id, only_refresh).await.unwrap();
    service.pass(&node, 2).await;
    let refused = client.refresh(&node, &refresh).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidGrant);
}

async fn rule_r11_no_token_is_killed_by_the_next_standing_grant(mut service: Service) {
    service.settings.token_profile = TokenProfile::Classic;
    let node = service.node().await;
    let short = ClientSettings {
        refresh_token_idle_lifetime: Some(5),
        refresh_token_lifetime: Some(10_000),
        ..settings()
    };
    let client = TestClient::add(&node, "api", short).await;
    let first = client.token(&node).await.unwrap();
    let mut last = first.expires_in;
    assert_eq!(last, 3_600);
    let mut told = first.access_token;
    for _ in 0..40 {
        service.pass(&node, 900).await;
        let next = client.token(&node).await.unwrap();
        // What was issued a quarter of an hour ago is good to its own end.
        let is_over = last <= 900;
        assert_eq!(client.is_active(&node, &told).await, !is_over, "{last}");
        (told, last) = (next.access_token, next.expires_in);
    }
}

async fn rule_d3_parallel_requests_make_one_standing_grant(service: Service) {
    let (node, client) = set_up(&service).await;
    let (node, client) = (Arc::new(node), Arc::new(client));
    let barrier = Arc::new(Barrier::new(64));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (node, client, barrier) =
                (Arc::clone(&node), Arc::clone(&client), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                ask(&node, &client, "read").await.1
            })
        })
        .collect();
    let mut told = Vec::new();
    for task in tasks {
        told.push(task.await.unwrap());
    }
    told.dedup();
    assert_eq!(told.len(), 1);
    assert_eq!(count(&node).await, 1);
}

async fn rule_d3_what_ends_a_client_ends_its_standing_grants(service: Service) {
    let (node, client) = set_up(&service).await;
    let (access, refresh) = ask(&node, &client, "read").await;
    let behind = service.node().await;
    ask(&behind, &client, "read").await;
    node.end_client(&client.id.parse().unwrap()).await.unwrap();
    // A node that has not heard of it gives out nothing that is dead.
    let rest = "grant_type=client_credentials&scope=read";
    let refused = client.ask(&behind, rest).await.unwrap_err();
    assert_eq!(refused.status(), 503, "it looks again");
    service.pass(&node, 2).await;
    assert!(!client.is_active(&node, &access).await);
    let refused = client.refresh(&node, &refresh).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidGrant);
    let (_, anew) = ask(&node, &client, "read").await;
    assert_ne!(anew, refresh);
    assert_eq!(count(&node).await, 1, "in the place of the dead one");
    assert!(client.refresh(&node, &anew).await.is_ok());
}

async fn rule_d3_a_standing_grant_goes_on_while_it_is_used(service: Service) {
    const DAY: i64 = 86_400;
    let (node, client) = set_up(&service).await;
    let (_, refresh) = ask(&node, &client, "read").await;
    for _ in 0..4 {
        service.pass(&node, 20 * DAY).await;
        ask(&node, &client, "read").await;
    }
    assert!(
        client.refresh(&node, &refresh).await.is_ok(),
        "asking is use"
    );
    service.pass(&node, 31 * DAY).await;
    let refused = client.refresh(&node, &refresh).await.unwrap_err();
    assert_eq!(refused.error, ErrorCode::InvalidGrant, "it lay idle");
    let (_, anew) = ask(&node, &client, "read").await;
    assert_ne!(anew, refresh, "what ended is not brought back");
    assert!(client.refresh(&node, &refresh).await.is_err());
    assert!(client.refresh(&node, &anew).await.is_ok());
    assert_eq!(count(&node).await, 1);
}

async fn rule_d3_a_client_has_so_many_standing_grants(mut service: Service) {
    service.settings.max_grants = 2;
    let (node, client) = set_up(&service).await;
    let (_, oldest) = ask(&node, &client, "read").await;
    service.pass(&node, 1).await;
    let (_, second) = ask(&node, &client, "write").await;
    service.pass(&node, 1).await;
    let (_, third) = ask(&node, &client, "read+write").await;
    assert_eq!(count(&node).await, 2);
    assert!(client.refresh(&node, &oldest).await.is_err());
    assert!(client.refresh(&node, &second).await.is_ok());
    assert!(client.refresh(&node, &third).await.is_ok());
}

async fn rule_d3_revoking_the_refresh_token_ends_what_stands_on_it(service: Service) {
    let (node, client) = set_up(&service).await;
    let (access, refresh) = ask(&node, &client, "read").await;
    let (one, _) = ask(&node, &client, "read").await;
    client.revoke(&node, &one).await.unwrap();
    assert!(!client.is_active(&node, &one).await);
    assert!(client.is_active(&node, &access).await, "only that one");
    client.revoke(&node, &refresh).await.unwrap();
    assert!(!client.is_active(&node, &access).await);
    assert!(client.refresh(&node, &refresh).await.is_err());
    let (anew, _) = ask(&node, &client, "read").await;
    assert!(client.is_active(&node, &anew).await);
}

#[tokio::test]
async fn rule_d1_the_classic_tokens_of_a_client_stand_on_a_grant_as_well() {
    let service = Service::new().with_profile(TokenProfile::Classic);
    let node = service.node().await;
    let client = TestClient::add(&node, "api", settings()).await;
    let first = client.token(&node).await.unwrap();
    assert_eq!(first.refresh_token, None);
    let second = client.token(&node).await.unwrap();
    assert_eq!(count(&node).await, 1);
    for token in [&first, &second] {
        assert!(client.is_active(&node, &token.access_token).await);
    }
    let grants = node.list_grants(GrantFilter::default(), None, 10).await;
    node.end_grant(grants.unwrap()[0].id).await.unwrap();
    assert!(!client.is_active(&node, &first.access_token).await);
}
