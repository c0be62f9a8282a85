//! The password grant and the users behind it: RFC 6749 §4.3, RULES A6, R11.

use countersign_core::{
    AccessTokenFormat, ClientSettings, GrantType, ResourceDefinition, Scope, ScopeDefinition,
    Secret, UserProfile,
};
use countersign_protocol::{ActiveToken, ErrorCode, IntrospectionResponse};
use countersign_provider::{
    AddClientError, ChangeUserError, DefineError, KeepSecret, Provider, SecretSource, UserChange,
};
use countersign_storage::GrantFilter;
use countersign_storage::testing::Verb;

use crate::common::{
    PASSWORD, START, Service, TestClient, USER, add_user, password_settings, settings,
};

async fn set_up(service: &Service) -> (Provider, TestClient) {
    let node = service.node().await;
    add_user(&node).await;
    let client = TestClient::add(&node, "app", password_settings()).await;
    (node, client)
}

fn login(username: &str, password: &str, rest: &str) -> String {
    format!("grant_type=password&username={username}&password={password}{rest}")
}

async fn active(client: &TestClient, node: &Provider, token: &str) -> ActiveToken {
    match client.introspect(node, token).await.unwrap() {
        IntrospectionResponse::Active(token) => *token,
        IntrospectionResponse::Inactive => unreachable!("the token is live"),
    }
}

#[tokio::test]
async fn rfc9068_05_the_subject_is_the_user() {
    let service = Service::new();
    let (node, client) = set_up(&service).await;
    let user = node.find_user(&USER.parse().unwrap()).await.unwrap();
    let tokens = client.sign_in(&node).await;
    let token = active(&client, &node, &tokens.access).await;
    assert_eq!(token.sub, user.id.to_string());
    assert_eq!(token.client_id, "app");
    assert_eq!(token.scope, tokens.scope.parse::<Scope>().unwrap());
    assert!(token.further.is_empty());
}

#[tokio::test]
async fn names_are_told_apart_without_case_and_composition() {
    let service = Service::new();
    let (node, client) = set_up(&service).await;
    for name in ["alice", "ALICE", "Alice"] {
        assert!(
            client.ask(&node, &login(name, PASSWORD, "")).await.is_ok(),
            "{name}"
        );
    }
    let taken = node
        .add_user("aLiCe".parse().unwrap(), None, UserProfile::default())
        .await;
    assert!(matches!(taken, Err(ChangeUserError::Taken(_))), "{taken:?}");
}

#[tokio::test]
async fn cve_2026_22746_every_wrong_sign_in_gets_the_same_answer() {
    let service = Service::new();
    let (node, client) = set_up(&service).await;
    let plain = UserProfile::default;
    node.add_user("nopass".parse().unwrap(), None, plain())
        .await
        .unwrap();
    let password = || Some(Secret::new(PASSWORD.to_owned()));
    node.add_user("off".parse().unwrap(), password(), plain())
        .await
        .unwrap();
    node.change_user(&"off".parse().unwrap(), UserChange::Enabled(false))
        .await
        .unwrap();
    let long = "x".repeat(5_000);
    let mut answers = Vec::new();
    for (name, password) in [
        (USER, "wrong"),
        ("nobody", PASSWORD),
        ("nopass", PASSWORD),
        ("off", PASSWORD),
        ("%00", PASSWORD),
        (USER, long.as_str()),
        (long.as_str(), PASSWORD),
    ] {
        answers.push(
            client
                .ask(&node, &login(name, password, ""))
                .await
                .unwrap_err(),
        );
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].error, ErrorCode::InvalidGrant);
}

#[tokio::test]
async fn rfc6749_56_only_clients_whose_list_has_the_grant() {
    let service = Service::new();
    let (node, _) = set_up(&service).await;
    let worker = TestClient::add(&node, "worker", settings()).await;
    let refused = worker
        .ask(&node, &login(USER, PASSWORD, ""))
        .await
        .unwrap_err();
    assert_eq!(refused.error, ErrorCode::UnauthorizedClient);
    assert_eq!(
        service.store.calls(Verb::FindUserByName),
        0,
        "not even looked up"
    );
}

#[tokio::test]
async fn rfc6749_49_a_refresh_token_only_where_the_client_holds_the_grant() {
    let service = Service::new();
    let (node, _) = set_up(&service).await;
    let wanted = ClientSettings {
        grant_types: vec![GrantType::Password],
        ..password_settings()
    };
    let client = TestClient::add(&node, "brief", wanted).await;
    let answer = client.ask(&node, &login(USER, PASSWORD, "")).await.unwrap();
    assert_eq!(answer.refresh_token, None);
    assert!(client.is_active(&node, &answer.access_token).await);
    service.pass(&node, 600).await;
    assert!(!client.is_active(&node, &answer.access_token).await);
    // RULES R11: the row outlives the token, and not for long.
    node.sweep(100).await.unwrap();
    assert_eq!(grants(&node).await, 1);
    service.pass(&node, 86_400 + 60).await;
    node.sweep(100).await.unwrap();
    assert_eq!(grants(&node).await, 0);
}

async fn grants(node: &Provider) -> usize {
    let grants = node.list_grants(GrantFilter::default(), None, 100).await;
    grants.unwrap().len()
}

#[tokio::test]
async fn scopes_release_claims_about_the_user() {
    let service = Service::new();
    let node = service.node().await;
    let profile = UserProfile {
        roles: vec!["admin".into()],
        groups: vec!["staff".into()],
        claims: [("tenant".to_owned(), 7.into())].into(),
        ..UserProfile::default()
    };
    let password = Secret::new(PASSWORD.to_owned());
    node.add_user(USER.parse().unwrap(), Some(password), profile)
        .await
        .unwrap();
    let wanted = ClientSettings {
        scope: "read roles groups tenant".parse().unwrap(),
        ..password_settings()
    };
    let client = TestClient::add(&node, "app", wanted).await;
    let definition = |claims: &[&str]| ScopeDefinition {
        name: "tenant".parse().unwrap(),
        description: "Your tenant".into(),
        claims: claims.iter().map(ToString::to_string).collect(),
        created_at: START,
    };
    node.define_scope(definition(&["tenant"])).await.unwrap();
    node.synchronize().await.unwrap();
    for (scope, expected) in [
        ("read", "{}"),
        ("roles", r#"{"roles":["admin"]}"#),
        (
            "roles+groups+tenant",
            r#"{"groups":["staff"],"roles":["admin"],"tenant":7}"#,
        ),
    ] {
        let answer = client
            .ask(&node, &login(USER, PASSWORD, &format!("&scope={scope}")))
            .await;
        let token = active(&client, &node, &answer.unwrap().access_token).await;
        assert_eq!(
            serde_json::to_string(&token.further).unwrap(),
            expected,
            "{scope}"
        );
    }
    for reserved in ["sub", "aud", "client_id", "CNF"] {
        let refused = node.define_scope(definition(&[reserved])).await;
        assert!(
            matches!(refused, Err(DefineError::Definition(_))),
            "{reserved}"
        );
    }
}

#[tokio::test]
async fn rfc8707_08_a_scope_of_another_resource_is_left_out() {
    let service = Service::new();
    let node = service.node().await;
    add_user(&node).await;
    let (api, other) = ("https://api.example", "https://other.example");
    let wanted = ClientSettings {
        scope: "read write".parse().unwrap(),
        resources: vec![api.parse().unwrap(), other.parse().unwrap()],
        grant_types: GrantType::ALL[..1].to_vec(),
        ..password_settings()
    };
    let wanted = ClientSettings {
        grant_types: vec![
            GrantType::ClientCredentials,
            GrantType::Password,
            GrantType::RefreshToken,
        ],
        ..wanted
    };
    let client = TestClient::add(&node, "app", wanted).await;
    node.define_resource(ResourceDefinition {
        resource: other.parse().unwrap(),
        description: String::new(),
        scope: "write".parse().unwrap(),
        created_at: START,
    })
    .await
    .unwrap();
    node.synchronize().await.unwrap();
    for (resources, expected) in [
        (format!("&resource={api}"), "read"),
        (format!("&resource={other}"), "read write"),
        (format!("&resource={api}&resource={other}"), "read write"),
    ] {
        let own = format!("grant_type=client_credentials{resources}");
        let own = client.ask(&node, &own).await.unwrap();
        assert_eq!(own.scope, expected.parse::<Scope>().unwrap(), "{resources}");
    }
    // The grant keeps what was granted: each refresh may ask for the other resource.
    let both = format!("&resource={api}&resource={other}");
    let first = client
        .ask(&node, &login(USER, PASSWORD, &both))
        .await
        .unwrap();
    let refresh = |token: String, uri: &str| {
        format!("grant_type=refresh_token&refresh_token={token}&resource={uri}")
    };
    let narrow = refresh(first.refresh_token.unwrap(), api);
    let narrow = client.ask(&node, &narrow).await.unwrap();
    assert_eq!(narrow.scope.to_string(), "read");
    let wide = refresh(narrow.refresh_token.unwrap(), other);
    let wide = client.ask(&node, &wide).await.unwrap();
    assert_eq!(wide.scope, "read write".parse::<Scope>().unwrap());
}

#[tokio::test]
async fn rule_a6_no_client_is_called_like_a_user() {
    let service = Service::new();
    let (node, _) = set_up(&service).await;
    let user = node.find_user(&USER.parse().unwrap()).await.unwrap();
    let refused = node
        .add_client(
            user.id.to_string().parse().unwrap(),
            settings(),
            SecretSource::Generated,
        )
        .await;
    assert!(
        matches!(refused, Err(AddClientError::Subject(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn rule_s3_the_old_secret_works_until_the_overlap_is_over() {
    let service = Service::new();
    let node = service.node().await;
    let old = TestClient::add(&node, "worker", settings()).await;
    let id = old.id.parse().unwrap();
    let rotate = async |overlap| {
        let rotated = node
            .rotate_client_secret(&id, SecretSource::Generated, overlap, KeepSecret::AsNeeded)
            .await
            .unwrap();
        TestClient {
            id: old.id.clone(),
            secret: rotated.secret.unwrap().expose().clone(),
            door: countersign_provider::Door::Standard,
        }
    };
    let new = rotate(3_600).await;
    assert!(new.token(&node).await.is_ok() && old.token(&node).await.is_ok());
    service.pass(&node, 3_599).await;
    assert!(old.token(&node).await.is_ok());
    service.pass(&node, 1).await;
    assert!(new.token(&node).await.is_ok());
    assert_eq!(
        old.token(&node).await.unwrap_err().error,
        ErrorCode::InvalidClient
    );

    // Two at most: the latest stays beside the new one.
    let newer = rotate(3_600).await;
    let newest = rotate(3_600).await;
    assert!(newer.token(&node).await.is_ok() && newest.token(&node).await.is_ok());
    assert!(new.token(&node).await.is_err());
    let last = rotate(0).await;
    assert!(last.token(&node).await.is_ok());
    assert!(newest.token(&node).await.is_err());
}

#[tokio::test]
async fn a_clock_that_jumps_back_stops_what_depends_on_time_and_loses_nothing() {
    let service = Service::new();
    let (node, client) = set_up(&service).await;
    let tokens = client.sign_in(&node).await;
    service.clock.advance(-61);
    node.synchronize().await.unwrap();
    assert!(!node.is_ready().await);
    for refused in [
        client.refresh(&node, &tokens.refresh).await.map(drop),
        client
            .ask(&node, &login(USER, PASSWORD, ""))
            .await
            .map(drop),
        client.introspect(&node, &tokens.access).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().status(), 503);
    }
    service.clock.advance(61);
    node.synchronize().await.unwrap();
    assert!(node.is_ready().await);
    assert!(client.is_active(&node, &tokens.access).await);
    assert!(client.refresh(&node, &tokens.refresh).await.is_ok());
}

#[tokio::test]
async fn rule_r3_a_token_that_would_be_too_long_consumes_nothing() {
    for (format, length) in [
        (AccessTokenFormat::Opaque, 4_000),
        (AccessTokenFormat::Jwt, 8_000),
    ] {
        let service = Service::new();
        let node = service.node().await;
        add_user(&node).await;
        let wanted = ClientSettings {
            scope: "read big groups".parse().unwrap(),
            access_token_format: Some(format),
            ..password_settings()
        };
        let client = TestClient::add(&node, "app", wanted).await;
        let definition = ScopeDefinition {
            name: "big".parse().unwrap(),
            description: String::new(),
            claims: vec!["big".into()],
            created_at: START,
        };
        node.define_scope(definition).await.unwrap();
        node.synchronize().await.unwrap();
        let first = client.sign_in(&node).await;
        let name = USER.parse().unwrap();
        let swell = async |length: usize| {
            node.change_profile(&name, |profile| {
                profile
                    .claims
                    .insert("big".into(), "x".repeat(length).into());
                profile.groups = vec!["y".repeat(200); length / 200];
                Ok::<(), ChangeUserError>(())
            })
            .await
            .unwrap();
        };
        swell(length).await;
        for _ in 0..2 {
            let refused = client.refresh(&node, &first.refresh).await.unwrap_err();
            assert_eq!(refused.error, ErrorCode::ServerError, "{format}");
        }
        let refused = client
            .ask(&node, &login(USER, PASSWORD, ""))
            .await
            .unwrap_err();
        assert_eq!(refused.error, ErrorCode::ServerError, "{format}");
        assert_eq!(grants(&node).await, 1, "{format}");
        swell(10).await;
        service.pass(&node, 100).await;
        assert!(
            client.refresh(&node, &first.refresh).await.is_ok(),
            "{format}"
        );
    }
}
